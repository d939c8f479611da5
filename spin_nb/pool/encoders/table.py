"""Table rows and vectors: standardised numbers without heavy tails, one-hot categories, missing values marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders.outliers import LARGEST, LINEAR_RANGE
from spin_nb.pool.modalities.table_rows import TableRows
from spin_nb.types import Float

if TYPE_CHECKING:
    import polars as pl
    import torch

MAX_LEVELS = 50
"""Text columns with more different values than this say nothing about an item's class and are left out."""
BLOCK_NUMBERS = 2**23  # float64 held at once while columns are read
_QUARTILES_APART = 1.349  # standard deviations of a normal distribution


class Columns:
    """Standardised numbers, one-hot categories ("columns").

    A number ``z`` robust standard deviations from its column's median, more than five, counts as
    ``5 (1 + ln(z / 5))``: of two outliers the larger stays the larger, and none outweighs all other columns.

    Measured with logistic regression, C by cross-validation, and five nearest neighbours at 20 to 160 labels: seven
    tables as they are lose nothing, where clipping, ranks and asinh lose 2 to 3; with every tail cubed 2.2 and
    2.5 points are won on average, up to 8.8 (machine records lose 1.3 with the former, win 1.3 with the latter).

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
        self._centre: Float | None = None
        self._spread: Float | None = None

    def fit(self, items: Sequence[Any]) -> Columns:
        """Learn medians, levels, means and scales from rows.

        Raises
        ------
        PoolError
            When no column is left.
        """
        frame = _frame(items)
        self._plan = _plan(frame)
        if not self._plan:
            raise PoolError(
                f"no column of {', '.join(frame.columns[:8])} tells items apart.",
                "Pass numbers or categories.",
            )
        raw = _raw_columns(frame, self._plan)
        self._centre, self._spread = _robust_scale(raw, _numbers_among(self._plan))
        raw = self._draw_in(raw)
        mean = raw.mean(axis=0, dtype=np.float64)
        deviation = raw.std(axis=0, dtype=np.float64, mean=mean[None])
        self._mean = mean.astype(np.float32)
        self._scale = np.where(deviation > 0, deviation, 1).astype(np.float32)
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph, float32 (n, p).

        It holds raw numbers, indicators and one-hot levels.
        """
        return _raw_columns(_frame(items), self._require_plan())

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, p)."""
        features = self._draw_in(self.prepare(items))
        features -= self._mean
        features /= self._scale
        return features

    def _draw_in(self, raw: Float) -> Float:
        """Numbers in robust standard deviations, in place, those far out drawn in."""
        if self._centre is None or self._spread is None:  # of a version that left heavy tails
            return raw
        with np.errstate(over="ignore"):
            raw -= self._centre
            raw /= self._spread
        far_out = np.abs(raw) > LINEAR_RANGE
        values = np.clip(raw[far_out], -LARGEST, LARGEST)
        beyond = np.abs(values) / np.float32(LINEAR_RANGE) - 1
        raw[far_out] = np.copysign(np.float32(LINEAR_RANGE) * (1 + np.log1p(beyond)), values)
        return raw

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
        from spin_nb.pool.encoders.torch_modules import ColumnsGraph

        self._require_plan()
        return ColumnsGraph(self._mean, self._scale, self._centre, self._spread).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt; the plan as UTF-8 JSON bytes."""
        plan = np.frombuffer(json.dumps(self._require_plan()).encode(), np.uint8)
        arrays = {"plan": plan, "mean": self._mean, "scale": self._scale}
        if self._centre is None or self._spread is None:
            return arrays
        return {**arrays, "centre": self._centre, "spread": self._spread}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._plan = json.loads(arrays["plan"].tobytes())
        encoder._mean, encoder._scale = arrays["mean"], arrays["scale"]
        encoder._centre, encoder._spread = arrays.get("centre"), arrays.get("spread")
        return encoder

    def _require_plan(self) -> list[dict[str, Any]]:
        if self._plan is None:
            raise ModelError("the encoder 'columns' has learnt nothing yet.", "Call fit(items) first.")
        return self._plan


def _frame(items: Sequence[Any]) -> pl.DataFrame:
    import polars as pl

    if isinstance(items, TableRows):
        return items.frame
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


def _is_number(dtype: pl.DataType) -> bool:
    import polars as pl

    return dtype.is_numeric() or (dtype.is_temporal() and dtype != pl.Time) or dtype in (pl.Boolean, pl.Null)


def _as_number(name: str, dtype: pl.DataType) -> pl.Expr:
    """Column as Float64: dates and durations in days, missing where it is no number."""
    import polars as pl

    column = pl.col(name)
    if dtype == pl.Duration:
        return column.dt.total_microseconds().cast(pl.Float64) / 86_400e6
    if dtype.is_temporal() and dtype != pl.Time:
        return column.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 86_400e6
    return column.cast(pl.Float64, strict=False)


