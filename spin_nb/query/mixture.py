"""Asking with a known probability: the best item mostly, any item sometimes.

Unbiased estimates from actively chosen labels (LURE; Farquhar, Gal & Rainforth 2021) need the probability ``q``
of every pick, never 0 or 1, and it cannot be recovered later.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.types import Float, Picked

EPSILON = 0.05


def mixed(scores: Float, k: int, *, epsilon: float = EPSILON, seed: int) -> Picked:
    """Pick ``k`` items: each time the highest score left or, with probability ``epsilon``, any item left.

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
    >>> picked = mixed(np.array([0.1, 0.9, 0.5]), 2, seed=1)
    >>> picked.indices.tolist(), picked.q.round(3).tolist()
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

    return draw(best, lambda row: float(scores[row]), left, k, epsilon=epsilon, seed=seed)


def draw(
    best: Callable[[], int],
    score: Callable[[int], float],
    left: NDArray[np.bool_],
    k: int,
    *,
    epsilon: float,
    seed: int,
    chosen: Callable[[int], None] = lambda _: None,
) -> Picked:
    """Run the mixture over ``left``: ``best()`` names the best row left, ``chosen(row)`` hears of every pick."""
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
        chosen(row)
    return Picked(np.array(picks, np.int64), np.array(scores, np.float32), np.minimum(q, 1.0))


def check_scores(scores: Float) -> Float:
    """Return ``scores`` as float32 (n,), n >= 1, without NaN.

    Raises
    ------
    QueryError
        Nothing to choose from, a wrong shape, NaN.
    """
    scores = np.asarray(scores, np.float32)
    if scores.ndim != 1 or not len(scores):
        raise QueryError(
            f"nothing to choose from: scores of shape {scores.shape}.", "Pass at least one candidate."
        )
    if np.isnan(scores).any():
        raise QueryError(f"{int(np.isnan(scores).sum())} scores are NaN.", "Check the model's probabilities.")
    return scores
