"""Whether the probabilities can be believed, and whether the sure answers are the right ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.monitor.audit import MIN_AUDITS_TO_SHOW, audited_accuracy, wilson
from spin_nb.monitor.calibration import Reliability, reliability
from spin_nb.monitor.headline import headline
from spin_nb.monitor.selective import risk_coverage
from spin_nb.views.base.theme import ALEATORIC, EPISTEMIC, NEUTRAL, plain
from spin_nb.views.charts.base import PlotView

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter

    from spin_nb.session.model.audit_predictions import AuditPredictions
    from spin_nb.types import Float, Ints

MAX_DOTS = 10
NO_MODEL = "Nothing is labelled yet.\nLabel a few items (s.labeller, or s.label(id, class)), then look again."
NO_AUDITS = (
    "No audit label yet.\nAudits hide among the items you are asked: go on with s.labeller, or s.ask(16) and s.label."
    "\nMore of them: s.audit.share = 0.2"
)


class CalibrationView(PlotView):
    """Reliability and risk-coverage of the audits (``s.calibration``).

    Left: what the model said against what was so.  A dot is a group of audits of like confidence, its bar the
    95 % Wilson interval; on the diagonal it keeps its word, below it is too sure.  The ticks are the audits: right
    ones on top, wrong ones at the bottom.  Rings on a thin line are the same before the audits gave the probabilities a
    temperature; after it, each audit is judged at the temperature of the others, for its own label would flatter.
    Right: the error rate if only the surest share of items is left to the model, with its interval; where it lies well
    below the dotted line, being sure means something.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.calibration                                  # doctest: +SKIP
    """

    what = "the calibration"
    follows = ("labelled", "trained")
    height = 430
    bottom = 114
    legend = False

    def build(self) -> Figure:
        """Two square-ish plots and a line of numbers below."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12, subplot_titles=(" ", " "))
        dash_line = {"color": NEUTRAL, "width": 1.5, "dash": "dot"}
        diagonal = go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=dash_line, hoverinfo="skip")
        figure.add_trace(diagonal, 1, 1)
        hover = "%{customdata}<extra></extra>"
        ring = {"symbol": "circle-open", "color": NEUTRAL, "line": {"width": 1.5}}
        thin = {"color": NEUTRAL, "width": 1}
        rings = go.Scatter(mode="lines+markers", marker=ring, line=thin, hovertemplate=hover)
        figure.add_trace(rings, 1, 1)
        dots = go.Scatter(mode="markers", marker={"color": ALEATORIC}, hovertemplate=hover)
        bars = {"type": "data", "symmetric": False, "color": ALEATORIC, "thickness": 1.5, "width": 3}
        figure.add_trace(dots.update(error_y=bars), 1, 1)
        for colour in (ALEATORIC, EPISTEMIC):
            marker = {
                "symbol": "line-ns",
                "size": 10,
                "line": {"color": colour, "width": 1.5},
                "opacity": 0.8,
            }
            figure.add_trace(go.Scatter(mode="markers", marker=marker, hovertemplate=hover), 1, 1)
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(**edge), 1, 2)
        figure.add_trace(go.Scatter(**edge, fill="tonexty", fillcolor="rgba(208,65,111,.15)"), 1, 2)
        overall = go.Scatter(
            mode="lines", line=dash_line, hovertemplate="all items: %{y:.1%} wrong<extra></extra>"
        )
        figure.add_trace(overall, 1, 2)
        hover = "of the surest %{x:.0%}: %{y:.1%} wrong (95 % interval %{customdata})<extra></extra>"
        figure.add_trace(go.Scatter(line={"color": EPISTEMIC, "width": 2.5}, hovertemplate=hover), 1, 2)
        figure.update_xaxes(title_text="the model said", range=[0, 1.03], tickformat=".0%", col=1)
        figure.update_yaxes(
            title_text="was right", range=[-0.1, 1.1], tickvals=[0, 0.25, 0.5, 0.75, 1], col=1
        )
        figure.update_yaxes(tickformat=".0%")
        figure.update_xaxes(title_text="share left to the model, surest first", col=2)
        figure.update_xaxes(range=[0, 1.03], tickformat=".0%", col=2)
        figure.update_yaxes(title_text="errors among them", rangemode="tozero", nticks=5, col=2)
        below = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0, "yshift": -108, "showarrow": False}
        figure.add_annotation(text=" ", yanchor="bottom", **below)
        return figure

    def fill(self, figure: Figure) -> str | None:
        """The audits as they stand."""
        audits = self._session.audit_predictions
        if self._session.predictive is None:
            return NO_MODEL
        if not len(audits):
            return NO_AUDITS
        self._fill_reliability(figure, audits)
        self._fill_risk(figure, audits)
        self.title(0, reading(audits))
        self.title(2, f"{temperature_in_words(audits, self._session.head)}<br>{all_numbers(audits)}")
        return None

    def _fill_reliability(self, figure: Figure, audits: AuditPredictions) -> None:
        rings, dots, right, wrong = figure.data[1:5]
        _place_groups(rings, audits.uncalibrated_probs, audits.truth, " before its temperature")
        groups = _place_groups(dots, audits.probs, audits.truth)
        dots.error_y.update(array=groups.high - groups.accuracy, arrayminus=groups.accuracy - groups.low)
        hit = audits.probs.argmax(1) == audits.truth
        names = [plain(name, 24) for name in self._session.classes]
        for ticks, rows, height in ((right, np.flatnonzero(hit), 1.05), (wrong, np.flatnonzero(~hit), -0.05)):
            answers, confidence = audits.probs[rows].argmax(1), audits.probs[rows].max(1)
            words = [
                f"said {names[c]} {p:.0%}, {'and so it was' if c == is_ else f'was {names[is_]}'}"
                for c, p, is_ in zip(answers, confidence, audits.truth[rows], strict=True)
            ]
            ticks.update(x=confidence, y=np.full(len(rows), height), customdata=words)

    def _fill_risk(self, figure: Figure, audits: AuditPredictions) -> None:
        upper, lower, overall, curve = figure.data[5:]
        coverage, risk = risk_coverage(audits.probs, audits.truth)
        n = len(audits)
        spans = [wilson(round(share * k), k) for k, share in enumerate(risk, start=1)]
        high = np.array([span.high for span in spans])
        upper.update(x=coverage, y=high)
        lower.update(x=coverage, y=np.array([span.low for span in spans]))
        overall.update(x=np.array([0.0, 1.0]), y=np.full(2, risk[-1]))
        words = [f"{span.low:.0%} to {span.high:.0%}" for span in spans]
        curve.update(
            x=coverage, y=risk, customdata=words, mode="lines+markers" if n < MIN_AUDITS_TO_SHOW else "lines"
        )
        # The interval of the very surest few would fill the plot and hide the rest.
        top = max(float(high[n // 5 :].max()), float(risk.max()))
        figure.update_yaxes(range=[-0.01, min(1.02, 1.05 * top)], row=1, col=2)
        errors = round(risk[-1] * n)
        wrong = "no error" if not errors else f"{errors} error{'s' if errors > 1 else ''}"
        self.title(1, f"are the sure answers the right ones?<br>{wrong} among {_audits(n)}")


def _place_groups(trace: Scatter, probs: Float | None, truth: Ints, when: str = "") -> Reliability:
    """Put groups of audits of like confidence into a trace; none without probabilities."""
    # Many dots of few audits would hide each other.
    bins = int(np.clip(np.sqrt(len(truth) / 2), 1, MAX_DOTS))
    if probs is None:
        none = np.empty(0)
        trace.update(x=none, y=none, customdata=[])
        return Reliability(none, none, none, none, none.astype(np.int64))
    groups = reliability(probs, truth, bins=bins, equal_size=True)
    spans = [f"{low:.0%} to {high:.0%}" for low, high in zip(groups.low, groups.high, strict=True)]
    words = [
        f"{_audits(count)}: said {confidence:.0%}{when}, right {share:.0%} (95 % interval {span})"
        for count, confidence, share, span in zip(
            groups.count, groups.confidence, groups.accuracy, spans, strict=True
        )
    ]
    trace.update(x=groups.confidence, y=groups.accuracy, customdata=words)
    trace.marker.size = 6 + 2 * np.sqrt(groups.count)
    return groups


def temperature_in_words(audits: AuditPredictions, head: str | None) -> str:
    """Say what the audits made of the probabilities, or why nothing.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> temperature_in_words(N(calibration=()), "mean")
    'probabilities as they are: audits give them a temperature from 20 on'
    """
    if audits.calibration:
        return f"probabilities {audits.calibration}; each audit is judged by what the others made of it"
    if head != "mean":
        name = plain(str(head), 24)
        of_mean = f"from {MIN_AUDITS_TO_SHOW} audits on the mean, shown after s.train(), has a temperature"
        return f"probabilities of {name} as they are: {of_mean}"
    return f"probabilities as they are: audits give them a temperature from {MIN_AUDITS_TO_SHOW} on"


def all_numbers(audits: AuditPredictions) -> str:
    """The numbers, and below what they were before the temperature, where there is one."""
    if audits.uncalibrated_probs is None:
        return numbers(audits)
    before = replace(audits, probs=audits.uncalibrated_probs)
    return f"after: {numbers(audits)}<br>before (rings): {numbers(before)}"


def reading(audits: AuditPredictions) -> str:
    """Reading of the diagram, in words.

    It says no more than its audits hold.

    Examples
    --------
    >>> from types import SimpleNamespace as N
    >>> class Two(N):
    ...     def __len__(self): return len(self.truth)
    >>> reading(Two(probs=np.array([[0.9, 0.1]] * 40), truth=np.array([0, 1] * 20)))
    'the model is <b>too sure</b><br>it said 90%, it was right 35% to 65% of the time'
    >>> reading(Two(probs=np.array([[0.9, 0.1]] * 3), truth=np.array([0, 0, 1])))
    'only 3 audits: <b>too few to judge</b><br>dots will move a lot; single numbers from 20 on'
    """
    if len(audits) < MIN_AUDITS_TO_SHOW:
        few = f"only {_audits(len(audits))}: <b>too few to judge</b>"
        return f"{few}<br>dots will move a lot; single numbers from {MIN_AUDITS_TO_SHOW} on"
    accuracy = audited_accuracy(audits.probs.argmax(1), audits.truth)
    confidence = float(audits.probs.max(1).mean())
    span = f"it said {confidence:.0%}, it was right {accuracy.low:.0%} to {accuracy.high:.0%} of the time"
    if confidence > accuracy.high:
        return f"the model is <b>too sure</b><br>{span}"
    if confidence < accuracy.low:
        return f"the model is <b>too modest</b><br>{span}"
    return f"the model <b>keeps its word</b>, as far as {len(audits)} audits can tell<br>{span}"


def numbers(audits: AuditPredictions) -> str:
    """NLL, Brier score and ECE in one line.

    Each has its interval.
    """
    scores = headline(audits.probs, audits.truth)
    chance = f"by chance alone up to {scores.chance:.2f}"
    return f"{scores.nll} · {scores.brier} · {scores.ece}, {chance} · n = {len(audits)}"


def _audits(n: int) -> str:
    return "1 audit" if n == 1 else f"{n} audits"
