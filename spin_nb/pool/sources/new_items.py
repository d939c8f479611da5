"""New items as a person passes them, to predict or watch -> a list of raw items, one by one.

What the pool would misread is refused: nothing here is guessed for one item that the batch can decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.audio import Sound
from spin_nb.pool.media.images import value_range
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.sources.frames import clean_frame, read_pandas
from spin_nb.pool.sources.masks import unmasked
from spin_nb.pool.sources.samples import Sample
from spin_nb.pool.sources.torch_dataset_items import plain_items
from spin_nb.pool.sources.user_pools import TimeSeries
from spin_nb.words import said_by, shown

_SLACK = 0.05
_FAINT, _FAINT_UNIT = 0.07, 0.02
"""Share of the pool's range below which a batch must be of another scale.  1 is 6 % of 16 and 16 is 6 % of 255, the
scales in use; a pool of 0 to 1 has no smaller one beside it."""


_AXES = {"image": 3, "text": 1, "table": 2, "series": 2, "audio": 1, "video": 5, "several": 1}
"""Axes of an array that holds several items."""


def raw_items(items: Any, data: PoolData) -> list[Any]:
    """Raw items of a batch: rows of a frame as dicts, a column as values, arrays of pictures in the pool's scale.

    Raises
    ------
    PoolError
        When it is one thing instead of several, lacks the pool's columns, has another scale of grey, or holds masked
        entries.
    """
    raws = [unmasked(raw) for raw in _listed(unmasked(items), data)]
    if data.modality == "several":
        return _by_part(raws, data)
    if data.modality == "image":
        return _in_scale(raws, data.metadata)
    if data.modality == "table":
        _check_rows(raws, data)
        return [_in_seconds(raw) for raw in raws]
    return raws


def _listed(items: Any, data: PoolData) -> list[Any]:
    items = plain_items(items)
    package, kind = type(items).__module__.partition(".")[0], type(items).__name__
    if package in ("polars", "pandas"):
        if kind == "DataFrame":
            return _frame_items(read_pandas(items) if package == "pandas" else items, data)
        if kind == "LazyFrame":
            raise PoolError("a LazyFrame holds no rows yet.", "Call .collect() first.")
        if kind == "Series" and data.modality != "table":
            return [_text(value) if data.modality == "text" else value for value in items.to_list()]
        raise PoolError(f"a {kind} is one thing, not a list of rows.", "Pass a DataFrame or a list of dicts.")
    if isinstance(items, Sample):
        return list(items.items)
    if isinstance(items, TimeSeries):
        return items.values
    single = isinstance(items, (str, bytes, bytearray, dict, os.PathLike, Sound)) or package == "PIL"
    if isinstance(items, np.ndarray):
        single = items.ndim < _AXES[data.modality]
        if items.ndim == 1 and items.dtype.kind in "UTO":
            return list(items.tolist())
    if single or not isinstance(items, Iterable):
        shape = f" of shape {items.shape}" if isinstance(items, np.ndarray) else ""
        named = f"a {kind}{shape}" if shape or package == "PIL" else f"{shown(items)}"
        raise PoolError(f"{named} is one thing, not a list of items.", "Pass a list: [item, ...].")
    try:
        return list(items)
    except Exception as error:  # a person's own generator
        raise PoolError(f"the items cannot be read: {said_by(error)}.", "Pass a plain list.") from error


def _text(value: Any) -> Any:
    """A missing text is an empty one, as in the pool; pandas marks it with NaN."""
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else value


def _frame_items(frame: Any, data: PoolData) -> list[Any]:
    if data.modality == "table":
        return _frame_rows(clean_frame(frame), data)
    import polars as pl

    column = data.metadata.get("paths") or data.metadata.get("column")
    if column not in frame.columns:
        texts = [name for name in frame.columns if frame[name].dtype == pl.String]
        if len(texts) != 1:
            raise PoolError(
                f"a frame with the columns {', '.join(frame.columns):.80} does not say which holds the items.",
                f"Pass one column: frame[{(texts or frame.columns or ['...'])[0]!r}].",
            )
        column = texts[0]
    values = frame[column]
    return list((values.fill_null("") if data.modality == "text" else values).to_list())


def _frame_rows(frame: Any, data: PoolData) -> list[Any]:
    if data.container == "frame":
        missing = [name for name in data.items.columns if name not in frame.columns]
        if missing:
            raise PoolError(
                f"the frame has no column {', '.join(map(repr, missing[:5]))}, which the pool has.",
                "Add it; leave values null where they are not known.",
            )
        return list(frame.select(data.items.columns).to_dicts())
    if frame.width != data.items.shape[1] or not all(dtype.is_numeric() for dtype in frame.dtypes):
        raise PoolError(
            f"a frame of {frame.width} columns does not fit vectors of {data.items.shape[1]} numbers.",
            "Pass the same numeric columns in the same order, and no other.",
        )
    return list(frame.to_numpy())


def _by_part(raws: list[Any], data: PoolData) -> list[Any]:
    """Every part as its own kind of batch; what is no dict of parts is refused one by one, with its reason."""
    out = [dict(raw) if isinstance(raw, dict) else raw for raw in raws]
    for name, part in data.parts.items():
        having = [item for item in out if isinstance(item, dict) and item.get(name) is not None]
        if having:
            for item, raw in zip(having, raw_items([item[name] for item in having], part), strict=True):
                item[name] = raw
    return out


def _check_rows(raws: list[Any], data: PoolData) -> None:
    """Refuse rows that share no column with the pool: every value would count as missing."""
    if data.container == "frame":
        known = set(data.items.columns)
        strange = next((raw for raw in raws if not (isinstance(raw, dict) and known & raw.keys())), None)
        wanted = f"a dict with {', '.join(map(repr, data.items.columns[:5]))}"
    else:
        width = data.items.shape[1]
        strange = next((raw for raw in raws if isinstance(raw, dict) or _size(raw) != width), None)
        wanted = f"a vector of {width} numbers"
    if strange is not None:
        raise PoolError(f"{shown(strange)} is no row like the pool's.", f"Pass {wanted} for every item.")


def _in_seconds(raw: Any) -> Any:
    """Durations of a row as numbers, as in the pool's frame."""
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


