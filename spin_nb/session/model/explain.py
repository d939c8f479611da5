"""Explain an item's answer: gather what a session knows around it, under the lock only for as long as copies take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spin_nb.errors import NotTrainedError
from spin_nb.pool.neighbours import nearest
from spin_nb.session.model.explanation import Explanation, MindChange, Neighbour, Taught
from spin_nb.session.model.pool_model import NEIGHBOURS
from spin_nb.session.model.what_if import Flip, on_draws, on_graph
from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    from spin_nb.session.session import Session

NEAREST = 5
ENOUGH = 8  # labelled items, before a distance can be called near or far
SAMPLE = 100  # labelled items whose own nearest label says what is usual

__all__ = ["Explanation", "explain"]


def explain(session: Session, id: str) -> Explanation:
    """Explain the present answer for item ``id``.

    Raises
    ------
    LabelError
        No such item.
    NotTrainedError
        Before the first label.
    """
    row = session.pool.row(id)
    session._pool_model.wait()
    with session._label_log.lock:  # only while copies are taken: what follows holds up no label
        predictive, index = session.predictive, session.label_index
        learns, learner, features = (
            session._label_log.training,
            session._pool_model.learner,
            session._pool_model.features,
        )
        graph = learner.graph.frozen() if learner.head == "graph" else None
    if predictive is None:
        raise NotTrainedError(
            "there is no model to explain yet.", "Label a few items: s.ask(8), s.label(id, value)."
        )
    near, free = _look_alikes(session, features, row), np.flatnonzero(index < 0)
    found = (
        on_draws(predictive, row, near, free)
        if graph is None
        else on_graph(graph, predictive, row, near, free)
    )
    classes, ids = session.classes, session.pool.ids
    epistemic, aleatoric = predictive.doubt(row)
    return Explanation(
        id=id,
        label=classes[index[row]] if index[row] >= 0 else None,
        classes=classes,
        mean=np.asarray(predictive.mean[row]),
        draws=found.draws,
        epistemic=epistemic,
        aleatoric=aleatoric,
        neighbours=_neighbours(features, *learns, row, ids, classes),
        changes=tuple(_in_names(flip, ids, classes) for flip in found.flips),
        tried=found.tried,
        taught=Taught(*found.taught) if index[row] < 0 and found.tried else None,
        functions=found.functions,
    )


def _look_alikes(session: Session, features: Float, row: int) -> Ints:
    """Rows nearest to ``row`` in the pool as it was opened: from the graph, or searched for an arrival."""
    pool_model = session._pool_model
    if row < pool_model.n_base and pool_model._graph is not None:
        return np.asarray(pool_model._graph[0][row], np.int64)
    return nearest(features[: pool_model.n_base], features[row : row + 1], NEIGHBOURS)[0][0].astype(np.int64)


def _neighbours(
    features: Float, rows: Ints, y: Ints, row: int, ids: list[str], classes: list[str]
) -> tuple[Neighbour, ...]:
    """The labelled items nearest to ``row``, itself left out."""
    y, rows = y[rows != row], rows[rows != row]
    if not len(rows):
        return ()
    distance = np.linalg.norm(features[rows] - features[row], axis=1)
    usual = _between_labels(features, rows) if len(rows) >= ENOUGH else None
    return tuple(
        Neighbour(
            ids[rows[i]],
            classes[y[i]],
            float(distance[i]),
            None if usual is None else float(np.mean(usual > distance[i])),
        )
        for i in np.argsort(distance, kind="stable")[:NEAREST]
    )


def _between_labels(features: Float, rows: Ints) -> Float:
    """Distance of some labelled items, at most ``SAMPLE``, to the labelled item nearest to each."""
    x = features[rows]
    few = np.random.default_rng(0).permutation(len(rows))[:SAMPLE]
    squared = (x[few] ** 2).sum(1)[:, None] - 2 * x[few] @ x.T + (x**2).sum(1)
    squared[np.arange(len(few)), few] = np.inf
    return np.sqrt(np.maximum(squared.min(axis=1), 0))


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
