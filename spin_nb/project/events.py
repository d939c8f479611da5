"""Rows of the ``events`` table: taking in what people did, exactly once and in order, and reading it back."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from spin_nb.errors import LabelError, ProjectError, SpinError
from spin_nb.project import asks, items, seals
from spin_nb.project.class_history import ClassHistory
from spin_nb.project.class_table import ClassTable
from spin_nb.project.fold import State, action_number, fold, newest_first
from spin_nb.project.records import (
    CLASSES,
    KINDS,
    MARK_KINDS,
    VALUE_KINDS,
    Event,
    NewEvent,
    SequenceGapError,
    Suggestion,
)
from spin_nb.project.values import as_json, as_moment, as_text, from_json, from_moment
from spin_nb.protocols import Task
from spin_nb.tasks import from_json as task_from_json
from spin_nb.words import shown


def last_seq(db: sqlite3.Connection, client: str) -> int:
    """Return the last entry of this client that was applied, 0 before its first."""
    row = db.execute("SELECT seq FROM clients WHERE client = ?", (as_text(client, "client id"),)).fetchone()
    return 0 if row is None else int(row["seq"])


def entries_stored(db: sqlite3.Connection, client: str, first: int, last: int) -> set[int]:
    """Entries of this client, ``first`` to ``last``, that have stored an event."""
    rows = db.execute(
        "SELECT client_seq FROM events WHERE client = ? AND client_seq BETWEEN ? AND ?", (client, first, last)
    )
    return {int(row["client_seq"]) for row in rows}


def claim(db: sqlite3.Connection, client: str, seq: int) -> bool:
    """Take entry ``seq`` of ``client``.

    It is True once, False ever after; SequenceGapError is raised where one is missing.
    """
    if isinstance(seq, bool) or not isinstance(seq, int) or seq < 1:
        raise LabelError(
            f"entry number {shown(seq)} is not a whole number from 1 up.",
            "Number a client's entries 1, 2, 3, ...",
        )
    last = last_seq(db, client)
    if seq > last + 1:
        raise SequenceGapError(client, last + 1, seq)
    if seq <= last:
        return False
    seals.replace(db, "clients", [(client, last)] if last else [], [(client, seq)])
    db.execute(
        "INSERT INTO clients VALUES (?, ?) ON CONFLICT(client) DO UPDATE SET seq = excluded.seq",
        (client, seq),
    )
    return True


def append(
    db: sqlite3.Connection, state: State, new: Sequence[NewEvent], client: tuple[str, int] | None
) -> tuple[list[Event], State]:
    """Store ``new`` in order.

    Return what was stored and the state after it.

    Undo with nothing to undo, and redo with nothing to redo, store nothing.

    Raises
    ------
    LabelError
        Unknown item or kind, a value that is missing, not wanted or not JSON, an event that cannot be undone.
    """
    after, new_events = state.copy(), []
    for new_event in new:
        event = _complete(db, after, new_event, client, state.seq + 1)
        if event is not None:
            new_events.append(_insert(db, after, event))
            after.apply(new_events[-1])
    after.settle()
    return new_events, after


def _complete(
    db: sqlite3.Connection, state: State, new: NewEvent, client: tuple[str, int] | None, first: int
) -> Event | None:
    """Check one event and fill in what only the store knows, all but its hash.

    Gesture 0 begins with the event numbered ``first``.
    """
    if new.kind not in KINDS:
        raise LabelError(f"no event is called {shown(new.kind)}.", f"Use one of: {', '.join(KINDS)}.")
    annotator = as_text(new.annotator, "annotator")
    origin = client or (None, None)
    if new.kind in ("undo", "redo"):
        target = _target(state, new.kind, annotator, new.target)
        if target is None:
            return None
        # The value after it, by trying it.
        number, action = state.seq + 1, action_number(target)
        event = Event(number, datetime.now(UTC), annotator, new.kind, target.item, target=action)
        before = state.value(target.item)
        after = fold([event], state).value(target.item)
        return replace(event, value=after, previous=before, client=origin[0], client_seq=origin[1])
    if new.kind == CLASSES:
        item = ""
        state.classes.now.after(new.value, state.seq + 1)
    else:
        item = items.require(db, new.item)
    return Event(
        state.seq + 1,
        datetime.now(UTC),
        annotator,
        new.kind,
        item,
        _value(new, state.value(item)),
        state.value(item),
        _check_suggestion(new.suggestion),
        None if new.is_accepted is None else bool(new.is_accepted),
        _answer_ask(db, item, new.ask),
        _milliseconds(new.shown_ms),
        client=origin[0],
        client_seq=origin[1],
        gesture=first if new.gesture == 0 else new.gesture,
        source=None if new.source is None else from_json(as_json(new.source, "source")),
    )


def _target(state: State, kind: str, annotator: str, number: int | None) -> Event | None:
    for events in newest_first(state, kind, annotator):
        if number is None or any(number in (event.seq, event.gesture) for event in events):
            return events[-1]
    if number is None:
        return None
    raise LabelError(
        f"event {shown(number)} is not one that {shown(annotator)} can {kind}.",
        f"{kind.capitalize()} without naming an event takes your last one.",
    )


def _value(new: NewEvent, label: Any) -> Any:
    """Value of an event; ``label`` is the item's at this moment."""
    if new.kind == "keep":
        if label is None or from_json(as_json(new.value, "label")) != label:
            raise LabelError(
                f"the label {shown(new.value)} of {shown(new.item)} cannot be kept: it is {shown(label)} now.",
                "Look at it again.",
            )
        return label
    if new.kind in MARK_KINDS:
        if not isinstance(new.value, str) or (not new.value and new.kind != "note"):
            raise LabelError(
                f"a {new.kind} of {shown(new.item)} is {shown(new.value)}.", "Pass it as text, in quotes."
            )
        return new.value
    if new.kind == CLASSES:
        return from_json(as_json(new.value, "change of classes"))
    if new.kind not in VALUE_KINDS:
        if new.value is not None:
            raise LabelError(
                f"{new.kind!r} takes no value; got {shown(new.value)}.", 'Use kind "label" to give a value.'
            )
        return None
    if new.value is None:
        raise LabelError(f"a {new.kind} of {shown(new.item)} has no value.", 'Give a value, or use "skip".')
    return from_json(as_json(new.value, "label"))


