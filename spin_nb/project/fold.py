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

    The latest of label, gold, skip and unsure that has not been undone decides ``kind`` and ``value``: a skip
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
        Annotator -> that person's events that redo could bring back, by the number of their undo; the highest is
        next.
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
    undone: dict[str, BySeq[Event]] = field(default_factory=dict)
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

    def _take_back(self, undo: Event, mine: BySeq[Event], gone: BySeq[Event]) -> None:
        event = None if undo.target is None else mine.get(undo.target)
        if event is not None:
            del mine[event.seq]
            gone[undo.seq] = event
            self._stand(event.item, tuple(e for e in self.standing[event.item] if e.seq != event.seq))

    def _bring_back(self, redo: Event, gone: BySeq[Event], mine: BySeq[Event]) -> None:
        found = ((seq, event) for seq, event in gone.newest() if event.seq == redo.target)
        seq, event = next(found, (0, None))
        if event is not None:
            del gone[seq]
            mine[event.seq] = event
            events = list(self.standing.get(event.item, ()))
            insort(events, event, key=lambda e: e.seq)
            self._stand(event.item, tuple(events))

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

    Undo takes back an event of the SAME annotator that stands; anything else is passed over, so that a fold
    never fails.  Redo brings it back to its old place.  A new event of that annotator empties what redo could
    bring back.

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


def last_undoable(state: State, annotator: str) -> Event | None:
    """Return the event that undo would take back for ``annotator``, None where there is none."""
    return next(newest_first(state, "undo", annotator), None)


def last_redoable(state: State, annotator: str) -> Event | None:
    """Return the event that redo would bring back for ``annotator``, None where there is none."""
    return next(newest_first(state, "redo", annotator), None)


def newest_first(state: State, kind: str, annotator: str) -> Iterator[Event]:
    """Events of ``annotator`` that ``kind`` ("undo", "redo") would take, the next one first."""
    stack = (state.done if kind == "undo" else state.undone).get(annotator)
    return (event for _, event in stack.newest()) if stack else iter(())
