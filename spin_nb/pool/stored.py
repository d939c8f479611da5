"""The pool on disk, in ``<project>/pool/``: what reopening by path alone needs.

``pool.json`` facts, ``ids.json`` ids, ``items.npy`` or ``items.parquet`` copies of arrays and frames, ``ends.npy``
where series end.  Folders of files are not copied: their absolute path is kept.  Several things at once: the same
again for every part, in ``part-0``, ``part-1``, ...  ``pool.json`` is written last, by rename.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError, VersionError
from spin_nb.io import write_atomically
from spin_nb.pool.ingested import Ingested
from spin_nb.pool.modalities import modality_for
from spin_nb.pool.series import Ragged
from spin_nb.pool.several import Parts
from spin_nb.types import Broken

SCHEMA = 2
"""1: pictures, texts and tables; 2: any other modality."""
_FIRST = ("image", "text", "table")
_ITEMS = {"array": "items.npy", "frame": "items.parquet", "series": "items.npy"}
_ENDS = "ends.npy"


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    write_atomically(path, lambda half: half.write_text(json.dumps(value), encoding="utf-8"))


def write_pool(folder: Path, found: Ingested, excluded: list[Broken]) -> None:
    """Store ``found`` below ``folder`` (the project's ``pool`` folder)."""
    if found.kind == "array":
        write_atomically(folder / _ITEMS["array"], lambda half: _save_array(half, found.data))
    elif found.kind == "frame":
        stream = io.BytesIO()  # polars has its own errors for a full disk; plain bytes have the system's
        found.data.write_parquet(stream)
        write_atomically(folder / _ITEMS["frame"], lambda half: half.write_bytes(stream.getbuffer()))
    elif found.kind == "series":
        write_atomically(folder / _ITEMS["series"], lambda half: _save_array(half, found.data.values))
        write_atomically(folder / _ENDS, lambda half: _save_array(half, found.data.ends))
    elif found.kind == "several":
        for number, part in enumerate(found.data.found.values()):
            write_pool(_part(folder, number), part, [])
    write_json(folder / "ids.json", found.ids)
    write_facts(folder, found, excluded)


def write_facts(folder: Path, found: Ingested, excluded: list[Broken]) -> None:
    """Store the small facts, and with them which items turned out to be broken."""
    write_json(
        folder / "pool.json",
        {
            "schema": 1 if found.modality in _FIRST else SCHEMA,
            "modality": found.modality,
            "kind": found.kind,
            "fingerprint": found.fingerprint,
            "about": found.about,
            "broken": [[item.id, item.reason] for item in found.broken],
            "excluded": [[item.id, item.reason] for item in excluded],
        },
    )


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number}"


def _save_array(path: Path, array: Any) -> None:
    with open(path, "wb") as stream:
        np.save(stream, array, allow_pickle=False)


def read_stored(folder: Path) -> tuple[Ingested, list[Broken]]:
    """Read what :func:`write_pool` stored; arrays are memory-mapped.  Also returns the excluded items.

    Raises
    ------
    PoolError
        When it is missing or damaged.
    VersionError
        When a newer version wrote it.
    """
    try:
        facts = json.loads((folder / "pool.json").read_text(encoding="utf-8"))
        if facts["schema"] > SCHEMA:
            raise VersionError(
                f"the pool has schema {facts['schema']}, newer than {SCHEMA}.", "Update spin_nb."
            )
        ids = json.loads((folder / "ids.json").read_text(encoding="utf-8"))
        data = _read_items(folder, facts["kind"], ids, facts["about"])
        if len(data) != len(ids):
            raise ValueError(f"{len(data)} items and {len(ids)} ids")
        found = Ingested(
            ids=ids,
            sources=[],
            modality=facts["modality"],
            kind=facts["kind"],
            data=data,
            about=facts["about"],
            broken=[Broken(*pair) for pair in facts["broken"]],
            labels={},
            fingerprint=facts["fingerprint"],
        )
        _check(found)
        return found, [Broken(*pair) for pair in facts["excluded"]]
    except FileNotFoundError as problem:
        raise PoolError(
            f"the project holds no pool ({problem.filename!r} is missing).", "Pass pool= again."
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as problem:
        why = f"{problem} is missing or unknown" if isinstance(problem, KeyError) else problem
        raise PoolError(f"the pool in {str(folder)!r} cannot be read: {why}.", "Pass pool= again.") from None


def _check(found: Ingested) -> None:
    """Raise ValueError or KeyError where facts are of the wrong kind: here it is said what to do, later not."""
    if not isinstance(found.ids, list) or not all(isinstance(id, str) for id in found.ids) or not found.ids:
        raise ValueError("ids.json holds no list of ids")
    if not isinstance(found.fingerprint, str) or not isinstance(found.about, dict):
        raise ValueError("pool.json does not say what it holds")
    if found.kind == "files" or "paths" in found.about:
        Path(found.about["root"])
    if found.kind == "frame":
        special = {found.about[key] for key in ("paths", "column") if found.about.get(key)}
        if not special <= set(found.data.columns):
            raise ValueError(f"{_ITEMS['frame']} lacks the column {', '.join(special)}")
    modality_for(found)


def _read_items(folder: Path, kind: str, ids: list[str], about: dict[str, Any]) -> Any:
    if kind == "files":
        return ids
    if kind == "several":
        parts = {name: read_stored(_part(folder, number))[0] for number, name in enumerate(about["parts"])}
        return Parts.of(parts, about, len(ids))
    path = folder / _ITEMS[kind]
    if kind == "array":
        return np.load(path, mmap_mode="r", allow_pickle=False)
    if kind == "series":
        values = np.load(path, mmap_mode="r", allow_pickle=False)
        return Ragged.of(values, np.load(folder / _ENDS, allow_pickle=False), len(about["channels"]))
    import polars as pl

    try:
        return pl.read_parquet(path)
    except pl.exceptions.PolarsError as problem:
        raise ValueError(str(problem)) from None
