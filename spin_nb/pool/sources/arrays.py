"""A numpy array as a pool: pictures (n, h, w[, c]) or a table of numbers (n, d)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.images import rescale, value_range
from spin_nb.pool.pool_data import FLOAT32_MAX, PoolData, check_ids, default_ids, fingerprint
from spin_nb.pool.sources.masks import refuse_masked
from spin_nb.words import listing

_CHUNK_ROWS = 4096


def read_array(array: NDArray[Any], *, ids: Sequence[str] | None = None) -> PoolData:
    """Items of an array along its first axis.

    Pictures are kept as uint8: bool and floats in 0-1 are scaled by 255, other values by their own range.

    Raises
    ------
    PoolError
        When it is empty, not numeric, has another number of axes, or holds masked entries, NaN, infinite values or
        values that do not fit float32.
    """
    if array.dtype.kind not in "buif":
        raise PoolError(
            f"an array of dtype {array.dtype} holds no numbers.",
            "Pass numbers: pictures (n, h, w[, c]) or a table (n, d).",
        )
    if array.ndim not in (2, 3, 4):
        raise PoolError(
            f"an array of shape {array.shape} is neither pictures nor a table.",
            "Pass pictures (n, h, w[, c]) or a table (n, d).",
        )
    if array.size == 0:
        raise PoolError(f"the array is empty, its shape is {array.shape}.", "Pass at least one item.")
    array = refuse_masked(array)
    _check_finite(array)
    names = default_ids(len(array)) if ids is None else check_ids(ids)
    if len(names) != len(array):
        raise PoolError(f"{len(names)} ids for {len(array)} items were passed.", "Give one id an item.")
    metadata, items = _table(array) if array.ndim == 2 else _pictures(array)
    return PoolData(
        ids=names,
        sources=[{"row": row} for row in range(len(names))],
        modality="table" if array.ndim == 2 else "image",
        container="array",
        items=items,
        metadata=metadata,
        broken=[],
        labels={},
        fingerprint=fingerprint("array", names, str(items.dtype), items.shape, memoryview(items).cast("B")),
    )


def _table(array: NDArray[Any]) -> tuple[dict[str, Any], Any]:
    return {}, np.ascontiguousarray(array, dtype=np.float32)


def _pictures(array: NDArray[Any]) -> tuple[dict[str, Any], Any]:
    if array.ndim == 4 and array.shape[3] not in (1, 3, 4):
        hint = "np.moveaxis(x, 1, -1)" if array.shape[1] in (1, 3, 4) else "1, 3 or 4 channels"
        raise PoolError(
            f"pictures of shape {array.shape} have {array.shape[3]} channels.", f"Channels come last: {hint}."
        )
    low, high = (0.0, 255.0) if array.dtype == np.uint8 else value_range(array)
    if array.dtype == np.uint8:
        pixels = np.ascontiguousarray(array)
    else:
        pixels = np.empty(array.shape, np.uint8)
        for start in range(0, len(array), _CHUNK_ROWS):
            pixels[start : start + _CHUNK_ROWS] = rescale(array[start : start + _CHUNK_ROWS], low, high)
    return {"low": low, "high": high, "largest": max(array.shape[1:3])}, pixels


def _check_finite(array: NDArray[Any]) -> None:
    if array.dtype.kind != "f":
        return  # the largest integer is far below
    bad: list[int] = []
    largest = 0.0
    for start in range(0, len(array), _CHUNK_ROWS):
        part = array[start : start + _CHUNK_ROWS]
        finite = np.isfinite(part.reshape(len(part), -1)).all(axis=1)
        bad += (np.flatnonzero(~finite) + start).tolist()
        if finite.all():
            largest = max(largest, -part.min(), part.max())
    if bad:
        raise PoolError(
            f"there are NaN or infinite values in {len(bad):,} of {len(array):,} rows: {listing(map(str, bad), 5)}.",
            "Fill these rows first, or leave them out: array[np.isfinite(array.reshape(len(array), -1)).all(axis=1)].",
        )
    if largest > FLOAT32_MAX:
        raise PoolError(f"values up to {largest:.3g} do not fit float32.", "Rescale them first.")