def _check_suggestion(suggestion: Suggestion | None) -> Suggestion | None:
    if suggestion is None:
        return None
    try:
        value, p = suggestion
        p = None if p is None else float(p)
    except (TypeError, ValueError):
        raise LabelError(
            f"suggested={shown(suggestion)} is not a (value, probability) pair.",
            'For example ("crack", 0.9).',
        ) from None
    return from_json(as_json(value, "suggestion")), p


def _milliseconds(value: object) -> float | None:
    # Browser clocks go wrong (sleep, time zones); a nonsense duration is no reason to refuse a label.
    try:
        duration = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        duration = math.nan
    return duration if math.isfinite(duration) and duration >= 0 else None


def _answer_ask(db: sqlite3.Connection, item: str, token: str | None) -> str | None:
    """Mark the ask shown and return its token.

    It is None where the ask is unknown: a label outweighs its ask.
    """
    ask = None if token is None else asks.get(db, token)
    if ask is None:
        return None
    if ask.item != item:
        raise LabelError(
            f"ask {token!r} is about {ask.item!r}, not {item!r}.", "Label the item that was asked."
        )
    if ask.shown_at is None:
        asks.mark_shown(db, [ask.token])
    return ask.token


_COLUMNS = (
    "time, annotator, kind, item, value, previous, suggested, accepted, ask, shown_ms, target,"
    " client, client_seq, gesture"
)
FORMER_HASH_COLUMNS = f"seq, {_COLUMNS}"  # in versions 2 and 3
HASH_COLUMNS = f"{FORMER_HASH_COLUMNS}, source"  # what the hash of an event is of
_FORMER_KINDS = {"gold": "imported"}  # until version 2
_INSERT = (
    f"INSERT INTO events({HASH_COLUMNS}, chain) VALUES ({', '.join('?' * len(HASH_COLUMNS.split(',')))}, ?)"
)


def _insert(db: sqlite3.Connection, state: State, event: Event) -> Event:
    def as_json_or_none(value: object) -> str | None:
        return None if value is None else as_json(value, "value")

    row = (
        event.seq,
        as_moment(event.time),
        event.annotator,
        event.kind,
        event.item or None,
        as_json_or_none(event.value),
        as_json_or_none(event.previous),
        as_json_or_none(event.suggestion),
        None if event.is_accepted is None else int(event.is_accepted),
        event.ask,
        event.shown_ms,
        event.target,
        event.client,
        event.client_seq,
        event.gesture,
        as_json_or_none(event.source),
    )
    chain = seals.link(state.chain, row)
    insert(db, row, chain)
    return replace(event, chain=chain)


def insert(db: sqlite3.Connection, row: tuple[Any, ...], chain: str) -> None:
    """Store a row of which ``chain`` is the hash."""
    db.execute(_INSERT, (*row, chain))


def as_present(row: Sequence[Any]) -> tuple[Any, ...]:
    """Row of this or an older version, without its hash, as this version has it (:data:`HASH_COLUMNS`)."""
    absent = (None,) * (len(HASH_COLUMNS.split(",")) - len(row))
    return (*row[:3], _FORMER_KINDS.get(row[3], row[3]), *row[4:], *absent)


