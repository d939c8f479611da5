"""What an item is: how a raw source becomes a loaded item, and how it is shown.

====== =============================================== ==================================
word   raw source                                      loaded item
====== =============================================== ==================================
image  path, encoded bytes, PIL image or array         uint8 (h, w) or (h, w, 3)
text   str                                             str
table  dict (name -> value) or vector (d,)             the same
====== =============================================== ==================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.ingested import FLOAT32_MAX
from spin_nb.pool.pictures import (
    LOAD_SIDE,
    SHOW_SIDE,
    Pixels,
    encode_picture,
    pil_pixels,
    plain,
    read_picture,
    rescale,
)
from spin_nb.types import Shown

MAX_TEXT = 20_000
MAX_CELL = 300
MAX_COLUMNS = 100


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
        """PNG (raw pixels, 64 a side at most) or JPEG of at most ``size`` pixels a side (default 512)."""
        side = min(size or SHOW_SIDE, SHOW_SIDE)
        return Shown(*encode_picture(self._read(source, side), side))

    def _read(self, source: Any, side: int) -> Pixels:
        if isinstance(source, (str, Path, bytes)):
            try:
                return read_picture(source if isinstance(source, bytes) else Path(source), side)
            except ValueError as problem:
                name = "these bytes" if isinstance(source, bytes) else repr(str(source))
                raise PoolError(
                    f"cannot read the picture {name}: {problem}.", "Repair or remove it."
                ) from None
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


@dataclass(frozen=True)
class Text:
    """Plain text."""

    name = "text"

    def load(self, source: Any) -> str:
        """The text itself.

        Raises
        ------
        PoolError
            When it is not a string.
        """
        if not isinstance(source, str):
            raise PoolError(f"{source!r:.80} is a {type(source).__name__}, not a text.", "Pass a str.")
        return source

    def show(self, source: Any, size: int | None = None) -> Shown:
        """text/plain, at most ``size`` characters (default 20,000)."""
        text, limit = self.load(source), size or MAX_TEXT
        return Shown("text/plain", text if len(text) <= limit else text[: limit - 1] + "…")


@dataclass(frozen=True)
class Table:
    """Rows of a table: a dict of named values, or a vector of numbers."""

    name = "table"

    def load(self, source: Any) -> Any:
        """The dict with plain values (anything else as text), or the vector as float32 (d,).

        Raises
        ------
        PoolError
            When it is neither, the vector is not finite, or a value is infinite or too large.
        """
        if isinstance(source, dict):
            return {str(name): _scalar(name, value) for name, value in source.items()}
        try:
            with np.errstate(over="ignore"):
                vector = np.asarray(source, dtype=np.float32)
        except (TypeError, ValueError):
            vector = np.empty((0, 0), np.float32)
        if vector.ndim != 1 or not vector.size:
            raise PoolError(
                f"{source!r:.80} is no table row.", "Pass a dict (column -> value) or a vector of numbers."
            )
        if not np.isfinite(vector).all():
            raise PoolError(
                "a vector holds NaN, infinite values or more than float32 takes.",
                "Fill or remove them first.",
            )
        return vector

    def show(self, source: Any, size: int | None = None) -> Shown:
        """application/json: column name -> value as text, the first ``size`` columns (default 100)."""
        row = self.load(source)
        pairs = list(row.items() if isinstance(row, dict) else enumerate(row))
        limit = size or MAX_COLUMNS
        shown = {str(name)[:MAX_CELL]: _cell(value) for name, value in pairs[:limit]}
        if len(pairs) > limit:
            shown["…"] = f"{len(pairs) - limit} more"
        return Shown("application/json", shown)


def _scalar(name: Any, value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (int, float)) and abs(value) > FLOAT32_MAX:
        raise PoolError(
            f"the value of {str(name)!r:.80} is infinite or does not fit float32.",
            "Rescale it, or leave it out.",
        )
    if value is None or isinstance(value, (bool, int, float, str, date, time, timedelta)):
        return value
    return str(value)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{value:.6g}"
    text = str(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"
