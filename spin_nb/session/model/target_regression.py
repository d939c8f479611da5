"""What is suggested from the labels themselves, where they stand for numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.models.targets import FEWEST, Targets
from spin_nb.project.records import Suggestion
from spin_nb.session.labeller.cards import extent

if TYPE_CHECKING:
    from spin_nb.session.session import Session

CHANGED = 0.1  # share of the labels that is new, corrected or taken back before numbers are learnt anew


@dataclass(frozen=True)
class _Fit:
    """What was learnt, from which labels, and what it says of the items it was asked about."""

    targets: Targets | None
    by: dict[str, int]
    """Item -> number of the event that gave its label."""
    due: int
    """Before the label_log has settled this often, too few labels can have changed."""
    said: dict[str, Suggestion | None] = field(default_factory=dict)


_NOTHING = _Fit(None, {}, 0)


class TargetSuggestions:
    """Numbers learnt of a session's labels, learnt anew when a tenth of these have changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fit: _Fit | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to suggest from."""
        return self._current().targets is not None

    @property
    def labels(self) -> dict[str, int]:
        """Item -> number of the event that gave the label learnt from; the same object until it learns anew."""
        return self._current().by

    def of(self, row: int) -> Suggestion | None:
        """Value and probability for one row, or None."""
        id, fit = self._session.pool.ids[row], self._current()
        if id not in fit.said:
            fit.said[id] = self._suggestion(fit.targets, row)
        return fit.said[id]

    def _suggestion(self, targets: Targets | None, row: int) -> Suggestion | None:
        s = self._session
        if targets is None:
            return None
        mean, sd = targets.predict(s._pool_model.learner.graph.phi[[row]])
        try:
            value, p = s.task.suggestion(mean[0], sd[0], extent(s.pool, row))
        except LabelError:
            return None
        return value, float(p)

    def _current(self) -> _Fit:
        s = self._session
        if not s.task.outputs or not s._pool_model.ready:
            return _NOTHING
        fit = self._fit
        if fit is None or s._label_log.revision >= fit.due:
            fit = self._fit = self._renewed(fit)
        return fit

    def _renewed(self, fit: _Fit | None) -> _Fit:
        """Learn anew, or find out when that may next be due."""
        settled, by = self._session._label_log.training_events()
        if fit is not None:
            changed = sum(by.get(id) != fit.by.get(id) for id in by.keys() | fit.by.keys())
            missing = _enough(len(fit.by)) - changed
            if missing > 0:
                return replace(fit, due=settled + missing)
        return _Fit(self._learn(list(by)), by, settled + _enough(len(by)))

    def _learn(self, ids: list[str]) -> Targets | None:
        s = self._session
        rows = [s.pool.row(id) for id in ids]
        found = {row: target for row in rows if (target := self._target(row)) is not None}
        if len(found) < FEWEST:
            return None
        phi = s._pool_model.learner.graph.phi[list(found)]
        return Targets(phi, np.stack(list(found.values())).astype(np.float32))

    def _target(self, row: int) -> Any:
        """What a row's label stands for; None where its picture cannot be read any more, so has no size."""
        s = self._session
        try:
            return s.task.target(s.value(s.pool.ids[row]), extent(s.pool, row))
        except LabelError:
            return None


def _enough(n: int) -> int:
    """How many of ``n`` labels must have changed before they are learnt anew."""
    return max(1, ceil(CHANGED * n))
