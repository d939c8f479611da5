"""Files on disk: written whole or not at all, synced before they count, checked by their checksum ever after.

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
from typing import TYPE_CHECKING, Any, BinaryIO, Literal
from uuid import uuid4

from spin_nb.errors import StorageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEAL_BYTES = 65  # one more than a checksum has
# Of some network file systems: there is nothing to be gained.
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then rename it.

    Readers see the old or the new one, whole; when this returns, the new one survives a power cut, name and bytes.

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


def write_sealed(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file atomically, then :func:`seal` it.

    Killed in between, the file counts as damaged.
    """
    write_atomically(path, write)
    seal(path)


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's names, to disk.

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


def sync_folder(folder: Path) -> None:
    """Flush a folder's files and names to disk.

    Then it may be given the name that others read.

    Raises
    ------
    OSError
        The disk refuses.
    """
    for path in (*folder.iterdir(), folder):
        sync(path)


def seal(path: Path) -> None:
    """Write a file's checksum beside it, for :func:`is_intact`."""
    write_atomically(_seal(path), lambda half: half.write_text(checksum(path), encoding="ascii"))


def has_seal(path: Path) -> bool:
    """Tell whether a file has a seal: those of older versions have none."""
    return _seal(path).exists()


def is_intact(path: Path) -> bool:
    """Tell whether a file still has the bytes that were sealed.

    A flipped byte in a cache would pass for a number.
    """
    try:
        with open_regular(_seal(path)) as stream:
            return stream.read(_SEAL_BYTES) == checksum(path).encode()
    except OSError:
        return False


def checksum(path: Path) -> str:
    """Return the sha256 of a file's bytes, hexadecimal."""
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = True) -> BinaryIO:
    """Open a regular file, and wait for nothing else of that name.

    Files are unbuffered where they are written.  The descriptor is looked at, not the name: that may have become
    another file's in between.

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


def load_array(path: Path) -> NDArray[Any]:
    """Map an array of a ``.npy`` file into memory.

    Its header is believed as far as the file goes: ``numpy.load`` takes memory for the promise before it looks, and
    reads objects where it is let.

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
        n_bytes = math.prod(shape) * dtype.itemsize
        n_available = os.fstat(stream.fileno()).st_size - stream.tell()
        if dtype.hasobject or min(shape, default=0) < 0:
            raise ValueError(f"{path.name} holds no numbers")
        if n_bytes > n_available:
            raise ValueError(f"{path.name} promises {n_bytes:,} bytes and has {n_available:,}")
        order: Literal["C", "F"] = "F" if columns_first else "C"
        if not n_bytes:
            return np.empty(shape, dtype, order)
        name, start = by_name(stream, path), stream.tell()
        array = np.memmap(name, dtype, "r", start, shape, order)
    # Caches lie beside it; the other name ends with the descriptor.
    array.filename = str(path.resolve())
    return array


def by_name(stream: BinaryIO, path: Path) -> str:
    """Return a name of an open file, for readers that take no stream.

    It is the very file's, where the system has such a name.
    """
    name = f"/proc/self/fd/{stream.fileno()}"
    return name if os.path.exists(name) else str(path)


def _seal(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
