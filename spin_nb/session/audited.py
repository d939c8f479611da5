"""What the model says of the hidden audit sample, beside what a person said: the one fair judge there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    from spin_nb.session.core import Session


@dataclass(frozen=True)
class Audited:
    """Predictions for the audit labels given so far, in order of labelling; which items they are stays hidden.

    Attributes
    ----------
    probs : float32 (n, C)
        Predicted probabilities, columns in the order of the classes.
    truth : int64 (n,)
        Class indices a person gave.
    """

    probs: Float
    truth: Ints

    def __len__(self) -> int:
        return len(self.truth)


def in_pool(session: Session, predictive: Any | None) -> Audited:
    """The audits as items of the pool, in the eyes of ``predictive`` over all of it; none where that is None."""
    rows, truth = session._ledger.audits
    return _none(session) if predictive is None else Audited(predictive.mean[rows], truth)


def as_arrivals(session: Session, head: str | None = None) -> Audited:
    """The audits as if each had just arrived: what they must be to vouch for items that are not in the pool."""
    rows, truth = session._ledger.audits
    return Audited(session._stage.as_arrivals(rows, head).mean, truth) if len(rows) else _none(session)


def _none(session: Session) -> Audited:
    return Audited(np.zeros((0, len(session.classes)), np.float32), np.zeros(0, np.int64))
