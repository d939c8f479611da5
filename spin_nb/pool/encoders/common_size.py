"""Pictures of many sizes -> one tensor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from spin_nb.pool.pictures import Pixels, resize
from spin_nb.types import Float

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def common_size(items: Sequence[Any], limit: int) -> tuple[int, int, int]:
    """(channels, height, width): the commonest size, at most ``limit`` a side; RGB as soon as one is RGB."""
    (height, width), _ = Counter(item.shape[:2] for item in items).most_common(1)[0]
    shrink = min(1.0, limit / max(height, width))
    channels = 3 if any(item.ndim == 3 for item in items) else 1
    return channels, max(1, round(height * shrink)), max(1, round(width * shrink))


def stack_pictures(items: Sequence[Any], shape: tuple[int, int, int]) -> Float:
    """Pictures, uint8 (h, w) or (h, w, 3) -> float32 (n, c, h, w), values 0..1."""
    channels, height, width = shape
    alike = (height, width) if channels == 1 else (height, width, 3)
    if all(item.shape == alike for item in items):
        stacked = np.asarray(items, dtype=np.uint8).reshape(len(items), height, width, channels)
    else:
        stacked = np.empty((len(items), height, width, channels), np.uint8)
        for row, item in enumerate(items):
            stacked[row] = _recolour(resize(item, height, width), channels).reshape(height, width, channels)
    tensor = np.empty((len(items), channels, height, width), np.float32)
    return np.divide(np.moveaxis(stacked, 3, 1), np.float32(255), out=tensor)


def _recolour(pixels: Pixels, channels: int) -> Pixels:
    if channels == 3 and pixels.ndim == 2:
        return np.repeat(pixels[:, :, None], 3, axis=2)
    if channels == 1 and pixels.ndim == 3:
        return np.rint(pixels @ _LUMA).astype(np.uint8)
    return pixels
