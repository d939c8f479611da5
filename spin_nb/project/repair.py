"""``spin.repair``: save what can be read of a damaged project; what was there is kept beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from spin_nb.errors import ProjectError, StorageError, VersionError
from spin_nb.io import sync
from spin_nb.project import folder, schema, schema_check, seal_file, verify
from spin_nb.project.damaged_database import DATABASE_FILES, Reading, is_sealed, readings
from spin_nb.project.database import Database, explain
from spin_nb.project.presence import alone
from spin_nb.project.rebuilt_database import write_database
from spin_nb.project.seal_file import Mark
from spin_nb.project.trust import look_around
from spin_nb.words import shown

_NEW_DATABASE = "new.db"


@dataclass(frozen=True)
class Repair:
    """Outcome of repairing a project.

    Attributes
    ----------
    path : Path
        The project.
    copy : Path or None
        Where the damaged files are now; None where nothing was damaged.
    events : int
        Events that are there.
    mended : tuple of int
        Those in which a flipped bit was found and set right.
    doubtful : tuple of int
        Those that cannot be compared with a hash: look at them in ``s.history``.
    lost : tuple of int
        Numbers of the events that are gone, or are not what was stored.
    notes : tuple of str
        What else was damaged.
    """

    path: Path
    copy: Path | None = None
    events: int = 0
    mended: tuple[int, ...] = ()
    doubtful: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if self.copy is None:
            return f"nothing to repair: {self.events:,} events, all as they were stored"
        numbers_by_word = {"set right": self.mended, "doubtful": self.doubtful, "lost": self.lost}
        parts = [
            f"{len(numbers):,} {word}{_some(numbers)}" for word, numbers in numbers_by_word.items() if numbers
        ]
        lines = [f"{self.events:,} events survive{'; ' if parts else ''}{'; '.join(parts)}", *self.notes]
        return "\n".join([*lines, f"what was there is kept in {str(self.copy)!r}"])


def _some(numbers: Sequence[int]) -> str:
    return f" (event {', '.join(map(str, numbers[:5]))}{', ...' if len(numbers) > 5 else ''})"


def repair(path: str | Path) -> Repair:
    """Save what can be read of a damaged project, and make it a project that opens.

    The damaged files are first copied to a folder ``damaged-<time>`` in the project.  Events whose hash fits are
    kept; one flipped bit is found and set right; events that are not what was stored are left out, and named.
    Which tables there are is known: where the list of them is damaged, the rows are read without it.  Unless what
    can be read makes a whole project, nothing is put in the place of what is there.
    What is computed (features, map) is not looked at: opening computes it anew where it is damaged.  A damaged pool
    is mended by passing it to ``spin.open`` again.

    Parameters
    ----------
    path : str or Path
        The project folder; no session may have it open.

    Returns
    -------
    Repair
        How many events survive, which are doubtful, which are lost.

    Raises
    ------
    ProjectError
        There is no database, no event of it can be read, or a session has it open; nothing was changed.
    StorageError
        The copy cannot be written; nothing was changed.

    Examples
    --------
    >>> import spin_nb as spin
    >>> spin.repair("parts.spin")                                      # doctest: +SKIP
    2,998 events survive; 1 set right (event 17)
    """
    at = _project(path)
    look_around(at, trusted=True)
    with alone(at):
        return _repair(at)


def _repair(at: Path) -> Repair:
    mark = seal_file.read(at)
    whole = _whole(at, mark)
    if whole is not None:
        return whole
    copy = _copy_damaged(at)
    with tempfile.TemporaryDirectory(prefix=".repair-", dir=at) as work:
        try:
            best, numbers = _rebuilt(at, copy, Path(work), mark)
        except BaseException as problem:
            shutil.rmtree(copy, ignore_errors=True)  # what it is a copy of is still there
            if isinstance(problem, OSError) and not isinstance(problem, StorageError):
                raise StorageError(
                    f"the project cannot be written: {problem.strerror}.", "Free space, or check rights."
                ) from None
            raise
        _put(at, Path(work) / _NEW_DATABASE)
    expected_numbers = range(1, max(0 if mark is None else mark.events, *numbers, 0) + 1)
    return Repair(
        at,
        copy,
        len(numbers),
        tuple(seq for seq in best.how["mended"] if seq in numbers),
        tuple(seq for seq in best.how["doubtful"] if seq in numbers),
        tuple(sorted({*expected_numbers, *best.events} - numbers)),
        tuple(best.notes) if best.is_listed else (*best.notes, "the list of the tables was set right"),
    )


def _rebuilt(at: Path, copy: Path, work: Path, mark: Mark | None) -> tuple[Reading, set[int]]:
    """Build a whole database of what can be read.

    Return that, and the numbers of the events in it.

    Raises
    ------
    ProjectError
        There is no such one.
    """
    file = str(at / folder.DATABASE)
    best = max(readings(copy, work), key=Reading.worth, default=None)
    if best is None or not best.tables["meta"]:
        raise ProjectError(
            f"nothing can be read of {file!r}; it was left as it is.", "Restore it from a copy."
        )
    try:
        with closing(sqlite3.connect(work / _NEW_DATABASE, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            numbers = write_database(db, best, mark)
            schema_check.refuse_foreign(db, file, is_trusted=True)
            damages = [str(damage) for damage in verify.examine(db, at, None)[1]]
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        damages = [str(error)]
    except sqlite3.Error as error:
        raise explain(error, at / folder.DATABASE) from error
    if damages:
        raise ProjectError(
            f"what can be read of {file!r} makes no whole project ({damages[0]}); it was left as it is.",
            "Restore it from a copy.",
        )
    if not numbers and best.n_unread:
        raise ProjectError(
            f"no event can be read of {file!r}; it was left as it is.", "Restore it from a copy."
        )
    return best, numbers


def _project(path: str | Path) -> Path:
    try:
        at = Path(path).expanduser().absolute()
        there = (at / folder.DATABASE).is_file()
    except (TypeError, ValueError, OSError, RuntimeError):
        raise ProjectError(f"{shown(path)} is no project folder.", "Give its path.") from None
    if not there:
        raise ProjectError(f"there is no {folder.DATABASE} in {shown(str(at))}.", "Check the path.")
    return at


def _whole(at: Path, mark: Mark | None) -> Repair | None:
    """Report on a database that is not damaged, or None."""
    try:
        folder.check_project_folder(at)
        database = Database(at, "ro")
    except ProjectError:
        return None
    try:
        with database.snapshot() as db:
            if schema.version(db) > schema.VERSION:
                _refuse_newer(db, at)
                return None
            schema_check.refuse_foreign(db, str(database.file), is_trusted=True)
            if is_sealed(db) != (schema.version(db) > 1):
                return None  # the number of its format is what is damaged
            damages = verify.examine(db, at, mark)[1]
            n_events = int(db.execute("SELECT count(*) FROM events").fetchone()[0])
            return None if damages else Repair(at, events=n_events)
    except (StorageError, VersionError):
        raise
    except ProjectError:
        return None
    finally:
        database.close()


def _refuse_newer(db: sqlite3.Connection, at: Path) -> None:
    """Tell a newer format from a flipped bit in the number of this one."""
    tables = {
        row["sql"]
        for row in db.execute("SELECT name, sql FROM sqlite_master")
        if not row["name"].startswith("sqlite_")
    }
    if tables != set(schema.TABLES):
        raise VersionError(
            f"{str(at)!r} was made by a newer spin_nb.", "Upgrade: pip install --upgrade spin_nb."
        )


def _copy_damaged(at: Path) -> Path:
    copy = at / f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
    try:
        copy.mkdir()
        for name in DATABASE_FILES:
            if (at / name).is_file():
                shutil.copyfile(at / name, copy / name)
                sync(copy / name)
        sync(copy)
        sync(at)
    except OSError as problem:
        raise StorageError(
            f"the damaged files cannot be copied to {str(copy)!r}: {problem.strerror}.", "Free some space."
        ) from None
    return copy


def _put(at: Path, new: Path) -> None:
    """Put the new database in the place of the damaged one; killed in between, that is still called damaged."""
    try:
        sync(new)
        for name in DATABASE_FILES[1:]:  # a log would be applied to the new database
            if name != seal_file.SEAL:
                (at / name).unlink(missing_ok=True)
        (at / f"{folder.DATABASE}-shm").unlink(missing_ok=True)
        os.replace(new, at / folder.DATABASE)
        (at / seal_file.SEAL).unlink(missing_ok=True)
        sync(at)
    except OSError as problem:
        raise StorageError(
            f"the project cannot be written: {problem.strerror}.", "Free space, or check rights."
        ) from None
