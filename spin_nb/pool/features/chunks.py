"""Features of an encoding under way, on disk chunk by chunk: a process that was killed goes on where it was.

A chunk counts only whole, and only for the very rows, pool, encoder and weights that it was made for.  Chunks are
renamed into place but not synced, which would take longer than quick encoders do: what a power cut leaves half written
has another checksum.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import StorageError
from spin_nb.io import checksum, is_intact, load_array, open_regular, write_sealed
from spin_nb.pool.encoders.reduced import restore
from spin_nb.pool.pool_data import fingerprint
from spin_nb.types import Float

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

MAX_BYTES = 2**24
"""A larger chunk is not written: so wide are features only of tables, which are sooner encoded again."""
_ENDING = ".part"


@dataclass(frozen=True, eq=False)
class Chunk:
    """Features of some rows.

    Attributes
    ----------
    rows : int64 (m,)
        Rows that can be read.
    unreadable : tuple of (int, str)
        The other rows, and why.
    array : float32 (m, d), or path of a file with them
    """

    rows: NDArray[np.int64]
    unreadable: tuple[tuple[int, str], ...]
    array: Float | Path

    def features(self) -> Float:
        """Features, float32 (m, d)."""
        return load_array(self.array) if isinstance(self.array, Path) else self.array


class ChunkFolder:
    """Finished chunks of one encoding, and the fitted encoder that they come from.

    Parameters
    ----------
    features : Path, optional
        Folder of the feature cache; None where nothing may be written.
    key : str
        Of the cache: encoder, settings and content of the pool.
    content : str
        Of the pool.  Chunks of a pool that is no more are removed.

    Examples
    --------
    >>> import tempfile
    >>> folder = ChunkFolder(Path(tempfile.mkdtemp()), "a" * 64, "b" * 64)
    >>> rows = np.arange(3)
    >>> chunk = folder.write(0, "encoder", rows, Chunk(rows, (), np.ones((3, 2), np.float32)))
    >>> folder.read(0, "encoder", rows).features().shape, folder.read(0, "another encoder", rows)
    ((3, 2), None)
    >>> folder.remove()
    """

    def __init__(self, features: Path | None, key: str, content: str) -> None:
        self._features, self._key, self._content = features, key, content[:16]
        self._folder = None if features is None else features / f"{key[:32]}-{self._content}{_ENDING}"

    def read_encoder(self, name: str, unfitted: Encoder) -> Encoder | None:
        """Fitted encoder written under this name, None where there is none that is whole."""
        path = self._encoder_path(name)
        if path is None or not is_intact(path):
            return None
        from safetensors.numpy import load_file

        try:
            return restore(load_file(path), unfitted)
        except Exception:  # of other weights, or of a version that kept other arrays: it is fitted again
            return None

    def write_encoder(self, name: str, encoder: Encoder) -> None:
        """Keep a fitted encoder; what was there of another one goes."""
        from safetensors.numpy import save

        path = self._encoder_path(name)
        if path is None:
            return
        arrays = {part: np.ascontiguousarray(value) for part, value in encoder.to_arrays().items()}
        with suppress(StorageError, OSError):
            write_sealed(path, lambda half: half.write_bytes(save(arrays)))

    def encoder_digest(self, name: str) -> str:
        """Digest of the encoder under this name; empty where there is none, and chunks cannot be kept."""
        path = self._encoder_path(name)
        with suppress(OSError):
            return "" if path is None else checksum(path)
        return ""

    def read(self, number: int, digest: str, rows: Sequence[int] | NDArray[np.int64]) -> Chunk | None:
        """The chunk of this number, where it is whole and made of these rows by this encoder.

        Parameters
        ----------
        digest : str
            Digest of the encoder, of :meth:`encoder_digest`.
        rows : int (m,)
            Rows that the chunk is to hold, those that cannot be read among them.
        """
        if self._folder is None or not digest:
            return None
        path, rows = self._chunk_path(number), np.asarray(rows, np.int64)
        try:
            with open_regular(path.with_suffix(".json")) as stream:
                facts = json.loads(stream.read())
            if facts["of"] != self._key_of(digest, rows) or facts["sha256"] != checksum(path):
                return None
            unreadable = tuple((int(row), str(reason)) for row, reason in facts["unreadable"])
            readable = np.setdiff1d(rows, [row for row, _ in unreadable], assume_unique=True)
            array = load_array(path)
        except (OSError, ValueError, KeyError, TypeError):  # whatever is wrong with it, it is encoded again
            return None
        fits = array.ndim == 2 and array.dtype == np.float32 and len(array) == len(readable)
        return Chunk(readable, unreadable, path) if fits else None

    def write(self, number: int, digest: str, rows: Sequence[int] | NDArray[np.int64], chunk: Chunk) -> Chunk:
        """Keep a chunk; returns it with its array on disk, or as it is where the disk does not take it."""
        array = chunk.array
        if self._folder is None or not digest or isinstance(array, Path) or array.nbytes > MAX_BYTES:
            return chunk
        path = self._chunk_path(number)
        half = path.with_name(f".{path.name}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(half, "wb") as stream:
                np.save(stream, array, allow_pickle=False)
            facts = {
                "of": self._key_of(digest, np.asarray(rows, np.int64)),
                "sha256": checksum(half),
                "unreadable": chunk.unreadable,
            }
            os.replace(half, path)
            half.write_text(json.dumps(facts), encoding="utf-8")
            os.replace(half, path.with_suffix(".json"))
        except OSError:  # nothing is lost but time, should this process be killed
            return chunk
        return Chunk(chunk.rows, chunk.unreadable, path)

    def clear(self) -> None:
        """Remove all chunks and encoders of this encoding, and those of a pool that was another."""
        if self._features is None:
            return
        for folder in self._features.glob(f"*{_ENDING}"):
            if folder == self._folder or not folder.stem.endswith(self._content):
                _remove(folder)

    def remove(self) -> None:
        """Remove the encoding: it is finished."""
        if self._folder is not None:
            _remove(self._folder)

    def _encoder_path(self, name: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{name}.safetensors"

    def _chunk_path(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{number:06}.npy"

    def _key_of(self, digest: str, rows: NDArray[np.int64]) -> str:
        return fingerprint(self._key, digest, rows.data)


def gather(chunks: Sequence[Chunk], into: Any = None) -> Float:
    """Features of all chunks in the order of their rows.

    Parameters
    ----------
    into : callable, optional
        Shape -> float32 array to fill, by default one in memory.
    """
    if len(chunks) == 1 and into is None:
        return chunks[0].features()
    rows = np.concatenate([chunk.rows for chunk in chunks])
    places = np.empty(len(rows), np.int64)
    places[np.argsort(rows)] = np.arange(len(rows))
    width = next((chunk.features().shape[1] for chunk in chunks if len(chunk.rows)), 0)
    features: Float = (into or _in_memory)((len(rows), width))
    start = 0
    for chunk in chunks:
        end = start + len(chunk.rows)
        if end > start:
            features[places[start:end]] = chunk.features()
        start = end
    return features


def _in_memory(shape: tuple[int, int]) -> Float:
    return np.empty(shape, np.float32)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)
