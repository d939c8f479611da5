"""Several posteriors as one: the product of their predictives, each to the power that labels held out warrant.

A log-linear pool keeps what the members agree on and is as sure as they are together: the powers need not sum to one,
so they mend members that are all too timid, or too bold, as well as their mixture.

References
----------
Genest & Zidek (1986), *Combining probability distributions: a critique and an annotated bibliography* (log-linear
pools).
Yao, Vehtari, Simpson & Gelman (2018), *Using stacking to average Bayesian predictive distributions*.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.predictive import RowsPredictive, softmax
from spin_nb.errors import ModelError
from spin_nb.protocols import Predictive
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints

Array = NDArray[np.float64]

PRIOR_LABELS = 5.0  # strength of the prior that every member counts alike: the penalty on a power's square
NUMBERS_IN_CACHE = 2**16  # of a block: a handful of arrays of them fit into a core's cache
TINY = np.float32(1e-12)  # probability whose logarithm is still taken


def stacking_powers(log_probs: Sequence[Float], y: Ints) -> Array:
    """Fit the members' powers to labels that were held out of them.

    The log likelihood of ``softmax(sum_k power_k log p_k)`` less ``2.5 |power - 1/K|^2``, maximised over powers of zero
    or more: concave, so there is one answer, it moves smoothly with the labels, and few of them leave it near the equal
    powers ``1/K``.

    Parameters
    ----------
    log_probs : sequence of float32 (n, C)
        What each member says of each label without it, logarithms.
    y : int (n,)

    Returns
    -------
    float64 (K,)

    Examples
    --------
    >>> y = np.arange(60) % 2
    >>> knows, guesses = np.eye(2)[y] * 0.8 + 0.1, np.full((60, 2), 0.5)
    >>> powers = stacking_powers([np.log(knows), np.log(guesses)], y)
    >>> bool(powers[0] > 1), round(float(powers[1]), 2)
    (True, 0.5)
    """
    from scipy.optimize import minimize

    members = np.stack(log_probs).astype(np.float64)
    members -= members.mean(axis=2, keepdims=True)
    equal = np.full(len(members), 1 / len(members))
    at_label = members[:, np.arange(len(y)), y]

    def loss(powers: Array) -> tuple[float, Array]:
        logits = np.tensordot(powers, members, 1)
        logits -= logits.max(axis=1, keepdims=True)
        probs = np.exp(logits)
        total = probs.sum(axis=1)
        probs /= total[:, None]
        log_likelihood = (logits[np.arange(len(y)), y] - np.log(total)).sum()
        slope = at_label.sum(axis=1) - np.einsum("knc,nc->k", members, probs)
        gap = powers - equal
        return PRIOR_LABELS / 2 * gap @ gap - log_likelihood, PRIOR_LABELS * gap - slope

    bounds = [(0.0, None)] * len(members)
    result = minimize(loss, equal, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12})
    return np.asarray(result.x, np.float64)


def mixture(members: Sequence[Predictive], powers: Sequence[float]) -> RowsPredictive:
    """Multiply predictives, each to its power.

    Parameters
    ----------
    members : sequence of Predictive
        Over the same rows; at least one of Gaussian logits.  What has none gives its mean and no doubt of its own.
    powers : sequence of float

    Returns
    -------
    RowsPredictive
        ``mean`` is ``softmax(sum_k power_k log p_k)``; its draws are one function over all rows each, the members'
        deviations added up, which count as independent.

    Raises
    ------
    ModelError
        None of them has Gaussian logits.
    """
    gaussian = [
        (member, member.gaussian, np.float32(power))
        for member, power in zip(members, powers, strict=True)
        if isinstance(member, RowsPredictive) and member.gaussian is not None
    ]
    if not gaussian:
        raise ModelError("a mixture needs a posterior of Gaussian logits.", "Use one of them by itself.")
    n, n_classes = np.shape(gaussian[0][1][0])
    mean = np.empty((n, n_classes), np.float32)
    for rows in blocks(n, n_classes, NUMBERS_IN_CACHE):
        mean[rows] = softmax(_log_mixture(members, powers, rows).T)

    def centre(rows: Ints | slice) -> Float:
        """Means of the logits (C, m), as far from zero as their doubt will bring them back.

        So the mean of the draws is the product of the means.
        """
        variance = sum(power * power * _column(spread[rows])[:, 0] for _, (_, spread), power in gaussian)
        return np.asarray(
            _log_mixture(members, powers, rows) * np.sqrt(1 + np.float32(np.pi / 8) * variance), np.float32
        )

    def marginal(start: int, stop: int) -> Float:
        total = centre(slice(start, stop))[:, None, :]
        for turn, (member, (logits, _), power) in enumerate(gaussian):
            deviation = member.marginal_logits(start, stop) - logits[start:stop].T[:, None, :]
            # Each turned by a draw: members must not share their noise.
            total = np.asarray(total + power * np.roll(deviation, turn, axis=1), np.float32)
        return total

    def joint(rows: Ints, S: int, seed: int) -> Float:
        total: Float = np.broadcast_to(centre(rows).T, (S, len(rows), n_classes))
        for turn, (member, (logits, _), power) in enumerate(gaussian):
            total = total + power * (member.joint_logits(rows, S, seed + turn) - logits[rows])
        return total

    return RowsPredictive(mean, marginal, joint)


def mixture_mean(members: Sequence[Predictive], powers: Sequence[float], rows: Ints) -> Float:
    """Compute the mean of :func:`mixture` at some rows, float32 (len(rows), C), and of no others."""
    return softmax(_log_mixture(members, powers, rows).T)


def _log_mixture(members: Sequence[Predictive], powers: Sequence[float], rows: Ints | slice) -> Float:
    """Logarithm of the mixture's mean (C, n), up to a number an item that all classes share.

    Classes first: to go over a last axis of ten numbers again and again takes several times as long.
    """
    first, *others = (
        _log_mean(member, np.float32(power), rows) for member, power in zip(members, powers, strict=True)
    )
    for log_mean in others:
        first += log_mean
    return first


def _log_mean(predictive: Predictive, power: np.float32, rows: Ints | slice) -> Float:
    """``power`` times the logarithm of the mean (C, n), up to a number an item that all classes share."""
    if isinstance(predictive, RowsPredictive) and predictive.gaussian is not None:
        # As in probit_softmax, whose logarithm need not be taken.
        logits, variance = (array[rows].T for array in predictive.gaussian)
        scale = power / np.sqrt(1 + np.float32(np.pi / 8) * variance)
        return np.multiply(logits, scale, order="C", dtype=np.float32)
    probs = np.maximum(predictive.mean[rows].T, TINY, order="C")
    return np.asarray(power * np.log(probs, out=probs), np.float32)


def _column(variance: Float) -> Float:
    """One variance an item (n, 1), of as many as there are."""
    return variance.mean(axis=1, keepdims=True) if variance.ndim == 2 else variance[:, None]
