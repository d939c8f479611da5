"""The tables of ``project.db``, and which version of them this spin_nb writes."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from spin_nb.errors import ProjectError
from spin_nb.project import seals
from spin_nb.project.folder import APPLICATION_ID

VERSION = 5
"""1: until 0.1; 2: events have a gesture and a hash, asks an annotator, the other tables are sealed; 3: the kind of a
label that came with the pool is "imported", it was "gold"; 4: events may be tags and notes, and say what a gesture's
items were picked by; 5: events may keep a label that was reviewed, change the classes, or say that none of them
fits."""

# Times are ISO 8601 text in UTC with microseconds: they sort, and a person can read them in any SQLite tool.
# Values are JSON text: a label may one day be a box or a list.
TABLES = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE items(
        row INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        modality TEXT NOT NULL,
        source TEXT NOT NULL,
        broken TEXT,
        arrived INTEGER NOT NULL)""",
    """CREATE TABLE asks(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token TEXT NOT NULL UNIQUE,
        item TEXT NOT NULL REFERENCES items(id),
        strategy TEXT NOT NULL,
        q REAL NOT NULL CHECK(q > 0 AND q <= 1),
        audit INTEGER NOT NULL,
        suggest INTEGER NOT NULL,
        model_id TEXT,
        reason TEXT NOT NULL,
        proposed TEXT NOT NULL,
        shown TEXT,
        discarded INTEGER NOT NULL DEFAULT 0,
        annotator TEXT)""",
    "CREATE INDEX asks_shown ON asks(shown) WHERE shown IS NOT NULL",
    "CREATE INDEX asks_discarded ON asks(id) WHERE discarded",
    """CREATE TABLE events(
        seq INTEGER PRIMARY KEY,
        time TEXT NOT NULL,
        annotator TEXT NOT NULL,
        kind TEXT NOT NULL /* label, imported, skip, unsure, none, flag, keep, tag, untag, note, classes, undo, redo */,
        item TEXT REFERENCES items(id) /* null: the classes */,
        value TEXT,
        previous TEXT,
        suggested TEXT,
        accepted INTEGER,
        ask TEXT REFERENCES asks(token),
        shown_ms REAL,
        target INTEGER REFERENCES events(seq),
        client TEXT,
        client_seq INTEGER,
        gesture INTEGER REFERENCES events(seq),
        source TEXT,
        chain TEXT NOT NULL)""",
    "CREATE TABLE clients(client TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE runs(
        id INTEGER PRIMARY KEY,
        started TEXT NOT NULL,
        settings TEXT NOT NULL,
        ended TEXT,
        status TEXT NOT NULL,
        model_id TEXT,
        metrics TEXT NOT NULL)""",
    "CREATE TABLE models(id TEXT PRIMARY KEY, created TEXT NOT NULL, head TEXT NOT NULL, card TEXT NOT NULL)",
    "CREATE TABLE seals(name TEXT PRIMARY KEY, n INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID",
)
_KINDS = " /* label, imported, skip, unsure, none, flag, keep, tag, untag, note, classes, undo, redo */"
"""SQLite keeps the comment: the tables read otherwise with it, so that no older spin_nb takes them for its own."""
_FORMER_KINDS = {
    4: " /* label, imported, skip, unsure, flag, tag, untag, note, undo, redo */",
    3: " /* label, imported, skip, unsure, flag, undo, redo */",
    2: "",
}
_ITEM = "item TEXT REFERENCES items(id) /* null: the classes */"
_FORMER_ITEM = "item TEXT NOT NULL REFERENCES items(id)"  # until version 4
_SOURCE = "        source TEXT,\n"
_NEW_SINCE = {1: ("asks", "events", "seals"), 2: ("events",), 3: ("events",), 4: ("events",)}
_ADDED_IN_2 = ("annotator TEXT)", "gesture INTEGER REFERENCES events(seq),\n        chain TEXT NOT NULL)")


def version(db: sqlite3.Connection) -> int:
    """Version of the tables.

    Raises
    ------
    ProjectError
        There never was such a one.
    """
    number = int(db.execute("PRAGMA user_version").fetchone()[0])
    if number < 1:
        raise ProjectError(
            f"the project is damaged: its format is {number}.",
            "Restore it from a copy, or save what can be read: spin.repair(path).",
        )
    return number


def build(db: sqlite3.Connection) -> None:
    """Create every table and mark the file as ours.

    The caller holds the transaction.
    """
    for statement in TABLES:
        db.execute(statement)
    seals.begin(db, uuid4().hex)
    db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def all_tables(version: int) -> tuple[str, ...]:
    """SQL of everything a database of that version holds.

    A migrated one reads as one made anew.
    """
    if version >= VERSION:
        return TABLES
    kinds, source = _FORMER_KINDS[max(version, 2)], _SOURCE if version > 3 else ""
    tables = tuple(
        text.replace(_KINDS, kinds).replace(_ITEM, _FORMER_ITEM).replace(_SOURCE, source) for text in TABLES
    )
    return tables if version > 1 else tuple(_as_in_1(text) for text in tables if "seals" not in text)


def new_since(version: int) -> tuple[str, ...]:
    """SQL of the tables that version had not, or had otherwise, and of their indexes."""
    return tuple(text for text in TABLES if any(f" {name}" in text[:30] for name in _NEW_SINCE[version]))


def _as_in_1(text: str) -> str:
    for end in _ADDED_IN_2:
        text = text.removesuffix(end).rstrip().removesuffix(",") + ")" if text.endswith(end) else text
    return text
