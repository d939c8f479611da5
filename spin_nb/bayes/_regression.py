"""Bayesian regression on one-hot labels, and turning its scores into calibrated probabilities.

References
----------
Rasmussen & Williams (2006), *Gaussian Processes for Machine Learning*, eq. 2.11-2.12 and 5.10-5.12.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.predictive import (
    MARGINAL_DRAWS,
    Real,
    RowsPredictive,
    probit_softmax,
    shared_noise,
)
from spin_nb.types import Float, Ints

Array = NDArray[np.float64]

PRIOR_SHARPNESS = 6.0  # logits per unit of score before the labels say otherwise
MAX_GRID_LOGITS = 1_000_000  # logits held at once while sharpness is fitted
LOG_SHARPNESS_SD = 0.5  # prior standard deviation of log sharpness


def solve(
    phi: Float, y: Ints, n_classes: int, noise: float, weights: Array | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Posterior mean (D, C) and covariance (D, D) of the weights.

    The prior is the identity, the targets are ``e_y - 1/C``.  ``weights`` (n,) says how many labels each row
    counts as, one without.
    """
    from scipy.linalg import cho_factor, cho_solve

    x = phi.astype(np.float64)
    width = x.shape[1]
    weighted_x = x if weights is None else x * weights[:, None]
    factor = cho_factor(np.eye(width) + weighted_x.T @ x / noise**2)
    covariance = cho_solve(factor, np.eye(width))
    targets = np.eye(n_classes)[y] - 1 / n_classes
    # In C order, so that what is kept and read back is multiplied in the same order.
    return covariance @ (weighted_x.T @ targets) / noise**2, np.ascontiguousarray(
        (covariance + covariance.T) / 2
    )


def score_variance(phi: Float, covariance: NDArray[np.float64]) -> Float:
    """``phi' A phi`` of every row (n,), float32."""
    return np.maximum(np.einsum("nd,nd->n", phi @ covariance.astype(np.float32), phi), 0)


def leave_one_out(
    scores: Float, variance: Float, y: Ints, noise: float, weights: Array | None = None
) -> tuple[Float, Float]:
    """Scores (n, C), variance (n,) without each item's own label (RW eq. 5.12)."""
    weighted_variance = variance if weights is None else (variance * weights).astype(np.float32)
    leverage = np.minimum(weighted_variance / noise**2, 1 - 1e-4)[:, None]
    targets = np.eye(scores.shape[1])[y] - 1 / scores.shape[1]
    return (scores - leverage * targets) / (1 - leverage), variance / (1 - leverage[:, 0])


def held_out(
    phi: Float, y: Ints, n_classes: int, folds: Ints, noise: float, weights: Array | None = None
) -> Float:
    """Class probabilities (n, C) from the labels of the other folds.

    They are exact, from the smaller of two matrices: (n, n) while labels are few, (D, D) when they are many.

    Parameters
    ----------
    phi : float32 (n, D)
    y : int (n,)
    folds : int (n,)
        The part each item is left out with.
    weights : float64 (n,), optional
        How many labels each row counts as, one without.
    """
    x = phi.astype(np.float64)
    targets = np.eye(n_classes)[y] - 1 / n_classes
    by_rows = len(x) <= x.shape[1]
    scores, variance = (_out_by_rows if by_rows else _out_by_weights)(x, targets, folds, noise**2, weights)
    beta = fit_sharpness(scores, variance, y, weights)
    return probit_softmax(beta * scores, beta**2 * variance[:, None])


def _out_by_rows(
    x: Array, targets: Array, folds: Ints, noise: float, weights: Array | None = None
) -> tuple[Array, Array]:
    """``f_out = t - (Q_oo)^-1 (Q t)_o`` with ``Q = (K + noise / weights I)^-1`` (RW eq. 5.12, in blocks)."""
    spread = np.full(len(x), noise) if weights is None else noise / weights
    precision = np.linalg.inv(x @ x.T + np.diag(spread))
    pull = precision @ targets
    scores, variance = np.empty_like(targets), np.empty(len(x))
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        block = np.linalg.inv(precision[np.ix_(out, out)])
        scores[out] = targets[out] - block @ pull[out]
        variance[out] = np.maximum(np.diag(block) - spread[out], 0)
    return scores, variance


