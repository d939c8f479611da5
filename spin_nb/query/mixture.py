"""Asking with a known probability: the best item mostly, any item sometimes.

Unbiased estimates from actively chosen labels (LURE; Farquhar, Gal & Rainforth 2021) need the probability ``q``
of every pick, never 0 or 1, and it cannot be recovered later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_scores
from spin_nb.types import Float, Ints, Picked

EPSILON = 0.05


def epsilon_greedy(scores: Float, k: int, *, epsilon: float = EPSILON, seed: int) -> Picked:
    """Pick the best ``k`` items, now and then any.

    Each time it picks the highest score left or, with probability ``epsilon``, any item left.

    Parameters
    ----------
    scores : float (n,)
        Higher = ask first; ties go to the lowest index.
    k : int
        Picks wanted, 1 to ``n``.
    epsilon : float
        Share of uniform picks, in (0, 1].
    seed : int

    Returns
    -------
    Picked
        ``q = (1 - epsilon) [pick is best] + epsilon / items left``, in (0, 1].

    Raises
    ------
    QueryError
        No candidates, NaN scores, ``k`` outside 1..n, ``epsilon`` outside (0, 1].

    Examples
    --------
    >>> batch = epsilon_greedy(np.array([0.1, 0.9, 0.5]), 2, seed=1)
    >>> batch.indices.tolist(), batch.q.round(3).tolist()
    ([1, 2], [0.967, 0.975])
    """
    scores = check_scores(scores)
    order = np.argsort(-scores, kind="stable")
    left = np.ones(len(scores), bool)
    position = 0

    def best() -> int:
        nonlocal position
        while not left[order[position]]:
            position += 1
        return int(order[position])

    return sample_with(best, lambda row: float(scores[row]), left, k, epsilon=epsilon, seed=seed)


def sample_with(
    best: Callable[[], int],
    score: Callable[[int], float],
    left: NDArray[np.bool_],
    k: int,
    *,
    epsilon: float,
    seed: int,
    after_pick: Callable[[int], None] = lambda _: None,
) -> Picked:
    """Run the mixture over ``left``.

    ``best()`` names the best row left, ``chosen(row)`` hears of every pick.
    """
    remaining = int(left.sum())
    if not 1 <= k <= remaining:
        raise QueryError(f"cannot ask {k} of {remaining} items.", f"Ask for 1 to {remaining}.")
    if not 0 < epsilon <= 1:
        raise QueryError(f"epsilon must lie in (0, 1], not {epsilon}.", "Use the default of 0.05.")
    rng = np.random.default_rng(seed)
    picks, scores, q = [], [], []
    for _ in range(k):
        top = best()
        row = int(rng.choice(np.flatnonzero(left))) if rng.random() < epsilon else top
        picks.append(row)
        scores.append(score(row))
        q.append((1 - epsilon) * (row == top) + epsilon / remaining)
        left[row] = False
        remaining -= 1
        after_pick(row)
    return Picked(np.array(picks, np.int64), np.array(scores, np.float32), np.minimum(q, 1.0))


def sample_proportional(
    weight: NDArray[Any], left: NDArray[np.bool_], rng: np.random.Generator, *, epsilon: float = EPSILON
) -> tuple[int, float]:
    """Draw one row in proportion to its weight.

    A uniform share is mixed in; the row and its probability are returned.

    Parameters
    ----------
    weight : float (n,)
        Not negative; where all that are left are 0, every row is as likely.
    left : bool (n,)
        Rows that may be drawn.
    rng : Generator
    epsilon : float
    """
    chance: NDArray[np.float64] = np.where(left, weight, 0).astype(np.float64)
    n_left, total = int(left.sum()), float(chance.sum())
    if total > 0:
        chance *= (1 - epsilon) / total
    chance[left] += (epsilon if total > 0 else 1) / n_left
    cumulative = np.cumsum(chance)
    row = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], "right"))
    row = min(row, int(np.flatnonzero(left)[-1]))  # the product may round up to the total
    return row, min(float(chance[row]), 1.0)


def epsilon_greedy_batch(batch: Picked, free: Ints, *, epsilon: float = EPSILON, seed: int) -> Picked:
    """Mix uniform picks into a batch that was chosen without chance.

    At each step it takes the next of its picks that is not taken yet or, with probability ``epsilon``, any
    free row left.

    Parameters
    ----------
    batch : Picked
    free : int (m,)
        Rows that may be asked, the batch's among them.
    epsilon : float
    seed : int

    Returns
    -------
    Picked
        ``q = (1 - epsilon) [pick is the batch's next] + epsilon / rows left``; NaN scores for the uniform picks.
    """
    size = int(max(free.max(), batch.indices.max())) + 1
    left, score = np.zeros(size, bool), np.full(size, np.nan, np.float32)
    left[free], score[batch.indices] = True, batch.scores
    waiting = iter(batch.indices)
    ahead: list[int] = []

    def best() -> int:
        while not ahead or not left[ahead[0]]:
            ahead[:] = [int(next(waiting))]
        return ahead[0]

    mixture = sample_with(
        best, lambda row: float(score[row]), left, len(batch.indices), epsilon=epsilon, seed=seed
    )
    return replace(mixture, reason=batch.reason)


def make_picked(
    indices: Sequence[int] | Ints,
    scores: Sequence[float] | Float,
    n_left: int,
    reason: str,
    *,
    q: Sequence[float] | None = None,
) -> Picked:
    """A batch with the probability of each pick.

    Parameters
    ----------
    indices : int (k,)
        Rows in asking order.
    scores : float (k,)
        Score of each when it was picked.
    n_left : int
        Rows that could be picked before the first.
    reason : str
        What the strategy did, for the person.
    q : float (k,), optional
        With which each was drawn (:func:`sample_proportional`).  Unless given there was no chance in it, and ``q`` is
        what the picks have under the mixture that the session then draws: ``1 - EPSILON + EPSILON / (n_left - m)``.

    Returns
    -------
    Picked

    Examples
    --------
    >>> make_picked([4, 2], [0.9, 0.5], 5, "highest score").q.round(4).tolist()
    [0.96, 0.9625]
    """
    rows = np.asarray(indices, np.int64)
    under = 1 - EPSILON + EPSILON / (n_left - np.arange(len(rows)))
    chance = np.minimum(under if q is None else np.asarray(q, np.float64), 1.0)
    return Picked(rows, np.asarray(scores, np.float32), chance, reason, is_sampled=q is not None)
