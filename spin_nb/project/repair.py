"""``spin.repair``: save what can be read of a damaged project; what was there is kept beside it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from spin_nb.errors import ProjectError, StorageError, VersionError
from spin_nb.io import sync
from spin_nb.project import (
    events,
    first_page,
    folder,
    salvage,
    schema,
    schema_check,
    seal_file,
    seals,
    verify,
)
from spin_nb.project.database import Database, explain
from spin_nb.project.presence import alone
from spin_nb.project.seal_file import Mark
from spin_nb.project.trust import look_around
from spin_nb.words import shown

_NEW_DATABASE = "new.db"
_DATABASE_FILES = (folder.DATABASE, f"{folder.DATABASE}-wal", f"{folder.DATABASE}-journal", seal_file.SEAL)


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


def _rebuilt(at: Path, copy: Path, work: Path, mark: Mark | None) -> tuple[_Reading, set[int]]:
    """Build a whole database of what can be read.

    Return that, and the numbers of the events in it.

    Raises
    ------
    ProjectError
        There is no such one.
    """
    file = str(at / folder.DATABASE)
    best = max(_readings(copy, work), key=_Reading.worth, default=None)
    if best is None or not best.tables["meta"]:
        raise ProjectError(
            f"nothing can be read of {file!r}; it was left as it is.", "Restore it from a copy."
        )
    try:
        with closing(sqlite3.connect(work / _NEW_DATABASE, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            numbers = _write(db, best, mark)
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
    """The report of a database that is not damaged.

    None where it is.
    """
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
            if _is_sealed(db) != (schema.version(db) > 1):
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
        for name in _DATABASE_FILES:
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


@dataclass
class _Reading:
    """Content of a database, read in one way.

    ``is_listed``: by the list of tables that is in it.
    """

    tables: dict[str, list[salvage.Row]] = field(default_factory=dict)
    events: dict[Any, salvage.Row] = field(default_factory=dict)
    how: dict[str, dict[int, salvage.Row]] = field(default_factory=dict)
    first: str | None = None
    writes: int = 0
    notes: list[str] = field(default_factory=list)
    n_unread: int = 0
    is_listed: bool = True

    def worth(self) -> tuple[int, int, int]:
        """More events that are sure, then fewer tables that are not, then more events."""
        return len(self.how["whole"]) + len(self.how["mended"]), -len(self.notes), len(self.how["doubtful"])


def _readings(copy: Path, work: Path) -> list[_Reading]:
    """Every way in which the database can be read.

    As SQLite does, with its log replayed whatever it says, ...

    ... and each of the two with a list of tables tables anew, where that is not the one spin_nb makes.
    """
    pages = (copy / folder.DATABASE).read_bytes()
    log = copy / f"{folder.DATABASE}-wal"
    (work / "as").mkdir()
    for name in _DATABASE_FILES:
        if (copy / name).exists():
            shutil.copyfile(copy / name, work / "as" / name)
    contents = [pages, *([salvage.replay_log(pages, log.read_bytes())] if log.exists() else [])]
    readings = [_read_database(work / "as" / folder.DATABASE)]
    for content in map(salvage.whole_header, contents):
        file = work / "headed.db"
        file.write_bytes(content)
        readings.append(_read_database(file))
        tables = _tables(file)
        with_list = None if _is_listed(file) else first_page.with_known_tables(content)
        if with_list is not None:
            file.write_bytes(with_list)
            reading = _read_database(file) if _tables(file) != tables else None
            if reading is not None:
                reading.is_listed = False
                readings.insert(0, reading)  # of equals, the one that is read by the right names
    return [reading for reading in readings if reading is not None]


def _is_listed(file: Path) -> bool:
    """Say whether the list of tables is ours.

    They are where it says, too.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        try:
            schema_check.refuse_foreign(db, str(file), is_trusted=True)
        except (ProjectError, sqlite3.DatabaseError, UnicodeDecodeError):
            return False
    return first_page.is_sound(file.read_bytes())


