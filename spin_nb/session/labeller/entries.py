"""What a labeller's page has decided, applied exactly once and in order.

A page numbers its entries and sends them until they are acknowledged, also after a crash of either side: whatever comes
twice is applied once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from spin_nb.errors import LabelError, ReadOnlyError, SpinError, StorageError
from spin_nb.project.database import Busy
from spin_nb.project.records import NONE_OF_THESE, Event, NewEvent, SequenceGapError, Suggestion
from spin_nb.session.arguments import sequence_of, text, whole_number
from spin_nb.session.labeller.queue import AskOf
from spin_nb.session.labels.label_log import Change
from spin_nb.session.labels.new_events import items_of, new_event, nothing_to, past
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.announcer import Announcer
from spin_nb.types import Extent
from spin_nb.words import shown

_NumberedEntry = tuple[int, Mapping[str, Any]]
_LOG = logging.getLogger(__name__)
_REFUSED_BEFORE = "it was refused when it came first.\n  -> Label the item again."
_UNREADABLE = "the page sent an entry that cannot be read.\n  -> Reload the page."
REVERSALS = ("undo", "redo")
ENTRIES_PER_TRANSACTION = 200  # others label and look between them
MAX_CLIENT_CHARACTERS = 200


@dataclass
class _Outcome:
    """Outcome of some of a client's entries."""

    error: str | None = None
    gap: int | None = None
    items: list[str] = field(default_factory=list)
    shown_tokens: list[str] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    undos: list[dict[str, Any]] = field(default_factory=list)
    redos: list[dict[str, Any]] = field(default_factory=list)

    def add(self, later: _Outcome) -> None:
        """Add what came of the entries after these."""
        self.error, self.gap = later.error, later.gap
        for name in ("items", "shown_tokens", "refusals", "undos", "redos"):
            getattr(self, name).extend(getattr(later, name))


