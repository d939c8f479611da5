"""Files that are kept: whole or not there, on disk before they count, known by their checksum ever after."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from spin_nb.errors import StorageError

_NO_FOLDER_SYNC = (
    errno.EINVAL,
    errno.ENOTSUP,
    errno.EBADF,
)  # some network file systems; nothing is to be gained


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` fill a file beside ``path``, then rename it: readers see the old or the new one, whole.

    When this returns, the new one survives a power cut, name and bytes.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    write : callable
        Given the path of the file to fill.

    Raises
    ------
    StorageError
        It cannot be written; ``path`` is as before.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "facts.json"
    >>> write_atomically(path, lambda half: half.write_text("{}"))
    >>> [file.name for file in path.parent.iterdir()]
    ['facts.json']
    """
    half = path.with_name(f".{uuid4().hex[:12]}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(half)
        sync(half)
        os.replace(half, path)
        sync(path.parent)
    except OSError as problem:
        raise StorageError(
            f"cannot write {str(path)!r}: {problem.strerror}.", "Free space, or check rights."
        ) from None
    finally:
        with suppress(OSError):
            half.unlink()


def write_sealed(path: Path, write: Callable[[Path], Any]) -> None:
    """Do as :func:`write_atomically`, then :func:`seal`; killed in between, the file counts as damaged."""
    write_atomically(path, write)
    seal(path)


def sync(path: Path) -> None:
    """Put a file's bytes, or a folder's names, on the disk itself.

    Raises
    ------
    OSError
        The disk refuses.
    """
    if os.name == "nt" and path.is_dir():  # Windows opens no folders, and renames durably
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as problem:
        if problem.errno not in _NO_FOLDER_SYNC or not path.is_dir():
            raise
    finally:
        os.close(handle)


def seal(path: Path) -> None:
    """Write the checksum of a file beside it, for :func:`is_sealed`."""
    write_atomically(_seal(path), lambda half: half.write_text(checksum(path), encoding="ascii"))


def has_seal(path: Path) -> bool:
    """Whether there is a seal: files of older versions have none."""
    return _seal(path).exists()


def is_sealed(path: Path) -> bool:
    """Whether a file still is what :func:`seal` saw: a flipped byte in a cache would pass for a number."""
    try:
        return _seal(path).read_bytes() == checksum(path).encode()
    except OSError:
        return False


def checksum(path: Path) -> str:
    """sha256 of a file's bytes, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
