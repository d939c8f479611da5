"""Rows of the ``items`` table; every function takes a connection inside a transaction of the store's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from spin_nb.errors import LabelError
from spin_nb.project import seals
from spin_nb.project.records import NewItem
from spin_nb.project.values import as_json, as_text, from_json
from spin_nb.words import shown


def _rows(items: Iterable[NewItem]) -> Iterator[tuple[Any, ...]]:
    for item in items:
        name = as_text(item.id, "item id")
        yield name, item.modality, _source_json(item.source), item.broken, item.is_arrival


def _source_json(source: object) -> str:
    """Source of an item as JSON text.

    A source of one text by name, as of a file, is written many times as fast as any other dictionary.
    """
    if isinstance(source, dict) and len(source) == 1:
        [(key, text)] = source.items()
        if isinstance(key, str) and isinstance(text, str):
            return f"{{{quoted(key)}:{quoted(text)}}}"
    return as_json(source, "item source")


def add(db: sqlite3.Connection, items: Iterable[NewItem]) -> int:
    """Add the items whose ids are new, in order, and return how many were."""
    last = db.execute("SELECT max(row) FROM items").fetchone()[0] or 0
    with seals.keep(db, "items", "row > ?", (last,)):
        before = db.total_changes
        db.executemany(
            "INSERT INTO items(id, modality, source, broken, arrived) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT(id) DO NOTHING",
            _rows(items),
        )
        return db.total_changes - before


def require(db: sqlite3.Connection, item: object) -> str:
    """Return ``item`` if it is an item that can be labelled; LabelError otherwise."""
    name = as_text(item, "item id")
    row = db.execute("SELECT broken FROM items WHERE id = ?", (name,)).fetchone()
    if row is None:
        raise LabelError(f"no item is called {shown(name)}.", "Use an id of s.items.")
    if row["broken"] is not None:
        raise LabelError(
            f"item {shown(name)} cannot be labelled: {row['broken']}.",
            "Repair the file, then open the pool again.",
        )
    return name


def ids(db: sqlite3.Connection, arrivals_only: bool = False) -> list[str]:
    """Ids in the order they were added.

    They are those of arrivals only, where asked for.
    """
    which = " WHERE arrived" if arrivals_only else ""
    return [row[0] for row in db.execute(f"SELECT id FROM items{which} ORDER BY row")]


def rows(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Row number, id, modality, source, why it is broken and whether it arrived of all items, in the order added."""
    listing = db.execute("SELECT row - 1, id, modality, source, broken, arrived FROM items ORDER BY row")
    return [tuple(row) for row in listing]


def set_meta(db: sqlite3.Connection, key: str, value: object) -> None:
    """Set one entry of the project's description."""
    entry = as_text(key, "key"), as_json(value, "value")
    with seals.keep(db, "meta", "key = ?", entry[:1]):
        db.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", entry
        )


def meta(db: sqlite3.Connection) -> dict[str, Any]:
    """Return the project's description."""
    return {row["key"]: from_json(row["value"]) for row in db.execute("SELECT key, value FROM meta")}
