"""What the model says of the hidden audit sample, beside what a person said: the one fair judge there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.monitor.audit import over_parts
from spin_nb.session.audit.sample import Sample
from spin_nb.types import Estimate, Float, Ints

if TYPE_CHECKING:
    from spin_nb.session.session import Session


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


def in_pool(session: Session, predictive: Any | None, head: str | None = None) -> Audited:
    """The audits as items of the pool, in the eyes of ``predictive`` over all of it; none where that is None."""
    if predictive is None:
        return _none(session)
    rows, truth = judging(session, head)
    return Audited(predictive.mean[rows], truth)


def as_arrivals(session: Session, head: str | None = None) -> Audited:
    """The audits as if each had just arrived: what they must be to vouch for items that are not in the pool."""
    rows, truth = judging(session, head)
    return Audited(session._pool_model.as_arrivals(rows, head).mean, truth) if len(rows) else _none(session)


def judging(session: Session, head: str | None = None) -> tuple[Ints, Ints]:
    """Rows (n,) and classes (n,) of the audit labels that a head did not learn from, in order of labelling."""
    rows, truth = session._label_log.audits
    fair = _fair(session, rows, head)
    return (rows, truth) if fair.all() else (rows[fair], truth[fair])


def accuracy(session: Session) -> Estimate:
    """Accuracy of what is shown now, by the labels this session knows; of other tasks, of what is suggested now."""
    if not session.by_class:
        return session._suggestions.accuracy()
    predictive = session.predictive
    if predictive is None:
        return over_parts([])
    rows, truth = session._label_log.audits
    return estimate(session, rows, predictive.mean[rows].argmax(1) == truth)


def estimate(session: Session, rows: Ints, scores: NDArray[Any], head: str | None = None) -> Estimate:
    """Mean score of the audits, with an interval for the present pool.

    Parameters
    ----------
    rows : int64 (n,)
        Of all audit labels; those that ``head`` learnt from count as unanswered.
    scores : float64 (n,)
        Of each, in [0, 1].
    """
    label_log = session._label_log
    with label_log.lock:
        fair = _fair(session, rows, head)
        unanswered = np.concatenate([rows[~fair], label_log.unanswered_rows()])
        drawn, flagged = _sample(session), len(label_log.flagged)
        return drawn.estimate(rows[fair], scores[fair], unanswered, flagged)


def _sample(session: Session) -> Sample:
    label_log, pool = session._label_log, session.pool
    drawn = np.zeros(len(pool), bool)
    drawn[label_log.drawn_rows()] = True

    def due(rows: Ints) -> Ints:
        left = [row for row in rows if label_log.may_audit(pool.ids[row])]
        queued = {ask.item for ask in session._store.pending()} if left else ()
        return np.array([row for row in left if pool.ids[row] not in queued], np.int64)

    def missed(rows: Ints) -> Ints:
        return np.array([row for row in rows if label_log.missed_audit(pool.ids[row])], np.int64)

    arrived = np.arange(len(pool)) >= pool.n_base
    return Sample(session._plan.chance, drawn, label_log.unasked(len(pool)), arrived, due, missed)


def _fair(session: Session, rows: Ints, head: str | None) -> NDArray[np.bool_]:
    """Which rows (n,) of the pool a head did not learn from."""
    learnt = session._pool_model.learner.learnt(head) if session._pool_model.ready else frozenset()
    if not learnt:
        return np.ones(len(rows), bool)
    return np.array([session.pool.ids[row] not in learnt for row in rows], bool)


def _none(session: Session) -> Audited:
    return Audited(np.zeros((0, len(session.classes)), np.float32), np.zeros(0, np.int64))
