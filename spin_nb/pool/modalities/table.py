"""Rows of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.modalities.table_rows import TableRows
from spin_nb.pool.pool_data import FLOAT32_MAX, PoolData
from spin_nb.types import Float, Shown
from spin_nb.words import shown

if TYPE_CHECKING:
    import polars as pl

Cell = bool | int | float | str | date | time | timedelta | None
"""Value of a loaded row."""
MAX_CELL = 300
MAX_COLUMNS = 100


@dataclass(frozen=True)
class TableModality(Modality):
    """Rows of a table.

    A row is a dict of named values, or a vector of numbers.
    """

    name = "table"
    title = "row"
    batch_axes = 2
    chunk_items = 16_384
    encoders = ("columns",)
    schema = 1

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is a row.

        A row is a dict of values, or a vector.
        """
        return isinstance(item, dict) or (
            isinstance(item, np.ndarray) and item.dtype != np.uint8 and item.ndim == 1
        )

    @classmethod
    def check_batch(cls, raws: list[Any], data: PoolData) -> list[Any]:
        """Rows of a batch, durations in seconds.

        They are refused where they share no column with the pool.
        """
        _check_rows(raws, data)
        return [_in_seconds(raw) for raw in raws]

    def load_frame(self, frame: pl.DataFrame) -> TableRows:
        """Rows of a frame, whose numbers were checked when it was read."""
        return TableRows(frame, self.load)

    def load(self, source: object) -> dict[str, Cell] | Float:
        """The dict with plain values (anything else as text), or the vector as float32 (d,).

        Raises
        ------
        PoolError
            When it is neither, the vector is not finite, or a value is infinite or too large.
        """
        if isinstance(source, dict):
            return {str(name): _scalar(name, value) for name, value in source.items()}
        try:
            with np.errstate(over="ignore"):
                vector = np.asarray(source, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.empty((0, 0), np.float32)
        if vector.ndim != 1 or not vector.size:
            raise PoolError(
                f"{shown(source)} is no table row.", "Pass a dict (column -> value) or a vector of numbers."
            )
        if not np.isfinite(vector).all():
            raise PoolError(
                "a vector holds NaN, infinite values or more than float32 takes.",
                "Fill or remove them first.",
            )
        return vector

    def show(self, source: object, size: int | None = None) -> Shown:
        """application/json: column name -> value as text, the first ``size`` columns (default 100)."""
        row = self.load(source)
        pairs = list(row.items() if isinstance(row, dict) else enumerate(row))
        limit = size or MAX_COLUMNS
        cells = {str(name)[:MAX_CELL]: _cell(value) for name, value in pairs[:limit]}
        if len(pairs) > limit:
            cells["…"] = f"{len(pairs) - limit} more"
        return Shown("application/json", cells)


def _scalar(name: object, value: object) -> Cell:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (int, float)) and abs(value) > FLOAT32_MAX:
        raise PoolError(
            f"the value of {shown(str(name))} is infinite or does not fit float32.",
            "Rescale it, or leave it out.",
        )
    if value is None or isinstance(value, (bool, int, float, str, date, time, timedelta)):
        return value
    return str(value)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    text = str(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _check_rows(raws: list[Any], data: PoolData) -> None:
    """Refuse rows that share no column with the pool.

    Every value would count as missing.
    """
    if data.container == "frame":
        columns = set(data.items.columns)
        strange = next((raw for raw in raws if not (isinstance(raw, dict) and columns & raw.keys())), None)
        expected = f"a dict with {', '.join(map(repr, data.items.columns[:5]))}"
    else:
        width = data.items.shape[1]
        strange = next((raw for raw in raws if isinstance(raw, dict) or _size(raw) != width), None)
        expected = f"a vector of {width} numbers"
    if strange is not None:
        raise PoolError(f"{shown(strange)} is no row like the pool's.", f"Pass {expected} for every item.")


def _in_seconds(raw: object) -> Any:
    """Durations of a row as numbers, in seconds."""
    if not isinstance(raw, dict):
        return raw
    return {name: v.total_seconds() if isinstance(v, timedelta) else v for name, v in raw.items()}


def _size(raw: Any) -> int:
    """Numbers in a row; -1 where it is none."""
    try:
        return int(np.size(raw))
    except (
        ValueError,
        TypeError,
        RuntimeError,
    ):  # parts of different lengths, or a tensor that has a gradient
        return -1
