"""Items that arrive in a pool: ids and files of their own first, then the line on disk that counts, then their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.pool import Pool
from spin_nb.pool.pool_data import check_ids
from spin_nb.pool.storage.arrivals import Arrivals, Batch, append, new_ids, prepare
from spin_nb.types import Ints


def extend(pool: Pool, items: object, ids: Sequence[str] | None = None) -> Ints:
    """Take in arrivals, durably; their rows (m,) int64.

    Raises
    ------
    PoolError
        When one cannot be read or an id is taken; none is then taken in.
    StorageError
        When they cannot be written; none is then taken in.
    """
    batch = prepare_arrivals(pool, pool.read(items), ids)
    append(pool.folder, batch)
    return pool.join(batch)


def prepare_arrivals(pool: Pool, items: Sequence[Any], ids: Sequence[str] | None = None) -> Batch:
    """Write the files of loaded arrivals; nobody knows of them yet.

    It is the first step of :func:`extend`, for whoever has something of their own to put on disk with them.  What
    follows is :func:`~spin_nb.pool.storage.arrivals.append` or :func:`~spin_nb.pool.storage.arrivals.withdraw`, and
    :meth:`Pool.join <spin_nb.pool.pool.Pool.join>`.

    Raises
    ------
    PoolError
        When an id is taken, or one cannot be stored.
    StorageError
        When they cannot be written.
    """
    names = new_ids(len(items)) if ids is None else check_ids(ids)
    others = set(Arrivals(pool.folder).ids) if ids is not None else set()
    duplicate = next((name for name in names if pool.has(name) or name in others), None)
    if duplicate is not None or len(names) != len(items):
        raise PoolError(
            f"{len(names)} ids for {len(items)} items."
            if duplicate is None
            else f"the id {duplicate!r} is taken.",
            "Give every arrival its own id, or none at all.",
        )
    return prepare(pool.folder, names, items, several=pool.modality == "several")
