"""The audits as a sample of the present pool: what each of them stands for, and what an interval may say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.monitor.audit import Part, over_parts
from spin_nb.types import Estimate, Ints

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """Which rows of a pool were drawn to audit, and which could not be.

    Attributes
    ----------
    chance : float64 (n,)
        Audits are drawn lowest first.
    drawn : bool (n,)
        Put to somebody as an audit, answered or not.
    unasked : bool (n,)
        Decided on without being asked, so no longer to be drawn.
    arrived : bool (n,)
        Joined after the project was made.
    due : callable
        Rows -> those among them that are still to be drawn and wait in nobody's queue.
    missed : callable
        Rows -> those among them that somebody has decided on, though they never audited.
    """

    chance: NDArray[np.float64]
    drawn: Mask
    unasked: Mask
    arrived: Mask
    due: Callable[[Ints], Ints]
    missed: Callable[[Ints], Ints]

    def inside(self) -> Mask:
        """Rows that are a uniform sample of the pool as it came and, separately, of what has arrived: bool (n,).

        Audits are drawn in the order of their chances, and the items of the lowest chances are a uniform sample.  What
        joined later, with a chance below that of audits drawn before, is drawn next; until it is, audits of higher
        chances would speak for the older items alone, and are left out.
        """
        inside = self.drawn.copy()
        for part in (~self.arrived, self.arrived):
            due = self.due(self._passed_over(part, self.drawn))
            if len(due):
                inside &= ~part | (self.chance < self.chance[due].min())
        return inside

    def too_late(self, inside: Mask) -> Ints:
        """Rows (k,) that belong to the sample, but were asked to be learnt from before a larger share reserved them.

        The audits drawn in their place come from what the strategy has left, which is easier.
        """
        rows = [self._passed_over(part, inside) for part in (~self.arrived, self.arrived)]
        return self.missed(np.concatenate(rows))

    def _passed_over(self, part: Mask, audits: Mask) -> Ints:
        """Rows of a part that were not drawn, though ``audits`` of a higher chance were."""
        reach = self.chance[part & audits].max(initial=0.0)
        return np.flatnonzero(part & ~self.drawn & ~self.unasked & (self.chance < reach))

    def estimate(self, rows: Ints, scores: NDArray[Any], unanswered: Ints, flagged: int = 0) -> Estimate:
        """Mean score over the pool, with its interval.

        Parameters
        ----------
        rows : int64 (m,)
            Audits with an answer.
        scores : float64 (m,)
            Of each, in [0, 1].
        unanswered : int64 (k,)
            Rows of audits without one.
        flagged : int
            Audits left out as bad items.
        """
        inside, scores = self.inside(), np.asarray(scores, np.float64)
        missing = np.concatenate([unanswered[inside[unanswered]], self.too_late(inside)])
        parts = [
            Part(
                int((part & ~self.unasked).sum()),
                scores[(part & inside)[rows]],
                int(part[missing].sum()),
            )
            for part in (~self.arrived, self.arrived)
        ]
        return over_parts(parts, flagged=flagged, of=self._target())

    def _target(self) -> str:
        n, by_hand = len(self.unasked), int(self.unasked.sum())
        if not by_hand:
            return ""
        return f"items nobody had labelled by hand when they were drawn, {n - by_hand:,} of {n:,} now"
