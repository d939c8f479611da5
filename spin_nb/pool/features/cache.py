"""Features of a pool: computed once in chunks, kept on disk, memory-mapped ever after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError, StorageError
from spin_nb.io import is_intact, load_array, write_sealed
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.reduced import MAX_WIDTH, Reduced, principal_axes, restore
from spin_nb.pool.modalities.lookup import modality_class
from spin_nb.pool.pool import Pool
from spin_nb.pool.pool_data import fingerprint
from spin_nb.types import Broken, Float

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder

Progress = Callable[[float, str], Any]

MAX_FIT_ITEMS = 10_000
MAX_FIT_BYTES, _MAX_CHUNK_BYTES = 2**29, 2**27
"""Loaded items held at once, at most, while an encoder learns and while it encodes: long sounds are large."""
_SIZE_SAMPLE = 4
_CHECKED_ITEMS = 4
_MIN_AXES_ITEMS = 1_000
"""Items that wide features' axes are learnt from at least, however wide they are."""
_HELD_OUT_STEP = 5
"""One item in so many is left out of them, where they are learnt from all others."""


def features(
    pool: Pool,
    encoder: object = "auto",
    folder: Path | str | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Encoder, Float]:
    """Compute, or read, the features of every row.

    Returns the fitted encoder, too.

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
    fitted_encoder, base = _read_cache(pool, unfitted, home) or _compute(pool, unfitted, home, tell)
    rows = _with_arrivals(pool, fitted_encoder, base, tell) if len(pool) > pool.n_base else base
    tell(1.0, "features ready")
    return fitted_encoder, rows


def _with_arrivals(pool: Pool, encoder: Encoder, base: Float, tell: Progress) -> Float:
    """Features of base rows and arrivals.

    Arrivals that cannot be read are kept out, too.
    """
    late, unreadable = _encode_chunks(pool, encoder, range(pool.n_base, len(pool)), tell)
    if unreadable:
        _keep_out(pool, unreadable)
    return np.concatenate([base, late]) if len(late) else base


def encode_rows(pool: Pool, encoder: Encoder, rows: Iterable[int]) -> Float:
    """Features of some rows, float32 (len(rows), d), checked.

    Raises
    ------
    PoolError
        When an item cannot be read or its features are not finite.
    """
    rows = [int(row) for row in rows]
    return _encode(encoder, pool.load(rows), [pool.ids[row] for row in rows])


def _place(pool: Pool, encoder: Encoder, home: Path) -> Path:
    key = fingerprint(encoder.name, getattr(encoder, "settings", {}), pool.content)
    return home / f"{key[:32]}.npy"


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
    rows = _spread_rows(pool, _CHECKED_ITEMS)
    try:
        again = encode_rows(pool, encoder, rows)
    except PoolError:  # computing anew excludes what cannot be read, and says what else is wrong
        return False
    # Sums over many columns are as exact as the largest of them.
    atol = 1e-5 * max(1.0, float(np.abs(features[rows]).max()))
    return again.shape == features[rows].shape and bool(
        np.allclose(again, features[rows], rtol=1e-4, atol=atol)
    )


def _compute(pool: Pool, encoder: Encoder, home: Path, tell: Progress) -> tuple[Encoder, Float]:
    tell(0.0, f"learning {encoder.name}")
    limit = min(getattr(encoder, "fit_items", MAX_FIT_ITEMS), MAX_FIT_BYTES // _item_bytes(pool) + 1)
    items: Sequence[Any] = []
    while not items:
        items, unreadable = pool.try_load(_spread_rows(pool, limit))
        if not items:
            _keep_out(pool, unreadable)  # raises when nothing is left
    encoder.fit(items)
    sample = _rows_for_axes(pool, encoder, items)
    del items
    encoder, features, unreadable = _encode_base(pool, encoder, sample, tell)
    if unreadable:
        _keep_out(pool, unreadable)
    if pool.read_only:
        return encoder, features
    try:
        return encoder, _write_cache(_place(pool, encoder, home), encoder, features)
    except StorageError:  # a read-only or full project: nothing is lost but time
        return encoder, features


def _spread_rows(pool: Pool, limit: int) -> NDArray[np.int64]:
    """Base rows, evenly spaced ones where there are more than ``limit``."""
    return np.unique(np.linspace(0, pool.n_base - 1, min(limit, pool.n_base)).astype(np.int64))


def _keep_out(pool: Pool, unreadable: list[Broken]) -> None:
    (pool.leave_out if pool.read_only else pool.exclude)(unreadable)


def _rows_for_axes(pool: Pool, encoder: Encoder, items: Sequence[Any]) -> NDArray[np.int64]:
    """Base rows to encode first: those that axes are learnt from where features are wide, else all."""
    if pool.n_base > _MIN_AXES_ITEMS:
        shape = np.shape(encoder.encode(items[:1]))
        if len(shape) == 2 and shape[1] > MAX_WIDTH:
            limit = min(MAX_FIT_ITEMS, max(_MIN_AXES_ITEMS, _MAX_CHUNK_BYTES // (4 * shape[1])))
            return _spread_rows(pool, limit)
    return np.arange(pool.n_base)


def _encode_base(
    pool: Pool, encoder: Encoder, sample: NDArray[np.int64], tell: Progress
) -> tuple[Encoder, Float, list[Broken]]:
    """The encoder, reduced where features are wide; features of the rows that can be read, and the other rows.

    Axes are learnt from ``sample``, so that features are wide for no more rows than these at a time.
    """
    n, share = pool.n_base, len(sample) / pool.n_base
    features, unreadable = _encode_chunks(
        pool, encoder, sample, lambda part, words: tell(share * part, words)
    )
    rest = np.setdiff1d(np.arange(n), sample)
    is_held_out = np.zeros(len(features), bool)
    reduced: Reduced | None = None
    if features.shape[1] > MAX_WIDTH:
        if not len(rest):
            is_held_out[_HELD_OUT_STEP - 1 :: _HELD_OUT_STEP] = True
        encoder = reduced = Reduced(encoder, *principal_axes(features[~is_held_out]))
        features = reduced.project(features)
    if len(rest):
        other_features, others = _encode_chunks(
            pool, encoder, rest, lambda part, words: tell(share + (1 - share) * part, words)
        )
        unreadable += others
        unreadable_ids = {item.id for item in unreadable}
        rows = np.array([row for row in (*sample, *rest) if pool.ids[row] not in unreadable_ids])
        order = np.argsort(rows)
        features = np.concatenate([part for part in (features, other_features) if len(part)])[order]
        is_held_out = np.concatenate([is_held_out, np.ones(len(other_features), bool)])[order]
    if reduced is not None:
        reduced.held_out = np.flatnonzero(is_held_out)
    return encoder, features, unreadable


def _encode_chunks(
    pool: Pool, encoder: Encoder, rows: Sequence[int] | NDArray[np.int64], tell: Progress
) -> tuple[Float, list[Broken]]:
    """Features of the rows that can be read, and the others."""
    n, n_features = len(rows), 0
    step = min(modality_class(pool.modality).chunk_items, _MAX_CHUNK_BYTES // _item_bytes(pool) + 1)
    features = np.empty((0, 0), np.float32)
    unreadable: list[Broken] = []
    for start in range(0, n, step):
        some = rows[start : start + step]
        items, broken = pool.try_load(some)
        unreadable.extend(broken)
        if items:
            unreadable_ids = {item.id for item in broken}
            part = _encode(
                encoder, items, [pool.ids[row] for row in some if pool.ids[row] not in unreadable_ids]
            )
            if step >= n:  # one chunk is all
                features = part
            else:
                features = features if n_features else np.empty((n, part.shape[1]), np.float32)
                features[n_features : n_features + len(part)] = part
            n_features += len(part)
        n_rows = min(start + step, n)
        tell(n_rows / n, f"{encoder.name}: {n_rows:,} of {n:,} items")
    return features[:n_features], unreadable


def _item_bytes(pool: Pool) -> int:
    """Bytes of a loaded item, from the largest of a few; texts count as nothing."""
    return max([1, *(_nbytes(item) for item in pool.try_load(_spread_rows(pool, _SIZE_SAMPLE))[0])])


def _nbytes(item: object) -> int:
    if isinstance(item, dict):
        return sum(_nbytes(part) for part in item.values())
    if isinstance(item, (bool, int, float)):
        return 8
    return int(getattr(getattr(item, "samples", item), "nbytes", 0))


def _encode(encoder: Encoder, items: Sequence[Any], ids: list[str]) -> Float:
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


def _write_cache(path: Path, encoder: Encoder, features: Float) -> Float:
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(value) for name, value in encoder.to_arrays().items()}
    encoder_path = path.with_suffix(".safetensors")
    write_sealed(encoder_path, lambda half: half.write_bytes(save(arrays)))
    write_sealed(path, lambda half: _save(half, features))
    mapped_features: Float = load_array(path)
    return mapped_features


def _save(path: Path, features: Float) -> None:
    with open(path, "wb") as stream:
        np.save(stream, features, allow_pickle=False)
