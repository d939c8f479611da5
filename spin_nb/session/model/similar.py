"""Items that are most like one: ``s.similar(id)``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query.miners.most_similar import most_similar
from spin_nb.session.arguments import whole_number
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.types import Float
from spin_nb.words import HtmlRepr

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Similar(HtmlRepr):
    """Items most like one, the nearest first.

    Attributes
    ----------
    ids : tuple of str
    distances : float32 (k,)
    """

    ids: tuple[str, ...]
    distances: NDArray[np.float32]

    @property
    def table(self) -> pl.DataFrame:
        """Columns item and distance."""
        import polars as pl

        return pl.DataFrame(
            {"item": self.ids, "distance": self.distances}, schema_overrides={"item": pl.String}
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        lines = [f"  {d:.3f} {id!r}" for id, d in zip(self.ids[:8], self.distances, strict=False)]
        return "\n".join([f"{len(self):,} most similar items, nearest first, with their distance", *lines])


def similar(project: OpenProject, live: LiveModel, item: Any, k: int, metric: Any) -> Similar:
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
    return Similar(tuple(ids[at] for at in rows), distances)


def _is_id(project: OpenProject, item: object) -> bool:
    """Say whether text names an item of the pool; else it is a text, or the path of a picture."""
    if not isinstance(item, str):
        return False
    return project.pool.has(item) or not (project.pool.modality == "text" or Path(item).is_file())
