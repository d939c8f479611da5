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
    """Rows drawn to audit, as a sample.

    Attributes
    ----------
    chance : float64 (n,)
        Audits are drawn lowest first.
    drawn_mask : bool (n,)
        Put to somebody as an audit, answered or not.
    unasked_mask : bool (n,)
        Decided on without being asked, so no longer to be drawn.
    arrival_mask : bool (n,)
        Joined after the project was made.
    due_rows : callable
        Rows -> those among them that are still to be drawn and wait in nobody's queue.
    missed_rows : callable
        Rows -> those among them that somebody has decided on, though they never audited.
    within : bool (n,)
        Rows that are spoken of.  A uniform sample of the pool is one of any part of it, if the part does not go by
        what was drawn.
    """

    chance: NDArray[np.float64]
    drawn_mask: Mask
    unasked_mask: Mask
    arrival_mask: Mask
    due_rows: Callable[[Ints], Ints]
    missed_rows: Callable[[Ints], Ints]
    within: Mask

    @property
    def _parts(self) -> tuple[Mask, Mask]:
        """Rows that came with the pool, and those that arrived."""
        return self.within & ~self.arrival_mask, self.within & self.arrival_mask

    def inside(self) -> Mask:
        """Mask the rows of the uniform samples, bool (n,).

        One is of the pool as it came, the other of what has arrived.

        Audits are drawn in the order of their chances, and the items of the lowest chances are a uniform sample.  What
        joined later, with a chance below that of audits drawn before, is drawn next; until it is, audits of higher
        chances would speak for the older items alone, and are left out.
        """
        inside = self.drawn_mask.copy()
        for part in self._parts:
            due = self.due_rows(self._passed_over(part, self.drawn_mask))
            if len(due):
                inside &= ~part | (self.chance < self.chance[due].min())
        return inside

    def too_late(self, inside: Mask) -> Ints:
        """Rows (k,) learnt from before a share reserved them.

        They belong to the sample.

        The audits drawn in their place come from what the strategy has left, which is easier.
        """
        rows = [self._passed_over(part, inside) for part in self._parts]
        return self.missed_rows(np.concatenate(rows))

    def _passed_over(self, part: Mask, audits: Mask) -> Ints:
        """List a part's rows skipped by later audits.

        They were not drawn, though ``audits`` of a higher chance were.
        """
        reach = self.chance[part & audits].max(initial=0.0)
        return np.flatnonzero(part & ~self.drawn_mask & ~self.unasked_mask & (self.chance < reach))

    def estimate(
        self, rows: Ints, scores: NDArray[Any], unanswered_rows: Ints, n_flagged: int = 0
    ) -> Estimate:
        """Mean score over the pool, with its interval.

        Parameters
        ----------
        rows : int64 (m,)
            Audits with an answer.
        scores : float64 (m,)
            Of each, in [0, 1].
        unanswered_rows : int64 (k,)
            Rows of audits without one.
        n_flagged : int
            Audits left out as bad items.
        """
        inside, scores = self.inside(), np.asarray(scores, np.float64)
        unanswered_rows = unanswered_rows[(inside & self.within)[unanswered_rows]]
        missing = np.concatenate([unanswered_rows, self.too_late(inside)])
        parts = [
            Part(
                int((part & ~self.unasked_mask).sum()),
                scores[(part & inside)[rows]],
                int(part[missing].sum()),
            )
            for part in self._parts
        ]
        return over_parts(parts, flagged=n_flagged, of=self._target())

    def _target(self) -> str:
        n, n_unasked = int(self.within.sum()), int((self.unasked_mask & self.within).sum())
        if not n_unasked:
            return ""
        return f"items nobody had labelled by hand when they were drawn, {n - n_unasked:,} of {n:,} now"
