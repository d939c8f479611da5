"""The whole pool by its two kinds of doubt; a click looks at an item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.session.arguments import real_number, whole_number
from spin_nb.types import Ints
from spin_nb.views.base.theme import NEUTRAL, class_colours, figure_layout, plain
from spin_nb.views.charts.base import PlotView
from spin_nb.views.session_like import SessionLike

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Heatmap

    from spin_nb.protocols import Predictive

MAX_DOTS = 2000  # items up to which each has a dot; of a larger pool some do, the rest is a density
DENSITY_CELLS = (48, 32)
EMPTY = "No model yet."


class PoolPlot(PlotView):
    """Epistemic against aleatoric uncertainty of the pool, nats.

    Dots have the colour of the predicted class; rings are labelled items, the large ring the item looked at.  Of a
    pool of more than 2,000 items the most uncertain ones and a random part have dots, and all of them together are
    the grey density behind.

    Parameters
    ----------
    session : SessionLike
    look : callable
        Called with the id of an item that was clicked; in a cell of the density, its most uncertain one.
    """

    what = "the pool"
    height = 330
    bottom = 46
    legend = False

    def __init__(self, session: SessionLike, look: Callable[[str], None]) -> None:
        self._open = look
        self._drawn_of: tuple[Predictive, bytes] | None = None
        self._here = -1
        self._rows: list[Ints] = [np.zeros(0, np.int64)] * 3
        super().__init__(session)

    def build(self) -> Figure:
        """A density, dots, and a ring.

        There are two kinds of dots; the ring is around the item looked at.
        """
        import plotly.graph_objects as go
        from plotly.subplots import make_subplots

        figure = make_subplots(rows=1, cols=1, subplot_titles=(" ",))
        hover = "%{text}<extra></extra>"
        figure.add_trace(go.Heatmap(showscale=False, hovertemplate="%{text}<extra></extra>", zmin=0, zmax=1))
        figure.add_trace(go.Scatter(mode="markers", hovertemplate=hover, marker={"size": 6, "opacity": 0.65}))
        ring = {"size": 8, "symbol": "circle-open", "line": {"width": 1.5}}
        figure.add_trace(go.Scatter(mode="markers", hovertemplate=hover, marker=ring))
        here = {"size": 17, "symbol": "circle-open", "line": {"width": 3}}
        figure.add_trace(go.Scatter(mode="markers", hoverinfo="skip", marker=here))
        axis = {"rangemode": "tozero", "title_font_size": 12}
        figure.update_xaxes(title_text="aleatoric: what stays unclear (nats)", **axis)
        figure.update_yaxes(title_text="epistemic: what labels would teach (nats)", **axis)
        figure.update_layout(hovermode="closest")
        figure.update_annotations(font_size=13)
        return figure

    def mark(self, row: int) -> None:
        """Draw the pool, a ring around item ``row``.

        With -1 it is around none.
        """
        self._here = row
        self._draw()

    def fill(self, figure: Figure) -> str | None:
        """Draw the ring, and dots where they changed."""
        predictive = self._session.predictive
        if predictive is None:
            self._drawn_of = None
            return EMPTY
        x, y = np.asarray(predictive.aleatoric), np.asarray(predictive.epistemic)
        index = self._session.label_index[: len(x)]
        drawn_of = (predictive, index.tobytes())
        if self._drawn_of is None or self._drawn_of[0] is not predictive or self._drawn_of[1] != drawn_of[1]:
            self._fill_density(figure.data[0], x, y)
            self._fill_dots(figure, predictive, x, y, index)
            self._drawn_of = drawn_of
        here = [self._here] if 0 <= self._here < len(x) else []
        figure.data[3].update(x=x[here], y=y[here])
        figure.data[3].marker.color = figure_layout(self.theme.dark)["font"]["color"]
        self.title(0, f"{_place(x + y, self._here)}<br>coloured by what it says; click one to look at it")
        return None

    def _fill_density(self, trace: Heatmap, x: NDArray[Any], y: NDArray[Any]) -> None:
        if len(x) <= MAX_DOTS:
            trace.update(x=[], y=[], z=[])
            self._rows[0] = np.zeros(0, np.int64)
            return
        edges = [
            np.linspace(0, max(float(v.max()), 1e-3), cells + 1)
            for v, cells in zip((x, y), DENSITY_CELLS, strict=True)
        ]
        at = [
            np.clip(np.searchsorted(e, v, "right") - 1, 0, len(e) - 2)
            for e, v in zip(edges, (x, y), strict=True)
        ]
        cell = at[1] * DENSITY_CELLS[0] + at[0]
        count = np.bincount(cell, minlength=DENSITY_CELLS[0] * DENSITY_CELLS[1]).reshape(DENSITY_CELLS[::-1])
        top = np.full(count.size, -1, np.int64)
        order = np.argsort(x + y, kind="stable")
        top[cell[order]] = order  # of equal cells the last, the most uncertain, stays
        self._rows[0] = top
        shade = np.log1p(count) / np.log1p(count.max())
        words = [[f"{n:,} items" for n in line] for line in count.tolist()]
        middle = [(e[:-1] + e[1:]) / 2 for e in edges]
        grey = [[0.0, "rgba(128,128,128,0)"], [1.0, "rgba(128,128,128,.6)"]]
        trace.update(x=middle[0], y=middle[1], z=shade.astype(np.float32), text=words, colorscale=grey)

    def _fill_dots(
        self, figure: Figure, predictive: Predictive, x: NDArray[Any], y: NDArray[Any], index: Ints
    ) -> None:
        dot_rows = _dot_rows(x, y)
        best = np.asarray(predictive.mean).argmax(axis=1)
        palette = np.array(class_colours(len(self._session.classes)))
        for at, rows in ((1, dot_rows[index[dot_rows] < 0]), (2, dot_rows[index[dot_rows] >= 0])):
            self._rows[at] = rows
            words = [self._words(predictive, row, best[row], index[row]) for row in rows]
            figure.data[at].update(x=x[rows], y=y[rows], text=words)
            figure.data[at].marker.color = palette[best[rows]] if len(rows) else NEUTRAL

    def _words(self, predictive: Predictive, row: int, best: int, label: int) -> str:
        session = self._session
        prediction = f"{plain(session.classes[best], 24)} {predictive.mean[row, best]:.0%}"
        label_text = f", labelled {plain(session.classes[label], 24)}" if label >= 0 else ""
        return f"{plain(session.pool.ids[row], 32)}<br>{prediction}{label_text}"

    def on_click(self, trace: int, point: object, x: object, y: object) -> None:
        """Look at the item of a dot or cell.

        In a cell of the density it looks at the most uncertain one.
        """
        if not isinstance(trace, int) or trace not in (0, 1, 2) or point is None:
            return
        if trace == 0:
            at = _cell(self.figure.data[0], real_number(x, "x"), real_number(y, "y"))
        else:
            at = whole_number(point, "point")
        rows = self._rows[trace]
        if 0 <= at < len(rows) and rows[at] >= 0:
            self._open(self._session.pool.ids[rows[at]])


def _dot_rows(x: NDArray[Any], y: NDArray[Any]) -> Ints:
    """Rows that have a dot.

    They are all of a small pool; else the most uncertain of either kind, and a random part.
    """
    n = len(x)
    if n <= MAX_DOTS:
        return np.arange(n)
    third = MAX_DOTS // 3
    parts = [np.argpartition(-v, third)[:third] for v in (x, y)]
    return np.unique(np.concatenate([*parts, np.random.default_rng(0).choice(n, third, replace=False)]))


def _place(total: NDArray[Any], row: int) -> str:
    """Rank of an item among all, in words.

    Examples
    --------
    >>> _place(np.array([0.1, 0.2, 0.3]), 2)
    'the pool: the model is surer of all others'
    """
    if not 0 <= row < len(total) or len(total) < 2:
        return "the pool"
    surer, less = (
        float(np.sum(other)) / (len(total) - 1) for other in (total < total[row], total > total[row])
    )
    part = max(surer, less)
    others = "all others" if part == 1 else f"{min(part, 0.99):.0%} of the others"
    return f"the pool: the model is {'surer' if surer >= less else 'less sure'} of {others}"


def _cell(trace: Heatmap, x: float, y: float) -> int:
    """Index of the density's cell at (x, y)."""
    column, line = np.abs(np.asarray(trace.x) - x).argmin(), np.abs(np.asarray(trace.y) - y).argmin()
    return int(line * DENSITY_CELLS[0] + column)
