"""The labeller's channel: its queue of cards, and its entries applied exactly once and in order.

May be called on any thread, also while a cell is busy.  A card's ask is written down when it is drawn and counts
as asked when it is shown, so a label that is re-sent after a crash still finds its ask.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from spin_nb.errors import LabelError, ReadOnlyError, SpinError, StorageError
from spin_nb.project.database import Busy
from spin_nb.project.records import Event, Gap, NewAsk, NewEvent, Suggestion
from spin_nb.project.values import as_text
from spin_nb.session.arguments import listed, text, whole
from spin_nb.session.asks.plan import Draft
from spin_nb.session.asks.sampler import drawing
from spin_nb.session.asks.sharing import TRIES, book
from spin_nb.session.labeller.cards import extent, inspected, item_card, steadily, weight
from spin_nb.session.labels.label_log import Change
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.session.session import Session

_Numbered = tuple[int, Mapping[str, Any]]
_LOG = logging.getLogger(__name__)
_REFUSED_BEFORE = "it was refused when it came first.\n  -> Label the item again."
_UNREADABLE = "the page sent an entry that cannot be read.\n  -> Reload the page."
MOST = 32_000_000  # bytes in one answer, after which no card follows: a minute of sound has five million
BACK = ("undo", "redo")
PIECE = 200  # entries in one transaction: others label and look between them
LONGEST_NAME = 200  # characters
KEEP = 8  # cards a new model does not replace: the person may already see or expect them


@dataclass(frozen=True)
class _Queued:
    """A card's ask, and the last event that was known when it was drawn."""

    ask: NewAsk
    since: int


@dataclass
class _Batch:
    """What came of one client's entries."""

    error: str | None = None
    gap: int | None = None
    items: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    undone: list[dict[str, Any]] = field(default_factory=list)
    redone: list[dict[str, Any]] = field(default_factory=list)

    def add(self, piece: _Batch) -> None:
        """Take in what came of the entries after these."""
        self.error, self.gap = piece.error, piece.gap
        for name in ("items", "shown", "refused", "undone", "redone"):
            getattr(self, name).extend(getattr(piece, name))


