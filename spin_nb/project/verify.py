"""Whether a database holds what was put into it; what is damaged is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spin_nb.errors import ProjectError
from spin_nb.project import events, folder, schema, seals
from spin_nb.project.database import by_damage, repair_hint
from spin_nb.project.fold import State
from spin_nb.project.seal_file import SEAL, Mark

LOSSES = {
    "meta": "what labels mean (class names, seed)",
    "items": "ids of items",
    "asks": "what was asked, audits among it",
    "clients": "which entries of the labeller have arrived",
    "runs": "trainings",
    "models": "the list of models",
}


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it was stored.

    Attributes
    ----------
    file : str
        Within the project folder.
    what : str
        What is wrong, and what is lost by it.
    do : str
        What to do.
    """

    file: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what} -> {self.do}"


def refuse(at: Path, damage: Damage) -> ProjectError:
    """The error that names a damage."""
    return ProjectError(f"{str(at / damage.file)!r} is damaged: {damage.what}.", damage.do)


def examine(db: sqlite3.Connection, at: Path, mark: Mark | None) -> tuple[State, list[Damage]]:
    """Read all of a database.

    The caller holds a read transaction.

    Parameters
    ----------
    db : Connection
    at : Path
        The project folder.
    mark : Mark or None
        From :func:`~spin_nb.project.seal_file.read`, before the transaction began.

    Returns
    -------
    State
        After all events, where they are as they were stored; the first one where they are of an older version.
    list of Damage
        In the order found.
    """
    do = repair_hint(at)
    version = schema.version(db)
    if version < 2:  # nothing was sealed then
        return State(), list(_damages_of(_structure, db, do))
    states: list[State] = []

    def chain(db: sqlite3.Connection, do: str) -> Iterator[Damage]:
        if version < schema.VERSION:
            events.check_former_links(db, version)
        else:
            states.append(events.caught_up(db, State()))
        yield from ()

    damages = [damage for part in (_structure, chain, _sums) for damage in _damages_of(part, db, do)]
    if mark is not None and not damages:
        damages = list(_damages_of(lambda db, do: _behind(db, mark, do), db, do))
    return (states or [State()])[0], damages


def _damages_of(part: Callable[..., Iterator[Damage]], db: sqlite3.Connection, do: str) -> Iterator[Damage]:
    """Damages that one part of the examination finds.

    What it stumbles over is a damage, too.
    """
    try:
        yield from part(db, do)
    except ProjectError as error:
        yield Damage(folder.DATABASE, error.what.removeprefix("the project is damaged: ").rstrip("."), do)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not by_damage(error):
            raise
        yield Damage(folder.DATABASE, f"it cannot be read ({error})", do)


def _structure(db: sqlite3.Connection, do: str) -> Iterator[Damage]:
    for row in db.execute("PRAGMA integrity_check(3)"):
        if row[0] != "ok":
            yield Damage(folder.DATABASE, f"SQLite says: {row[0]}", do)


def _sums(db: sqlite3.Connection, do: str) -> Iterator[Damage]:
    for table in seals.broken(db):
        yield Damage(folder.DATABASE, f"its table {table!r} is not what was stored: {LOSSES[table]}", do)


def _behind(db: sqlite3.Connection, mark: Mark, do: str) -> Iterator[Damage]:
    now = seals.mark(db)
    n_lost = mark.writes - now.writes
    if n_lost > 0:
        n_events_lost = max(mark.events - now.events, 0)
        yield Damage(
            f"{folder.DATABASE}-wal",
            f"the last {n_lost} writes, {n_events_lost} events among them, are gone"
            f" ({SEAL} knows of {mark.events} events)",
            do,
        )
    elif events.chain_at(db, mark.events) != mark.chain:
        yield Damage(
            folder.DATABASE,
            f"it is not the one that {SEAL} belongs to: another project's, or an older one",
            do,
        )
