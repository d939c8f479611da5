"""Time series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.pool_data import FLOAT32_MAX, PoolData
from spin_nb.types import Float, Shown

MAX_POINTS_SHOWN = 200_000
"""Points of one channel that are shown; more are reduced to the least and the largest of each stretch."""
_MAX_VALUES_SHOWN = 1_000_000
_MIN_POINTS_SHOWN = 200


MIN_POINTS = 2


@dataclass(frozen=True)
class TimeSeriesModality(Modality):
    """Series of one channel or many.

    Parameters
    ----------
    channels : tuple of str
        Names; empty: any number of channels.
    step, start : float
        Time between two points, and of the first, in ``unit``.
    unit : str
    """

    channels: tuple[str, ...] = ()
    step: float = 1.0
    start: float = 0.0
    unit: str = ""
    name = "series"
    title = "series"
    batch_axes = 2
    chunk_items = 1024
    encoders = ("convolutions",)

    @classmethod
    def of(cls, data: PoolData) -> TimeSeriesModality:
        """Make the modality of a pool, with its channels."""
        facts = data.metadata
        return cls(tuple(facts["channels"]), facts["step"], facts["start"], facts["unit"])

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is a series, (channels, length)."""
        return isinstance(item, np.ndarray) and item.dtype != np.uint8 and item.ndim == 2

    def load(self, source: object) -> Float:
        """Values, float32 (channels, length).

        Raises
        ------
        PoolError
            When it is no series like the pool's, or holds NaN or infinite values.
        """
        return check_series(source, len(self.channels) or None)

    def show(self, source: object, size: int | None = None) -> Shown:
        """application/x-series: at most ``size`` points a channel (default 200,000, less of many channels), float32."""
        values = self.load(source)
        limit = min(
            size or MAX_POINTS_SHOWN,
            MAX_POINTS_SHOWN,
            max(_MIN_POINTS_SHOWN, _MAX_VALUES_SHOWN // len(values)),
        )
        points, every = _extremes(values, max(2, limit))
        names = self.channels or tuple(str(number + 1) for number in range(len(values)))
        facts = {
            "channels": list(names),
            "points": points.shape[1],
            "start": self.start,
            "step": self.step * every,
            "unit": self.unit,
        }
        return Shown("application/x-series", facts, (points.astype("<f4").tobytes(),))


def _extremes(values: Float, limit: int) -> tuple[Float, float]:
    """At most ``limit`` points a channel, and how many old ones a new one stands for."""
    channels, length = values.shape
    if length <= limit:
        return values, 1.0
    stretch = -(-length // (limit // 2))
    whole = np.pad(values, ((0, 0), (0, -length % stretch)), mode="edge").reshape(channels, -1, stretch)
    least, most = whole.argmin(axis=2), whole.argmax(axis=2)
    at = np.stack([np.minimum(least, most), np.maximum(least, most)], axis=2)
    return np.take_along_axis(whole, at, axis=2).reshape(channels, -1), stretch / 2


def check_series(value: object, channels: int | None = None) -> Float:
    """One series as float32 (channels, length).

    Raises
    ------
    PoolError
        When it is none: other than 1 or 2 axes, shorter than two points, NaN, infinite, or with other channels.
    """
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):
        array = np.empty(0, object)
    array = array[None] if array.ndim == 1 else array
    if array.dtype.kind not in "buif" or array.ndim != 2:
        raise PoolError(
            f"a {type(value).__name__} of {array.dtype} {array.shape} is no series.",
            "Pass numbers (length,) or (channels, length).",
        )
    if array.shape[1] < MIN_POINTS or not len(array):
        raise PoolError(f"the series has {array.shape[1]} points.", f"It takes {MIN_POINTS} or more.")
    if channels is not None and len(array) != channels:
        raise PoolError(
            f"the series has {len(array)} channels of {array.shape[1]} points, not {channels}.",
            "Channels come before time: (channels, length); np.swapaxes turns it.",
        )
    bad = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(1, bool)
    if bad.any():
        raise PoolError(
            f"the series holds NaN or infinite values, {int(bad.sum()):,} of them.",
            "Fill or remove them first.",
        )
    if max(-float(array.min()), float(array.max())) > FLOAT32_MAX:
        raise PoolError("the series holds values that do not fit float32.", "Rescale it first.")
    return np.ascontiguousarray(array, dtype=np.float32)
