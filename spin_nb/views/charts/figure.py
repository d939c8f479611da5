"""A person's own plotly figure, drawn by the plotly that a page has already."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from spin_nb.errors import SpinError
from spin_nb.views.charts.base import Plot
from spin_nb.words import shown

if TYPE_CHECKING:
    from plotly.basedatatypes import BaseFigure


def show(figure: BaseFigure) -> FigureView:
    """Show a plotly figure in the notebook.

    It takes the width of its place and shares one plotly with the session's plots, where each ``FigureWidget`` brings
    5 MB of its own.  Frames of an animation are not shown.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure

    Returns
    -------
    FigureView
        A widget, so it may stand beside others.  After a change of the figure call its ``redraw()``.

    Raises
    ------
    SpinError
        It is no plotly figure.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> figure = go.Figure(go.Scatter(x=[1, 2, 3], y=[2, 1, 2]))
    >>> view = show(figure)
    >>> figure.data[0].y = [2, 3, 2]
    >>> view.redraw()
    """
    from plotly.basedatatypes import BaseFigure

    if not isinstance(figure, BaseFigure):
        raise SpinError(
            f"{shown(figure)} is no plotly figure.", "Pass a plotly.graph_objects.Figure to spin.show."
        )
    return FigureView(figure)


class FigureView(Plot):
    """A plotly figure on the page.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        May be changed; :meth:`redraw` shows how it is then.
    """

    def __init__(self, figure: BaseFigure) -> None:
        super().__init__("Loading the plot …")
        self.figure = figure
        self.redraw()

    def redraw(self) -> None:
        """Show the figure as it is now.

        Only what changed travels.
        """
        parts = json.loads(self.figure.to_json())  # dates and arrays as plotly's own script reads them
        self._tell(parts["data"], parts["layout"])
