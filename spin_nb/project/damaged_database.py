"""What can be read of a damaged database, in whichever way it can be read."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spin_nb.errors import ProjectError
from spin_nb.project import events, first_page, folder, salvage, schema_check, seal_file, seals, verify

DATABASE_FILES = (folder.DATABASE, f"{folder.DATABASE}-wal", f"{folder.DATABASE}-journal", seal_file.SEAL)


@dataclass
class Reading:
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
        """Rank by events that are sure, then by how few tables are not, then by other events."""
        return len(self.how["whole"]) + len(self.how["mended"]), -len(self.notes), len(self.how["doubtful"])


def readings(copy: Path, work: Path) -> list[Reading]:
    """Read the database in every way in which it can be read.

    It is read as SQLite does, and with its log replayed whatever it says; each of the two also with the list
    of tables made anew, where that is not the one spin_nb makes.

    Parameters
    ----------
    copy : Path
        Folder of the damaged files; nothing is written there.
    work : Path
        Folder that is thrown away afterwards.
    """
    pages = (copy / folder.DATABASE).read_bytes()
    log = copy / f"{folder.DATABASE}-wal"
    (work / "as").mkdir()
    for name in DATABASE_FILES:
        if (copy / name).exists():
            shutil.copyfile(copy / name, work / "as" / name)
    contents = [pages, *([salvage.replay_log(pages, log.read_bytes())] if log.exists() else [])]
    all_readings = [_read_database(work / "as" / folder.DATABASE)]
    for content in map(salvage.whole_header, contents):
        file = work / "headed.db"
        file.write_bytes(content)
        all_readings.append(_read_database(file))
        tables = _tables(file)
        with_list = None if _is_listed(file) else first_page.with_known_tables(content)
        if with_list is not None:
            file.write_bytes(with_list)
            reading = _read_database(file) if _tables(file) != tables else None
            if reading is not None:
                reading.is_listed = False
                all_readings.insert(0, reading)  # of equals, the one that is read by the right names
    return [reading for reading in all_readings if reading is not None]


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

    It is None where it cannot be read.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        try:
            return set(db.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master"))
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return None


def _read_database(file: Path) -> Reading | None:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        try:
            db.execute("PRAGMA query_only = ON")
            has_seals = is_sealed(db)
            event_columns = {row[1] for row in db.execute("PRAGMA table_info(events)")}
            has_chain = bool(event_columns & {"gesture", "chain"})
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return None
        reading, sums = Reading(), {}
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
        hash_columns = events.HASH_COLUMNS if "source" in event_columns else events.FORMER_HASH_COLUMNS
        _save_events(db, reading, hash_columns, has_chain)
        return reading


def _save_table(
    db: sqlite3.Connection, reading: Reading, table: str, columns: str, sums: dict[Any, salvage.Row] | None
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


def _save_events(db: sqlite3.Connection, reading: Reading, hash_columns: str, has_chain: bool) -> None:
    columns = f"{hash_columns}, chain" if has_chain else hash_columns.replace("gesture", "NULL, NULL")
    reading.events = salvage.rows(db, "events", columns, True)
    reading.n_unread = 1
    with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
        reading.n_unread = db.execute("SELECT count(*) FROM events").fetchone()[0] - len(reading.events)
    if has_chain:
        reading.how = salvage.judge(reading.events, reading.first)
    else:
        readable = {seq: row[:-1] for seq, row in reading.events.items() if events.is_event(row[:-1])}
        reading.how = {"whole": {}, "mended": {}, "doubtful": readable, "lost": {}}


def is_sealed(db: sqlite3.Connection) -> bool:
    """Say whether a database has checksums of its tables."""
    return bool(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'seals'").fetchone()[0])
