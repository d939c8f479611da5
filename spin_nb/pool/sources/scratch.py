"""Items of one shape streamed to a nameless file: the system takes it back whatever happens to us."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from spin_nb.errors import StorageError
from spin_nb.pool.media.images import rescale, value_range

_BYTES = 2**23
"""Written, and brought to 0-255, at once."""


class Scratch:
    """A file that grows by items.

    At the end pictures are uint8 in it, whatever they were.

    Parameters
    ----------
    near : Path or None
        A folder on the file system to use, or one that will be made: its nearest parent is taken.

    Attributes
    ----------
    shape, dtype
        Of one item, once :meth:`begin` was called.
    digest : str
        sha256 of the file's bytes, once :meth:`finish` was called.
    """

    def __init__(self, near: Path | None) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.digest = ""
        self._near = near
        self._n = 0
        self._buffer: list[NDArray[Any]] = []
        self._low, self._high = math.inf, -math.inf

    def __enter__(self) -> Scratch:
        near = self._near and self._near.resolve()
        folder = next((place for place in [near, *near.parents] if place.is_dir()), None) if near else None
        try:
            try:
                self._file = tempfile.TemporaryFile(dir=folder)
            except OSError:  # a project that may only be read
                self._file = tempfile.TemporaryFile()
        except OSError as problem:
            raise self._storage_error(problem) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._buffer.clear()
        self._file.close()  # a memory map of it stays

    def begin(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        """Say what all items are like."""
        self.shape, self.dtype = shape, np.dtype(dtype)

    def add(self, item: NDArray[Any]) -> None:
        """Append an item of that shape and dtype.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        self._buffer.append(item)
        if len(self._buffer) >= self._step(self.dtype):
            self._flush()

    def finish(self) -> tuple[NDArray[Any], dict[str, Any]]:
        """Memory map of all items, uint8 pictures or float32 vectors (n, ...), and the facts that loading needs.

        Raises
        ------
        StorageError
            When it cannot be written.
        """
        self._flush()
        picture = len(self.shape) > 1
        about: dict[str, Any] = {}
        if picture:
            low, high = (0.0, 255.0) if self.dtype == np.uint8 else value_range(self._ends())
            about = {"low": low, "high": high, "largest": max(self.shape[:2])}
        digest = hashlib.sha256()
        try:
            for start, part in self._parts():
                if picture and self.dtype != np.uint8:
                    part = rescale(part, about["low"], about["high"])
                    self._file.seek(start * math.prod(self.shape))  # behind what is still to be read
                    self._file.write(np.ascontiguousarray(part).data)
                digest.update(np.ascontiguousarray(part).data)
            if picture:
                self._file.truncate(self._n * math.prod(self.shape))
            self._file.flush()
        except OSError as problem:
            raise self._storage_error(problem) from None
        self.digest = digest.hexdigest()
        dtype = np.uint8 if picture else np.float32
        return np.memmap(self._file, dtype, mode="r", shape=(self._n, *self.shape)), about

    def _ends(self) -> NDArray[Any]:
        return np.array([self._low, self._high], self.dtype)

    def _step(self, dtype: np.dtype[Any]) -> int:
        return max(1, _BYTES // (math.prod(self.shape) * dtype.itemsize))

    def _parts(self) -> Iterator[tuple[int, NDArray[Any]]]:
        size, step = math.prod(self.shape) * self.dtype.itemsize, self._step(self.dtype)
        for start in range(0, self._n, step):
            self._file.seek(start * size)
            content = self._file.read(min(step, self._n - start) * size)
            yield start, np.frombuffer(content, self.dtype).reshape(-1, *self.shape)

    def _flush(self) -> None:
        if not self._buffer:
            return
        items = np.ascontiguousarray(np.stack(self._buffer))
        self._buffer.clear()
        self._low, self._high = min(self._low, items.min()), max(self._high, items.max())
        self._n += len(items)
        try:
            self._file.write(items.data)
        except OSError as problem:
            raise self._storage_error(problem) from None

    def _storage_error(self, problem: OSError) -> StorageError:
        where = self._near or tempfile.gettempdir()
        return StorageError(
            f"the items cannot be written near {str(where)!r}: {problem.strerror}.",
            "Free space, or check rights.",
        )
