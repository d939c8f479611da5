"""What the plotly views share: one figure that follows the page's colours and redraws when facts change."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import ipywidgets as widgets
import numpy as np
from traitlets import observe

from spin_nb.views.redraw import Redraw
from spin_nb.views.theme import Theme, axis_layout, figure_layout, plain


class PlotView(widgets.VBox):
    """A plotly figure bound to a session; a subclass says how it is built and filled.

    ``build()`` returns the empty figure, ``fill(figure)`` puts the present facts into it, or returns the sentence
    to show instead when there is nothing to draw yet.  ``follows`` names the session's signals it redraws on.
    """

    follows: Sequence[str] = ()
    height = 340
    bottom = 50  # pixels below the axes
    legend = True

    def __init__(self, session: Any) -> None:
        self._session = session
        self.theme = Theme()
        # Filled here, then shown by the widget: what the browser tells the widget never changes what we draw.
        self._drawn = self.build()
        self._titles = [note.to_plotly_json() for note in self._drawn.layout.annotations]
        margin = {"l": 60, "r": 20, "t": 60, "b": self.bottom}
        self._drawn.update_layout(
            height=self.height, autosize=True, margin=margin, dragmode=False, template="none"
        )
        self.figure = figure_widget()(self._drawn)
        self._sent = deepcopy(list(self._drawn._data)), deepcopy(self._drawn.layout.to_plotly_json())
        self._look: tuple[bool, bool] | None = None
        self.figure._config = {"displayModeBar": False, "responsive": True}
        super().__init__([self.figure], layout=widgets.Layout(width="100%", min_width="0"))
        self.redraw = Redraw(self._draw, every=0.5, failed=self._say)
        for name in self.follows:
            getattr(session.events, name).connect(lambda *_: self.redraw())
        self.theme.observe(self.redraw, "dark")
        self._draw()

    def build(self) -> Any:
        """The figure with its axes and empty traces."""
        raise NotImplementedError

    def fill(self, figure: Any) -> str | None:
        """Put the present facts into ``figure``; a sentence if there are none."""
        raise NotImplementedError

    def title(self, at: int, text: str) -> None:
        """Set the title of subplot ``at`` (in the next drawing); ``text`` may hold plotly's own markup."""
        self._titles[at]["text"] = text

    def _draw(self) -> None:
        self._say(self.fill(self._drawn))

    def _say(self, sentence: str | None) -> None:
        """The axes, or a sentence in their place."""
        plotted = sentence is None
        self._drawn.layout.annotations = self._titles if plotted else [_centred(str(sentence))]
        if (self.theme.dark, plotted) != self._look:
            self._look = (self.theme.dark, plotted)
            self._restyle(self.theme.dark, plotted)
        self._push()

    def _restyle(self, dark: bool, plotted: bool) -> None:
        drawn, axes = self._drawn, {**axis_layout(dark), "visible": plotted}
        drawn.update_layout(figure_layout(dark), showlegend=plotted and self.legend)
        drawn.update_xaxes(axes)
        drawn.update_yaxes(axes)
        drawn.update_traces(visible=plotted)

    def _push(self) -> None:
        """Send what differs from the last time."""
        data, layout = deepcopy(list(self._drawn._data)), deepcopy(self._drawn.layout.to_plotly_json())
        with self.figure.batch_update():
            for shown, trace, sent in zip(self.figure.data, data, self._sent[0], strict=True):
                shown.update(_differences(trace, sent))
            changed = _differences(layout, self._sent[1])
            # The whole list at once: the browser half refuses one title and the list in the same message.
            notes = changed.pop("annotations", None)
            self.figure.update_layout(changed)
            if notes is not None:
                self.figure.layout.annotations = notes
        self._sent = data, layout
        # Views opened from now on, and a reloaded page, begin with these; plotly keeps them at the first state.
        self.figure._widget_data, self.figure._widget_layout = data, layout


def _differences(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in now.items() if not _same(value, before.get(name))}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return type(one) is type(other) and bool(one == other)


@cache
def figure_widget() -> Any:
    """FigureWidget without the answers of its views: two views of one figure undo each other's colours."""
    import plotly.graph_objects as go

    class Figure(go.FigureWidget):
        def _handler_js2py_layoutDelta(self, change: Any) -> None:  # noqa: N802
            """Not listened to."""

        @observe("_js2py_traceDeltas")
        def _handler_js2py_traceDeltas(self, change: Any) -> None:  # noqa: N802
            """A view has drawn, before it had its place on the page: let it take its width now."""
            if change["new"]:
                self._send_relayout_msg({"autosize": True})

    return Figure


def _centred(sentence: str) -> dict[str, Any]:
    lines = [plain(line, 120) for line in sentence.splitlines()]
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return {"text": "<br>".join(lines), "font": {"size": 14}, **place}
