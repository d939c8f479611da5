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

LOOSE = ("bindings", "fingerprint")
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
_BITS = 128


def link(before: str, row: Sequence[Any]) -> str:
    """Hash of the events up to one: of the hash before it, and of its row as it is stored.

    Examples
    --------
    >>> link("", [1, "ada"]) == link("", [1, "ada"]) != link("", [2, "ada"])
    True
    """
    return sha256(before.encode() + _packed(row)).hexdigest()


def first(db: sqlite3.Connection) -> str:
    """What the first event is linked to; different in every project."""
    row = db.execute("SELECT digest FROM seals WHERE name = ?", (FIRST,)).fetchone()
    return "" if row is None else str(row[0])


def begin(db: sqlite3.Connection, start: str) -> None:
    """Seal what the tables hold now."""
    db.execute("DELETE FROM seals")
    db.execute("INSERT INTO seals VALUES (?, 0, ?)", (FIRST, start))
    for table in COLUMNS:
        db.execute("INSERT INTO seals VALUES (?, ?, ?)", (table, *_written(*_sum(rows(db, table)))))


@contextmanager
def kept(db: sqlite3.Connection, table: str, where: str, args: Sequence[Any]) -> Iterator[None]:
    """Keep the seal of a table true while the block changes the rows ``where`` names, before it and after."""
    n_before, total_before = _sum(rows(db, table, where, args))
    yield
    n, total = _sum(rows(db, table, where, args))
    if (n, total) == (n_before, total_before):
        return
    n_all, digest = db.execute("SELECT n, digest FROM seals WHERE name = ?", (table,)).fetchone()
    new = _written(n_all + n - n_before, int(digest, 16) + total - total_before)
    db.execute("UPDATE seals SET n = ?, digest = ? WHERE name = ?", (*new, table))


def broken(db: sqlite3.Connection) -> list[str]:
    """Tables that do not hold what was put into them."""
    sealed = {row[0]: (row[1], row[2]) for row in db.execute("SELECT name, n, digest FROM seals")}
    return [table for table in COLUMNS if sealed.get(table) != _written(*_sum(rows(db, table)))]


def rows(
    db: sqlite3.Connection, table: str, where: str = "TRUE", args: Sequence[Any] = ()
) -> Iterable[Sequence[Any]]:
    """Sealed rows of a table; meta without :data:`LOOSE`."""
    if table == "meta":
        where = f"({where}) AND key NOT IN {LOOSE}"
    return db.execute(f"SELECT {COLUMNS[table]} FROM {table} WHERE {where}", args)


def _packed(row: Sequence[Any]) -> bytes:
    return "\x1f".join(map(str, row)).encode()


def _sum(rows: Iterable[Sequence[Any]]) -> tuple[int, int]:
    n = total = 0
    for row in rows:
        n += 1
        total += int.from_bytes(sha256(_packed(row)).digest()[: _BITS // 8])
    return n, total


def _written(n: int, total: int) -> tuple[int, str]:
    return n, f"{total % 2**_BITS:0{_BITS // 4}x}"
