"""Sample what to ask next: gather what a draw needs under the lock, draw without it, book what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.models.ask import ask
from spin_nb.project.records import NewAsk
from spin_nb.protocols import Strategy
from spin_nb.session.asks.drawn_asks import DrawnAsks, draw_asks
from spin_nb.session.asks.sharing import LEASE, MAX_DRAWS, annotator_seed, asked_of_others, book
from spin_nb.session.labels.deferrals import deferred_items, excluded_items
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.training import Training
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Asked, Float, Ints, Picked
from spin_nb.words import shown

Mask = NDArray[np.bool_]

MAX_UNDECIDED_ITEMS = 200  # the latest a strategy hears of: each costs "auto" 0.9 ms an ask


class Proposer:
    """Draws asks for this session's annotator."""

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel, training: Training) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._training = training

    def propose(
        self, k: int, strategy: str | Strategy, candidates: Callable[[], Mask] | None = None
    ) -> Asked:
        """Draw and record ``k`` asks; see ``Session.ask``.

        ``candidates`` masks the rows to ask from, once the rows are settled; it is None for the whole pool.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("ask")
        n_items = len(self._project.pool)
        if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= n_items:
            raise QueryError(f"{shown(k)} items cannot be asked.", f"Ask for 1 to {n_items:,}: s.ask(8).")
        self._live.pool_model.wait()
        region = None if candidates is None else candidates()
        asks, reason = self._book(int(k), strategy, region)
        if not asks:
            raise self.nothing_left() if region is None else _nothing_left_in(region)
        ids = tuple(ask.item for ask in asks)
        self._runtime.announcer.emit("asked", ids)
        return Asked(ids, strategy_word(strategy), tuple(ask.q for ask in asks), reason)

    def _book(self, k: int, strategy: str | Strategy, region: Mask | None) -> tuple[list[NewAsk], str]:
        """Draw asks and record them as shown, with the reason.

        It draws again where others were quicker to take some.
        """
        asks: list[NewAsk] = []
        reason = ""
        label_log = self._live.label_log
        for _ in range(MAX_DRAWS):
            with label_log.lock:
                self._live.catch_up()
                since = label_log.state.seq
                pending = self._rows([ask.item for ask in asks])
                draw = self.prepare(k - len(asks), strategy, pending, region=region)
            batch = draw()
            asks_by_token = label_log.retry_while_busy(
                partial(book, self._project, self._live, batch.asks, since, at_once=True)
            )
            asks += asks_by_token.values()
            reason = reason or batch.reason
            if len(asks_by_token) == len(batch.asks):
                break
        return asks, reason

    def prepare(
        self,
        k: int,
        strategy: str | Strategy,
        pending: Sequence[int] = (),
        queue_counts: tuple[int, int] = (0, 0),
        region: Mask | None = None,
    ) -> Callable[[], DrawnAsks]:
        """Gather a draw's inputs under the lock.

        The draw itself then holds up no label.

        What a person could not tell counts as waiting for an answer where the nearest item that anyone decided on
        could not be told either: such a place stays uncertain for ever, and a strategy that did not take it as known
        would go on asking there.  One such item alone says little of its place.  Skipped items (no opinion) and flagged
        ones (a bad item says nothing of its neighbours) do not count.  Nobody is asked of an item whose file is gone.

        Parameters
        ----------
        pending : sequence of int
            Rows that wait in the labeller's queue.
        queue_counts : (int, int)
            Asks and audits among them.
        region : bool (n,), optional
            Rows to ask from; none of these asks is an audit then.
        """
        pool, label_log = self._project.pool, self._live.label_log
        label_log.plan.retire(label_log.rows(label_log.audit_items.released_items))
        excluded_mask = self._excluded_mask(region)
        others = asked_of_others(self._project, self._live)
        unsure_rows = self._rows(deferred_items(label_log, ("unsure",)))
        undecided_rows = [row for row in unsure_rows if excluded_mask[row]][-MAX_UNDECIDED_ITEMS:]
        excluded_mask[[*pending, *self._rows(list(others))]] = True
        number, seed = label_log.shown_asks.n_asked + queue_counts[0], annotator_seed(self._project)
        n_open_audits = sum(audit and label_log.may_audit(id) for id, audit in others.items())
        draw = partial(
            draw_asks,
            k,
            ids=pool.ids,
            excluded_mask=excluded_mask,
            plan=copy(label_log.plan),  # its share may grow during the draw
            number=number,
            n_audited=label_log.audit_items.n_shown + queue_counts[1] + n_open_audits,
            n_unasked=label_log.training_set.n_unasked,
            model_id=self._training.model_id,
            annotator=self._project.annotator,
            place_seed=seed,
            may_audit=region is None,
        )
        words = "" if region is None else f"; of {int(region.sum()):,} items that where= names"
        draw_seed = seed + number
        if not self._live.pool_model.ready:

            def pick_at_random(rows: Ints, n: int) -> Picked:
                return _with_words(at_random(rows, n, draw_seed), words)

            return partial(draw, pick=pick_at_random, strategy="random")
        learner = self._live.pool_model.learner.freeze()

        def pick(rows: Ints, n: int) -> Picked:
            side_by_side = _side_by_side(learner.features, undecided_rows, learner.graph.rows)
            pending_rows = list(dict.fromkeys([*pending, *side_by_side]))
            batch = ask(learner, n, rows, strategy=strategy, pending=pending_rows, seed=draw_seed)
            return _with_words(batch, words)

        return partial(draw, pick=pick, strategy=strategy_word(strategy))

    def nothing_left(self) -> QueryError:
        """Build the error of an empty pool, with advice."""
        do = "Add items: s.watch(items), or a larger pool=."
        others = list(asked_of_others(self._project, self._live))
        if others:
            return QueryError(
                f"what is left was asked of others in the last {LEASE.total_seconds() / 60:.0f} minutes"
                f" ({len(others):,}).",
                f"Ask again when they have answered, or label one by its id: s.label({shown(others[0])}, value).",
            )
        deferred_ids = deferred_items(self._live.label_log)
        if deferred_ids:
            first = f"s.label({deferred_ids[0]!r}, value)"
            do += f" Or label what was put aside ({len(deferred_ids):,}) by its id: {first}."
        n_gone = len(self._project.pool.missing_ids)
        if n_gone:
            do += f" Or put back the files that are gone ({n_gone:,}), and open the project again."
        return QueryError("every item is labelled, flagged or put aside for good.", do)

    def _excluded_mask(self, region: Mask | None = None) -> Mask:
        """Mask the rows not to be asked, bool (n,).

        What was put aside comes back at the end, when nothing else is left in the region.
        """
        pool, label_log = self._project.pool, self._live.label_log
        missing_mask = self._mask([id for id in pool.missing_ids if pool.has(id)])
        never_mask = missing_mask if region is None else missing_mask | ~self._askable_mask(region)
        excluded_mask = self._mask(excluded_items(label_log)) | never_mask
        if not excluded_mask.all():
            return excluded_mask
        return self._mask(excluded_items(label_log, again=True)) | never_mask

    def _askable_mask(self, region: Mask) -> Mask:
        """Mask a region's rows that are not reserved for audits, bool (n,).

        What has arrived since the region was looked up is not in it.
        """
        askable_mask = ~self._live.label_log.plan.reserved_mask
        askable_mask[len(region) :] = False
        askable_mask[: len(region)] &= region
        return askable_mask

    def _rows(self, ids: Sequence[str]) -> list[int]:
        return [self._project.pool.row(id) for id in ids]

    def _mask(self, ids: Sequence[str]) -> Mask:
        mask = np.zeros(len(self._project.pool), bool)
        mask[self._rows(ids)] = True
        return mask


def at_random(candidates: Ints, k: int, seed: int) -> Picked:
    """Draw rows uniformly, before any model."""
    rows = np.random.default_rng(seed).choice(candidates, k, replace=False)
    q = 1.0 / np.arange(len(candidates), len(candidates) - k, -1)
    return Picked(rows, np.zeros(k, np.float32), q, "at random: the items are still being looked at")


def _with_words(batch: Picked, words: str) -> Picked:
    """Say more of a batch."""
    return replace(batch, reason=batch.reason + words) if words else batch


def _nothing_left_in(region: Mask) -> QueryError:
    return QueryError(
        f"nothing is left to ask of the {int(region.sum()):,} items that where= names.",
        "Ask elsewhere, or everywhere: s.ask(8), which alone draws what is reserved for audits.",
    )


def strategy_word(strategy: str | Strategy) -> str:
    """Word recorded of a strategy."""
    return strategy if isinstance(strategy, str) else str(getattr(strategy, "__name__", "custom"))


def _side_by_side(features: Float, undecided_rows: list[int], labelled_rows: Ints) -> list[int]:
    """List undecided rows whose nearest neighbour is undecided.

    Neighbours are sought among undecided and labelled rows.
    """
    if len(undecided_rows) < 2:
        return []
    x = features[[*undecided_rows, *labelled_rows]]
    distance = -2 * x[: len(undecided_rows)] @ x.T + np.einsum("nd,nd->n", x, x)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    return [row for row, other in zip(undecided_rows, nearest, strict=True) if other < len(undecided_rows)]
