"""Which items are reserved for auditing, laid down by chance before anyone looks.

Each item gets a uniform number from the project's seed and its id; the items below the audit share are reserved, in the
order of their numbers.  They are not asked otherwise, so the audited items are a uniform sample of the pool on which no
model trained, and the accuracy on them is unbiased (Farquhar, Gal & Rainforth 2021 show how far off actively chosen
labels are).

Several people share one order of audits, each item going to whoever comes to an audit next: who that is depends on
nothing about the item, so all their audits together are the uniform sample that one person's would be.  What a person
labels without having been asked leaves what can be drawn: the sample is then one of the other items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spin_nb.growing import Growing
from spin_nb.types import Ints


def chances(ids: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Uniform number of each item, [0, 1) (n,).

    Seed and id fix it.

    Examples
    --------
    >>> bool(chances(["a", "b"], 0)[0] == chances(["a"], 0)[0])
    True
    """
    salt = f"{seed}|".encode()
    digests = b"".join(hashlib.blake2b(salt + id.encode(), digest_size=8).digest() for id in ids)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2**53


class AuditPlan:
    """Order in which rows audit.

    Parameters
    ----------
    ids : sequence of str
        Item ids, in row order.
    share : float
        Share of asks that audit, 0 to 0.5.
    seed : int
        The project's seed.
    """

    def __init__(self, ids: Sequence[str], share: float, seed: int) -> None:
        self.share = share
        self.seed = seed
        self._chance = chances(ids, seed)
        self._growing = Growing()

    def extend(self, ids: Sequence[str]) -> None:
        """Arrivals join: each is reserved with the same chance."""
        self._chance = self._growing.after(self._chance, chances(ids, self.seed))

    def retire(self, rows: Ints) -> None:
        """Take rows out of the reserve for good.

        They have audited: they are asked like any other, and never audit again.
        """
        self._chance[rows] = 1.0

    @property
    def chance(self) -> NDArray[np.float64]:
        """Number of each row, float64 (n,).

        Audits are drawn lowest first.
        """
        return self._chance

    @property
    def reserved_mask(self) -> NDArray[np.bool_]:
        """Rows kept for auditing, bool (n,)."""
        return self._chance < self.share

    def is_reserved(self, row: int) -> bool:
        """Tell whether a row is kept for auditing."""
        return bool(self._chance[row] < self.share)

    def next(self, excluded_mask: NDArray[np.bool_], n_unavailable: int) -> tuple[int, float] | None:
        """Next audit's row and probability, or None.

        ``excluded_mask`` bool (n,): rows that are labelled, put aside or already asked.  Whoever is asked, the next
        audit item is uniform over the pool without the audits drawn before it, for anybody, and without what was
        decided on before it could be drawn: these are ``n_unavailable``, and q = 1 / (n - n_unavailable).
        """
        free = np.flatnonzero(self.reserved_mask & ~excluded_mask)
        if not len(free):
            return None
        row = int(free[np.argmin(self._chance[free])])
        return row, 1.0 / max(1, len(self._chance) - n_unavailable)
