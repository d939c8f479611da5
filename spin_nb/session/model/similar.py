"""Items that are most like one: ``s.similar(id)``."""

from __future__ import annotations

from typing import Any

from spin_nb.errors import QueryError
from spin_nb.query.miners.most_similar import most_similar
from spin_nb.session.arguments import is_file_name, whole_number
from spin_nb.session.model.hits import Hits
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float


def similar(project: OpenProject, live: LiveModel, item: Any, k: int, metric: Any) -> Hits:
    """Find the ``k`` items of the pool that are most like an item; see ``Session.similar``.

    Raises
    ------
    QueryError
        ``k`` is no whole number from 1 up; no such metric.
    LabelError, PoolError
        Neither an item of the pool nor one that can be read.
    """
    k = whole_number(k, "k", 1, QueryError)
    pool, pool_model = project.pool, live.pool_model
    pool_model.wait()
    with live.label_log.lock:
        features, ids = pool_model.features, pool.ids
    row = pool.row(item) if _is_id(project, item) else None
    query: Float = pool_model.encoder.encode(pool.read([item]))[0] if row is None else features[row]
    rows, distances = most_similar(features, query, k, metric=metric, without=row)
    return Hits(tuple(ids[at] for at in rows), distances, "distance")


def _is_id(project: OpenProject, item: object) -> bool:
    """Say whether text names an item of the pool; else it is a text, or the path of a picture."""
    if not isinstance(item, str):
        return False
    return project.pool.has(item) or not (project.pool.modality == "text" or is_file_name(item))