def _out_by_weights(
    x: Array, targets: Array, folds: Ints, noise: float, weights: Array | None = None
) -> tuple[Array, Array]:
    """Weights of every other fold's items: all items' moments less those of the fold (RW eq. 2.11)."""
    from scipy.linalg import cho_factor, cho_solve

    weighted_x = x if weights is None else x * weights[:, None]
    moments, pull = weighted_x.T @ x + noise * np.eye(x.shape[1]), weighted_x.T @ targets
    scores, variance = np.empty_like(targets), np.empty(len(x))
    for fold in np.unique(folds):
        out = np.flatnonzero(folds == fold)
        x_out = x[out]
        weighted_out = x_out if weights is None else weighted_x[out]
        factor = cho_factor(moments - weighted_out.T @ x_out)
        scores[out] = x_out @ cho_solve(factor, pull - weighted_out.T @ targets[out])
        variance[out] = noise * np.einsum("nd,dn->n", x_out, cho_solve(factor, x_out.T))
    return scores, variance


def fit_sharpness(scores: Real, variance: Real, y: Ints, weights: Array | None = None) -> float:
    """Fit the logits per unit of score.

    They have the best held-out log likelihood, and are drawn to ``PRIOR_SHARPNESS`` while labels are few.

    Continuous in the scores: a grid's best value alone would leap to its neighbour where two are as good but for
    rounding, and a session and its reopening would show other probabilities for the same labels.

    Parameters
    ----------
    scores, variance : float (n, C), (n,)
        What items would score without their own label.
    y : int (n,)
    weights : float64 (n,), optional
        How many labels each row counts as, one without.
    """
    log_grid = np.linspace(np.log(1.0), np.log(60.0), 33)
    prior = (log_grid - np.log(PRIOR_SHARPNESS)) ** 2 / (2 * LOG_SHARPNESS_SD**2)
    beta = np.exp(log_grid)[:, None]
    slope = beta / np.sqrt(1 + np.pi / 8 * beta**2 * variance)
    step = max(1, MAX_GRID_LOGITS // max(1, scores.size))
    loss = np.concatenate(
        [_misfit(slope[i : i + step], scores, y, weights) for i in range(0, len(slope), step)]
    )
    return float(np.exp(_lowest(log_grid, loss + prior)))


def _lowest(grid: Array, loss: Array) -> float:
    """Lowest point of the parabola through the lowest of evenly spaced losses and its neighbours."""
    at = min(max(int(np.argmin(loss)), 1), len(grid) - 2)
    before, here, after = loss[at - 1 : at + 2]
    bend = before - 2 * here + after
    if not bend > 0:
        return float(grid[np.argmin(loss)])
    vertex = grid[at] + (grid[1] - grid[0]) * (before - after) / (2 * bend)
    return float(np.clip(vertex, grid[0], grid[-1]))


def _misfit(slope: Real, scores: Real, y: Ints, weights: Array | None) -> Real:
    """Negative log likelihood (g,) of labels for slopes (g, n)."""
    logits = slope[:, :, None] * scores
    label_logits = np.take_along_axis(logits, np.broadcast_to(y[None, :, None], (*slope.shape, 1)), axis=2)[
        ..., 0
    ]
    top = logits.max(axis=-1)
    logits -= top[..., None]
    np.exp(logits, out=logits)
    loss = np.log(logits.sum(axis=-1)) + top - label_logits
    return np.asarray((loss if weights is None else loss * weights).sum(axis=1))


def predictive(
    phi: Float,
    scores: Float,
    variance: Float,
    weights: NDArray[np.float64],
    covariance: NDArray[np.float64],
    sharpness: float,
) -> RowsPredictive:
    """Predict ``softmax(sharpness f)`` under Gaussian scores ``f``.

    Every class has the same variance.  Scores and variance may change afterwards, the rest may not.
    """
    beta = np.float32(sharpness)
    logits, spread = beta * scores, beta**2 * variance[:, None]
    noise = shared_noise((MARGINAL_DRAWS, logits.shape[1])).T[:, :, None]

    def marginal(start: int, stop: int) -> Float:
        centre = np.ascontiguousarray(logits[start:stop].T)
        out: Float = np.sqrt(spread[start:stop, 0]) * noise
        out += centre[:, None, :]
        return out

    def joint(rows: Ints, S: int, seed: int) -> Float:
        root = np.linalg.cholesky(covariance + 1e-9 * np.eye(len(covariance)))
        out = np.empty((S, len(rows), logits.shape[1]), np.float32)
        rng, x = np.random.default_rng(seed), phi[rows]
        for s in range(S):
            weight_draw = weights + root @ rng.standard_normal(weights.shape)
            out[s] = x @ (weight_draw * sharpness).astype(np.float32)
        return out

    return RowsPredictive.of_gaussian(logits, spread, marginal, joint)
