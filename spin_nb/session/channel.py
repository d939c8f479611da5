"""The labeller's channel: its queue of cards, and its entries applied exactly once and in order.

May be called on any thread, also while a cell is busy.  A card's ask is written down when it is drawn and counts
as asked when it is shown, so a label that is re-sent after a crash still finds its ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from spin_nb.errors import LabelError, ReadOnlyError, SpinError, StorageError
from spin_nb.project.records import Gap, NewAsk, NewEvent, Suggestion
from spin_nb.project.values import as_text
from spin_nb.session.asking import Draft
from spin_nb.session.cards import extent, inspected, item_card, steadily, weight
from spin_nb.session.drawing import drawing
from spin_nb.session.sharing import TRIES, book
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.session.core import Session

_UNREADABLE = "the page sent an entry that cannot be read.\n  -> Reload the page."
MOST = 32_000_000  # bytes in one answer, after which no card follows: a minute of sound has five million
KEEP = 8  # cards a new model does not replace: the person may already see or expect them


@dataclass(frozen=True)
class _Queued:
    """A card's ask, and the last event that was known when it was drawn."""

    ask: NewAsk
    since: int


@dataclass
class _Batch:
    """What came of one client's entries."""

    client: str
    error: str | None = None
    gap: int | None = None
    items: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    undone: list[dict[str, Any]] = field(default_factory=list)
    redone: list[dict[str, Any]] = field(default_factory=list)


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
            :func:`~spin_nb.session.cards.item_card` says, and ``suggestion`` (``{"value", "p"}`` or None); of very many
            classes the ``likeliest`` (``[[name, p or None], ...]``).  Fewer than ``n`` where they are large: no card
            follows once 32 MB are under way.
        """
        s = self._session
        if not s._stage.later:  # a large pool is labelled at random while it is still being looked at
            s._stage.wait()
        with s._ledger.lock:
            s._absorb(s._ledger.sync())
            kept = [token for token in have if self._stands(token)][:KEEP]
            if not s.read_only:
                s._store.discard([token for token in self._queue if token not in kept])
            self._queue = {token: self._queue[token] for token in kept}
        cards, buffers = self._fill(self._top_up(n - len(kept)))
        return [*({"token": token, "kept": True} for token in kept), *cards], buffers

    def _top_up(self, n: int) -> dict[str, NewAsk]:
        """``n`` more asks for the queue; drawn again where others were quicker to take some."""
        s, fresh = self._session, dict[str, NewAsk]()
        for _ in range(TRIES):
            with s._ledger.lock:
                s._absorb(s._ledger.sync())
                since = s._ledger.state.seq
                draw = self._drawing(n - len(fresh), [queued.ask for queued in self._queue.values()])
            drawn = draw().asks if draw else []
            with s._ledger.lock:
                booked = book(s, drawn, since)
                self._queue.update({token: _Queued(ask, since) for token, ask in booked.items()})
            fresh.update(booked)
            if len(booked) == len(drawn):
                break
        return fresh

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
            with self._session._ledger.lock:
                self._session._store.discard(waiting)
                for token in waiting:
                    self._queue.pop(token, None)
        return cards, buffers

    def card(self, id: str) -> tuple[dict[str, Any], list[bytes]]:
        """One item with its prediction and label, for hover and inspection."""
        return inspected(self._session, id)

    def suggestions(self, tokens: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """What would be pre-filled now on cards of the queue, token by token; audits and unknown cards are left out."""
        s = self._session
        with s._ledger.lock:
            asks = {token: ask for token in tokens if self._stands(token) and (ask := self._recall(token))}
        out: dict[str, dict[str, Any] | None] = {}
        for token, ask in asks.items():
            if not ask.suggest:
                continue
            _, said = steadily(s, ask.item, s._suggesting.of)
            out[token] = None if said is None else {"value": said[0], "p": said[1]}
        return out

    def likeliest(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, float | None]]]:
        """The classes on the first keys of cards of the queue, by token; none where every class has its key."""
        s = self._session
        with s._ledger.lock:
            asks = {token: ask for token in tokens if self._stands(token) and (ask := self._recall(token))}
        out = {}
        for token, ask in asks.items():
            _, names = steadily(s, ask.item, partial(s._suggesting.likeliest, told=ask.suggest))
            if names:
                out[token] = names
        return out

    def past(self, kind: str, n: int, skip: int = 0) -> list[dict[str, Any]]:
        """What undo or redo would take next, the very next one last: id, kind, value, previous value of each."""
        with self._session._ledger.lock:
            events = self._session._ledger.past(kind, n, skip)
        return [{"id": e.item, "kind": e.kind, "value": e.value, "previous": e.previous} for e in events]

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
        s = self._session
        with s._ledger.lock:
            batch = _Batch(client)
            try:
                with s._store.transaction():
                    self._take(batch, entries)
            except (StorageError, ReadOnlyError) as error:
                batch = _Batch(client, error=str(error))
            changes = s._settle(batch.shown)
            answer = {
                "ack": s._store.last_seq(client) if entries else 0,
                "gap": batch.gap,
                "error": batch.error,
                "refused": batch.refused,
                "undone": batch.undone,
                "redone": batch.redone,
                "n_labels": s._ledger.state.n_labels,
                "per_minute": s.labels_per_minute,
                "at": s._ledger.state.seq,
            }
        s._announce(changes, batch.items)
        return answer

    def _take(self, batch: _Batch, entries: Sequence[Mapping[str, Any]]) -> None:
        """Put entries into the transaction under way, up to the first gap."""
        append = self._session._store.append
        numbered = [(_seq(entry), entry) for entry in entries]
        batch.refused += [{"seq": None, "what": _UNREADABLE} for seq, _ in numbered if seq is None]
        for seq, entry in sorted(((n, e) for n, e in numbered if n is not None), key=lambda pair: pair[0]):
            try:
                self._one(batch, seq, entry)
            except (StorageError, ReadOnlyError):
                raise
            except Gap as gap:
                batch.gap = gap.wanted
                return
            # An entry that cannot be read would be sent again for ever, and hold up all that follow it.
            except (SpinError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
                what = str(error) if isinstance(error, SpinError) else _UNREADABLE
                batch.refused.append({"seq": seq, "what": what})
                append([], client=(batch.client, seq))

    def _one(self, batch: _Batch, seq: int, entry: Mapping[str, Any]) -> None:
        store, kind, token = self._session._store, str(entry["kind"]), _storable(entry.get("token"))
        if seq <= store.last_seq(batch.client):
            return
        seen = [token] if token is not None and self._recall(token) is not None else []
        event = None if kind == "shown" else self._event(kind, entry, token)
        store.append([event] if event else [], client=(batch.client, seq), shown=seen)
        batch.shown += seen
        if event is not None and event.item is not None:
            batch.items.append(event.item)
            if kind in ("undo", "redo"):
                out = batch.undone if kind == "undo" else batch.redone
                out.append({"seq": seq, "id": event.item})

    def _event(self, kind: str, entry: Mapping[str, Any], token: str | None) -> NewEvent:
        ledger = self._session._ledger
        if kind in ("undo", "redo"):
            return ledger.back(kind)
        if kind not in ("label", "skip", "unsure", "flag"):
            raise LabelError(f"{shown(kind)} is nothing the labeller may say.", "Reload the page.")
        ask = self._session._store.ask(token) if token is not None else None
        plain = ledger.event(kind, entry.get("id", ""), entry.get("value"))
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
        if token not in self._queue:
            ask = self._session._store.ask(token)
            if ask is None:
                return None
            known = ask.item, ask.strategy, ask.q, ask.audit, ask.suggest, ask.model_id, ask.reason
            self._queue[token] = _Queued(NewAsk(*known, ask.annotator), since=0)
        return self._queue[token].ask

    def _stands(self, token: str) -> bool:
        ask = self._recall(token)
        if ask is None or not self._session._ledger.has(ask.item):
            return False
        return not self._session._ledger.decided_since(ask.item, self._queue[token].since)

    def _draw(self, ask: NewAsk, offset: int) -> tuple[dict[str, Any], list[bytes]]:
        s = self._session

        def read(row: int) -> tuple[dict[str, Any], list[bytes], Suggestion | None]:
            card, buffers = item_card(s.pool, row, offset, editor=s.task.editor)
            said = s._suggesting.of(row) if ask.suggest and "broken" not in card else None
            if likeliest := s._suggesting.likeliest(row, ask.suggest):
                card["likeliest"] = likeliest
            return card, buffers, said

        row, (card, buffers, said) = steadily(s, ask.item, read)
        suggestion = None if said is None else {"value": said[0], "p": said[1]}
        card.update({"id": ask.item, "row": row, "suggestion": suggestion})
        return card, buffers


def _seq(entry: Any) -> int | None:
    """The entry's number, a whole one from 1 up; None where it has none."""
    n = entry.get("seq") if isinstance(entry, Mapping) else None
    whole = isinstance(n, int | float) and not isinstance(n, bool) and n >= 1 and n % 1 == 0
    return int(n) if n is not None and whole else None


def _storable(token: Any) -> str | None:
    """A token that may be looked up; None for anything else, which no ask has."""
    try:
        return as_text(token, "token")
    except LabelError:
        return None
