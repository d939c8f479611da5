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
class _Before:
    """What is known of the pool that the project was made of; its ``fingerprint`` may be None."""

    ids: list[str]
    modality: str
    kind: str
    fingerprint: str | None
    whole: bool


def refuse_other(store: Store, folder: Path, found: PoolData) -> None:
    """Refuse a pool that is not the one of this project.

    Files may come and go in a folder (labels of those that went stay on disk); a folder that has lost most of
    them is taken for another one.

    Raises
    ------
    ContradictionError
        Saying what is missing.
    VersionError
        When a newer version wrote the pool.
    """
    before = _before(store, folder, found)
    if before.fingerprint == found.fingerprint:
        return
    still = set(found.ids) | {item.id for item in found.broken}
    missing = [id for id in before.ids if id not in still]
    same_kind = (before.modality, before.kind) == (found.modality, found.container)
    if same_kind and before.kind == "files" and _few(missing, before.ids):
        return
    if same_kind and before.fingerprint is None and set(before.ids) == still:
        return
    how = f"{len(missing)} items are missing, {missing[0]!r} among them" if missing else "its content differs"
    first = "Leave pool= out to go on" if before.whole else "Pass the one that the project was made of"
    raise ContradictionError(
        f"the pool passed is not the one of this project: {how}.",
        f"{first}, or open another folder for another pool.",
    )


def _before(store: Store, folder: Path, found: PoolData) -> _Before:
    try:
        held = read_stored_pool(folder / POOL).data
        return _Before(held.ids, held.modality, held.container, held.fingerprint, True)
    except PoolError:
        # Labels must stay within reach where the pool's own files are gone or damaged: the database knows it too.
        items = store.items()
        ids = items.filter(~items["arrived"])["item"].to_list()
        meta = store.meta
        modality = meta.get("modality", found.modality)
        return _Before(ids, modality, found.container, meta.get("fingerprint"), False)


def mostly_there(store: Store, found: PoolData) -> bool:
    """Whether a pool of files holds most of the items that the database knows, as after a change of the folder."""
    known = set(store.item_ids()) - set(store.item_ids(arrivals_only=True))
    return bool(found.roots) and _few(known.difference(found.ids), known)


def _few(missing: Collection[str], of: Collection[str]) -> bool:
    return 2 * len(missing) <= len(of)
