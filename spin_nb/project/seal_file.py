"""How much the database held at least: a few numbers beside it, in ``project.db.seal``.

A log (``project.db-wal``) that was cut or in which a bit flipped ends there for SQLite, and a database from another
folder reads well: only something outside of them knows better.  After every transaction its number, that of the last
event and the hash of all events are written here, without waiting for the disk: what this says is a lower bound.  A
kill, or a power cut, between commit and note leaves it behind, which is no damage; it never gets ahead.

Two lines of one length, each with its own checksum, are written in turns: one of them is always whole.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from spin_nb.errors import StorageError
from spin_nb.io import write_atomically

SEAL = "project.db.seal"
_LINE_BYTES = 128


@dataclass(frozen=True, order=True)
class Mark:
    """State of a database after a transaction.

    Attributes
    ----------
    writes, events : int
        Transactions and events so far.
    chain : str
        Hash of all events; what the first is linked to, where there are none.
    """

    writes: int
    events: int
    chain: str


def read(folder: Path) -> Mark | None:
    """The latest mark that is whole.

    It is None where there is none.
    """
    try:
        with open(folder / SEAL, "rb", opener=_opener) as file:
            lines = file.read(2 * _LINE_BYTES)
    except OSError:
        return None
    marks = [mark for at in (0, _LINE_BYTES) if (mark := _mark(lines[at : at + _LINE_BYTES])) is not None]
    return max(marks, default=None)


def forget(folder: Path) -> None:
    """Remove the file; StorageError where it cannot be."""
    try:
        (folder / SEAL).unlink(missing_ok=True)
    except OSError as problem:
        raise StorageError(
            f"{str(folder / SEAL)!r} cannot be removed: {problem.strerror}.", "Check its rights."
        ) from None


class SealFile:
    """The file, open for writing.

    A disk that refuses it is no reason to refuse a label.

    Parameters
    ----------
    folder : Path
        The project.
    mark : Mark
        What holds now.
    """

    def __init__(self, folder: Path, mark: Mark) -> None:
        self._file: int | None = None
        with suppress(OSError, StorageError):
            if read(folder) is None:  # only then: another process may hold this file open
                write_atomically(folder / SEAL, lambda half: half.write_bytes(_line(mark) * 2))
            self._file = os.open(folder / SEAL, os.O_WRONLY | _OPEN_FLAGS)
        self.note(mark)

    def note(self, mark: Mark) -> None:
        """Write down what a transaction led to."""
        if self._file is not None:
            with suppress(OSError):
                os.lseek(self._file, _LINE_BYTES * (mark.writes % 2), os.SEEK_SET)
                os.write(self._file, _line(mark))

    def close(self) -> None:
        """Put it on the disk; may be called twice."""
        if self._file is not None:
            with suppress(OSError):
                os.fsync(self._file)
            os.close(self._file)
            self._file = None


# A link, or a pipe, in its place is not followed and not waited for.
_OPEN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | _OPEN_FLAGS)


def _line(mark: Mark) -> bytes:
    text = f"{mark.writes} {mark.events} {mark.chain}"
    return f"{text} {sha256(text.encode()).hexdigest()[:16]}".ljust(_LINE_BYTES - 1).encode() + b"\n"


def _mark(line: bytes) -> Mark | None:
    try:
        writes, events, chain, _ = line.decode("ascii").split()
        mark = Mark(int(writes), int(events), chain)
    except ValueError:
        return None
    return mark if _line(mark) == line else None
