"""How well it does, with an honest interval; how well calibrated; how fast one labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.monitor.audit import MIN_AUDITS_TO_SHOW
from spin_nb.views.base.theme import plain
from spin_nb.views.charts.base import PlotView
from spin_nb.views.session_like import SessionLike

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from spin_nb.monitor.curves import CurvePoint
    from spin_nb.types import TrainReport

AUDIT_COLOUR = "#0f86b6"
PACE_COLOUR = "#7d7d7d"
HEADS_COLOUR = "#cc79a7"
MAX_MARKED_POINTS = 40
EMPTY = "Nothing is labelled yet.\nLabel a few items (s.labeller, or s.label(id, class)), then s.train()."

CALIBRATION_TITLE = "calibration error (audited)"
HEADS_TITLE = "heads, on labels held out"
NOT_YET = {
    CALIBRATION_TITLE: f"calibration error: from {MIN_AUDITS_TO_SHOW} audits on",
    HEADS_TITLE: "heads: compared by s.train()",
}


class CurvesView(PlotView):
    """Audited accuracy, pace, calibration and heads (``s.curves``).

    The band is the interval from the hidden audit sample, each point's as if it were the only one looked at; line and
    calibration error are drawn from 20 audits on.
    The heads are compared on labels held out in training.  Those were asked because they are hard, so their scores
    choose between heads and are no estimate for the pool: they have a scale of their own, never the accuracy's.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.curves                                       # doctest: +SKIP
    """

    what = "the curves"
    follows = ("labelled", "trained")
    height = 430
    legend = False

    def __init__(self, session: SessionLike) -> None:
        self._validation: dict[str, float] = {}
        for _, scores in session.cv_scores:  # the last run's
            self._validation = dict(scores)
        session.events.trained.connect(self._remember)
        super().__init__(session)

    def _remember(self, report: TrainReport) -> None:
        # Where a model was asked for, all are compared on the labels that were held out of it.
        self._validation = {**report.validation, **getattr(report, "compared", {})}
        self.redraw()

    def build(self) -> Figure:
        """Accuracy on the left, the rest on the right."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        by_class = self._session.learns_classes
        figure = make_subplots(
            rows=3,
            cols=2,
            specs=[[{"rowspan": 3}, {}], [None, {}], [None, {}]],
            column_widths=[0.64, 0.36],
            horizontal_spacing=0.12,
            vertical_spacing=0.19,
            subplot_titles=(
                " ",
                "labels per minute",
                *((CALIBRATION_TITLE, HEADS_TITLE) if by_class else ("", "")),
            ),
        )
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(**edge), 1, 1)
        figure.add_trace(go.Scatter(**edge, fill="tonexty", fillcolor="rgba(15,134,182,.2)"), 1, 1)
        line = {"color": AUDIT_COLOUR, "width": 2.5}
        hover = "%{customdata}<extra></extra>"
        figure.add_trace(
            go.Scatter(mode="lines+markers", line=line, name="audited", hovertemplate=hover), 1, 1
        )
        for row, colour in ((1, PACE_COLOUR), (2, AUDIT_COLOUR)):
            trace = go.Scatter(mode="lines+markers", line={"color": colour}, marker={"size": 4})
            figure.add_trace(trace.update(hovertemplate="%{y:.3g} at %{x} labels<extra></extra>"), row, 2)
        hover = "%{y} of the labels held out<extra></extra>"
        bars = go.Bar(orientation="h", marker={"color": HEADS_COLOUR}, name=HEADS_TITLE, hovertemplate=hover)
        figure.add_trace(bars, 3, 2)
        figure.update_xaxes(title_text="labels", rangemode="tozero", row=1, col=1)
        figure.update_xaxes(rangemode="tozero", col=2)
        figure.update_xaxes(range=[0, 1], showticklabels=False, row=3, col=2)
        figure.update_yaxes(title_text=self._session.task.metric, tickformat=".0%", row=1, col=1)
        for row in (1, 2):
            figure.update_yaxes(rangemode="tozero", nticks=4, row=row, col=2)
        figure.update_yaxes(type="category", dtick=1, tickfont={"size": 10}, row=3, col=2)
        figure.update_annotations(font={"size": 13})
        return figure

    def _restyle(self, dark: bool, has_data: bool) -> None:
        super()._restyle(dark, has_data)
        if (
            not self._session.learns_classes
        ):  # nothing but class probabilities is calibrated, or has several heads
            for row in (2, 3):
                self._figure.update_xaxes(visible=False, row=row, col=2)
                self._figure.update_yaxes(visible=False, row=row, col=2)

    def fill(self, figure: Figure) -> str | None:
        """The points so far."""
        points = [p for p in self._session.curve if p.n_labels]
        if not points:
            return EMPTY
        n = [p.n_labels for p in points]
        upper, lower, accuracy, pace, calibration, heads = figure.data
        upper.update(x=n, y=[p.accuracy.high for p in points])
        lower.update(x=n, y=[p.accuracy.low for p in points])
        words = [plain(repr(p.accuracy), 300) for p in points]
        accuracy.update(x=n, y=[p.accuracy.value for p in points], customdata=words)
        pace.update(x=n, y=[p.labels_per_minute for p in points])
        calibration.update(x=n, y=[p.ece if p.n_audits >= MIN_AUDITS_TO_SHOW else None for p in points])
        ranking = sorted(self._validation.items(), key=lambda entry: entry[1])
        bar_labels = [f"{plain(name, 11)} {score:.0%}" for name, score in ranking]
        heads.update(y=bar_labels, x=[score for _, score in ranking])
        mode = "lines+markers" if len(points) <= MAX_MARKED_POINTS else "lines"
        for trace in (accuracy, pace, calibration):
            trace.mode = mode
        floor = min(p.accuracy.low for p in points)
        figure.update_yaxes(range=[max(0.0, floor - 0.05), 1.02], row=1, col=1)
        self.title(0, headline(points[-1], self._session.task.metric))
        if self._session.learns_classes:
            for at, subject, values in ((2, CALIBRATION_TITLE, calibration.y), (3, HEADS_TITLE, heads.x)):
                self.title(at, subject if any(value is not None for value in values) else NOT_YET[subject])
        return None


def headline(point: CurvePoint, metric: str = "accuracy") -> str:
    """The present score in words.

    Under 20 audits it says only what can be said.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> from spin_nb.types import Estimate
    >>> headline(N(accuracy=Estimate(None, 0.4, 0.9, 6, "")))
    'audited accuracy: 40% to 90%<br>95 % interval from 6 audits; a single number from 20 on'
    >>> headline(N(accuracy=Estimate(None, 0.4, 0.9, 30, "")))
    'audited accuracy: 40% to 90%<br>95 % interval from 30 audits; a single number once more arrivals are among them'
    """
    estimate = point.accuracy
    span = f"{estimate.low:.0%} to {estimate.high:.0%}"
    if not estimate.n and span == "0% to 100%":
        return f"audited {metric}: not known yet<br>no audit is labelled so far"
    more = f"; {estimate.unanswered} unanswered" if estimate.unanswered else ""
    if estimate.value is None:
        has_enough = estimate.n >= MIN_AUDITS_TO_SHOW
        enough = "once more arrivals are among them" if has_enough else f"from {MIN_AUDITS_TO_SHOW} on"
        return f"audited {metric}: {span}<br>95 % interval from {estimate.n} audits{more}; a single number {enough}"
    return (
        f"audited {metric}: <b>{estimate.value:.1%}</b>"
        f"<br>95 % interval {span}, from {estimate.n} audits{more}"
    )
