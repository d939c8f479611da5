"""What a draw of asks needs of a session, gathered under its lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.session.asking import Draft, draft

if TYPE_CHECKING:
    from spin_nb.session.core import Session


def drawing(
    session: Session, k: int, strategy: Any, pending: Sequence[int] = (), queued: tuple[int, int] = (0, 0)
) -> Callable[[], Draft]:
    """Gather what a draw needs, under the lock.  The draw itself then holds up no label.

    Parameters
    ----------
    pending : sequence of int
        Rows that wait in the labeller's queue.
    queued : (int, int)
        Asks and audits among them.
    """
    ledger = session._ledger
    taken = _rows_of(session, ledger.taken())
    if taken.all():  # what was put aside comes back at the end
        taken = _rows_of(session, ledger.taken(("label", "gold")))
    taken[list(pending)] = True
    learner = session._stage.learner.frozen()
    number = ledger.n_asked + queued[0]
    return partial(
        draft,
        k,
        ids=session.pool.ids,
        taken=taken,
        plan=session._plan,
        number=number,
        n_audited=ledger.n_audited + queued[1],
        pick=lambda candidates, n: learner.ask(
            n, candidates, strategy=strategy, pending=list(pending), seed=session.seed + number
        ),
        strategy=word(strategy),
        model_id=session._training.model_id,
    )


def word(strategy: Any) -> str:
    """What is recorded of a strategy."""
    return strategy if isinstance(strategy, str) else str(getattr(strategy, "__name__", "custom"))


def _rows_of(session: Session, ids: Sequence[str]) -> NDArray[np.bool_]:
    mask = np.zeros(len(session.pool), bool)
    mask[[session.pool.row(id) for id in ids]] = True
    return mask
