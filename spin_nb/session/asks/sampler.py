"""What a draw of asks needs of a session, gathered under its lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.session.asks.plan import Draft, draft
from spin_nb.session.asks.sharing import TAKEN_FOR, of_others, stream
from spin_nb.types import Float, Ints, Picked
from spin_nb.words import shown

if TYPE_CHECKING:
    from spin_nb.session.session import Session

UNDECIDED = 200  # the latest a strategy hears of: each costs "auto" 0.9 ms an ask


def drawing(
    session: Session, k: int, strategy: Any, pending: Sequence[int] = (), queued: tuple[int, int] = (0, 0)
) -> Callable[[], Draft]:
    """Gather what a draw needs, under the lock.  The draw itself then holds up no label.

    What a person could not tell counts as waiting for an answer where the nearest item that anyone decided on
    could not be told either: such a place stays uncertain for ever, and a strategy that did not take it as known
    would go on asking there.  One such item alone says little of its place.  Skipped items (no opinion) and flagged
    ones (a bad item says nothing of its neighbours) do not count.  Nobody is asked of an item whose file is gone.

    Parameters
    ----------
    pending : sequence of int
        Rows that wait in the labeller's queue.
    queued : (int, int)
        Asks and audits among them.
    """
    label_log = session._label_log
    gone = _mask(session, [id for id in session.pool.gone if session.pool.has(id)])
    taken = _mask(session, label_log.excluded()) | gone
    if taken.all():  # what was put aside comes back at the end
        taken = _mask(session, label_log.excluded(again=True)) | gone
    others = of_others(session)
    undecided = [row for row in _rows(session, label_log.deferred(("unsure",))) if taken[row]][-UNDECIDED:]
    taken[[*pending, *_rows(session, list(others))]] = True
    session._plan.retire(np.array(_rows(session, label_log.released), np.int64))
    number, own = label_log.n_asked + queued[0], stream(session)
    drawn = partial(
        draft,
        k,
        ids=session.pool.ids,
        taken=taken,
        plan=copy(session._plan),  # its share may grow during the draw
        number=number,
        n_audited=label_log.n_audited
        + queued[1]
        + sum(a and label_log.may_audit(id) for id, a in others.items()),
        unasked=label_log.n_unasked,
        model_id=session._training.model_id,
        annotator=session.annotator,
        stream=own,
    )
    seed = own + number
    if not session._pool_model.ready:
        return partial(drawn, pick=lambda rows, n: at_random(rows, n, seed), strategy="random")
    learner = session._pool_model.learner.frozen()

    def known() -> list[int]:
        return list(
            dict.fromkeys([*pending, *_side_by_side(learner.features, undecided, learner.graph.rows)])
        )

    def pick(rows: Ints, n: int) -> Picked:
        return learner.ask(n, rows, strategy=strategy, pending=known(), seed=seed)

    return partial(drawn, pick=pick, strategy=word(strategy))


def at_random(candidates: Ints, k: int, seed: int) -> Picked:
    """Rows drawn uniformly, before anything is known of the items."""
    rows = np.random.default_rng(seed).choice(candidates, k, replace=False)
    q = 1.0 / np.arange(len(candidates), len(candidates) - k, -1)
    return Picked(rows, np.zeros(k, np.float32), q, "at random: the items are still being looked at")


def _side_by_side(features: Float, undecided: list[int], labelled: Ints) -> list[int]:
    """Undecided rows of which the nearest other undecided or labelled row is undecided too."""
    if len(undecided) < 2:
        return []
    decided = features[[*undecided, *labelled]]
    distance = -2 * decided[: len(undecided)] @ decided.T + np.einsum("nd,nd->n", decided, decided)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    return [row for row, other in zip(undecided, nearest, strict=True) if other < len(undecided)]


def word(strategy: Any) -> str:
    """What is recorded of a strategy."""
    return strategy if isinstance(strategy, str) else str(getattr(strategy, "__name__", "custom"))


def nothing_left(session: Session) -> QueryError:
    """What a person is told when nothing may be asked any more, and what can still be done."""
    do = "Add items: s.watch(items), or a larger pool=."
    others = list(of_others(session))
    if others:
        return QueryError(
            f"what is left was asked of others in the last {TAKEN_FOR.total_seconds() / 60:.0f} minutes"
            f" ({len(others):,}).",
            f"Ask again when they have answered, or label one by its id: s.label({shown(others[0])}, value).",
        )
    aside = session._label_log.deferred()
    if aside:
        do += f" Or label what was put aside ({len(aside):,}) by its id: s.label({aside[0]!r}, value)."
    if session.pool.gone:
        do += (
            f" Or put back the files that are gone ({len(session.pool.gone):,}), and open the project again."
        )
    return QueryError("every item is labelled, flagged or put aside for good.", do)


def _rows(session: Session, ids: Sequence[str]) -> list[int]:
    return [session.pool.row(id) for id in ids]


def _mask(session: Session, ids: Sequence[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(session.pool), bool)
    mask[_rows(session, ids)] = True
    return mask
