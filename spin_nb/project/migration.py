"""Projects of older versions: brought up to date on opening, in one transaction, or in memory where nothing is written.

The tables that changed are made anew and filled, not altered: the schema of a project that was brought up to date
reads, letter by letter, like that of a new one.
"""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from spin_nb.project import events, schema, seals
from spin_nb.project.database import Database


def bring_up(database: Database) -> None:
    """Bring an older project up to this version; killed half-way, it is as it was.

    Raises
    ------
    ProjectError
        It is damaged.
    StorageError
        The disk is full, or another process holds the lock.
    """
    if database.read_only:
        database.into_memory()
        with database.reading() as db:
            _rebuild(db)
            db.execute("PRAGMA query_only = ON")
        return
    with database.writing() as db:
        if schema.version(db) < schema.VERSION:  # another process may have been quicker
            _rebuild(db)


def _rebuild(db: sqlite3.Connection) -> None:
    db.execute("DROP INDEX asks_shown")
    db.execute("DROP INDEX asks_discarded")
    for table in ("asks", "events"):
        db.execute(f"ALTER TABLE {table} RENAME TO {table}_1")
    for statement in schema.NEW_IN_2:
        db.execute(statement)
    db.execute("INSERT INTO asks SELECT *, NULL FROM asks_1")
    start = uuid4().hex
    _link(db, start)
    for table in ("events", "asks"):  # events refer to asks
        db.execute(f"DROP TABLE {table}_1")
    seals.begin(db, start)
    db.execute(f"PRAGMA user_version = {schema.VERSION}")


def _link(db: sqlite3.Connection, chain: str) -> None:
    for row in db.execute("SELECT *, NULL FROM events_1 ORDER BY seq"):
        chain = seals.link(chain, tuple(row))
        events.insert(db, tuple(row), chain)
