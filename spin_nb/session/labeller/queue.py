"""The labeller's queue of cards: asks that are drawn and written down, and count as asked when they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard

from spin_nb.errors import LabelError
from spin_nb.project.records import NewAsk, Suggestion
from spin_nb.project.values import as_text
from spin_nb.session.arguments import sequence_of, whole_number
from spin_nb.session.asks.proposer import Proposer
from spin_nb.session.asks.sharing import MAX_DRAWS, book
from spin_nb.session.labeller.cards import Card, item_card, size_bytes
from spin_nb.session.labeller.inspection import Inspection
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject

AskOf = Callable[[object], NewAsk | None]
"""Gives the ask behind a card's token, None where there is none."""
MAX_ANSWER_BYTES = 32_000_000  # after which no card follows: a minute of sound has five million
MAX_TOKEN_CHARACTERS = 200
STABLE_CARDS = 8  # which a new model does not replace: the person may already see or expect them


@dataclass(frozen=True)
class _QueuedAsk:
    """A card's ask, and the last event before it."""

    ask: NewAsk
    since: int


class CardQueue:
    """Cards waiting in a session's labeller.

    It may be called on any thread, also while a cell is busy.
    """

    def __init__(
        self,
        project: OpenProject,
        live: LiveModel,
        proposer: Proposer,
        suggestions: Suggestions,
        inspection: Inspection,
    ) -> None:
        self._project = project
        self._live = live
        self._proposer = proposer
        self._suggestions = suggestions
        self._inspection = inspection
        self._queue: dict[str, _QueuedAsk] = {}

    def cards(self, n: int, have: Sequence[str] = ()) -> tuple[list[Card], list[bytes]]:
        """Cards for a queue of ``n``, best first.

        Parameters
        ----------
        n : int
            Length of the queue.
        have : sequence of str
            Tokens the view holds, in order.  The first 8 that still stand stay.

        Returns
        -------
        cards, buffers
            A card that stays is ``{"token", "kept": True}``; a new one has id, what
            :func:`~spin_nb.session.labeller.cards.item_card` says, and ``suggestion`` (``{"value", "p"}`` or None); of
            very many classes the ``likeliest`` (``[[name, p or None], ...]``).  Fewer than ``n`` where they are large:
            no card follows once 32 MB are under way.
        """
        n, have = whole_number(n, "n"), sequence_of(have, "have")
        pool_model = self._live.pool_model
        if not pool_model.is_deferred:  # a large pool is labelled at random while it is still being looked at
            pool_model.wait()
        stable = self._live.label_log.retry_while_busy(partial(self._renew, have))
        cards, buffers = self._fill(self._top_up(n - len(stable)))
        return [*({"token": token, "kept": True} for token in stable), *cards], buffers

    def suggestions(self, tokens: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """Suggest anew for cards, by token.

        Audits and unknown cards are left out.
        """
        answers: dict[str, dict[str, Any] | None] = {}
        for token, ask in self._standing(tokens).items():
            if ask.suggest:
                _, suggestion = self._inspection.read_stable(ask.item, self._suggestions.of)
                answers[token] = _as_dict(suggestion)
        return answers

    def likeliest(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, float | None]]]:
        """Classes on the first keys of cards, by token.

        It is None where every class has its key.
        """
        answers = {}
        for token, ask in self._standing(tokens).items():
            read = partial(self._suggestions.likeliest, by_model=ask.suggest)
            _, names = self._inspection.read_stable(ask.item, read)
            if names:
                answers[token] = names
        return answers

    def ask_of(self, token: object) -> NewAsk | None:
        """Return the ask behind a token, or None.

        One from before a restart is read back from disk.
        """
        if not is_token(token):
            return None
        if token not in self._queue:
            ask = self._project.store.ask(token)
            if ask is None:
                return None
            fields = ask.item, ask.strategy, ask.q, ask.audit, ask.suggest, ask.model_id, ask.reason
            self._queue[token] = _QueuedAsk(NewAsk(*fields, ask.annotator), since=0)
        return self._queue[token].ask

    def _standing(self, tokens: Sequence[str]) -> dict[str, NewAsk]:
        """Asks of cards that still stand, by token."""
        tokens = sequence_of(tokens, "tokens")
        with self._live.label_log.lock:
            return {token: ask for token in tokens if self._stands(token) and (ask := self.ask_of(token))}

    def _stands(self, token: str) -> bool:
        ask, label_log = self.ask_of(token), self._live.label_log
        if ask is None or not label_log.pool.has(ask.item):
            return False
        return not label_log.decided_since(ask.item, self._queue[token].since)

    def _renew(self, have: Sequence[str]) -> list[str]:
        """Keep the first standing cards, withdraw all others."""
        self._live.catch_up()
        stable = [token for token in have if self._stands(token)][:STABLE_CARDS]
        self._take_back([token for token in self._queue if token not in stable])
        self._queue = {token: self._queue[token] for token in stable}  # in the order in which they are shown
        return stable

    def _take_back(self, tokens: Sequence[str]) -> None:
        if tokens and not self._project.read_only:
            with self._live.label_log.transaction():
                self._project.store.discard(tokens)
        for token in tokens:
            self._queue.pop(token, None)

    def _top_up(self, n: int) -> dict[str, NewAsk]:
        """Draw ``n`` more asks for the queue.

        It draws again where others were quicker to take some.
        """
        label_log, new_asks = self._live.label_log, dict[str, NewAsk]()
        for _ in range(MAX_DRAWS):
            if n <= len(new_asks) or self._project.read_only:
                break
            with label_log.lock:
                self._live.catch_up()
                since = label_log.state.seq
                waiting = [entry.ask for entry in self._queue.values()]
                rows = [self._project.pool.row(ask.item) for ask in waiting]
                counts = len(waiting), sum(ask.audit for ask in waiting)
                draw = self._proposer.prepare(n - len(new_asks), "auto", rows, queue_counts=counts)
            asks = draw().asks
            asks_by_token = label_log.retry_while_busy(partial(self._book, asks, since))
            new_asks.update(asks_by_token)
            if len(asks_by_token) == len(asks):
                break
        return new_asks

    def _book(self, asks: Sequence[NewAsk], since: int) -> dict[str, NewAsk]:
        asks_by_token = book(self._project, self._live, asks, since)
        self._queue.update({token: _QueuedAsk(ask, since) for token, ask in asks_by_token.items()})
        return asks_by_token

    def _fill(self, new_asks: dict[str, NewAsk]) -> tuple[list[Card], list[bytes]]:
        """Build cards until a message is full.

        The other asks are taken back.

        Reading pictures, and a person's own suggestions, take time: they hold up no label.
        """
        cards: list[Card] = []
        buffers: list[bytes] = []
        n_bytes, waiting = 0, dict(new_asks)
        while waiting and n_bytes < MAX_ANSWER_BYTES:
            token = next(iter(waiting))
            ask = waiting.pop(token)
            try:
                card, card_buffers = self._card(ask, offset=len(buffers))
            except LabelError:  # it turned out to be broken in this very moment, and left the pool
                continue
            cards.append({"token": token, **card})
            buffers += card_buffers
            n_bytes += size_bytes(card, card_buffers)
        if waiting:
            self._live.label_log.retry_while_busy(partial(self._take_back, list(waiting)))
        return cards, buffers

    def _card(self, ask: NewAsk, offset: int) -> tuple[Card, list[bytes]]:
        project = self._project

        def read(row: int) -> tuple[Card, list[bytes], Suggestion | None]:
            card, buffers = item_card(project.pool, row, offset, size=project.task.works_on)
            suggestion = self._suggestions.of(row) if ask.suggest and "broken" not in card else None
            if likeliest := self._suggestions.likeliest(row, ask.suggest):
                card["likeliest"] = likeliest
            return card, buffers, suggestion

        row, (card, buffers, suggestion) = self._inspection.read_stable(ask.item, read)
        card.update({"id": ask.item, "row": row, "suggestion": _as_dict(suggestion)})
        return card, buffers


def is_token(token: object) -> TypeGuard[str]:
    """Check that a token may be looked up."""
    try:
        return isinstance(token, str) and len(token) <= MAX_TOKEN_CHARACTERS and bool(as_text(token, "token"))
    except LabelError:
        return False


def _as_dict(suggestion: Suggestion | None) -> dict[str, Any] | None:
    return None if suggestion is None else {"value": suggestion[0], "p": suggestion[1]}
