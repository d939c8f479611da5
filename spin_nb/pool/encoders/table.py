"""Table rows and vectors: standardised numbers, one-hot categories, missing values marked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.types import Float

if TYPE_CHECKING:
    import polars as pl
    import torch

MAX_LEVELS = 50
"""Text columns with more different values than this say nothing about an item's class and are left out."""


class Columns:
    """Standardised numbers, one-hot categories ("columns").

    A missing number takes the column's median and sets an indicator; a missing or unknown category is all
    zeros.  Left out: constant columns, row counters (integers rising in equal steps) and text columns with more than
    50 different values.  Dates count as days since 1970, booleans as 0 and 1.

    Examples
    --------
    >>> rows = [{"size": 1.0, "kind": "a"}, {"size": 4.0, "kind": "b"}, {"size": None, "kind": "a"}]
    >>> Columns().fit(rows).encode(rows).round(2)
    array([[-1.22, -0.71,  0.71, -0.71],
           [ 1.22, -0.71, -1.41,  1.41],
           [ 0.  ,  1.41,  0.71, -0.71]], dtype=float32)
    """

    name = "columns"
    fit_items = 20_000

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self._plan: list[dict[str, Any]] | None = None

    def fit(self, items: Sequence[Any]) -> Columns:
        """Learn medians, levels, means and scales from rows.

        Raises
        ------
        PoolError
            When no column is left.
        """
        frame = _frame(items)
        self._plan = [plan for name in frame.columns if (plan := _plan_column(frame[name])) is not None]
        if not self._plan:
            raise PoolError(
                f"no column of {', '.join(frame.columns[:8])} tells items apart.",
                "Pass numbers or categories.",
            )
        raw = self.prepare(items).astype(np.float64)
        self._mean = raw.mean(axis=0).astype(np.float32)
        deviation = raw.std(axis=0)
        self._scale = np.where(deviation > 0, deviation, 1).astype(np.float32)
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph, float32 (n, p).

        It holds raw numbers, indicators and one-hot levels.
        """
        frame = _frame(items)
        columns = [part for plan in self._require_plan() for part in _raw_columns(frame, plan)]
        return np.ascontiguousarray(np.stack(columns, axis=1), dtype=np.float32)

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, p)."""
        return (self.prepare(items) - self._mean) / self._scale

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        return {
            "input": ["batch", len(self._mean)],
            "dtype": "float32",
            "columns": self._require_plan(),
            "rules": "in this order: a number, with its median where missing, then 1 if it was missing else 0 "
            "(only where 'missing' is true); a category as one 0/1 value a level, all 0 where unknown or missing; "
            "dates as days since 1970-01-01, booleans as 0 and 1",
        }

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        from spin_nb.pool.encoders.graphs import ColumnsGraph

        self._require_plan()
        return ColumnsGraph(self._mean, self._scale).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; the plan as UTF-8 JSON bytes."""
        plan = np.frombuffer(json.dumps(self._require_plan()).encode(), np.uint8)
        return {"plan": plan, "mean": self._mean, "scale": self._scale}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], template: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``template`` has the settings, and stays as it is.
        """
        encoder = copy(template or cls())
        encoder._plan = json.loads(arrays["plan"].tobytes())
        encoder._mean, encoder._scale = arrays["mean"], arrays["scale"]
        return encoder

    def _require_plan(self) -> list[dict[str, Any]]:
        if self._plan is None:
            raise ModelError("the encoder 'columns' has learnt nothing yet.", "Call fit(items) first.")
        return self._plan


def _frame(items: Sequence[Any]) -> pl.DataFrame:
    import polars as pl

    if not len(items):
        return pl.DataFrame()
    if not isinstance(items[0], dict):
        try:
            matrix = np.asarray(items, dtype=np.float32)
        except ValueError:
            raise PoolError(
                "the vectors have different lengths.", "Give every item the same number of values."
            ) from None
        return pl.from_numpy(matrix, schema=[str(column) for column in range(matrix.shape[1])])
    return pl.from_dicts(list(items), infer_schema_length=None)


def _numbers(column: pl.Series) -> pl.Series | None:
    """Column as Float64, or None when it is no number."""
    import polars as pl

    if column.dtype.is_temporal() and column.dtype != pl.Time:
        if column.dtype == pl.Duration:
            return column.dt.total_microseconds().cast(pl.Float64) / 86_400e6
        return column.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 86_400e6
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64).fill_nan(None)
    return None


def _plan_column(column: pl.Series) -> dict[str, Any] | None:
    import polars as pl

    numbers = _numbers(column)
    if numbers is not None:
        present = numbers.drop_nulls()
        if not present.len() or (present.min() == present.max() and not numbers.null_count()):
            return None
        if column.dtype.is_integer() and present.len() > 20 and _counts(present):
            return None
        missing = bool(numbers.null_count())
        return {"name": column.name, "kind": "number", "median": present.median(), "missing": missing}
    levels = column.cast(pl.String).drop_nulls().unique().sort().to_list()
    if not 1 < len(levels) <= MAX_LEVELS:
        return None
    return {"name": column.name, "kind": "category", "levels": levels}


def _counts(values: pl.Series) -> bool:
    """Tell whether values rise in equal steps.

    In a sample of rows they may be off by one.
    """
    steps = values.diff().drop_nulls().to_numpy()
    return bool(steps.min() > 0 and steps.max() - steps.min() <= 1)


def _raw_columns(frame: pl.DataFrame, plan: dict[str, Any]) -> list[NDArray[Any]]:
    import polars as pl

    n, name = frame.height, plan["name"]
    column = frame[name] if name in frame.columns else pl.Series(name, [None] * n, dtype=pl.Null)
    if plan["kind"] == "category":
        texts = column.cast(pl.String)
        return [(texts == level).fill_null(False).to_numpy().astype(np.float32) for level in plan["levels"]]
    numbers = _numbers(column)
    if numbers is None:
        numbers = column.cast(pl.Float64, strict=False)
    parts = [numbers.fill_null(plan["median"]).to_numpy()]
    return [*parts, numbers.is_null().to_numpy().astype(np.float32)] if plan["missing"] else parts
