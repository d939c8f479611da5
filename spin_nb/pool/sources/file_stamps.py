"""Files that a project refers to outside itself: looked at again, without reading them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.pool_data import Ingested, stamp


def source_of(found: Ingested, row: int) -> dict[str, Any]:
    """Where a base row comes from, json-able."""
    if found.kind == "files":
        return {"path": found.ids[row]}
    if "paths" in found.about:
        return {"path": found.data[found.about["paths"]][row]}
    return {"row": row}


def looked_at(found: Ingested) -> tuple[Ingested, list[str]]:
    """The same with the stamps that its files have now, its parts' too; and the items whose files are not there.

    A file that is gone keeps its stamp: it may be back, and what was computed from it still holds.
    """
    gone: list[str] = []
    parts = getattr(found.data, "found", None)
    if parts:
        seen = {name: looked_at(part) for name, part in parts.items()}
        found = replace(found, data=replace(found.data, found={name: now for name, (now, _) in seen.items()}))
        gone += [id for _, missing in seen.values() for id in missing]
    if "root" in found.about:
        stamps, missing = _stamps(found)
        found, gone = replace(found, stamps=stamps), [*gone, *missing]
    return found, list(dict.fromkeys(gone))


def _stamps(found: Ingested) -> tuple[NDArray[np.int64], list[str]]:
    root, gone = found.about["root"], []
    names = found.ids if found.kind == "files" else found.data[found.about["paths"]].to_list()
    stamps = np.empty((len(names), 2), np.int64)
    for row, name in enumerate(names):
        try:
            stamps[row] = stamp(os.path.join(root, name))
        except (OSError, ValueError):
            gone.append(found.ids[row])
            stamps[row] = -1 if found.stamps is None else found.stamps[row]
    return stamps, gone
