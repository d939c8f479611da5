"""Squared distances from rows to a few centres: one matrix product, with bounds on its rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spin_nb.query._checks import blocks
from spin_nb.types import Float, Ints

ROUNDING = np.float32(1e-5)
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
    def of(cls, x: Float) -> Points:
        n, d = x.shape
        rows = np.ones((n, d + 2), np.float32)
        rows[:, :d] = x
        rows[:, d] = np.einsum("nd,nd->n", x, x)
        return cls(rows)

    @classmethod
    def centred(cls, x: Float) -> Points:
        """``x`` about its mean: less is lost in the products, and distances stay as they are."""
        return cls.of(x - x.mean(axis=0, dtype=np.float64).astype(np.float32))

    def take(self, rows: Ints | slice) -> Points:
        return Points(self._rows[rows])

    def __len__(self) -> int:
        return len(self._rows)

    def targets(self) -> Float:
        """``[-2 y, 1, |y|^2]`` (d + 2, n): what :meth:`squared` multiplies by."""
        out = np.empty(self._rows.shape[::-1], np.float32)
        np.multiply(self.x.T, -2, out=out[:-2])
        out[-2], out[-1] = 1, self.lengths
        return out

    def squared(self, targets: Float) -> Float:
        """Squared distances (n, m) to the points that ``targets`` were made of, about the same mean."""
        out = self._rows @ targets
        return np.maximum(out, 0, out=out)


def to_one(a: Points, row: int) -> Float:
    """Squared distances (n,) of all points from one of them; exact duplicates are 0."""
    both = a.lengths + a.lengths[row]
    out = both - 2 * _products(a, row)
    out[out < ROUNDING * both] = 0
    return out


def _products(a: Points, row: int) -> Float:
    """``x_i . x_row``: not by BLAS, whose threads wait 8 ms for each other on a busy machine where this takes 2."""
    return np.einsum("nd,d->n", a.x, a.x[row])


class Nearest:
    """Every row's squared distance to its nearest centre, kept as bounds while centres are added.

    The bounds hold whatever the product rounds, so :meth:`best` is the exact answer: rows that could be best are few
    and are measured again in double precision.
    """

    def __init__(self, features: Float, centres: Ints) -> None:
        n = len(features)
        self._features = features
        self._points = Points.centred(features)
        self._centres: list[int] = []
        self.low, self.high = (np.full(n, np.inf, np.float32) for _ in range(2))
        self._exact, self._counted = np.full(n, np.inf), np.zeros(n, np.int64)
        for start in range(0, len(centres), 256):
            self._add(centres[start : start + 256])

    def add(self, row: int) -> None:
        """Count ``row`` as a centre."""
        error = self._points.lengths + self._points.lengths[row]
        distance = error - 2 * _products(self._points, row)
        error *= ROUNDING
        np.minimum(self.low, distance - error, out=self.low)
        np.minimum(self.high, distance + error, out=self.high)
        self._centres.append(row)

    def _add(self, rows: Ints) -> None:
        centres = self._points.take(rows)
        targets = centres.targets()
        for block in blocks(len(self.low), len(rows)):
            some = self._points.take(block)
            distance = some.squared(targets)
            error = ROUNDING * (some.lengths[:, None] + centres.lengths)
            self.low[block] = np.minimum(self.low[block], (distance - error).min(axis=1))
            self.high[block] = np.minimum(self.high[block], (distance + error).min(axis=1))
        self._centres.extend(int(row) for row in rows)

    def best(
        self, left: NDArray[np.bool_], score: Callable[[Doubles | Float, Ints | slice], Doubles | Float]
    ) -> tuple[int, float]:
        """The row left with the highest ``score(distances, rows)``, the lowest of those that tie, and its score.

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
        """Squared distances (r,) of some rows, from differences in double precision."""
        for counted in np.unique(self._counted[rows]):
            some = rows[self._counted[rows] == counted]
            for centre in self._features[self._centres[counted:]].astype(np.float64):
                for block in blocks(len(some), 4 * len(centre)):
                    apart = self._features[some[block]] - centre
                    found = np.einsum("rd,rd->r", apart, apart)
                    self._exact[some[block]] = np.minimum(self._exact[some[block]], found)
        self._counted[rows] = len(self._centres)
        return self._exact[rows]


def middle(features: Float, left: NDArray[np.bool_]) -> int:
    """The row left that is nearest to the mean of those left: where a batch begins when nothing is labelled."""
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