class Channel:
    """What a labeller says to the session it belongs to."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queue: dict[str, _Queued] = {}

    def queue_cards(self, n: int, have: Sequence[str] = ()) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Cards for a queue of ``n``, best first.

        Parameters
        ----------
        n : int
            Length of the queue.
        have : sequence of str
            Tokens the view holds, in order.  The first 8 that still stand are kept.

        Returns
        -------
        cards, buffers
            A kept card is ``{"token", "kept": True}``; a new one has id, what
            :func:`~spin_nb.session.labeller.cards.item_card` says, and ``suggestion`` (``{"value", "p"}`` or None); of very many
            classes the ``likeliest`` (``[[name, p or None], ...]``).  Fewer than ``n`` where they are large: no card
            follows once 32 MB are under way.
        """
        s, n, have = self._session, whole(n, "n"), listed(have, "have")
        if (
            not s._pool_model.is_deferred
        ):  # a large pool is labelled at random while it is still being looked at
            s._pool_model.wait()
        kept = s._label_log.patiently(partial(self._keep, have))
        cards, buffers = self._fill(self._top_up(n - len(kept)))
        return [*({"token": token, "kept": True} for token in kept), *cards], buffers

    def _keep(self, have: Sequence[str]) -> list[str]:
        """Take back all of the queue but the first of ``have`` that still stand; these."""
        s = self._session
        s._catch_up()
        kept = [token for token in have if self._stands(token)][:KEEP]
        self._take_back([token for token in self._queue if token not in kept])
        self._queue = {token: self._queue[token] for token in kept}  # in the order in which they are shown
        return kept

    def _take_back(self, tokens: Sequence[str]) -> None:
        s = self._session
        if tokens and not s.read_only:
            with s._label_log.transaction():
                s._store.discard(tokens)
        for token in tokens:
            self._queue.pop(token, None)

    def _top_up(self, n: int) -> dict[str, NewAsk]:
        """``n`` more asks for the queue; drawn again where others were quicker to take some."""
        s, fresh = self._session, dict[str, NewAsk]()
        for _ in range(TRIES):
            with s._label_log.lock:
                s._catch_up()
                since = s._label_log.state.seq
                draw = self._drawing(n - len(fresh), [queued.ask for queued in self._queue.values()])
            drawn = draw().asks if draw else []
            booked = s._label_log.patiently(partial(self._book, drawn, since))
            fresh.update(booked)
            if len(booked) == len(drawn):
                break
        return fresh

    def _book(self, drawn: Sequence[NewAsk], since: int) -> dict[str, NewAsk]:
        booked = book(self._session, drawn, since)
        self._queue.update({token: _Queued(ask, since) for token, ask in booked.items()})
        return booked

    def _fill(self, fresh: dict[str, NewAsk]) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Cards of fresh asks as far as one message holds them; the other asks are taken back.

        Reading pictures, and a person's own suggestions, take time: they hold up no label.
        """
        cards: list[dict[str, Any]] = []
        buffers: list[bytes] = []
        held, waiting = 0, dict(fresh)
        while waiting and held < MOST:
            token = next(iter(waiting))
            ask = waiting.pop(token)
            try:
                card, own = self._draw(ask, offset=len(buffers))
            except LabelError:  # it turned out to be broken in this very moment, and left the pool
                continue
            cards.append({"token": token, **card})
            buffers += own
            held += weight(card, own)
        if waiting:
            self._session._label_log.patiently(partial(self._take_back, list(waiting)))
        return cards, buffers

    def card(self, id: str) -> tuple[dict[str, Any], list[bytes]]:
        """One item with its prediction and label, for hover and inspection."""
        return inspected(self._session, id)

    def suggestions(self, tokens: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """What would be pre-filled now on cards of the queue, token by token; audits and unknown cards are left out."""
        s, asks = self._session, self._asks(tokens)
        out: dict[str, dict[str, Any] | None] = {}
        for token, ask in asks.items():
            if not ask.suggest:
                continue
            _, said = steadily(s, ask.item, s._suggestions.of)
            out[token] = None if said is None else {"value": said[0], "p": said[1]}
        return out

    def _asks(self, tokens: Sequence[str]) -> dict[str, NewAsk]:
        """Asks of cards that still stand, by token."""
        tokens = listed(tokens, "tokens")
        with self._session._label_log.lock:
            return {token: ask for token in tokens if self._stands(token) and (ask := self._recall(token))}

    def likeliest(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, float | None]]]:
        """The classes on the first keys of cards of the queue, by token; none where every class has its key."""
        s, asks = self._session, self._asks(tokens)
        out = {}
        for token, ask in asks.items():
            _, names = steadily(s, ask.item, partial(s._suggestions.likeliest, told=ask.suggest))
            if names:
                out[token] = names
        return out

    def past(self, kind: str, n: int, skip: int = 0) -> list[dict[str, Any]]:
        """What undo or redo would take next, the very next one last: id, kind, value, previous value, number of items.

        What one call or gesture did is one entry, told by the last of its items.
        """
        if text(kind, "kind") not in BACK:
            raise LabelError(f"kind={shown(kind)} is neither 'undo' nor 'redo'.", 'Pass kind="undo".')
        n, skip = whole(n, "n"), whole(skip, "skip")
        with self._session._label_log.lock:
            past = self._session._label_log.past(kind, n, skip)
        return [_told(events) for events in past]

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
        s, client, entries = self._session, _client(client), listed(entries, "entries")
        numbered = [(_seq(entry), entry) for entry in entries]
        whole_batch = _Batch(
            refused=[{"seq": None, "what": _UNREADABLE} for seq, _ in numbered if seq is None]
        )
        in_order = sorted(((n, e) for n, e in numbered if n is not None), key=lambda pair: pair[0])
        changes: list[Change] = []
        for first in range(0, len(in_order), PIECE):
            piece = in_order[first : first + PIECE]
            batch, changed = s._label_log.patiently(partial(self._piece, client, piece))
            whole_batch.add(batch)
            changes += changed
            if batch.error is not None or batch.gap is not None:
                break
        with s._label_log.lock:
            answer = {
                "ack": s._store.last_seq(client) if entries else 0,
                "gap": whole_batch.gap,
                "error": whole_batch.error,
                "refused": whole_batch.refused,
                "undone": whole_batch.undone,
                "redone": whole_batch.redone,
                "n_labels": s._label_log.state.n_labels,
                "per_minute": s.labels_per_minute,
                "at": s._label_log.state.seq,
            }
        s._announce(changes, whole_batch.items)
        return answer

    def _piece(self, client: str, entries: Sequence[_Numbered]) -> tuple[_Batch, list[Change]]:
        """Some entries in one transaction, under the lock."""
        s, batch = self._session, _Batch()
        try:
            with s._label_log.transaction():
                self._take(batch, client, entries)
        except Busy:
            raise
        except (StorageError, ReadOnlyError) as error:
            batch = _Batch(error=str(error))
        return batch, s._settle(batch.shown)

    def _take(self, batch: _Batch, client: str, entries: Sequence[_Numbered]) -> None:
        """Put entries into the transaction under way, up to the first gap."""
        store = self._session._store
        self._tell_again(batch, client, entries)
        for seq, entry in entries:
            try:
                self._one(batch, client, seq, entry)
            except (StorageError, ReadOnlyError):
                raise
            except Gap as gap:
                batch.gap = gap.wanted
                return
            # An entry that cannot be read would be sent again for ever, and hold up all that follow it.
            except Exception as error:
                if not isinstance(error, SpinError):
                    _LOG.exception("an entry of the labeller could not be read")
                what = str(error) if isinstance(error, SpinError) else _UNREADABLE
                batch.refused.append({"seq": seq, "what": what})
                store.append([], client=(client, seq))

    def _tell_again(self, batch: _Batch, client: str, entries: Sequence[_Numbered]) -> None:
        """Entries sent again that had been refused: the page that sends them has not heard of that."""
        store = self._session._store
        last = store.last_seq(client)
        again = [seq for seq, entry in entries if seq <= last and entry.get("kind") != "shown"]
        if again:
            stored = store.entries_stored(client, again[0], again[-1])
            batch.refused += [{"seq": seq, "what": _REFUSED_BEFORE} for seq in again if seq not in stored]

    def _one(self, batch: _Batch, client: str, seq: int, entry: Mapping[str, Any]) -> None:
        s = self._session
        if seq <= s._store.last_seq(client):
            return
        kind, token = text(entry.get("kind"), "kind"), _storable(entry.get("token"))
        seen = [token] if token is not None and self._recall(token) is not None else []
        new = [] if kind == "shown" else [self._event(kind, entry, token)]
        stored = s._store.append(new, client=(client, seq), shown=seen)
        batch.shown += seen
        if kind not in BACK:
            batch.items += [event.item for event in stored]
            return
        if not stored:
            raise s._label_log.nothing_to(kind)
        items = s._label_log.items_of(stored[0])
        batch.items += items
        out = batch.undone if kind == "undo" else batch.redone
        out.append({"seq": seq, "id": items[0], "n": len(items)})

    def _event(self, kind: str, entry: Mapping[str, Any], token: str | None) -> NewEvent:
        label_log = self._session._label_log
        if kind in BACK:
            return NewEvent(kind, annotator=label_log.annotator)
        if kind not in ("label", "skip", "unsure", "flag"):
            raise LabelError(f"{shown(kind)} is nothing the labeller may say.", "Reload the page.")
        ask = self._session._store.ask(token) if token is not None else None
        plain = label_log.event(kind, entry.get("id", ""), entry.get("value"))
        suggested = self._suggested(plain, entry.get("suggested"))
        return NewEvent(
            kind,
            plain.item,
            plain.value,
            annotator=plain.annotator,
            suggested=suggested,
            accepted=plain.value == suggested[0] if suggested and kind == "label" else None,
            ask=ask.token if ask is not None and ask.item == plain.item else plain.ask,
            shown_ms=entry.get("shown_ms"),
        )

    def _suggested(self, event: NewEvent, said: Any) -> Suggestion | None:
        """What was suggested, as the task writes it, so that a label can be seen to be the same."""
        if not said or event.item is None:
            return None
        s = self._session
        try:
            value = s.task.validate(said[0], extent(s.pool, s.pool.row(event.item)))
            p = None if said[1] is None else float(said[1])
        except (SpinError, TypeError, ValueError, LookupError, OverflowError):
            return None  # it came from an older page: the label stands without it
        return (value, p) if p is None or 0 < p <= 1 else None

    def _drawing(self, n: int, waiting: Sequence[NewAsk]) -> Callable[[], Draft] | None:
        s = self._session
        if n <= 0 or s.read_only:
            return None
        pending = [s.pool.row(ask.item) for ask in waiting]
        return drawing(s, n, "auto", pending, queued=(len(waiting), sum(ask.audit for ask in waiting)))

    def _recall(self, token: str) -> NewAsk | None:
        """The ask behind a token; one from before a restart is read back from disk."""
        if _storable(token) is None:
            return None
        if token not in self._queue:
            ask = self._session._store.ask(token)
            if ask is None:
                return None
            known = ask.item, ask.strategy, ask.q, ask.audit, ask.suggest, ask.model_id, ask.reason
            self._queue[token] = _Queued(NewAsk(*known, ask.annotator), since=0)
        return self._queue[token].ask

    def _stands(self, token: str) -> bool:
        ask = self._recall(token)
        if ask is None or not self._session._label_log.has(ask.item):
            return False
        return not self._session._label_log.decided_since(ask.item, self._queue[token].since)

    def _draw(self, ask: NewAsk, offset: int) -> tuple[dict[str, Any], list[bytes]]:
        s = self._session

        def read(row: int) -> tuple[dict[str, Any], list[bytes], Suggestion | None]:
            card, buffers = item_card(s.pool, row, offset, editor=s.task.editor)
            said = s._suggestions.of(row) if ask.suggest and "broken" not in card else None
            if likeliest := s._suggestions.likeliest(row, ask.suggest):
                card["likeliest"] = likeliest
            return card, buffers, said

        row, (card, buffers, said) = steadily(s, ask.item, read)
        suggestion = None if said is None else {"value": said[0], "p": said[1]}
        card.update({"id": ask.item, "row": row, "suggestion": suggestion})
        return card, buffers


def _told(events: tuple[Event, ...]) -> dict[str, Any]:
    """One thing that was done, by the last of its items; ``n`` items in all."""
    last = events[-1]
    n = len({event.item for event in events})
    return {"id": last.item, "kind": last.kind, "value": last.value, "previous": last.previous, "n": n}


def _seq(entry: Any) -> int | None:
    """The entry's number, a whole one from 1 up; None where it has none."""
    n = entry.get("seq") if isinstance(entry, Mapping) else None
    whole = isinstance(n, int | float) and not isinstance(n, bool) and n >= 1 and n % 1 == 0
    return int(n) if n is not None and whole else None


def _client(name: Any) -> str:
    """The name under which a page numbers its entries; its own are 24 characters long."""
    if len(text(name, "client")) > LONGEST_NAME:
        raise LabelError(f"client={shown(name)} is too long a name.", "Reload the page.")
    return str(name)


def _storable(token: Any) -> str | None:
    """A token that may be looked up; None for anything else, which no ask has."""
    try:
        return as_text(token, "token") if len(token) <= LONGEST_NAME else None
    except (LabelError, TypeError):
        return None
