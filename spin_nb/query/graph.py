"""What a label would change in the graph posterior, in closed form: a Gaussian's variance needs no label's value.

All read the posterior over weights ``w`` of ``f = phi w``: covariance ``A`` (D, D), so ``cov(i, j) = phi_i' A phi_j``.
Sums over the whole pool are products with ``sum_j phi_j`` and ``sum_j phi_j phi_j'``: exact and linear in ``n``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features
from spin_nb.threads import blocks
from spin_nb.types import Float

NOISE_SD = 0.2  # as spin_nb.bayes.GraphPosterior has it


def vopt(phi: Float, covariance: NDArray[np.float64], *, noise: float = NOISE_SD) -> Float:
    """Fall of the mean predictive variance.

    It is ``mean_j cov(i, j)^2 / (noise^2 + v_i)`` (Ji & Han 2012).

    Parameters
    ----------
    phi : float32 (n, D)
        Features of the whole pool.
    covariance : float64 (D, D)
        Posterior covariance of the weights.
    noise : float
        Standard deviation of a label around its score.

    Returns
    -------
    float32 (n,)
        In squared units of a score: the variance that this item's label takes off the average item.

    Raises
    ------
    QueryError
        A covariance of another width than ``phi``, NaN, noise of 0 or less.

    Examples
    --------
    >>> vopt(np.repeat(np.eye(2, dtype=np.float32), [3, 1], axis=0), np.eye(2), noise=1.0).tolist()
    [0.375, 0.375, 0.375, 0.125]
    """
    phi = check_features(phi, name="phi")
    second = _second_moment(phi)
    out = np.empty(len(phi), np.float32)
    for rows, reach, total in _sweep(phi, covariance, noise):
        out[rows] = np.einsum("nd,nd->n", reach @ second, reach) / total
    return out


def sigma_opt(phi: Float, covariance: NDArray[np.float64], *, noise: float = NOISE_SD) -> Float:
    """Fall of the variance of the pool's mean score.

    It is ``(mean_j cov(i, j))^2 / (noise^2 + v_i)``.

    Sigma-optimality (Ma, Garnett & Schneider 2013).  Prefers the middle of clusters to
    outliers more strongly than :func:`vopt`.

    Parameters
    ----------
    phi : float32 (n, D)
        Features of the whole pool.
    covariance : float64 (D, D)
        Posterior covariance of the weights.
    noise : float
        Standard deviation of a label around its score.

    Returns
    -------
    float32 (n,)
        In squared units of a score: the variance that this item's label takes off the pool's mean score.

    Raises
    ------
    QueryError
        A covariance of another width than ``phi``, NaN, noise of 0 or less.

    Examples
    --------
    >>> sigma_opt(np.repeat(np.eye(2, dtype=np.float32), [3, 1], axis=0), np.eye(2), noise=1.0).tolist()
    [0.28125, 0.28125, 0.28125, 0.03125]
    """
    phi = check_features(phi, name="phi")
    middle = phi.mean(axis=0, dtype=np.float64).astype(np.float32)
    out = np.empty(len(phi), np.float32)
    for rows, reach, total in _sweep(phi, covariance, noise):
        out[rows] = (reach @ middle) ** 2 / total
    return out


def model_change(
    phi: Float, covariance: NDArray[np.float64], score_means: Float, *, noise: float = NOISE_SD
) -> Float:
    """Expected shift of the pool's scores.

    It is a root mean square, were the item's label as predicted.

    ``|e_y - 1/C - f_i| sqrt(mean_j cov(i, j)^2) / (noise^2 + v_i)`` with ``y`` the label that moves them least, which
    is the predicted one (Miller & Bertozzi 2021, model change).

    Parameters
    ----------
    phi : float32 (n, D)
        Features of the whole pool.
    covariance : float64 (D, D)
        Posterior covariance of the weights.
    score_means : float32 (n, C)
        Posterior mean of each item's scores, around 0: a label is ``e_y - 1/C``.
    noise : float
        Standard deviation of a label around its score.

    Returns
    -------
    float32 (n,)
        In units of a score.

    Raises
    ------
    QueryError
        A covariance of another width than ``phi``, scores of other items, NaN, noise of 0 or less.

    Examples
    --------
    >>> phi = np.repeat(np.eye(2, dtype=np.float32), [3, 1], axis=0)
    >>> model_change(phi, np.eye(2), np.zeros((4, 2)), noise=1.0).round(3).tolist()
    [0.3059999942779541, 0.3059999942779541, 0.3059999942779541, 0.1770000010728836]
    """
    phi = check_features(phi, name="phi")
    scores = check_features(score_means, name="score_means", n=len(phi))
    second = _second_moment(phi)
    out = np.empty(len(phi), np.float32)
    for rows, reach, total in _sweep(phi, covariance, noise):
        shift = np.sqrt(np.maximum(np.einsum("nd,nd->n", reach @ second, reach), 0))
        residual = -scores[rows] - np.float32(1 / scores.shape[1])
        residual[np.arange(len(residual)), scores[rows].argmax(axis=1)] += 1
        out[rows] = np.linalg.norm(residual, axis=1) * shift / total
    return out


def _sweep(phi: Float, covariance: ArrayLike, noise: float) -> Iterator[tuple[slice, Float, Float]]:
    """Blocks of rows with ``A phi_i`` (m, D) and ``noise^2 + v_i`` (m,)."""
    A = check_features(covariance, name="covariance", n=phi.shape[1], d=phi.shape[1])
    if not (np.isfinite(noise) and noise > 0):
        raise QueryError(f"noise must be above 0, not {noise}.", f"Use the default of {NOISE_SD}.")
    for rows in blocks(*phi.shape):
        reach = phi[rows] @ A
        spread = np.einsum("nd,nd->n", phi[rows], reach)
        yield rows, reach, np.float32(noise**2) + np.maximum(spread, 0)


def _second_moment(phi: Float) -> Float:
    """``mean_j phi_j phi_j'`` (D, D)."""
    total = np.zeros((phi.shape[1], phi.shape[1]))
    for rows in blocks(*phi.shape):
        total += phi[rows].T @ phi[rows]
    return (total / len(phi)).astype(np.float32)
