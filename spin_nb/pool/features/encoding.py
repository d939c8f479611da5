"""Items -> features, batch by batch: so many items at a time as a budget of bytes allows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.reduced import MAX_WIDTH, Reduced, principal_axes
from spin_nb.pool.features.chunks import Chunk, ChunkFolder, gather
from spin_nb.pool.modalities.lookup import modality_class
from spin_nb.pool.modalities.table_rows import TableRows
from spin_nb.pool.pool import Pool
from spin_nb.types import Broken, Float
from spin_nb.words import duration

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

Progress = Callable[[float, str], Any]
Rows = Sequence[int] | NDArray[np.int64]

MAX_FIT_ITEMS = 10_000
MAX_FIT_BYTES, MAX_BATCH_BYTES = 2**29, 2**26
"""Items held at once, at most, while an encoder learns, and while it encodes; then what it makes of them, too."""
_WHOLE_BATCHES = 32
"""A batch is a multiple of it, as far as the budget goes: encoders cut it into parts of this size."""
_SIZE_SAMPLE = 4
MIN_AXES_ITEMS, MAX_AXES_BYTES = 1_000, 2**27
"""Items that wide features' axes are learnt from at least, however wide they are, and bytes of more items' features."""
_HELD_OUT_STEP = 5
"""One item in so many is left out of them, where they are learnt from all others."""
ENCODER, REDUCED = "encoder", "reduced"
"""Files of the encoder itself, and with the axes of its features, beside its chunks."""
_RATE_BATCHES = 5
"""Over so many batches the time that is left is judged: what an encoder has learnt from goes faster than the rest."""


def encode(encoder: Encoder, items: Sequence[Any], ids: Sequence[str]) -> Float:
    """Features of loaded items, float32 (n, d), checked.

    Raises
    ------
    PoolError
        When they are not (n, d), or not finite: the items are named.
    """
    features = np.ascontiguousarray(encoder.encode(items), dtype=np.float32)
    if features.ndim != 2 or len(features) != len(items) or not features.shape[1]:
        raise PoolError(
            f"{encoder.name} gave shape {features.shape} for {len(items)} items.", "Return (n, d)."
        )
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        bad = [ids[row] for row in np.flatnonzero(~finite)[:5]]
        raise PoolError(
            f"{encoder.name} gave NaN or infinite features for {(~finite).sum()} items: {', '.join(bad)}.",
            "Mend these items or the encoder.",
        )
    return features


def spread_rows(pool: Pool, limit: int) -> NDArray[np.int64]:
    """Base rows, evenly spaced ones where there are more than ``limit``."""
    return np.unique(np.linspace(0, pool.n_base - 1, min(limit, pool.n_base)).astype(np.int64))


def item_bytes(pool: Pool) -> int:
    """Bytes of a loaded item, from the largest of a few; texts count as nothing."""
    items = pool.try_load(spread_rows(pool, _SIZE_SAMPLE))[0]
    if isinstance(items, TableRows):
        return 8 * max(1, items.frame.width)
    return max([1, *(_nbytes(item) for item in items)])


def _nbytes(item: object) -> int:
    if isinstance(item, dict):
        return sum(_nbytes(part) for part in item.values())
    if isinstance(item, (bool, int, float)):
        return 8
    return int(getattr(getattr(item, "samples", item), "nbytes", 0))


def batch_items(pool: Pool, encoder: Encoder, bytes_each: int) -> int:
    """Items that are loaded and encoded at a time.

    They, and the input that the encoder makes of them where it says its size, have a budget each; where it does not
    say, there are no more than the modality allows.

    Parameters
    ----------
    bytes_each : int
        Of a loaded item, from :func:`item_bytes`.
    """
    most = modality_class(pool.modality).chunk_items
    describe = getattr(encoder, "describe", None)
    shape = () if describe is None else tuple(describe().get("input", ()))[1:]
    if shape and all(isinstance(length, int) for length in shape):
        bytes_each, most = max(bytes_each, 4 * prod(shape)), MAX_BATCH_BYTES
    step = min(most, MAX_BATCH_BYTES // bytes_each + 1)
    return step - step % _WHOLE_BATCHES or step


def encode_base(
    pool: Pool,
    encoder: Encoder,
    first: NDArray[np.int64],
    step: int,
    folder: ChunkFolder,
    tell: Progress,
    at_hand: dict[int, Any],
) -> tuple[Encoder, list[Chunk]]:
    """Encode the base rows, or take their chunks from the folder.

    Where features are wide, axes are learnt from some rows, so that no more of them are wide at a time.

    Parameters
    ----------
    encoder : Encoder
        Fitted.
    first : int64 (m,)
        Rows to encode first, from :func:`rows_to_begin_with`.
    step : int
        Items in a batch.
    at_hand : dict
        Row -> loaded item of those that the encoder was fitted on: they are not loaded again, and let go once encoded.

    Returns
    -------
    encoder : Encoder
        Reduced where features are wide.
    chunks : list of Chunk
        Of all base rows.
    """
    tally = Tally(encoder.name, pool.n_base, tell)
    rest = np.setdiff1d(np.arange(pool.n_base), first)
    chunks = encode_chunks(pool, encoder, first, step, tally, folder, at_hand=at_hand)
    at_hand.clear()
    n_chunks = len(chunks)
    if any(len(chunk.rows) and chunk.features().shape[1] > MAX_WIDTH for chunk in chunks[:1]):
        encoder, chunks = _reduce(encoder, chunks, folder, learns_from_all=not len(rest))
    if len(rest):
        others = encode_chunks(pool, encoder, rest, step, tally, folder, n_chunks)
        if isinstance(encoder, Reduced):
            encoder.held_out = _places(others, [*chunks, *others])
        chunks = [*chunks, *others]
    return encoder, chunks


def rows_to_begin_with(pool: Pool, encoder: Encoder, limit: int) -> NDArray[np.int64]:
    """Base rows to encode first: those that axes are learnt from, where features are wide and items many.

    Else those that the encoder was fitted on, at most ``limit``, of which it may know what it made; of a small pool
    all.
    """
    if pool.n_base <= MIN_AXES_ITEMS:
        return np.arange(pool.n_base)
    example = next((items for row in range(pool.n_base) if (items := pool.try_load([row])[0])), None)
    shape = () if example is None else np.shape(encoder.encode(example))
    if len(shape) == 2 and shape[1] > MAX_WIDTH:
        limit = min(MAX_FIT_ITEMS, max(MIN_AXES_ITEMS, MAX_AXES_BYTES // (4 * shape[1])))
    return spread_rows(pool, limit)


def _reduce(
    encoder: Encoder, chunks: list[Chunk], folder: ChunkFolder, *, learns_from_all: bool
) -> tuple[Reduced, list[Chunk]]:
    """The encoder with axes learnt from chunks of wide features, and these projected, as one chunk."""
    features = gather(chunks)
    is_held_out = np.zeros(len(features), bool)
    if learns_from_all:
        is_held_out[_HELD_OUT_STEP - 1 :: _HELD_OUT_STEP] = True
    before = folder.read_encoder(REDUCED, encoder)
    if isinstance(before, Reduced) and len(before.mean) == features.shape[1]:
        mean, axes = before.mean, before.axes
    else:
        mean, axes = principal_axes(features[~is_held_out])
    reduced = Reduced(encoder, mean, axes, np.flatnonzero(is_held_out))
    if not learns_from_all:
        folder.write_encoder(REDUCED, reduced)
    rows = np.sort(np.concatenate([chunk.rows for chunk in chunks]))
    unreadable = tuple(item for chunk in chunks for item in chunk.unreadable)
    return reduced, [Chunk(rows, unreadable, reduced.project(features))]


def _places(some: Sequence[Chunk], chunks: Sequence[Chunk]) -> NDArray[np.int64]:
    """Places of the rows of some chunks among those of all, where only rows that can be read count."""
    every = np.sort(np.concatenate([chunk.rows for chunk in chunks]))
    return np.searchsorted(every, np.sort(np.concatenate([chunk.rows for chunk in some])))


def encode_chunks(
    pool: Pool,
    encoder: Encoder,
    rows: Rows,
    step: int,
    tally: Tally,
    folder: ChunkFolder | None = None,
    first_number: int = 0,
    at_hand: dict[int, Any] | None = None,
) -> list[Chunk]:
    """Features of rows, ``step`` at a time: from the folder, or encoded and kept there.

    Chunks have consecutive numbers in the folder.  Items ``at_hand`` are taken out of it.
    """
    digest = (
        "" if folder is None else folder.encoder_digest(REDUCED if isinstance(encoder, Reduced) else ENCODER)
    )
    chunks: list[Chunk] = []
    for number, start in enumerate(range(0, len(rows), step), first_number):
        some = rows[start : start + step]
        chunk = None if folder is None else folder.read(number, digest, some)
        is_new = chunk is None or _is_mended(pool, chunk)
        if chunk is None or is_new:
            chunk = _encode_rows(pool, encoder, some, at_hand or {})
            if folder is not None:
                chunk = folder.write(number, digest, some, chunk)
        chunks.append(chunk)
        tally.count(len(some), is_new=is_new)
    return chunks


def _is_mended(pool: Pool, chunk: Chunk) -> bool:
    """Tell whether items that could not be read when a chunk was encoded can be read now."""
    return bool(chunk.unreadable) and bool(len(pool.try_load([row for row, _ in chunk.unreadable])[0]))


def _encode_rows(pool: Pool, encoder: Encoder, rows: Rows, at_hand: dict[int, Any]) -> Chunk:
    items, broken = _load(pool, rows, at_hand)
    reasons = {item.id: item.reason for item in broken}
    readable = np.array([row for row in rows if pool.ids[row] not in reasons], np.int64)
    unreadable = tuple((int(row), reasons[pool.ids[row]]) for row in rows if pool.ids[row] in reasons)
    if not len(items):
        return Chunk(readable, unreadable, np.empty((0, 1), np.float32))
    return Chunk(readable, unreadable, encode(encoder, items, [pool.ids[row] for row in readable]))


def _load(pool: Pool, rows: Rows, at_hand: dict[int, Any]) -> tuple[Sequence[Any], list[Broken]]:
    if not any(row in at_hand for row in rows):
        return pool.try_load(rows)
    others = [row for row in rows if row not in at_hand]
    items, broken = pool.try_load(others) if others else ([], [])
    broken_ids = {item.id for item in broken}
    following = iter(items)
    readable = [row for row in rows if pool.ids[row] not in broken_ids]
    return [at_hand.pop(row) if row in at_hand else next(following) for row in readable], broken


def broken_items(pool: Pool, chunks: Sequence[Chunk]) -> list[Broken]:
    """Items that could not be read, and why."""
    return [Broken(pool.ids[row], reason) for chunk in chunks for row, reason in chunk.unreadable]


class Tally:
    """Items encoded so far, in words for whoever waits, with the time that is left.

    Parameters
    ----------
    name : str
        Of the encoder.
    n : int
        Items in all.
    tell : callable
        Called with (fraction, words).

    Examples
    --------
    >>> tally = Tally("photo", 400, lambda fraction, words: print(fraction, words))
    >>> tally.count(100, is_new=False)
    0.25 photo: 100 of 400 items
    """

    def __init__(self, name: str, n: int, tell: Progress) -> None:
        self._name, self._n, self._tell = name, n, tell
        self._n_counted = self._n_new = 0
        self._recent = deque([(time.monotonic(), 0)], maxlen=_RATE_BATCHES + 1)

    def count(self, n_rows: int, *, is_new: bool = True) -> None:
        """Count rows, and tell; those that were encoded before this process say nothing about its speed."""
        self._n_counted += n_rows
        if is_new:
            self._n_new += n_rows
            self._recent.append((time.monotonic(), self._n_new))
        else:
            self._recent[-1] = time.monotonic(), self._n_new
        words = f"{self._name}: {self._n_counted:,} of {self._n:,} items"
        n_left, (start, before), (end, now) = self._n - self._n_counted, self._recent[0], self._recent[-1]
        if n_left and now > before:
            words += f", {duration(n_left * (end - start) / (now - before))} left"
        self._tell(self._n_counted / self._n, words)
