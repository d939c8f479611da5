"""Greedy choice where gains only fall as picks are added, so that few of them are computed again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spin_nb.query.batches._distances import Doubles
from spin_nb.types import Ints

FIRST_BLOCK_ROWS, MAX_BLOCK_ROWS = 32, 1024


class LazyGreedy:
    """Upper bounds on every row's gain.

    Lazy greedy: Minoux 1978; Leskovec et al. 2007, CELF.

    Gains are compared in whole steps of ``unit``, so that rounding decides no tie: the lowest row has it.

    Parameters
    ----------
    bounds : float64 (n,)
        At least the gain of each row.
    left : bool (n,)
        Rows that may be picked; the caller writes to it.
    unit : float
    """

    def __init__(self, bounds: Doubles, left: NDArray[np.bool_], unit: float) -> None:
        self._left, self._unit = left, unit
        self._steps = np.round(bounds / unit)

    def best(self, gains: Callable[[Ints], Doubles]) -> tuple[int, float]:
        """The row left with the highest gain, and its gain.

        ``gains(rows)`` computes the present gains of some rows; they become their bounds.
        """
        order = self.highest(len(self._left))
        best, at, look = (-np.inf, 0), 0, FIRST_BLOCK_ROWS  # (steps, -row): the highest, then the lowest row
        while at < len(order) and (float(self._steps[order[at]]), -int(order[at])) > best:
            rows = order[at : at + look]
            best = max(best, self._highest_of(rows, gains))
            at, look = at + look, min(2 * look, MAX_BLOCK_ROWS)
        return -best[1], best[0] * self._unit

    def best_of(self, rows: Ints, gains: Callable[[Ints], Doubles]) -> tuple[int, float]:
        """The same among some rows only, all of which are computed."""
        steps, row = self._highest_of(rows, gains)
        return -row, steps * self._unit

    def _highest_of(self, rows: Ints, gains: Callable[[Ints], Doubles]) -> tuple[float, int]:
        self.bound(rows, gains(rows))
        row = rows[np.lexsort((rows, -self._steps[rows]))[0]]
        return float(self._steps[row]), -int(row)

    def highest(self, many: int) -> Ints:
        """The rows left with the highest bounds.

        They are the lowest of those that tie.
        """
        order = np.flatnonzero(self._left)
        return order[np.argsort(-self._steps[order], kind="stable")[:many]]

    def above(self, gain: float) -> Ints:
        """The rows left whose bound is at least ``gain``."""
        return np.flatnonzero(self._left & (self._steps * self._unit >= gain))

    def bound(self, rows: Ints, gains: Doubles) -> None:
        """Replace the bounds of some rows."""
        self._steps[rows] = np.round(gains / self._unit)
