"""What reading a pool found: the value that ingest hands to :class:`spin_nb.pool.pool.Pool`."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.types import Broken
from spin_nb.words import shown

FLOAT32_MAX = 3.4028234663852886e38
"""Numbers beyond would turn infinite as features."""


@dataclass(frozen=True, eq=False)
class PoolData:
    """Items that can be labelled, as read.

    Attributes
    ----------
    ids : list of str
        Stable ids of the good items, in pool order.
    sources : list of dict
        Where each one comes from, json-able.
    modality : str
        "image", "text", "table", "series", "audio", "video" or "several".
    container : str
        How the items are kept: "array", "frame", "files", "series" or "several".
    items : ndarray, polars.DataFrame, list of str, RaggedSeries or MultimodalData
        What is stored: the array, the frame, one path an item, series, or the parts of several things at once.
    metadata : dict
        json-able facts that loading needs: root folder, column, value range, largest side in pixels.
    broken : list of Broken
        What was kept out, and why.
    labels : dict
        id -> class name; empty unless ``labels_from`` was given.
    fingerprint : str
        sha256 over ids and content (for folders: names and sizes): whether two are the same pool.
    classes : list of str
        Class names that came with the pool, in order; empty where none did.
    all_ids : list of str
        Ids of all that was given, those kept out too, in order; empty where that is ``ids``.
    stamps : int64 (n, 2) or None
        Of items that are files outside the project: bytes and time of change in ns, when features were last wanted.
    """

    ids: list[str]
    sources: list[dict[str, Any]] = field(repr=False)
    modality: str
    container: str
    items: Any = field(repr=False)
    metadata: dict[str, Any]
    broken: list[Broken]
    labels: dict[str, str] = field(repr=False)
    fingerprint: str
    classes: list[str] = field(default_factory=list)
    all_ids: list[str] = field(default_factory=list, repr=False)
    stamps: NDArray[np.int64] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def parts(self) -> dict[str, PoolData]:
        """Name -> the data of that part.

        It is empty unless an item is several things.
        """
        return dict(getattr(self.items, "parts", {}))

    @property
    def roots(self) -> list[str]:
        """Folders outside the project that items lie in.

        Those of its parts are among them.
        """
        inside = [root for part in self.parts.values() for root in part.roots]
        return [self.metadata["root"], *inside] if "root" in self.metadata else inside

    @property
    def state(self) -> str | None:
        """sha256 over the stamps, the parts' too.

        It is None where no item is a file.  Features follow it.
        """
        part_states = [part.state for part in self.parts.values()]
        if self.stamps is None and not any(part_states):
            return None
        return fingerprint(part_states, b"" if self.stamps is None else self.stamps.tobytes())


def stamp(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Bytes and time of change of a file, in ns: what tells, without reading it, that it was replaced.

    Raises
    ------
    OSError
    """
    about = os.stat(path)
    return about.st_size, about.st_mtime_ns


def as_stamps(stamps: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Stamps as an array, int64 (n, 2)."""
    return np.array(stamps, np.int64).reshape(-1, 2)


def check_ids(ids: Sequence[Any]) -> list[str]:
    """Ids as strings, each printable and unique.

    Raises
    ------
    PoolError
        Naming the first offender.
    """
    texts = [_id(value) for value in ids]
    for text, value in zip(texts, ids, strict=True):
        if value is None or not text or "\x00" in text or not text.isprintable():
            raise PoolError(f"{shown(value)} cannot be an id.", "Give every item a short printable id.")
    if len(set(texts)) != len(texts):
        twice, times = Counter(texts).most_common(1)[0]
        raise PoolError(f"the id {shown(twice)} is given {times} times.", "Give every item its own id.")
    return texts


def _id(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return ""


def default_ids(n: int) -> list[str]:
    """Ids for items that come without: "item-000000", ..."""
    return [f"item-{row:06d}" for row in range(n)]


def fingerprint(*parts: object) -> str:
    """sha256 over strings, bytes, json-able values and contiguous arrays."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, (bytes, memoryview)) else json.dumps(part, sort_keys=True).encode()
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def as_labels(ids: Iterable[str], labels: Iterable[Any]) -> dict[str, str]:
    """Id -> label, leaving out missing ones."""
    return {key: str(value) for key, value in zip(ids, labels, strict=True) if value is not None}
