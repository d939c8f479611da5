"""Is what arrives still what was learnt?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.views.base.theme import ALEATORIC, EPISTEMIC
from spin_nb.views.charts.base import PlotView

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WINDOW = 30
ALARM = "#d55e00"
EMPTY = (
    "Nothing has arrived yet.\ns.watch(items) scores new items with the present model and looks for drift."
)
SERIES = (("uncertainty", EPISTEMIC), ("distance", ALEATORIC))
TITLES = ("uncertainty of arrivals", "distance to the pool")


class DriftView(PlotView):
    """Uncertainty and distance of arrivals (``s.drift``).

    Both are ranks among the pool's own.

    A rank of 0.5 is what the pool's median item has.  The line is the mean of the last 30 arrivals; the band is
    where it stays 95 % of the time while nothing changes.  A title says since when it is outside, which may still be
    chance (5 % of the time it is); triangles mark where ADWIN, which seldom errs and comes later, found a change.

    Parameters
    ----------
    session : SessionLike

    Examples
    --------
    >>> s.drift                                        # doctest: +SKIP
    """

    what = "the drift"
    follows = ("watched",)
    height = 390
    bottom = 95  # the axis' title, and below it the legend, in two lines where the page is narrow

    def build(self) -> Figure:
        """One row for uncertainty, one for distance."""
        from plotly.subplots import make_subplots

        figure = make_subplots(
            rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.16, subplot_titles=TITLES
        )
        for row, (name, colour) in enumerate(SERIES, start=1):
            for trace in _traces(name, colour, in_legend=row == 1):
                figure.add_trace(trace, row, 1)
            figure.update_yaxes(
                title_text="rank in pool", range=[-0.04, 1.12], tickvals=[0, 0.5, 1], row=row, col=1
            )
        figure.update_xaxes(title_text="arrival", rangemode="tozero", row=2, col=1)
        figure.update_annotations(font={"size": 13})
        figure.update_layout(
            legend={"orientation": "h", "x": 0.5, "xanchor": "center", "yref": "container", "y": 0.01}
        )
        return figure

    def fill(self, figure: Figure) -> str | None:
        """Every arrival so far."""
        points = self._session.drift_points
        if not points:
            return EMPTY
        at = np.array([p.index for p in points])
        low, high = reference_band(len(points))
        for k, (name, _) in enumerate(SERIES):
            upper, lower, dots, line, alarms = figure.data[5 * k : 5 * k + 5]
            rank = np.array([getattr(p, f"{name}_rank") for p in points])
            is_change = np.array([getattr(p, f"drift_{name}") for p in points], bool)
            upper.update(x=at, y=high)
            lower.update(x=at, y=low)
            dots.update(x=at, y=rank, customdata=[getattr(p, name) for p in points])
            mean = recent_mean(rank)
            line.update(x=at, y=mean)
            alarms.update(x=at[is_change], y=np.full(int(is_change.sum()), 1.06))
            self.title(k, TITLES[k] + verdict(outside_since(mean, low, high), at[is_change]))
        return None


def _traces(name: str, colour: str, *, in_legend: bool) -> list[Any]:
    """Empty traces of one row.

    They are band (upper edge, lower edge), arrivals, recent mean, alarms.
    """
    import plotly.graph_objects as go

    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    fill = {"fill": "tonexty", "fillcolor": "rgba(128,128,128,.22)", "name": "no change: 95 %"}
    dot = {"color": colour, "size": 4, "opacity": 0.35}
    hover = f"arrival %{{x}}: {name} %{{customdata:.3g}}, rank %{{y:.2f}}<extra></extra>"
    line = {"line": {"color": colour, "width": 2.5}, "hoverinfo": "skip", "name": f"mean of {WINDOW}"}
    mark = {"symbol": "triangle-down", "size": 12, "color": ALARM, "line": {"width": 1, "color": "#ffffff"}}
    change = {"hovertemplate": "change found at arrival %{x}<extra></extra>", "name": "change found"}
    return [
        go.Scatter(**edge, showlegend=False),
        go.Scatter(**edge, **fill, showlegend=in_legend),
        go.Scatter(mode="markers", marker=dot, showlegend=False, hovertemplate=hover),
        go.Scatter(mode="lines", **line, showlegend=in_legend),
        go.Scatter(mode="markers", marker=mark, **change, showlegend=in_legend),
    ]


def recent_mean(values: NDArray[Any], window: int = WINDOW) -> NDArray[np.float64]:
    """Running mean over ``window`` values, (n,).

    Each is the mean of a value and those before it.

    Examples
    --------
    >>> recent_mean(np.array([0.0, 1.0, 1.0]), window=2).tolist()
    [0.0, 0.5, 1.0]
    """
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return np.asarray((total[end] - total[start]) / (end - start))


def reference_band(n: int, window: int = WINDOW) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Band of the recent mean of uniform ranks.

    It lies in 0.5 -+ 1.96 / sqrt(12 m) 95 % of the time, m averaged.

    Examples
    --------
    >>> low, high = reference_band(100)
    >>> round(float(low[-1]), 2), round(float(high[-1]), 2)
    (0.4, 0.6)
    """
    m = np.minimum(np.arange(1, n + 1), window)
    half = np.minimum(1.96 / np.sqrt(12 * m), 0.5)
    return 0.5 - half, 0.5 + half


def outside_since(mean: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> int | None:
    """Index of the first arrival outside the band.

    Since it the mean has been outside without a break; None where it is inside.

    Examples
    --------
    >>> outside_since(np.array([0.5, 0.9, 0.8]), np.full(3, 0.4), np.full(3, 0.6))
    1
    """
    inside = np.flatnonzero((low <= mean) & (mean <= high))
    first = int(inside[-1]) + 1 if len(inside) else 0
    return first if first < len(mean) else None


def verdict(outside: int | None, changes: NDArray[Any]) -> str:
    """Finding of a row, to follow its title.

    Examples
    --------
    >>> verdict(140, np.array([], int))
    ': outside the band since arrival 140'
    >>> verdict(140, np.array([213]))
    ': outside the band since arrival 140; change at 213'
    >>> verdict(None, np.array([], int))
    ''
    """
    change = f"change at {changes[-1]}" if len(changes) else ""
    left = f"outside the band since arrival {outside}" if outside is not None else ""
    words = "; ".join(filter(None, (left, change)))
    return f": {words}" if words else ""
