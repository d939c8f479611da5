"""Asks that were put to people, here and elsewhere, and which of them no label has answered yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from spin_nb.project.fold import State, current
from spin_nb.project.records import Ask, Event
from spin_nb.project.store import Store
from spin_nb.session.labels.audit_items import AuditItems
from spin_nb.session.labels.audit_release import AuditRelease

# Clocks of two machines may disagree by that before all asks are looked through.
MAX_CLOCK_SKEW = timedelta(minutes=1)


class ShownAsks:
    """Asks of the project shown to anybody.

    The audits among them go to ``audit_items``.

    Attributes
    ----------
    n_asked : int
        Number of asks put to this annotator, and by earlier versions to anybody.
    """

    def __init__(
        self, store: Store, annotator: str, audit_items: AuditItems, audit_release: AuditRelease
    ) -> None:
        self.n_asked = 0
        self._store = store
        self._annotator = annotator
        self._audit_items = audit_items
        self._audit_release = audit_release
        self._open_tokens: dict[str, str] = {}
        self._numbers: dict[str, tuple[int, str | None]] = {}
        self._last_shown: dict[str, datetime] = {}
        self._latest_time = datetime.min.replace(tzinfo=UTC) + MAX_CLOCK_SKEW

    def __contains__(self, item: str) -> bool:
        return item in self._last_shown

    @property
    def last_shown(self) -> Mapping[str, datetime]:
        """Item -> time (UTC) at which somebody was asked it last."""
        return self._last_shown

    def open_token(self, item: str) -> str | None:
        """Token of the item's open ask, or None."""
        return self._open_tokens.get(item)

    def close(self, item: str) -> None:
        """Note that somebody has decided on an item."""
        self._open_tokens.pop(item, None)

    def note(
        self, item: str, token: str, audit: bool, annotator: str | None, shown_at: datetime, state: State
    ) -> None:
        """Note an ask as shown.

        ``state`` is the log by then; an item that somebody has decided on has no open ask.
        """
        if token not in self._numbers and annotator in (None, self._annotator):
            self.n_asked += 1
        number, _ = self._numbers.setdefault(token, (len(self._numbers), annotator))
        self._last_shown[item] = max(shown_at, self._last_shown.get(item, shown_at))
        if audit and self._audit_release.covers(item, shown_at):
            self._audit_items.released_items.add(item)
        elif audit:
            self._audit_items.show(item, number, annotator, shown_at)
        if current(state.active.get(item, ())) is None:
            self._open_tokens[item] = token

    def read_elsewhere(self, state: State) -> list[str]:
        """Read asks shown elsewhere; returns their items."""
        asks = self._store.shown_elsewhere(self._numbers, self._latest_time - MAX_CLOCK_SKEW)
        for ask in asks:
            self._note_stored(ask, state)
        return [ask.item for ask in asks]

    def take_in(self, events: Sequence[Event], state: State) -> None:
        """Note the asks that new events answer."""
        for event in events:
            if event.ask is not None and event.ask not in self._numbers:
                ask = self._store.ask(event.ask)
                if ask is not None:
                    self._note_stored(ask, state)
            if event.ask in self._numbers:
                self._audit_items.answer(*self._numbers[event.ask])

    def _note_stored(self, ask: Ask, state: State) -> None:
        shown_at = ask.shown_at or self._latest_time
        self._latest_time = max(self._latest_time, shown_at)
        self.note(ask.item, ask.token, ask.audit, ask.annotator, shown_at, state)
