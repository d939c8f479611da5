"""What the model says of the hidden audit sample, beside what a person said: the one fair judge there is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spin_nb.models.calibration import Calibration
from spin_nb.monitor.temperature import apply_temperature
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
        Predicted probabilities, columns in the order of the classes.  Where they have a temperature, each item's is
        the one of the other audits: its own label, which the temperature of what is shown has seen, would flatter.
    truth : int64 (n,)
        Class indices a person gave.
    uncalibrated_probs : float32 (n, C) or None
        The same without the temperature; None where there is none.
    calibration : Calibration
        The temperature of what is shown, and how many audits it rests on.
    """

    probs: Float
    truth: Ints
    uncalibrated_probs: Float | None = None
    calibration: Calibration = field(default_factory=Calibration)

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
        with self._live.label_log.lock:
            rows, truth = self.judging(head)
            return self._left_out(predictive.mean[rows], rows, truth, head)

    def as_arrivals(self, head: str | None = None) -> AuditPredictions:
        """Predict the audits as if just arrived.

        That vouches for items that are not in the pool.
        """
        rows, truth = self.judging(head)
        if not len(rows):
            return self._none()
        return self._left_out(self._live.pool_model.as_arrivals(rows, head).mean, rows, truth, head)

    def _left_out(self, probs: Float, rows: Ints, truth: Ints, head: str | None) -> AuditPredictions:
        """Take each item's own label out of the temperature of its probabilities."""
        learner = self._live.pool_model.learner
        if (head or learner.head) != "mean" or not len(learner.calibration):
            return AuditPredictions(probs, truth)
        calibration = learner.calibration
        return AuditPredictions(
            apply_temperature(probs, calibration.power / calibration.powers_at(rows)),
            truth,
            apply_temperature(probs, calibration.power),
            calibration,
        )

    def fair(self, rows: Ints, head: str | None = None) -> NDArray[np.bool_]:
        """Mask the rows (n,) a head never learnt from."""
        return self._live.fair(rows, head)

    def judging(self, head: str | None = None) -> tuple[Ints, Ints]:
        """Rows (n,) and classes (n,) fair to a head.

        These are audit labels that it did not learn from, in order of labelling.
        """
        rows, truth = self._live.label_log.training_set.audits
        fair = self.fair(rows, head)
        return (rows, truth) if fair.all() else (rows[fair], truth[fair])

    def _none(self) -> AuditPredictions:
        return AuditPredictions(np.zeros((0, len(self._project.classes)), np.float32), np.zeros(0, np.int64))
