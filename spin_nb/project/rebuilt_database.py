"""A database made anew of what could be read of a damaged one."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from uuid import uuid4

from spin_nb.project import events, schema, seals
from spin_nb.project.damaged_database import Reading
from spin_nb.project.seal_file import Mark


def write_database(db: sqlite3.Connection, reading: Reading, mark: Mark | None) -> set[int]:
    """Build the database anew; returns the numbers of its events.

    ``mark`` is what the seal file knows of the damaged one.
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
    _add_items(db, {row[4] for row in events_by_number.values() if row[4] is not None})
    asks = {row[0] for row in db.execute("SELECT token FROM asks")}
    start = reading.first if isinstance(reading.first, str) and reading.first else uuid4().hex
    chain, numbers = start, set[int]()
    for seq in sorted(events_by_number):
        event = list(events.as_present(events_by_number[seq]))
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
