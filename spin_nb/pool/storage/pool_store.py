"""The pool on disk, in ``<project>/pool/``: what reopening by path alone needs.

``pool.json`` facts, ``ids.json`` ids, ``items.npy`` or ``items.parquet`` copies of arrays and frames, ``ends.npy``
where series end, ``stamps.npy`` size and time of files that are not copied: of these the absolute path is kept.
Several things at once: the same again for every part, in ``part-0``, ``part-1``, ...

``pool.json`` holds the checksums of all others and of itself, and is written last but for one thing: new contents of
a file wait under ``next-<its name>`` until then.  Whatever a kill interrupts, either the old pool or the new one is
there whole, and a file that was changed behind our back is noticed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError, SpinError, VersionError
from spin_nb.io import checksum, load_array, open_regular, sync, write_atomically
from spin_nb.pool.modalities.lookup import modality_class, modality_for
from spin_nb.pool.pool_data import PoolData
from spin_nb.pool.sources.multimodal import MultimodalData
from spin_nb.pool.sources.parquet import read_parquet
from spin_nb.pool.sources.time_series import RaggedSeries
from spin_nb.types import Broken

if TYPE_CHECKING:
    import polars as pl

SCHEMA = 2
"""1: pictures, texts and tables; 2: any other modality."""
MAX_COMPARED_BYTES = 2**29
"""Bytes up to which a file is compared with its checksum whenever a project opens, in about half a second; of a larger
one the length is."""
MAX_EARLIER_POOLS = 16
"""Pools that came before, as far as they are known by their fingerprints."""
_FACTS, _IDS, _ENDS, _STAMPS = "pool.json", "ids.json", "ends.npy", "stamps.npy"
_ITEMS = {"array": "items.npy", "frame": "items.parquet", "series": "items.npy"}
_ARRAYS = {(np.dtype(np.uint8), 3), (np.dtype(np.uint8), 4), (np.dtype(np.float32), 2)}
"""Type and axes of an array of pictures, and of vectors."""


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write JSON atomically, with its checksum."""
    write_atomically(
        path, lambda half: half.write_text(json.dumps(value | {"seal": _seal(value)}), encoding="utf-8")
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read the JSON of :func:`write_json`.

    An older version has no checksum; :func:`check_seal` compares it.

    Raises
    ------
    ValueError
        It is something else, or was changed since.
    OSError
    """
    try:
        value = json.loads(_content(path))
    except RecursionError:
        raise ValueError(f"{path.name} is nested without end") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no facts")
    return value


def check_seal(value: dict[str, Any], name: str) -> dict[str, Any]:
    """Facts without their checksum.

    Raises
    ------
    ValueError
        The checksum does not fit.
    """
    seal = value.pop("seal", None)
    if seal is not None and seal != _seal(value):
        raise ValueError(f"{name} was changed: its checksum does not fit")
    return value


def _seal(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def write_pool(
    folder: Path, data: PoolData, excluded_items: list[Broken], before: Sequence[str] = ()
) -> None:
    """Store ``data`` below ``folder`` (the project's ``pool`` folder).

    Parameters
    ----------
    before : sequence of str
        Fingerprints of the pools that this one replaces: the database may still know one of those.

    Raises
    ------
    StorageError
        When it cannot be written; the old pool is there, or the new one.
    """
    for number, part in enumerate(_parts(data)):
        write_pool(_part(folder, number), part, [])
    _write(folder, data, excluded_items, before, {}, dict(_contents(data)))


def refresh(folder: Path, data: PoolData, excluded_items: list[Broken], before: Sequence[str] = ()) -> None:
    """Store the stamps of ``data``, and checksums where a version without them wrote the pool; its items stay.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    for number, part in enumerate(_parts(data)):
        refresh(_part(folder, number), part, [])
    files = read_stored_pool(folder).files
    contents = dict(_contents(data))
    stay = [name for name in contents if name != _STAMPS]
    files = files or {name: _file_facts(folder / name) for name in stay}
    _write(folder, data, excluded_items, before, files, {n: w for n, w in contents.items() if n == _STAMPS})


def _parts(data: PoolData) -> list[PoolData]:
    return list(data.parts.values()) if data.container == "several" else []


def _write(
    folder: Path,
    data: PoolData,
    excluded_items: list[Broken],
    before: Sequence[str],
    files: dict[str, Any],
    new: dict[str, Callable[[Path], Any]],
) -> None:
    for name, write in new.items():
        write_atomically(folder / f"next-{name}", write)
        files = files | {name: _file_facts(folder / f"next-{name}")}
    write_facts(folder, data, excluded_items, files, before)
    with suppress(OSError):  # they are data under both names
        for name in new:
            os.replace(folder / f"next-{name}", folder / name)
        sync(folder)


def _file_facts(path: Path) -> dict[str, Any]:
    return {"sha256": checksum(path), "bytes": path.stat().st_size}


def _contents(data: PoolData) -> Iterator[tuple[str, Callable[[Path], Any]]]:
    """Name and writer of every file besides the facts."""
    ids = json.dumps(data.ids)
    yield _IDS, lambda half: half.write_text(ids, encoding="utf-8")
    if data.container == "array":
        yield _ITEMS["array"], lambda half: _save_array(half, data.items)
    elif data.container == "frame":
        stream = io.BytesIO()  # polars has its own errors for a full disk; plain bytes have the system's
        data.items.write_parquet(stream)
        yield _ITEMS["frame"], lambda half: half.write_bytes(stream.getbuffer())
    elif data.container == "series":
        yield _ITEMS["series"], lambda half: _save_array(half, data.items.values)
        yield _ENDS, lambda half: _save_array(half, data.items.ends)
    if data.stamps is not None:
        yield _STAMPS, lambda half: _save_array(half, data.stamps)


def write_facts(
    folder: Path,
    data: PoolData,
    excluded_items: list[Broken],
    files: dict[str, Any],
    before: Sequence[str] = (),
) -> None:
    """Store the small facts, which items turned out to be broken, and the checksums of the other files."""
    write_json(
        folder / _FACTS,
        {
            "schema": modality_class(data.modality).schema,
            "modality": data.modality,
            "kind": data.container,
            "fingerprint": data.fingerprint,
            "before": list(before)[-MAX_EARLIER_POOLS:],
            "about": data.metadata,
            "broken": [[item.id, item.reason] for item in data.broken],
            "excluded": [[item.id, item.reason] for item in excluded_items],
            "files": files,
        },
    )


def _part(folder: Path, number: int) -> Path:
    return folder / f"part-{number}"


def _save_array(path: Path, array: Any) -> None:
    with open(path, "wb") as stream:
        np.save(stream, array, allow_pickle=False)


@dataclass(frozen=True)
class StoredPool:
    """A pool as it lies on disk.

    Attributes
    ----------
    data : PoolData
    excluded_items : list of Broken
    files : dict
        Name -> checksum and length of the other files; empty where a version without checksums wrote them.
    before : list of str
        Fingerprints of the pools that this one replaced, oldest first.
    """

    data: PoolData
    excluded_items: list[Broken]
    files: dict[str, Any] = field(repr=False)
    before: list[str] = field(default_factory=list)

    def holds(self, data: PoolData) -> bool:
        """Tell whether it is ``data``, with its checksums."""
        same = (self.data.fingerprint, self.data.container, self.data.state)
        return bool(self.files) and same == (data.fingerprint, data.container, data.state)


def try_read_stored_pool(folder: Path) -> StoredPool | None:
    """Return what is stored.

    It is None where there is nothing, or nothing that can be read.
    """
    try:
        return read_stored_pool(folder)
    except PoolError:
        return None


def read_stored_pool(folder: Path, frame: pl.DataFrame | None = None) -> StoredPool:
    """Read what :func:`write_pool` stored; arrays are memory-mapped.

    Parameters
    ----------
    frame : polars.DataFrame, optional
        That was stored a moment ago: it is not read once more.

    Raises
    ------
    PoolError
        When it is missing or damaged.
    VersionError
        When a newer version wrote it.
    """
    try:
        facts = read_json(folder / _FACTS)
        if facts["schema"] > SCHEMA:
            raise VersionError(
                f"the pool has schema {facts['schema']}, newer than {SCHEMA}.", "Update spin_nb."
            )
        has_checksums = "files" in facts
        if has_checksums and "seal" not in facts:
            raise ValueError(f"{_FACTS} has lost its checksum")
        facts = check_seal(facts, _FACTS)
        files = facts.get("files", {})
        ids = json.loads(_content(_file(folder, _IDS, files)))
        items = _read_items(folder, facts["kind"], ids, facts["about"], files) if frame is None else frame
        if len(items) != len(ids):
            raise ValueError(f"{len(items)} items and {len(ids)} ids")
        data = PoolData(
            ids=ids,
            sources=[],
            modality=facts["modality"],
            container=facts["kind"],
            items=items,
            metadata=facts["about"],
            broken=_broken(facts, "broken"),
            labels={},
            fingerprint=facts["fingerprint"],
            stamps=_read_stamps(folder, files, len(ids)) if _STAMPS in files else None,
        )
        _check(data)
        return StoredPool(data, _broken(facts, "excluded"), files, facts.get("before", []))
    except FileNotFoundError as problem:
        raise PoolError(
            f"the project holds no pool ({problem.filename!r} is missing).", "Pass pool= again."
        ) from None
    except SpinError:
        raise
    except (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as problem:
        why = f"{problem} is missing or unknown" if isinstance(problem, KeyError) else problem
        raise PoolError(f"the pool in {str(folder)!r} cannot be read: {why}.", "Pass pool= again.") from None


def _file(folder: Path, name: str, files: dict[str, Any]) -> Path:
    """Path of a file's contents that the facts speak of; those may not have been given its name yet."""
    path, waiting = folder / name, folder / f"next-{name}"
    if not files:  # of a version without checksums
        return path
    for candidate in (path, waiting):
        with suppress(FileNotFoundError):
            if _is(candidate, files[name], waiting.exists()):
                return candidate
    path.stat()  # FileNotFoundError says so
    raise ValueError(f"{name} was changed or cut: its checksum does not fit")


def _is(path: Path, facts: dict[str, Any], doubtful: bool) -> bool:
    size = path.stat().st_size
    if size != facts["bytes"]:
        return False
    return (size > MAX_COMPARED_BYTES and not doubtful) or checksum(path) == facts["sha256"]


def _content(path: Path) -> str:
    with open_regular(path) as stream:
        return stream.read().decode()


def _check(data: PoolData) -> None:
    """Raise ValueError or KeyError where facts are of the wrong kind: here it is said what to do, later not."""
    if not isinstance(data.ids, list) or not all(isinstance(id, str) for id in data.ids) or not data.ids:
        raise ValueError("ids.json holds no list of ids")
    if not isinstance(data.fingerprint, str) or not isinstance(data.metadata, dict):
        raise ValueError("pool.json does not say what it holds")
    if data.container == "files" or "paths" in data.metadata:
        Path(data.metadata["root"])
    if data.container == "array" and (data.items.dtype, data.items.ndim) not in _ARRAYS:
        raise ValueError(f"{_ITEMS['array']} holds {data.items.dtype} {data.items.shape}")
    if data.container == "frame":
        special = {data.metadata[key] for key in ("paths", "column") if data.metadata.get(key)}
        if not special <= set(data.items.columns):
            raise ValueError(f"{_ITEMS['frame']} lacks the column {', '.join(special)}")
    if data.container == "several" and data.fingerprint != data.items.fingerprint(data.ids, data.metadata):
        raise ValueError("its parts are those of another pool")
    modality_for(data)


def _broken(facts: dict[str, Any], name: str) -> list[Broken]:
    items = [Broken(*pair) for pair in facts[name]]
    if not all(isinstance(item.id, str) and isinstance(item.reason, str) for item in items):
        raise ValueError(f"{_FACTS} does not say in words which items are {name}")
    return items


def _read_stamps(folder: Path, files: dict[str, Any], n: int) -> NDArray[np.int64]:
    stamps: NDArray[np.int64] = np.array(load_array(_file(folder, _STAMPS, files)))  # no map: it is replaced
    if stamps.shape != (n, 2) or stamps.dtype != np.int64:
        raise ValueError(f"{_STAMPS} holds something else")
    return stamps


def _read_items(folder: Path, kind: str, ids: list[str], about: dict[str, Any], files: dict[str, Any]) -> Any:
    if kind == "files":
        return ids
    if kind == "several":
        parts = {
            name: read_stored_pool(_part(folder, number)).data for number, name in enumerate(about["parts"])
        }
        return MultimodalData.of(parts, about, len(ids))
    path = _file(folder, _ITEMS[kind], files)
    if kind == "array":
        return load_array(path)
    if kind == "series":
        ends = np.array(load_array(_file(folder, _ENDS, files)))
        return RaggedSeries.of(load_array(path), ends, len(about["channels"]))
    return read_parquet(path)
