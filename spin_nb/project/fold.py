"""Events -> what holds now.  Nothing is ever taken out of the log: undo is an event, state is a fold."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from spin_nb.project.paged import BySeq, Paged
from spin_nb.project.records import VALUED, Event


@dataclass(frozen=True)
class Current:
    """What holds for one item now.

    The latest of label, imported, skip and unsure that has not been undone decides ``kind`` and ``value``: a skip
    after a label takes the label back.  A flag leaves the label as it is.
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


@dataclass
class State:
    """What a fold over events comes to.  What the store hands out never changes afterwards: read it freely.

    One more event costs the same however many came before it, see :class:`~spin_nb.project.paged.Paged`;
    :attr:`current` and :attr:`labels` list everything, so nothing that follows every label may ask for them.

    Attributes
    ----------
    seq : int
        The last event folded in; 0 before the first.
    chain : str
        The hash of all events up to it, where it is known.
    standing : mapping
        Item id -> its events that stand (not undone), oldest first.
    done : dict
        Annotator -> that person's events that undo could take, by their number; the highest is next.
    undone : dict
        Annotator -> that person's events that redo could bring back, those taken back by one undo together, by the
        number of that undo; the highest is next.
    decided : mapping
        Number of the event that decided it -> what holds for an item.
    by_hand : mapping
        Those of ``decided`` that are labels given in a view.
    n_labels : int
        Items with a value now.
    """

    seq: int = 0
    standing: Paged[str, tuple[Event, ...]] = field(default_factory=Paged)
    done: dict[str, BySeq[Event]] = field(default_factory=dict)
    undone: dict[str, BySeq[tuple[Event, ...]]] = field(default_factory=dict)
    decided: BySeq[Current] = field(default_factory=BySeq)
    by_hand: BySeq[Current] = field(default_factory=BySeq)
    n_labels: int = 0
    chain: str = ""

    @cached_property
    def current(self) -> dict[str, Current]:
        """Item id -> what holds for it, in the order of the events that decided it."""
        return {held.item: held for held in self.decided.values()}

    @property
    def labels(self) -> list[Current]:
        """Items with a value now, in order of labelling."""
        return [held for held in self.decided.values() if held.kind in VALUED]

    def value(self, item: str) -> Any:
        """Return the item's value now, None where it has none."""
        held = current(self.standing.get(item, ()))
        return held.value if held else None

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        return State(
            self.seq,
            self.standing.copy(),
            {name: events.copy() for name, events in self.done.items()},
            {name: events.copy() for name, events in self.undone.items()},
            self.decided.copy(),
            self.by_hand.copy(),
            self.n_labels,
            self.chain,
        )

    def apply(self, event: Event) -> None:
        """Fold one more event in, in place."""
        self.__dict__.pop("current", None)
        self.seq, self.chain = event.seq, event.chain
        mine = self.done.setdefault(event.annotator, BySeq())
        gone = self.undone.setdefault(event.annotator, BySeq())
        if event.kind == "undo":
            self._take_back(event, mine, gone)
        elif event.kind == "redo":
            self._bring_back(event, gone, mine)
        else:
            mine[event.seq] = event
            self.undone[event.annotator] = BySeq()
            self._stand(event.item, (*self.standing.get(event.item, ()), event))

    def moved_by(self, back: Event) -> tuple[Event, ...]:
        """Events that an undo or redo, the last event folded in, took back or brought back; oldest first."""
        if back.kind == "undo":
            return self.undone[back.annotator].get(back.seq, ())
        return () if back.target is None else _together(self.done[back.annotator], back.target)

    def _take_back(self, undo: Event, mine: BySeq[Event], gone: BySeq[tuple[Event, ...]]) -> None:
        events = () if undo.target is None else _together(mine, undo.target)
        if events:
            gone[undo.seq] = events
        for event in events:
            del mine[event.seq]
            self._stand(event.item, tuple(e for e in self.standing[event.item] if e.seq != event.seq))

    def _bring_back(self, redo: Event, gone: BySeq[tuple[Event, ...]], mine: BySeq[Event]) -> None:
        candidates = ((seq, events) for seq, events in gone.newest() if deed(events[0]) == redo.target)
        seq, events = next(candidates, (0, ()))
        if events:
            del gone[seq]
        for event in events:
            mine[event.seq] = event
            standing = list(self.standing.get(event.item, ()))
            insort(standing, event, key=lambda e: e.seq)
            self._stand(event.item, tuple(standing))

    def _stand(self, item: str, events: tuple[Event, ...]) -> None:
        before, after = current(self.standing.get(item, ())), current(events)
        if before is not None:
            self._forget(before)
        if after is not None:
            self._hold(after)
        if events:
            self.standing[item] = events
        else:
            del self.standing[item]

    def _hold(self, held: Current) -> None:
        self.decided[held.seq] = held
        if held.kind in VALUED:
            self.n_labels += 1
            if held.event.client is not None:
                self.by_hand[held.seq] = held

    def _forget(self, held: Current) -> None:
        del self.decided[held.seq]
        if held.kind in VALUED:
            self.n_labels -= 1
            if held.event.client is not None:
                del self.by_hand[held.seq]


