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
from spin_nb.types import Float, Ints

Array = NDArray[np.float64]

PRIOR_LABELS = 10.0  # strength of the prior that every member counts alike: the penalty on a power's square
EVERY_ROW = slice(None)
TINY = np.float32(1e-12)  # probability whose logarithm is still taken


def stacking_powers(log_probs: Sequence[Float], y: Ints) -> Array:
    """Fit the members' powers to labels that were held out of them.

    The log likelihood of ``softmax(sum_k power_k log p_k)`` less ``5 |power - 1/K|^2``, maximised over powers of zero
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
    target = _log_mixture(members, powers)
    gaussian = [
        (member, member.gaussian, power)
        for member, power in zip(members, powers, strict=True)
        if isinstance(member, RowsPredictive) and member.gaussian is not None
    ]
    if not gaussian:
        raise ModelError("a mixture needs a posterior of Gaussian logits.", "Use one of them by itself.")
    spreads: list[Float] = [power * power * _column(spread) for _, (_, spread), power in gaussian]
    variance = np.asarray(np.sum(spreads, axis=0), np.float32)
    # As far from zero as the doubt will bring them back: the mean of the draws is the product of the means.
    centre = np.asarray(target * np.sqrt(1 + np.float32(np.pi / 8) * variance), np.float32)

    def marginal(start: int, stop: int) -> Float:
        total: Float = np.ascontiguousarray(centre[start:stop].T)[:, None, :]
        for turn, (member, (logits, _), power) in enumerate(gaussian):
            deviation = member.marginal_logits(start, stop) - logits[start:stop].T[:, None, :]
            # Each turned by a draw: members must not share their noise.
            total = np.asarray(total + power * np.roll(deviation, turn, axis=1), np.float32)
        return total

    def joint(rows: Ints, S: int, seed: int) -> Float:
        total: Float = np.broadcast_to(centre[rows], (S, len(rows), centre.shape[1]))
        for turn, (member, (logits, _), power) in enumerate(gaussian):
            total = total + power * (member.joint_logits(rows, S, seed + turn) - logits[rows])
        return total

    product = RowsPredictive(softmax(target), marginal, joint)
    product.gaussian = (centre, variance)
    return product


def mixture_mean(members: Sequence[Predictive], powers: Sequence[float], rows: Ints) -> Float:
    """Compute the mean of :func:`mixture` at some rows, float32 (len(rows), C), and of no others."""
    return softmax(_log_mixture(members, powers, rows))


def _log_mixture(
    members: Sequence[Predictive], powers: Sequence[float], rows: Ints | slice = EVERY_ROW
) -> Float:
    """Logarithm of the mixture's mean (n, C), up to a number an item that all classes share."""
    first, *others = (
        np.float32(power) * _log_mean(member, rows) for member, power in zip(members, powers, strict=True)
    )
    total: Float = sum(others, start=first)
    return total


def _log_mean(predictive: Predictive, rows: Ints | slice) -> Float:
    """Logarithm of the mean (n, C), up to a number an item that all classes share."""
    if isinstance(predictive, RowsPredictive) and predictive.gaussian is not None:
        # As in probit_softmax, whose logarithm need not be taken.
        logits, variance = (array[rows] for array in predictive.gaussian)
        return np.asarray(logits / np.sqrt(1 + np.float32(np.pi / 8) * variance), np.float32)
    return np.asarray(np.log(np.maximum(predictive.mean[rows], TINY)), np.float32)


def _column(variance: Float) -> Float:
    """One variance an item (n, 1), of as many as there are."""
    return variance.mean(axis=1, keepdims=True) if variance.ndim == 2 else variance[:, None]
