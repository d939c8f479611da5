"""Divide asks between the people who label one project, in one notebook each or in one process."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from spin_nb.project.records import NewAsk
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject

# After which an ask that somebody left unanswered may be put to somebody else.
LEASE = timedelta(minutes=30)
MAX_DRAWS = 8  # where others were quicker to take what was drawn, before fewer asks have to do


def asked_of_others(project: OpenProject, live: LiveModel) -> dict[str, bool]:
    """Map items that others were asked to "is an audit".

    It holds the open ones: those not answered, and those that wait in their queues.
    """
    open_asks = project.store.asked_of_others(project.annotator, datetime.now(UTC) - LEASE)

    def is_open(item: str, moment: datetime) -> bool:
        label = live.label_log.current(item)
        return project.pool.has(item) and (label is None or label.time < moment)

    return {item: audit for item, audit, moment in open_asks if is_open(item, moment)}


def annotator_seed(project: OpenProject) -> int:
    """Seed of what is drawn for this annotator.

    Whoever was asked first in a project has the project's own, so one person alone always gets the same asks; another
    person's differs, or both would draw the same items at the same time.
    """
    if project.store.meta.get("first_annotator", project.annotator) == project.annotator:
        return project.seed
    salt = f"{project.seed}|{project.annotator}".encode()
    return int.from_bytes(hashlib.blake2b(salt, digest_size=6).digest())


def book(
    project: OpenProject, live: LiveModel, asks: Sequence[NewAsk], since: int, *, at_once: bool = False
) -> dict[str, NewAsk]:
    """Record asks; returns token -> ask.

    Left out is what others took, decided on or reserved meanwhile.

    A step for :meth:`LabelLog.retry_while_busy`: no label waits behind it while another process has the database.

    Parameters
    ----------
    since : int
        The last event that was known when they were drawn.
    at_once : bool
        They are put to the person at once.
    """
    if not asks:
        return {}
    label_log, store = live.label_log, project.store
    # Between the look at others' asks and these being written, nobody writes any.
    with label_log.transaction():
        live.catch_up()
        if "first_annotator" not in store.meta:
            store.set_meta("first_annotator", project.annotator)
        others = asked_of_others(project, live)
        reserved_mask = label_log.plan.reserved_mask
        free = [
            ask
            for ask in asks
            if ask.item not in others
            and not label_log.decided_since(ask.item, since)
            and (ask.audit or not reserved_mask[project.pool.row(ask.item)])
        ]
        tokens = store.propose(free)
        if at_once:
            store.mark_shown(tokens)
    if at_once:
        label_log.note_shown(tokens, free)
    return dict(zip(tokens, free, strict=True))
