"""Real data sets as features and labels, split into a pool to label and a test part, for the benchmarks.

Where a set has an official split it is used, else the seed splits it.  All go through the project's own quick
encoders, fitted on the pool; MNIST and Fashion-MNIST through their principal components alone.  Every set can be had
with outliers or with heavy tails: ``wine_outliers``, ``wine_tails``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks._collections import DATA, READERS, WITHOUT_FILES, Collection, collect
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.types import Float, Ints

NEIGHBOURS = 15
SPLITS_IN_MEMORY = 12  # ten seeds of a set, and then those of the next
OUTLIER_SHARE, OUTLIER_FACTOR = 0.01, 20

__all__ = ["DATA", "SETS", "Split", "base_of", "digits", "is_there", "load", "split"]


@dataclass(frozen=True)
class Split:
    """Features and labels of pool and test part.

    The neighbours of both parts are rows of the pool.
    """

    pool: Float
    y: Ints
    graph: tuple[Ints, Float]
    test: Float
    y_test: Ints
    hood: tuple[Ints, Float]
    n_classes: int


SETS = tuple(READERS)


def load(name: str, seed: int) -> Split:
    """Load one of :data:`SETS`, plain or with one of :data:`DISTORTIONS`.

    It is split by ``seed`` where it has no official split.
    """
    plain, distortion = base_of(name)
    fixed = collect(plain).is_fixed and not distortion
    return _load(name, 0 if fixed else seed)


def digits(seed: int) -> Split:
    """Load 1,000 / 797 digits."""
    return load("digits", seed)


def base_of(name: str) -> tuple[str, str]:
    """Name of a set, and of its distortion, or "".

    Examples
    --------
    >>> base_of("wine_tails"), base_of("ag_news")
    (('wine', 'tails'), ('ag_news', ''))
    """
    plain, _, distortion = name.rpartition("_")
    return (plain, distortion) if distortion in DISTORTIONS else (name, "")


def is_there(name: str) -> bool:
    """Say whether the files of a set are on this machine."""
    return base_of(name)[0] in WITHOUT_FILES or DATA.exists()


def split(pool: Float, y: Ints, test: Float, y_test: Ints) -> Split:
    """Split a set, with the parts' neighbours in the pool."""
    pool, test = (np.ascontiguousarray(part, np.float32) for part in (pool, test))
    graph, hood = neighbours(pool, NEIGHBOURS), nearest(pool, test, NEIGHBOURS)
    return Split(pool, y, graph, test, y_test, hood, int(max(y.max(), y_test.max())) + 1)


@lru_cache(SPLITS_IN_MEMORY)
def _load(name: str, seed: int) -> Split:
    plain, distortion = base_of(name)
    collection = collect(plain)
    pool_rows, test_rows = collection.divide(seed)
    pool, test = _features(collection, pool_rows, test_rows)
    if distortion:
        pool, test = DISTORTIONS[distortion](pool, test, seed)
    return split(pool, collection.y[pool_rows], test, collection.y[test_rows])


def _features(collection: Collection, pool_rows: Ints, test_rows: Ints) -> tuple[Float, Float]:
    pool, test = (_at(collection, rows) for rows in (pool_rows, test_rows))
    encoder = collection.encoder()
    limit = getattr(encoder, "fit_items", len(pool))
    if len(pool) <= limit:
        encoder.fit(pool)
    else:
        few = np.unique(np.linspace(0, len(pool) - 1, limit).astype(np.int64))  # as a session takes them
        encoder.fit([pool[row] for row in few])
    return encoder.encode(pool), encoder.encode(test)


def _at(collection: Collection, rows: Ints) -> list | Float:
    items = collection.items
    return items[rows] if isinstance(items, np.ndarray) else [items[row] for row in rows]


def _outliers(pool: Float, test: Float, seed: int) -> tuple[Float, Float]:
    """Multiply one row in a hundred by 20, one at least."""
    rng = np.random.default_rng(seed)
    parts = pool.copy(), test.copy()
    for part in parts:
        rows = rng.choice(len(part), max(1, round(OUTLIER_SHARE * len(part))), replace=False)
        part[rows] *= OUTLIER_FACTOR
    return parts


def _tails(pool: Float, test: Float, seed: int) -> tuple[Float, Float]:
    """Raise standardised columns to the third power."""
    mean, deviation = pool.mean(axis=0), pool.std(axis=0) + np.float32(1e-9)
    pool, test = (((part - mean) / deviation) ** 3 for part in (pool, test))
    return pool, test


DISTORTIONS: dict[str, Callable[[Float, Float, int], tuple[Float, Float]]] = {
    "outliers": _outliers,
    "tails": _tails,
}
