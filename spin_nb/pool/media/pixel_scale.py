"""New pictures in the scale of a pool's: numbers of a whole batch become 0 to 255."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.images import value_range

_SLACK = 0.05
_FAINT, _FAINT_UNIT = 0.07, 0.02
"""Share of the pool's range below which a batch must be of another scale.  1 is 6 % of 16 and 16 is 6 % of 255, the
scales in use; a pool of 0 to 1 has no smaller one beside it."""


def to_pixel_scale(raws: list[Any], pool_low: float, pool_high: float) -> list[Any]:
    """Bring numbers of the whole batch from one scale to 0-255; uint8, files and PIL images are pixels already."""
    arrays = {at: _array(raw) for at, raw in enumerate(raws) if not _is_pixels(raw)}
    arrays = {at: array for at, array in arrays.items() if array.dtype.kind in "buif" and array.size}
    arrays = {at: array for at, array in arrays.items() if array.dtype != np.uint8}
    if not arrays or not all(np.isfinite(array).all() for array in arrays.values()):
        return raws  # what is not finite or no picture is refused one by one, with its reason
    low, high = _scale(list(arrays.values()), pool_low, pool_high)
    scale = 255.0 / (high - low) if high > low else 0.0
    out = list(raws)
    for at, array in arrays.items():
        out[at] = np.clip(np.rint((array.astype(np.float64) - low) * scale), 0, 255).astype(np.uint8)
    return out


def _array(raw: object) -> NDArray[Any]:
    try:
        return np.asarray(raw)
    except (ValueError, TypeError, RuntimeError):
        raise PoolError(
            f"a {type(raw).__name__} with rows of different lengths is no picture.",
            "Pass an array (h, w) or (h, w, 3).",
        ) from None


def _is_pixels(raw: object) -> bool:
    return isinstance(raw, (str, bytes, os.PathLike)) or type(raw).__module__.startswith("PIL.")


def _scale(arrays: list[NDArray[Any]], low: float, high: float) -> tuple[float, float]:
    """Values of a batch for black and white."""
    bottom, top = (float(find([find(a) for a in arrays])) for find in (np.min, np.max))
    unit = all(array.dtype.kind in "fb" for array in arrays) and bottom >= 0 and top <= 1
    if unit and ((low, high) == (0, 255) or all(array.dtype == bool for array in arrays)):
        return 0.0, 1.0
    span = high - low
    if not span:
        return value_range(np.array([bottom, top]))
    is_blank = bottom == top == low
    if not is_blank and not _fits(bottom, top, low, span):
        raise PoolError(
            f"these pictures have values from {bottom:g} to {top:g}, the pool's from {low:g} to {high:g}.",
            "Scale them like the pool's"
            + (", or pass uint8, or floats from 0 to 1." if (low, high) == (0, 255) else ", or pass uint8."),
        )
    return low, high


def _fits(bottom: float, top: float, low: float, span: float) -> bool:
    """Tell whether a batch's values lie in the pool's scale, and reach far enough into it."""
    share, least = (top - low) / span, _FAINT if span > 1 else _FAINT_UNIT
    return least <= share <= 1 + _SLACK and bottom >= low - _SLACK * span
