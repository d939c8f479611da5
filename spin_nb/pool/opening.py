"""Opening files that somebody else made: what is refused before anything is read, and how it is said."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spin_nb.errors import PoolError


def regular(path: Path) -> int:
    """Size of a regular file in bytes.

    Raises
    ------
    ValueError
        When it is missing, empty, or a folder, pipe or device, which could be read for ever.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError) as problem:
        raise ValueError(getattr(problem, "strerror", None) or str(problem)) from None
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("not a regular file")
    if not found.st_size:
        raise ValueError("the file is empty")
    return found.st_size


@contextmanager
def reading(kind: str, source: Any) -> Iterator[None]:
    """Turn what decoders of damaged files raise into a ``PoolError`` that names the file and the reason."""
    try:
        yield
    except (ValueError, OSError, MemoryError, ArithmeticError, LookupError) as problem:
        why = getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
        name = "these bytes" if isinstance(source, bytes) else repr(str(source))
        raise PoolError(f"cannot read the {kind} {name}: {why}.", "Repair or remove it.") from None
