"""What is suggested from the labels themselves, where they stand for numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import LabelError
from spin_nb.models.graph_regression import MIN_LABELS_FOR_REGRESSION, GraphRegression
from spin_nb.project.records import Suggestion
from spin_nb.session.labels.training_data import training_events
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject

CHANGED_SHARE = 0.1  # share of the labels that is new, corrected or taken back before numbers are learnt anew


@dataclass(frozen=True)
class _Fit:
    """A regression, its labels, its suggestions.

    ``labels`` holds item -> number of the event that gave its label; ``due``: before the log has this revision, too few
    labels can have changed; ``task`` is the one in force: its names may change.
    """

    targets: GraphRegression | None
    labels: dict[str, int]
    due: int
    task: object
    suggestions: dict[str, Suggestion | None] = field(default_factory=dict)


_NOTHING = _Fit(None, {}, 0, None)


class NumericSuggestions:
    """Regression of label targets; false without one.

    It is learnt anew when a tenth of the labels have changed.
    """

    def __init__(self, project: OpenProject, live: LiveModel) -> None:
        self._project = project
        self._live = live
        self._fit: _Fit | None = None

    def __bool__(self) -> bool:
        return self._current().targets is not None

    @property
    def labels(self) -> dict[str, int]:
        """Item -> event of the label learnt from.

        It is the same object until it learns anew.
        """
        return self._current().labels

    @property
    def regression(self) -> GraphRegression | None:
        """Regression of the labels' targets; None while there are too few labels.

        It is the same object until it learns anew.
        """
        return self._current().targets

    def of(self, row: int) -> Suggestion | None:
        """Value and probability for one row, or None."""
        id, fit = self._project.pool.ids[row], self._current()
        if id not in fit.suggestions:
            fit.suggestions[id] = self._suggestion(fit.targets, row)
        return fit.suggestions[id]

    def _suggestion(self, targets: GraphRegression | None, row: int) -> Suggestion | None:
        if targets is None:
            return None
        mean, sd = targets.predict(self._live.pool_model.learner.graph.phi[[row]])
        try:
            value, p = self._project.task.suggestion(mean[0], sd[0], self._project.pool.known_extent(row))
        except LabelError:
            return None
        return value, float(p)

    def _current(self) -> _Fit:
        if not self._project.task.outputs or not self._live.pool_model.ready:
            return _NOTHING
        fit = self._fit
        if fit is not None and fit.task is not self._project.task:
            fit = None
        if fit is None or self._live.label_log.revision >= fit.due:
            fit = self._fit = self._renew(fit)
        return fit

    def _renew(self, fit: _Fit | None) -> _Fit:
        """Learn anew, or postpone."""
        revision, labels = training_events(self._live.label_log)
        if fit is not None:
            n_changed = sum(labels.get(id) != fit.labels.get(id) for id in labels.keys() | fit.labels.keys())
            missing = _enough(len(fit.labels)) - n_changed
            if missing > 0:
                return replace(fit, due=revision + missing)
        return _Fit(self._learn(list(labels)), labels, revision + _enough(len(labels)), self._project.task)

    def _learn(self, ids: list[str]) -> GraphRegression | None:
        rows = [self._project.pool.row(id) for id in ids]
        targets = {row: target for row in rows if (target := self._target(row)) is not None}
        if len(targets) < MIN_LABELS_FOR_REGRESSION:
            return None
        phi = self._live.pool_model.learner.graph.phi[list(targets)]
        return GraphRegression(phi, np.stack(list(targets.values())).astype(np.float32))

    def _target(self, row: int) -> NDArray[np.float32] | None:
        """Return a row's target, None without a size.

        Its picture may be unreadable by now.
        """
        pool = self._project.pool
        try:
            value = self._live.label_log.value(pool.ids[row])
            return self._project.task.target(value, pool.known_extent(row))
        except LabelError:
            return None


def _enough(n: int) -> int:
    """Number of ``n`` labels whose change is enough.

    With as many changes, it learns anew.
    """
    return max(1, ceil(CHANGED_SHARE * n))
