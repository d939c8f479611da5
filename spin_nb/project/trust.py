"""What lies in a project folder, looked at before anything in it is read or written.

A folder may come from somebody else.  Only names are read here, and what ``lstat`` says: pipes and devices would be
waited for, links lead elsewhere, and the journal of a transaction may name any file on this disk to be deleted.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

from spin_nb.errors import ProjectError
from spin_nb.io import open_regular
from spin_nb.project.folder import DATABASE, FEATURES, MODELS, POOL
from spin_nb.project.seal_file import SEAL

_LOGS = tuple(f"{DATABASE}{ending}" for ending in ("", "-journal", "-wal", "-shm"))
_FOLDERS = (FEATURES, MODELS, POOL)
_IN_PLACE = (*_LOGS, f"{POOL}/arrivals.jsonl")
"""Files that are written where they lie.  All others are replaced whole: a link in their place goes, not its target."""
_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""How a journal ends that names another one (sqlite.org/fileformat2.html); SQLite deletes what it names."""
_MIN_BYTES_FOR_HOLES, _MAX_HOLE_RATIO = 2**26, 100
"""A file from this size on, of which less than one part in so many is on disk, was made to look large."""
_MAX_DATABASE_BYTES = 2**31
_MAX_FILES = 2_000_000


def look_around(folder: Path, *, trusted: bool) -> None:
    """Refuse a project folder that would make its readers wait, or read or write elsewhere.

    Parameters
    ----------
    folder : Path
        It need not be there.
    trusted : bool
        True: links that lead outside are followed, with a warning, but for files that are written where they lie.
        False: there is no link at all, no file with a second name (hard link) and none with holes.

    Raises
    ------
    ProjectError
        What is wrong, and where.

    Warns
    -----
    UserWarning
        Of what leads outside, so that nothing is written there unnoticed.
    """
    if not trusted and folder.is_symlink():
        raise _refusal(
            f"{str(folder)!r} is a link to {os.path.realpath(folder)!r}", "Pass the folder itself."
        )
    outside: list[str] = []
    for place, name, entry in _entries(folder):
        if stat.S_ISLNK(entry.st_mode):
            _check_link(folder, place, name, trusted, outside)
        elif stat.S_ISREG(entry.st_mode):
            _check_file(folder, name, entry, trusted, outside)
        elif not stat.S_ISDIR(entry.st_mode) or name in (*_LOGS, SEAL):
            raise ProjectError(
                f"{name!r} in {str(folder)!r} is {_kind(entry.st_mode)}, not a file.",
                "Remove it, or restore the project from a copy.",
            )
    _check_journal(folder, trusted)
    if outside:
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        warnings.warn(
            f"the project {str(folder)!r} leads outside: {', '.join(outside[:3])}{more}. What is kept there is read "
            "and written there.",
            UserWarning,
            stacklevel=3,
        )


def _entries(folder: Path) -> Iterator[tuple[str, str, os.stat_result]]:
    """The project's own places.

    Each has its path, its name from the project folder on, and what ``lstat`` says of it.
    """
    count = 0
    waiting = [(os.path.join(folder, name), name) for name in (*_LOGS, SEAL, *_FOLDERS)]
    while waiting:
        place, name = waiting.pop()
        try:
            entry = os.lstat(place)
            yield place, name, entry
            if stat.S_ISDIR(
                entry.st_mode
            ):  # links are not followed: they may lead to all of this disk, or in a circle
                waiting.extend((os.path.join(place, child), f"{name}/{child}") for child in os.listdir(place))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as problem:
            raise ProjectError(
                f"{name!r} in {str(folder)!r} cannot be looked at: {problem.strerror}.", "Check its rights."
            ) from None
        count += 1
        if count > _MAX_FILES:
            raise ProjectError(f"{str(folder)!r} holds more than {_MAX_FILES:,} files.", "It is no project.")


def _check_link(folder: Path, place: str, name: str, is_trusted: bool, outside: list[str]) -> None:
    target = os.path.realpath(place)
    if not is_trusted:
        raise _refusal(f"{name!r} in {str(folder)!r} is a link to {target!r}", "Look where it leads.")
    try:
        mode = os.stat(place).st_mode
    except OSError as problem:
        raise ProjectError(
            f"{name!r} in {str(folder)!r} is a link to {target!r}, which cannot be read: {problem.strerror}.",
            "Put back what it leads to, or remove the link.",
        ) from None
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise ProjectError(
            f"{name!r} in {str(folder)!r} leads to {_kind(mode)}: {target!r}.", "Remove the link."
        )
    if Path(target).is_relative_to(folder.resolve()):
        return
    if name in _IN_PLACE:
        raise ProjectError(
            f"{name!r} in {str(folder)!r} is a link to {target!r}: labels would be written there.",
            "Put the file itself in its place; a whole project may lie elsewhere, its files may not.",
        )
    outside.append(f"{name} -> {target}")


def _check_file(folder: Path, name: str, entry: os.stat_result, is_trusted: bool, outside: list[str]) -> None:
    if name in _FOLDERS:
        raise ProjectError(f"{name!r} in {str(folder)!r} is no folder.", "Remove it.")
    if is_trusted:
        if entry.st_nlink > 1 and name in _IN_PLACE:
            outside.append(f"{name} has a second name on this disk (hard link)")
        return
    if entry.st_nlink > 1:
        raise _refusal(
            f"{name!r} in {str(folder)!r} has a second name elsewhere (hard link)",
            "Copy the folder: cp -r makes files of its own.",
        )
    blocks = getattr(entry, "st_blocks", None)  # not on every system
    if blocks is not None and entry.st_size > max(_MIN_BYTES_FOR_HOLES, _MAX_HOLE_RATIO * 512 * blocks):
        raise _refusal(
            f"{name!r} in {str(folder)!r} says it has {entry.st_size:,} bytes and is nearly all holes",
            "Ask for a whole copy.",
        )
    if name in _LOGS and entry.st_size > _MAX_DATABASE_BYTES:
        raise _refusal(f"{name!r} in {str(folder)!r} has {entry.st_size:,} bytes", "Look at it first.")


def _check_journal(folder: Path, is_trusted: bool) -> None:
    journal = folder / f"{DATABASE}-journal"
    try:
        with open_regular(journal) as stream:
            size = os.fstat(stream.fileno()).st_size
            if not size:
                return
            stream.seek(max(0, size - len(_SUPER_JOURNAL)))
            ending = stream.read()
    except OSError:
        return
    if ending == _SUPER_JOURNAL:
        raise ProjectError(
            f"the journal of {str(folder / DATABASE)!r} names another file, which would be deleted.",
            f"spin_nb writes no such journal: delete {journal.name!r}, or restore the project from a copy.",
        )
    if not is_trusted:
        raise _refusal(
            f"{str(folder)!r} was sent in the midst of a write ({journal.name!r} is there)",
            "Ask for it again, closed.",
        )


def _refusal(what: str, do: str) -> ProjectError:
    return ProjectError(f"{what}, and the project is opened with trusted=False.", do)


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a folder" if stat.S_ISDIR(mode) else "a device"
