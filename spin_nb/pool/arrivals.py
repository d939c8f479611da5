"""Items that arrived after the pool was made: appended to ``arrivals.jsonl``, pictures as PNG beside it."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError, StorageError

_NAME = re.compile(r"[0-9]{6,}\.png")


@dataclass(frozen=True)
class Arrival:
    """One arrived item: its id and its raw source (path of a PNG, text, dict or vector)."""

    id: str
    source: Any


def read_arrivals(folder: Path) -> list[Arrival]:
    """Arrivals in order; a last line that a crash cut short is left out."""
    path = folder / "arrivals.jsonl"
    if not path.exists():
        return []
    arrivals = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
            arrivals.append(Arrival(entry["id"], _source(folder, entry)))
        except (ValueError, KeyError, TypeError):
            raise PoolError(
                f"a line of {str(path)!r} cannot be read: {line!r:.80}.", "Restore or remove it."
            ) from None
    return arrivals


def _source(folder: Path, entry: dict[str, Any]) -> Any:
    if "picture" in entry:
        if not _NAME.fullmatch(entry["picture"]):
            raise ValueError(entry["picture"])
        return folder / "arrivals" / entry["picture"]
    if "vector" in entry:
        return np.asarray(entry["vector"], np.float32)
    return entry["text"] if "text" in entry else entry["row"]


def append_arrivals(folder: Path, ids: Sequence[str], items: Sequence[Any], first: int) -> list[Arrival]:
    """Store loaded items; ``first`` is the number of arrivals already there.

    Raises
    ------
    StorageError
        When they cannot be written; none is then taken in.
    """
    path = folder / "arrivals.jsonl"
    try:
        entries = [
            {"id": key, **_entry(folder, item, first + number)}
            for number, (key, item) in enumerate(zip(ids, items, strict=True))
        ]
        lines = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
        _append(path, lines)
    except OSError as problem:
        raise StorageError(
            f"cannot store arrivals in {str(path)!r}: {problem.strerror}.", "Free space, or check rights."
        ) from None
    except (TypeError, ValueError) as problem:
        raise PoolError(
            f"an arrival cannot be stored: {problem}.", "Pass plain numbers and strings."
        ) from None
    return [Arrival(entry["id"], _source(folder, entry)) for entry in entries]


def _append(path: Path, lines: bytes) -> None:
    """Append whole lines durably; what a full disk or a crash left half-written is cut off."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - (1 << 20)))
        tail = stream.read()
        size -= len(tail) - (tail.rfind(b"\n") + 1)
        stream.truncate(size)
        try:
            stream.write(lines)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError:
            os.truncate(path, size)
            raise


def _entry(folder: Path, item: Any, number: int) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict):
        return {"row": {str(name): _plain(value) for name, value in item.items()}}
    if item.ndim == 1:
        return {"vector": item.tolist()}
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(item)).save(stream, "PNG", compress_level=1)
    name = f"{number:06d}.png"
    (folder / "arrivals").mkdir(parents=True, exist_ok=True)
    (folder / "arrivals" / name).write_bytes(stream.getvalue())
    return {"picture": name}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
