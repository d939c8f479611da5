"""The map: the whole pool as points, coloured by what the model does or does not know."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np
import traitlets as t
from numpy.typing import NDArray

from spin_nb.errors import LabelError, UnknownWordError
from spin_nb.session.arguments import field, text, whole_number
from spin_nb.session.labeller.cards import inline
from spin_nb.views.base.item import item_card
from spin_nb.views.base.library import scatter_library
from spin_nb.views.base.modules import VIEWS, link
from spin_nb.views.base.outcome import items_in_words, outcome_in_words, reversal_in_words
from spin_nb.views.base.redraw import Redraw, soon
from spin_nb.views.base.theme import rgba, theme_of
from spin_nb.views.base.waiting import waiting
from spin_nb.views.base.widget import Answer, Brief, Buffers
from spin_nb.views.map import colours
from spin_nb.views.map.panel import Panel
from spin_nb.views.session_like import SessionLike
from spin_nb.words import listing, short, shown

if TYPE_CHECKING:
    from jscatter import Scatter
    from jscatter.widget import JupyterScatter
    from polars import Series

MOVE_MS = 1500
N_SIMILAR = 48  # items that "more like this" selects
# It takes what room there is; where that is little, the panel goes below it.  Points fill a square: beside a map much
# wider than high the panel has more to do with the room.
SCATTER_LAYOUT = {"flex": "999 1 400px", "min_width": "0", "max_width": "max(64%, 110vh)"}
MIN_POINT_PX = 3.0  # pixels: what is smaller cannot be pointed at
HINT = (
    "Point at an item to see it; click it, or draw around several with the lasso, to select (s.selected). "
    "Ctrl + wheel zooms, as does the wheel after a click into the map."
)


class MapView(Brief, widgets.HBox):
    """The pool as a scatter plot (``s.map``).

    A legend and the item under the pointer stand beside it.

    Colour by uncertainty, ambiguity, predicted class, label or any column of the pool.  Labelled points are
    larger and opaque, items being asked larger still.  The lasso and a click set ``s.selected``; a class key, as in the
    labeller, then labels what is selected, and U takes it back.

    Parameters
    ----------
    session : SessionLike
        Whose pool is drawn.  The view follows ``session.events``.

    Attributes
    ----------
    hover_id : str
        Id of the item under the pointer, "" if none.
    coloured_by : str
        One of ``panel.choices``; may be set.
    height : int
        Of the points, in pixels; 0, as it is at first, follows the height of the screen.  May be set.

    Examples
    --------
    >>> s.map                                              # doctest: +SKIP
    >>> s.map.coloured_by = "Predicted class"              # doctest: +SKIP
    >>> s.map.height = 800                                 # doctest: +SKIP
    """

    hover_id = t.Unicode("")
    coloured_by: t.Any = t.Any("")
    height = t.Int(0, min=0)

    def __init__(self, session: SessionLike) -> None:
        self._session = session
        self._asked_rows: list[int] = []
        self._drawn_layout: tuple[str, str] | None = None
        self.theme = theme_of(session)
        self._words = self._colourings()
        self.panel = Panel(
            choices=list(self._words),
            choice=0 if session.learns_classes else 3,
            names=session.classes if session.learns_classes else [],
            bindings=dict(session.key_bindings.get()),
            layout=widgets.Layout(flex="1 1 230px", min_width="190px"),
        )
        self.panel.verbs = {
            "label": self._label_selection,
            "undo": self._undo,
            "similar": self._select_similar,
        }
        self._plot: JupyterScatter = None
        self._waits: list[Callable[[], None]] = []
        place = waiting("the map", session)
        place.layout = widgets.Layout(**SCATTER_LAYOUT)
        super().__init__(
            [place, self.panel],
            layout=widgets.Layout(width="100%", flex_flow="row wrap", align_items="flex-start"),
        )
        self.add_class("spin-map")  # the panel hears keys of all that is in it
        self.redraw = Redraw(self._draw, on_failure=self._show_failure)
        self._redraw_item = Redraw(self._draw_item, every=0.05, on_failure=self._show_failure, pause=0)
        self._reselect = Redraw(self._take_selection, every=0.0, on_failure=self._show_failure, pause=0)
        self._recolour = Redraw(self._take_choice, every=0.0, on_failure=self._show_failure, pause=0)
        self.coloured_by = self._words[self.panel.choice]
        self._follow()
        # Its compilation must not hold up the first paint.
        self.when_drawn(session.start_umap)
        soon(self.redraw)

    @property
    def scatter(self) -> JupyterScatter:
        """The jupyter-scatter widget.

        In a notebook it is made after the view is on its way to the page.
        """
        if self._plot is None:
            self._begin()
        return self._plot

    def when_drawn(self, work: Callable[[], None]) -> None:
        """Call ``work`` once the first map is drawn.

        It is called now, if the map is on its way to the page.
        """
        if self._drawn_layout:
            work()
        else:
            self._waits.append(work)

    def _begin(self) -> None:
        self._plot = _scatter(_fit_to_square(self._session.layout))
        self._plot.observe(self._reselect, "selection")
        self._plot.observe(self._redraw_item, "hovering")
        t.link((self, "height"), (self._plot, "height"))
        self._draw_item()
        self.children = [self._plot, self.panel]

    def _follow(self) -> None:
        events = self._session.events
        for signal in (events.labelled, events.trained, events.layout, events.watched):
            signal.connect(lambda *_: self.redraw())
        for signal in (events.labelled, events.trained):
            signal.connect(lambda *_: self._follow_label())
        events.asked.connect(lambda ids, *_: self._ask(ids))
        events.selection.connect(lambda *_: self._show_selection())
        events.classes.connect(lambda *_: self._take_classes())
        self.theme.observe(self.redraw, ["dark", "paper"])
        self.panel.observe(self._recolour, "choice")
        self.observe(self._choose, "coloured_by")

    def _take_classes(self) -> None:
        session = self._session
        self.panel.names = session.classes if session.learns_classes else []
        self.panel.bindings = dict(session.key_bindings.get())
        self.redraw()

    def _follow_label(self) -> None:
        if self._plot is not None:
            self._redraw_item()

    # -- what it may be coloured by ------------------------------------------------------------------------

    def _colourings(self) -> tuple[str, ...]:
        titles = [title for title, _ in colours.QUANTITIES.values()]
        return (*titles, "Predicted class", "Label", "Map cluster", *_columns(self._session))

    def _take_choice(self) -> None:
        self.coloured_by = self._words[min(max(self.panel.choice, 0), len(self._words) - 1)]

    @t.validate("coloured_by")
    def _check_colouring(self, proposal: t.Bunch) -> str:
        word = proposal["value"]
        if not isinstance(word, str) or word not in self._words:
            raise UnknownWordError(
                f"no colouring is called {shown(word)}.", f"Use one of: {listing(self._words)}."
            )
        return word

    def _choose(self, _: object) -> None:
        self.panel.choice = self._words.index(self.coloured_by)
        self.redraw()

    def _colouring(self, n: int, state: NDArray[Any]) -> colours.Colouring:
        session, word, dark = self._session, self.coloured_by, self.theme.dark
        at = self._words.index(word)
        if at == 4:
            return self._by_cluster(n)
        if at > 4:
            assert session.pool.columns is not None, "a colouring by a column names one of them"
            return colours.by_column(
                word, _pad_column(session.pool.columns[_columns(session)[at - 5]], n), dark
            )
        if at == 3:
            names = session.classes if session.learns_classes else ["labelled"]
            return colours.by_class("Labels", session.label_index[:n], names, "not labelled")
        predictive = session.predictive
        if predictive is None:
            return colours.grey(n, colours.NO_MODEL if session.learns_classes else colours.NO_CLASSES)
        if at == 2:
            head = f"head: {session.head}" if session.head else ""
            return colours.by_class("Predicted class", predictive.mean.argmax(1), session.classes, "", head)
        quantity = list(colours.QUANTITIES)[at]
        return colours.by_quantity(quantity, getattr(predictive, quantity)[:n], state, dark)

    def _by_cluster(self, n: int) -> colours.Colouring:
        index = self._session.cluster_index
        if index is not None:
            return colours.by_cluster(index[:n])
        if self._session.layout_name == "umap":
            self._session.start_clusters()
        return colours.grey(n, colours.NO_CLUSTERS)

    # -- drawing -------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        session = self._session
        layout = _fit_to_square(session.layout)
        n = len(layout)
        state = colours.states(n, session.label_index, self._asked_rows)
        colouring = self._colouring(n, state)
        points = np.column_stack([layout, colouring.values, state]).astype(np.float32)
        layout_of = session.encoder_name, session.layout_name
        moves = self._drawn_layout not in (None, layout_of)
        order = np.argsort(state, kind="stable").astype(np.uint32)
        size, opacity = _marks(n, colouring.only_marks_labels)
        with self.scatter.hold_sync():
            self.scatter.transition_points = moves
            self.scatter.non_spatial_points_update = self._stays(points)
            self.scatter.background_color = self.theme.paper
            self.scatter.color = [rgba(colour) for colour in colouring.colours]
            self.scatter.size, self.scatter.opacity = size, opacity
            for trait, value in (("points", points), ("point_order", order)):
                if not np.array_equal(getattr(self.scatter, trait), value):
                    setattr(self.scatter, trait, value)
        self.panel.legend = colouring.legend
        self._drawn_layout = layout_of
        if moves:
            self.redraw.hold(MOVE_MS / 1000 + 0.3)
            self.redraw()
        self.panel.status = f"{n:,} items, {session.layout_name.upper()} layout of {session.encoder_name}"
        while self._waits:
            self._waits.pop(0)()

    def _stays(self, points: NDArray[np.float32]) -> bool:
        """Say whether only colours change.

        Then the browser keeps its index of where the points are.
        """
        points_before = self.scatter.points
        return (
            points_before is not None
            and len(points_before) == len(points)
            and np.array_equal(points_before[:, :2], points[:, :2])
        )

    def _show_failure(self, text: str) -> None:
        self.panel.status = text

    # -- pointing, selecting, asking -----------------------------------------------------------------------

    def _ask(self, ids: Sequence[str]) -> None:
        row = self._session.pool.row
        self._asked_rows = [row(id) for id in ids]
        self.redraw()

    def _take_selection(self) -> None:
        rows = [] if self.scatter.selection is None else self.scatter.selection.tolist()
        ids = [self._session.pool.ids[row] for row in rows if row < len(self._session.pool.ids)]
        if ids != list(self._session.selected):
            self._session.selected = ids
        self._draw_item()

    def _show_selection(self) -> None:
        rows = np.asarray([self._session.pool.row(id) for id in self._session.selected], np.uint32)
        if not np.array_equal(rows, np.asarray(self.scatter.selection, np.uint32)):
            self.scatter.selection = rows
        self._draw_item()

    def _draw_item(self) -> None:
        ids = self._session.pool.ids
        self.panel.n_selected = len(self._session.selected)
        at, selection = self.scatter.hovering, self._session.selected
        self.hover_id = ids[at] if at is not None and at < len(ids) else ""
        item_id = self.hover_id or (selection[0] if selection else "")
        if not item_id:
            self.panel.item = {"id": "", "note": HINT}
            return
        card = inline(*item_card(self._session, item_id, hide=self._hides_prediction(item_id)))
        if len(selection) > 1 and not self.hover_id:
            card["note"] = f"{len(selection):,} items selected; this is the first. {self._on_selection()}"
        self.panel.item = card

    def _on_selection(self) -> str:
        by_key = " A class key labels them all, U takes it back." if self._session.learns_classes else ""
        return f"s.grid shows them.{by_key}"

    def _label_selection(self, message: Answer) -> tuple[Answer, Buffers]:
        """Label what is selected; a key was pressed on the map."""
        session = self._session
        at = whole_number(field(message, "class"), "class")
        if not session.learns_classes or at >= len(session.classes):
            raise LabelError(f"there is no class {at}.", "Reload the page.")
        value = session.classes[at]
        report = session.decide_together(
            "label", session.selected, value, {"by": "map", "of": session.selected_by}
        )
        self.panel.notice = outcome_in_words("label", value, report)
        return {}, []

    def _select_similar(self, message: Answer) -> tuple[Answer, Buffers]:
        """Select what is most like an item: the map highlights it, the grid shows it."""
        id = text(field(message, "id"), "id")
        ids = self._session.similar(id, N_SIMILAR)
        self._session.select(ids, f"similar to {id}")
        self.panel.notice = f"Selected {items_in_words(len(ids))} similar to {short(id)}; s.grid shows them."
        return {}, []

    def _undo(self, _message: Answer) -> tuple[Answer, Buffers]:
        self.panel.notice = reversal_in_words("undo", len(self._session.revert("undo")))
        return {}, []

    def _hides_prediction(self, id: str) -> bool:
        """Say whether a prediction is kept back.

        A prediction of what is being asked would lead the person, audits included.
        """
        row = self._session.pool.row(id)
        return row in self._asked_rows and self._session.label_index[row] < 0


def _columns(session: SessionLike) -> list[str]:
    columns = session.pool.columns
    return [] if columns is None else list(columns.columns)


def _pad_column(series: Series, n: int) -> Series:
    """Pad a column to the length of the pool.

    Arrivals have no value in it.
    """
    return series.extend_constant(None, n - len(series)) if len(series) < n else series.head(n)


def _fit_to_square(layout: NDArray[Any]) -> NDArray[np.float32]:
    """Fit a layout into the camera's square.

    It is centred; its proportions stay.
    """
    low, high = layout.min(0), layout.max(0)
    half = float((high - low).max()) / 2 or 1.0
    return ((layout - (low + high) / 2) / half * 0.92).astype(np.float32)


def _marks(n: int, only_marks_labels: bool) -> tuple[list[float], list[float]]:
    """Size (px) and opacity of each state.

    Points are unlabelled, labelled or asked, smaller and fainter as ``n`` grows.

    Labelled points are dots that leave the colours around them visible where they are only marked as labelled.
    """
    size = float(np.clip(360 / np.sqrt(n), MIN_POINT_PX, 8.0))
    opacity = float(np.clip(1.15 - 0.16 * np.log10(n), 0.25, 0.9))
    label_size = max(MIN_POINT_PX, 0.6 * size) if only_marks_labels else size + 1.5
    return [size, label_size, size + 3.5], [opacity, 1.0, 1.0]


def _scatter(layout: NDArray[np.float32]) -> JupyterScatter:
    """The jupyter-scatter widget, without what nobody needs.

    Colours and sizes come with the first drawing.
    """
    import jscatter

    plot = jscatter.Scatter(
        x=layout[:, 0],
        y=layout[:, 1],
        axes=False,
        height=0,
        lasso_initiator=False,
        reticle=False,
        opacity_unselected=0.5,
        transition_points_duration=MOVE_MS,
    )
    widget = _show_from_library(plot)
    with widget.hold_sync():  # one message: a page that takes in half of them cannot draw
        widget.tooltip_enable = False
        for channel, column in (("color", "valueA"), ("size", "valueB"), ("opacity", "valueB")):
            # Whole numbers that index a list: jupyter-scatter calls that categorical, and wants a domain for it.
            setattr(widget, f"{channel}_scale", "categorical")
            setattr(widget, f"{channel}_domain", {})
            setattr(widget, f"{channel}_by", column)
    # Changed, not replaced: a page that was too busy to take in the widget's later messages has its first layout.
    for name, value in SCATTER_LAYOUT.items():
        setattr(widget.layout, name, value)
    return widget


def _show_from_library(plot: Scatter) -> JupyterScatter:
    """The widget of ``plot``, drawn from our library.

    Its script takes jupyter-scatter from there; other people's plots stay.
    """
    from jscatter.widget import JupyterScatter

    before = JupyterScatter._esm
    JupyterScatter._esm = _script()
    try:
        return plot.show(buttons=["pan_zoom", "lasso", "reset"])
    finally:
        JupyterScatter._esm = before


def _script() -> str:
    text = link(VIEWS / "map" / "scatter.js")
    return text.replace('"where jupyter-scatter is"', json.dumps(scatter_library()))