def read(db: sqlite3.Connection, after: int = 0) -> list[Event]:
    """Return the events numbered above ``after``, oldest first."""
    return [_event(row) for row in db.execute(_select(HASH_COLUMNS), (after,))]


def _select(columns: str) -> str:
    return f"SELECT {columns}, chain FROM events WHERE seq > ? ORDER BY seq"


def caught_up(db: sqlite3.Connection, state: State) -> State:
    """Return the state after every event there is.

    Those before must be as they were when ``state`` was made.

    Raises
    ------
    ProjectError
        An event is not what was stored, or is gone.
    """
    if not state.seq and not state.chain:
        state = State(chain=seals.first(db), classes=ClassHistory(ClassTable.of(_task(db))))
    elif chain_at(db, state.seq) != state.chain:
        raise _damage_at(state.seq)
    new = [_event(row) for row in _rows_that_fit(db, state.seq, state.chain)]
    return fold(new, state) if new else state


def _task(db: sqlite3.Connection) -> Task | None:
    """Task that a project was made with; None where it has none that can be read."""
    try:
        text = items.meta(db).get("task")
        return task_from_json(text) if isinstance(text, str) else None
    except SpinError:
        return None  # whoever needs it says so


def check_former_links(db: sqlite3.Connection, version: int) -> None:
    """Raise ProjectError where an event of an older version, 2 or later, is not what was stored."""
    for _ in _rows_that_fit(db, 0, seals.first(db), hash_columns(version)):
        pass


def hash_columns(version: int) -> str:
    """Columns that the hash of an event is of in this version, 2 or later."""
    return FORMER_HASH_COLUMNS if version < 4 else HASH_COLUMNS


def _rows_that_fit(
    db: sqlite3.Connection, seq: int, chain: str, columns: str = HASH_COLUMNS
) -> Iterator[sqlite3.Row]:
    for row in db.execute(_select(columns), (seq,)):
        *hash_row, chain_on_disk = row
        chain = seals.link(chain, hash_row)
        if chain != chain_on_disk:
            raise _damage_at(row["seq"])
        yield row


def chain_at(db: sqlite3.Connection, seq: int) -> str | None:
    """Hash of the events up to this one, None where it is not there; before the first, what that is linked to."""
    if not seq:
        return seals.first(db)
    row = db.execute("SELECT chain FROM events WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else row[0]


def _damage_at(seq: int) -> ProjectError:
    return ProjectError(
        f"the project is damaged: event {seq} or one before it is not what was stored.",
        "Restore it from a copy.",
    )


def items_of(db: sqlite3.Connection, numbers: Collection[int]) -> frozenset[str]:
    """Return the items that the events with these numbers are about; unknown numbers are passed over."""
    number = set(numbers)
    rows = db.execute("SELECT seq, item FROM events WHERE seq <= ?", (max(number, default=0),))
    return frozenset(row["item"] for row in rows if row["seq"] in number)


def _event(row: sqlite3.Row | Mapping[str, Any]) -> Event:
    if row["kind"] not in KINDS or not isinstance(row["annotator"], str):
        raise ProjectError(
            f"the project is damaged: event {row['seq']} is {row['kind']!r:.40} by {row['annotator']!r:.40}.",
            "Restore it from a copy.",
        )
    return Event(
        row["seq"],
        from_moment(row["time"]),
        row["annotator"],
        row["kind"],
        row["item"] or "",
        from_json(row["value"]),
        from_json(row["previous"]),
        _pair(from_json(row["suggested"])),
        None if row["accepted"] is None else bool(row["accepted"]),
        row["ask"],
        row["shown_ms"],
        row["target"],
        row["client"],
        row["client_seq"],
        row["gesture"],
        from_json(row["source"]),
        row["chain"],
    )


def is_event(row: Sequence[Any]) -> bool:
    """Say whether a row of this or an older version, without its hash, can be read as an event."""
    try:
        columns = HASH_COLUMNS.replace(" ", "").split(",")
        event = _event(dict(zip(columns, as_present(row), strict=True)) | {"chain": ""})
    except (ProjectError, TypeError, ValueError):
        return False
    return isinstance(event.item, str) and isinstance(event.annotator, str)


def _pair(suggestion: object) -> Suggestion | None:
    if suggestion is None:
        return None
    if (
        not isinstance(suggestion, list)
        or len(suggestion) != 2
        or not isinstance(suggestion[1], float | int | None)
    ):
        raise ProjectError(
            f"the project is damaged: {shown(suggestion)} is no suggestion.", "Restore it from a copy."
        )
    return suggestion[0], suggestion[1]
