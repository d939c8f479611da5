"""How well it does, with an honest interval; how well calibrated; how fast one labels."""

from __future__ import annotations

from typing import Any

from spin_nb.views.plot import PlotView
from spin_nb.views.theme import plain

AUDITED = "#0f86b6"
HEADS = {"graph": "#e69f00", "linear": "#cc79a7", "mean": "#009e73", "trees": "#d55e00"}
MARKED = 40
EMPTY = "Nothing is labelled yet.\nLabel a few items (s.labeller, or s.label(id, class)), then s.train()."

CALIBRATION = "calibration error (audited)"


class CurvesView(PlotView):
    """Audited accuracy with its 95 % interval, cross-validated accuracy, calibration, pace (``s.curves``).

    The band is the interval from the hidden audit sample; the line is drawn from 20 audits on.  Dotted lines are
    cross-validated on the labels a head was trained on: they chose the head, and they are no estimate for the
    pool, because what was asked is not a uniform sample.

    Parameters
    ----------
    session : Session

    Examples
    --------
    >>> s.curves                                       # doctest: +SKIP
    """

    what = "the curves"
    follows = ("labelled", "trained")
    height = 370

    def __init__(self, session: Any) -> None:
        self._validations: list[tuple[int, dict[str, float]]] = list(getattr(session, "validations", []))
        session.events.trained.connect(self._remember)
        super().__init__(session)

    def _remember(self, report: Any) -> None:
        known = getattr(self._session, "validations", None)
        self._validations = (
            list(known) if known else [*self._validations, (report.n_labels, report.validation)]
        )
        self.redraw()

    def build(self) -> Any:
        """Accuracy on the left; pace and calibration on the right."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        specs: list[list[Any]] = [[{"rowspan": 2}, {}], [None, {}]]
        figure = make_subplots(
            rows=2,
            cols=2,
            specs=specs,
            column_widths=[0.64, 0.36],
            horizontal_spacing=0.1,
            vertical_spacing=0.2,
            subplot_titles=(" ", "labels per minute", CALIBRATION if self._session.by_class else ""),
        )
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(**edge, showlegend=False), 1, 1)
        band = go.Scatter(**edge, fill="tonexty", fillcolor="rgba(15,134,182,.2)", name="95 % interval")
        figure.add_trace(band, 1, 1)
        line = {"color": AUDITED, "width": 2.5}
        hover = "%{customdata}<extra></extra>"
        audited = go.Scatter(mode="lines+markers", line=line, name="audited", hovertemplate=hover)
        figure.add_trace(audited, 1, 1)
        for head, colour in HEADS.items():
            dotted = {"color": colour, "width": 1.5, "dash": "dot"}
            hover = f"{head}, cross-validated on its labels: %{{y:.1%}}<extra></extra>"
            trace = go.Scatter(mode="lines+markers", line=dotted, name=f"{head} (cv)", hovertemplate=hover)
            figure.add_trace(trace.update(marker={"size": 5}), 1, 1)
        for row, colour in ((1, "#7d7d7d"), (2, AUDITED)):
            trace = go.Scatter(
                mode="lines+markers", line={"color": colour}, showlegend=False, marker={"size": 4}
            )
            figure.add_trace(trace.update(hovertemplate="%{y:.3g} at %{x} labels<extra></extra>"), row, 2)
        figure.update_xaxes(title_text="labels", rangemode="tozero", row=1, col=1)
        figure.update_xaxes(title_text="labels", rangemode="tozero", row=2, col=2)
        figure.update_yaxes(
            title_text=self._session.task.metric, range=[0, 1.02], tickformat=".0%", row=1, col=1
        )
        for row in (1, 2):
            figure.update_yaxes(rangemode="tozero", nticks=4, row=row, col=2)
        figure.update_layout(legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top"})
        return figure

    def _restyle(self, dark: bool, plotted: bool) -> None:
        super()._restyle(dark, plotted)
        if not self._session.by_class:  # nothing but class probabilities is calibrated
            self._drawn.update_xaxes(visible=False, row=2, col=2)
            self._drawn.update_yaxes(visible=False, row=2, col=2)

    def fill(self, figure: Any) -> str | None:
        """The points so far."""
        points = [p for p in self._session.curve if p.n_labels]
        if not points:
            return EMPTY
        n = [p.n_labels for p in points]
        upper, lower, audited, *heads = figure.data[: 3 + len(HEADS)]
        upper.update(x=n, y=[p.accuracy.high for p in points])
        lower.update(x=n, y=[p.accuracy.low for p in points])
        words = [plain(repr(p.accuracy), 90) for p in points]
        audited.update(x=n, y=[p.accuracy.value for p in points], customdata=words)
        for head, trace in zip(HEADS, heads, strict=True):
            known = [(labels, scores[head]) for labels, scores in self._validations if head in scores]
            trace.update(
                x=[labels for labels, _ in known], y=[score for _, score in known], showlegend=bool(known)
            )
        pace, calibration = figure.data[3 + len(HEADS) :]
        pace.update(x=n, y=[p.labels_per_minute for p in points])
        calibration.update(x=n, y=[p.ece for p in points])
        mode = "lines+markers" if len(points) <= MARKED else "lines"
        for trace in (audited, pace, calibration):
            trace.mode = mode
        floor = min(p.accuracy.low for p in points)
        figure.update_yaxes(range=[max(0.0, floor - 0.05), 1.02], row=1, col=1)
        self.title(0, headline(points[-1], self._session.task.metric))
        return None


def headline(point: Any, metric: str = "accuracy") -> str:
    """The present score in words; under 20 audits only what can be said.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> headline(N(accuracy=N(value=None, low=0.4, high=0.9, n=6)))
    'audited accuracy: 40% to 90%<br>95 % interval from 6 audits; a single number from 20 on'
    """
    estimate = point.accuracy
    span = f"{estimate.low:.0%} to {estimate.high:.0%}"
    if estimate.value is None:
        return (
            f"audited {metric}: {span}<br>95 % interval from {estimate.n} audits; a single number from 20 on"
        )
    return f"audited {metric}: <b>{estimate.value:.1%}</b><br>95 % interval {span}, from {estimate.n} audits"
