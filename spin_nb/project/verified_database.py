"""The database of a project, examined before anything is read of it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from spin_nb.errors import VersionError
from spin_nb.project import schema, schema_check, seal_file, verify
from spin_nb.project.database import Database
from spin_nb.project.fold import State
from spin_nb.project.seal_file import Mark


def open_verified(at: Path, is_trusted: bool) -> tuple[Database, State]:
    """Open a database that is whole; returns it, and what its events come to.

    It is for reading only: SQLite empties a log when the last who may write closes it, also one of which it
    could read the beginning alone.

    Raises
    ------
    ProjectError
        It is damaged, or holds what spin_nb does not make.
    VersionError
        A newer spin_nb made it.
    """
    mark = seal_file.read(at)  # before the database: others may write meanwhile
    state, damages, database = _examine(at, is_trusted, mark)
    if damages and (present := seal_file.read(at)) != mark:
        # Another process brought an older project up meanwhile: the mark that was read is of events before that.
        database.close()
        state, damages, database = _examine(at, is_trusted, present)
    if damages:
        database.close()
        raise verify.refuse(at, damages[0])
    return database, state


def _examine(at: Path, is_trusted: bool, mark: Mark | None) -> tuple[State, list[verify.Damage], Database]:
    database = Database(at, "ro", is_trusted)
    try:
        with nullcontext() if is_trusted else database.with_step_limit(), database.snapshot() as db:
            if (version := schema.version(db)) > schema.VERSION:
                raise VersionError(
                    f"{str(at)!r} has format {version}; this spin_nb knows formats up to {schema.VERSION}.",
                    "Upgrade: pip install --upgrade spin_nb. If no newer one ever had it open, a bit has flipped:"
                    " spin.repair(path) sets it right.",
                )
            schema_check.refuse_foreign(db, str(database.file), is_trusted=is_trusted)
            return *verify.examine(db, at, mark), database
    except BaseException:
        database.close()
        raise
