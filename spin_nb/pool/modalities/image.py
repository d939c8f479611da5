"""Pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.media.images import (
    EXTENSIONS,
    LARGEST_SIDE,
    LOAD_SIDE,
    SHOW_SIDE,
    Box,
    Pixels,
    check_picture,
    cut,
    encode_picture,
    picture_size,
    pil_pixels,
    plain,
    read_picture,
    rescale,
)
from spin_nb.pool.media.pixel_scale import to_pixel_scale
from spin_nb.pool.media.safe_open import reading
from spin_nb.pool.modalities.base import Modality
from spin_nb.pool.pool_data import PoolData
from spin_nb.types import Extent, Shown
from spin_nb.words import shown

SMALL_SIDE_PIXELS = 64
"""Pictures up to this size go to "pixels-pca"."""
MIN_PHOTO_PIXELS = 16
"""Longest side from which on a network that was trained on photos may see something."""


@dataclass(frozen=True)
class ImageModality(Modality):
    """Pictures.

    Parameters
    ----------
    low, high : float, optional
        Values of an array that stand for black and white; by default they are found from the array.
    """

    low: float | None = None
    high: float | None = None
    name = "image"
    title = "picture"
    extensions = EXTENSIONS
    files_at_once = 2
    batch_axes = 3
    encoders = ("pixels-pca", "photo", "efficientnet-lite", "dinov2", "siglip2", "clip")
    schema = 1

    @classmethod
    def is_loaded(cls, item: object) -> bool:
        """Tell whether an item is pixels.

        They are uint8 (h, w) or (h, w, 3).
        """
        return isinstance(item, np.ndarray) and item.dtype == np.uint8 and item.ndim in (2, 3)

    @classmethod
    def check_file(cls, path: Path) -> int:
        """Look at a file's header.

        Returns the longest side in pixels.
        """
        return max(check_picture(path))

    @classmethod
    def largest_side(cls, items: list[Any]) -> int | None:
        """Longest side of loaded pictures, in pixels."""
        return max(max(item.shape[:2]) for item in items)

    @classmethod
    def default_encoder(cls, largest_side: int | None = None) -> str:
        """Encoder that "auto" stands for.

        It is "pixels-pca" of small pictures, else "photo".
        """
        return "pixels-pca" if (largest_side or SMALL_SIDE_PIXELS + 1) <= SMALL_SIDE_PIXELS else "photo"

    @classmethod
    def pretrained_encoders(cls, largest_side: int | None = None) -> tuple[str, ...]:
        """Words of pretrained encoders that "auto" weighs beside its own; of icons there is nothing to see."""
        return ("efficientnet-lite",) if (largest_side or MIN_PHOTO_PIXELS) >= MIN_PHOTO_PIXELS else ()

    @classmethod
    def check_batch(cls, raws: list[Any], data: PoolData) -> list[Any]:
        """Raw pictures in the scale of the pool's."""
        return to_pixel_scale(raws, float(data.metadata.get("low", 0)), float(data.metadata.get("high", 255)))

    def load(self, source: object) -> Pixels:
        """Pixels, uint8 (h, w) or (h, w, 3).

        Files are reduced to at most 256 pixels a side.

        Raises
        ------
        PoolError
            When it is no picture or cannot be decoded.
        """
        return self._read(source, LOAD_SIDE)

    def show(self, source: object, size: int | None = None) -> Shown:
        """PNG (the very pixels, up to 128 a side) or JPEG, at most ``size`` pixels a side (default 512, most 1600)."""
        side = min(size or SHOW_SIDE, LARGEST_SIDE)
        mime, data = encode_picture(self._read(source, side), side)
        return Shown(mime, data, size=self.extent(source).size)

    def detail(self, source: object, box: Box, size: int | None = None) -> Shown:
        """Part of the picture as fine as ``size`` pixels a side allow (at most 1600), PNG or JPEG.

        Parameters
        ----------
        box : (x, y, width, height)
            In pixels of the original, upright; what lies outside it is left out.

        Raises
        ------
        PoolError
            When nothing of the box lies inside, or the picture cannot be read.
        """
        original = self.extent(source).size
        assert original is not None
        within = _within(box, original)
        side = max(1, min(size or LARGEST_SIDE, LARGEST_SIDE))
        whole = self._read(source, _decoding_side(max(original), side * max(original) / max(within[2:])))
        across, down = whole.shape[1] / original[0], whole.shape[0] / original[1]
        x, y, width, height = within
        mime, data = encode_picture(
            cut(whole, (x * across, y * down, width * across, height * down), side), side
        )
        return Shown(mime, data, size=within[2:])

    def extent(self, source: Any) -> Extent:
        """Width and height of the original picture, upright.

        A file's are read from its header.
        """
        if isinstance(source, (str, Path, bytes)):
            with reading("picture", source):
                return Extent(size=picture_size(_file(source)))
        if type(source).__module__.startswith("PIL."):
            return Extent(size=source.size)
        height, width = self._read(source, LOAD_SIDE).shape[:2]
        return Extent(size=(width, height))

    def _read(self, source: object, side: int) -> Pixels:
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


def _decoding_side(longest: int, least: float) -> int:
    """Side to decode at: the longest, halved.

    It is halved as often as leaves ``least``: whoever looks at one piece after another reads few sizes.
    """
    while longest / 2 >= least:
        longest = math.ceil(longest / 2)
    return longest


def _within(box: Box, original: tuple[int, int]) -> tuple[int, int, int, int]:
    """The whole pixels of the original that a box touches."""
    if len(box) != 4 or not all(math.isfinite(length) for length in box):
        raise PoolError(f"{shown(box)} is no part of a picture.", "Pass (x, y, width, height).")
    left, top = (max(0, math.floor(box[i])) for i in (0, 1))
    right, bottom = (min(original[i], math.ceil(box[i] + box[i + 2])) for i in (0, 1))
    if right <= left or bottom <= top:
        raise PoolError(
            f"nothing of {shown(box)} lies in a picture of {original[0]} x {original[1]}.",
            "Pass another box.",
        )
    return left, top, right - left, bottom - top


def _file(source: str | Path | bytes) -> Path | bytes:
    return source if isinstance(source, bytes) else Path(source)
