"""Events -> what holds now.  Nothing is ever taken out of the log: undo is an event, state is a fold."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from spin_nb.project.class_history import ClassHistory
from spin_nb.project.copy_on_write import CopyOnWriteDict, SeqDict
from spin_nb.project.records import ASIDE_KINDS, CLASSES, MARK_KINDS, VALUE_KINDS, Event


@dataclass(frozen=True)
class Current:
    """Label, skip or flag that an item has now.

    The latest of label, imported, skip, unsure and none that has not been undone decides ``kind`` and ``value``: a
    skip after a label takes the label back.  A flag leaves the label as it is.  ``value`` is what the label says now:
    classes may have changed since its ``event``.
    """

    item: str
    kind: str
    value: Any
    seq: int
    annotator: str
    ask: str | None
    time: datetime
    flagged: bool
    event: Event


@dataclass(frozen=True)
class Marks:
    """Tags and note that an item has now; tags in the order given."""

    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass
class State:
    """Result of a fold over events.

    What the store hands out never changes afterwards: read it freely.  One more event costs the same however many
    came before it, see :class:`~spin_nb.project.copy_on_write.CopyOnWriteDict`; :attr:`current` and :attr:`labels`
    list everything, so nothing that follows every label may ask for them.

    Attributes
    ----------
    seq : int
        The last event folded in; 0 before the first.
    chain : str
        The hash of all events up to it, where it is known.
    active : mapping
        Item id -> its events that are not undone, oldest first.
    undo_stack : dict
        Annotator -> that person's events that undo could take, by their number; the highest is next.
    redo_stack : dict
        Annotator -> that person's events that redo could bring back, those taken back by one undo together, by the
        number of that undo; the highest is next.
    current_by_seq : mapping
        Number of the event that decided it -> what holds for an item.
    manual : mapping
        Those of ``current_by_seq`` that are labels given in a view.
    n_labels : int
        Items with a value now.
    marks : mapping
        Item id -> its tags and note, of those that have any.
    classes : ClassHistory
        Which classes there were when, and are now.
    """

    seq: int = 0
    active: CopyOnWriteDict[str, tuple[Event, ...]] = field(default_factory=CopyOnWriteDict)
    undo_stack: dict[str, SeqDict[Event]] = field(default_factory=dict)
    redo_stack: dict[str, SeqDict[tuple[Event, ...]]] = field(default_factory=dict)
    current_by_seq: SeqDict[Current] = field(default_factory=SeqDict)
    manual: SeqDict[Current] = field(default_factory=SeqDict)
    n_labels: int = 0
    chain: str = ""
    marks: CopyOnWriteDict[str, Marks] = field(default_factory=CopyOnWriteDict)
    classes: ClassHistory = field(default_factory=ClassHistory)
    _is_settled: bool = True

    @cached_property
    def current(self) -> dict[str, Current]:
        """Item id -> what holds for it, in the order of the events that decided it."""
        return {current.item: current for current in self.current_by_seq.values()}

    @property
    def labels(self) -> list[Current]:
        """Items with a value now, in order of labelling."""
        return [current for current in self.current_by_seq.values() if current.kind in VALUE_KINDS]

    def value(self, item: str) -> Any:
        """Return the item's value now, None where it has none."""
        label = self.decision(item)
        return label.value if label else None

    def decision(self, item: str) -> Current | None:
        """Return what holds for an item, None where nothing does: also where its class is gone."""
        return self._decision(self.active.get(item, ()))

    def _decision(self, events: tuple[Event, ...]) -> Current | None:
        decision = current(events)
        if decision is None or decision.kind not in VALUE_KINDS or not self.classes.tables:
            return decision
        value = self.classes.value_now(decision.value, decision.item, decision.seq)
        if value is None:
            return current(tuple(event for event in events if event.kind == "flag"))
        return decision if value == decision.value else replace(decision, value=value)

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        return State(
            self.seq,
            self.active.copy(),
            {name: events.copy() for name, events in self.undo_stack.items()},
            {name: events.copy() for name, events in self.redo_stack.items()},
            self.current_by_seq.copy(),
            self.manual.copy(),
            self.n_labels,
            self.chain,
            self.marks.copy(),
            self.classes,
            self._is_settled,
        )

    def apply(self, event: Event) -> None:
        """Fold one more event in, in place.

        After the last of them :meth:`settle` is due.
        """
        self.__dict__.pop("current", None)
        self.seq, self.chain = event.seq, event.chain
        undo_stack = self.undo_stack.setdefault(event.annotator, SeqDict())
        redo_stack = self.redo_stack.setdefault(event.annotator, SeqDict())
        if event.kind == "undo":
            self._undo(event, undo_stack, redo_stack)
        elif event.kind == "redo":
            self._redo(event, undo_stack, redo_stack)
        else:
            undo_stack[event.seq] = event
            self.redo_stack[event.annotator] = SeqDict()
            if event.kind == CLASSES:
                self._change_classes((*self.classes.changes, event))
            else:
                self._set_active(event.item, (*self.active.get(event.item, ()), event))

    def settle(self) -> None:
        """Look at every label anew, where the classes have changed."""
        if self._is_settled:
            return
        self._is_settled, self.n_labels = True, 0
        self.current_by_seq, self.manual = SeqDict(), SeqDict()
        for events in self.active.values():
            decision = self._decision(events)
            if decision is not None:
                self._add(decision)

    def _change_classes(self, changes: Iterable[Event]) -> None:
        self.classes, self._is_settled = self.classes.after(self.seq, tuple(changes)), False

    def reversed_by(self, reversal: Event) -> tuple[Event, ...]:
        """Events that an undo or redo, the last event folded in, took back or brought back; oldest first."""
        if reversal.kind == "undo":
            return self.redo_stack[reversal.annotator].get(reversal.seq, ())
        if reversal.target is None:
            return ()
        return _events_of(self.undo_stack[reversal.annotator], reversal.target)

    def _undo(self, undo: Event, undo_stack: SeqDict[Event], redo_stack: SeqDict[tuple[Event, ...]]) -> None:
        events = () if undo.target is None else _events_of(undo_stack, undo.target)
        if events:
            redo_stack[undo.seq] = events
        for event in events:
            del undo_stack[event.seq]
            if event.kind == CLASSES:
                self._change_classes(e for e in self.classes.changes if e.seq != event.seq)
            else:
                self._set_active(event.item, tuple(e for e in self.active[event.item] if e.seq != event.seq))

    def _redo(self, redo: Event, undo_stack: SeqDict[Event], redo_stack: SeqDict[tuple[Event, ...]]) -> None:
        candidates = (
            (seq, events) for seq, events in redo_stack.newest() if action_number(events[0]) == redo.target
        )
        seq, events = next(candidates, (0, ()))
        if events:
            del redo_stack[seq]
        for event in events:
            undo_stack[event.seq] = event
            if event.kind == CLASSES:
                self._change_classes((*self.classes.changes, event))
                continue
            active = list(self.active.get(event.item, ()))
            insort(active, event, key=lambda e: e.seq)
            self._set_active(event.item, tuple(active))

    def _set_active(self, item: str, events: tuple[Event, ...]) -> None:
        if self._is_settled:  # else all are looked at anew
            before, after = self.decision(item), self._decision(events)
            if before is not None:
                self._remove(before)
            if after is not None:
                self._add(after)
        if events:
            self.active[item] = events
        else:
            del self.active[item]
        marks = marks_of(events)
        if marks != Marks():
            self.marks[item] = marks
        elif item in self.marks:
            del self.marks[item]

    def _add(self, current: Current) -> None:
        self.current_by_seq[current.seq] = current
        if current.kind in VALUE_KINDS:
            self.n_labels += 1
            if current.event.client is not None:
                self.manual[current.seq] = current

    def _remove(self, current: Current) -> None:
        del self.current_by_seq[current.seq]
        if current.kind in VALUE_KINDS:
            self.n_labels -= 1
            if current.event.client is not None:
                del self.manual[current.seq]


