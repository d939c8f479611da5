"""What can still be read of a damaged database: its pages with the log replayed, its rows one by one, single bits.

A flipped bit is the damage disks and memory make.  Where a checksum of the right content is there, the bit is found by
trying every one of them.
"""

from __future__ import annotations

import sqlite3
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from spin_nb.project import events, seals
from spin_nb.project.folder import mark as application_id

Row = tuple[Any, ...]
# Bytes before the first frame of a log, and before each page in it (sqlite.org/walformat.html).
_LOG_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
_MAX_SEARCH_BYTES = 2**20  # of rows in which a bit is looked for: some ten seconds


def whole_header(pages: bytes) -> bytes:
    """The database with a first page that says what is true of every database of ours, and that there is no log."""
    if len(pages) < 4096:
        return pages
    head = bytearray(pages)
    head[:16] = b"SQLite format 3\0"
    head[16:24] = struct.pack(">HBBBBBB", 4096, 1, 1, 0, 64, 32, 32)
    head[28:32] = struct.pack(">I", len(pages) // 4096)
    head[44:48] = struct.pack(">I", 4)
    head[56:60] = struct.pack(">I", 1)
    head[68:72] = application_id()
    return bytes(head)


def replay_log(pages: bytes, log: bytes) -> bytes:
    """The database with every transaction of its log, whatever the log's checksums say.

    SQLite stops at the first frame whose checksum does not fit.  Most pages are written again soon after, so that the
    frames beyond it make up for one that is damaged.
    """
    size = 4096
    frame_bytes = _FRAME_HEADER_BYTES + size
    starts = range(_LOG_HEADER_BYTES, len(log) - frame_bytes + 1, frame_bytes)
    frames = [log[at : at + frame_bytes] for at in starts]
    if not frames:
        return pages
    salt = Counter(frame[8:16] for frame in frames[:3]).most_common(1)[0][0]
    result, waiting = bytearray(pages), {}
    for frame in frames:
        number, is_commit = struct.unpack(">II", frame[:8])
        if (int.from_bytes(frame[8:16]) ^ int.from_bytes(salt)).bit_count() > 1:
            break  # left over from an earlier log
        if 0 < number <= len(pages) // size + len(frames):
            waiting[number] = frame[_FRAME_HEADER_BYTES:]
        if is_commit:
            for number, page in waiting.items():
                result.extend(bytes(max(0, number * size - len(result))))
                result[(number - 1) * size : number * size] = page
            waiting = {}
    return bytes(result)


def rows(db: sqlite3.Connection, table: str, columns: str, is_numbered: bool) -> dict[Any, Row]:
    """Every row that can be read, by its first column: from the front, from the back, and one by one."""
    rows_by_key: dict[Any, Row] = {}
    key = columns.split(",")[0]
    last = _bytes(db)  # more rows than bytes there are not
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            for row in db.execute(f"SELECT {columns} FROM {table} ORDER BY {key} {order}"):
                if not is_numbered or (isinstance(row[0], int) and 0 < row[0] <= last):
                    rows_by_key.setdefault(row[0], tuple(row))
            return rows_by_key
    if is_numbered:
        for number in range(min(rows_by_key, default=1), max(rows_by_key, default=0) + 1):
            if number not in rows_by_key:
                with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
                    row = db.execute(f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,)).fetchone()
                    if row is not None:
                        rows_by_key[number] = tuple(row)
    return rows_by_key


def _bytes(db: sqlite3.Connection) -> int:
    with suppress(sqlite3.DatabaseError, UnicodeDecodeError):
        n_pages, n_bytes = (
            db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size")
        )
        return int(n_pages * n_bytes)
    return 0


def with_one_bit(row: Sequence[Any]) -> Iterator[Row]:
    """Every row that differs from this one in a single bit of its texts and numbers."""
    for at, value in enumerate(row):
        for other in _with_flipped_bit(value):
            yield (*row[:at], other, *row[at + 1 :])


def _with_flipped_bit(value: object) -> Iterator[Any]:
    if isinstance(value, str | bytes):
        content = bytearray(value.encode() if isinstance(value, str) else value)
        for bit in range(8 * len(content)):
            content[bit // 8] ^= 1 << bit % 8
            with suppress(UnicodeDecodeError):
                yield content.decode()
            content[bit // 8] ^= 1 << bit % 8
    elif isinstance(value, int):
        yield from (value ^ (1 << bit) for bit in range(63))
    elif isinstance(value, float):
        (whole,) = struct.unpack(">Q", struct.pack(">d", value))
        yield from (struct.unpack(">d", struct.pack(">Q", whole ^ (1 << bit)))[0] for bit in range(64))


def mend_table(rows_by_key: list[Row], seal: Row | None) -> tuple[list[Row], bool]:
    """Rows of a table, a flipped bit set right where the seal shows which, and whether the seal then fits."""
    n, total = seals.total(rows_by_key)
    if seal is None or not isinstance(seal[1], str):
        return rows_by_key, False
    digest = seals.as_stored(n, total)
    if seal == digest or (seal[0] == n and _bits_apart(seal[1], digest[1]) == 1):  # of the seal itself
        return rows_by_key, True
    with suppress(ValueError):
        if seal[0] == n and sum(len(str(row)) for row in rows_by_key) <= _MAX_SEARCH_BYTES:
            missing = (int(seal[1], 16) - total) % seals.MODULUS
            for at, row in enumerate(rows_by_key):
                target = (missing + seals.number(row)) % seals.MODULUS
                for other in with_one_bit(row):
                    if seals.number(other) == target:
                        return [*rows_by_key[:at], other, *rows_by_key[at + 1 :]], True
    return rows_by_key, False


def _bits_apart(one: str, other: str) -> int:
    pairs = zip(one.encode(), other.encode(), strict=False)
    return sum((a ^ b).bit_count() for a, b in pairs) + 8 * abs(len(one) - len(other))


def judge(rows_by_key: dict[Any, Row], first: str | None) -> dict[str, dict[int, Row]]:
    """Events, by how sure they are.

    They are "whole", "mended" (one bit set right), "doubtful" or "lost".

    Parameters
    ----------
    rows_by_key : dict
        Number -> row, with its hash as the last entry.
    first : str or None
        What the first event is linked to.
    """
    sure: dict[str, dict[int, Row]] = {"whole": {}, "mended": {}, "doubtful": {}, "lost": {}}
    before = first
    for seq in sorted(number for number in rows_by_key if isinstance(number, int)):
        *row, chain_on_disk = rows_by_key[seq]
        if seq > 1 and seq - 1 not in rows_by_key:
            before = None
        how, judged_row, chain = _judge(tuple(row), chain_on_disk, before, rows_by_key.get(seq + 1))
        if how == "lost" and seq == 1:
            how = "doubtful"  # what it is linked to may be what is damaged
        sure[how if events.is_event(judged_row) else "lost"][seq] = judged_row
        before = chain
    return sure


def _judge(
    row: Row, chain_on_disk: Any, before: str | None, following: Row | None
) -> tuple[str, Row, str | None]:
    """Judge one event by its hash.

    Return how sure it is, the event, and the hash the next one is linked to.
    """
    if before is None:
        return "doubtful", row, chain_on_disk
    chain = seals.link(before, row)
    if chain == chain_on_disk:
        return "whole", row, chain
    if following is not None and seals.link(chain, following[:-1]) == following[-1]:
        return "whole", row, chain  # its hash alone is damaged
    for other in with_one_bit(row):
        if seals.link(before, other) == chain_on_disk:
            return "mended", other, chain_on_disk
    return "lost", row, chain_on_disk
