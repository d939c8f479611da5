"""Reading and writing pictures: pixels are uint8, (h, w) grey or (h, w, 3) RGB.

Files are hostile until read: only the formats below are parsed, and nothing above ``MAX_PIXELS`` is decoded.
"""

from __future__ import annotations

import io
import math
import os
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.opening import opened

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

EXTENSIONS = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"}
)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
MAX_PIXELS, MAX_PLAIN_PIXELS = 80_000_000, 64_000_000
"""Of a JPEG, decoded at the size that is needed, and of any other picture, which is decoded whole first: one of
a few hundred kB takes a second and 200 MB."""
_LARGE_PIXELS = 16_000_000
_one_large = threading.Lock()
"""Held while a large picture is decoded: two at once would take the memory of two."""
LOAD_SIDE, SHOW_SIDE, LARGEST_SIDE = 256, 512, 1600
"""Longest side, in pixels, at which pictures from files are loaded, shown, and shown where more is asked for."""

RAW_SIDE = 128
"""Smaller pictures are shown with the very pixels they have: a browser enlarges what JPEG does to them."""

_ORIENTATION = 0x0112
_ENDINGS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
_TAIL = 4096


def check_picture(path: Path) -> tuple[int, int]:
    """Width and height of a picture file, from its header; its last bytes are checked too.

    Only a file without its proper ending is decoded, so damage inside the pixels shows when they are read.

    Raises
    ------
    ValueError
        With the reason, when the file is no picture, is cut short or is too large to decode.
    """
    from PIL import Image

    try:
        with opened(path) as stream, Image.open(stream, formats=FORMATS) as image:
            width, height, kind = *image.size, image.format
            _check_size(width, height, kind)
            ending = _ENDINGS.get(kind or "")
            if ending is not None:
                stream.seek(0, os.SEEK_END)
                stream.seek(max(0, stream.tell() - _TAIL))
                if ending not in stream.read():
                    _decode_whole(stream)  # cut short, or something follows the picture, as some phones write
    except Exception as problem:  # parsers of damaged files raise anything
        raise ValueError(_why(problem)) from None
    return width, height


def picture_size(source: Path | bytes) -> tuple[int, int]:
    """Width and height of a picture as it is seen, upright, from its header.

    Raises
    ------
    ValueError
        With the reason, when it is no picture.
    """
    from PIL import Image

    try:
        with opened(source) as stream, Image.open(stream, formats=FORMATS) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
    except Exception as problem:  # parsers of damaged files raise anything
        raise ValueError(_why(problem)) from None
    return (height, width) if turned else (width, height)


def _check_size(width: int, height: int, kind: str | None) -> None:
    most = MAX_PIXELS if kind == "JPEG" else MAX_PLAIN_PIXELS
    if width * height > most:
        raise ValueError(f"{width} x {height} pixels are more than {most:,}")


def _why(problem: Exception) -> str:
    from PIL import Image

    if isinstance(problem, Image.UnidentifiedImageError):
        return "not a picture"
    return str(problem) or type(problem).__name__


def _decode_whole(stream: BinaryIO) -> None:
    from PIL import Image

    stream.seek(0)
    with Image.open(stream, formats=FORMATS) as image:
        image.draft(None, (64, 64))
        image.load()


def read_picture(source: Path | bytes, side: int = LOAD_SIDE) -> Pixels:
    """Decode a picture, upright, with its longest side at most ``side`` pixels.

    Raises
    ------
    ValueError
        With the reason, when it cannot be decoded whole.
    """
    from PIL import Image, ImageOps

    try:
        with opened(source) as stream, Image.open(stream, formats=FORMATS) as image:
            _check_size(*image.size, image.format)
            shrink = side / max(image.size)
            aim = (round(image.size[0] * shrink), round(image.size[1] * shrink))
            image.draft(None, aim)  # JPEG: decode at 1/2, 1/4 or 1/8 where that is enough
            with _one_large if math.prod(image.size) > _LARGE_PIXELS else nullcontext():
                ImageOps.exif_transpose(image, in_place=True)
                if max(image.size) > side:
                    image.thumbnail((side, side), Image.Resampling.BOX)
                return pil_pixels(image)
    except Exception as problem:  # decoders of damaged files raise anything
        raise ValueError(_why(problem)) from None


def pil_pixels(image: Any) -> Pixels:
    """Pixels of a PIL image of any mode; transparent becomes white, 16 bits become 8."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        return (np.asarray(image, dtype=np.uint16) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        return rescale(np.asarray(image, dtype=np.float64))
    if image.mode in ("L", "1"):
        return np.asarray(image.convert("L"))
    if image.mode == "RGB":
        return np.asarray(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def value_range(array: NDArray[Any]) -> tuple[float, float]:
    """The values that stand for black and white: (0, 1), (0, 255) or the array's own range."""
    low, high = float(array.min()), float(array.max())
    if array.dtype == bool or (array.dtype.kind == "f" and low >= 0 and high <= 1):
        return 0.0, 1.0
    if low >= 0 and 128 <= high <= 255:
        return 0.0, 255.0
    return low, high


def rescale(array: NDArray[Any], low: float | None = None, high: float | None = None) -> Pixels:
    """Map [low, high], or the range :func:`value_range` finds, to 0-255; uint8 already is pixels."""
    if array.dtype == np.uint8:
        return array
    if low is None or high is None:
        low, high = value_range(array)
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.clip(np.rint((array.astype(np.float32) - low) * scale), 0, 255).astype(np.uint8)


def plain(array: NDArray[Any]) -> Pixels:
    """(h, w), (h, w, 1), (h, w, 3) or (h, w, 4) uint8 -> (h, w) or (h, w, 3); transparent becomes white."""
    if array.ndim == 3 and array.shape[2] == 1:
        return array[:, :, 0]
    if array.ndim == 3 and array.shape[2] == 4:
        alpha = array[:, :, 3:].astype(np.float32) / 255
        return np.rint(array[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3):
        return array
    raise PoolError(
        f"a picture of shape {array.shape}.",
        "Pass pictures as (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA; channels come last.",
    )


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Antialiased bilinear resize (Pillow's), uint8 in and out."""
    if pixels.shape[:2] == (height, width):
        return pixels
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def cut(pixels: Pixels, box: Box, side: int) -> Pixels:
    """Part of a picture, its longest side at most ``side`` pixels.

    Parameters
    ----------
    box : (x, y, width, height)
        In pixels, fractions too; inside the picture.
    """
    from PIL import Image

    x, y, width, height = box
    shrink = min(1.0, side / max(width, height))
    aim = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(aim, Image.Resampling.BOX, box=(x, y, x + width, y + height)))


def encode_picture(pixels: Pixels, side: int) -> tuple[str, bytes]:
    """(mime, bytes) for a browser: PNG with the raw pixels when small, else JPEG of at most ``side``."""
    from PIL import Image

    if min(side, max(pixels.shape[:2])) > RAW_SIDE:
        return "image/jpeg", encode_jpeg(pixels, side)
    image, stream = Image.fromarray(reduced(pixels, side)), io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return "image/png", stream.getvalue()


def encode_jpeg(pixels: Pixels, side: int) -> bytes:
    """JPEG of at most ``side`` pixels a side."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(reduced(pixels, side)).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def reduced(pixels: Pixels, side: int) -> Pixels:
    """Pixels with the longest side at most ``side``, by the mean of what falls into each."""
    pixels = np.ascontiguousarray(pixels)
    if max(pixels.shape[:2]) <= side:
        return pixels
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image)
