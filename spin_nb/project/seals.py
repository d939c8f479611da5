"""What is in the tables, in a few numbers beside them: a flipped bit in an id, a class name or an audit shows.

SQLite has no checksums of its own.  Every event carries the hash of all events up to it (:func:`link`).  Of each other
table the number of rows and the sum of their hashes is kept in the table ``seals``, in the transaction that changes
the rows; a sum needs no order, and a row that goes is taken off it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from spin_nb.project.seal_file import Mark

UNSEALED_KEYS = ("bindings", "fingerprint")
"""Entries of meta that are not sealed: a person's keys, and what is compared with the pool's anyhow."""
COLUMNS = {
    "meta": "key, value",
    "items": "row, id, modality, source, broken, arrived",
    "asks": "id, token, item, strategy, q, audit, suggest, model_id, reason, proposed, shown, discarded, annotator",
    "clients": "client, seq",
    "runs": "id, started, settings, ended, status, model_id, metrics",
    "models": "id, created, head, card",
}
FIRST = "events"  # the row of ``seals`` that holds what the first event is linked to, drawn at random
WRITES = "writes"  # the row that counts transactions
_DIGEST_BYTES = 16
MODULUS = 2 ** (8 * _DIGEST_BYTES)


def link(before: str, row: Sequence[Any]) -> str:
    """Hash of the events up to one.

    It covers the hash before it, and its row as it is stored.

    Examples
    --------
    >>> link("", [1, "ada"]) == link("", [1, "ada"]) != link("", [2, "ada"])
    True
    """
    return sha256("\x1f".join([before, *map(str, row)]).encode()).hexdigest()


def first(db: sqlite3.Connection) -> str:
    """Hash that the first event is linked to.

    It is different in every project.
    """
    row = db.execute("SELECT digest FROM seals WHERE name = ?", (FIRST,)).fetchone()
    return "" if row is None else str(row[0])


def begin(db: sqlite3.Connection, start: str) -> None:
    """Seal what the tables hold now."""
    db.execute("DELETE FROM seals")
    db.execute("INSERT INTO seals VALUES (?, 0, ?), (?, 0, '')", (FIRST, start, WRITES))
    for table in COLUMNS:
        db.execute("INSERT INTO seals VALUES (?, ?, ?)", (table, *as_stored(*total(rows(db, table)))))


@contextmanager
def keep(db: sqlite3.Connection, table: str, where: str, args: Sequence[Any]) -> Iterator[None]:
    """Keep the seal of a table true while the block changes the rows ``where`` names, before it and after."""
    before = total(rows(db, table, where, args))
    yield
    _add(db, table, before, total(rows(db, table, where, args)))


def replace(
    db: sqlite3.Connection, table: str, old: Sequence[Sequence[Any]], new: Sequence[Sequence[Any]]
) -> None:
    """Keep the seal of a table true when the rows ``old`` become the rows ``new``."""
    _add(db, table, total(old), total(new))


def mark(db: sqlite3.Connection) -> Mark:
    """Say how far the database has come."""
    last = db.execute(
        "SELECT n, seq, chain FROM seals LEFT JOIN (SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1)"
        " WHERE name = ?",
        (WRITES,),
    ).fetchone()
    writes, events, chain = (0, None, None) if last is None else last
    return Mark(writes, events or 0, chain or first(db))


def count(db: sqlite3.Connection) -> Mark:
    """Count one more transaction, in it."""
    db.execute("UPDATE seals SET n = n + 1 WHERE name = ?", (WRITES,))
    return mark(db)


def broken(db: sqlite3.Connection) -> list[str]:
    """Tables that do not hold what was put into them."""
    seals_by_table = {row[0]: (row[1], row[2]) for row in db.execute("SELECT name, n, digest FROM seals")}
    return [table for table in COLUMNS if seals_by_table.get(table) != as_stored(*total(rows(db, table)))]


def rows(
    db: sqlite3.Connection, table: str, where: str = "TRUE", args: Sequence[Any] = ()
) -> Iterable[Sequence[Any]]:
    """Sealed rows of a table; meta without :data:`UNSEALED_KEYS`."""
    if table == "meta":
        where = f"({where}) AND key NOT IN {UNSEALED_KEYS}"
    return db.execute(f"SELECT {COLUMNS[table]} FROM {table} WHERE {where}", args)


def _add(db: sqlite3.Connection, table: str, before: tuple[int, int], after: tuple[int, int]) -> None:
    if before != after:
        n, digest = db.execute("SELECT n, digest FROM seals WHERE name = ?", (table,)).fetchone()
        new = as_stored(n + after[0] - before[0], int(digest, 16) + after[1] - before[1])
        db.execute("UPDATE seals SET n = ?, digest = ? WHERE name = ?", (*new, table))


def number(row: Sequence[Any]) -> int:
    """Hash of a row, as a number."""
    return int.from_bytes(sha256("\x1f".join(map(str, row)).encode()).digest()[:_DIGEST_BYTES])


def total(rows: Iterable[Sequence[Any]]) -> tuple[int, int]:
    """Number of rows, and the sum of their hashes."""
    n = sum_ = 0
    for row in rows:
        n, sum_ = n + 1, sum_ + number(row)
    return n, sum_


def as_stored(n: int, total: int) -> tuple[int, str]:
    """A :func:`total` as it stands in the table."""
    return n, f"{total % MODULUS:0{2 * _DIGEST_BYTES}x}"
