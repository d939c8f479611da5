"""Opening files that somebody else made: what is refused before anything is read, and how it is said."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from spin_nb.errors import PoolError, SpinError
from spin_nb.io import open_regular


@contextmanager
def open_source(source: Path | bytes) -> Iterator[BinaryIO]:
    """Open a regular file, or bytes, for a block.

    Raises
    ------
    ValueError
        When it is missing, empty, or a folder, pipe or device, which could be read for ever.
    """
    with _stream(source) as stream:
        if not size_of(stream):
            raise ValueError("the file is empty")
        yield stream


def size_of(stream: BinaryIO) -> int:
    """Bytes of a file that is open."""
    if isinstance(stream, io.BytesIO):
        return stream.getbuffer().nbytes
    return os.fstat(stream.fileno()).st_size


def _stream(source: Path | bytes) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return open_regular(source)
    except (OSError, ValueError) as problem:
        raise ValueError(getattr(problem, "strerror", None) or str(problem)) from None


@contextmanager
def reading(kind: str, source: object) -> Iterator[None]:
    """Turn a decoder's exception into a ``PoolError``.

    It names the file and the reason.
    """
    try:
        yield
    except SpinError:
        raise
    except (ValueError, OSError, MemoryError, ArithmeticError, LookupError) as problem:
        why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        name = "these bytes" if isinstance(source, bytes) else repr(str(source))
        raise PoolError(f"cannot read the {kind} {name}: {why}.", "Repair or remove it.") from None