def _blocks(frame: pl.DataFrame, names: list[str]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Columns as float64 (n, some), NaN where missing, so many at a time that they fit in memory."""
    import polars as pl

    schema, size = frame.schema, BLOCK_NUMBERS // max(1, frame.height) + 1
    for start in range(0, len(names), size):
        block = names[start : start + size]
        numbers = np.full((frame.height, len(block)), np.nan)
        present = [place for place, name in enumerate(block) if name in schema]
        there = [block[place] for place in present]
        temporal = [_as_number(name, schema[name]) for name in there if schema[name].is_temporal()]
        if there:
            columns = frame.select(there).with_columns(temporal) if temporal else frame.select(there)
            numbers[:, present] = columns.cast(pl.Float64, strict=False).to_numpy()
        yield slice(start, start + len(block)), numbers


def _plan(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Plans of the columns that say something, in their order."""
    schema = frame.schema
    plans: dict[str, dict[str, Any] | None] = {}
    numbers = [name for name, dtype in schema.items() if _is_number(dtype)]
    for place, block in _blocks(frame, numbers):
        plans.update(zip(numbers[place], _plan_numbers(frame.select(numbers[place]), block), strict=True))
    for name in schema:
        if name not in plans:
            plans[name] = _plan_category(frame[name])
    return [plan for name in schema if (plan := plans[name]) is not None]


def _plan_numbers(columns: pl.DataFrame, numbers: NDArray[np.float64]) -> Iterator[dict[str, Any] | None]:
    ordered = np.sort(numbers, axis=0)  # NaN at the end
    counts = len(numbers) - np.isnan(numbers).sum(axis=0)
    for place, (name, dtype) in enumerate(columns.schema.items()):
        n, missing = int(counts[place]), bool(counts[place] < len(numbers))
        is_constant = not n or (not missing and ordered[0, place] == ordered[n - 1, place])
        if is_constant or (dtype.is_integer() and n > 20 and _counts(numbers[:, place])):
            yield None
        else:
            median = (ordered[(n - 1) // 2, place] + ordered[n // 2, place]) / 2
            yield {"name": name, "kind": "number", "median": float(median), "missing": missing}


def _plan_category(column: pl.Series) -> dict[str, Any] | None:
    import polars as pl

    levels = column.cast(pl.String).drop_nulls().unique().sort().to_list()
    if not 1 < len(levels) <= MAX_LEVELS:
        return None
    return {"name": column.name, "kind": "category", "levels": levels}


def _counts(values: NDArray[np.float64]) -> bool:
    """Tell whether values rise in equal steps.

    In a sample of rows they may be off by one.
    """
    steps = np.diff(values[~np.isnan(values)])
    return bool(steps.min() > 0 and steps.max() - steps.min() <= 1)


def _raw_columns(frame: pl.DataFrame, plans: list[dict[str, Any]]) -> Float:
    """Columns that the plans make of a frame, float32 (n, p)."""
    widths = [len(plan["levels"]) if plan["kind"] == "category" else 1 + plan["missing"] for plan in plans]
    starts = np.cumsum([0, *widths])
    raw = np.empty((frame.height, starts[-1]), np.float32)
    is_number = np.array([plan["kind"] == "number" for plan in plans], bool)
    number_plans = [plan for plan in plans if plan["kind"] == "number"]
    number_starts = starts[:-1][is_number]
    medians = np.array([plan["median"] for plan in number_plans], np.float64)
    has_missing = np.array([plan["missing"] for plan in number_plans], bool)
    for place, numbers in _blocks(frame, [plan["name"] for plan in number_plans]):
        missing = np.isnan(numbers)
        raw[:, number_starts[place]] = np.where(missing, medians[place], numbers)
        marked = has_missing[place]
        raw[:, number_starts[place][marked] + 1] = missing[:, marked]
    for plan, start in zip(plans, starts, strict=False):
        if plan["kind"] == "category":
            raw[:, start : start + len(plan["levels"])] = _levels(frame, plan)
    return raw


def _numbers_among(plans: list[dict[str, Any]]) -> NDArray[np.int64]:
    """Places of numbers among the columns; the others are marks, 0 or 1."""
    is_number: list[bool] = []
    for plan in plans:
        is_number += (
            [False] * len(plan["levels"])
            if plan["kind"] == "category"
            else [True, False][: 1 + plan["missing"]]
        )
    return np.flatnonzero(is_number)


def _robust_scale(raw: Float, numbers: NDArray[np.int64]) -> tuple[Float, Float]:
    """Median and robust standard deviation of numbers, (p,); 0 and 1 of the other columns.

    From the quartiles, or where these are one value from what differs from it: half of that lies nearer.
    """
    centre, spread = np.zeros(raw.shape[1], np.float32), np.ones(raw.shape[1], np.float32)
    quartiles = [(len(raw) - 1) * part // 4 for part in (1, 2, 3)]
    size = BLOCK_NUMBERS // len(raw) + 1
    for start in range(0, len(numbers), size):
        places = numbers[start : start + size]
        low, middle, high = np.partition(raw[:, places], quartiles, axis=0)[quartiles].astype(np.float64)
        deviation = (high - low) / _QUARTILES_APART
        for place in np.flatnonzero(deviation <= 0):
            others = np.abs(raw[:, places[place]] - middle[place])
            others = others[others > 0]
            deviation[place] = 2 * np.median(others) / _QUARTILES_APART if len(others) else 1
        centre[places], spread[places] = middle, deviation
    spread[~(spread > 0)] = 1
    return centre, spread


def _levels(frame: pl.DataFrame, plan: dict[str, Any]) -> NDArray[np.bool_]:
    """Mark the level each row has, (n, levels); none where it is unknown or missing."""
    import polars as pl

    if plan["name"] not in frame.schema:
        return np.zeros((frame.height, len(plan["levels"])), bool)
    texts = frame[plan["name"]].cast(pl.String)
    return np.stack([(texts == level).fill_null(False).to_numpy() for level in plan["levels"]], axis=1)
