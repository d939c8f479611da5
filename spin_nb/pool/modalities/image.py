"""Pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.opening import reading
from spin_nb.pool.pictures import (
    LARGEST_SIDE,
    LOAD_SIDE,
    SHOW_SIDE,
    Pixels,
    encode_picture,
    picture_size,
    pil_pixels,
    plain,
    read_picture,
    rescale,
)
from spin_nb.types import Extent, Shown


@dataclass(frozen=True)
class Image:
    """Pictures.

    Parameters
    ----------
    low, high : float, optional
        Values of an array that stand for black and white; by default they are found from the array.
    """

    low: float | None = None
    high: float | None = None
    name = "image"

    def load(self, source: Any) -> Pixels:
        """Pixels, uint8 (h, w) or (h, w, 3); files are reduced to at most 256 pixels a side.

        Raises
        ------
        PoolError
            When it is no picture or cannot be decoded.
        """
        return self._read(source, LOAD_SIDE)

    def show(self, source: Any, size: int | None = None) -> Shown:
        """PNG (raw pixels, 64 a side at most) or JPEG of at most ``size`` pixels a side (default 512, at most 1600)."""
        side = min(size or SHOW_SIDE, LARGEST_SIDE)
        mime, data = encode_picture(self._read(source, side), side)
        return Shown(mime, data, size=self.extent(source).size)

    def extent(self, source: Any) -> Extent:
        """Width and height of the original picture, upright; of a file from its header."""
        if isinstance(source, (str, Path, bytes)):
            with reading("picture", source):
                return Extent(size=picture_size(_file(source)))
        if type(source).__module__.startswith("PIL."):
            return Extent(size=source.size)
        height, width = self._read(source, LOAD_SIDE).shape[:2]
        return Extent(size=(width, height))

    def _read(self, source: Any, side: int) -> Pixels:
        if isinstance(source, (str, Path, bytes)):
            with reading("picture", source):
                return read_picture(_file(source), side)
        if type(source).__module__.startswith("PIL."):
            return pil_pixels(source)
        array = np.asarray(source)
        if array.dtype.kind not in "buif" or array.size == 0:
            raise PoolError(
                f"a {type(source).__name__} of {array.dtype} {array.shape} is no picture.",
                "Pass a path, encoded bytes, a PIL image or an array (h, w) or (h, w, 3).",
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise PoolError("a picture holds NaN or infinite values.", "Fill or remove them first.")
        return plain(rescale(array, self.low, self.high))


def _file(source: str | Path | bytes) -> Path | bytes:
    return source if isinstance(source, bytes) else Path(source)
