"""Events made of what a person decides, and taken back again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.project.fold import newest_decisions
from spin_nb.project.records import MARK_KINDS, VALUE_KINDS, Event, NewEvent
from spin_nb.session.labels.label_log import Change, LabelLog
from spin_nb.types import Extent
from spin_nb.words import shown

Act = tuple[str, str, Any]
"""Kind ("label", "skip", "unsure", "flag", "tag", "untag", "note"), item, value."""


def new_event(
    label_log: LabelLog,
    kind: str,
    item: str,
    value: object = None,
    extent: Extent | None = None,
    *,
    gesture: int | None = None,
) -> NewEvent:
    """Make an event, tied to the item's open ask unless it is a tag or a note: they answer none.

    ``extent`` is the item's, where it is known already; to look it up reads a file.
    """
    pool = label_log.pool
    row = pool.row(item)
    if kind in VALUE_KINDS:
        if extent is None:  # whatever it holds, a class is one of the names
            extent = Extent() if label_log.task.learns == "classes" else pool.known_extent(row)
        value = label_log.classes.validate(value, extent)
    token = None if kind in MARK_KINDS else label_log.shown_asks.open_token(item)
    return NewEvent(kind, item, value, annotator=label_log.annotator, ask=token, gesture=gesture)


def new_events(label_log: LabelLog, acts: Sequence[Act], source: object = None) -> list[NewEvent]:
    """Make one call's events from ``(kind, item, value)``.

    Undo takes them back together.  ``source`` says what their items were picked by; the first event keeps it.
    """
    gesture = 0 if len(acts) > 1 else None
    events = [new_event(label_log, *act, gesture=gesture) for act in acts]
    return [replace(events[0], source=source), *events[1:]]


def revert(label_log: LabelLog, kind: str) -> tuple[tuple[Event, ...], list[Change]]:
    """Undo or redo this annotator's last gesture.

    Returns its events, oldest first, and what changed.

    What that is, the transaction finds out: another kernel may undo for the same person at the same moment.

    Raises
    ------
    LabelError
        If there is nothing to take back or bring back.
    """
    with label_log.lock:
        with label_log.transaction():
            events = label_log.store.append([NewEvent(kind, annotator=label_log.annotator)])
        if not events:
            raise nothing_to(kind, label_log.annotator)
        return label_log.store.state().reversed_by(events[0]), label_log.sync()


def nothing_to(kind: str, annotator: str) -> LabelError:
    """Build the error for nothing to undo or redo."""
    return LabelError(f"{shown(annotator)} has nothing to {kind}.", "Label something first.")


def items_of(label_log: LabelLog, reversal: Event) -> list[str]:
    """Items of a new undo or redo, latest first."""
    events = label_log.store.state().reversed_by(reversal)
    return list(dict.fromkeys(event.item for event in reversed(events)))


def past(label_log: LabelLog, kind: str, n: int, skip: int = 0) -> list[tuple[Event, ...]]:
    """List what ``kind`` ("undo", "redo") would take, the next last.

    It lists only what this annotator decided on labels, no tags and notes; one call is one entry.  There are ``n`` of
    them at most, all but the last ``skip``.
    """
    reversals = newest_decisions(label_log.store.state(), kind, label_log.annotator)
    return list(islice(reversals, skip, skip + n))[::-1]
