"""Features of a pool: computed once in chunks, kept on disk, memory-mapped ever after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError, StorageError
from spin_nb.io import is_intact, load_array, write_sealed
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.reduced import restore
from spin_nb.pool.features.chunks import Chunk, ChunkFolder, gather
from spin_nb.pool.features.encoding import (
    ENCODER,
    MAX_FIT_BYTES,
    MAX_FIT_ITEMS,
    Progress,
    Tally,
    batch_items,
    broken_items,
    encode,
    encode_base,
    encode_chunks,
    item_bytes,
    rows_to_begin_with,
    spread_rows,
)
from spin_nb.pool.modalities.table_rows import TableRows
from spin_nb.pool.pool import Pool
from spin_nb.pool.pool_data import fingerprint
from spin_nb.types import Broken, Float

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

_CHECKED_ITEMS = 4


def features(
    pool: Pool,
    encoder: object = "auto",
    folder: Path | str | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Encoder, Float]:
    """Compute, or read, the features of every row.

    Returns the fitted encoder, too.

    The encoder is fitted on the base rows (evenly spaced ones where there are more than it needs).  What is encoded
    is kept batch by batch: after a process was killed, the next call encodes the rest.  Items that turn out to be
    unreadable are excluded from the pool (``pool.broken`` lists them) and the rest goes on, so rows may move up
    during this call and never after it.

    Parameters
    ----------
    pool : Pool
        What to encode.
    encoder : str, callable or Encoder
        Word, function of loaded items, or encoder object.
    folder : Path, optional
        Project folder; features go to ``features/`` in it.  By default the pool's own project.
    progress : callable, optional
        Called with (fraction, words).

    Returns
    -------
    encoder : Encoder
        Fitted.
    features : float32 (n, d)
        Read-only memory map; an array in memory when arrivals are among the rows or the disk takes no cache.

    Raises
    ------
    PoolError
        When features are NaN or infinite, naming the items.
    """
    tell = progress or (lambda fraction, words: None)
    home = Path(folder or pool.folder.parent) / "features"
    unfitted = make_encoder(encoder, pool)
    before = _read_cache(pool, unfitted, home)
    if before is not None and not pool.read_only:
        _chunk_folder(pool, unfitted, home).remove()  # of a process killed just after its end
    fitted_encoder, base = before or _compute(pool, unfitted, home, tell)
    rows = _with_arrivals(pool, fitted_encoder, base, tell) if len(pool) > pool.n_base else base
    tell(1.0, "features ready")
    return fitted_encoder, rows


def are_features_kept(pool: Pool, encoder: object, folder: Path) -> bool:
    """Tell whether :func:`features` would find those of an encoder in the project, as far as names of files say.

    Parameters
    ----------
    pool, encoder, folder
        As for :func:`features`.
    """
    path = _place(pool, make_encoder(encoder, pool), folder / "features")
    return path.is_file() and path.with_suffix(".safetensors").is_file()


def _with_arrivals(pool: Pool, encoder: Encoder, base: Float, tell: Progress) -> Float:
    """Features of base rows and arrivals.

    Arrivals that cannot be read are kept out, too.
    """
    rows = range(pool.n_base, len(pool))
    step = batch_items(pool, encoder, item_bytes(pool))
    chunks = encode_chunks(pool, encoder, rows, step, Tally(encoder.name, len(rows), tell))
    unreadable = broken_items(pool, chunks)
    if unreadable:
        _keep_out(pool, unreadable)
    late = gather(chunks)
    return np.concatenate([base, late]) if len(late) else base


def encode_rows(pool: Pool, encoder: Encoder, rows: Iterable[int]) -> Float:
    """Features of some rows, float32 (len(rows), d), checked.

    Raises
    ------
    PoolError
        When an item cannot be read or its features are not finite.
    """
    rows = [int(row) for row in rows]
    return encode(encoder, pool.load(rows), [pool.ids[row] for row in rows])


def _key(pool: Pool, encoder: Encoder) -> str:
    return fingerprint(encoder.name, getattr(encoder, "settings", {}), pool.content)


def _place(pool: Pool, encoder: Encoder, home: Path) -> Path:
    return home / f"{_key(pool, encoder)[:32]}.npy"


def _read_cache(pool: Pool, unfitted: Encoder, home: Path) -> tuple[Encoder, Float] | None:
    path = _place(pool, unfitted, home)
    encoder_path = path.with_suffix(".safetensors")
    if not (is_intact(path) and is_intact(encoder_path)):
        return None
    try:
        from safetensors.numpy import load_file

        encoder = restore(load_file(encoder_path), unfitted)
        features: Float = load_array(path)
    except Exception:  # a damaged cache is recomputed, whatever is wrong with it
        return None
    if features.ndim != 2 or len(features) != pool.n_base or features.dtype != np.float32:
        return None
    return (encoder, features) if _is_current(pool, encoder, features) else None


def _is_current(pool: Pool, encoder: Encoder, features: Float) -> bool:
    """Tell whether a person's own code still agrees.

    It must agree with what is cached: what it refers to may have changed.
    """
    if not getattr(encoder, "own_code", False):
        return True
    rows = spread_rows(pool, _CHECKED_ITEMS)
    return _agree(pool, encoder, rows, features[rows], float(np.abs(features[rows]).max()))


def _agree(pool: Pool, encoder: Encoder, rows: NDArray[np.int64], features: Float, largest: float) -> bool:
    """Tell whether an encoder still gives these features of these rows; ``largest`` is that of all."""
    try:
        again = encode_rows(pool, encoder, rows)
    except PoolError:  # computing anew excludes what cannot be read, and says what else is wrong
        return False
    atol = 1e-5 * max(1.0, largest)  # sums over many columns are as exact as the largest of them
    return again.shape == features.shape and bool(np.allclose(again, features, rtol=1e-4, atol=atol))


def _compute(pool: Pool, unfitted: Encoder, home: Path, progress: Progress) -> tuple[Encoder, Float]:
    tell = _rising(progress)
    bytes_each = item_bytes(pool)
    limit = min(getattr(unfitted, "fit_items", MAX_FIT_ITEMS), MAX_FIT_BYTES // bytes_each + 1)
    encoder, folder = _resume(pool, unfitted, home, limit, bytes_each)
    at_hand: dict[int, Any] = {}
    if encoder is None:
        tell(0.0, f"learning {unfitted.name}")
        encoder, at_hand = _fit(pool, unfitted, limit, tell)
        folder = _chunk_folder(pool, encoder, home)  # of the pool without items that could not be read
        folder.clear()
        if pool.n_base > batch_items(pool, encoder, bytes_each):  # else all of it is in the cache at once
            folder.write_encoder(ENCODER, encoder)
    step = batch_items(pool, encoder, bytes_each)
    first = rows_to_begin_with(pool, encoder, limit)
    encoder, chunks = encode_base(pool, encoder, first, step, folder, tell, at_hand)
    unreadable = broken_items(pool, chunks)
    if unreadable:
        _keep_out(pool, unreadable)
    if pool.read_only:
        return encoder, gather(chunks)
    features = _write_cache(_place(pool, encoder, home), encoder, chunks)
    folder.remove()
    return encoder, features


def _rising(tell: Progress) -> Progress:
    """Tell fractions that never fall: what a network has looked at to learn is encoded at once afterwards."""
    highest = 0.0

    def tell_highest(fraction: float, words: str) -> None:
        nonlocal highest
        highest = max(highest, fraction)
        tell(highest, words)

    return tell_highest


def _chunk_folder(pool: Pool, encoder: Encoder, home: Path) -> ChunkFolder:
    return ChunkFolder(None if pool.read_only else home, _key(pool, encoder), pool.content)


def _resume(
    pool: Pool, unfitted: Encoder, home: Path, limit: int, bytes_each: int
) -> tuple[Encoder | None, ChunkFolder]:
    """The encoder of an encoding that did not come to its end, and its folder.

    It is None where there is none, or where a person's own code says something else by now.
    """
    folder = _chunk_folder(pool, unfitted, home)
    encoder = folder.read_encoder(ENCODER, unfitted)
    if encoder is None or not getattr(encoder, "own_code", False):
        return encoder, folder
    try:
        rows = rows_to_begin_with(pool, encoder, limit)[: batch_items(pool, encoder, bytes_each)]
    except PoolError:  # of the code: computing anew says it
        return None, folder
    chunk = folder.read(0, folder.encoder_digest(ENCODER), rows)
    if chunk is None or not len(chunk.rows):
        return None, folder
    features = chunk.features()
    places = np.unique(np.linspace(0, len(features) - 1, _CHECKED_ITEMS).astype(np.int64))
    agrees = _agree(pool, encoder, chunk.rows[places], features[places], float(np.abs(features).max()))
    return encoder if agrees else None, folder


def _fit(pool: Pool, encoder: Encoder, limit: int, tell: Progress) -> tuple[Encoder, dict[int, Any]]:
    """The encoder fitted, and the items that it was fitted on by their rows; not those of a frame in memory."""
    items: Sequence[Any] = []
    while not items:
        rows = spread_rows(pool, limit)
        items, unreadable = pool.try_load(rows)
        if not items:
            _keep_out(pool, unreadable)  # raises when nothing is left
    look_at = getattr(encoder, "look_at", None)
    if look_at is not None:  # a network: it takes as long as encoding these items, and they are encoded then
        look_at(items, Tally(encoder.name, pool.n_base, tell).count)
    encoder.fit(items)
    if isinstance(items, TableRows):
        return encoder, {}
    broken_ids = {item.id for item in unreadable}
    readable = (int(row) for row in rows if pool.ids[row] not in broken_ids)
    return encoder, dict(zip(readable, items, strict=True))


def _keep_out(pool: Pool, unreadable: list[Broken]) -> None:
    (pool.leave_out if pool.read_only else pool.exclude)(unreadable)


def _write_cache(path: Path, encoder: Encoder, chunks: Sequence[Chunk]) -> Float:
    """Features from the cache; in memory where the disk does not take them: nothing is lost but time."""
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(value) for name, value in encoder.to_arrays().items()}
    encoder_path = path.with_suffix(".safetensors")
    try:
        write_sealed(encoder_path, lambda half: half.write_bytes(save(arrays)))
        write_sealed(path, lambda half: _save(half, chunks))
    except StorageError:  # a read-only or full project
        return np.array(gather(chunks))
    mapped_features: Float = load_array(path)
    return mapped_features


def _save(path: Path, chunks: Sequence[Chunk]) -> None:
    if len(chunks) == 1:
        with open(path, "wb") as stream:
            np.save(stream, chunks[0].features(), allow_pickle=False)
        return
    open_array = partial(np.lib.format.open_memmap, path, "w+", np.float32)
    gather(chunks, lambda shape: open_array(shape, version=(1, 0)))
