"""Items that arrived after the pool was made: appended to ``arrivals.jsonl``, media in files beside it.

Pictures are kept as PNG, sounds as WAV, series and frames of videos as NPY: as they are loaded, not as they came.

Several kernels may take in arrivals for one project at once, so nothing is counted or overwritten: ids and names of
files are drawn at random, and one call appends one line with one write.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from spin_nb.errors import PoolError, StorageError
from spin_nb.pool.sounds import Sound, wav
from spin_nb.words import shown

_FILE = re.compile(r"[0-9a-f]{6,32}\.(png|wav|npy)")
_WHOLE = re.compile(rb'"(batch|void)": "[0-9a-f]{32}"\}$')
"""How a line ends that was written to its end; quotes inside an item are escaped, so no torn line ends so."""


@dataclass(frozen=True)
class Arrival:
    """One arrived item: its id and its raw source (path of a PNG or WAV, text, dict, vector, series or frames)."""

    id: str
    source: Any


def new_ids(n: int) -> list[str]:
    """Ids that no other kernel gives out."""
    return [f"arrival-{uuid4().hex[:12]}" for _ in range(n)]


def read_arrivals(folder: Path) -> list[Arrival]:
    """Arrivals in the order they were stored; of two with one id, the first.

    A line that a crash or a full disk cut short is left out, with all the items of that call.

    Raises
    ------
    PoolError
        When a line that was whole is damaged.
    """
    path = folder / "arrivals.jsonl"
    if not path.exists():
        return []
    calls: dict[str, list[Arrival]] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n")):
        try:
            entry = json.loads(line) if line else {"void": ""}
            if "void" in entry:
                calls.pop(entry["void"], None)
            else:
                items = entry.get("items", [entry])
                calls[entry.get("batch", str(number))] = [
                    Arrival(item["id"], _source(folder, item)) for item in items
                ]
        except (ValueError, KeyError, TypeError, AttributeError):
            if _WHOLE.search(line):
                raise PoolError(
                    f"a line of {str(path)!r} cannot be read: {shown(line)}.", "Restore or remove it."
                ) from None
    found: dict[str, Arrival] = {}
    for arrivals in calls.values():
        for arrival in arrivals:
            found.setdefault(arrival.id, arrival)
    return list(found.values())


def _source(folder: Path, entry: dict[str, Any]) -> Any:
    if "parts" in entry:
        return {name: part and _source(folder, part) for name, part in entry["parts"].items()}
    for kind in ("picture", "sound", "array"):
        if kind in entry:
            return _kept(folder, kind, entry[kind])
    if "vector" in entry:
        return np.asarray(entry["vector"], np.float32)
    return entry["text"] if "text" in entry else entry["row"]


def _kept(folder: Path, kind: str, name: str) -> Any:
    if not _FILE.fullmatch(name):
        raise ValueError(name)
    path = folder / "arrivals" / name
    if kind != "array":
        return path
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as problem:
        return PoolError(f"{str(path)!r} cannot be read: {problem}.", "Restore it.")


def append_arrivals(
    folder: Path, ids: Sequence[str], items: Sequence[Any], *, several: bool = False
) -> list[Arrival]:
    """Store loaded items: their files first, then the line that names them.

    Parameters
    ----------
    folder : Path
        The project's ``pool`` folder.
    ids : sequence of str
    items : sequence
        Loaded.
    several : bool
        Whether each is a dict of parts; else a dict is a row.

    Raises
    ------
    StorageError
        When they cannot be written; none is then taken in.
    """
    if not len(items):
        return []
    path = folder / "arrivals.jsonl"
    try:
        (folder / "arrivals").mkdir(parents=True, exist_ok=True)
        make = _parts if several else _entry
        entries = [{"id": key, **make(folder, item)} for key, item in zip(ids, items, strict=True)]
        _append(path, entries)
    except OSError as problem:
        raise StorageError(
            f"cannot store arrivals in {str(path)!r}: {problem.strerror}.", "Free space, or check rights."
        ) from None
    except (TypeError, ValueError) as problem:
        raise PoolError(
            f"an arrival cannot be stored: {problem}.", "Pass plain numbers and strings."
        ) from None
    return [Arrival(entry["id"], _source(folder, entry)) for entry in entries]


def _append(path: Path, entries: list[dict[str, Any]]) -> None:
    """Append one line durably; it begins with a line break too, so that it never joins what was left torn."""
    batch = uuid4().hex
    line = f"\n{json.dumps({'items': entries, 'batch': batch})}\n".encode()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            if os.write(file, line) < len(line):
                raise OSError(28, "No space left on device")
            os.fsync(file)
        except OSError:
            # Cutting the file could cut what another kernel has written since: the line is taken back instead.
            with suppress(OSError):
                os.write(file, f'\n{{"void": "{batch}"}}\n'.encode())
            raise
    finally:
        os.close(file)


def _parts(folder: Path, item: dict[str, Any]) -> dict[str, Any]:
    return {"parts": {name: None if part is None else _entry(folder, part) for name, part in item.items()}}


def _entry(folder: Path, item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict):
        return {"row": {str(name): _plain(value) for name, value in item.items()}}
    if isinstance(item, Sound):
        return {"sound": _written(folder, "wav", wav(item, exact=True))}
    if item.ndim == 1:
        return {"vector": item.tolist()}
    encoded = io.BytesIO()
    if item.dtype != np.uint8 or item.ndim == 4:
        np.save(encoded, item, allow_pickle=False)
        return {"array": _written(folder, "npy", encoded.getvalue())}
    from PIL import Image

    Image.fromarray(np.ascontiguousarray(item)).save(encoded, "PNG", compress_level=1)
    return {"picture": _written(folder, "png", encoded.getvalue())}


def _written(folder: Path, ending: str, content: bytes) -> str:
    name = f"{uuid4().hex}.{ending}"
    with open(folder / "arrivals" / name, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return name


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