def _tables(file: Path) -> set[salvage.Row] | None:
    """The list of tables.

    None where it cannot be read.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        try:
            return set(db.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master"))
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return None


def _is_sealed(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'seals'").fetchone()[0])


def _read_database(file: Path) -> _Reading | None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA query_only = ON")
            has_seals = _is_sealed(db)
            has_chain = any(row[1] in ("gesture", "chain") for row in db.execute("PRAGMA table_info(events)"))
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return None
        reading, sums = _Reading(), {}
        if has_seals:
            sums = {row[0]: row[1:] for row in salvage.rows(db, "seals", "name, n, digest", False).values()}
            reading.first = sums[seals.FIRST][1] if seals.FIRST in sums else None
            reading.writes = sums[seals.WRITES][0] if seals.WRITES in sums else 0
        elif has_chain:
            reading.notes.append(
                "the table 'seals' is gone: what the other tables hold cannot be compared with it"
            )
        for table, names in seals.COLUMNS.items():
            if not has_chain:  # version 1
                names = names.replace(", annotator", ", NULL")
            _save_table(db, reading, table, names, sums if has_seals else None)
        _save_events(db, reading, has_chain)
        return reading


def _save_table(
    db: sqlite3.Connection, reading: _Reading, table: str, columns: str, sums: dict[Any, salvage.Row] | None
) -> None:
    rows = list(salvage.rows(db, table, columns, table in ("items", "asks", "runs")).values())
    loose = [row for row in rows if table == "meta" and row[0] in seals.UNSEALED_KEYS]
    tight = [row for row in rows if table != "meta" or row[0] not in seals.UNSEALED_KEYS]
    mended_rows, is_sure = salvage.mend_table(tight, (sums or {}).get(table))
    reading.tables[table] = mended_rows + loose
    if sums is not None and not is_sure:
        reading.notes.append(f"the table {table!r} is not what was stored: {verify.LOSSES[table]}")
    elif mended_rows != tight:
        reading.notes.append(f"a flipped bit in the table {table!r} was set right")


def _save_events(db: sqlite3.Connection, reading: _Reading, has_chain: bool) -> None:
    columns = (
        f"{events.HASH_COLUMNS}, chain" if has_chain else events.HASH_COLUMNS.replace("gesture", "NULL, NULL")
    )
    reading.events = salvage.rows(db, "events", columns, True)
    reading.n_unread = 1
    with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
        reading.n_unread = db.execute("SELECT count(*) FROM events").fetchone()[0] - len(reading.events)
    if has_chain:
        reading.how = salvage.judge(reading.events, reading.first)
    else:
        readable = {seq: row[:-1] for seq, row in reading.events.items() if events.is_event(row[:-1])}
        reading.how = {"whole": {}, "mended": {}, "doubtful": readable, "lost": {}}


def _write(db: sqlite3.Connection, reading: _Reading, mark: Mark | None) -> set[int]:
    """Build the database anew.

    Return the numbers of the events in it.
    """
    db.execute("BEGIN")
    schema.build(db)
    events_by_number = {
        seq: row for how in ("whole", "mended", "doubtful") for seq, row in reading.how[how].items()
    }
    for table, columns in seals.COLUMNS.items():
        places = ", ".join("?" * len(columns.split(",")))
        for row in reading.tables[table]:
            with suppress(sqlite3.Error, OverflowError):  # what a column cannot hold was never in it
                db.execute(f"INSERT INTO {table}({columns}) VALUES ({places})", row)
    _add_items(db, {row[4] for row in events_by_number.values()})
    asks = {row[0] for row in db.execute("SELECT token FROM asks")}
    start = reading.first if isinstance(reading.first, str) and reading.first else uuid4().hex
    chain, numbers = start, set[int]()
    for seq in sorted(events_by_number):
        event = list(events.with_present_kind(events_by_number[seq]))
        if event[11] is not None and event[11] not in numbers:
            continue  # an undo of what is lost
        event[9] = event[9] if event[9] in asks else None
        event[14] = event[14] if event[14] in numbers or event[14] == seq else None
        chain = seals.link(chain, event)
        events.insert(db, tuple(event), chain)
        numbers.add(seq)
    seals.begin(db, start)
    writes = max(reading.writes if isinstance(reading.writes, int) else 0, 0 if mark is None else mark.writes)
    db.execute("UPDATE seals SET n = ? WHERE name = ?", (writes + 1, seals.WRITES))
    db.execute("COMMIT")
    return numbers


def _add_items(db: sqlite3.Connection, ids: set[str]) -> None:
    """Items that events name and the table has lost."""
    there = {row[0] for row in db.execute("SELECT id FROM items")}
    modality = db.execute("SELECT modality FROM items GROUP BY modality ORDER BY count(*) DESC").fetchone()
    for name in sorted(ids - there):
        db.execute(
            "INSERT INTO items(id, modality, source, arrived) VALUES (?, ?, 'null', 0)",
            (name, "table" if modality is None else modality[0]),
        )


def _put(at: Path, new: Path) -> None:
    """Put the new database in the place of the damaged one; killed in between, that is still called damaged."""
    try:
        sync(new)
        for name in _DATABASE_FILES[1:]:  # a log would be applied to the new database
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
