"""Whether a pool is the project's own: another one under its ids would put old labels on new items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from spin_nb.errors import ContradictionError, PoolError
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.storage.pool_store import read_stored_pool
from spin_nb.project.folder import POOL
from spin_nb.project.store import Store


@dataclass(frozen=True)
class _ProjectPool:
    """The project's pool; ``fingerprint`` may be None."""

    ids: list[str]
    modality: str
    kind: str
    fingerprint: str | None
    is_readable: bool


def check_same_pool(store: Store, folder: Path, pool_data: PoolData) -> None:
    """Refuse a pool other than the project's.

    Files may come and go in a folder (labels of those that went stay on disk); a folder that has lost most of
    them is taken for another one.

    Raises
    ------
    ContradictionError
        Saying what is missing.
    VersionError
        When a newer version wrote the pool.
    """
    project_pool = _project_pool(store, folder, pool_data)
    if project_pool.fingerprint == pool_data.fingerprint:
        return
    present_ids = set(pool_data.ids) | {item.id for item in pool_data.broken}
    missing = [id for id in project_pool.ids if id not in present_ids]
    same_kind = (project_pool.modality, project_pool.kind) == (pool_data.modality, pool_data.container)
    if same_kind and project_pool.kind == "files" and _few(missing, project_pool.ids):
        return
    if same_kind and project_pool.fingerprint is None and set(project_pool.ids) == present_ids:
        return
    how = f"{len(missing)} items are missing, {missing[0]!r} among them" if missing else "its content differs"
    first = (
        "Leave pool= out to go on"
        if project_pool.is_readable
        else "Pass the one that the project was made of"
    )
    raise ContradictionError(
        f"the pool passed is not the one of this project: {how}.",
        f"{first}, or open another folder for another pool.",
    )


def _project_pool(store: Store, folder: Path, pool_data: PoolData) -> _ProjectPool:
    try:
        stored_data = read_stored_pool(folder / POOL).data
        return _ProjectPool(
            stored_data.ids, stored_data.modality, stored_data.container, stored_data.fingerprint, True
        )
    except PoolError:
        # Labels must stay within reach where the pool's own files are gone or damaged: the database knows it too.
        items = store.items()
        ids = items.filter(~items["arrived"])["item"].to_list()
        meta = store.meta
        modality = meta.get("modality", pool_data.modality)
        return _ProjectPool(ids, modality, pool_data.container, meta.get("fingerprint"), False)


def has_most_items(store: Store, pool_data: PoolData) -> bool:
    """Look for most database items in a pool of files.

    It has them after a change of the folder.
    """
    database_ids = set(store.item_ids()) - set(store.item_ids(arrivals_only=True))
    return bool(pool_data.roots) and _few(database_ids.difference(pool_data.ids), database_ids)


def _few(missing: Collection[str], of: Collection[str]) -> bool:
    return 2 * len(missing) <= len(of)
