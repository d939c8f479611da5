"""The default question: explores while the posterior is broad and refines later, without a switch.

It asks the item whose label would most move the decisions that are still likely to be wrong.
With no labels every decision is equally likely to be wrong and this is VOpt (Ji & Han 2012).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import askable, check_k, check_probs, check_rows
from spin_nb.query._lookahead import Lookahead
from spin_nb.query.mixture import EPSILON, sample_with
from spin_nb.query.rare import Rare
from spin_nb.types import Float, Ints, Picked
from spin_nb.words import shown


def auto(
    phi: Float,
    covariance: NDArray[np.float64],
    variance: Float,
    scores: Float,
    candidates: Ints,
    k: int,
    *,
    probs: Float | None = None,
    n_labels: int = 0,
    pending: Sequence[int] = (),
    noise: float = 0.2,
    rare: Rare | None = None,
    seed: int = 0,
    epsilon: float = EPSILON,
) -> Picked:
    """Ask where a label is most likely to mend decisions.

    The score of item ``i`` is ``sum_j a_j cov(i, j)^2 s_i / (noise^2 + v_i)^2``: by how much, squared, its label is
    expected to move the decisions, each weighted by ``a_j``, the probability that it is wrong.  ``s_i`` is the expected
    square of the label's surprise.  Under the graph ``a_j = Phi(-margin_j / sqrt(2 v_j))``, and ``s_i`` is in
    proportion to ``noise^2 + v_i``, so that what is left is the variance removed; under the head shown
    ``a_j = 1 - max_c p_jc`` and ``s_i = 1 - sum_c p_ic^2``.  Both are averaged: the head shown counts as its labels,
    the graph, which alone knows how far it has seen, as twenty.

    Items already being asked, and each pick, count as labelled: the covariance does not depend on the labels' values,
    and the scores move as if each were of its likeliest class (the "kriging believer" of Ginsbourger et al. 2010), so a
    batch does not settle one boundary ten times; under the head shown a decision becomes as much surer as under the
    graph.

    Parameters
    ----------
    phi : float32 (n, D)
        Features of the whole pool, prior covariance identity.
    covariance : float64 (D, D)
        Posterior covariance of the weights.
    variance : float32 (n,)
        Posterior variance of each item's scores.
    scores : float32 (n, C)
        Posterior mean of each item's scores.
    candidates : int64 (m,)
        Pool rows that may be asked.
    k : int
    probs : float32 (n, C), optional
        Of every pool item, by the head shown.  Without them the graph alone judges.
    n_labels : int
        Labels that the head shown has learnt from.
    pending : sequence of int
        Pool rows asked and not yet answered.
    noise : float
        Standard deviation of a label around its score.
    rare : Rare, optional
        Whose turn comes in between; see :mod:`spin_nb.query.rare`.
    seed : int
    epsilon : float
        Share of uniform picks (:func:`~spin_nb.query.epsilon_greedy`).

    Returns
    -------
    Picked
        Pool rows; ``reason`` says whether it explores or refines, and why.

    Raises
    ------
    QueryError
        Nothing left to ask, ``k`` outside 1..candidates left, arrays that do not fit together, rows of ``probs``
        that do not sum to 1.
    """
    phi, scores = np.asarray(phi), np.asarray(scores)
    if phi.ndim != 2 or scores.ndim != 2 or scores.shape[1] < 2:
        raise QueryError(
            f"phi is {phi.shape}, scores are {scores.shape}.", "Pass phi (n, D), scores (n, C) with C >= 2."
        )
    check_rows(len(phi), variance=variance, scores=scores)
    if np.shape(covariance) != (phi.shape[1],) * 2:
        raise QueryError(
            f"covariance is {np.shape(covariance)}, phi is {phi.shape}.",
            "Pass covariance (D, D), phi (n, D).",
        )
    if not isinstance(n_labels, int | np.integer) or n_labels < 0:
        raise QueryError(f"n_labels is {shown(n_labels)}.", "Pass how many labels probs were learnt from.")
    left, waiting = askable(len(phi), candidates, pending)
    candidates = np.flatnonzero(left)
    k = check_k(k, len(candidates))
    if probs is not None:
        check_rows(len(phi), probs=probs)
        probs = check_probs(probs)
    look = Lookahead(
        phi, covariance, variance, scores, candidates, probs=probs, n_labels=n_labels, noise=noise, seed=seed
    )
    look.learn(*waiting.tolist())
    exploration_share: list[float] = []

    def best() -> int:
        row = look.best(left) if rare is None or not rare.turn() else rare.likeliest(left)
        exploration_share.append(look.exploration_share(row))
        return row

    batch = sample_with(best, look.score, left, k, epsilon=epsilon, seed=seed, after_pick=look.learn)
    reason = _reason(float(np.mean(exploration_share)))
    return Picked(
        batch.indices, batch.scores, batch.q, reason if rare is None else f"{reason}; {rare.reason}"
    )


def _reason(exploration_share: float) -> str:
    if exploration_share >= 0.5:
        return f"exploring: {exploration_share:.0%} of what these teach is about places that no label has reached"
    return f"refining: {1 - exploration_share:.0%} of what these teach is about boundaries between classes"
