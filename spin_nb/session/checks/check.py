"""``s.check()``: every file of a project, read again and compared with its checksum."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spin_nb.errors import SpinError
from spin_nb.io import is_intact
from spin_nb.models.model_card import AGAIN, content
from spin_nb.models.snapshot import CARD, Snapshot
from spin_nb.pool.storage.arrivals import LOG, Arrivals
from spin_nb.pool.storage.pool_store import read_stored_pool
from spin_nb.project import folder as places
from spin_nb.project import items, seal_file, verify
from spin_nb.project.database import Database
from spin_nb.project.verify import Damage
from spin_nb.words import HtmlRepr

SEALING_SECONDS = 1.0  # how long a cache may have been written and its seal not yet


@dataclass(frozen=True)
class Check(HtmlRepr):
    """Result of comparing a project with its checksums.

    Attributes
    ----------
    events, items : int
        In the database.
    files : int
        Files that were read.
    damages : tuple of Damage
        Each with ``file``, ``what`` and ``do``.
    """

    events: int
    items: int
    files: int
    damages: tuple[Damage, ...]

    @property
    def ok(self) -> bool:
        """True if nothing is damaged."""
        return not self.damages

    def __repr__(self) -> str:
        totals = f"{self.events:,} events, {self.items:,} items, {self.files:,} files"
        if self.ok:
            return f"nothing is damaged: {totals}"
        return "\n".join(
            [f"damaged: {len(self.damages)} of what was compared ({totals})", *map(str, self.damages)]
        )


def check(folder: Path) -> Check:
    """Compare a project with what was stored.

    Raises
    ------
    StorageError
        The database is locked, or the disk fails.
    """
    events, n, arrival_ids, damages = _database(folder)
    damages += [*_pool(folder / places.POOL, arrival_ids), *_caches(folder), *_models(folder)]
    return Check(events, n, _count(folder), tuple(damages))


def _count(folder: Path) -> int:
    """Files in a folder, while others come and go."""
    return sum(len(files) for _, _, files in os.walk(folder))


def _database(folder: Path) -> tuple[int, int, list[str], list[Damage]]:
    """Count events and items, list arrivals and damages."""
    mark = seal_file.read(folder)
    try:
        database = Database(folder, "ro")  # of its own: the session's may answer from memory
        try:
            with database.snapshot() as db:
                state, damages = verify.examine(db, folder, mark)
                if damages:
                    return state.seq, 0, [], damages
                n = db.execute("SELECT count(*) FROM items").fetchone()[0]
                return state.seq, n, items.ids(db, arrivals_only=True), []
        finally:
            database.close()
    except SpinError as error:
        return 0, 0, [], [Damage(places.DATABASE, error.what, error.do)]


def _pool(folder: Path, arrival_ids: list[str]) -> Iterator[Damage]:
    try:
        read_stored_pool(folder)
    except SpinError as error:
        yield Damage(places.POOL, error.what, error.do)
    try:
        arrivals = Arrivals(folder)
        errors = [
            source for source in arrivals.sources(range(len(arrivals))) if isinstance(source, SpinError)
        ]
        stored_ids = set(arrivals.ids)
        missing_ids = [id for id in arrival_ids if id not in stored_ids]
    except SpinError as error:
        errors, missing_ids = [error], []
    yield from (Damage(places.POOL, error.what, error.do) for error in errors)
    if missing_ids:
        what = f"{len(missing_ids):,} arrivals that the database knows are not in it, {missing_ids[0]!r} among them"
        yield Damage(f"{places.POOL}/{LOG}", what, "Restore the file from a copy; their labels are kept.")


def _caches(folder: Path) -> Iterator[Damage]:
    for seal in sorted((folder / places.FEATURES).glob("*.sha256")):
        path = seal.with_suffix("")
        if path.exists() and not is_intact(path) and not _sealed_soon(path, seal):
            name = path.relative_to(folder).as_posix()
            yield Damage(name, "it is not what was computed", "Open the project again: it is computed anew.")


def _sealed_soon(path: Path, seal: Path) -> bool:
    """Wait for the seal of a newer file.

    The seal is written after the file.
    """
    until = time.monotonic() + SEALING_SECONDS
    with suppress(OSError):  # gone meanwhile: a cache may go
        while path.stat().st_mtime_ns > seal.stat().st_mtime_ns and time.monotonic() < until:
            time.sleep(0.02)
        return is_intact(path)
    return True


def _models(folder: Path) -> Iterator[Damage]:
    for card in sorted((folder / places.MODELS).glob(f"*/{CARD}")):
        try:
            Snapshot.load(card.parent)
            for name in json.loads(card.read_text(encoding="utf-8")).get("sha256") or {}:
                content(card.with_name(name), {name: json.loads(card.read_text())["sha256"][name]})
        except (SpinError, OSError) as error:
            what = error.what if isinstance(error, SpinError) else str(error)
            yield Damage(card.parent.relative_to(folder).as_posix(), what, AGAIN)
