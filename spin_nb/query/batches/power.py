"""Batches by chance: scores as weights of a draw, because the best ``k`` by a score of one repeat each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_k, check_labelled, check_scores, unlabelled
from spin_nb.query.disagreement import bald
from spin_nb.query.mixture import make_picked, sample_proportional
from spin_nb.types import Float, Picked, Rows


def power(
    scores: Float, k: int, *, labelled_rows: Rows | None = None, beta: float = 1.0, seed: int = 0
) -> Picked:
    """Draw with probability ``~ score^beta``.

    It draws without replacement (Kirsch et al. 2023, power acquisition).

    Within a batch a score goes stale as the other picks are labelled; noise allows for that.  With BALD
    (:func:`power_bald`) published as no worse than BatchBALD, at the cost of BALD, for batches of 10 and 50.  Single
    picks are better made by the score itself.

    Parameters
    ----------
    scores : float (n,)
        0 or more, 0 = nothing to learn: drawn only when no others are left.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    beta : float
        0 draws uniformly, infinity picks the top ``k``.
    seed : int

    Returns
    -------
    Picked
        Scores as given; ``q`` the chance by which each was drawn.

    Raises
    ------
    QueryError
        Negative or NaN scores, ``k`` outside 1..rows left, a negative ``beta``.

    Examples
    --------
    >>> power(np.array([0.0, 2.0, 0.0]), 1).indices.tolist()
    [1]
    """
    scores = check_scores(scores)
    if scores.min() < 0 or not np.isfinite(scores).all():
        what = f"power takes finite scores of 0 or more, not {scores.min():g} to {scores.max():g}."
        raise QueryError(what, "Use gibbs for others.")
    with np.errstate(divide="ignore"):
        logs = np.log(scores, dtype=np.float64) * _coldness(beta) if beta else np.zeros(len(scores))
    return _drawn(logs, scores, k, labelled_rows, seed, f"drawn by score to the power of {beta:g}")


def gibbs(
    scores: Float, k: int, *, labelled_rows: Rows | None = None, beta: float = 1.0, seed: int = 0
) -> Picked:
    """Draw with probability ``~ exp(beta score)``.

    It draws without replacement (Kirsch et al. 2023, softmax acquisition).

    For scores of any sign; depends on their unit, so ``beta`` wants choosing: a score in nats needs 10 or more to be
    told from uniform draws.

    Parameters
    ----------
    scores : float (n,)
        Finite.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    beta : float
        0 draws uniformly, infinity picks the top ``k``.
    seed : int

    Returns
    -------
    Picked
        Scores as given; ``q`` the chance by which each was drawn.

    Raises
    ------
    QueryError
        NaN or infinite scores, ``k`` outside 1..rows left, a negative ``beta``.

    Examples
    --------
    >>> gibbs(np.array([-1.0, 2.0, 0.0]), 1, beta=100).indices.tolist()
    [1]
    """
    scores = check_scores(scores)
    if not np.isfinite(scores).all():
        raise QueryError("gibbs takes finite scores.", "Replace infinity by the largest finite score.")
    logs = scores.astype(np.float64) * _coldness(beta)
    return _drawn(logs, scores, k, labelled_rows, seed, f"drawn by exp({beta:g} score)")


def softrank(
    scores: Float, k: int, *, labelled_rows: Rows | None = None, beta: float = 1.0, seed: int = 0
) -> Picked:
    """Draw with probability ``~ rank^-beta``.

    It draws without replacement (Kirsch et al. 2023, soft-rank acquisition).

    For scores whose order is to be trusted but not their values; the rank is among the rows left, 1 the highest.

    Parameters
    ----------
    scores : float (n,)
        Ties rank by row.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    beta : float
        0 draws uniformly, infinity picks the top ``k``.
    seed : int

    Returns
    -------
    Picked
        Scores as given; ``q`` the chance by which each was drawn.

    Raises
    ------
    QueryError
        NaN scores, ``k`` outside 1..rows left, a negative ``beta``.

    Examples
    --------
    >>> softrank(np.array([-1.0, 2.0, 0.0]), 1, beta=100).indices.tolist()
    [1]
    """
    scores = check_scores(scores)
    left = unlabelled(len(scores), check_labelled(labelled_rows, len(scores)))
    rank = np.empty(len(scores))
    rank[np.argsort(np.where(left, -scores, np.inf), kind="stable")] = np.arange(1, len(scores) + 1)
    logs = -_coldness(beta) * np.log(rank)
    return _drawn(logs, scores, k, labelled_rows, seed, f"drawn by rank to the power of -{beta:g}")


def power_bald(
    draws: Float, k: int, *, labelled_rows: Rows | None = None, beta: float = 1.0, seed: int = 0
) -> Picked:
    """:func:`power` of BALD: PowerBALD (Kirsch et al. 2023).

    Parameters
    ----------
    draws : float32 (S, n, C)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    beta : float
    seed : int

    Returns
    -------
    Picked
        Scores are BALD, nats.

    Raises
    ------
    QueryError
        Draws that are not (S, n, C) probabilities, ``k`` outside 1..rows left, a negative ``beta``.

    Examples
    --------
    >>> power_bald(np.array([[[1.0, 0], [1, 0]], [[0, 1], [1, 0]]]), 1).indices.tolist()
    [0]
    """
    return power(bald(draws), k, labelled_rows=labelled_rows, beta=beta, seed=seed)


def _coldness(beta: float) -> float:
    if not (np.isfinite(beta) and beta >= 0):
        raise QueryError(f"beta must be 0 or more, not {beta}.", "Use 1.")
    return beta


def _drawn(
    logs: NDArray[np.float64], scores: Float, k: int, labelled_rows: Rows | None, seed: int, reason: str
) -> Picked:
    """Draw ``k`` rows in proportion to ``exp(logs)``.

    They are drawn one after another, without replacement.
    """
    left = unlabelled(len(scores), check_labelled(labelled_rows, len(scores)))
    k = check_k(k, n_left := int(left.sum()))
    rng, rows, chances = np.random.default_rng(seed), [], []
    for _ in range(k):
        # Scaled anew for those left: once the largest are taken, the rest must not all be 0.
        top = logs[left].max()
        weight = (
            np.exp(logs - top, where=left, out=np.zeros(len(logs)))
            if np.isfinite(top)
            else np.zeros(len(logs))
        )
        row, chance = sample_proportional(weight, left, rng)
        left[row] = False
        rows.append(row)
        chances.append(chance)
    return make_picked(rows, scores[rows], n_left, reason, q=chances)
