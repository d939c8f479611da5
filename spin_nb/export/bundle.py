"""A bundle's folder: written whole or not at all, and never over something that is not a bundle."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spin_nb.errors import ExportError
from spin_nb.io import sync

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
        shown = ", ".join(repr(name) for name in sorted(strange)[:5])
        raise ExportError(
            f"{str(folder)!r} holds what no export wrote: {shown}.",
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
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its place when the block ends well.

    An older bundle is replaced; if the block raises, nothing has changed.

    Raises
    ------
    ExportError
        As :func:`check_target`, or if the disk refuses.
    """
    target = folder.resolve()
    check_target(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        fresh = work / "new"
        fresh.mkdir()
        yield fresh
        for path in (*fresh.iterdir(), fresh):
            sync(path)
        # Again: minutes may have passed, and something may have been put there.
        check_target(target)
        _swap(fresh, target)
    except OSError as error:
        raise _refused(folder, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    # Outside the working folder, which is deleted whatever happens.
    old = fresh.parent.with_name(f"{fresh.parent.name}.old")
    replaced = target.exists()
    if replaced:
        os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        if replaced:
            os.rename(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _refused(folder: Path, error: OSError) -> ExportError:
    return ExportError(
        f"the bundle could not be written to {str(folder)!r}: {error.strerror or error}.",
        "Free some space or choose a folder you may write to; nothing was changed.",
    )
