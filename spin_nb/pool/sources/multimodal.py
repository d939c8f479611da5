"""Several things at once for one item: a picture, its text and its row, say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.pool_data import PoolData, default_ids, fingerprint
from spin_nb.pool.sources.user_pools import Multimodal
from spin_nb.types import Broken


@dataclass(frozen=True, eq=False)
class MultimodalData:
    """The parts of all items, as they are stored.

    Attributes
    ----------
    parts : dict
        Name -> :class:`PoolData` of that part.
    rows : dict
        Name -> int64 (n,), row in that part of every item; -1 where it was kept out.
    reasons : dict
        Name -> {row of the item: why}.
    n : int
        Items.
    """

    parts: dict[str, PoolData]
    rows: dict[str, NDArray[np.int64]] = field(repr=False)
    reasons: dict[str, dict[int, str]] = field(repr=False)
    n: int

    def __len__(self) -> int:
        return self.n

    def fingerprint(self, ids: list[str], metadata: dict[str, Any]) -> str:
        """sha256 over ids, pairing and the parts' fingerprints."""
        return fingerprint(
            "several", ids, metadata, {name: part.fingerprint for name, part in self.parts.items()}
        )

    @classmethod
    def of(cls, parts: dict[str, PoolData], metadata: dict[str, Any], n: int) -> MultimodalData:
        """Join the parts by their json-able metadata.

        Raises
        ------
        ValueError
            When these do not fit.
        """
        rows = {}
        for name, part in parts.items():
            listed_rows = metadata["rows"][name]
            rows[name] = np.arange(n) if listed_rows is None else np.asarray(listed_rows, np.int64)
            if len(rows[name]) != n or (n and not -1 <= rows[name].min() <= rows[name].max() < len(part)):
                raise ValueError(f"the part {name!r} has {len(part)} items")
        reasons = {name: {int(row): why for row, why in metadata["reasons"][name].items()} for name in parts}
        return cls(parts, rows, reasons, n)


def read_multimodal(several: Multimodal, read: Callable[[Any], PoolData]) -> PoolData:
    """Items of several parts.

    One is kept out only where none of its parts can be read.

    Parameters
    ----------
    several : Multimodal
    read : callable
        Reads one part.

    Raises
    ------
    PoolError
        When a part cannot be read, or the parts do not fit together.
    """
    parts_data = {name: _read_part(name, part, read) for name, part in several.parts.items()}
    ids, order = _pair_ids(parts_data)
    places = {name: _places(part, order[name]) for name, part in parts_data.items()}
    alive = np.any([rows >= 0 for rows, _ in places.values()], axis=0)
    good_rows = np.flatnonzero(alive)
    about = _metadata(places, good_rows)
    broken = [
        Broken(ids[row], "; ".join(f"{name}: {why[int(row)]}" for name, (_, why) in places.items()))
        for row in np.flatnonzero(~alive)
    ]
    if not len(good_rows):
        raise PoolError(
            f"no part of any item can be read; the first: {broken[0].reason}.", "Check the parts."
        )
    names = [ids[row] for row in good_rows]
    parts = MultimodalData.of(parts_data, about, len(names))
    return PoolData(
        ids=names,
        sources=[{"row": int(row)} for row in good_rows],
        modality="several",
        container="several",
        items=parts,
        metadata=about,
        broken=broken,
        labels={},
        fingerprint=parts.fingerprint(names, about),
    )


def _read_part(name: str, part: object, read: Callable[[Any], PoolData]) -> PoolData:
    try:
        return read(part)
    except PoolError as problem:
        raise type(problem)(f"the part {name!r}: {problem.what}", problem.do) from None


def _metadata(
    places: dict[str, tuple[NDArray[np.int64], dict[int, str]]], good_rows: NDArray[np.int64]
) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for name, (at, _) in places.items():
        mine = at[good_rows]
        rows[name] = None if np.array_equal(mine, np.arange(len(good_rows))) else mine.tolist()
    new = {int(old): str(row) for row, old in enumerate(good_rows)}
    reasons = {
        name: {new[row]: why for row, why in whys.items() if row in new} for name, (_, whys) in places.items()
    }
    return {"parts": list(places), "rows": rows, "reasons": reasons}


def _places(part: PoolData, order: list[str]) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Row of every item in the part, -1 where kept out, and why."""
    rows, why = {key: row for row, key in enumerate(part.ids)}, {item.id: item.reason for item in part.broken}
    at = np.array([rows.get(key, -1) for key in order], np.int64)
    return at, {row: why[key] for row, key in enumerate(order) if at[row] < 0}


def _pair_ids(parts: dict[str, PoolData]) -> tuple[list[str], dict[str, list[str]]]:
    """Ids of the items, and each part's in their order."""
    ids_by_part = {name: part.all_ids or part.ids for name, part in parts.items()}
    lengths = {name: len(ids) for name, ids in ids_by_part.items()}
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{name!r} {length:,}" for name, length in lengths.items())
        raise PoolError(
            f"the parts have different numbers of items: {sizes}.", "Give every item all its parts."
        )
    named_parts = [name for name, ids in ids_by_part.items() if ids != default_ids(len(ids))]
    if not named_parts:
        return next(iter(ids_by_part.values())), ids_by_part
    first, keys = named_parts[0], _keys(parts[named_parts[0]], ids_by_part[named_parts[0]])
    for name in named_parts[1:]:
        theirs = dict(zip(_keys(parts[name], ids_by_part[name]), ids_by_part[name], strict=True))
        unpaired = next((key for key in keys if key not in theirs), None)
        if unpaired is not None or len(theirs) < len(keys):
            example = unpaired or ids_by_part[name][0]
            raise PoolError(
                f"the parts {first!r} and {name!r} have different ids: {example!r} is not in both.",
                "Give what belongs together the same names, or pass lists of paths in the order that pairs them.",
            )
        ids_by_part[name] = [theirs[key] for key in keys]
    return ids_by_part[first], ids_by_part


def _keys(part: PoolData, ids: list[str]) -> list[str]:
    return [str(PurePosixPath(key).with_suffix("")) for key in ids] if part.container == "files" else ids
