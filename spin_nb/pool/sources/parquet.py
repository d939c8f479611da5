"""Reading parquet files, which may be damaged or made to harm.

What a header promises, polars takes memory for: where a page says that it has 2^61 values, not an error comes of it but
the end of the process.  So all headers are read first, in the file's footer and before each page, and compared with
the file (parquet-format, "Metadata"; Thrift's compact protocol).  Pages themselves are not looked into.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spin_nb.io import by_name
from spin_nb.pool.media.safe_open import open_source, size_of

if TYPE_CHECKING:
    import polars as pl

LARGE_BYTES, TIMES = 2**31, 100
"""From this size on a table may take so many times what its file has: few bytes can say a value a billion times."""
_VALUE_BYTES = 16  # of one value in memory, about
_DEPTH = 20
_MAGIC = b"PAR1"


def read_parquet(path: Path) -> pl.DataFrame:
    """All of a file.

    Raises
    ------
    ValueError
        With the reason, when it is missing, damaged, or promises more than it holds.
    """
    import polars as pl

    with open_source(path) as stream:
        _check(stream.fileno(), size_of(stream))
        try:
            return pl.read_parquet(by_name(stream, path), glob=False)
        # What Rust did not expect of a damaged file is no Exception: nobody above would put it in words.
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as problem:
            raise ValueError(f"it is damaged ({problem!s:.200})") from None


def _check(handle: int, size: int) -> None:
    if size < 12:
        raise ValueError("no parquet file")
    with mmap.mmap(handle, 0, access=mmap.ACCESS_READ) as data:
        length = struct.unpack("<I", data[-8:-4])[0]
        if data[-4:] != _MAGIC or length > size - 12:
            raise ValueError("no parquet file, or cut short")
        end = size - 8 - length
        try:
            n_unpacked = sum(
                _unpacked_bytes(data, end, column) for column in _columns(_Thrift(data, end).struct())
            )
        except (IndexError, KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError("it is damaged: a header in it makes no sense") from None
    if n_unpacked > max(LARGE_BYTES, TIMES * size):
        raise ValueError(f"its {size:,} bytes promise a table of {n_unpacked:,} bytes")


def _columns(footer: dict[int, Any]) -> Iterator[dict[int, Any]]:
    """Facts of the footer about each piece of a column."""
    rows = _number(footer[3])
    for group in footer[4]:
        if _number(group[3]) > rows:
            raise ValueError("it is damaged: a part of it has more rows than all of it")
        for chunk in group[1]:
            yield chunk[3]


def _unpacked_bytes(data: mmap.mmap, end: int, column: dict[int, Any]) -> int:
    """Bytes that a piece of a column takes in memory; its pages must lie in the file, one after the other."""
    values, whole, length = (_number(column[field]) for field in (5, 6, 7))
    first = _number(column[9])
    at = min(first, _number(column.get(11, 0)) or first)  # some write 0 where there is no dictionary
    stop, n_counted, n_unpacked = at + length, 0, 0
    if stop > end:
        raise ValueError("it is damaged: a column reaches beyond the file")
    while at < stop and n_counted < values:
        page = _Thrift(data, at)
        header = page.struct()
        size, n_packed = _number(header[2]), _number(header[3])
        at, n_unpacked = page.at + n_packed, n_unpacked + size
        inner = header.get(5) or header.get(8)
        if inner is not None:
            n_counted += _number(inner[1])
            _levels(inner, size, header)
        elif 7 in header and _number(header[7][1]) > size:
            raise ValueError("it is damaged: a page has more values than bytes")
        if at > end:
            raise ValueError("it is damaged: a page reaches beyond the file")
    if n_counted != values:
        raise ValueError(f"it is damaged: a column of {values:,} values has {n_counted:,}")
    return max(whole, n_unpacked) + _VALUE_BYTES * values


def _levels(inner: dict[int, Any], size: int, header: dict[int, Any]) -> None:
    """Refuse a page (second version) that contradicts itself.

    It has no more nulls than values, and the bytes before its values fit into it.
    """
    if 8 in header and (
        _number(inner[2]) > _number(inner[1]) or _number(inner[5]) + _number(inner[6]) > size
    ):
        raise ValueError("it is damaged: a header of a page contradicts itself")


def _number(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("it is damaged: a header in it holds a number that cannot be")
    return value


class _Thrift:
    """Structs of Thrift's compact protocol, as dicts by field number; lists as lists, binary left out."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self._data, self.at = data, at

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """The struct that begins here."""
        if depth > _DEPTH:
            raise ValueError("it is damaged: a header in it is nested without end")
        fields: dict[int, Any] = {}
        field = 0
        while (head := self._byte()) != 0:
            field = field + (head >> 4) if head >> 4 else self._whole()
            kind = head & 15
            fields[field] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._whole()
        if kind in (7, 8):
            return self._skip(8 if kind == 7 else self._varint())
        if kind in (9, 10):
            head = self._byte()
            n = head >> 4 if head >> 4 < 15 else self._varint()
            if n > len(self._data) - self.at:  # each has a byte at least
                raise ValueError("it is damaged: a list in a header is longer than the file")
            return [self._value(head & 15, depth + 1) for _ in range(n)]
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError("it is damaged: a header in it holds what none does")

    def _skip(self, n: int) -> None:
        self.at += n
        if self.at > len(self._data):
            raise ValueError("it is damaged: a header in it reaches beyond the file")

    def _byte(self) -> int:
        self.at += 1
        return self._data[self.at - 1]

    def _varint(self) -> int:
        number = shift = 0
        while shift < 70:
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
        raise ValueError("it is damaged: a number in a header does not end")

    def _whole(self) -> int:
        number = self._varint()
        return number >> 1 ^ -(number & 1)
