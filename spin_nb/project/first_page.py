"""The first page of a damaged database, made anew: it lists the tables, and which these are is known.

Only where each table begins must be read from the damaged page: its number stands between the table's name and its SQL,
which are found by comparing them with what was written, a few flipped bits or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from itertools import chain, islice
from typing import NamedTuple

from spin_nb.project import schema

_PAGE_BYTES, _HEADER_BYTES = 4096, 100
_MAX_BITS_APART = 4
_MAX_LAYOUTS = 64
# First byte of a page (sqlite.org/fileformat2.html, 1.6), inner or leaf.
_ROW_PAGE_TYPES, _KEY_PAGE_TYPES = (5, 13), (2, 10)


class _Object(NamedTuple):
    """A line of ``sqlite_master``."""

    kind: str
    name: str
    table: str
    root: int
    sql: str | None


def with_known_tables(pages: bytes) -> bytes | None:
    """The database with a first page that lists the tables as spin_nb makes them.

    Parameters
    ----------
    pages : bytes
        Its header is right (:func:`~spin_nb.project.salvage.whole_header`).

    Returns
    -------
    bytes or None
        Of the version of which most is read; where the tables begin is what SQLite finds nothing wrong with, or else
        the likeliest.  None where there is no page.
    """
    if len(pages) < _PAGE_BYTES:
        return None
    version = max(range(schema.VERSION, 0, -1), key=lambda version: _n_read(pages, version))
    guesses = (_with_list(pages, version, roots) for roots in islice(_layouts(pages, version), _MAX_LAYOUTS))
    likeliest = next(guesses)
    return next((page for page in chain([likeliest], guesses) if is_sound(page)), likeliest)


def _n_read(pages: bytes, version: int) -> int:
    return sum(any(_read_roots(pages[:_PAGE_BYTES], thing)) for thing in _objects(version))


def _with_list(pages: bytes, version: int, roots: tuple[int, ...]) -> bytes:
    with closing(_empty(version)) as db:
        db.execute("PRAGMA writable_schema = ON")
        for thing, root in zip(_objects(version), roots, strict=True):
            db.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (root, thing.name))
        page = bytearray(db.serialize()[:_PAGE_BYTES])
    page[:_HEADER_BYTES] = pages[:_HEADER_BYTES]
    page[60:64] = version.to_bytes(4)
    return bytes(page) + pages[_PAGE_BYTES:]


def is_sound(pages: bytes) -> bool:
    """Say whether SQLite finds nothing wrong."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(pages)
        try:
            return db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return False


def _empty(version: int) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    for statement in schema.all_tables(version):
        db.execute(statement)
    return db


@cache
def _objects(version: int) -> tuple[_Object, ...]:
    with closing(_empty(version)) as db:
        rows = db.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master")
        return tuple(_Object(*row) for row in rows)


def _layouts(pages: bytes, version: int) -> Iterator[tuple[int, ...]]:
    """First pages of all tables, likeliest first.

    The first is as it is read, each other one has one of the numbers changed.
    """
    choices = [_roots(pages, thing) for thing in _objects(version)]
    likeliest = tuple(choice[0] for choice in choices)
    yield likeliest
    for at, choice in enumerate(choices):
        for root in choice[1:]:
            yield (*likeliest[:at], root, *likeliest[at + 1 :])


def _roots(pages: bytes, thing: _Object) -> list[int]:
    """Pages where it may begin.

    They are what is read, what that is but for a bit, and where it begins in a new project.
    """
    n_pages = len(pages) // _PAGE_BYTES
    read = list(_read_roots(pages[:_PAGE_BYTES], thing))
    near = [root ^ 1 << bit for root in read for bit in range(16)]
    # Of a table without row numbers, and of an index, the pages hold keys.
    without = thing.sql is not None and thing.sql.endswith("WITHOUT ROWID")
    types = _KEY_PAGE_TYPES if thing.kind == "index" or without else _ROW_PAGE_TYPES
    likely = [
        root
        for root in (*near, thing.root)
        if 1 < root <= n_pages and pages[(root - 1) * _PAGE_BYTES] in types
    ]
    # What is read comes first whatever is there: a page that is damaged is no reason to read another table's.
    return list(dict.fromkeys([*(root for root in read if 1 < root <= n_pages), *likely])) or [thing.root]


def _read_roots(page: bytes, thing: _Object) -> Iterator[int]:
    """Numbers that stand where its first page is named.

    What SQLite itself would find comes first, not what was deleted.
    """
    head = f"{thing.kind}{thing.name}{thing.table}".encode()
    tail = (thing.sql or "").encode()
    n_cells = min(int.from_bytes(page[103:105]), 64)
    cells = [int.from_bytes(page[at : at + 2]) for at in range(108, 108 + 2 * n_cells, 2)]
    places = []
    for at in range(_HEADER_BYTES, len(page) - len(head) - len(tail)):
        of_head = _bits_apart(page, at, head)
        for width in (1, 2, 3) if of_head <= _MAX_BITS_APART else ():
            bits = of_head + _bits_apart(page, at + len(head) + width, tail)
            if bits <= _MAX_BITS_APART:
                is_listed = any(0 < at - cell < 16 for cell in cells)
                root = int.from_bytes(page[at + len(head) : at + len(head) + width])
                places.append((not is_listed, bits, width, root))
    yield from (root for *_, root in sorted(places))


def _bits_apart(page: bytes, at: int, text: bytes) -> int:
    return (int.from_bytes(page[at : at + len(text)]) ^ int.from_bytes(text)).bit_count()