def current(active: tuple[Event, ...]) -> Current | None:
    """Return what holds for an item by its active events, oldest first; None where none is about its label."""
    about_label = [event for event in active if event.kind not in ASIDE_KINDS]
    if not about_label:
        return None
    deciding = [event for event in about_label if event.kind != "flag"]
    last = (deciding or about_label)[-1]
    return Current(
        last.item,
        last.kind,
        last.value,
        last.seq,
        last.annotator,
        last.ask,
        last.time,
        len(deciding) < len(about_label),
        last,
    )


def is_labelled(active: tuple[Event, ...]) -> bool:
    """Check that active events, oldest first, give a label, whether or not its class is still there."""
    decision = current(active)
    return decision is not None and decision.kind in VALUE_KINDS


def marks_of(active: tuple[Event, ...]) -> Marks:
    """Tags and note of an item by its active events, oldest first."""
    tags: dict[str, None] = {}
    note = ""
    for event in active:
        if event.kind == "tag":
            tags[event.value] = None
        elif event.kind == "untag":
            tags.pop(event.value, None)
        elif event.kind == "note":
            note = event.value
    return Marks(tuple(tags), note)


def fold(events: Iterable[Event], state: State | None = None) -> State:
    """Return ``state`` with ``events`` applied in order.

    ``state`` itself is left as it was.

    Undo takes back an event of the SAME annotator that is active, with all others of its call or gesture;
    anything else is passed over, so that a fold never fails.  Redo brings them back to their old places.  A new event
    of that annotator empties what redo could bring back.

    Parameters
    ----------
    events : iterable of Event
        In ascending ``seq``, all after ``state.seq``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> now = datetime(2025, 1, 1, tzinfo=UTC)
    >>> label = Event(1, now, "ada", "label", "img_7", "crack")
    >>> fold([label]).value("img_7")
    'crack'
    >>> fold([label, Event(2, now, "ada", "undo", "img_7", target=1)]).value("img_7") is None
    True
    """
    result = State() if state is None else state.copy()
    for event in events:
        result.apply(event)
    result.settle()
    return result


