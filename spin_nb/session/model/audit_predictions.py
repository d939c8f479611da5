"""What the model says of the hidden audit sample, beside what a person said: the one fair judge there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.protocols import Predictive
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float, Ints


@dataclass(frozen=True, eq=False)
class AuditPredictions:
    """Predictions for the audit labels so far.

    They are in order of labelling; which items they are stays hidden.

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


class AuditPredictor:
    """Predicts the audits, by any head."""

    def __init__(self, project: OpenProject, live: LiveModel) -> None:
        self._project = project
        self._live = live

    def in_pool(self, predictive: Predictive | None, head: str | None = None) -> AuditPredictions:
        """Predict the audits as items of the pool.

        ``predictive`` is over all of it; there are none where that is None.
        """
        if predictive is None:
            return self._none()
        rows, truth = self.judging(head)
        return AuditPredictions(predictive.mean[rows], truth)

    def as_arrivals(self, head: str | None = None) -> AuditPredictions:
        """Predict the audits as if just arrived.

        That vouches for items that are not in the pool.
        """
        rows, truth = self.judging(head)
        if not len(rows):
            return self._none()
        return AuditPredictions(self._live.pool_model.as_arrivals(rows, head).mean, truth)

    def fair(self, rows: Ints, head: str | None = None) -> NDArray[np.bool_]:
        """Mask the rows (n,) a head never learnt from."""
        pool_model = self._live.pool_model
        training_ids = pool_model.learner.training_ids(head) if pool_model.ready else frozenset()
        if not training_ids:
            return np.ones(len(rows), bool)
        return np.array([self._project.pool.ids[row] not in training_ids for row in rows], bool)

    def judging(self, head: str | None = None) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) fair to a head.

        These are audit labels that it did not learn from, in order of labelling.
        """
        rows, truth = self._live.label_log.training_set.audits
        fair = self.fair(rows, head)
        return (rows, truth) if fair.all() else (rows[fair], truth[fair])

    def _none(self) -> AuditPredictions:
        return AuditPredictions(np.zeros((0, len(self._project.classes)), np.float32), np.zeros(0, np.int64))