def current(standing: tuple[Event, ...]) -> Current | None:
    """What one item's standing events, oldest first, come to; None where there are none."""
    if not standing:
        return None
    deciding = [event for event in standing if event.kind != "flag"]
    last = (deciding or standing)[-1]
    return Current(
        last.item,
        last.kind,
        last.value,
        last.seq,
        last.annotator,
        last.ask,
        last.time,
        len(deciding) < len(standing),
        last,
    )


def fold(events: Iterable[Event], state: State | None = None) -> State:
    """Return ``state`` with ``events`` applied in order; ``state`` itself is left as it was.

    Undo takes back an event of the SAME annotator that stands, with all others of its call or gesture that stand;
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
    return result


def deed(event: Event) -> int:
    """Number by which undo and redo name an event: that of the call or gesture it is part of, else its own."""
    return event.seq if event.gesture is None else event.gesture


def _together(done: BySeq[Event], target: int) -> tuple[Event, ...]:
    """Events of the deed ``target`` that stand, oldest first; what came before it costs no look."""
    events: list[Event] = []
    for seq, event in done.newest():
        if seq < target:
            break
        if deed(event) == target:
            events.append(event)
    return tuple(events[::-1])


def touched(before: State, events: Iterable[Event]) -> list[str]:
    """Items for which something else may hold after ``events`` than in the state before them, each once."""
    new = list(events)
    backs = {(event.annotator, event.target) for event in new if event.kind in ("undo", "redo")}
    moved = [event for event in new if event.kind not in ("undo", "redo") or event.target is None]
    for annotator, target in backs:
        if target is not None:
            moved += _together(before.done.get(annotator, BySeq()), target)
            for _, undone in before.undone.get(annotator, BySeq()).newest():
                moved += undone if deed(undone[0]) == target else ()
    return list(dict.fromkeys(event.item for event in moved))


def last_undoable(state: State, annotator: str) -> Event | None:
    """Return the newest event that undo would take back for ``annotator``, None where there is none."""
    return next((events[-1] for events in newest_first(state, "undo", annotator)), None)


def last_redoable(state: State, annotator: str) -> Event | None:
    """Return the newest event that redo would bring back for ``annotator``, None where there is none."""
    return next((events[-1] for events in newest_first(state, "redo", annotator)), None)


def newest_first(state: State, kind: str, annotator: str) -> Iterator[tuple[Event, ...]]:
    """What ``kind`` ("undo", "redo") would take of ``annotator``, the next one first.

    Events of one call or gesture go together, oldest first.
    """
    if kind == "redo":
        yield from (events for _, events in state.undone.get(annotator, BySeq()).newest())
        return
    done, seen = state.done.get(annotator, BySeq()), set[int]()
    for _, event in done.newest():
        if event.gesture is None:
            yield (event,)
        elif event.gesture not in seen:
            seen.add(event.gesture)
            yield _together(done, event.gesture)
