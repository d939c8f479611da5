"""New items as a person passes them, to predict or watch -> a list of raw items, one by one.

What the pool would misread is refused: nothing here is guessed for one item that the batch can decide.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.media.audio import Sound
from spin_nb.pool.modalities.lookup import modality_class
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.sources.data_frames import clean_frame, read_pandas
from spin_nb.pool.sources.masks import refuse_masked
from spin_nb.pool.sources.samples import Sample
from spin_nb.pool.sources.torch_dataset_items import plain_items
from spin_nb.pool.sources.user_pools import TimeSeries
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    import polars as pl


def raw_items(items: object, data: PoolData) -> list[Any]:
    """Raw items of a batch.

    Rows of a frame become dicts, a column becomes values, arrays of pictures come to the pool's scale.

    Raises
    ------
    PoolError
        When it is one thing instead of several, lacks the pool's columns, has another scale of grey, or holds masked
        entries.
    """
    raws = [refuse_masked(raw) for raw in _split_batch(refuse_masked(items), data)]
    return _by_part(raws, data) if data.parts else modality_class(data.modality).check_batch(raws, data)


def _split_batch(items: Any, data: PoolData) -> list[Any]:
    items = plain_items(items)
    package, kind = type(items).__module__.partition(".")[0], type(items).__name__
    if package in ("polars", "pandas"):
        return _split_frame(items, package, kind, data)
    if isinstance(items, Sample):
        return list(items.items)
    if isinstance(items, TimeSeries):
        return items.values
    single = isinstance(items, (str, bytes, bytearray, dict, os.PathLike, Sound)) or package == "PIL"
    if isinstance(items, np.ndarray):
        single = items.ndim < modality_class(data.modality).batch_axes
        if items.ndim == 1 and items.dtype.kind in "UTO":
            return list(items.tolist())
    if single or not isinstance(items, Iterable):
        shape = f" of shape {items.shape}" if isinstance(items, np.ndarray) else ""
        noun = f"a {kind}{shape}" if shape or package == "PIL" else f"{shown(items)}"
        raise PoolError(f"{noun} is one thing, not a list of items.", "Pass a list: [item, ...].")
    try:
        return list(items)
    except Exception as error:  # a person's own generator
        raise PoolError(f"the items cannot be read: {said_by(error)}.", "Pass a plain list.") from error


def _split_frame(items: Any, package: str, kind: str, data: PoolData) -> list[Any]:
    if kind == "DataFrame":
        return _frame_items(read_pandas(items) if package == "pandas" else items, data)
    if kind == "LazyFrame":
        raise PoolError("a LazyFrame holds no rows yet.", "Call .collect() first.")
    if kind == "Series" and data.modality != "table":
        return [_text(value) if data.modality == "text" else value for value in items.to_list()]
    raise PoolError(f"a {kind} is one thing, not a list of rows.", "Pass a DataFrame or a list of dicts.")


def _text(value: object) -> Any:
    """A missing text is an empty one, as in the pool; pandas marks it with NaN."""
    return "" if value is None or (isinstance(value, float) and np.isnan(value)) else value


def _frame_items(frame: pl.DataFrame, data: PoolData) -> list[Any]:
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


def _frame_rows(frame: pl.DataFrame, data: PoolData) -> list[Any]:
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
    """Every part as its own kind of batch.

    What is no dict of parts is refused one by one, with its reason.
    """
    out = [dict(raw) if isinstance(raw, dict) else raw for raw in raws]
    for name, part in data.parts.items():
        having = [item for item in out if isinstance(item, dict) and item.get(name) is not None]
        if having:
            for item, raw in zip(having, raw_items([item[name] for item in having], part), strict=True):
                item[name] = raw
    return out
