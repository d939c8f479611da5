"""What is drawn by the one plotly of a page, and a session's figures: they follow its colours and its facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import traitlets as t

from spin_nb.session.arguments import field, whole_number
from spin_nb.views.base.library import plotly_library
from spin_nb.views.base.redraw import Redraw, soon
from spin_nb.views.base.theme import axis_layout, figure_layout, plain, theme_of
from spin_nb.views.base.waiting import loading
from spin_nb.views.base.widget import Answer, Buffers, View
from spin_nb.views.charts.encoding import encode
from spin_nb.views.session_like import SessionLike

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class Plot(View, entry="charts/plot.js"):
    """A figure as nouns of a widget.

    The page draws it as wide as its place.

    Attributes
    ----------
    waiting : str
        What the page shows until the figure is there.
    plotly : dict
        Where the page finds plotly.js (:mod:`spin_nb.views.base.library`).
    traces : int
        How many nouns ``trace_0``, ``trace_1``, ... there are.
    figure_layout, trace_<i> : dict
        The figure's parts, arrays as bytes; only what changed is sent.
    """

    waiting = t.Unicode("").tag(sync=True)
    plotly: t.Dict[str, str] = t.Dict().tag(sync=True)
    traces = t.Int(0).tag(sync=True)
    figure_layout: t.Dict[str, Any] = t.Dict().tag(sync=True)

    def __init__(self, waiting: str) -> None:
        super().__init__(waiting=waiting)
        self.layout.width, self.layout.min_width = "100%", "0"

    def _tell(self, traces: Sequence[dict[str, Any]], layout: dict[str, Any]) -> None:
        """Tell the nouns how the figure is now.

        One that is equal stays at home.
        """
        names = [f"trace_{at}" for at in range(len(traces))]
        new = {name: t.Dict().tag(sync=True) for name in names if not self.has_trait(name)}
        if new:
            self.add_traits(**new)
        self.plotly = plotly_library()
        with self.hold_sync():
            for name, trace in zip(names, traces, strict=True):
                setattr(self, name, encode(trace))
            self.figure_layout = encode(layout)
            self.traces = len(traces)


class PlotView(Plot):
    """A plotly figure bound to a session.

    A subclass says how it is built and filled.

    ``build()`` returns the empty figure, ``fill(figure)`` puts the present facts into it, or returns the sentence
    to show instead when there is nothing to draw yet.  ``follows`` names the session's signals it redraws on.
    In a notebook the figure is built after the view is on its way to the page, or when somebody asks for ``figure``.
    """

    follows: Sequence[str] = ()
    what = "the plot"
    height = 340
    bottom = 50  # pixels below the axes
    legend = True

    def __init__(self, session: SessionLike) -> None:
        super().__init__(loading(self.what, session))
        self._session = session
        self.theme = theme_of(session)
        # What the browser tells the nouns never changes it.
        self._figure: Figure = None
        self._titles: list[dict[str, Any]] = []
        self._look: tuple[bool, bool] | None = None
        self.verbs = {"click": self._click}
        self.redraw = Redraw(self._draw, every=0.5, on_failure=self._say)
        for name in self.follows:
            getattr(session.events, name).connect(lambda *_: self.redraw())
        self.theme.observe(self.redraw, "dark")
        soon(self.redraw)

    @property
    def figure(self) -> Figure:
        """The plotly figure that is shown."""
        if self._look is None:
            self._draw()
        return self._figure

    def build(self) -> Figure:
        """The figure with its axes and empty traces."""
        raise NotImplementedError

    def fill(self, figure: Figure) -> str | None:
        """Put the present facts into ``figure``.

        It returns a sentence if there are none.
        """
        raise NotImplementedError

    def on_click(self, trace: int, point: object, x: object, y: object) -> None:
        """React to a click on a point of a trace.

        It is told the point's index (row and column in a heatmap), and where it lies.
        """

    def title(self, at: int, text: str) -> None:
        """Set the title of subplot ``at``.

        It is seen in the next drawing; ``text`` may hold plotly's own markup.
        """
        self._titles[at]["text"] = text

    def _click(self, message: dict[str, Any]) -> tuple[Answer, Buffers]:
        self.on_click(
            whole_number(field(message, "trace"), "trace"),
            message.get("point"),
            message.get("x"),
            message.get("y"),
        )
        return {}, []

    def _begin(self) -> None:
        self._figure = self.build()
        self._titles = [note.to_plotly_json() for note in self._figure.layout.annotations]
        margin = {"l": 60, "r": 20, "t": 60, "b": self.bottom}
        self._figure.update_layout(
            height=self.height, autosize=True, margin=margin, dragmode=False, template="none"
        )

    def _draw(self) -> None:
        if self._figure is None:
            self._begin()
        self._say(self.fill(self._figure))

    def _say(self, sentence: str | None) -> None:
        """The axes, or a sentence in their place."""
        has_data = sentence is None
        self._figure.layout.annotations = self._titles if has_data else [_centre_note(str(sentence))]
        if (self.theme.dark, has_data) != self._look:
            self._look = (self.theme.dark, has_data)
            self._restyle(self.theme.dark, has_data)
        self._tell(self._figure._data, self._figure.layout.to_plotly_json())

    def _restyle(self, dark: bool, has_data: bool) -> None:
        figure, axes = self._figure, {**axis_layout(dark), "visible": has_data}
        figure.update_layout(figure_layout(dark), showlegend=has_data and self.legend)
        figure.update_xaxes(axes)
        figure.update_yaxes(axes)
        figure.update_traces(visible=has_data)


def _centre_note(sentence: str) -> dict[str, Any]:
    lines = [plain(line, 120) for line in sentence.splitlines()]
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    return {"text": "<br>".join(lines), "font": {"size": 14}, **place}
