"""Whether the tables of a database are those that spin_nb makes, before anything is read from them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

from spin_nb.errors import ProjectError
from spin_nb.project import schema
from spin_nb.project.database import MAX_CELL_BYTES, repair_hint

Objects = Mapping[tuple[str, str], tuple[str, str]]
"""(type, name) -> (table it belongs to, its SQL, spaces evened out)."""
_MAX_NUMBER = 2**53
# What a column may hold as its type says; SQLite itself takes anything.
_TYPES_BY_AFFINITY = {
    "TEXT": "'text', 'null'",
    "INTEGER": "'integer', 'null'",
    "REAL": "'real', 'integer', 'null'",
}


def refuse_foreign(db: sqlite3.Connection, where: str, *, is_trusted: bool) -> None:
    """Refuse a database that holds what spin_nb does not make.

    A trigger rewrites labels as they are given; a view, a virtual table or a generated column in the place of a table
    computes what is read, for ever if it is made so.

    Parameters
    ----------
    db : Connection
        Nothing but ``sqlite_master`` is read before it is known to be ours.
    where : str
        Path of the file, for the message.
    is_trusted : bool
        True: a person's own tables and views beside ours, and indexes that only find faster, are let be.

    Raises
    ------
    ProjectError
        Naming the first thing that differs.
    """
    _refuse_objects(_objects(db), where, is_trusted)
    if not is_trusted:
        _refuse_rows(db, where)
    _refuse_full(db, where)


def _refuse_objects(objects: Objects, where: str, is_trusted: bool) -> None:
    versions = _objects_by_version()
    ours = min(
        versions, key=lambda objects_of_version: len(set(objects_of_version.items()) ^ set(objects.items()))
    )
    missing = next((name for kind, name in ours if (kind, name) not in objects and kind == "table"), None)
    if missing is not None and not any(name == missing for _, name in objects):
        raise ProjectError(
            f"{where!r} lacks a table or column (no {missing!r}).",
            repair_hint(Path(where).parent) if is_trusted else "Restore it from a copy.",
        )
    foreign = [
        (kind, name)
        for (kind, name), about in objects.items()
        if ours.get((kind, name)) != about and not (is_trusted and _is_harmless(kind, name, *about, ours))
    ]
    if foreign:
        kind, name = foreign[0]
        article = "another " if (kind, name) in ours else "a "
        raise ProjectError(
            f"{where!r} holds {article}{kind} {name!r:.80} that spin_nb does not make.",
            repair_hint(Path(where).parent)
            if is_trusted
            else "It may change what you label: look at it with sqlite3, or ask for it again.",
        )
    absent = next((name for key, name in ours if (key, name) not in objects), None)
    if absent is not None and not is_trusted:
        raise ProjectError(f"{where!r} lacks the index {absent!r}.", "Restore it from a copy.")


def _refuse_rows(db: sqlite3.Connection, where: str) -> None:
    """Refuse rows that could not be read later.

    Lengths and types are known without reading them.
    """
    tables = [str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = {str(row[1]): str(row[2]) for row in db.execute(f'PRAGMA table_info("{table}")')}
        size = " + ".join(f'coalesce(length("{column}"), 0)' for column in columns)
        odd = " OR ".join(
            f'typeof("{column}") NOT IN ({_TYPES_BY_AFFINITY[kind]})'
            for column, kind in columns.items()
            if kind
        )
        for condition, what in (
            (f"{size} > {MAX_CELL_BYTES // 4}", f"has more than {MAX_CELL_BYTES // 4:,} characters"),
            (odd, "holds a value of another type than its column"),
        ):
            if condition and db.execute(f'SELECT 1 FROM "{table}" WHERE {condition} LIMIT 1').fetchone():
                raise ProjectError(
                    f"a row of {table!r} in {where!r} {what}, and the project is opened with trusted=False.",
                    "Look at it with sqlite3.",
                )


def _refuse_full(db: sqlite3.Connection, where: str) -> None:
    """Refuse numbers near the largest there is.

    SQLite gives the next rows random ones, or none.
    """
    for name, rows in (
        ("events", "SELECT max(seq) FROM events"),
        ("asks", "SELECT max(seq) FROM sqlite_sequence"),
    ):
        last = db.execute(rows).fetchone()[0]
        if isinstance(last, int | None) and (last or 0) <= _MAX_NUMBER:
            continue
        raise ProjectError(
            f"{where!r} numbers its {name} up to {last!r:.40}: the next would be out of order.",
            "Restore it from a copy.",
        )


def _is_harmless(kind: str, name: str, table: str, sql: str, ours: Objects) -> bool:
    """Say whether something beside our tables is harmless.

    It neither stands for one nor acts on one.
    """
    our_names = {name.lower() for _, name in ours}
    if kind == "index":  # a unique one, or one on an expression, has a say in what may be written
        return table.lower() not in our_names or _only_finds(sql)
    return kind in ("table", "view") and name.lower() not in our_names


def _only_finds(sql: str) -> bool:
    """Say whether an index only finds.

    It is on plain columns, and refuses nothing.
    """
    head, _, columns = sql.partition("(")
    plain = columns.removesuffix(")").replace(",", "").replace("_", "").replace(" ", "").replace('"', "")
    return not head.upper().startswith("CREATE UNIQUE") and plain.isalnum()


def _objects(db: sqlite3.Connection) -> dict[tuple[str, str], tuple[str, str]]:
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    return {
        (str(kind), str(name)): (str(table), " ".join(str(sql or "").split()))
        for kind, name, table, sql in rows
        if not (
            kind == "table" and name in ("sqlite_stat1", "sqlite_stat4")
        )  # of ANALYZE: only ways to search
    }


@cache
def _objects_by_version() -> tuple[Objects, ...]:
    """Tables and indexes of each version."""
    versions = []
    for version in range(1, schema.VERSION + 1):
        with closing(sqlite3.connect(":memory:")) as db:
            for statement in schema.all_tables(version):
                db.execute(statement)
            versions.append(_objects(db))
    return tuple(versions)
