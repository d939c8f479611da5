"""Rows of the ``runs`` and ``models`` tables."""

from __future__ import annotations

import sqlite3
from typing import Any

from spin_nb.errors import ProjectError
from spin_nb.project import seals
from spin_nb.project.records import Model, Run
from spin_nb.project.values import as_json, as_text, from_json, from_moment, from_moment_or_none, now

FINAL_STATUSES = ("done", "cancelled", "failed")


def start(db: sqlite3.Connection, settings: dict[str, Any]) -> int:
    """Write down that a run began and return its number."""
    number = (db.execute("SELECT max(id) FROM runs").fetchone()[0] or 0) + 1
    with seals.keep(db, "runs", "id = ?", (number,)):
        db.execute(
            "INSERT INTO runs(id, started, settings, status, metrics) VALUES (?, ?, ?, 'running', '{}')",
            (number, now(), as_json(settings, "settings")),
        )
    return int(number)


def end(db: sqlite3.Connection, run: int, status: str, model: str | None, metrics: dict[str, Any]) -> None:
    """Write down how a run ended.

    The first end stands.
    """
    if status not in FINAL_STATUSES:
        raise ProjectError(f"a run cannot end as {status!r}.", f"Use one of: {', '.join(FINAL_STATUSES)}.")
    with seals.keep(db, "runs", "id = ?", (run,)):
        cursor = db.execute(
            "UPDATE runs SET ended = ?, status = ?, model_id = ?, metrics = ? WHERE id = ? AND ended IS NULL",
            (now(), status, model, as_json(metrics, "metrics"), run),
        ).rowcount
    if not cursor:
        raise ProjectError(f"run {run!r} is not running.", "Use the number that start_run returned, once.")


def all_runs(db: sqlite3.Connection) -> list[Run]:
    """Return every run, oldest first."""
    return [
        Run(
            row["id"],
            from_moment(row["started"]),
            from_json(row["settings"]),
            from_moment_or_none(row["ended"]),
            row["status"],
            row["model_id"],
            from_json(row["metrics"]),
        )
        for row in db.execute("SELECT * FROM runs ORDER BY id")
    ]


def add_model(db: sqlite3.Connection, name: str, head: str, card: dict[str, Any]) -> None:
    """Enter a model into the repository.

    It raises ProjectError where the id is taken.
    """
    entry = as_text(name, "model id"), now(), head, as_json(card, "model card")
    with seals.keep(db, "models", "id = ?", entry[:1]):
        cursor = db.execute(
            "INSERT INTO models VALUES (?, ?, ?, ?) ON CONFLICT(id) DO NOTHING", entry
        ).rowcount
    if not cursor:
        raise ProjectError(f"there is a model {name!r} already.", "Give every model its own id.")


def all_models(db: sqlite3.Connection) -> list[Model]:
    """Return every model, oldest first."""
    return [
        Model(row["id"], from_moment(row["created"]), row["head"], from_json(row["card"]))
        for row in db.execute("SELECT * FROM models ORDER BY created, rowid")
    ]
