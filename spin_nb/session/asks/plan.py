"""What to ask next: a hidden uniform audit sample mixed into the asks of a strategy.

The audit sample is laid down by chance before anyone looks: each item gets a uniform number from the project's
seed and its id; the items below the audit share are reserved for auditing, in the order of their numbers.  They
are not asked otherwise, so the audited items are a uniform sample of the pool on which no model trained, and the
accuracy on them is unbiased (Farquhar, Gal & Rainforth 2021 show how far off actively chosen labels are).
One ask in every ``1 / share`` is an audit, at a place within the block that chance decides.

Several people share one order of audits, each item going to whoever comes to an audit next: who that is depends on
nothing about the item, so all their audits together are the uniform sample that one person's would be.  What a person
labels without having been asked leaves what can be drawn: the sample is then one of the other items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.growing import Growing
from spin_nb.project.records import NewAsk
from spin_nb.types import Ints, Picked

HIDDEN = 0.2  # share of the other asks that carry no suggestion either, so that nobody can tell an audit
LONGEST_BLOCK_ASKS = 2.0**53  # beyond, 1 / share is no number that a place can be drawn from


def chances(ids: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Uniform number in [0, 1) of each item (n,), fixed by seed and id.

    Examples
    --------
    >>> bool(chances(["a", "b"], 0)[0] == chances(["a"], 0)[0])
    True
    """
    salt = f"{seed}|".encode()
    digests = b"".join(hashlib.blake2b(salt + id.encode(), digest_size=8).digest() for id in ids)
    return (np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(np.float64) / 2**53


@dataclass(frozen=True)
class Slot:
    """One place in the stream of asks: an audit or the strategy's, with a suggestion or without."""

    audit: bool
    suggest: bool


def slot(number: int, share: float, seed: int) -> Slot:
    """Return what the ask with this running number is; known from the seed alone, so a restart changes nothing.

    Examples
    --------
    >>> sum(slot(i, 0.1, seed=3).audit for i in range(200))
    20
    """
    if share <= 0:  # no audit to hide
        return Slot(False, True)
    suggest = bool(np.random.default_rng([seed, 1, number]).random() >= HIDDEN)
    first, last = np.floor(number * share), np.floor((number + 1) * share)
    block = int(number * share)
    length = max(1, round(min(1 / share, LONGEST_BLOCK_ASKS)))
    start = int(np.ceil(block / share - 1e-9))
    place = int(np.random.default_rng([seed, 2, block]).integers(length))
    audit = number - start == place if length > 1 else bool(last > first)
    return Slot(audit, suggest and not audit)


class AuditPlan:
    """Which rows are reserved for auditing, and which of them comes next.

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
        """These have audited and no longer do: they are asked like any other, and never audit again."""
        self._chance[rows] = 1.0

    @property
    def chance(self) -> NDArray[np.float64]:
        """Number of each row, float64 (n,): audits are drawn lowest first."""
        return self._chance

    @property
    def reserved(self) -> NDArray[np.bool_]:
        """Rows kept for auditing, bool (n,)."""
        return self._chance < self.share

    def next(self, taken: NDArray[np.bool_], n_gone: int) -> tuple[int, float] | None:
        """Row of the next audit item and its acquisition probability, or None when the reserve is used up.

        ``taken`` bool (n,): rows that are labelled, put aside or already asked.  Whoever is asked, the next audit item
        is uniform over the pool without the audits drawn before it, for anybody, and without what was decided on
        before it could be drawn: these are ``n_gone``, and q = 1 / (n - n_gone).
        """
        free = np.flatnonzero(self.reserved & ~taken)
        if not len(free):
            return None
        row = int(free[np.argmin(self._chance[free])])
        return row, 1.0 / max(1, len(self._chance) - n_gone)


@dataclass(frozen=True)
class Draft:
    """Asks that are drawn but not yet put to anyone.

    Attributes
    ----------
    rows : list of int
        Pool rows, in asking order.
    asks : list of NewAsk
        What will be recorded of each.
    reason : str
        What the strategy was doing, in words.
    """

    rows: list[int]
    asks: list[NewAsk]
    reason: str


def draft(
    k: int,
    *,
    ids: Sequence[str],
    taken: NDArray[np.bool_],
    plan: AuditPlan,
    number: int,
    n_audited: int,
    pick: Callable[[Ints, int], Picked],
    strategy: str,
    model_id: str | None,
    unasked: int = 0,
    annotator: str | None = None,
    stream: int | None = None,
) -> Draft:
    """Draw ``k`` asks: audits at their hidden places, the strategy's picks at the others.

    Parameters
    ----------
    k : int
        How many; fewer come back when fewer are left.
    ids : sequence of str
        Item ids, in row order.
    taken : bool (n,)
        Rows not to be asked.
    plan : AuditPlan
        Which rows are reserved.
    number : int
        Asks put to this annotator so far, queued ones included.
    n_audited : int
        Audits drawn so far, for anybody, queued ones included.
    pick : callable
        ``pick(candidates, k) -> Picked`` with pool rows as indices.
    strategy, model_id : str
        What is recorded with the strategy's picks.
    unasked : int
        Items somebody decided on before they could be drawn.
    annotator : str, optional
        For whom it is drawn.
    stream : int, optional
        Seed of the places where this annotator's audits are; the plan's unless given.
    """
    stream = plan.seed if stream is None else stream
    candidates = np.flatnonzero(~taken & ~plan.reserved)
    wanted = min(k, len(candidates))
    picked = (
        pick(candidates, wanted)
        if wanted
        else Picked(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0))
    )
    plain = list(zip(picked.indices.tolist(), picked.q.tolist(), strict=True))
    rows: list[int] = []
    asks: list[NewAsk] = []
    taken = taken.copy()
    while len(rows) < k:
        place = slot(number + len(rows), plan.share, stream)
        audit = plan.next(taken, n_audited + unasked) if place.audit or not plain else None
        if audit is None and not plain:
            break
        row, q = audit if audit is not None else plain.pop(0)
        n_audited += audit is not None
        taken[row] = True
        rows.append(row)
        asks.append(
            NewAsk(
                ids[row],
                "audit" if audit is not None else strategy,
                q,
                audit=audit is not None,
                suggest=place.suggest and audit is None,
                model_id=model_id,
                reason=picked.reason,
                annotator=annotator,
            )
        )
    return Draft(rows, asks, picked.reason)
