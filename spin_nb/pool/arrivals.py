"""Items that arrived after the pool was made: appended to ``arrivals.jsonl``, pictures as PNG beside it.

Several kernels may take in arrivals for one project at once, so nothing is counted or overwritten: ids and names of
pictures are drawn at random, and one call appends one line with one write.
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

_PICTURE = re.compile(r"[0-9a-f]{6,32}\.png")
_WHOLE = re.compile(rb'"(batch|void)": "[0-9a-f]{32}"\}$')
"""How a line ends that was written to its end; quotes inside an item are escaped, so no torn line ends so."""


@dataclass(frozen=True)
class Arrival:
    """One arrived item: its id and its raw source (path of a PNG, text, dict or vector)."""

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
                    f"a line of {str(path)!r} cannot be read: {line!r:.80}.", "Restore or remove it."
                ) from None
    found: dict[str, Arrival] = {}
    for arrivals in calls.values():
        for arrival in arrivals:
            found.setdefault(arrival.id, arrival)
    return list(found.values())


def _source(folder: Path, entry: dict[str, Any]) -> Any:
    if "picture" in entry:
        if not _PICTURE.fullmatch(entry["picture"]):
            raise ValueError(entry["picture"])
        return folder / "arrivals" / entry["picture"]
    if "vector" in entry:
        return np.asarray(entry["vector"], np.float32)
    return entry["text"] if "text" in entry else entry["row"]


def append_arrivals(folder: Path, ids: Sequence[str], items: Sequence[Any]) -> list[Arrival]:
    """Store loaded items: pictures first, then the line that names them.

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
        entries = [{"id": key, **_entry(folder, item)} for key, item in zip(ids, items, strict=True)]
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


def _entry(folder: Path, item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict):
        return {"row": {str(name): _plain(value) for name, value in item.items()}}
    if item.ndim == 1:
        return {"vector": item.tolist()}
    from PIL import Image

    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(item)).save(encoded, "PNG", compress_level=1)
    name = f"{uuid4().hex}.png"
    with open(folder / "arrivals" / name, "xb") as stream:
        stream.write(encoded.getbuffer())
        stream.flush()
        os.fsync(stream.fileno())
    return {"picture": name}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
