"""Reading and writing pictures: pixels are uint8, (h, w) grey or (h, w, 3) RGB.

Files are hostile until read: only the formats below are parsed, and what would take long to decode is refused by its
headers (:mod:`spin_nb.pool.media.decoding_cost`).
"""

from __future__ import annotations

import io
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.media.decoded_images import file_key, keep, recall
from spin_nb.pool.media.decoding_cost import check_pieces, check_pixels
from spin_nb.pool.media.safe_open import open_source

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

EXTENSIONS = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".pnm"}
)
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
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
    try:
        with _open_image(path) as (stream, image):
            (width, height), kind = image.size, image.format
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
    """Width and height of a picture, upright.

    They are read from its header.

    Raises
    ------
    ValueError
        With the reason, when it is no picture.
    """
    try:
        with _open_image(source) as (_, image):
            width, height = image.size
            is_on_its_side = image.getexif().get(_ORIENTATION) in (5, 6, 7, 8)
    except Exception as problem:  # parsers of damaged files raise anything
        raise ValueError(_why(problem)) from None
    return (height, width) if is_on_its_side else (width, height)


@contextmanager
def _open_image(source: Path | bytes) -> Iterator[tuple[BinaryIO, Any]]:
    """A picture of which only the header was read, and the stream it comes from; ValueError where it costs too much."""
    from PIL import Image

    with open_source(source) as stream:
        check_pieces(stream)
        with Image.open(stream, formats=FORMATS) as image:
            check_pixels(*image.size, image.format)
            yield stream, image


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
    """Decode a picture, upright, at most ``side`` pixels.

    A picture has at most 64 million pixels, a JPEG 80 million; large ones are decoded one at a time.  What would take
    more than a few seconds by its headers is refused: hundreds of scans in a JPEG, tens of thousands of chunks in a
    PNG.
    One that was decoded lately, from a file that has not changed since, is not decoded again.

    Returns
    -------
    uint8 (h, w) or (h, w, 3)
        Read-only where it is kept.

    Raises
    ------
    ValueError
        With the reason, when it cannot be decoded whole.
    """
    try:
        with open_source(source) as stream:
            key = file_key(source, stream)
            before = recall(key, side)
        if before is not None:
            return before
        with _open_image(source) as (stream, image):
            key, original = file_key(source, stream), math.prod(image.size)
            with _one_large if original > _LARGE_PIXELS else nullcontext():
                pixels_by_side = _decode(image, side)
        for size, pixels in pixels_by_side.items():
            keep(key, size, pixels, original)
        return pixels_by_side[side]
    except Exception as problem:  # decoders of damaged files raise anything
        raise ValueError(_why(problem)) from None


def _decode(image: Image.Image, side: int) -> dict[int, Pixels]:
    """A picture by its longest side: at ``side``.

    Where it had to be decoded whole, there are those at which it is loaded and shown, too.
    """
    from PIL import Image, ImageOps

    whole = image.format != "JPEG"
    sides = {side, *(size for size in (LOAD_SIDE, SHOW_SIDE) if whole and size < max(image.size))}
    if not whole:
        shrink = side / max(image.size)
        width, height = (max(1, round(length * shrink)) for length in image.size)
        image.draft(None, (width, height))  # decode at 1/2, 1/4 or 1/8 where that is enough
    ImageOps.exif_transpose(image, in_place=True)
    if not whole:
        image.thumbnail((side, side), Image.Resampling.BOX)
        return {side: pil_pixels(image)}
    return {size: pil_pixels(_shrunk(image, size)) for size in sides}


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """Thumbnail of a picture, which stays as it is."""
    from PIL import Image

    width, height = image.size
    if max(width, height) <= side:
        return image
    shorter = side * min(width, height) / max(width, height)
    aspect = max(width, height) / min(width, height)
    near = max(1, min(math.floor(shorter), math.ceil(shorter), key=lambda n: abs(aspect - side / max(n, 1))))
    aim = (side, near) if width >= height else (near, side)
    gap = None if image.mode.startswith("I;16") else 2.0  # Pillow reduces no 16 bits
    return image.resize(aim, Image.Resampling.BOX, reducing_gap=gap)


def pil_pixels(image: Any) -> Pixels:
    """Pixels of a PIL image of any mode.

    Transparent becomes white, 16 bits become 8.
    """
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
    """The values that stand for black and white.

    They are (0, 1), (0, 255) or the array's own range.
    """
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
        f"an array of shape {array.shape} is no picture.",
        "Pass pictures as (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA; channels come last.",
    )


def resize(pixels: Pixels, height: int, width: int) -> Pixels:
    """Antialiased bilinear resize (Pillow's), uint8 in and out."""
    if pixels.shape[:2] == (height, width):
        return pixels
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def cut(pixels: Pixels, box: Box, side: int) -> Pixels:
    """Part of a picture, at most ``side`` pixels.

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
    """(mime, bytes) for a browser.

    It is PNG with the raw pixels when small, else JPEG of at most ``side``.
    """
    from PIL import Image

    if min(side, max(pixels.shape[:2])) > RAW_SIDE:
        return "image/jpeg", encode_jpeg(pixels, side)
    image, stream = Image.fromarray(shrink(pixels, side)), io.BytesIO()
    image.save(stream, "PNG", compress_level=1)
    return "image/png", stream.getvalue()


def encode_jpeg(pixels: Pixels, side: int) -> bytes:
    """JPEG of at most ``side`` pixels a side."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(shrink(pixels, side)).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def shrink(pixels: Pixels, side: int) -> Pixels:
    """Shrink pixels to at most ``side``, by means."""
    pixels = np.ascontiguousarray(pixels)
    if max(pixels.shape[:2]) <= side:
        return pixels
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(image)
