"""Labels that contradict another: of a near duplicate, or of another annotator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spin_nb.errors import SpinError
from spin_nb.pool.features.near_duplicates import near_duplicates
from spin_nb.project.class_history import ClassHistory
from spin_nb.project.fold import Current
from spin_nb.project.records import Event
from spin_nb.session.labels.reviews import labels_of_others
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.model_doubts import TrainingLabels

MIN_AGREEMENT = 0.9  # by the task's own measure, 1 for the same label
CONTRADICTION = 0.5  # of two labels that contradict each other at least one is wrong


def contradictions(
    project: OpenProject,
    training: TrainingLabels,
    events: Mapping[str, tuple[Event, ...]],
    classes: ClassHistory,
) -> dict[str, list[str]]:
    """Reasons by item; ``events`` are those that stand, by item."""
    reasons: dict[str, list[str]] = {}
    for label in training.labels:
        for annotator, value in labels_of_others(label, events.get(label.item, ()), classes).items():
            if not _agree(project.task, label.value, value):
                words = f"{annotator} says {project.task.describe(value)}"
                reasons.setdefault(label.item, []).append(words)
    if project.learns_classes and training.labels:
        _add_duplicates(reasons, training, project.task)
    return reasons


def _add_duplicates(reasons: dict[str, list[str]], training: TrainingLabels, task: Any) -> None:
    """Name to each label a near duplicate of another class, as ``s.duplicates`` groups them."""
    group_of_row, _ = near_duplicates(*training.graph)
    is_placed = training.rows < len(group_of_row)  # what arrived last is not in the graph yet
    groups = np.where(is_placed, group_of_row[np.where(is_placed, training.rows, 0)], -1)
    for group in np.unique(groups[groups >= 0]):
        members = np.flatnonzero(groups == group)
        for at in members:
            if len(others := members[training.y[members] != training.y[at]]):
                words = _duplicate_words(training.labels[others[0]], task)
                reasons.setdefault(training.labels[at].item, []).append(words)


def _duplicate_words(duplicate: Current, task: Any) -> str:
    return f"nearly the same as {duplicate.item}, which is {task.describe(duplicate.value)}"


def _agree(task: Any, label: object, other: object) -> bool:
    if label == other:
        return True
    try:
        return bool(task.score(label, other) >= MIN_AGREEMENT)
    except SpinError:  # a class that is no longer one
        return False
