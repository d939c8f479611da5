"""Items that arrived after the pool was made: appended to ``arrivals.jsonl``, media in files beside it.

Pictures are kept as PNG, sounds as WAV, series and frames of videos as NPY: as they are loaded, not as they came.

Multimodal kernels may take in arrivals for one project at once, so nothing is counted or overwritten: ids and names of
files are drawn at random, and one call appends one line with one write.  A line ends with the checksum of its items,
an item that lies in a file with that of the file; both are compared whenever they are read.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError, SpinError, StorageError
from spin_nb.growing import Growing
from spin_nb.io import load_array, open_regular
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.pool.modalities.lookup import object_as_text
from spin_nb.words import shown

LOG, MEDIA = "arrivals.jsonl", "arrivals"
_FILE = re.compile(r"[0-9a-f]{6,32}\.(png|wav|npy)")
_WHOLE = re.compile(rb'"(batch|void)": "[0-9a-f]{32}"\}$')
"""How a line ends that was written to its end; quotes inside an item are escaped, so no torn line ends so."""


_LINE_WITH_SEAL = re.compile(rb'^\{"items": (.*), "sha256": "([0-9a-f]{64})", "batch": "([0-9a-f]{32})"\}$')
_OLD = {"items", "batch"}
"""What a line of the first version holds: nothing tells whether it was changed since."""


class Arrivals:
    """Arrivals of a project, in order.

    Of two with one id, the first counts.

    Ids are held, and where each item lies in the file; the items are read anew when they are asked for.

    Parameters
    ----------
    folder : Path
        The project's ``pool`` folder.
    without : container of str
        Ids that are passed over.

    Attributes
    ----------
    ids : list of str

    Raises
    ------
    PoolError
        When a line that was whole is damaged.  One that a crash or a full disk cut short is left out, with all the
        items of that call.
    """

    def __init__(self, folder: Path, without: Iterable[str] = ()) -> None:
        self._folder = folder
        self.ids: list[str] = []
        # First byte of its line, bytes of the line, place among its items.
        self._at = np.empty((0, 3), np.int64)
        self._growing = Growing()
        self._last: tuple[int, list[dict[str, Any]]] = (-1, [])
        ids_so_far = set(without)
        for ids, at in _batches(folder / LOG):
            new = [number for number, name in enumerate(ids) if name not in ids_so_far]
            self._add([ids[number] for number in new], at[new])
            ids_so_far.update(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def join(self, batch: Batch) -> None:
        """Take in what :func:`append` has put on disk."""
        self._add(batch.ids, _places(batch.offset, batch.length, len(batch.ids)))

    def _add(self, ids: list[str], at: NDArray[np.int64]) -> None:
        self._at = self._growing.after(self._at, at)
        self.ids += ids

    def sources(self, numbers: Iterable[int]) -> Iterator[Any]:
        """Raw sources of some arrivals.

        Each is the path of a PNG or WAV, a text, dict, vector, series or frames.

        A ``PoolError`` in the place of one that is gone or damaged.
        """
        try:
            log = open_regular(self._folder / LOG)
        except OSError as problem:
            yield from (self._unreadable(number, problem.strerror) for number in numbers)
            return
        with log:
            for number in numbers:
                yield self._source(log, number)

    def _source(self, log: BinaryIO, number: int) -> Any:
        offset, length, place = (int(part) for part in self._at[number])
        try:
            before, items = self._last  # rows side by side mostly lie in one line
            if before != offset:
                log.seek(offset)
                items = _parse(log.read(length))["items"]
                self._last = (offset, items)
            return _source(self._folder, items[place])
        except (OSError, ValueError, LookupError, TypeError) as problem:
            return self._unreadable(number, getattr(problem, "strerror", None) or problem)

    def _unreadable(self, number: int, why: object) -> PoolError:
        return PoolError(
            f"the arrival {self.ids[number]!r} cannot be read: {why}.", "Restore it from a copy."
        )


def _batches(path: Path) -> Iterator[tuple[list[str], NDArray[np.int64]]]:
    """Ids of every line, and where its items lie.

    Lines that were taken back are left out.
    """
    calls: dict[str, tuple[list[str], NDArray[np.int64]]] = {}
    offset = 0
    for line in _lines(path):
        try:
            entry: dict[str, Any] = _parse(line) if line.strip() else {"void": ""}
            if "void" in entry:
                calls.pop(entry["void"], None)
            else:
                ids = [item["id"] for item in entry["items"]]
                calls[entry.get("batch", str(offset))] = ids, _places(offset, len(line), len(ids))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            if _WHOLE.search(line.rstrip(b"\n")):
                raise PoolError(
                    f"a line of {str(path)!r} cannot be read, it is damaged: {shown(line)}.",
                    "Restore the file from a copy, or remove that line.",
                ) from None
        offset += len(line)
    yield from calls.values()


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with open_regular(path) as stream:
            yield from stream
    except FileNotFoundError:
        return
    except OSError as problem:
        raise PoolError(f"{str(path)!r} cannot be read: {problem.strerror}.", "Check its rights.") from None


def _parse(line: bytes) -> dict[str, Any]:
    """A line.

    It holds its items and the name of its batch, or the batch that is void.

    ValueError where the items are not those that were written.
    """
    match = _LINE_WITH_SEAL.match(line.strip())
    if match is not None:
        items, seal, batch = match.groups()
        if sha256(items).hexdigest().encode() != seal:
            raise ValueError("its checksum does not fit")
        return {"items": json.loads(items), "batch": batch.decode()}
    entry: Any = json.loads(line)
    if "void" in entry:
        return {"void": entry["void"]}
    if "items" not in entry:
        return {"items": [entry]}
    if entry.keys() != _OLD:
        raise ValueError("it holds no items")
    return {"items": list(entry["items"]), "batch": entry["batch"]}


def _places(offset: int, length: int, n: int) -> NDArray[np.int64]:
    at = np.empty((n, 3), np.int64)
    at[:, 0], at[:, 1], at[:, 2] = offset, length, np.arange(n)
    return at


def new_ids(n: int) -> list[str]:
    """Ids that no other kernel gives out."""
    return [f"arrival-{uuid4().hex[:12]}" for _ in range(n)]


def _source(folder: Path, entry: dict[str, Any]) -> Any:
    if "parts" in entry:
        return {name: part and _source(folder, part) for name, part in entry["parts"].items()}
    for kind in ("picture", "sound", "array"):
        if kind in entry:
            return _media_file(folder, kind, entry[kind], entry.get("sha256"))
    if "vector" in entry:
        return np.asarray(entry["vector"], np.float32)
    return entry["text"] if "text" in entry else entry["row"]


def _media_file(folder: Path, kind: str, name: str, digest: str | None) -> Path | NDArray[Any] | PoolError:
    if not _FILE.fullmatch(name):
        raise ValueError(name)
    path = folder / MEDIA / name
    if digest is not None:
        try:
            with open_regular(path) as stream:
                content = stream.read()
        except OSError as problem:
            return PoolError(f"{str(path)!r} cannot be read: {problem.strerror}.", "Restore it from a copy.")
        if sha256(content).hexdigest() != digest:
            return PoolError(
                f"{str(path)!r} is damaged: its checksum does not fit.", "Restore it from a copy."
            )
    if kind != "array":
        return path
    try:
        return load_array(path)
    except (OSError, ValueError, EOFError) as problem:
        return PoolError(f"{str(path)!r} cannot be read: {problem}.", "Restore it.")


@dataclass
class Batch:
    """Arrivals on their way into a project.

    Their media are on disk, :func:`append` writes the line that counts.

    Attributes
    ----------
    ids : list of str
    offset, length : int
        Where the line lies in the file; 0 bytes before it is written.
    """

    ids: list[str]
    entries: list[dict[str, Any]] = field(repr=False)
    name: str
    offset: int = 0
    length: int = 0


def prepare(folder: Path, ids: Sequence[str], items: Sequence[Any], *, several: bool = False) -> Batch:
    """Write the files of loaded items.

    Nobody knows of them yet.

    Parameters
    ----------
    folder : Path
        The project's ``pool`` folder; it is not made anew where it is gone.
    ids : sequence of str
    items : sequence
        Loaded.
    several : bool
        Whether each is a dict of parts; else a dict is a row.

    Raises
    ------
    StorageError
        When they cannot be written.
    PoolError
        When one cannot be stored.
    """
    batch = Batch(list(ids), [], uuid4().hex)
    make = _parts if several else _entry
    try:
        for name, item in zip(ids, items, strict=True):
            batch.entries.append({"id": name})
            batch.entries[-1] |= make(folder, item)
    except BaseException as problem:
        withdraw(folder, batch)
        if isinstance(problem, SpinError):
            raise
        if isinstance(problem, OSError):
            raise _full(folder, problem) from None
        if isinstance(problem, (TypeError, ValueError)):
            raise PoolError(
                f"an arrival cannot be stored: {problem}.", "Pass plain numbers and strings."
            ) from None
        raise
    return batch


def append(folder: Path, batch: Batch) -> None:
    """Append the line of a batch, durably.

    From then on its items are there whenever the project is opened.

    Raises
    ------
    StorageError
        When it cannot be written; the items are not there then.
    """
    # It begins with a line break, too, so that it never joins what was left torn.
    items = json.dumps(batch.entries).encode()
    seal = sha256(items).hexdigest()
    line = b'{"items": %b, "sha256": "%b", "batch": "%b"}\n' % (items, seal.encode(), batch.name.encode())
    try:
        with _appending(folder) as stream:
            batch.length = len(line)  # from here on there may be something to take back
            if stream.write(b"\n" + line) < len(line) + 1:
                raise OSError(28, "No space left on device")
            os.fsync(stream.fileno())
            batch.offset = stream.tell() - len(line)
    except OSError as problem:
        withdraw(folder, batch)
        raise _full(folder, problem) from None


def withdraw(folder: Path, batch: Batch) -> None:
    """Take back a batch, as far as the disk lets us: its line is declared void, its files go."""
    if batch.length:
        # Cutting the file could cut what another kernel has written since.
        with suppress(OSError), _appending(folder) as stream:
            stream.write(f'\n{{"void": "{batch.name}"}}\n'.encode())
            os.fsync(stream.fileno())
    for name in _files(batch.entries):
        with suppress(OSError):
            (folder / MEDIA / name).unlink()


def _appending(folder: Path) -> BinaryIO:
    """Unbuffered, so that one write is one write.

    It is never opened through a link, which may have come since the opening.
    """
    return open_regular(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, follow=False)


def _files(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        yield from (entry[kind] for kind in ("picture", "sound", "array") if kind in entry)
        yield from _files([part for part in entry.get("parts", {}).values() if part])


def _full(folder: Path, problem: OSError) -> StorageError:
    return StorageError(
        f"cannot store arrivals in {str(folder)!r}: {problem.strerror}.", "Free space, or check rights."
    )


def _parts(folder: Path, item: dict[str, Any]) -> dict[str, Any]:
    return {"parts": {name: None if part is None else _entry(folder, part) for name, part in item.items()}}


def _entry(folder: Path, item: object) -> dict[str, Any]:
    if isinstance(item, str):
        return {"text": item}
    if isinstance(item, dict):
        return {"row": {str(name): _plain(value) for name, value in item.items()}}
    if isinstance(item, Sound):
        return _write_media(folder, "sound", wav(item, exact=True))
    if not isinstance(item, np.ndarray):
        return {"text": object_as_text(item)}
    if item.ndim == 1:
        return {"vector": item.tolist()}
    stream = io.BytesIO()
    if item.dtype != np.uint8 or item.ndim == 4:
        np.save(stream, item, allow_pickle=False)
        return _write_media(folder, "array", stream.getvalue())
    from PIL import Image

    Image.fromarray(np.ascontiguousarray(item)).save(stream, "PNG", compress_level=1)
    return _write_media(folder, "picture", stream.getvalue())


_ENDINGS = {"picture": "png", "sound": "wav", "array": "npy"}


def _write_media(folder: Path, kind: str, content: bytes) -> dict[str, Any]:
    name = f"{uuid4().hex}.{_ENDINGS[kind]}"
    (folder / MEDIA).mkdir(exist_ok=True)
    with open(folder / MEDIA / name, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return {kind: name, "sha256": sha256(content).hexdigest()}


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