def action_number(event: Event) -> int:
    """Number by which undo and redo name an event.

    It is that of the call or gesture it is part of, else its own.
    """
    return event.seq if event.gesture is None else event.gesture


def _events_of(undo_stack: SeqDict[Event], action: int) -> tuple[Event, ...]:
    """Return the active events of one action, oldest first.

    What came before it costs no look.
    """
    events: list[Event] = []
    for seq, event in undo_stack.newest():
        if seq < action:
            break
        if action_number(event) == action:
            events.append(event)
    return tuple(events[::-1])


def changed_items(before: State, events: Iterable[Event]) -> list[str]:
    """Items for which something else may hold after ``events`` than in the state before them, each once."""
    new = list(events)
    reversals = {(event.annotator, event.target) for event in new if event.kind in ("undo", "redo")}
    changes = [event for event in new if event.kind not in ("undo", "redo") or event.target is None]
    for annotator, target in reversals:
        if target is not None:
            changes += _events_of(before.undo_stack.get(annotator, SeqDict()), target)
            for _, together in before.redo_stack.get(annotator, SeqDict()).newest():
                changes += together if action_number(together[0]) == target else ()
    return list(dict.fromkeys(event.item for event in changes if event.kind != CLASSES))


def last_undoable(state: State, annotator: str) -> Event | None:
    """Return the newest event that undo would take back for ``annotator``, None where there is none."""
    return next((events[-1] for events in newest_first(state, "undo", annotator)), None)


def last_redoable(state: State, annotator: str) -> Event | None:
    """Return the newest event that redo would bring back for ``annotator``, None where there is none."""
    return next((events[-1] for events in newest_first(state, "redo", annotator)), None)


def newest_decisions(state: State, kind: str, annotator: str) -> Iterator[tuple[Event, ...]]:
    """Those of :func:`newest_first` that decided on labels: no tags, no notes, no changes of classes."""
    return (
        events
        for events in newest_first(state, kind, annotator)
        if events[0].kind not in (*MARK_KINDS, CLASSES)
    )


def newest_first(state: State, kind: str, annotator: str) -> Iterator[tuple[Event, ...]]:
    """Events that ``kind`` ("undo", "redo") would take of ``annotator``, the next one first.

    Events of one call or gesture go together, oldest first.
    """
    if kind == "redo":
        yield from (events for _, events in state.redo_stack.get(annotator, SeqDict()).newest())
        return
    undo_stack, gestures = state.undo_stack.get(annotator, SeqDict()), set[int]()
    for _, event in undo_stack.newest():
        if event.gesture is None:
            yield (event,)
        elif event.gesture not in gestures:
            gestures.add(event.gesture)
            yield _events_of(undo_stack, event.gesture)
