"""Pictures decoded lately, at the sizes they were wanted: what is shown, loaded or cut again is not decoded again."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

MOST_BYTES = 2**27
"""Of all that are kept, for all projects of a process together: 650 pictures as they are loaded, 25 as they are drawn
on.  Those that were not looked at for the longest go first."""
_SMALL_PIXELS = 250_000
"""Pictures up to this size are decoded in a millisecond or two."""

Pixels = NDArray[np.uint8]
_pictures: OrderedDict[Hashable, Pixels] = OrderedDict()
_bytes = 0
_lock = threading.Lock()


def file_key(source: Path | bytes, stream: BinaryIO) -> tuple[int, ...] | None:
    """Key of an open file; None for bytes.

    It tells the file from any other, and from what was written over it.
    """
    if isinstance(source, bytes):
        return None
    about = os.fstat(stream.fileno())
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def recall(key: tuple[int, ...] | None, side: int) -> Pixels | None:
    """The picture at this size, read-only.

    It is None where it is not kept.
    """
    with _lock:
        pixels = _pictures.get((key, side))
        if pixels is not None:
            _pictures.move_to_end((key, side))
        return pixels


def keep(key: tuple[int, ...] | None, side: int, pixels: Pixels, original: int) -> None:
    """Keep a picture at a size, while there is room."""
    global _bytes
    if key is None or original <= _SMALL_PIXELS or pixels.nbytes > MOST_BYTES:
        return
    pixels.flags.writeable = False
    with _lock:
        before = _pictures.pop((key, side), None)
        _bytes += pixels.nbytes - (0 if before is None else before.nbytes)
        _pictures[key, side] = pixels
        while _bytes > MOST_BYTES:
            _, oldest = _pictures.popitem(last=False)
            _bytes -= oldest.nbytes


def forget() -> None:
    """Let all of them go."""
    global _bytes
    with _lock:
        _pictures.clear()
        _bytes = 0
