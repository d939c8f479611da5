"""The first bytes of ``project.db``, read so that SQLite keeps its locks.

A process's locks (fcntl(2)) on a file end when the process closes any descriptor of that file.  A second look at a
project that this process has open would take the first session's locks away: another process that closes the project
then takes itself for the last one and removes the log that is being written to
(sqlite.org/howtocorrupt.html, 2.2).  So one descriptor stays open for as long as this process has the database open.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from weakref import finalize

from spin_nb.io import open_regular

HEADER_BYTES = 100
Identity = tuple[int, int]


# By device and inode: a descriptor of each database this process has open, and how many connections.
_streams: dict[Identity, BinaryIO] = {}
_connections: dict[Identity, int] = {}
_lock = Lock()


class Descriptor:
    """Descriptor of a database.

    It stays open while a connection is, until :meth:`close`.

    Parameters
    ----------
    file : Path
        Opened by SQLite already, no lock taken yet.
    """

    def __init__(self, file: Path) -> None:
        self._close = finalize(self, _leave, _enter(file))

    def close(self) -> None:
        """Let go, after the connection was closed.

        It may be called twice.
        """
        self._close()


def read_header(file: Path) -> bytes:
    """First bytes of a database.

    It is None where there is no file.

    Raises
    ------
    OSError
        It cannot be read, or is no regular file.
    """
    with _lock:
        try:
            stream = _streams.get(_identity(file))
            if stream is not None:
                return os.pread(stream.fileno(), HEADER_BYTES, 0)
            with open_regular(file) as stream:
                return stream.read(HEADER_BYTES)
        except FileNotFoundError:
            return b""


def _enter(file: Path) -> Identity | None:
    if not hasattr(os, "pread"):  # Windows, whose locks belong to descriptors
        return None
    with _lock:
        try:
            identity = _identity(file)
            if identity not in _streams:
                _streams[identity] = open_regular(file)
        except OSError:  # said better by whoever reads it
            return None
        _connections[identity] = _connections.get(identity, 0) + 1
        return identity


def _leave(identity: Identity | None) -> None:
    if identity is None:
        return
    with _lock:
        _connections[identity] -= 1
        if not _connections[identity]:
            del _connections[identity]
            _streams.pop(identity).close()


def _identity(file: Path) -> Identity:
    about = file.stat()
    return about.st_dev, about.st_ino
