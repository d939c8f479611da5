"""Nearest rows of a reference, for a pool: exact where that can be waited for, by an index beyond.

No n x m matrix: the pool goes by in blocks, and only the nearest few of each row stay.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_labelled
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints, Rows
from spin_nb.words import shown

Metric = Literal["euclidean", "cosine"]
METRICS = ("euclidean", "cosine")

MAX_EXACT_PAIRS = 10**10
"""Pairs of rows that are all compared: some two minutes on one core at 128 features."""
N_SPARE = 8
"""Candidates beyond the nearest wanted: exact distances decide among them, and the row itself may be one."""
MIN_RECALL, N_RECALL_ROWS = 0.995, 200
EXPANSION_TO_BUILD = 64
MIN_EXPANSION, MAX_EXPANSION = 64, 1024
"""Candidates that the index follows: twice as many take half as long again, building from 128 twice as long."""
LARGEST = float(np.finfo(np.float32).max)


class Nearest(NamedTuple):
    """Rows of the reference and their distances, nearest first."""

    rows: NDArray[np.int32]
    distances: Float


class Reference:
    """Rows that others are compared with.

    Cosine distances are those of directions: half the squared Euclidean distance of rows of length 1.  Rows of zeros
    point nowhere: they are at distance 1 from all others, and 0 from each other.

    Parameters
    ----------
    x : float32 (m, d)
    metric : {"euclidean", "cosine"}
    """

    def __init__(self, x: Float, metric: Metric) -> None:
        self._metric, self._rows = metric, x
        self._centre = x.mean(axis=0, dtype=np.float64) if metric == "euclidean" else 0.0
        self._x = self._coordinates(x)
        self.recall = 1.0
        """Share of the nearest rows that a search finds, as measured on some of them; 1 where all are compared."""

    def __len__(self) -> int:
        return len(self._x)

    def nearest_to(self, x: Float, k: int) -> Nearest:
        """Find the ``k`` nearest rows of the reference for each of ``x``; all of them where they are fewer."""
        k = min(k, len(self))
        rows, distances = np.empty((len(x), k), np.int32), np.empty((len(x), k), np.float32)
        search = self._search_for(lambda some: x[some], len(x), min(k + N_SPARE, len(self)))
        for block in self._blocks(len(x), k):
            candidates = search(self._coordinates(x[block]))
            rows[block], distances[block] = self._in_order(x[block], candidates, k)
        return Nearest(rows, distances)

    def nearest_others(self, k: int) -> Nearest:
        """Find the ``k`` nearest other rows of each row of the reference, duplicates among them."""
        k, x = min(k, len(self) - 1), self._rows
        rows, distances = np.empty((len(self), k), np.int32), np.empty((len(self), k), np.float32)
        search = self._search_for(lambda some: x[some], len(self), min(k + 1 + N_SPARE, len(self)))
        for block in self._blocks(len(self), k):
            itself = np.arange(block.start, block.stop)
            rows[block], distances[block] = self._in_order(x[block], search(self._x[block]), k, itself)
        return Nearest(rows, distances)

    def _coordinates(self, x: Float) -> Float:
        """Rows in the space where their Euclidean distances are what is compared, float32."""
        out = np.empty((len(x), x.shape[1] + (self._metric == "cosine")), np.float32)
        for block in blocks(len(x), 4 * x.shape[1]):
            if self._metric == "cosine":
                out[block] = directions(x[block])
            else:
                out[block] = x[block] - self._centre
        return out

    def _blocks(self, n: int, k: int) -> Iterator[slice]:
        # of some thousand rows: scikit-learn's threads take 256 each
        return blocks(n, self._x.shape[1] * (k + N_SPARE), 2**24)

    def _search_for(self, rows_of: Callable[[Ints], Float], n: int, count: int) -> Callable[[Float], Ints]:
        """Search that gives candidates (r, count) for rows, exact or by the index."""
        if n * len(self) <= MAX_EXACT_PAIRS:
            return lambda some: self._compared_with_all(some, count)
        spread = np.unique(np.linspace(0, n - 1, min(n, N_RECALL_ROWS)).astype(np.int64))
        self._widen(rows_of(spread), count)
        return lambda some: self._from_index(some, count)

    def _compared_with_all(self, some: Float, count: int) -> Ints:
        return np.asarray(self._all.kneighbors(some, count, return_distance=False))

    @cached_property
    def _all(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors().fit(self._x)

    @cached_property
    def _index(self) -> Any:
        from usearch.index import Index

        index = Index(
            ndim=self._x.shape[1],
            metric="l2sq",
            dtype="f32",
            expansion_add=EXPANSION_TO_BUILD,
            expansion_search=MIN_EXPANSION,
        )
        # by one thread: what several build depends on which of them is quicker
        index.add(np.arange(len(self)), self._x, copy=False, threads=1)
        return index

    def _from_index(self, some: Float, count: int) -> Ints:
        queries = (
            some if len(some) > 1 else np.repeat(some, 2, axis=0)
        )  # one alone is answered in another form
        matches = self._index.search(queries, count)
        rows = matches.keys[: len(some)].astype(np.int64)
        few = np.flatnonzero(
            matches.counts[: len(some)] < count
        )  # many duplicates may part the index's graph
        if len(few):
            rows[few] = self._compared_with_all(some[few], count)
        return rows

    def _widen(self, x: Float, count: int) -> None:
        """Let the index follow more candidates until it finds nearly all of the nearest."""
        some, k = self._coordinates(x), max(1, count - N_SPARE)
        exact = self._in_order(x, self._compared_with_all(some, count), k).distances
        while True:
            near = self._in_order(x, self._from_index(some, count), k).distances
            self.recall = float((near <= exact[:, -1:] * (1 + 1e-5)).mean())
            if self.recall >= MIN_RECALL or self._index.expansion_search >= MAX_EXPANSION:
                break
            self._index.expansion_search *= 2
        if self.recall < MIN_RECALL:
            warnings.warn(
                f"the index finds {self.recall:.1%} of the nearest of {len(self):,} rows: scores are rough. "
                "Fewer features, as principal components, are searched better.",
                UserWarning,
                stacklevel=5,
            )

    def _apart(self, near: Float, row: Float) -> NDArray[np.float64]:
        """Differences (r, k, d) whose squares are summed."""
        if self._metric == "cosine":
            return directions(near) - directions(row)
        with np.errstate(over="ignore"):
            return np.subtract(near, row, out=near).astype(
                np.float64
            )  # of float32: what is close loses nothing

    def _in_order(self, x: Float, candidates: Ints, k: int, itself: Ints | None = None) -> Nearest:
        """The ``k`` nearest of the candidates, by distances from differences: duplicates are at exactly 0."""
        candidates = np.sort(candidates, axis=1)  # ties go to the lowest row
        distances = np.empty(candidates.shape)
        for block in blocks(len(x), 4 * candidates.shape[1] * x.shape[1]):
            apart = self._apart(self._rows[candidates[block]], x[block, None])
            distances[block] = np.einsum("nkd,nkd->nk", apart, apart)
        distances = distances / 2 if self._metric == "cosine" else np.sqrt(distances)
        if itself is not None:
            distances[candidates == itself[:, None]] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, :k]
        nearest = np.take_along_axis(distances, order, axis=1)
        return Nearest(
            np.take_along_axis(candidates, order, axis=1).astype(np.int32),
            np.minimum(nearest, LARGEST).astype(np.float32),
        )


def directions(x: NDArray[Any]) -> NDArray[np.float64]:
    """Rows (..., d) at length 1 in (..., d + 1); those of zeros along the last axis, where no other goes."""
    x = x.astype(np.float64, copy=False)
    lengths = np.sqrt(np.einsum("...d,...d->...", x, x))
    out = np.empty((*x.shape[:-1], x.shape[-1] + 1))
    np.divide(x, np.where(lengths > 0, lengths, 1)[..., None], out=out[..., :-1])
    out[..., -1] = lengths == 0
    return out


def reference_of(
    features: Float, reference: Float | None, labelled_rows: Rows | None, word: str, metric: Metric
) -> Float:
    """Known rows (m, d), checked: the reference, or the labelled rows.

    Raises
    ------
    QueryError
        Neither is there, other features than the pool's, NaN, rows outside the pool, no such metric.
    """
    check_metric(metric)
    rows = check_labelled(labelled_rows, len(features))
    if reference is not None:
        return check_features(reference, name="reference", d=features.shape[1])
    if not len(rows):
        raise QueryError(
            f"{word} compares with what is known: there is no reference, and nothing is labelled.",
            "Label some items first, such as those of s.ask(10, strategy='typiclust'), or pass reference=.",
        )
    return features[rows]


def check_metric(metric: object) -> None:
    """Check that a metric is one.

    Raises
    ------
    QueryError
        It is not.
    """
    if metric not in METRICS:
        raise QueryError(f"there is no metric {shown(metric)}.", "Use 'euclidean' or 'cosine'.")


def check_n_neighbours(n_neighbours: object) -> int:
    """Return a number of neighbours as int.

    Raises
    ------
    QueryError
        Not a whole number of 1 or more.
    """
    if isinstance(n_neighbours, bool) or not isinstance(n_neighbours, int | np.integer) or n_neighbours < 1:
        raise QueryError(f"n_neighbours must be 1 or more, not {shown(n_neighbours)}.", "Use the default.")
    return int(n_neighbours)
