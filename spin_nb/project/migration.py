"""Projects of older versions: brought up to date on opening, in one transaction, or in memory where nothing is written.

The tables that changed are made anew and filled, not altered: the schema of a project that was brought up to date
reads, letter by letter, like that of a new one.
"""

from __future__ import annotations

import sqlite3
from uuid import uuid4

from spin_nb.io import sync
from spin_nb.project import events, schema, seal_file, seals
from spin_nb.project.database import Database


def bring_up(database: Database) -> None:
    """Bring an older project up to this version.

    Killed half-way, it is as it was.

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
            # It has the hash of events that are about to read otherwise; one that is left after a kill, or a power
            # cut, would call the project another one.
            seal_file.forget(database.file.parent)
            sync(database.file.parent)
            _rebuild(db)


def _rebuild(db: sqlite3.Connection) -> None:
    version = schema.version(db)
    if version == 1:
        db.execute("DROP INDEX asks_shown")
        db.execute("DROP INDEX asks_discarded")
        db.execute("ALTER TABLE asks RENAME TO old_asks")
    db.execute("ALTER TABLE events RENAME TO old_events")
    for statement in schema.new_since(version):
        db.execute(statement)
    start = uuid4().hex if version == 1 else seals.first(db)
    if version == 1:
        db.execute("INSERT INTO asks SELECT *, NULL FROM old_asks")
    _copy_events(db, "*" if version == 1 else events.hash_columns(version), start)
    db.execute("DROP TABLE old_events")  # before the asks that it refers to
    if version == 1:
        db.execute("DROP TABLE old_asks")
        seals.begin(db, start)
    db.execute(f"PRAGMA user_version = {schema.VERSION}")


def _copy_events(db: sqlite3.Connection, columns: str, chain: str) -> None:
    for row in db.execute(f"SELECT {columns} FROM old_events ORDER BY seq"):
        event = events.as_present(row)
        chain = seals.link(chain, event)
        events.insert(db, event, chain)
