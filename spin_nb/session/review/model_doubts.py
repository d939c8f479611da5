"""What models that did not learn from a label think of it, by what a label is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.models.head_selection import MIN_LABELS_FOR_CV
from spin_nb.models.label_errors import find_label_errors
from spin_nb.models.learner import Learner
from spin_nb.models.number_errors import MIN_LABELS, NumberErrors, find_number_errors
from spin_nb.project.fold import Current
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.types import Float, Ints


@dataclass(frozen=True, eq=False)
class TrainingLabels:
    """Labels that train, as they were at one moment.

    Attributes
    ----------
    labels : list of Current
    rows, y : int (m,)
        Row and class index of each; 0 where labels are no classes.
    graph : (int32 (n, k), float32 (n, k))
        Nearest other rows of each row of the pool, and their distances.
    learner : Learner
        A copy.
    """

    labels: list[Current]
    rows: Ints
    y: Ints
    graph: tuple[Ints, Float]
    learner: Learner


@dataclass(frozen=True, eq=False)
class ModelDoubts:
    """Doubts of a model.

    Attributes
    ----------
    wrong : float (m,)
        Probability that each label is wrong; NaN where no model says.
    reasons : list of str
        What it says instead, "" where nothing.
    silence : str
        Why it says nothing of any label; "" where it does.
    """

    wrong: Float
    reasons: list[str]
    silence: str = ""


def model_doubts(project: OpenProject, training: TrainingLabels, job: Job[Any]) -> ModelDoubts:
    """Doubt every label by models that did not learn from it; no lock is needed."""
    n, task = len(training.labels), project.task
    if project.learns_classes:
        if n < MIN_LABELS_FOR_CV:
            return _silent(n, f"no model doubts fewer than {MIN_LABELS_FOR_CV} labels")
        return _of_classes(project, training, job)
    if task.outputs:
        return _of_numbers(project, training)
    return _silent(
        n, f"nothing is learnt of labels that are {task.about}, so no prediction can be held against them"
    )


def _silent(n: int, why: str) -> ModelDoubts:
    return ModelDoubts(np.full(n, np.nan, np.float32), [""] * n, why)


def _of_classes(project: OpenProject, training: TrainingLabels, job: Job[Any]) -> ModelDoubts:
    errors = find_label_errors(
        training.learner,
        training.rows,
        training.y,
        progress=job.report,
        is_cancelled=lambda: job.cancelled,
    )
    names, reasons = project.classes, []
    for probs, y in zip(errors.probs, training.y, strict=True):
        best = int(probs.argmax())
        verb = "agrees" if best == y else f"says {names[best]}"
        reasons.append(f"the model {verb} ({probs[best]:.0%})")
    return ModelDoubts(errors.wrong, reasons)


def _of_numbers(project: OpenProject, training: TrainingLabels) -> ModelDoubts:
    pool, task = project.pool, project.task
    extents = [pool.known_extent(int(row)) for row in training.rows]
    targets = [
        _target(task, label.value, extent) for label, extent in zip(training.labels, extents, strict=True)
    ]
    at = [i for i, target in enumerate(targets) if target is not None]
    n = len(training.labels)
    if len(at) < MIN_LABELS:
        return _silent(n, f"no model doubts fewer than {MIN_LABELS} such labels")
    phi = training.learner.graph.phi[training.rows[at]]
    matrix = np.stack([target for target in targets if target is not None]).astype(np.float32)
    errors = find_number_errors(phi, matrix)
    wrong, reasons = np.full(n, np.nan, np.float32), [""] * n
    wrong[at] = errors.wrong
    for position, i in enumerate(at):
        reasons[i] = _number_words(task, errors, position, matrix[position], extents[i])
    return ModelDoubts(wrong, reasons)


def _number_words(task: Any, errors: NumberErrors, at: int, target: Float, extent: Any) -> str:
    """Say which number is predicted, and by how many standard deviations the label misses it."""
    column = errors.worst[at]
    mean, sd = errors.mean[at], errors.sd[at]
    if not np.isfinite(mean[column]):
        return ""
    away = f"{abs(target[column] - mean[column]) / sd[column]:.1f} standard deviations away"
    if task.outputs == 1:
        return f"the model says {task.describe(task.suggestion(mean, sd, extent)[0])}, {away}"
    name = task.names[column * len(task.names) // task.outputs]
    return f"the model disagrees most about {name}, {away}"


def _target(task: Any, value: object, extent: Any) -> Float | None:
    """Target of a label; None where its picture cannot be read any more."""
    try:
        target: Float = task.target(value, extent)
    except LabelError:
        return None
    return target
