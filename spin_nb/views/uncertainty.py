"""What is uncertain, and why: the pool as a whole, and one item in the eyes of the posterior."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.views.plot import PlotView
from spin_nb.views.theme import ALEATORIC, EPISTEMIC, class_colours, figure_layout, plain

DRAWS = 200
MOST = 8
EMPTY = (
    "No model yet.\nLabel a few items (s.labeller, or s.label(id, class)) to see what is uncertain, and why."
)


class UncertaintyView(PlotView):
    """Posterior predictive of the pool and of one item (``s.uncertainty``).

    Left: how epistemic (what more labels would teach) and aleatoric uncertainty (what stays unclear) spread over
    the pool, nats; a dotted line marks the item looked at.  Right: probability of each class for that item, as
    200 posterior draws: the box holds half of them, the whiskers 90 %, the dot is the mean.  The item is the
    first of ``s.selected``, else the most uncertain unlabelled one; :meth:`look` chooses another.

    Parameters
    ----------
    session : Session

    Examples
    --------
    >>> s.uncertainty                                  # doctest: +SKIP
    >>> s.uncertainty.look("img_7")                    # doctest: +SKIP
    """

    follows = ("labelled", "trained", "watched", "selection")
    legend = False

    def __init__(self, session: Any) -> None:
        self._looked_at = ""
        super().__init__(session)

    def look(self, id: str) -> None:
        """Show item ``id``; "" goes back to the selection, else to the most uncertain item."""
        if id:
            self._session.pool.row(id)
        if id != self._looked_at:
            self._looked_at = id
            self.redraw()

    def build(self) -> Any:
        """Two histograms on the left, one box per class on the right."""
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        figure = make_subplots(
            rows=2,
            cols=2,
            specs=[[{}, {"rowspan": 2}], [{}, None]],
            column_widths=[0.46, 0.54],
            horizontal_spacing=0.12,
            vertical_spacing=0.3,
            subplot_titles=(" ", " ", "aleatoric: what stays unclear"),
        )
        for row, (name, colour) in enumerate((("epistemic", EPISTEMIC), ("aleatoric", ALEATORIC)), start=1):
            hover = f"%{{y}} items, {name} about %{{x:.3g}} nats<extra></extra>"
            figure.add_trace(
                go.Bar(marker={"color": colour, "line": {"width": 0}}, hovertemplate=hover), row, 1
            )
        for row in (1, 2):
            here = go.Scatter(
                mode="lines",
                line={"width": 2, "dash": "dot"},
                hovertemplate="this item: %{x:.3g} nats<extra></extra>",
            )
            figure.add_trace(here, row, 1)
            figure.update_yaxes(nticks=4, row=row, col=1)
            figure.update_xaxes(rangemode="tozero", row=row, col=1)
        figure.add_trace(go.Box(orientation="h", hoverinfo="skip", width=0.6), 1, 2)
        figure.add_trace(go.Scatter(mode="markers", hovertemplate="mean %{x:.1%}<extra></extra>"), 1, 2)
        figure.update_layout(bargap=0.03)
        figure.update_xaxes(title_text="nats", row=2, col=1)
        figure.update_xaxes(title_text="probability", range=[-0.01, 1.01], tickformat=".0%", row=1, col=2)
        return figure

    def fill(self, figure: Any) -> str | None:
        """The pool on the left, the item on the right."""
        predictive = self._session.predictive
        if predictive is None:
            return EMPTY
        row = self._row(predictive)
        self._fill_pool(figure, predictive, row)
        self._fill_item(figure, predictive, row)
        return None

    def _fill_pool(self, figure: Any, predictive: Any, row: int) -> None:
        ink = figure_layout(self.theme.dark)["font"]["color"]
        for bars, here, values in zip(
            figure.data[:2], figure.data[2:4], pool_values(predictive), strict=True
        ):
            edges = np.linspace(0.0, max(float(values.max()), 1e-3), 41)
            counts = np.histogram(values, edges)[0]
            bars.update(x=(edges[:-1] + edges[1:]) / 2, y=counts)
            here.update(x=np.full(2, values[row]), y=np.array([0, counts.max()]), line={"color": ink})
        confidence = float(np.asarray(predictive.mean).max(1).mean())
        self.title(
            0, f"the pool: mean confidence <b>{confidence:.0%}</b><br>epistemic: what more labels would teach"
        )

    def _row(self, predictive: Any) -> int:
        session = self._session
        if self._looked_at:
            return int(session.pool.row(self._looked_at))
        if session.selected:
            return int(session.pool.row(session.selected[0]))
        epistemic = np.where(session.label_index < 0, predictive.epistemic, -1.0)
        return int(np.argmax(epistemic))

    def _fill_item(self, figure: Any, predictive: Any, row: int) -> None:
        session = self._session
        mean = np.asarray(predictive.mean[row])
        top = np.argsort(-mean, kind="stable")[:MOST][::-1]
        draws = np.asarray(predictive.draws(np.array([row], np.int64), DRAWS, 0))[:, 0][:, top]
        palette = class_colours(len(mean))
        box, dot = figure.data[4], figure.data[5]
        at = np.arange(len(top))
        low, q1, median, q3, high = np.percentile(draws, [5, 25, 50, 75, 95], axis=0)
        box.update(y=at, lowerfence=low, q1=q1, median=median, q3=q3, upperfence=high)
        box.update(line={"color": EPISTEMIC, "width": 1.5}, fillcolor="rgba(208,65,111,.18)")
        dot.update(x=mean[top], y=at, marker={"color": [palette[c] for c in top], "size": 10})
        names = [plain(session.classes[c], 18) for c in top]
        figure.update_yaxes(tickvals=at, ticktext=names, range=[-0.6, len(top) - 0.4], row=1, col=2)
        self.title(1, self._sentence(predictive, row, mean))

    def _sentence(self, predictive: Any, row: int, mean: NDArray[Any]) -> str:
        session = self._session
        epistemic, aleatoric = float(predictive.epistemic[row]), float(predictive.aleatoric[row])
        best = int(mean.argmax())
        first = (
            f"<b>{plain(session.pool.ids[row], 28)}</b>: {plain(session.classes[best], 18)} {mean[best]:.0%}"
        )
        # Short: beside the pool's histograms a longer line is cut off on a small page.
        return f"{first}<br>{why(epistemic, aleatoric)}: epistemic {epistemic:.2f}, aleatoric {aleatoric:.2f} nats"


def pool_values(predictive: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Epistemic and aleatoric uncertainty of every item, nats."""
    return np.asarray(predictive.epistemic), np.asarray(predictive.aleatoric)


def why(epistemic: float, aleatoric: float) -> str:
    """What the two numbers (nats) say, in words.

    Examples
    --------
    >>> why(0.5, 0.1)
    'seen too little like it'
    """
    if epistemic + aleatoric < 0.1:
        return "the model is sure"
    if epistemic > aleatoric:
        return "seen too little like it"
    return "classes overlap here"
