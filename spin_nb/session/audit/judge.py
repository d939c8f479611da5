"""Judge what is shown, or suggested, by the hidden audit sample."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.monitor.audit import over_parts
from spin_nb.session.audit.sample import Sample
from spin_nb.session.audit.suggestion_scores import SuggestionScores
from spin_nb.session.model.audit_predictions import AuditPredictions, AuditPredictor
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Estimate, Ints


class Judge:
    """Estimates of accuracy from the audit labels.

    Attributes
    ----------
    predictions : AuditPredictor
        What models say of the audits.
    """

    def __init__(
        self, project: OpenProject, live: LiveModel, predictions: AuditPredictor, scores: SuggestionScores
    ) -> None:
        self.predictions = predictions
        self._project = project
        self._live = live
        self._scores = scores

    def accuracy(self, within: NDArray[np.bool_] | None = None, of: str = "") -> Estimate:
        """Estimate the present accuracy.

        Where labels are no classes, it is the score of what is suggested now.

        Parameters
        ----------
        within : bool (n,), optional
            Rows that it is to be the accuracy of; the whole pool unless given.
        of : str
            Said with the estimate in the place of which items these are.
        """
        if not self._project.learns_classes:
            return self._accuracy_of_suggestions(within, of)
        predictive = self._live.predictive
        if predictive is None:
            return over_parts([])
        label_log = self._live.label_log
        with label_log.lock:
            rows, truth = label_log.training_set.audits
            unfit_rows = label_log.rows(
                label_log.audit_items.unfit_items
            )  # whatever is answered for them is wrong
        is_right = predictive.mean[rows].argmax(1) == truth
        rows, scores = np.append(rows, unfit_rows), np.append(is_right, np.zeros(len(unfit_rows), bool))
        return self.estimate(rows, scores, within=within, of=of)

    def audit_predictions(self) -> AuditPredictions:
        """Predictions for the audits, beside their labels."""
        return self.predictions.in_pool(self._live.predictive)

    def estimate(
        self,
        rows: Ints,
        scores: NDArray[Any],
        head: str | None = None,
        within: NDArray[np.bool_] | None = None,
        of: str = "",
    ) -> Estimate:
        """Estimate the mean score of the pool, or of rows ``within`` it, from the audits.

        Parameters
        ----------
        rows : int64 (n,)
            Of all audit labels; those that ``head`` learnt from count as unanswered.
        scores : float64 (n,)
            Of each, in [0, 1].
        """
        label_log = self._live.label_log
        with label_log.lock:
            fair_mask = self.predictions.fair(rows, head)
            unanswered_rows = np.concatenate(
                [rows[~fair_mask], label_log.rows(label_log.audit_items.unanswered_items)]
            )
            sample = self._sample(within)
            n_flagged = int(sample.within[label_log.rows(label_log.audit_items.flagged_items)].sum())
            estimate = sample.estimate(rows[fair_mask], scores[fair_mask], unanswered_rows, n_flagged)
            return replace(estimate, of=of) if of else estimate

    def _accuracy_of_suggestions(self, within: NDArray[np.bool_] | None, of: str) -> Estimate:
        """Estimate the mean score of suggestions; 0 for none."""
        self._live.wait_where_labelled()
        if self._project.task.outputs and not self._live.pool_model.ready:
            return over_parts([])  # a large folder is still being looked at: no suggestion is no wrong one
        if not self._scores:
            return Estimate(None, 0.0, 1.0, 0, "nothing is suggested yet, so nothing is judged")
        audits = self._live.label_log.training_set.audits
        return self.estimate(audits[0], self._scores.of_audits(audits), within=within, of=of)

    def _sample(self, within: NDArray[np.bool_] | None) -> Sample:
        label_log, pool = self._live.label_log, self._project.pool
        drawn_mask = np.zeros(len(pool), bool)
        drawn_mask[label_log.rows(label_log.audit_items.items)] = True

        def due_rows(rows: Ints) -> Ints:
            open_rows = [row for row in rows if label_log.may_audit(pool.ids[row])]
            queue_items = {ask.item for ask in self._project.store.pending()} if open_rows else ()
            return np.array([row for row in open_rows if pool.ids[row] not in queue_items], np.int64)

        def missed_rows(rows: Ints) -> Ints:
            return np.array([row for row in rows if label_log.missed_audit(pool.ids[row])], np.int64)

        arrival_mask = np.arange(len(pool)) >= pool.n_base
        within_mask = np.ones(len(pool), bool) if within is None else np.zeros(len(pool), bool)
        if within is not None:
            within_mask[: len(within)] = within  # what has arrived since is not in it
        return Sample(
            label_log.plan.chance,
            drawn_mask,
            label_log.training_set.unasked_mask(len(pool)),
            arrival_mask,
            due_rows,
            missed_rows,
            within_mask,
        )
