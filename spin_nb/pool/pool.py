"""What can be labelled, row by row, without holding more of it in memory than is asked for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import PoolError, ReadOnlyError, StorageError
from spin_nb.pool.item_loader import ItemLoader, Size
from spin_nb.pool.media.images import Box
from spin_nb.pool.pool_data import PoolData, fingerprint
from spin_nb.pool.sources.data_frames import rows_of
from spin_nb.pool.sources.file_stamps import changed_ids, refresh_stamps, source_of
from spin_nb.pool.sources.folders import check_root
from spin_nb.pool.sources.new_items import raw_items
from spin_nb.pool.storage.arrivals import Arrivals, Batch
from spin_nb.pool.storage.pool_store import (
    StoredPool,
    read_stored_pool,
    refresh,
    try_read_stored_pool,
    write_facts,
    write_pool,
)
from spin_nb.pool.unknown_item import unknown_item
from spin_nb.types import Broken, Extent, Ints, Shown

if TYPE_CHECKING:
    import polars as pl


class Pool:
    """The items of a project.

    Base rows come first, then arrivals, in order.

    Made by :meth:`save` or :meth:`open`.  Rows change only in :meth:`exclude` and :meth:`leave_out`, which computing
    features calls for items that cannot be read: compute features before holding on to rows, or :meth:`share` a lock.

    Attributes
    ----------
    ids : list of str
        Id of every row.
    modality : str
        "image", "text", "table", "series", "audio", "video" or "several".
    broken : list of Broken
        Items kept out, and why.
    n_base : int
        Rows that came with the pool; the rest arrived later.
    changed_ids : list of str
        Base items whose files are others than when they were last looked at.
    read_only : bool
        Nothing of it is written: the project was opened to look at it.

    Examples
    --------
    >>> import tempfile
    >>> from spin_nb.pool.sources.read import read_pool
    >>> pool = Pool.save(tempfile.mkdtemp(), read_pool(["one text", "another"]))
    >>> len(pool), pool.row("item-000001"), pool.load([1])
    (2, 1, ['another'])
    """

    def __init__(self, folder: Path, stored_pool: StoredPool, *, read_only: bool = False) -> None:
        self.folder = folder
        self.read_only = read_only
        self._stored_pool = stored_pool
        self._data = data = stored_pool.data
        self.modality = data.modality
        self.changed_ids: list[str] = []
        self.missing_ids: list[str] = []
        self._stamps_are_fresh = False
        self._excluded_items = stored_pool.excluded_items
        self._arrivals = Arrivals(folder, without=set(data.ids))
        self._loader = ItemLoader(data)
        self._lock: AbstractContextManager[Any] = nullcontext()
        self._on_move: Callable[[], Any] = lambda: None
        self._is_settled = False
        self._index()

    @classmethod
    def save(cls, folder: Path | str, data: PoolData) -> Pool:
        """Store ``data`` in a project and open it.

        It lies below ``folder/pool/``.

        Arrivals that are already there stay; so do exclusions while their items still cannot be read.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        home = Path(folder) / "pool"
        before = try_read_stored_pool(home)
        still_broken = (
            [] if before is None else cls(home, StoredPool(data, [], {}))._still_broken(before.excluded_items)
        )
        if before is None:
            write_pool(home, data, still_broken)
        elif before.holds(data):
            write_facts(home, data, still_broken, before.files, before.before)
        else:
            write_pool(home, data, still_broken, [*before.before, before.data.fingerprint])
        pool = cls.of(folder, read_stored_pool(home, data.items if data.container == "frame" else None))
        pool._stamps_are_fresh = True
        if before is not None:
            pool.changed_ids = changed_ids(before.data, data)
        return pool

    @classmethod
    def open(cls, folder: Path | str, *, read_only: bool = False) -> Pool:
        """Open the pool of the project ``folder``.

        Raises
        ------
        PoolError
            When there is none, it is damaged, or a folder it refers to is gone.
        """
        return cls.of(folder, read_stored_pool(Path(folder) / "pool"), read_only=read_only)

    @classmethod
    def of(cls, folder: Path | str, stored_pool: StoredPool, *, read_only: bool = False) -> Pool:
        """Open what was read of the project ``folder``.

        Raises
        ------
        PoolError
            When a folder it refers to is gone.
        """
        for root in stored_pool.data.roots:
            check_root(root)
        return cls(Path(folder) / "pool", stored_pool, read_only=read_only)

    def look(self) -> None:
        """See which files outside the project have changed.

        It sees which are gone, too, before features are computed, which depend on it.

        Takes a second for 100,000 files, and nothing where they have just been read.  What was seen is kept, so that
        it is told of once, unless the pool is read-only.
        """
        if not self._stamps_are_fresh and self.on_files:
            now, self.missing_ids = refresh_stamps(self._data)
            self.changed_ids, self._data = changed_ids(self._data, now), now
        self._stamps_are_fresh = True
        if not self.read_only and (
            self._data.state != self._stored_pool.data.state or not self._stored_pool.files
        ):
            with suppress(StorageError):  # seen again the next time
                refresh(self.folder, self._data, self._excluded_base, self._stored_pool.before)
                self._stored_pool = read_stored_pool(self.folder)

    def _still_broken(self, items: list[Broken]) -> list[Broken]:
        return self.try_load(self._rows[item.id] for item in items if item.id in self._rows)[1]

    def _index(self) -> None:
        excluded_ids = {item.id for item in self._excluded_items}
        self._base = np.asarray(
            [row for row, key in enumerate(self._data.ids) if key not in excluded_ids], dtype=np.int64
        )
        self.n_base = len(self._base)
        self._late = [number for number, key in enumerate(self._arrivals.ids) if key not in excluded_ids]
        self.ids = [self._data.ids[row] for row in self._base]
        self.ids += [self._arrivals.ids[number] for number in self._late]
        self._rows = {key: row for row, key in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        extra = f", {len(self._late)} arrived" if self._late else ""
        return f"Pool({len(self)} items, {self.modality}{extra}, {len(self.broken)} broken)"

    @property
    def broken(self) -> list[Broken]:
        """Items kept out, and why.

        Those found when reading the pool come first, then those found when computing features.
        """
        return [*self._data.broken, *self._excluded_items]

    @property
    def fingerprint(self) -> str:
        """sha256 of what was read, as :attr:`PoolData.fingerprint`."""
        return self._data.fingerprint

    @property
    def content(self) -> str:
        """sha256 of the base rows in use.

        It is the key of everything computed from them.
        """
        parts = [self.fingerprint, [item.id for item in self._excluded_base]]
        return fingerprint(*parts) if self._data.state is None else fingerprint(*parts, self._data.state)

    @property
    def _excluded_base(self) -> list[Broken]:
        late = set(self._arrivals.ids)
        return [item for item in self._excluded_items if item.id not in late]

    @property
    def data(self) -> PoolData:
        """Data of the pool, with the excluded items."""
        return self._data

    def sources(self, rows: Iterable[int]) -> list[dict[str, Any] | None]:
        """Sources of base rows, as :attr:`PoolData.sources`; None for arrivals."""
        return [source_of(self._data, int(self._base[row])) if row < self.n_base else None for row in rows]

    @property
    def largest(self) -> int | None:
        """Longest side of the largest picture, in pixels.

        It is None for anything else.
        """
        return self._data.metadata.get("largest")

    @property
    def on_files(self) -> bool:
        """Tell whether items are files outside the project."""
        return bool(self._data.roots)

    def has(self, id: str) -> bool:
        """Tell whether there is such an item."""
        return id in self._rows

    def row(self, id: str) -> int:
        """Row of an item.

        Raises
        ------
        LabelError
            When there is no such item, with the closest ids.
        """
        row = self._rows.get(id) if isinstance(id, str) else None
        if row is None:
            raise unknown_item(id, self.ids, self.broken)
        return row

    def load(self, rows: Iterable[int]) -> Sequence[Any]:
        """Loaded items.

        They are uint8 pixels (h, w) or (h, w, 3), texts, dicts, vectors, ...; see :mod:`.modalities`.

        Raises
        ------
        PoolError
            When one of them cannot be read any more.
        """
        items, unreadable = self.try_load(rows)
        if unreadable:
            raise PoolError(
                f"cannot load {unreadable[0].id!r}: {unreadable[0].reason}",
                "Put it back, or pass pool= again.",
            )
        return items

    def try_load(self, rows: Iterable[int]) -> tuple[Sequence[Any], list[Broken]]:
        """Items that can be loaded, and those that cannot."""
        numbers = [int(row) for row in rows]
        if all(row < self.n_base for row in numbers):
            frame_rows = self._loader.load_frame([int(self._base[row]) for row in numbers])
            if frame_rows is not None:
                return frame_rows, []
        results = self._loader.load_all(self._raw(numbers))
        items = [item for item in results if not isinstance(item, PoolError)]
        unreadable = [
            Broken(self.ids[row], item.what)
            for row, item in zip(numbers, results, strict=True)
            if isinstance(item, PoolError)
        ]
        return items, unreadable

    def show(self, row: int, size: Size = None) -> Shown:
        """One item as a view shows it.

        Parameters
        ----------
        row : int
            Row of the item.
        size : int or mapping, optional
            Longest side in pixels (by default 512, at most 1600), characters of a text, columns, or points of a
            series; or modality -> size, "image" -> 1600, where these are to differ.

        Raises
        ------
        PoolError
            When it cannot be read any more, or there is nothing to see in it.
        """
        return self._loader.show(self._raw([int(row)])[0], size)

    def frame(self, row: int, number: int, size: int | None = None, part: str | None = None) -> Shown:
        """One frame of a video, image/jpeg.

        It has at most ``size`` pixels a side (default 512, at most 1600).

        ``part`` names the video where an item is several things.

        Raises
        ------
        PoolError
            When the item is no video, cannot be read, or has no such frame.
        """
        return self._loader.frame(self._raw([int(row)])[0], number, size, part)

    def detail(self, row: int, box: Box, size: int | None = None, part: str | None = None) -> Shown:
        """A piece of a picture, in fine detail.

        It is as fine as ``size`` pixels a side allow (at most 1600).

        Parameters
        ----------
        box : (x, y, width, height)
            In pixels of the original, upright.
        part : str, optional
            Which picture, where an item is several things.

        Raises
        ------
        PoolError
            When the item is no picture, cannot be read, or the box lies outside.
        """
        return self._loader.detail(self._raw([int(row)])[0], box, size, part)

    def extent(self, row: int) -> Extent:
        """Limits of an item's labels, from its header.

        They are the size of the picture, or the text.

        Raises
        ------
        PoolError
            When it cannot be read any more.
        """
        return self._loader.extent(self._raw([int(row)])[0])

    def known_extent(self, row: int) -> Extent:
        """Do as :meth:`extent`.

        Nothing is known of an item that cannot be read.
        """
        try:
            return self.extent(row)
        except PoolError:
            return Extent()

    def _raw(self, rows: list[int]) -> list[Any]:
        base = [int(self._base[row]) for row in rows if row < self.n_base]
        values = iter(self._loader.raw(base) if base else [])
        late = self._arrivals.sources(self._late[row - self.n_base] for row in rows if row >= self.n_base)
        return [next(values if row < self.n_base else late) for row in rows]

    def raw(self, rows: Iterable[int]) -> list[Any]:
        """Items as they are stored: paths, arrays, texts, rows, dicts of these by part.

        A ``PoolError`` stands in the place of what cannot be read.
        """
        return self._raw([int(row) for row in rows])

    def read(self, items: object) -> list[Any]:
        """Load new items as the pool's own are loaded.

        It takes what the pool's modality takes (:mod:`spin_nb.pool.modalities`), in a list, or a frame of these.

        Raises
        ------
        PoolError
            When one of them is of another kind or cannot be read.
        """
        return [self._loader.load(item) for item in raw_items(items, self._data)]

    def join(self, batch: Batch) -> Ints:
        """Let arrivals that are on disk join, in memory.

        Returns their rows (m,) int64.  See :mod:`spin_nb.pool.new_arrivals`.
        """
        first = len(self.ids)
        self._late.extend(range(len(self._arrivals), len(self._arrivals) + len(batch.ids)))
        self._arrivals.join(batch)
        self.ids.extend(batch.ids)
        self._rows.update({name: first + number for number, name in enumerate(batch.ids)})
        return np.arange(first, len(self.ids), dtype=np.int64)

    def share(self, lock: AbstractContextManager[Any], on_move: Callable[[], Any]) -> None:
        """Move rows only under ``lock``, and call ``on_move``.

        It is for whoever holds on to rows while features are still being computed.
        """
        self._lock, self._on_move = lock, on_move

    def exclude(self, items: Sequence[Broken]) -> None:
        """Keep items out because they cannot be read.

        Rows after them move up.

        Base items for good, arrivals until the project is opened again.

        Raises
        ------
        PoolError
            When nothing would be left.
        ReadOnlyError
            The project was opened to look at it.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"the pool in {str(self.folder)!r} is open for reading only, so nothing can be excluded from it.",
                "Open the project without read_only=True.",
            )
        self.leave_out(items)
        with suppress(StorageError):  # a full disk: they are found again the next time
            write_facts(
                self.folder,
                self._data,
                self._excluded_base,
                self._stored_pool.files,
                self._stored_pool.before,
            )

    def leave_out(self, items: Sequence[Broken]) -> None:
        """Do as :meth:`exclude`, in memory alone.

        Another session finds them again.

        Raises
        ------
        PoolError
            When nothing would be left.
        """
        if self._is_settled:
            raise PoolError(
                f"cannot load {items[0].id!r} any more: {items[0].reason}",
                "Put it back, and open the project again.",
            )
        names = {item.id for item in items}
        if names.issuperset(self.ids[: self.n_base]):
            raise PoolError(
                f"none of the {len(self)} items can be read; the first: {items[0].reason}", "Check the files."
            )
        with self._lock:
            self._excluded_items = [*self._excluded_items, *items]
            self._index()
            self._on_move()

    def settled(self) -> Pool:
        """The base rows as they are now, for work on the side: none of them moves, and arrivals are not among them.

        What cannot be read any more is an error there, and no reason to exclude it.
        """
        rows = copy.copy(self)
        rows._is_settled = True
        rows._late, rows.ids = [], self.ids[: self.n_base]
        rows._rows = {id: row for row, id in enumerate(rows.ids)}
        return rows

    @property
    def columns(self) -> pl.DataFrame | None:
        """Columns of the frame besides text and paths, one row an item; None where there are none."""
        names = self.column_names
        return self._select(names) if names else None

    @property
    def column_names(self) -> list[str]:
        """Names of :attr:`columns`."""
        if self._data.container != "frame":
            return []
        about = self._data.metadata
        special = about.get("paths") or about.get("column")
        return [name for name in self._data.items.columns if name != special]

    def column(self, name: str) -> pl.Series:
        """One of :attr:`columns`; costs nothing for the others."""
        return self._select([name])[name]

    def _select(self, names: list[str]) -> pl.DataFrame:
        import polars as pl

        frame: pl.DataFrame = pl.DataFrame([self._data.items[name] for name in names])
        if len(frame) != self.n_base:
            frame = frame[self._base]
        if not self._late:
            return frame
        return pl.concat([frame, rows_of([*self._arrivals.sources(self._late)], frame.schema)])
