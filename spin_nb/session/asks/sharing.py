"""Asks divided between the people who label one project, in one notebook each or in one process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spin_nb.project.records import NewAsk

if TYPE_CHECKING:
    from spin_nb.session.session import Session

TAKEN_FOR = timedelta(
    minutes=30
)  # after which an ask that somebody left unanswered may be put to somebody else
TRIES = 8  # draws, where others were quicker to take what was drawn, before fewer asks have to do


def of_others(session: Session) -> dict[str, bool]:
    """Items that others have been asked and not answered, or will be from their queues; and which of them audit."""
    asked = session._store.asked_of_others(session.annotator, datetime.now(UTC) - TAKEN_FOR)
    label_log, pool = session._label_log, session.pool

    def is_open(item: str, moment: datetime) -> bool:
        held = label_log.current(item)
        return pool.has(item) and (held is None or held.time < moment)

    return {item: audit for item, audit, moment in asked if is_open(item, moment)}


def stream(session: Session) -> int:
    """Seed of what is drawn for this annotator.

    Whoever was asked first in a project has the project's own, so one person alone always gets the same asks; another
    person's differs, or both would draw the same items at the same time.
    """
    if session._store.meta.get("first_annotator", session.annotator) == session.annotator:
        return session.seed
    salt = f"{session.seed}|{session.annotator}".encode()
    return int.from_bytes(hashlib.blake2b(salt, digest_size=6).digest())


def book(session: Session, asks: Sequence[NewAsk], since: int, *, shown: bool = False) -> dict[str, NewAsk]:
    """Write down what was drawn; token -> ask, without those that others took, decided on or reserved meanwhile.

    A step for :meth:`LabelLog.patiently`: no label waits behind it while another process has the database.

    Parameters
    ----------
    since : int
        The last event that was known when they were drawn.
    shown : bool
        They are put to the person at once.
    """
    if not asks:
        return {}
    label_log, store = session._label_log, session._store
    with (
        label_log.transaction()
    ):  # between the look at others' asks and these being written, nobody writes any
        session._catch_up()
        if "first_annotator" not in store.meta:
            store.set_meta("first_annotator", session.annotator)
        taken = of_others(session)
        free = [
            ask
            for ask in asks
            if ask.item not in taken
            and not label_log.decided_since(ask.item, since)
            and (ask.audit or not session._plan.reserved[session.pool.row(ask.item)])
        ]
        tokens = store.propose(free)
        if shown:
            store.shown(tokens)
    if shown:
        label_log.note_shown(tokens, free)
    return dict(zip(tokens, free, strict=True))
