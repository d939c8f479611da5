"""A bundle's folder: written whole or not at all, and never over something that is not a bundle."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spin_nb.errors import ExportError
from spin_nb.io import sync, sync_folder

FORMAT = "spin_nb-bundle"


def check_target(folder: Path) -> None:
    """Make sure that writing a bundle to ``folder`` destroys nothing but an older bundle.

    Raises
    ------
    ExportError
        If it is a file, or a folder that holds anything but a bundle's own files.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir():
        raise ExportError(f"{str(folder)!r} is a file.", "Name a folder for the bundle.")
    inside = {entry.name for entry in folder.iterdir()}
    strange = inside - _bundle_files(folder)
    if strange:
        names = ", ".join(repr(name) for name in sorted(strange)[:5])
        raise ExportError(
            f"{str(folder)!r} holds what no export wrote: {names}.",
            "Name a new folder, or move those files away first.",
        )


def _bundle_files(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] == FORMAT:
            return {"manifest.json", *manifest["sha256"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()


@contextmanager
def staged_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its place when the block ends well.

    An older bundle is replaced; if the block raises, nothing has changed.  What exports that were killed have left
    beside it goes, or is given its place back.

    Raises
    ------
    ExportError
        As :func:`check_target`, or if the disk refuses.
    """
    target = folder.resolve()
    check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _exporting(target):
            yield from _fill(target)
    except OSError as error:
        raise _disk_error(folder, error) from error


def _fill(target: Path) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fresh = work / "new"
        fresh.mkdir()
        yield fresh
        sync_folder(fresh)
        # Again: minutes may have passed, and something may have been put there.
        check_target(target)
        _swap(fresh, target)
        sync(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _exporting(target: Path) -> Iterator[None]:
    """Hold a lock that all exports into this folder share; who is alone clears away what killed ones have left."""
    try:
        import fcntl

        handle = os.open(target.parent, os.O_RDONLY)
    except (ImportError, OSError):  # Windows: nothing tells a killed export from one that runs
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _tidy(target)
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _tidy(target: Path) -> None:
    ours = re.compile(rf"\.{re.escape(target.name)}-[a-z0-9_]{{8}}(\.old)?")
    for path in [path for path in target.parent.iterdir() if ours.fullmatch(path.name)]:
        inside = {entry.name for entry in path.iterdir()}
        if not path.name.endswith(".old"):
            if inside <= {"new"}:
                shutil.rmtree(path, ignore_errors=True)
        elif not target.exists() and inside and inside == _bundle_files(path):
            os.rename(path, target)
        elif inside <= _bundle_files(path):
            shutil.rmtree(path, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        os.rename(fresh, target)
    elif not _exchange(fresh, target):
        _replace(fresh, target)


def _replace(fresh: Path, target: Path) -> None:
    # Outside the working folder, which is deleted whatever happens; after a kill the next export puts it back.
    old = fresh.parent.with_name(f"{fresh.parent.name}.old")
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(fresh: Path, target: Path) -> bool:
    """Let two folders change places in one step; False where the system or the file system does not know how."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    here = ctypes.c_int(-100)  # AT_FDCWD; RENAME_EXCHANGE is 2 (linux/fs.h, renameat2(2))
    status: int = rename(here, os.fsencode(fresh), here, os.fsencode(target), ctypes.c_uint(2))
    return status == 0


def _disk_error(folder: Path, error: OSError) -> ExportError:
    return ExportError(
        f"the bundle could not be written to {str(folder)!r}: {error.strerror or error}.",
        "Free some space or choose a folder you may write to; nothing was changed.",
    )
