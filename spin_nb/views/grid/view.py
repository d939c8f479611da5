"""The grid: thumbnails of any selection, and labels for many items by one gesture.

The page asks for the order of all items once (numbers only), for the cards around what is in view as it scrolls, and
for what holds for them whenever labels or predictions changed.  Its verbs may run on a subshell thread while a cell is
busy: they touch the session's thread-safe side, and what they keep here is one immutable order at a time.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from spin_nb.errors import LabelError, SettingError
from spin_nb.session.arguments import boolean, field, items_of, text, whole_number
from spin_nb.session.labeller.cards import shift_buffers
from spin_nb.types import Ints
from spin_nb.views.base.item import item_card
from spin_nb.views.base.outcome import check_reversal, items_in_words, outcome_in_words, reversal_in_words
from spin_nb.views.base.redraw import Redraw
from spin_nb.views.base.theme import class_colours
from spin_nb.views.base.widget import Answer, Buffers, View
from spin_nb.views.grid.order import (
    DESCENDING_FIRST,
    Order,
    all_rows,
    check_word,
    choices,
    rows_of,
    sorted_rows,
)
from spin_nb.views.session_like import SessionLike
from spin_nb.words import short, shown

if TYPE_CHECKING:
    from spin_nb.protocols import Predictive

MAX_CARDS_PER_ANSWER = 200
N_SIMILAR = 48  # items that "more like this" shows
N_ORDERS = 4  # of the past, which a page may still speak of
MAX_LABEL_CHARACTERS = 80
N_TAG_NAMES = 200  # tags that the page suggests
N_TAGS = 8  # of an item, that its tile names
TILE_SIZES = ("small", "medium", "large")
SHAPES = ("boxes", "keypoints", "polygons")
DECISIONS = ("label", "skip", "unsure", "flag")
OLD_ORDER = "the grid has changed since."
Place = tuple[Sequence[str] | None, str, str, bool]
"""Items shown before: their ids, what picked them, how they were sorted."""


class Grid(View, entry="grid/page.js"):
    """Thumbnails of many items, to look at and to label at once (``s.grid``).

    It shows what is selected (the lasso of ``s.map``, ``s.selected``), and without a selection the whole pool;
    :meth:`show` shows others.  A click marks an item, Shift + click all from the last one, a drag all it touches; a
    class key then labels the marked ones, all others, or all, as the bar says.  Such a gesture is one event of the
    history: one undo takes it back, after a restart too.  What is being asked, and what audits, is left out of it.

    Keys: arrows move, Space marks, Shift + arrows mark on, Ctrl + A marks all, Esc none; 1-9, 0 and then letters
    label; F flags; U or Ctrl + Z undoes; Y or Ctrl + Shift + Z redoes; / changes what a key labels; = shows more like
    the item in focus, - goes back; # goes to the field of tags.

    Parameters
    ----------
    session : SessionLike
        The open project; ``s.grid`` is always the same widget.

    Attributes
    ----------
    title : str
        How many items, and of what.
    tile : str
        Size of a thumbnail: "small", "medium" or "large"; may be set.
    sorted_by, descending
        How it is sorted now; see :meth:`sort`.

    Examples
    --------
    >>> s.grid                                                     # doctest: +SKIP
    >>> s.grid.show(s.ask(50)).sort("epistemic")                   # doctest: +SKIP
    """

    title = t.Unicode("").tag(sync=True)
    version = t.Int(0).tag(sync=True)
    behind = t.Unicode("").tag(sync=True)
    is_whole_pool = t.Bool(True).tag(sync=True)
    spec: t.Dict[str, Any] = t.Dict().tag(sync=True)
    bindings: t.Dict[str, str] = t.Dict().tag(sync=True)
    tag_names: t.List[str] = t.List(t.Unicode()).tag(sync=True)
    read_only = t.Bool(False).tag(sync=True)
    choices: t.List[Any] = t.List().tag(sync=True)
    sorted_by = t.Unicode("pool").tag(sync=True)
    descending = t.Bool(False).tag(sync=True)
    tile = t.Enum(TILE_SIZES, "medium").tag(sync=True)

    def __init__(self, session: SessionLike) -> None:
        super().__init__(
            spec=_spec(session),
            bindings=dict(session.key_bindings.get()),
            read_only=bool(session.read_only),
            choices=choices(session),
            tag_names=session.tag_names(N_TAG_NAMES),
        )
        self.layout.width, self.layout.min_width = "100%", "0"
        self._session = session
        self._lock = threading.Lock()  # of the orders alone
        self._orders: dict[int, Order] = {}
        self._versions = itertools.count(1)
        self._ids: Sequence[str] | None = None  # None: the whole pool
        self._source = ""
        self._behind: list[Place] = []
        self._own_selection: tuple[str, ...] | None = None
        self.verbs = {
            "order": self._order,
            "cards": self._cards,
            "facts": self._facts,
            "look": self._look,
            "sort": self._sort,
            "decide": self._decide,
            "tag": self._tag,
            "revert": self._revert,
            "select": self._select,
            "similar": self._similar,
            "back": self._back,
        }
        self._tell = Redraw(lambda: self.push("changed", {}), every=0.3, pause=0)
        self._follow()
        self._show_selection()

    def _follow(self) -> None:
        events = self._session.events
        for signal in (events.labelled, events.trained, events.asked):
            signal.connect(lambda *_: self._tell())
        events.selection.connect(lambda ids, *_: self._on_selection(tuple(ids)))
        events.tagged.connect(lambda *_: self._on_tags())
        events.watched.connect(lambda *_: self._on_arrivals())
        events.classes.connect(lambda *_: self._on_classes())

    def _on_classes(self) -> None:
        words = choices(self._session)
        with self.hold_sync():
            self.spec, self.choices = _spec(self._session), words
            self.bindings = dict(self._session.key_bindings.get())
            if self.sorted_by not in [choice["word"] for choice in words]:
                self.sorted_by = "pool"
            self._arrange()

    # -- what is shown -------------------------------------------------------------------------------------

    def show(self, items: Any = None) -> Grid:
        """Show these items, until another selection is made; without an argument the whole pool.

        Parameters
        ----------
        items : iterable of str, or an object with ``ids``, optional
            Ids of the pool, or what ``s.ask`` and filters give.

        Returns
        -------
        Grid
            The same widget: as a cell's last line it shows itself.

        Raises
        ------
        LabelError
            Unknown items.
        SettingError
            No ids.
        """
        if items is None:
            self._begin(None, "")
            return self
        ids = getattr(items, "ids", items)
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise SettingError(f"{shown(items)} is no list of item ids.", "Pass [id, ...], or s.where(...).")
        ids = list(dict.fromkeys(items_of(ids, "the items", SettingError)))
        rows_of(self._session, ids)
        self._begin(ids, "chosen in a cell")
        return self

    def similar(self, id: str) -> Grid:
        """Show the items most like one, the nearest first; *Back* in the page shows what was here before.

        Parameters
        ----------
        id : str
            An item of the pool.

        Returns
        -------
        Grid
            The same widget.

        Raises
        ------
        LabelError
            There is no such item, or its features are still being made.
        """
        ids = list(self._session.similar(text(id, "id"), N_SIMILAR))
        self._behind.append((self._ids, self._source, self.sorted_by, self.descending))
        with self.hold_sync():
            self.sorted_by, self.descending = "pool", False  # that is, by how near they are
            self._put(ids, f"similar to {id}")
        return self

    def sort(self, by: str = "pool", *, descending: bool | None = None) -> Grid:
        """Sort what is shown.

        Parameters
        ----------
        by : str
            "pool" (its own order), "epistemic", "aleatoric", "margin", "label", "time", "class:<name>" (the
            probability of that class) or "column:<name>".
        descending : bool, optional
            The highest first; unless given, as one mostly wants it: doubts and times downwards, the rest upwards.

        Returns
        -------
        Grid
            The same widget.

        Raises
        ------
        UnknownWordError
            There is no such word.

        Notes
        -----
        What the model says of items that are being asked is kept back: they come last.
        """
        word = check_word(self._session, by)
        if descending is None:
            descending = word in DESCENDING_FIRST or word.startswith("class:")
        boolean(descending, "descending", SettingError)
        with self.hold_sync():
            self.sorted_by, self.descending = word, descending
            self._arrange()
        return self

    def _show_selection(self) -> None:
        ids = list(self._session.selected)
        self._begin(ids or None, self._session.selected_by if ids else "")

    def _on_selection(self, ids: tuple[str, ...]) -> None:
        if ids == self._own_selection:  # the page's own marks, put on the map: what it shows stays
            return
        self._own_selection = None
        self._show_selection()

    def _on_tags(self) -> None:
        self.tag_names = self._session.tag_names(N_TAG_NAMES)
        self._tell()

    def _on_arrivals(self) -> None:
        if self._ids is None:
            self._arrange()

    def _begin(self, ids: Sequence[str] | None, source: str) -> None:
        """Show other items; there is nothing to go back to."""
        self._behind = []
        self._put(ids, source)

    def _put(self, ids: Sequence[str] | None, source: str) -> None:
        with self.hold_sync():
            self._ids, self._source = ids, source
            self._arrange()

    def _arrange(self) -> None:
        """Make the order anew; pages hear of its number, and ask for it."""
        session = self._session
        pool_ids = session.pool.ids
        rows = all_rows(session) if self._ids is None else rows_of(session, self._there(self._ids))
        order = Order(next(self._versions), pool_ids, self._in_order(rows), self._source)
        with self._lock:
            self._orders[order.version] = order
            for version in list(self._orders)[:-N_ORDERS]:
                del self._orders[version]
        self.title = self._title(len(order))
        self.behind = self._behind_in_words()
        self.is_whole_pool = self._ids is None
        self.version = order.version

    def _there(self, ids: Sequence[str]) -> list[str]:
        """Those still in the pool."""
        return [id for id in ids if self._session.pool.has(id)]

    def _in_order(self, rows: Ints) -> Ints:
        return sorted_rows(self._session, rows, self.sorted_by, self.descending)

    def _title(self, n: int) -> str:
        pool = len(self._session.pool)
        if self._ids is None:
            return f"The whole pool: {n:,} {'item' if n == 1 else 'items'}"
        return f"{n:,} of {pool:,} items, {short(self._source)}"

    def _behind_in_words(self) -> str:
        """Name of the items that *Back* would show, "" where there are none."""
        return (short(self._behind[-1][1]) or "the whole pool") if self._behind else ""

    # -- what the page asks for ----------------------------------------------------------------------------

    def _current(self, message: Answer) -> Order:
        """The order a page speaks of."""
        version = whole_number(field(message, "version"), "version")
        with self._lock:
            order = self._orders.get(version)
        if order is None:
            raise LabelError(OLD_ORDER, "Look at it again, then repeat what you did.")
        return order

    def _order(self, _message: Answer) -> tuple[Answer, Buffers]:
        with self._lock:
            order = self._orders[max(self._orders)]
        # Marks stay with their rows as long as rows mean the same items.
        generation = f"{id(order.ids):x}"
        answer = {"version": order.version, "n": len(order), "generation": generation}
        return answer, [order.rows.astype("<u4").tobytes()]

    def _places(self, message: Answer, order: Order) -> range:
        first, end = (whole_number(field(message, name), name) for name in ("from", "to"))
        return range(first, min(end, len(order), first + MAX_CARDS_PER_ANSWER))

    def _cards(self, message: Answer) -> tuple[Answer, Buffers]:
        predictive = self._predictive()
        order, side = self._current(message), whole_number(field(message, "side"), "side")
        cards: list[Answer] = []
        buffers: Buffers = []
        for place in self._places(message, order):
            id = order.at(place)
            try:
                card, card_buffers = self._session.channel.thumbnail(id, side)
            except LabelError as error:  # it has just left the pool
                card, card_buffers = {"broken": error.what}, []
            cards.append({**shift_buffers(card, len(buffers)), **self._fact(id, predictive)})
            buffers += card_buffers
        return {"version": order.version, "cards": cards}, buffers

    def _facts(self, message: Answer) -> tuple[Answer, Buffers]:
        order, predictive = self._current(message), self._predictive()
        facts = [self._fact(order.at(place), predictive) for place in self._places(message, order)]
        return {"version": order.version, "facts": facts}, []

    def _predictive(self) -> Predictive | None:
        """Look up the model once an answer; None where it would have to be waited for."""
        return self._session.predictive_now if self._session.learns_classes else None

    def _fact(self, id: str, predictive: Predictive | None) -> Answer:
        """Tell an item's label, and the model's guess unless it is being asked."""
        session = self._session
        decision = session.decision(id)
        value = session.value(id) if decision is not None else None
        fact: Answer = {"id": id, "label": None, "kind": decision.kind if decision is not None else None}
        fact["flagged"] = decision is not None and decision.flagged
        if value is not None:
            fact["label"] = str(session.task.describe(value))[:MAX_LABEL_CHARACTERS]
            fact["class"] = session.classes.index(value) if session.learns_classes else None
            if session.task.kind in SHAPES:
                fact["shapes"] = value
        fact["tags"] = list(session.tags(id)[:N_TAGS])
        fact["asked"] = session.is_asked(id)
        if not fact["asked"]:
            fact["guess"] = self._guess(id, predictive)
        return fact

    def _guess(self, id: str, predictive: Predictive | None) -> list[Any] | None:
        """Class and probability of what the model thinks."""
        session = self._session
        if predictive is None or not session.pool.has(id):
            return None
        row = session.pool.row(id)
        if row >= len(predictive.mean):
            return None
        best = int(np.argmax(predictive.mean[row]))
        return [best, float(predictive.mean[row, best])]

    def _look(self, message: Answer) -> tuple[Answer, Buffers]:
        id = self._current(message).at(whole_number(field(message, "at"), "at"))
        card, buffers = item_card(self._session, id, hide=self._session.is_asked(id))
        return {"card": card}, buffers

    def _sort(self, message: Answer) -> tuple[Answer, Buffers]:
        self.sort(text(field(message, "by"), "by"), descending=message.get("descending"))
        return {"descending": self.descending}, []

    # -- what the page decides -----------------------------------------------------------------------------

    def _decide(self, message: Answer) -> tuple[Answer, Buffers]:
        order = self._current(message)
        ids = order.ids_of(field(message, "ranges"))
        kind, value = text(field(message, "kind"), "kind"), message.get("value")
        if not ids:
            return {"notice": "Nothing is marked.", "n": 0}, []
        if kind not in DECISIONS:
            raise LabelError(
                f"{shown(kind)} is nothing that can be said of items.", "Label, skip or flag them."
            )
        if kind == "label" and not self._session.learns_classes:
            raise LabelError(
                f"many items at once take one class, and a label here is {self._session.task.kind!r}.",
                "Skip or flag them here; label them in s.labeller.",
            )
        there = self._there(ids)
        if not there:
            raise LabelError("none of these items is in the pool any more.", "Look at the grid again.")
        source = {"by": "grid", "of": order.source or "the whole pool", "n": len(order)}
        report = self._session.decide_together(kind, there, value, source)
        notice = outcome_in_words(kind, value, report, len(ids) - len(there))
        return {"notice": notice, "n": len(report.ids)}, []

    def _tag(self, message: Answer) -> tuple[Answer, Buffers]:
        order = self._current(message)
        kind, tag = (text(field(message, name), name) for name in ("kind", "tag"))
        if kind not in ("tag", "untag"):
            raise LabelError(f"kind={shown(kind)} is neither 'tag' nor 'untag'.", "Reload the page.")
        ids = self._there(order.ids_of(field(message, "ranges")))
        source = {"by": "grid", "of": order.source or "the whole pool", "n": len(order)}
        n = self._session.tag_together(kind, ids, tag, source)
        verb = "Tagged" if kind == "tag" else "Untagged"
        return {"notice": f"{verb} {items_in_words(n)}: {short(tag)}.", "n": n}, []

    def _revert(self, message: Answer) -> tuple[Answer, Buffers]:
        kind = text(field(message, "kind"), "kind")
        check_reversal(kind)
        n = len(self._session.revert(kind))
        return {"notice": reversal_in_words(kind, n), "n": n}, []

    def _similar(self, message: Answer) -> tuple[Answer, Buffers]:
        id = self._current(message).at(whole_number(field(message, "at"), "at"))
        self.similar(id)
        return {}, []

    def _back(self, _message: Answer) -> tuple[Answer, Buffers]:
        if not self._behind:
            return {"notice": "There is nothing to go back to."}, []
        ids, source, word, descending = self._behind.pop()
        with self.hold_sync():
            self.sorted_by, self.descending = word, descending
            self._put(ids, source)
        return {}, []

    def _select(self, message: Answer) -> tuple[Answer, Buffers]:
        ids = self._there(self._current(message).ids_of(field(message, "ranges")))
        self._own_selection = tuple(ids)
        self._session.select(ids, self._source or "selected")
        return {"notice": f"{items_in_words(len(ids))} selected on the map."}, []


def _spec(session: SessionLike) -> dict[str, Any]:
    """Names and colours of the classes, and what the labels are."""
    names = session.classes if session.learns_classes else []
    return {"names": names, "colours": class_colours(len(names)), "kind": session.task.kind}
