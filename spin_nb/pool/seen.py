"""Files that a project refers to outside itself: looked at again, without reading them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.ingested import Ingested, stamp


def source_of(found: Ingested, row: int) -> dict[str, Any]:
    """Where a base row comes from, json-able."""
    if found.kind == "files":
        return {"path": found.ids[row]}
    if "paths" in found.about:
        return {"path": found.data[found.about["paths"]][row]}
    return {"row": row}


def looked_at(found: Ingested) -> Ingested:
    """The same with the stamps that its files have now, its parts' too.

    One that is gone keeps its stamp: it may be back, and what was computed from it still holds.
    """
    parts = getattr(found.data, "found", None)
    if parts:
        now = {name: looked_at(part) for name, part in parts.items()}
        found = replace(found, data=replace(found.data, found=now))
    return replace(found, stamps=_stamps(found)) if "root" in found.about else found


def _stamps(found: Ingested) -> NDArray[np.int64]:
    root = found.about["root"]
    names = found.ids if found.kind == "files" else found.data[found.about["paths"]].to_list()
    stamps = np.empty((len(names), 2), np.int64)
    for row, name in enumerate(names):
        try:
            stamps[row] = stamp(os.path.join(root, name))
        except (OSError, ValueError):
            stamps[row] = -1 if found.stamps is None else found.stamps[row]
    return stamps