class Entries:
    """Applies entries of labeller pages; any thread.

    Attributes
    ----------
    kinds : tuple of str
        What a page may say of an item.
    """

    kinds: ClassVar[tuple[str, ...]] = ("label", "skip", "unsure", NONE_OF_THESE, "flag")

    def __init__(self, project: OpenProject, live: LiveModel, ask_of: AskOf, announcer: Announcer) -> None:
        self._project = project
        self._live = live
        self._ask_of = ask_of
        self._announcer = announcer

    def past(self, kind: str, n: int, skip: int = 0) -> list[dict[str, Any]]:
        """List the next undos or redos, nearest last.

        Each has id, kind, value, previous value and the number of items.

        What one call or gesture did is one entry, told by the last of its items.
        """
        if text(kind, "kind") not in REVERSALS:
            raise LabelError(f"kind={shown(kind)} is neither 'undo' nor 'redo'.", 'Pass kind="undo".')
        n, skip = whole_number(n, "n"), whole_number(skip, "skip")
        with self._live.label_log.lock:
            gestures = past(self._live.label_log, kind, n, skip)
        return [_summary(events) for events in gestures]

    def apply(self, client: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Apply entries of one client in sequence.

        Returns
        -------
        dict
            ``ack``: last sequence number on disk; ``gap``: the number wanted next, if one is missing; ``error``:
            why the entry after ``ack`` could not be stored (it stays pending in the view); ``refused``: entries the
            task does not allow, ``[{"seq", "what"}]``; ``undone``: which item each undo took back,
            ``[{"seq", "id"}]``; ``redone``: which item each redo brought back; ``n_labels``, ``per_minute``, and
            ``at``: the last event counted in.
        """
        client, entries = _client(client), sequence_of(entries, "entries")
        numbered_entries = [(_sequence_number(entry), entry) for entry in entries]
        refusals = [{"seq": None, "what": _UNREADABLE} for seq, _ in numbered_entries if seq is None]
        outcome = _Outcome(refusals=refusals)
        in_order = sorted(((n, e) for n, e in numbered_entries if n is not None), key=lambda pair: pair[0])
        changes: list[Change] = []
        label_log = self._live.label_log
        for first in range(0, len(in_order), ENTRIES_PER_TRANSACTION):
            some = in_order[first : first + ENTRIES_PER_TRANSACTION]
            part, part_changes = label_log.retry_while_busy(partial(self._apply_some, client, some))
            outcome.add(part)
            changes += part_changes
            if part.error is not None or part.gap is not None:
                break
        with label_log.lock:
            answer = {
                "ack": self._project.store.last_seq(client) if entries else 0,
                "gap": outcome.gap,
                "error": outcome.error,
                "refused": outcome.refusals,
                "undone": outcome.undos,
                "redone": outcome.redos,
                "n_labels": label_log.state.n_labels,
                "per_minute": label_log.labels_per_minute,
                "at": label_log.state.seq,
            }
        self._announcer.labels_changed(changes, outcome.items)
        return answer

    def _apply_some(self, client: str, entries: Sequence[_NumberedEntry]) -> tuple[_Outcome, list[Change]]:
        """Store some entries at once, then sync; under lock."""
        label_log, outcome = self._live.label_log, _Outcome()
        try:
            with label_log.transaction():
                self._live.follow_classes()
                self._store(outcome, client, entries)
        except Busy:
            raise
        except (StorageError, ReadOnlyError) as error:
            outcome = _Outcome(error=str(error))
        asks = [ask for token in outcome.shown_tokens if (ask := self._ask_of(token)) is not None]
        label_log.note_shown(outcome.shown_tokens, asks)
        changes = label_log.sync()
        self._live.follow(changes)
        return outcome, changes

    def _store(self, outcome: _Outcome, client: str, entries: Sequence[_NumberedEntry]) -> None:
        """Put entries into the transaction, to the first gap."""
        store = self._project.store
        self._refuse_again(outcome, client, entries)
        for seq, entry in entries:
            try:
                self._store_one(outcome, client, seq, entry)
            except (StorageError, ReadOnlyError):
                raise
            except SequenceGapError as gap:
                outcome.gap = gap.next_seq
                return
            # An entry that cannot be read would be sent again for ever, and hold up all that follow it.
            except Exception as error:
                if not isinstance(error, SpinError):
                    _LOG.exception("an entry of the labeller could not be read")
                what = str(error) if isinstance(error, SpinError) else _UNREADABLE
                outcome.refusals.append({"seq": seq, "what": what})
                store.append([], client=(client, seq))

    def _refuse_again(self, outcome: _Outcome, client: str, entries: Sequence[_NumberedEntry]) -> None:
        """Refuse entries again that a page sends again.

        It has not heard of the first refusal.
        """
        store = self._project.store
        last = store.last_seq(client)
        again = [seq for seq, entry in entries if seq <= last and entry.get("kind") != "shown"]
        if again:
            stored_seqs = store.entries_stored(client, again[0], again[-1])
            outcome.refusals += [
                {"seq": seq, "what": _REFUSED_BEFORE} for seq in again if seq not in stored_seqs
            ]

    def _store_one(self, outcome: _Outcome, client: str, seq: int, entry: Mapping[str, Any]) -> None:
        store, label_log = self._project.store, self._live.label_log
        if seq <= store.last_seq(client):
            return
        kind, token = text(entry.get("kind"), "kind"), entry.get("token")
        ask = self._ask_of(token)
        tokens = [str(token)] if ask is not None else []
        new_events = (
            []
            if kind == "shown"
            else [self.event_of(kind, entry, None if ask is None else (str(token), ask.item))]
        )
        events = store.append(new_events, client=(client, seq), shown_tokens=tokens)
        outcome.shown_tokens += tokens
        if kind not in REVERSALS:
            outcome.items += [event.item for event in events]
            return
        items = items_of(label_log, events[0])
        outcome.items += items
        reversals = outcome.undos if kind == "undo" else outcome.redos
        reversals.append({"seq": seq, "id": items[0], "n": len(items)})

    def event_of(self, kind: str, entry: Mapping[str, Any], ask: tuple[str, str] | None) -> NewEvent:
        """Make the event of an entry; ``ask``: token and item of the card's ask."""
        label_log, pool = self._live.label_log, self._project.pool
        if kind in REVERSALS:
            # A page knows of labels only: tags given in a cell stay.
            if not (decisions := past(label_log, kind, 1)):
                raise nothing_to(kind, label_log.annotator)
            return NewEvent(kind, annotator=label_log.annotator, target=decisions[0][-1].seq)
        if kind not in self.kinds or (kind == NONE_OF_THESE and not self._project.learns_classes):
            raise LabelError(f"{shown(kind)} is nothing the labeller may say.", "Reload the page.")
        item, answer = entry.get("id", ""), entry.get("suggested")
        # Looked up once: it takes a look into the item's file.
        extent = pool.known_extent(pool.row(item)) if kind == "label" or answer else None
        event = new_event(label_log, kind, item, entry.get("value"), extent)
        suggestion = self._suggestion(answer, extent)
        return NewEvent(
            kind,
            event.item,
            event.value,
            annotator=event.annotator,
            suggestion=suggestion,
            is_accepted=event.value == suggestion[0] if suggestion and kind == "label" else None,
            ask=ask[0] if ask is not None and ask[1] == event.item else event.ask,
            shown_ms=entry.get("shown_ms"),
        )

    def _suggestion(self, answer: Any, extent: Extent | None) -> Suggestion | None:
        """Read the suggestion shown, as the task writes it.

        A label can then be seen to be the same.
        """
        if not answer:
            return None
        try:
            value = self._project.task.validate(answer[0], extent)
            p = None if answer[1] is None else float(answer[1])
        except (SpinError, TypeError, ValueError, LookupError, OverflowError):
            return None  # it came from an older page: the label stands without it
        return (value, p) if p is None or 0 < p <= 1 else None


def _summary(events: tuple[Event, ...]) -> dict[str, Any]:
    """Summarise a gesture by its last item."""
    last = events[-1]
    n = len({event.item for event in events})
    return {"id": last.item, "kind": last.kind, "value": last.value, "previous": last.previous, "n": n}


def _sequence_number(entry: object) -> int | None:
    """Return the entry's number from 1 up, or None."""
    n = entry.get("seq") if isinstance(entry, Mapping) else None
    is_whole = isinstance(n, int | float) and not isinstance(n, bool) and n >= 1 and n % 1 == 0
    return int(n) if n is not None and is_whole else None


def _client(name: object) -> str:
    """Check a page's name; its own are 24 characters."""
    if len(text(name, "client")) > MAX_CLIENT_CHARACTERS:
        raise LabelError(f"client={shown(name)} is too long a name.", "Reload the page.")
    return str(name)
