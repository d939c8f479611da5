"""Files that are kept: whole or not there, on disk before they count, known by their checksum ever after.

And files that somebody else made: opened without waiting, and looked at while they are open.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from spin_nb.errors import StorageError

_SEAL_BYTES = 65  # one more than a checksum has
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
    except StorageError:
        raise
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
    """Write the checksum of a file beside it, for :func:`is_intact`."""
    write_atomically(_seal(path), lambda half: half.write_text(checksum(path), encoding="ascii"))


def has_seal(path: Path) -> bool:
    """Whether there is a seal: files of older versions have none."""
    return _seal(path).exists()


def is_intact(path: Path) -> bool:
    """Whether a file still is what :func:`seal` saw: a flipped byte in a cache would pass for a number."""
    try:
        with open_regular(_seal(path)) as stream:
            return stream.read(_SEAL_BYTES) == checksum(path).encode()
    except OSError:
        return False


def checksum(path: Path) -> str:
    """sha256 of a file's bytes, hexadecimal."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = True) -> BinaryIO:
    """Open a regular file, unbuffered where it is written; what else has that name is never waited for.

    The descriptor is looked at, not the name: that may have become another file's in between.

    Parameters
    ----------
    flags : int
        As of :func:`os.open`.
    follow : bool
        Whether the name may be a link.

    Raises
    ------
    OSError
        It cannot be opened; or is a folder, a pipe or a device.

    Examples
    --------
    >>> open_regular(Path("/dev/null"))
    Traceback (most recent call last):
        ...
    OSError: [Errno 22] not a regular file: '/dev/null'
    """
    always = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags | always | (0 if follow else getattr(os, "O_NOFOLLOW", 0)), 0o666)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        writes = flags & (os.O_WRONLY | os.O_RDWR)
        return os.fdopen(handle, "ab" if writes else "rb", buffering=0 if writes else -1)
    except BaseException:
        os.close(handle)
        raise


def load_array(path: Path) -> Any:
    """An array from a ``.npy`` file, memory-mapped; what its header promises is believed as far as the file goes.

    ``numpy.load`` takes memory for the promise before it looks, and reads objects where it is let.

    Raises
    ------
    ValueError
        It is no such file, holds objects, or is shorter than it says.
    OSError

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npy"
    >>> import numpy as np
    >>> np.save(path, np.arange(3))
    >>> load_array(path).tolist()
    [0, 1, 2]
    """
    import numpy as np

    with open_regular(path) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):  # others are for names of columns
            raise ValueError(f"{path.name} is of another version than arrays of numbers are")
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(stream)
        promised = math.prod(shape) * dtype.itemsize
        there = os.fstat(stream.fileno()).st_size - stream.tell()
        if dtype.hasobject or min(shape, default=0) < 0:
            raise ValueError(f"{path.name} holds no numbers")
        if promised > there:
            raise ValueError(f"{path.name} promises {promised:,} bytes and has {there:,}")
        order: Any = "F" if columns_first else "C"
        if not promised:
            return np.empty(shape, dtype, order)
        name, start = by_name(stream, path), stream.tell()
        array = np.memmap(name, dtype, "r", start, shape, order)
    array.filename = str(path.resolve())  # beside which caches lie; the other name ends with the descriptor
    return array


def by_name(stream: BinaryIO, path: Path) -> str:
    """A name for readers that take no stream: of the very file that is open, where the system has one."""
    name = f"/proc/self/fd/{stream.fileno()}"
    return name if os.path.exists(name) else str(path)


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
