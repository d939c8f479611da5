"""Real data sets as features and labels, split into a pool to label and a test part, for the benchmarks.

Where a set has an official split it is used, else the seed splits it.  By default all go through the project's own
quick encoders, fitted on the pool; MNIST and Fashion-MNIST through their principal components alone.  Other encoders
go by word, several at once joined by "+"; what they compute of a set is computed once, their principal components
being learnt from all items, those of the test part too, without a label.  Every set can be had with outliers or with
heavy tails: ``wine_outliers``, ``wine_tails``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np

from benchmarks._collections import DATA, READERS, WITHOUT_FILES, Collection, collect
from benchmarks._logistic import scale
from spin_nb.pool.encoders.reduced import MAX_WIDTH, principal_axes
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.registry import resolve
from spin_nb.types import Float, Ints

NEIGHBOURS = 15
QUICK, AUTO = "quick", "auto"
PRETRAINED = {
    **dict.fromkeys(("mnist", "fashion", "sign_digits", "bccd"), "efficientnet-lite"),
    **dict.fromkeys(("ag_news", "banking77"), "minilm"),
}
SPLITS_IN_MEMORY = 12  # ten seeds of a set, and then those of the next
OUTLIER_SHARE, OUTLIER_FACTOR = 0.01, 20

__all__ = ["DATA", "QUICK", "SETS", "Split", "base_of", "digits", "is_there", "load", "split"]


@dataclass(frozen=True)
class Split:
    """Features and labels of pool and test part.

    The neighbours of both parts are rows of the pool.  ``alternatives`` are the same items in other features.
    """

    pool: Float
    y: Ints
    graph: tuple[Ints, Float]
    test: Float
    y_test: Ints
    hood: tuple[Ints, Float]
    n_classes: int
    alternatives: dict[str, Split] = field(default_factory=dict)


SETS = tuple(READERS)


def load(name: str, seed: int, encoder: str = QUICK) -> Split:
    """Load one of :data:`SETS`, plain or with one of :data:`DISTORTIONS`.

    It is split by ``seed`` where it has no official split.  ``encoder`` is "quick", a word of the registry, or several
    of these: "quick+efficientnet-lite" is both, each centred and of mean square norm 1.  "auto" is both, with each by
    itself as an alternative, for pictures and texts.
    """
    plain, distortion = base_of(name)
    fixed = collect(plain).is_fixed and not distortion
    seed = 0 if fixed else seed
    if encoder != AUTO:
        return _load(name, seed, encoder)
    word = PRETRAINED.get(plain)
    if word is None:
        return _load(name, seed, QUICK)
    others = {one: _load(name, seed, one) for one in (QUICK, word)}
    return replace(_load(name, seed, f"{QUICK}+{word}"), alternatives=others)


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
def _load(name: str, seed: int, encoder: str) -> Split:
    plain, distortion = base_of(name)
    collection, words = collect(plain), encoder.split("+")
    pool_rows, test_rows = collection.divide(seed)
    parts = [
        _quick(collection, pool_rows, test_rows)
        if word == QUICK
        else _by_word(plain, word, pool_rows, test_rows)
        for word in words
    ]
    pool, test = parts[0] if len(parts) == 1 else _reduced(*_joined(parts))
    if distortion:
        pool, test = DISTORTIONS[distortion](pool, test, seed)
    return split(pool, collection.y[pool_rows], test, collection.y[test_rows])


def _quick(collection: Collection, pool_rows: Ints, test_rows: Ints) -> tuple[Float, Float]:
    pool, test = (_at(collection, rows) for rows in (pool_rows, test_rows))
    encoder = collection.encoder()
    encoder.fit(_some(pool, encoder))
    return encoder.encode(pool), encoder.encode(test)


def _by_word(name: str, word: str, pool_rows: Ints, test_rows: Ints) -> tuple[Float, Float]:
    features = _features(name, word)
    return features[pool_rows], features[test_rows]


@cache
def _features(name: str, word: str) -> Float:
    """Features of all items of a set by an encoder of the registry."""
    items, encoder = collect(name).items, resolve("encoder", word)()
    return encoder.fit(_some(items, encoder)).encode(items)


def _some(items: Sequence[Any], encoder: Any) -> Sequence[Any]:
    """Items that an encoder learns from, as a session takes them."""
    limit = getattr(encoder, "fit_items", len(items))
    if len(items) <= limit:
        return items
    return [items[row] for row in np.unique(np.linspace(0, len(items) - 1, limit).astype(np.int64))]


def _joined(parts: list[tuple[Float, Float]]) -> tuple[Float, Float]:
    """Put features side by side, each centred and of mean square norm 1 over the pool."""
    pools, tests = zip(*(scale(*part) for part in parts), strict=True)
    return np.concatenate(pools, axis=1), np.concatenate(tests, axis=1)


def _reduced(pool: Float, test: Float) -> tuple[Float, Float]:
    """Principal components of what is wide, learnt from four rows of the pool in five, as a session does."""
    if pool.shape[1] <= MAX_WIDTH:
        return pool, test
    mean, axes = principal_axes(pool[np.arange(len(pool)) % 5 != 4])
    return (pool - mean) @ axes, (test - mean) @ axes


def _at(collection: Collection, rows: Ints) -> Sequence[Any]:
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
