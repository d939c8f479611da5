"""Features of a pool: computed once in chunks, kept on disk, memory-mapped ever after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError, StorageError
from spin_nb.io import is_intact, load_array, write_sealed
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.modalities.lookup import modality_class
from spin_nb.pool.pool import Pool
from spin_nb.pool.pool_data import fingerprint
from spin_nb.types import Broken, Float

Progress = Callable[[float, str], Any]

FIT_ITEMS = 10_000
FIT_BYTES, _CHUNK_BYTES = 2**29, 2**27
"""Loaded items held at once, at most, while an encoder learns and while it encodes: long sounds are large."""
_TRIED = 4


def features(
    pool: Pool, encoder: Any = "auto", folder: Path | str | None = None, *, progress: Progress | None = None
) -> tuple[Any, Float]:
    """Fitted encoder and the features of every row, from the cache where they are there.

    The encoder is fitted on the base rows (evenly spaced ones where there are more than it needs).  Items that
    turn out to be unreadable are excluded from the pool (``pool.broken`` lists them) and the rest goes on, so
    rows may move up during this call and never after it.

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
    fitted, base = _cached(pool, unfitted, home) or _compute(pool, unfitted, home, tell)
    rows = _with_arrivals(pool, fitted, base, tell) if len(pool) > pool.n_base else base
    tell(1.0, "features ready")
    return fitted, rows


def _with_arrivals(pool: Pool, encoder: Any, base: Float, tell: Progress) -> Float:
    """Features of base rows and arrivals; of these, too, what cannot be read is kept out."""
    late, failed = _encoded(pool, encoder, range(pool.n_base, len(pool)), tell)
    if failed:
        _keep_out(pool, failed)
    return np.concatenate([base, late]) if len(late) else base


def encode_rows(pool: Pool, encoder: Any, rows: Any) -> Float:
    """Features of some rows, float32 (len(rows), d), checked.

    Raises
    ------
    PoolError
        When an item cannot be read or its features are not finite.
    """
    rows = [int(row) for row in rows]
    return _checked(encoder, pool.load(rows), [pool.ids[row] for row in rows])


def _place(pool: Pool, encoder: Any, home: Path) -> Path:
    key = fingerprint(encoder.name, getattr(encoder, "settings", {}), pool.content)
    return home / f"{key[:32]}.npy"


def _cached(pool: Pool, unfitted: Any, home: Path) -> tuple[Any, Float] | None:
    path = _place(pool, unfitted, home)
    learnt = path.with_suffix(".safetensors")
    if not (is_intact(path) and is_intact(learnt)):
        return None
    try:
        from safetensors.numpy import load_file

        encoder = type(unfitted).from_arrays(load_file(learnt), unfitted)
        found: Float = load_array(path)
    except Exception:  # a damaged cache is recomputed, whatever is wrong with it
        return None
    if found.ndim != 2 or len(found) != pool.n_base or found.dtype != np.float32:
        return None
    return (encoder, found) if _still_true(pool, encoder, found) else None


def _still_true(pool: Pool, encoder: Any, found: Float) -> bool:
    """Return whether a person's own code still gives what is cached: what it refers to may have changed."""
    if not getattr(encoder, "own_code", False):
        return True
    rows = np.unique(np.linspace(0, pool.n_base - 1, 4).astype(int))
    again = encode_rows(pool, encoder, rows)
    return again.shape[1] == found.shape[1] and bool(np.allclose(again, found[rows], rtol=1e-4, atol=1e-5))


def _compute(pool: Pool, encoder: Any, home: Path, tell: Progress) -> tuple[Any, Float]:
    tell(0.0, f"learning {encoder.name}")
    limit = min(getattr(encoder, "fit_items", FIT_ITEMS), FIT_BYTES // _size(pool) + 1)
    items: list[Any] = []
    while not items:
        sample = np.unique(np.linspace(0, pool.n_base - 1, min(limit, pool.n_base)).astype(np.int64))
        items, failed = pool.try_load(sample)
        if not items:
            _keep_out(pool, failed)  # raises when nothing is left
    encoder.fit(items)
    del items
    found, failed = _encoded(pool, encoder, range(pool.n_base), tell)
    if failed:
        _keep_out(pool, failed)
    if pool.read_only:
        return encoder, found
    try:
        return encoder, _store(_place(pool, encoder, home), encoder, found)
    except StorageError:  # a read-only or full project: nothing is lost but time
        return encoder, found


def _keep_out(pool: Pool, failed: list[Broken]) -> None:
    (pool.leave_out if pool.read_only else pool.exclude)(failed)


def _encoded(pool: Pool, encoder: Any, rows: range, tell: Progress) -> tuple[Float, list[Broken]]:
    """Features of the rows that can be read, in order, and the others."""
    n, filled = len(rows), 0
    step = min(modality_class(pool.modality).chunk_items, _CHUNK_BYTES // _size(pool) + 1)
    found = np.empty((0, 0), np.float32)
    failed: list[Broken] = []
    for start in range(0, n, step):
        some = rows[start : start + step]
        items, broken = pool.try_load(some)
        failed.extend(broken)
        if items:
            gone = {item.id for item in broken}
            part = _checked(encoder, items, [pool.ids[row] for row in some if pool.ids[row] not in gone])
            found = found if filled else np.empty((n, part.shape[1]), np.float32)
            found[filled : filled + len(part)] = part
            filled += len(part)
        done = min(start + step, n)
        tell(done / n, f"{encoder.name}: {done:,} of {n:,} items")
    return found[:filled], failed


def _size(pool: Pool) -> int:
    """Bytes of a loaded item, from the largest of a few; texts and rows count as nothing."""
    rows = np.unique(np.linspace(0, pool.n_base - 1, min(_TRIED, pool.n_base)).astype(np.int64))
    return max([1, *(_nbytes(item) for item in pool.try_load(rows)[0])])


def _nbytes(item: Any) -> int:
    if isinstance(item, dict):
        return sum(_nbytes(part) for part in item.values())
    return int(getattr(getattr(item, "samples", item), "nbytes", 0))


def _checked(encoder: Any, items: list[Any], ids: list[str]) -> Float:
    found = np.ascontiguousarray(encoder.encode(items), dtype=np.float32)
    if found.ndim != 2 or len(found) != len(items) or not found.shape[1]:
        raise PoolError(f"{encoder.name} gave shape {found.shape} for {len(items)} items.", "Return (n, d).")
    finite = np.isfinite(found).all(axis=1)
    if not finite.all():
        bad = [ids[row] for row in np.flatnonzero(~finite)[:5]]
        raise PoolError(
            f"{encoder.name} gave NaN or infinite features for {(~finite).sum()} items: {', '.join(bad)}.",
            "Mend these items or the encoder.",
        )
    return found


def _store(path: Path, encoder: Any, found: Float) -> Float:
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(value) for name, value in encoder.to_arrays().items()}
    learnt = path.with_suffix(".safetensors")
    write_sealed(learnt, lambda half: half.write_bytes(save(arrays)))
    write_sealed(path, lambda half: _save(half, found))
    kept: Float = load_array(path)
    return kept


def _save(path: Path, found: Float) -> None:
    with open(path, "wb") as stream:
        np.save(stream, found, allow_pickle=False)
