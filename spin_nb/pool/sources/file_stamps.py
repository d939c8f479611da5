"""Files that a project refers to outside itself: looked at again, without reading them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.pool_data import PoolData, stamp


def source_of(data: PoolData, row: int) -> dict[str, Any]:
    """Source of a base row, json-able."""
    if data.container == "files":
        return {"path": data.ids[row]}
    if "paths" in data.metadata:
        return {"path": data.items[data.metadata["paths"]][row]}
    return {"row": row}


def refresh_stamps(data: PoolData) -> tuple[PoolData, list[str]]:
    """The same with the stamps that its files have now, its parts' too; and the items whose files are not there.

    A file that is gone keeps its stamp: it may be back, and what was computed from it still holds.
    """
    missing_ids: list[str] = []
    parts = data.parts
    if parts:
        parts_and_missing = {name: refresh_stamps(part) for name, part in parts.items()}
        new_parts = {name: new for name, (new, _) in parts_and_missing.items()}
        data = replace(data, items=replace(data.items, parts=new_parts))
        missing_ids += [id for _, missing in parts_and_missing.values() for id in missing]
    if "root" in data.metadata:
        stamps, missing = _stamps(data)
        data, missing_ids = replace(data, stamps=stamps), [*missing_ids, *missing]
    return data, list(dict.fromkeys(missing_ids))


def changed_ids(before: PoolData, now: PoolData) -> list[str]:
    """Items of both whose files have changed."""
    names = []
    if before.stamps is not None and now.stamps is not None:
        stamps = dict(zip(before.ids, before.stamps.tolist(), strict=True))
        names = [
            name
            for name, file_stamp in zip(now.ids, now.stamps.tolist(), strict=True)
            if stamps.get(name, file_stamp) != file_stamp
        ]
    parts = before.parts
    late = now.parts
    return list(
        dict.fromkeys([*names, *(id for part in parts for id in changed_ids(parts[part], late[part]))])
    )


def _stamps(data: PoolData) -> tuple[NDArray[np.int64], list[str]]:
    root, missing_ids = data.metadata["root"], []
    names = data.ids if data.container == "files" else data.items[data.metadata["paths"]].to_list()
    stamps = np.empty((len(names), 2), np.int64)
    for row, name in enumerate(names):
        try:
            stamps[row] = stamp(os.path.join(root, name))
        except (OSError, ValueError):
            missing_ids.append(data.ids[row])
            stamps[row] = -1 if data.stamps is None else data.stamps[row]
    return stamps, missing_ids
