"""Explain an item's answer: gather what a session knows around it, under the lock only for as long as copies take."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import NotTrainedError
from spin_nb.session.model.explanation import Explanation, LabelEffect, MindChange, Neighbour
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.what_if import Flip, closed_form, from_draws
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float, Ints

MAX_NEIGHBOURS_SHOWN = 5
MIN_LABELS_FOR_USUAL = 8  # labelled items, before a distance can be called near or far
MAX_SAMPLE_ITEMS = 100  # labelled items whose own nearest label says what is usual


def explain(project: OpenProject, live: LiveModel, id: str) -> Explanation:
    """Explain the present answer for item ``id``.

    Raises
    ------
    LabelError
        No such item.
    NotTrainedError
        Before the first label.
    """
    row = project.pool.row(id)
    pool_model, label_log = live.pool_model, live.label_log
    pool_model.wait()
    with label_log.lock:  # only while copies are taken: what follows holds up no label
        predictive, y = live.predictive, label_log.training_set.index(len(project.pool))
        training, learner, features = label_log.training_set.training, pool_model.learner, pool_model.features
        graph = learner.graph.freeze() if learner.head == "graph" else None
    if predictive is None:
        raise NotTrainedError(
            "there is no model to explain yet.", "Label a few items: s.ask(8), s.label(id, value)."
        )
    near, unlabelled_rows = pool_model.look_alikes(row, features), np.flatnonzero(y < 0)
    what_if = (
        from_draws(predictive, row, near, unlabelled_rows)
        if graph is None
        else closed_form(graph, predictive, row, near, unlabelled_rows)
    )
    classes, ids = project.classes, project.pool.ids
    epistemic, aleatoric = predictive.uncertainty_of(row)
    return Explanation(
        id=id,
        label=classes[y[row]] if y[row] >= 0 else None,
        classes=classes,
        mean=np.asarray(predictive.mean[row]),
        draws=what_if.draws,
        epistemic=epistemic,
        aleatoric=aleatoric,
        neighbours=_neighbours(features, *training, row, ids, classes),
        changes=tuple(_in_names(flip, ids, classes) for flip in what_if.flips),
        n_tried=what_if.n_tried,
        effect=LabelEffect(*what_if.effect) if y[row] < 0 and what_if.n_tried else None,
        functions=what_if.functions,
    )


def _neighbours(
    features: Float, rows: Ints, y: Ints, row: int, ids: list[str], classes: list[str]
) -> tuple[Neighbour, ...]:
    """The labelled items nearest to ``row``, itself left out."""
    y, rows = y[rows != row], rows[rows != row]
    if not len(rows):
        return ()
    distance = np.linalg.norm(features[rows] - features[row], axis=1)
    usual = _between_labels(features, rows) if len(rows) >= MIN_LABELS_FOR_USUAL else None
    return tuple(
        Neighbour(
            ids[rows[i]],
            classes[y[i]],
            float(distance[i]),
            None if usual is None else float(np.mean(usual > distance[i])),
        )
        for i in np.argsort(distance, kind="stable")[:MAX_NEIGHBOURS_SHOWN]
    )


def _between_labels(features: Float, rows: Ints) -> Float:
    """Distances from labelled items to the nearest other.

    It looks at ``MAX_SAMPLE_ITEMS`` at most.
    """
    x = features[rows]
    few = np.random.default_rng(0).permutation(len(rows))[:MAX_SAMPLE_ITEMS]
    squared_distances = (x[few] ** 2).sum(1)[:, None] - 2 * x[few] @ x.T + (x**2).sum(1)
    squared_distances[np.arange(len(few)), few] = np.inf
    return np.sqrt(np.maximum(squared_distances.min(axis=1), 0))


def _in_names(flip: Flip, ids: list[str], classes: list[str]) -> MindChange:
    return MindChange(
        ids[flip.row],
        classes[flip.label],
        flip.chance,
        classes[flip.answer],
        classes[flip.becomes],
        flip.now,
        flip.after,
    )
