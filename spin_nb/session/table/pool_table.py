"""The table of the pool, a column at a time: whoever filters by one pays for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spin_nb.session.audit.judge import Judge
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.model.cluster_finder import ClusterFinder
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.prediction_columns import CLASS_COLUMNS
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.open_project import OpenProject
from spin_nb.session.table.cluster_column import CLUSTER, cluster_column
from spin_nb.session.table.column_cache import ColumnCache
from spin_nb.session.table.filters import column_names, from_json, mask_of, unknown_column
from spin_nb.session.table.label_columns import LABEL_COLUMNS, label_column
from spin_nb.session.table.mark_columns import MARK_COLUMNS, mark_column
from spin_nb.session.table.metadata import metadata_names
from spin_nb.session.table.miner_columns import MINER_COLUMNS, MinerSource
from spin_nb.session.table.pool_columns import broken_column, item_column
from spin_nb.session.table.prediction_source import (
    Nothing,
    PredictionSource,
    prediction_names,
    prediction_source,
)
from spin_nb.types import Estimate

if TYPE_CHECKING:
    import polars as pl

# Of every task, so that a metadata column has one name in all projects.
OWN_NAMES = frozenset(
    {"item", *LABEL_COLUMNS, *MARK_COLUMNS, *CLASS_COLUMNS, "sd", *MINER_COLUMNS, CLUSTER, "broken"}
)
MIN_ITEMS_TO_JUDGE = 20  # the accuracy of fewer would tell which of them audit


class PoolTable:
    """Table of the pool, one row an item.

    Columns are computed when they are named, and stay until what they follow from is another.
    """

    def __init__(
        self,
        project: OpenProject,
        live: LiveModel,
        suggestions: Suggestions,
        judge: Judge,
        clusters: ClusterFinder,
    ) -> None:
        self._project = project
        self._live = live
        self._suggestions = suggestions
        self._judge = judge
        self._clusters = clusters
        self._of_pool, self._of_labels, self._of_predictions = ColumnCache(), ColumnCache(), ColumnCache()
        self._of_marks = ColumnCache()
        self._of_features = {name: ColumnCache() for name in MINER_COLUMNS}

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order; the last are computed only where they are named."""
        return [*self._ready_names, *MINER_COLUMNS, CLUSTER]

    @property
    def _ready_names(self) -> list[str]:
        """Names of the columns that cost nothing to speak of."""
        with self._live.label_log.lock:
            label, annotator, *rest = LABEL_COLUMNS
            return [
                *("item", *self._metadata(), label, annotator, *MARK_COLUMNS),
                *(*prediction_names(self._project), *rest, "broken"),
            ]

    def frame(self, names: Iterable[str] | None = None) -> pl.DataFrame:
        """Table of the columns ``names``, or of all that cost nothing to speak of."""
        import polars as pl

        names = self._ready_names if names is None else list(names)
        predicted_names = [name for name in names if name in prediction_names(self._project)]
        mined_names = [name for name in names if name in MINER_COLUMNS]
        if predicted_names:
            self._live.wait_where_labelled()
        if mined_names:
            self._live.pool_model.wait()
        cluster_index = self._clusters.wait() if CLUSTER in names else None
        label_log = self._live.label_log
        with label_log.lock:
            self._live.try_to_catch_up()
            columns = {
                name: self._column(name, label_log)
                for name in names
                if name not in predicted_names and name not in mined_names and name != CLUSTER
            }
            source = self._source() if predicted_names else Nothing(self._project)
            mined = MinerSource(self._live.pool_model, label_log) if mined_names else None
        for name in predicted_names:  # without the lock: no label waits for it
            columns[name] = self._of_predictions.get(source.basis, name, source.columns)
        for name in mined_names:
            assert mined is not None
            columns[name] = self._of_features[name].get(mined.basis(name), name, mined.columns)
        if cluster_index is not None:
            columns[CLUSTER] = cluster_column(cluster_index)
        return pl.DataFrame([columns[name].alias(name) for name in names])

    def rows(self, filters: Sequence[str], names: Iterable[str] | None = None) -> pl.DataFrame:
        """Rows that pass all filters: ``names``, or all columns and those filtered by; see :meth:`mask`."""
        expressions = [from_json(text) for text in filters]
        filtered_names = column_names(expressions, self.names)
        names = list(dict.fromkeys([*self._ready_names, *filtered_names])) if names is None else list(names)
        frame = self.frame(dict.fromkeys([*names, *filtered_names]))
        return frame[names][np.flatnonzero(mask_of(expressions, frame))]

    def mask(self, filters: Sequence[str]) -> NDArray[np.bool_]:
        """Mask the rows that pass all filters, bool (n,).

        Raises
        ------
        QueryError
            A column that is not there, an expression that is no condition.
        """
        expressions = [from_json(text) for text in filters]
        names = column_names(expressions, self.names)
        return mask_of(expressions, self.frame(names or ["item"]))

    def accuracy(self, filters: Sequence[str]) -> Estimate:
        """Estimate the accuracy on the items that pass all filters."""
        mask = self.mask(filters)
        if mask.sum() < MIN_ITEMS_TO_JUDGE:
            return Estimate(None, 0.0, 1.0, 0, f"fewer than {MIN_ITEMS_TO_JUDGE} items are not judged")
        names = column_names(map(from_json, filters), self.names)
        goes_by_label = any(name in LABEL_COLUMNS for name in names)
        return self._judge.accuracy(mask, "items that their label puts here" if goes_by_label else "")

    def _source(self) -> PredictionSource:
        return prediction_source(self._project, self._live, self._suggestions)

    def _column(self, name: str, label_log: LabelLog) -> pl.Series:
        """Column that no model predicts, under the lock."""
        pool = self._project.pool
        basis = pool.ids, len(pool), pool.missing_ids
        if name == "item":
            return self._of_pool.get(basis, name, lambda _: {name: item_column(pool)})
        if name == "broken":
            return self._of_pool.get(basis, name, lambda _: {name: broken_column(pool)})
        if name in LABEL_COLUMNS:
            basis_of_labels = *basis, label_log.revision
            return self._of_labels.get(basis_of_labels, name, lambda _: {name: label_column(name, label_log)})
        if name in MARK_COLUMNS:
            basis_of_marks = *basis, label_log.state.seq
            return self._of_marks.get(basis_of_marks, name, lambda _: {name: mark_column(name, label_log)})
        metadata = self._metadata()
        if name not in metadata:
            raise unknown_column(name, self.names)
        return self._of_pool.get(basis, name, lambda _: {name: pool.column(metadata[name])})

    def _metadata(self) -> dict[str, str]:
        """Names that the pool's own columns have in the table -> their names there."""
        return metadata_names(self._project.pool.column_names, OWN_NAMES)
