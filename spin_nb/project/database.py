"""One SQLite connection, shared by threads: durable transactions, and errors that say what to do."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spin_nb.errors import ProjectError, ReadOnlyError, StorageError
from spin_nb.project import folder as paths
from spin_nb.project import header

BUSY_SECONDS = 10.0
MAX_CELL_BYTES = 2**24
"""Of one value, or one row, of a database from somebody else."""
_MIN_STEPS, _STEPS_PER_BYTE, _STEPS_PER_CALL = 5_000_000, 50, 100_000
"""Instructions of SQLite's machine that opening such a database may take, and more by its size; a full scan takes
fewer than one for each byte."""


class Busy(StorageError):
    """Another process has the database locked.

    Nothing was stored, and the same may be tried again.
    """


def repair_hint(folder: Path) -> str:
    """Advice about a damaged database."""
    return f"Restore it from a copy, or save what can be read: spin.repair({str(folder)!r})."


def by_damage(error: sqlite3.Error | UnicodeDecodeError) -> bool:
    """Say whether the file's content is to blame."""
    code = getattr(error, "sqlite_errorcode", None)  # None: Python itself could not decode a text
    codes_of_damage = (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_ERROR,
    )
    return code is None or code & 0xFF in codes_of_damage


def explain(error: sqlite3.Error | UnicodeDecodeError, file: Path) -> ProjectError:
    """Return the SpinError that says what ``error`` means for the person (sqlite.org/rescode.html)."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StorageError(
            f"the disk is full: nothing was stored in {str(file)!r}.", "Free some space; then repeat."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return ReadOnlyError(
            f"{str(file)!r} may not be written.", "Copy the project to a place you may write."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(
            f"another process kept {str(file)!r} locked for {BUSY_SECONDS:.0f} s: nothing was stored.",
            "Repeat; if it goes on, close the other notebook that has this project open.",
        )
    if by_damage(error) and code != sqlite3.SQLITE_ERROR:
        return ProjectError(f"{str(file)!r} is damaged ({error}).", repair_hint(file.parent))
    if code in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_TOOBIG):
        return ProjectError(
            f"{str(file)!r} asks for more than a project opened with trusted=False may ({error}).",
            "Look at it with sqlite3: a cell may be huge, or the file made so that reading it never ends.",
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return ProjectError(
            f"{str(file)!r} cannot be opened.", "Check that the folder is there and its permissions."
        )
    if code == sqlite3.SQLITE_ERROR:
        return ProjectError(f"{str(file)!r} lacks a table or column ({error}).", repair_hint(file.parent))
    return StorageError(
        f"the disk did not take the write ({error}): nothing was stored.", "Check the disk; then repeat."
    )


def _connect(file: Path, mode: str, is_trusted: bool) -> sqlite3.Connection:
    # isolation_level=None: Python starts no transaction of its own; every write below says BEGIN IMMEDIATE.
    db = sqlite3.connect(
        f"{file.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA trusted_schema = OFF")  # a project somebody sent may hold triggers
    db.execute("PRAGMA cell_size_check = ON")
    if not is_trusted:
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL_BYTES)
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        db.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, 1)
    return db


def _set_durable(db: sqlite3.Connection, folder: Path) -> None:
    mode = "DELETE" if paths.on_network(folder) else "WAL"
    with suppress(sqlite3.OperationalError):  # busy: another process has it open, whose mode then stands
        db.execute(f"PRAGMA journal_mode = {mode}").fetchone()
    wal = db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    # EXTRA also syncs the directory after a rollback journal is deleted; with WAL it means FULL.
    db.execute(f"PRAGMA synchronous = {'FULL' if wal else 'EXTRA'}")
    db.execute("PRAGMA fullfsync = ON")
    db.execute("PRAGMA foreign_keys = ON")


class Database:
    """A connection that several threads may use, one at a time.

    Parameters
    ----------
    folder : Path
        The project folder.
    mode : {"rwc", "rw", "ro"}
        Create, write, read.
    is_trusted : bool
        False bounds how large a value may be.

    Raises
    ------
    ProjectError
        The file cannot be opened, or is damaged.
    """

    def __init__(self, folder: Path, mode: str, is_trusted: bool = True) -> None:
        self.file = paths.database(folder)
        self._is_trusted = is_trusted
        self.read_only = mode == "ro"
        self.lock = threading.RLock()
        self._depth = 0
        self._patience = BUSY_SECONDS
        self._identity: tuple[int, int] | None = None
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._db: sqlite3.Connection | None = None
        self._header: header.Descriptor | None = None
        try:
            self._db = _connect(self.file, mode, is_trusted)
            self._header = header.Descriptor(self.file)
            if mode == "rw":
                _set_durable(self._db, folder)
                self._identity = _identity(self.file)
            elif mode == "ro":
                self._try_reading()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.close()
            raise explain(error, self.file) from error

    def _try_reading(self) -> None:
        try:
            self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            if (error.sqlite_errorcode & 0xFF) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            # A WAL database in a folder where SQLite may not put its index file (sqlite.org/wal.html,
            # "Read-Only Databases"): read a copy, log included; immutable=1 would pass the log over.
            self.connection.close()
            self._copy = tempfile.TemporaryDirectory(prefix="spin_nb-")
            for name in (self.file.name, f"{self.file.name}-wal", f"{self.file.name}-journal"):
                if (self.file.parent / name).exists():
                    shutil.copyfile(self.file.parent / name, Path(self._copy.name) / name)
            self._db = _connect(Path(self._copy.name) / self.file.name, "rw", self._is_trusted)
            self._db.execute("PRAGMA query_only = ON")

    def into_memory(self) -> None:
        """Go on with a copy in memory, which may be changed; the file is let go."""
        with self.reading() as db:
            memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            db.backup(memory)
            self.close()
        memory.row_factory = sqlite3.Row
        memory.execute("PRAGMA trusted_schema = OFF")
        self._db = memory

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection.

        Raises
        ------
        ProjectError
            It was closed.
        """
        if self._db is None:
            raise ProjectError(f"{str(self.file)!r} was closed.", "Open the project again.")
        return self._db

    @contextmanager
    def with_step_limit(self) -> Iterator[sqlite3.Connection]:
        """Read as :meth:`reading`, within a bound of steps.

        SQLite gives up what takes more steps than a database of this size can need.

        Counted in steps, not in seconds: what is refused does not depend on how busy the machine is.
        """
        with self.reading() as db:
            left = (_MIN_STEPS + _STEPS_PER_BYTE * self.file.stat().st_size) // _STEPS_PER_CALL

            def step() -> bool:
                nonlocal left
                left -= 1
                return left < 0

            db.set_progress_handler(step, _STEPS_PER_CALL)
            try:
                yield db
            finally:
                db.set_progress_handler(None, 0)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock; errors come out as SpinErrors."""
        with self.lock:
            try:
                yield self.connection
            except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
                raise  # a mistake in this package, not something a person can mend
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                raise explain(error, self.file) from error

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Do as :meth:`reading`.

        What is read in the block is of one moment, whatever others write.
        """
        with self.reading() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def writing(self, patience: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when the block ends.

        Any exception leaves nothing of it.

        Blocks may be nested: an inner one that fails takes only its own part back.  ``patience``: seconds to wait
        for another process.

        Raises
        ------
        ReadOnlyError
            The project is open for reading only.
        StorageError
            The disk is full or failed, or another process held the lock for ten seconds (:class:`Busy`).
        """
        if self.read_only:
            raise ReadOnlyError(
                f"{str(self.file.parent)!r} is open for reading only.",
                "Open it without read_only=True, or copy the project to a place you may write.",
            )
        with self.reading() as db:
            begin, commit, undo = _statements(self._depth)
            if self._depth:
                self._require_transaction(db)
            else:
                self._require_file()
            self._depth += 1
            try:
                if self._depth == 1:
                    self._wait_at_most(patience)
                db.execute(begin)
                yield db
                self._require_transaction(db)
                db.execute(commit)
            except BaseException:
                # A full disk may have rolled the transaction back already.
                for statement in undo if db.in_transaction else ():
                    db.execute(statement)
                raise
            finally:
                self._depth -= 1
                if not self._depth:
                    self._wait_at_most(BUSY_SECONDS)

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._patience and self._db is not None:
            self._db.execute(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
            self._patience = seconds

    def _require_transaction(self, db: sqlite3.Connection) -> None:
        # SQLite may end a transaction by itself on a full disk; what follows must not be committed alone.
        if not db.in_transaction:
            raise StorageError(
                "the write this belongs to had failed: nothing was stored.", "Repeat all of it."
            )

    def _require_file(self) -> None:
        # Writes to a file that was deleted or replaced succeed on POSIX, and are gone when it is closed.
        if self._identity is not None and self._identity != _identity(self.file):
            raise StorageError(
                f"{str(self.file)!r} was moved, deleted or replaced: nothing was stored.",
                "Put it back, or open the project again where it is now.",
            )

    def stamp(self) -> tuple[int, int] | None:
        """Time and size of the file, which change when the log is moved into it or somebody else writes it.

        It is None where another file has its name.
        """
        try:
            about = self.file.stat()
        except OSError:
            return None
        return (about.st_mtime_ns, about.st_size) if self._identity == (about.st_dev, about.st_ino) else None

    @property
    def in_transaction(self) -> bool:
        """A transaction is under way."""
        return self._depth > 0

    def checkpoint(self) -> None:
        """Move what is in the log into the database, as far as others who read it let us."""
        with self.lock, suppress(sqlite3.Error):
            if self._db is not None and not self.read_only:
                self._db.execute("PRAGMA busy_timeout = 0")
                try:
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                finally:
                    self._db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with self.lock:
            self.checkpoint()
            if self._db is not None:
                self._db.close()
                self._db = None
            if self._header is not None:
                self._header.close()
            if self._copy is not None:
                self._copy.cleanup()
                self._copy = None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _statements(depth: int) -> tuple[str, str, tuple[str, ...]]:
    if depth == 0:
        return "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)
    point = f"level_{depth}"
    return f"SAVEPOINT {point}", f"RELEASE {point}", (f"ROLLBACK TO {point}", f"RELEASE {point}")
