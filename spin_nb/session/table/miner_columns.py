"""Columns that miners score by, in the encoder's features: novelty and outlier."""

from __future__ import annotations

import numpy as np

from spin_nb.query.miners import novelty
from spin_nb.query.miners.local_outlier_factor import outlier_of_neighbours
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.table.column_cache import Basis, Columns
from spin_nb.types import Float, Ints

MINER_COLUMNS = ("novelty", "outlier")
MAX_KNOWN = 10_000  # labelled rows that novelty compares with: a million items beside them are 10^10 pairs


class MinerSource:
    """Features, neighbours and labels that miners score by: gathered under the lock, computed without it.

    Parameters
    ----------
    pool_model : PoolModel
        Ready.
    label_log : LabelLog
    """

    def __init__(self, pool_model: PoolModel, label_log: LabelLog) -> None:
        self._features = pool_model.features
        self._graph = pool_model.graph
        self._revision = label_log.revision
        self._labelled_rows = np.flatnonzero(label_log.training_set.index(len(self._features)) >= 0)

    def basis(self, name: str) -> Basis:
        """Objects that are the same as long as the column is; novelty follows the labels, too."""
        return (self._features, self._revision) if name == "novelty" else (self._features,)

    def columns(self, name: str) -> Columns:
        """One column alone, float32 or null, a row for each item."""
        import polars as pl

        values = self._novelty() if name == "novelty" else self._outlier()
        if values is None:
            return {name: pl.Series(name, [None], pl.Float32).new_from_index(0, len(self._features))}
        return {name: pl.Series(name, values, pl.Float32)}

    def _novelty(self) -> Float | None:
        """Novelty beside the labelled rows, some of them where they are many; None of fewer than two."""
        rows: Ints = self._labelled_rows
        if len(rows) < 2:
            return None
        if len(rows) > MAX_KNOWN:
            rows = np.sort(np.random.default_rng(0).choice(rows, MAX_KNOWN, replace=False))
        return novelty(self._features, labelled_rows=rows)

    def _outlier(self) -> Float | None:
        rows, distances = self._graph
        return outlier_of_neighbours(rows, distances) if rows.shape[1] else None
