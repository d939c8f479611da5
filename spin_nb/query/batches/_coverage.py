"""Coverage: how much of the pool has a similar row among those labelled or picked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spin_nb.query.batches._distances import Doubles, Nearest, Points, sample
from spin_nb.query.batches._greedy import LazyGreedy
from spin_nb.query.batches.kcenter import farthest_first
from spin_nb.threads import blocks, each_block
from spin_nb.types import Float, Ints

MAX_SAMPLE_ROWS = 7000
"""Rows among which similarities are computed: of a larger pool, a uniform sample of that many."""


class Coverage:
    """``sum_j w_j max(0, s(x_i, x_j) - covered_j) / sum_j w_j``.

    It is what picking row ``i`` would cover anew.

    Parameters
    ----------
    every : Points
        Rows that may be picked, and the rows ``j`` to cover.
    similarity : callable
        Of squared distances, in place, to 0 (far) .. 1 (the same).
    weights : float32 (n,), optional
        1 unless given.
    """

    def __init__(
        self, every: Points, similarity: Callable[[Float], Float], weights: Float | None = None
    ) -> None:
        self._every, self._similarity = every, similarity
        self._targets = every.targets()
        self._weights = np.ones(len(every), np.float32) if weights is None else weights
        self.similarity_so_far = np.zeros(len(every), np.float32)

    def gains(self, rows: Ints) -> Doubles:
        """Share of the weight that each of some rows would cover anew."""
        out, total = np.empty(len(rows)), float(self._weights @ self.similarity_so_far)

        def work(block: slice) -> None:
            similar = self._similarity(self._every.take(rows[block]).squared_distances(self._targets))
            np.maximum(similar, self.similarity_so_far, out=similar)
            out[block] = similar @ self._weights

        each_block(work, blocks(len(rows), len(self.similarity_so_far)))
        return (out - total) / float(self._weights.sum())

    def add(self, rows: Points) -> None:
        """Count points about the same middle as labelled."""
        for block in blocks(len(rows), len(self.similarity_so_far)):
            similar = self._similarity(rows.take(block).squared_distances(self._targets))
            np.maximum(self.similarity_so_far, similar.max(axis=0), out=self.similarity_so_far)


def cover(
    features: Float,
    labelled_rows: Ints,
    left: NDArray[np.bool_],
    k: int,
    similarity: Callable[[Float], Float],
    seed: int,
) -> tuple[list[int], list[float], int]:
    """Greedy rows of most new coverage.

    What each covers, and how many there were before nothing more could be, are returned with them.

    The rest, if any, are the rows farthest from all before.  ``left`` is written to.
    """
    every = Points.about_mean(features)
    some = sample(left, max(k, MAX_SAMPLE_ROWS), np.random.default_rng(seed))
    coverage = Coverage(every.take(some), similarity)
    coverage.add(every.take(labelled_rows))
    places, gains = greedily(coverage, every.take(some), k)
    rows = [int(some[at]) for at in places]
    left[rows] = False
    covering = len(rows)
    if covering < k:
        nearest = Nearest(features, np.concatenate([labelled_rows, np.array(rows, np.int64)]))
        rows += farthest_first(nearest, left, k - covering)[0]
        gains += [0.0] * (k - covering)
    return rows, gains, covering


def greedily(coverage: Coverage, every: Points, k: int) -> tuple[list[int], list[float]]:
    """Pick at most ``k`` points of most new coverage.

    It stops where nothing more can be covered, and returns what each covers, too.
    """
    left = np.ones(len(every), bool)
    bounds = coverage.gains(np.arange(len(every)))
    greedy = LazyGreedy(bounds, left, 1e-6 * max(float(bounds.max()), 1e-30))
    rows: list[int] = []
    gains: list[float] = []
    while len(rows) < k:
        at, gain = greedy.best(coverage.gains)
        if gain <= 0:
            break
        rows.append(at)
        gains.append(gain)
        left[at] = False
        coverage.add(every.take(slice(at, at + 1)))
    return rows, gains
