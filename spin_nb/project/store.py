"""The facts of a project, on disk: one transaction per thing a person does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import TYPE_CHECKING, Any

from spin_nb.errors import ProjectError, StorageError
from spin_nb.project import (
    asks,
    events,
    folder,
    items,
    migration,
    runs,
    schema,
    seal_file,
    seals,
    tables,
)
from spin_nb.project.database import BUSY_SECONDS, Database
from spin_nb.project.fold import State
from spin_nb.project.presence import Presence
from spin_nb.project.records import Ask, Event, Model, NewAsk, NewEvent, NewItem, Run
from spin_nb.project.seal_file import SealFile
from spin_nb.project.verified_database import open_verified

if TYPE_CHECKING:
    import polars as pl


class Store:
    """A project's database, open.

    It is made by :meth:`create` or :meth:`open`; a context manager that closes itself.  Threads may share it,
    and several processes may open one project.  When a method that writes has returned, what it wrote
    survives a kill and a power cut; when it has raised, nothing of it was stored.

    Every method that writes raises ``ReadOnlyError`` where the project may only be read, and ``StorageError``
    where the disk is full or fails or another process holds the lock for ten seconds.

    Attributes
    ----------
    folder : Path
        The project folder.
    read_only : bool
        It may only be read.

    Examples
    --------
    >>> import tempfile
    >>> store = Store.create(Path(tempfile.mkdtemp()) / "parts.spin", {"classes": ["ok", "crack"]})
    >>> store.add_items([NewItem("img_7", "img_7.png", "image")])
    1
    >>> store.append([NewEvent("label", "img_7", "crack", annotator="ada")])[0].seq
    1
    >>> store.labels()["value"].to_list()
    ['crack']
    >>> store.close()
    """

    def __init__(self, at: Path, database: Database) -> None:
        self.folder = at
        self._database = database
        self._state = State()
        self._seal: SealFile | None = None
        self._stamp: tuple[int, int] | None = None
        self._others: int | None = None
        self._presence: Presence | None = None

    @classmethod
    def create(
        cls, at: Path | str, meta: Mapping[str, Any], fill: Callable[[Store], Any] | None = None
    ) -> Store:
        """Create a project in ``at``, a folder that is new, empty or holds a half-made project.

        Parameters
        ----------
        at : Path or str
        meta : mapping
            What the project is, JSON values.
        fill : callable, optional
            Writes what it begins with into the store it is given, in the same transaction: after a kill there is a
            project with all of that, or none.

        Raises
        ------
        ProjectError
            Something else is there, or a project already.
        ReadOnlyError, StorageError
            The place cannot be written.
        """
        at = Path(at).expanduser().absolute()
        folder.check_project_folder(at)
        folder.make(at)
        with closing(Presence(at)):
            cls._create_database(at, meta, fill)
        return cls.open(at)

    @classmethod
    def _create_database(cls, at: Path, meta: Mapping[str, Any], fill: Callable[[Store], Any] | None) -> None:
        database = Database(at, "rwc")
        seal_file.forget(at)  # of a project that was deleted here
        try:
            with database.writing() as db:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise ProjectError(
                        f"there is a project in {str(at)!r} already.", "Open it, or give another folder."
                    )
                schema.build(db)
                for key, value in meta.items():
                    items.set_meta(db, key, value)
                if fill is not None:
                    fill(cls(at, database))
        finally:
            database.close()

    @classmethod
    def open(cls, at: Path | str, *, read_only: bool = False, trusted: bool = True) -> Store:
        """Open the project in ``at``.

        It is read-only where asked for, or where the folder may not be written.

        Raises
        ------
        ProjectError
            There is no project, it is damaged or being repaired, or it holds what spin_nb does not make.
        VersionError
            A newer spin_nb made it.
        """
        at = Path(at).expanduser().absolute()
        if not folder.check_project_folder(at):
            raise ProjectError(
                f"there is no project in {str(at)!r}.", "Check the path, or pass pool= to create one."
            )
        presence = Presence(at)
        try:
            store = cls._open_database(at, read_only, trusted)
        except BaseException:
            presence.close()
            raise
        store._presence = presence
        return store

    @classmethod
    def _open_database(cls, at: Path, read_only: bool, trusted: bool) -> Store:
        database, state = open_verified(at, trusted)
        try:
            if not read_only and folder.writable(at):
                database.close()
                database = Database(at, "rw", trusted)
            with database.reading() as db:
                version = schema.version(db)
            if version < schema.VERSION:
                migration.bring_up(database)
            store = cls(at, database)
            store._begin(state)
        except BaseException:
            database.close()
            raise
        return store

    def _begin(self, state: State) -> None:
        with self._database.reading() as db:
            self._state = state
            self._caught_up(db)
            mark = seals.mark(db)
        if not self.read_only:
            self._database.checkpoint()
            self._seal = SealFile(self.folder, mark)

    @property
    def read_only(self) -> bool:
        """It may only be read."""
        return self._database.read_only

    def close(self) -> None:
        """Close the database; may be called twice."""
        self._database.close()
        if self._seal is not None:
            self._seal.close()
        if self._presence is not None:
            self._presence.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, patience: float = BUSY_SECONDS) -> Iterator[Connection]:
        """One transaction around several calls.

        All of them are on disk when the block ends, or none.

        May be nested; an inner block that raises takes back its own part only.  ``patience``: seconds to wait for
        another process that writes.

        Examples
        --------
        >>> with store.transaction():                                      # doctest: +SKIP
        ...     for entry in outbox:
        ...         store.append([entry.event], client=(client, entry.seq))
        """
        with self._database.lock:
            before, outermost, mark = self._state, not self._database.in_transaction, None
            if outermost and not self.read_only:
                self._require_same()
            try:
                with self._database.writing(patience) as db:
                    changes = db.total_changes
                    yield db
                    # A full disk may have ended the transaction: what follows would be one of its own.
                    if outermost and db.in_transaction and db.total_changes > changes:
                        mark = seals.count(db)
            except BaseException:
                self._state = before
                raise
            if mark is not None and self._seal is not None:
                self._stamp = self._database.stamp()
                self._seal.note(mark)

    def _require_same(self) -> None:
        """Refuse to write into a file that was overwritten in place: our connection may still answer from memory."""
        stamp = self._database.stamp()
        if stamp is None or stamp == self._stamp:
            return
        file = Database(self.folder, "ro")
        try:
            with file.snapshot() as db:
                if events.chain_at(db, self._state.seq) == self._state.chain:
                    self._stamp = stamp
                    return
        finally:
            file.close()
        raise StorageError(
            f"{str(self._database.file)!r} was overwritten: nothing was stored.",
            "Put it back, or open the project again.",
        )

    def _caught_up(self, db: Connection) -> State:
        self._state = events.caught_up(db, self._state)
        return self._state

    @property
    def meta(self) -> dict[str, Any]:
        """Description of the project.

        It holds what the project was created with, and what :meth:`set_meta` changed since.
        """
        with self._database.reading() as db:
            return items.meta(db)

    def set_meta(self, key: str, value: object) -> None:
        """Set one entry of :attr:`meta` to a JSON value."""
        with self.transaction() as db:
            items.set_meta(db, key, value)

    def add_items(self, new: Iterable[NewItem]) -> int:
        """Add the items whose ids are not there yet, in order; return how many were added."""
        with self.transaction() as db:
            return items.add(db, new)

    def items(self) -> pl.DataFrame:
        """All items in the order added.

        The columns are row, item, modality, source (JSON), broken (why, or null), arrived.
        """
        with self._database.reading() as db:
            return tables.items(items.rows(db))

    def item_ids(self, *, arrivals_only: bool = False) -> list[str]:
        """Ids of all items, or of those that arrived, in the order added."""
        with self._database.reading() as db:
            return items.ids(db, arrivals_only)

    def append(
        self,
        new: Sequence[NewEvent],
        *,
        client: tuple[str, int] | None = None,
        shown_tokens: Iterable[str] = (),
    ) -> list[Event]:
        """Store one thing a person did, and mark the asks in ``shown_tokens`` as shown, in one transaction.

        Parameters
        ----------
        new : sequence of NewEvent
            In order; may be empty, to acknowledge a client's entry that stores nothing.
        client : (client id, sequence number) or None
            Entries of one client are applied exactly once, in sequence, starting with 1.
        shown_tokens : iterable of str
            Ask tokens; unknown ones are passed over.

        Returns
        -------
        list of Event
            What was stored by this call: empty for an entry that had been applied before, for an undo with
            nothing to undo, for a redo with nothing to redo.

        Raises
        ------
        SequenceGapError
            The client's entry before this one has not arrived.
        LabelError
            An unknown item or kind, a value that is missing or not JSON, an event that cannot be undone.
        """
        with self.transaction() as db:
            if client is not None and not events.claim(db, *client):
                return []
            events_of_call, self._state = events.append(db, self._caught_up(db), new, client)
            asks.mark_shown(db, shown_tokens)
            return events_of_call

    def last_seq(self, client: str) -> int:
        """Return the last entry of this client that was applied, 0 before its first."""
        with self._database.reading() as db:
            return events.last_seq(db, client)

    def entries_stored(self, client: str, first: int, last: int) -> set[int]:
        """Return which of a client's entries ``first`` to ``last`` have stored an event."""
        with self._database.reading() as db:
            return events.entries_stored(db, client, first, last)

    def events(self, after: int = 0) -> list[Event]:
        """Return the events numbered above ``after``, oldest first, other processes' among them."""
        with self._database.reading() as db:
            return events.read(db, after)

    def items_of(self, numbers: Collection[int]) -> frozenset[str]:
        """Return the items that the events with these numbers are about."""
        with self._database.reading() as db:
            return events.items_of(db, numbers)

    def state(self) -> State:
        """Return what holds now, other processes' events included."""
        with self._database.reading() as db:
            return self._caught_up(db)

    def labels(self) -> pl.DataFrame:
        """Current labels in order of labelling.

        Columns: item, value, annotator, time (UTC), kind ("label" or "imported"), ask, audit, suggested,
        suggested_p, accepted, shown_ms, flagged, seq.  ``audit``: the item belongs to the audit sample.
        """
        with self._database.reading() as db:
            return tables.labels(self._caught_up(db).labels, asks.audited_items(db))

    def history(self) -> pl.DataFrame:
        """Every event ever stored, oldest first, undone ones and undos too."""
        return tables.history(self.events())

    def propose(self, new: Sequence[NewAsk]) -> list[str]:
        """Write down what may be asked next.

        Return a token for each.  None counts as asked until shown.
        """
        with self.transaction() as db:
            return asks.propose(db, new)

    def mark_shown(self, tokens: Iterable[str]) -> None:
        """Mark asks as shown now.

        Those shown before keep their time.
        """
        with self.transaction() as db:
            asks.mark_shown(db, tokens)

    def discard(self, tokens: Iterable[str]) -> None:
        """Take back asks that nobody has seen.

        One that had been seen after all returns when answered.
        """
        with self.transaction() as db:
            asks.discard(db, tokens)

    def ask(self, token: str) -> Ask | None:
        """Return the ask with this token, None where there is none."""
        with self._database.reading() as db:
            return asks.get(db, token)

    def pending(self) -> list[Ask]:
        """Return the asks neither shown nor taken back, in the order proposed."""
        with self._database.reading() as db:
            return asks.pending(db)

    def shown_asks(self) -> list[Ask]:
        """Return the asks that were shown, in the order shown."""
        with self._database.reading() as db:
            return asks.list_shown(db)

    def changed_elsewhere(self) -> bool:
        """Say whether another connection has written.

        It looks back to when it was last called, and is True the first time.

        Costs next to nothing, so it may be asked for every label.
        """
        with self._database.reading() as db:
            before, self._others = self._others, db.execute("PRAGMA data_version").fetchone()[0]
            return before != self._others

    def shown_elsewhere(self, known_tokens: Collection[str], since: datetime) -> list[Ask]:
        """Return the asks shown that are not among the tokens ``known_tokens``; most of them were shown ``since``."""
        with self._database.reading() as db:
            return asks.list_unknown(db, known_tokens, since)

    def asked_of_others(self, annotator: str, since: datetime) -> list[tuple[str, bool, datetime]]:
        """Return what was drawn for other annotators since then, shown or not: item, whether an audit, when."""
        with self._database.reading() as db:
            return asks.of_others(db, annotator, since)

    def asks(self) -> pl.DataFrame:
        """Asks that were shown.

        The columns are token, item, time, strategy, q, audit, with_suggestion, model_id, reason, annotator.
        """
        with self._database.reading() as db:
            return tables.asks(asks.list_shown(db))

    def start_run(self, settings: Mapping[str, Any] | None = None) -> int:
        """Write down that training began; return the run's number."""
        with self.transaction() as db:
            return runs.start(db, dict(settings or {}))

    def end_run(
        self, run_id: int, status: str, model_id: str | None = None, metrics: Mapping[str, Any] | None = None
    ) -> None:
        """Write down how a run ended.

        It ended as "done", "cancelled" or "failed".
        """
        with self.transaction() as db:
            runs.end(db, run_id, status, model_id, dict(metrics or {}))

    def runs(self) -> list[Run]:
        """Return every run, oldest first."""
        with self._database.reading() as db:
            return runs.all_runs(db)

    def add_model(self, model_id: str, head: str, card: Mapping[str, Any]) -> None:
        """Enter a model into the repository.

        Its arrays go to ``models/<model_id>/``.
        """
        with self.transaction() as db:
            runs.add_model(db, model_id, head, dict(card))

    def models(self) -> list[Model]:
        """Return every model, oldest first."""
        with self._database.reading() as db:
            return runs.all_models(db)
