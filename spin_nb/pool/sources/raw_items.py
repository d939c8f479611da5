"""Raw items of a pool's base rows, as its modality loads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from spin_nb.errors import PoolError
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.sources.folders import file_source


def raw_items_of(data: PoolData, rows: Iterable[int]) -> list[Any]:
    """Raw items of some rows.

    What must not or cannot be read is a ``PoolError`` in their place.

    Files are paths below the pool's folder; several things at once are a dict by part.
    """
    numbers = [int(row) for row in rows]
    if data.container == "several":
        return _several(data, numbers)
    if data.container == "frame":
        column = data.metadata.get("paths") or data.metadata.get("column")
        raws = data.items[column][numbers].to_list() if column else data.items[numbers].to_dicts()
    else:
        raws = [data.items[row] for row in numbers]
    if "root" not in data.metadata:
        return raws
    root = Path(data.metadata["root"])
    return [_inside(root, raw) if data.container == "files" else root / raw for raw in raws]


def _inside(root: Path, name: str) -> Path | PoolError:
    try:
        return file_source(root, name)
    except PoolError as problem:
        return problem


def _several(data: PoolData, numbers: list[int]) -> list[Any]:
    items: list[dict[str, Any]] = [{} for _ in numbers]
    for name, part in data.parts.items():
        rows = [int(data.items.rows[name][row]) for row in numbers]
        good = iter(raw_items_of(part, [row for row in rows if row >= 0]))
        for item, row, place in zip(items, numbers, rows, strict=True):
            why = data.items.reasons[name].get(row, "it is missing")
            item[name] = (
                next(good) if place >= 0 else PoolError(f"{why}.", "Repair it, and pass pool= again.")
            )
    return items
