"""Who has a project open: sessions together, a repair alone.

The lock (flock(2)) is on the project folder itself, so it makes no file, holds for a folder that may only be read, and
ends with the process, however that ends.  Where there is none (Windows, some network disks) nobody is kept out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import finalize

from spin_nb.errors import ProjectError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class Presence:
    """A session in a project, until :meth:`close`.

    As many as like may share a project.

    Parameters
    ----------
    folder : Path
        The project folder.

    Raises
    ------
    ProjectError
        It is being repaired.
    """

    def __init__(self, folder: Path) -> None:
        handle = _lock_folder(folder, alone=False)
        if handle is None:
            raise ProjectError(
                f"{str(folder)!r} is being repaired at this moment.",
                "Open it once spin.repair has ended, there or in another process.",
            )
        self._leave = finalize(self, _close, handle)

    def close(self) -> None:
        """Let a repair in; may be called twice."""
        self._leave()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every session out of a project while the block runs.

    Raises
    ------
    ProjectError
        Somebody has it open, in this process or in another.
    """
    handle = _lock_folder(folder, alone=True)
    if handle is None:
        raise ProjectError(
            f"{str(folder)!r} is open, in this notebook or in another process: it cannot be repaired now.",
            "Close it there with s.close(), or end that kernel; then repair it.",
        )
    try:
        yield
    finally:
        _close(handle)


def _lock_folder(folder: Path, *, alone: bool) -> int | None:
    """A descriptor that holds the lock, -1 where there are no such locks; None where somebody else's is in the way."""
    if fcntl is None:
        return -1
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # said better by whoever reads the folder
        return -1
    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        return -1
    return handle


def _close(handle: int) -> None:
    if handle >= 0:
        with suppress(OSError):
            os.close(handle)
