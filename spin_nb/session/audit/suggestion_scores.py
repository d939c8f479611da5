"""Score what would be suggested now for each audit, kept until the label or the suggestion is another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.project.records import Suggestion
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Ints


class SuggestionScores:
    """Scores of suggestions, cached; false without suggestions."""

    def __init__(self, project: OpenProject, label_log: LabelLog, suggestions: Suggestions) -> None:
        self._project = project
        self._label_log = label_log
        self._suggestions = suggestions
        self._of_item: dict[str, tuple[int, Suggestion, float]] = {}
        self._last: tuple[tuple[object, ...], NDArray[np.float64]] | None = None

    def __bool__(self) -> bool:
        return bool(self._suggestions)

    def of_audits(self, audits: tuple[Ints, Ints]) -> NDArray[np.float64]:
        """Score the audit labels, float64 (n,); 0 without a suggestion."""
        rests_on = (audits, *self._suggestions.sources)
        if self._last is None or any(
            new is not old for new, old in zip(rests_on, self._last[0], strict=True)
        ):
            scores = np.array([self._of_row(int(row)) for row in audits[0]], np.float64)
            self._last = rests_on, scores
        return self._last[1]

    def _of_row(self, row: int) -> float:
        task, pool = self._project.task, self._project.pool
        id = pool.ids[row]
        label, suggestion = self._label_log.current(id), self._suggestions.of(row)
        if label is None or suggestion is None:
            return 0.0
        entry = self._of_item.get(id)
        if entry is None or entry[:2] != (label.seq, suggestion):
            score = float(task.score(suggestion[0], label.value, pool.known_extent(row)))
            entry = self._of_item[id] = label.seq, suggestion, score
        return entry[2]
