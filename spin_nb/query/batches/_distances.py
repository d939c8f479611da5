"""Squared distances from rows to a few centres: one matrix product, with bounds on its rounding."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np
from numpy.typing import NDArray

from spin_nb.threads import blocks, each_block
from spin_nb.types import Float, Ints

RELATIVE_ROUNDING = np.float32(1e-5)
"""Error of ``|x|^2 + |y|^2 - 2 x.y`` in float32, as a share of ``|x|^2 + |y|^2``: some 100 units in the last place."""

Doubles = NDArray[np.float64]


class Points:
    """Rows ``[x, |x|^2, 1]``, one product away from squared distances, in float32.

    Attributes
    ----------
    x : float32 (n, d)
    lengths : float32 (n,)
        Squared.
    """

    def __init__(self, rows: Float) -> None:
        self._rows = rows
        self.x, self.lengths = rows[:, :-2], rows[:, -2]

    @classmethod
    def of(cls, x: Float, centre: Float | float = 0) -> Points:
        n, d = x.shape
        rows = np.empty((n, d + 2), np.float32)
        np.subtract(x, centre, out=rows[:, :d])
        np.einsum("nd,nd->n", rows[:, :d], rows[:, :d], out=rows[:, d])
        rows[:, d + 1] = 1
        return cls(rows)

    @classmethod
    def about_mean(cls, x: Float) -> Points:
        """``x`` about its middle.

        Less is lost in the products, and distances stay as they are.
        """
        some = x[:: max(1, len(x) // 1000)]
        return cls.of(x, some.mean(axis=0, dtype=np.float64).astype(np.float32))

    def take(self, rows: Ints | slice) -> Points:
        return Points(self._rows[rows])

    def __len__(self) -> int:
        return len(self._rows)

    def targets(self) -> Float:
        """``[-2 y, 1, |y|^2]`` (n, d + 2): what :meth:`squared_distances` multiplies by."""
        out = np.ones_like(self._rows)
        np.multiply(self.x, -2, out=out[:, :-2])
        out[:, -1] = self.lengths
        return out

    def squared_distances(self, targets: Float) -> Float:
        """Squared distances (n, m) to the points of ``targets``.

        Both are about the same middle.
        """
        out = self._rows @ targets.T
        return np.maximum(out, 0, out=out)


def to_one(a: Points, row: int) -> Float:
    """Squared distances (n,) of all points from one.

    Exact duplicates are 0.
    """
    both = a.lengths + a.lengths[row]
    out = both - 2 * _products(a, row)
    out[out < RELATIVE_ROUNDING * both] = 0
    return out


def _products(a: Points, row: int) -> Float:
    """Scalar products ``x_i . x_row``.

    They are not by BLAS, whose threads wait 8 ms for each other on a busy machine where this takes 2.
    """
    return np.einsum("nd,d->n", a.x, a.x[row])


class Nearest:
    """Bounds on squared distances to the nearest centres.

    They are kept up to date while centres are added.

    The bounds hold whatever the product rounds, so :meth:`best` is the exact answer: rows that could be best are few
    and are measured again in double precision.
    """

    def __init__(self, features: Float, centres: Ints) -> None:
        n = len(features)
        self._features = features
        self._points = Points.about_mean(features)
        self._centres: list[int] = []
        self.low, self.high = (np.full(n, np.inf, np.float32) for _ in range(2))
        self._exact, self._n_centres = np.full(n, np.inf), np.zeros(n, np.int64)
        self._wider: Callable[[Ints], Doubles] | None = None
        self.add_all(centres)

    def among(self, rows: Ints) -> Nearest:
        """The same distances for some rows.

        They are named by their places in ``rows``; more centres are added to it alone.
        """
        part = copy(self)
        part._features, part._points, part._centres = self._features[rows], self._points.take(rows), []
        part.low, part.high = self.low[rows], self.high[rows]
        part._exact, part._n_centres = np.full(len(rows), np.inf), np.full(len(rows), -1)
        part._wider = lambda places: self.exactly(rows[places])
        return part

    def add(self, row: int) -> None:
        """Count ``row`` as a centre."""
        error = self._points.lengths + self._points.lengths[row]
        distance = error - 2 * _products(self._points, row)
        error *= RELATIVE_ROUNDING
        np.minimum(self.low, distance - error, out=self.low)
        np.minimum(self.high, distance + error, out=self.high)
        self._centres.append(row)

    def add_all(self, rows: Ints | list[int]) -> None:
        """Count some rows as centres.

        It takes one product instead of one each.
        """
        if not len(rows):
            return
        centres = self._points.take(np.asarray(rows))
        targets = centres.targets()

        def work(block: slice) -> None:
            some = self._points.take(block)
            distance = some.squared_distances(targets)
            error = RELATIVE_ROUNDING * (some.lengths[:, None] + centres.lengths)
            error += distance
            np.minimum(self.high[block], error.min(axis=1), out=self.high[block])
            error -= distance
            distance -= error
            np.minimum(self.low[block], distance.min(axis=1), out=self.low[block])

        each_block(work, blocks(len(self.low), len(rows)))
        self._centres.extend(int(row) for row in rows)

    def best(
        self, left: NDArray[np.bool_], score: Callable[[Doubles | Float, Ints | slice], Doubles | Float]
    ) -> tuple[int, float]:
        """The row left with the highest score.

        The score is ``score(distances, rows)`` and comes with the row, the lowest of those that tie.

        Parameters
        ----------
        left : bool (n,)
        score : callable
            Of Euclidean distances (r,) and the rows they belong to; never falls as distances grow.
        """
        every = slice(None)
        high = np.where(left, score(np.sqrt(self.high), every), -np.inf)
        floor = score(np.sqrt(np.maximum(self.low, 0)), every)[left].max()
        rows = np.flatnonzero(high >= floor)
        values = score(np.sqrt(self.exactly(rows)), rows)
        return int(rows[np.argmax(values)]), float(values.max())

    def exactly(self, rows: Ints) -> Doubles:
        """Squared distances (r,) of rows in double precision.

        They are computed from differences.
        """
        new = rows[self._n_centres[rows] < 0]
        if len(new) and self._wider is not None:
            self._exact[new], self._n_centres[new] = self._wider(new), 0
        for n_centres in np.unique(self._n_centres[rows]):
            some = rows[self._n_centres[rows] == n_centres]
            centres = self._features[self._centres[n_centres:]].astype(np.float64)
            for block in blocks(len(some), 2 * max(centres.size, 1)):
                apart = self._features[some[block], None] - centres
                least = np.einsum("rcd,rcd->rc", apart, apart).min(axis=1, initial=np.inf)
                self._exact[some[block]] = np.minimum(self._exact[some[block]], least)
        self._n_centres[rows] = len(self._centres)
        return self._exact[rows]


def middle(features: Float, left: NDArray[np.bool_]) -> int:
    """The row left that is nearest to their mean.

    A batch begins there when nothing is labelled.
    """
    rows = np.flatnonzero(left)
    centre = features[rows].mean(axis=0, dtype=np.float64)
    apart = np.empty(len(rows))
    for block in blocks(len(rows), 4 * features.shape[1]):
        apart[block] = np.square(features[rows[block]] - centre).sum(axis=1)
    return int(rows[np.argmin(apart)])


def sample(left: NDArray[np.bool_], most: int, rng: np.random.Generator) -> Ints:
    """The rows left, or ``most`` of them drawn uniformly."""
    rows = np.flatnonzero(left)
    if len(rows) <= most:
        return rows
    return np.sort(rng.choice(rows, most, replace=False))
