"""Rows of the ``asks`` table: what may be asked, what was, and with which probability."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from spin_nb.errors import QueryError
from spin_nb.project import items, seals
from spin_nb.project.records import Ask, NewAsk
from spin_nb.project.values import as_json, as_moment, as_text, from_moment, from_moment_or_none, now

# A view that was cut off may still show a card whose ask has been discarded: the last so many can come back.
MAX_DISCARDS = 2000
_IS_TOKEN = "token IN (SELECT value FROM json_each(?))"


def _row(ask: NewAsk) -> tuple[object, ...]:
    if not 0.0 < ask.q <= 1.0:
        raise QueryError(
            f"acquisition probability q={ask.q!r} of {ask.item!r} is not in (0, 1].",
            "Let the strategy return the probability with which each item was drawn.",
        )
    token, flags = uuid.uuid4().hex, (bool(ask.audit), bool(ask.suggest))
    annotator = None if ask.annotator is None else as_text(ask.annotator, "annotator")
    return token, ask.item, ask.strategy, float(ask.q), *flags, ask.model_id, ask.reason, now(), annotator


def propose(db: sqlite3.Connection, asks: Sequence[NewAsk]) -> list[str]:
    """Write down what may be asked and return its tokens; none counts as asked before it is shown."""
    for ask in asks:
        items.require(db, ask.item)
    rows = [_row(ask) for ask in asks]
    last = db.execute("SELECT max(id) FROM asks").fetchone()[0] or 0
    with seals.keep(db, "asks", "id > ?", (last,)):
        db.executemany(
            "INSERT INTO asks(token, item, strategy, q, audit, suggest, model_id, reason, proposed, annotator)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    return [str(row[0]) for row in rows]


def mark_shown(db: sqlite3.Connection, tokens: Iterable[str]) -> None:
    """Set the time shown where none is set yet.

    Unknown tokens are passed over.
    """
    tokens_json = as_json([as_text(token, "ask token") for token in tokens], "ask tokens")
    if tokens_json == "[]":
        return
    with seals.keep(db, "asks", _IS_TOKEN, (tokens_json,)):
        db.execute(
            f"UPDATE asks SET shown = ?, discarded = 0 WHERE {_IS_TOKEN} AND shown IS NULL",
            (now(), tokens_json),
        )


def discard(db: sqlite3.Connection, tokens: Iterable[str]) -> None:
    """Take back asks nobody has seen.

    All but the latest discarded ones are deleted.
    """
    tokens_json = as_json([as_text(token, "ask token") for token in tokens], "ask tokens")
    if tokens_json == "[]":
        return
    with seals.keep(db, "asks", _IS_TOKEN, (tokens_json,)):
        db.execute(f"UPDATE asks SET discarded = 1 WHERE {_IS_TOKEN} AND shown IS NULL", (tokens_json,))
    latest = "SELECT id FROM asks WHERE discarded ORDER BY id DESC LIMIT 1 OFFSET ?"
    oldest = db.execute(latest, (MAX_DISCARDS,)).fetchone()
    if oldest is not None:
        with seals.keep(db, "asks", "discarded AND id <= ?", tuple(oldest)):
            db.execute("DELETE FROM asks WHERE discarded AND id <= ?", tuple(oldest))


def get(db: sqlite3.Connection, token: str) -> Ask | None:
    """Return the ask with this token, None where there is none."""
    row = db.execute("SELECT * FROM asks WHERE token = ?", (as_text(token, "ask token"),)).fetchone()
    return None if row is None else _ask(row)


def pending(db: sqlite3.Connection) -> list[Ask]:
    """Asks that are neither shown nor discarded, in the order proposed."""
    rows = db.execute("SELECT * FROM asks WHERE shown IS NULL AND NOT discarded ORDER BY id")
    return [_ask(row) for row in rows]


def _ask(row: sqlite3.Row) -> Ask:
    return Ask(
        row["token"],
        row["item"],
        row["strategy"],
        row["q"],
        bool(row["audit"]),
        bool(row["suggest"]),
        row["model_id"],
        row["reason"],
        from_moment(row["proposed"]),
        from_moment_or_none(row["shown"]),
        row["annotator"],
    )


def of_others(db: sqlite3.Connection, annotator: str, since: datetime) -> list[tuple[str, bool, datetime]]:
    """Items that were drawn for or shown to other annotators at ``since`` or later: item, whether as an audit, when.

    What an earlier version drew, for nobody in particular, is nobody's.
    """
    first = as_moment(since)
    older = db.execute("SELECT id FROM asks WHERE proposed < ? ORDER BY id DESC LIMIT 1", (first,)).fetchone()
    rows = db.execute(
        "SELECT item, audit, shown AS moment FROM asks WHERE shown >= ? AND annotator != ?"
        " UNION ALL SELECT item, audit, proposed FROM asks"
        " WHERE id > ? AND shown IS NULL AND NOT discarded AND annotator != ?",
        (first, annotator, older[0] if older else 0, annotator),
    )
    return [(row["item"], bool(row["audit"]), from_moment(row["moment"])) for row in rows]


def audited_items(db: sqlite3.Connection) -> set[str]:
    """Items that were shown as audit items."""
    return {row["item"] for row in db.execute("SELECT item FROM asks WHERE audit AND shown IS NOT NULL")}


def list_shown(db: sqlite3.Connection, since: datetime | None = None) -> list[Ask]:
    """Asks that were shown (at ``since`` or later), in the order shown."""
    first = "" if since is None else as_moment(since)
    rows = db.execute(
        "SELECT * FROM asks WHERE shown IS NOT NULL AND shown >= ? ORDER BY shown, id", (first,)
    )
    return [_ask(row) for row in rows]


def list_unknown(db: sqlite3.Connection, known_tokens: Collection[str], since: datetime) -> list[Ask]:
    """Asks that were shown, without those of the tokens ``known_tokens``; nearly always they were shown ``since``.

    Where clocks disagree, so that this leaves some out, all are looked through.
    """
    count: int = db.execute("SELECT count(*) FROM asks WHERE shown IS NOT NULL").fetchone()[0]
    if count <= len(known_tokens):
        return []
    late = [ask for ask in list_shown(db, since) if ask.token not in known_tokens]
    if len(late) + len(known_tokens) >= count:
        return late
    return [ask for ask in list_shown(db) if ask.token not in known_tokens]
