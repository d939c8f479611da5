"""Draw asks: audits at hidden places among the picks of a strategy.

One ask in every ``1 / share`` is an audit, at a place within the block that chance decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.project.records import NewAsk
from spin_nb.session.labels.audit_plan import AuditPlan
from spin_nb.types import Ints, Picked

# Of the asks that do not audit, or everybody could tell an audit by its lack of a suggestion.
NO_SUGGESTION_SHARE = 0.2
MAX_BLOCK_ASKS = 2.0**53  # beyond, 1 / share is no number that a place can be drawn from


@dataclass(frozen=True)
class Slot:
    """One place in the stream of asks.

    It holds an audit or an ask of the strategy's, with a suggestion or without.
    """

    audit: bool
    suggest: bool


def slot(number: int, share: float, seed: int) -> Slot:
    """Return the slot of the ask with this number.

    It is known from the seed alone, so a restart changes nothing.

    Examples
    --------
    >>> sum(slot(i, 0.1, seed=3).audit for i in range(200))
    20
    """
    if share <= 0:  # no audit to hide
        return Slot(False, True)
    suggest = bool(np.random.default_rng([seed, 1, number]).random() >= NO_SUGGESTION_SHARE)
    first, last = np.floor(number * share), np.floor((number + 1) * share)
    block = int(number * share)
    length = max(1, round(min(1 / share, MAX_BLOCK_ASKS)))
    start = int(np.ceil(block / share - 1e-9))
    place = int(np.random.default_rng([seed, 2, block]).integers(length))
    audit = number - start == place if length > 1 else bool(last > first)
    return Slot(audit, suggest and not audit)


@dataclass(frozen=True)
class DrawnAsks:
    """Asks that nobody was shown yet.

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


def draw_asks(
    k: int,
    *,
    ids: Sequence[str],
    excluded_mask: NDArray[np.bool_],
    plan: AuditPlan,
    number: int,
    n_audited: int,
    pick: Callable[[Ints, int], Picked],
    strategy: str,
    model_id: str | None,
    n_unasked: int = 0,
    annotator: str | None = None,
    place_seed: int | None = None,
    may_audit: bool = True,
) -> DrawnAsks:
    """Draw ``k`` asks: audits among a strategy's picks.

    Parameters
    ----------
    k : int
        How many; fewer come back when fewer are left.
    ids : sequence of str
        Item ids, in row order.
    excluded_mask : bool (n,)
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
    n_unasked : int
        Items somebody decided on before they could be drawn.
    annotator : str, optional
        For whom it is drawn.
    place_seed : int, optional
        Seed of the places where this annotator's audits are; the plan's unless given.
    may_audit : bool
        False where asks are of a part of the pool: an audit from it would make the sample one of that part, and one
        from elsewhere would stand out.  What is reserved for audits is not asked there either.
    """
    place_seed = plan.seed if place_seed is None else place_seed
    candidates = np.flatnonzero(~excluded_mask & ~plan.reserved_mask)
    n_picks = min(k, len(candidates))
    picks = (
        pick(candidates, n_picks)
        if n_picks
        else Picked(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0))
    )
    picks_left = list(zip(picks.indices.tolist(), picks.q.tolist(), strict=True))
    rows: list[int] = []
    asks: list[NewAsk] = []
    excluded_mask = excluded_mask.copy()
    while len(rows) < k:
        place = slot(number + len(rows), plan.share, place_seed)
        is_due = may_audit and (place.audit or not picks_left)
        audit = plan.next(excluded_mask, n_audited + n_unasked) if is_due else None
        if audit is None and not picks_left:
            break
        row, q = audit if audit is not None else picks_left.pop(0)
        n_audited += audit is not None
        excluded_mask[row] = True
        rows.append(row)
        asks.append(
            NewAsk(
                ids[row],
                "audit" if audit is not None else strategy,
                q,
                audit=audit is not None,
                suggest=place.suggest and audit is None,
                model_id=model_id,
                reason=picks.reason,
                annotator=annotator,
            )
        )
    return DrawnAsks(rows, asks, picks.reason)
