"""Events -> what holds now.  Nothing is ever taken out of the log: undo is an event, state is a fold."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

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

    Attributes
    ----------
    seq : int
        The last event folded in; 0 before the first.
    standing : dict
        Item id -> its events that stand (not undone), oldest first.
    done, undone : dict
        Annotator -> that person's events that undo / redo would take next, last one first to go.
    """

    seq: int = 0
    standing: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    done: dict[str, list[Event]] = field(default_factory=dict)
    undone: dict[str, list[Event]] = field(default_factory=dict)

    @cached_property
    def current(self) -> dict[str, Current]:
        """Item id -> what holds for it, in the order of the events that decided it."""
        held = (current(events) for events in self.standing.values())
        return {c.item: c for c in sorted((c for c in held if c), key=lambda c: c.seq)}

    @property
    def labels(self) -> list[Current]:
        """Items with a value now, in order of labelling."""
        return [c for c in self.current.values() if c.kind in VALUED]

    def value(self, item: str) -> Any:
        """Return the item's value now, None where it has none."""
        held = current(self.standing.get(item, ()))
        return held.value if held else None

    def copy(self) -> State:
        """Return a state that can be changed without changing this one."""
        done = {name: list(stack) for name, stack in self.done.items()}
        undone = {name: list(stack) for name, stack in self.undone.items()}
        return State(self.seq, dict(self.standing), done, undone)

    def apply(self, event: Event) -> None:
        """Fold one more event in, in place."""
        self.__dict__.pop("current", None)
        self.seq = event.seq
        mine, gone = self.done.setdefault(event.annotator, []), self.undone.setdefault(event.annotator, [])
        if event.kind == "undo":
            self._take_back(event.target, mine, gone)
        elif event.kind == "redo":
            self._bring_back(event.target, gone, mine)
        else:
            mine.append(event)
            gone.clear()
            self.standing[event.item] = (*self.standing.get(event.item, ()), event)

    def _take_back(self, target: int | None, mine: list[Event], gone: list[Event]) -> None:
        event = _pop(mine, target)
        if event is not None:
            gone.append(event)
            left = tuple(e for e in self.standing.pop(event.item) if e.seq != event.seq)
            if left:
                self.standing[event.item] = left

    def _bring_back(self, target: int | None, gone: list[Event], mine: list[Event]) -> None:
        event = _pop(gone, target)
        if event is not None:
            insort(mine, event, key=_seq)
            events = list(self.standing.get(event.item, ()))
            insort(events, event, key=_seq)
            self.standing[event.item] = tuple(events)


def _seq(event: Event) -> int:
    return event.seq


def _pop(stack: list[Event], target: int | None) -> Event | None:
    for place in range(len(stack) - 1, -1, -1):
        if stack[place].seq == target:
            return stack.pop(place)
    return None


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
    stack = state.done.get(annotator)
    return stack[-1] if stack else None


def last_redoable(state: State, annotator: str) -> Event | None:
    """Return the event that redo would bring back for ``annotator``, None where there is none."""
    stack = state.undone.get(annotator)
    return stack[-1] if stack else None
