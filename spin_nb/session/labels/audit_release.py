"""Which audits train since the latest release, whenever a session hears of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from spin_nb.project.records import VALUE_KINDS, Event
from spin_nb.project.store import Store
from spin_nb.session.labels.audit_items import AuditItems


class AuditRelease:
    """The latest release of audits.

    Attributes
    ----------
    stored_seq : int
        Number of the last event before the release that the project's settings tell of; 0 without one.
    """

    def __init__(self, store: Store, audit_items: AuditItems) -> None:
        self.stored_seq = 0
        self._store = store
        self._audit_items = audit_items
        self._seq = 0
        self._time = datetime.min.replace(tzinfo=UTC)
        self._first_labelled: dict[str, int] = {}

    def take_in(self, events: Sequence[Event]) -> None:
        """Note when items were labelled first."""
        for event in events:
            if event.kind in VALUE_KINDS:
                self._first_labelled.setdefault(event.item, event.seq)

    def apply_stored(self, last_seq: int, events: Sequence[Event]) -> list[str]:
        """Apply a release made elsewhere; returns its items.

        It may have been made before the project was opened.  ``events`` are the new ones, ``last_seq`` the last number
        folded in.
        """
        # One that was stored after the events were read waits for those that came before it.
        if not self._seq < self.stored_seq <= last_seq:
            return []
        return self.apply(self.stored_seq, events)

    def apply(self, seq: int, events: Sequence[Event]) -> list[str]:
        """Release audits drawn up to event ``seq``; returns them.

        ``events`` are the newest, read already.

        What was taken in since counts as if it came later: every session must come to the same audits, whenever it
        hears of the release.
        """
        until = [event for event in events if event.seq <= seq]
        until = until or [event for event in self._store.events() if event.seq <= seq]
        self._seq = seq
        if until:
            self._time = until[-1].time
        items = [item for item, time in self._audit_items.showings() if self.covers(item, time)]
        self._audit_items.release(items)
        return items

    def covers(self, item: str, shown_at: datetime) -> bool:
        """Check that an audit shown then is released."""
        return shown_at <= self._time or self._first_labelled.get(item, self._seq + 1) <= self._seq
