"""Items with the same content, byte for byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.io import open_regular
from spin_nb.pool.pool import Pool
from spin_nb.types import Ints

N_AT_ONCE = 1000
BLOCK_BYTES = 2**20


def equal_items(pool: Pool, progress: Callable[[float, str], Any] | None = None) -> Ints:
    """Number of the content of each item, int64 (n,): equal where contents are, -1 where none is like it.

    The content of a file is its bytes: of files only those are read that are as long as another.  Arrays are compared
    with type and shape, texts and rows as they are.  Items that cannot be read are like no other.

    Parameters
    ----------
    pool : Pool
    progress : callable, optional
        Called with (fraction, words).

    Examples
    --------
    >>> import tempfile
    >>> from spin_nb.pool.sources.read import read_pool
    >>> equal_items(Pool.save(tempfile.mkdtemp(), read_pool(["one text", "another", "one text"]))).tolist()
    [0, -1, 0]
    """
    tell = progress or (lambda fraction, words: None)
    sizes = _numbers(_in_blocks(pool, range(len(pool)), _size, lambda done: tell(done / 3, "sizes")))
    alike_rows = np.flatnonzero(sizes >= 0)
    digests = _in_blocks(
        pool, alike_rows.tolist(), _digest, lambda done: tell((1 + 2 * done) / 3, "contents")
    )
    numbers = np.full(len(pool), -1, np.int64)
    numbers[alike_rows] = _numbers(digests)
    return numbers


def _in_blocks(
    pool: Pool, rows: Any, of: Callable[[Any], object], tell: Callable[[float], Any]
) -> Iterable[object]:
    for start in range(0, len(rows), N_AT_ONCE):
        tell(start / len(rows))
        for raw in pool.raw(rows[start : start + N_AT_ONCE]):
            yield _or_none(of, raw)


def _or_none(of: Callable[[Any], object], raw: object) -> object:
    with suppress(OSError, PoolError, ValueError):
        return of(raw)
    return None


def _numbers(values: Iterable[object]) -> Ints:
    """Number of each value, in order of appearance; -1 of None, and of what comes once."""
    order: dict[object, int] = {}
    index = np.array(
        [-1 if value is None else order.setdefault(value, len(order)) for value in values], np.int64
    )
    is_there = index >= 0
    is_shared = is_there.copy()
    is_shared[is_there] = np.bincount(index[is_there])[index[is_there]] > 1
    out = np.full(len(index), -1, np.int64)
    out[is_shared] = np.unique(index[is_shared], return_inverse=True)[1]
    return out


def _size(raw: object) -> object:
    """Something that equal items have in common, and that is quick to look at."""
    match raw:
        case PoolError():
            return None
        case Path():
            return "file", os.stat(raw).st_size
        case np.ndarray():
            return raw.dtype.str, raw.shape
        case str() | bytes():
            return type(raw).__name__, len(raw)
        case _:
            return type(raw).__name__


def _digest(raw: object) -> bytes | None:
    if isinstance(raw, PoolError):
        return None
    total = hashlib.blake2b(digest_size=16)
    _add(total, raw)
    return total.digest()


def _add(total: Any, raw: object) -> None:
    """Add the content of an item, with what tells it from others whose bytes are the same."""
    match raw:
        case PoolError():
            raise raw
        case Path():
            with open_regular(raw) as file:
                while block := file.read(BLOCK_BYTES):
                    total.update(block)
        case np.ndarray() if raw.dtype != object:
            total.update(f"array {raw.dtype.str} {raw.shape} ".encode())
            total.update(np.ascontiguousarray(raw).tobytes())
        case str():
            total.update(b"text %d " % len(raw) + raw.encode("utf-8", "surrogatepass"))
        case bytes() | bytearray():
            total.update(b"bytes %d " % len(raw) + raw)
        case Mapping():
            total.update(b"mapping %d " % len(raw))
            for key in sorted(raw, key=str):
                _add(total, str(key))
                _add(total, raw[key])
        case list() | tuple() | np.ndarray():
            total.update(b"list %d " % len(raw))
            for part in raw:
                _add(total, part)
        case _:
            as_array = np.asarray(raw)
            _add(total, ["object", repr(raw)] if as_array.dtype == object else as_array)
