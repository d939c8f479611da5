"""What a kill, or an older version, has left undone between the pool and the database: finished on opening."""

from __future__ import annotations

from pathlib import Path

from spin_nb.errors import PoolError, ProjectError
from spin_nb.pool.pool import Pool
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.storage.pool_store import read_stored_pool
from spin_nb.project.folder import POOL
from spin_nb.project.records import NewItem
from spin_nb.project.store import Store
from spin_nb.session.checks.same_pool import has_most_items


def check_database(store: Store, pool_data: PoolData) -> None:
    """Refuse a database that belongs to another pool.

    Its labels would stand on other items.

    It may know the pool as it was before a folder changed, where a kill came between the two.

    Parameters
    ----------
    store : Store
    pool_data : PoolData
        The pool that is to be opened, as passed or as kept.

    Raises
    ------
    ProjectError
    """
    fingerprint = store.meta.get("fingerprint")
    if (
        fingerprint in (None, pool_data.fingerprint)
        or fingerprint in _pool_fingerprints(store.folder)
        or has_most_items(store, pool_data)
    ):
        return
    raise ProjectError(
        f"the database in {str(store.folder)!r} belongs to another pool than the one kept beside it.",
        "Restore project.db and pool/ from the same copy.",
    )


def _pool_fingerprints(folder: Path) -> list[str]:
    """List fingerprints of the stored pool and its predecessors."""
    try:
        stored_pool = read_stored_pool(folder / POOL)
    except PoolError:
        return []
    return [stored_pool.data.fingerprint, *stored_pool.before]


def mend_items(store: Store, pool: Pool) -> None:
    """Add the pool's items that the database lacks.

    Without that they could neither be asked nor labelled.
    """
    database_ids = set(store.item_ids())
    rows = [row for row, id in enumerate(pool.ids) if id not in database_ids]
    with store.transaction():
        if rows:
            new = zip(rows, pool.sources(rows), strict=True)
            store.add_items(
                NewItem(pool.ids[row], source, pool.modality, is_arrival=row >= pool.n_base)
                for row, source in new
            )
        if store.meta.get("fingerprint") != pool.fingerprint:
            store.set_meta("fingerprint", pool.fingerprint)


def lost_arrivals(store: Store, pool: Pool) -> str | None:
    """Describe arrivals that the pool's files lack, or None."""
    pool_ids = {*pool.ids, *(item.id for item in pool.broken)}
    lost_ids = [id for id in store.item_ids(arrivals_only=True) if id not in pool_ids]
    if not lost_ids:
        return None
    return (
        f"{len(lost_ids):,} arrivals are lost from {str(pool.folder / 'arrivals.jsonl')!r}, {lost_ids[0]!r} among "
        "them: the file was cut or damaged. Their labels are kept; restore the file from a copy to have the items back."
    )


def changed_files(pool: Pool) -> str | None:
    """Describe files that changed or are missing, or None."""
    words = []
    if pool.changed_ids:
        words.append(
            f"{len(pool.changed_ids):,} files have changed since they were last looked at, "
            f"{pool.changed_ids[0]!r} among them. "
            "What the models know of them is computed anew; labels stay: look whether they still hold."
        )
    if pool.missing_ids:
        words.append(
            f"{len(pool.missing_ids):,} of {len(pool):,} items have no file any more, "
            f"{pool.missing_ids[0]!r} among them. Put them back, or "
            "pass pool= again to go on without them; their labels stay."
        )
    return " ".join(words) or None