def _in_scale(raws: list[Any], about: dict[str, Any]) -> list[Any]:
    """Bring numbers of the whole batch from one scale to 0-255; uint8, files and PIL images are pixels already."""
    arrays = {at: _array(raw) for at, raw in enumerate(raws) if not _is_pixels(raw)}
    arrays = {at: array for at, array in arrays.items() if array.dtype.kind in "buif" and array.size}
    arrays = {at: array for at, array in arrays.items() if array.dtype != np.uint8}
    if not arrays or not all(np.isfinite(array).all() for array in arrays.values()):
        return raws  # what is not finite or no picture is refused one by one, with its reason
    low, high = _scale(list(arrays.values()), about)
    scale = 255.0 / (high - low) if high > low else 0.0
    out = list(raws)
    for at, array in arrays.items():
        out[at] = np.clip(np.rint((array.astype(np.float64) - low) * scale), 0, 255).astype(np.uint8)
    return out


def _array(raw: Any) -> NDArray[Any]:
    try:
        return np.asarray(raw)
    except (ValueError, TypeError, RuntimeError):
        raise PoolError(
            f"a {type(raw).__name__} with rows of different lengths is no picture.",
            "Pass an array (h, w) or (h, w, 3).",
        ) from None


def _is_pixels(raw: Any) -> bool:
    return isinstance(raw, (str, bytes, os.PathLike)) or type(raw).__module__.startswith("PIL.")


def _scale(arrays: list[NDArray[Any]], about: dict[str, Any]) -> tuple[float, float]:
    """Values that stand for black and white in a batch."""
    low, high = float(about.get("low", 0)), float(about.get("high", 255))
    bottom, top = (float(find([find(a) for a in arrays])) for find in (np.min, np.max))
    unit = all(array.dtype.kind in "fb" for array in arrays) and bottom >= 0 and top <= 1
    if unit and ((low, high) == (0, 255) or all(array.dtype == bool for array in arrays)):
        return 0.0, 1.0
    span = high - low
    if not span:
        return value_range(np.array([bottom, top]))
    share, least = (top - low) / span, _FAINT if span > 1 else _FAINT_UNIT
    blank = bottom == top == low
    if not blank and (share < least or share > 1 + _SLACK or bottom < low - _SLACK * span):
        raise PoolError(
            f"these pictures have values from {bottom:g} to {top:g}, the pool's from {low:g} to {high:g}.",
            "Scale them like the pool's"
            + (", or pass uint8, or floats from 0 to 1." if (low, high) == (0, 255) else ", or pass uint8."),
        )
    return low, high
