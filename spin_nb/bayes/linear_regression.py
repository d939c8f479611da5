"""Bayesian linear regression on features: the last layer's Laplace approximation for numbers, which is exact.

With a Gaussian likelihood the posterior is Gaussian, so the Kronecker, full and diagonal structures of
:class:`~spin_nb.bayes.laplace.LastLayerLaplace` have no counterpart here: the full covariance is cheap and right.

References
----------
Bishop (2006), *Pattern Recognition and Machine Learning*, eq. 3.53-3.59 (predictive), 3.86-3.95 (evidence).
MacKay (1992), *Bayesian interpolation*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.bayes._checks import check_draws, check_features, check_some
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.types import Float, Ints

Array = NDArray[np.float64]
MAX_ROUNDS = 500
# One pseudo-observation each, for inputs and targets of unit size: with as many weights as labels the evidence alone
# would call the noise zero.
EXPECTED_SIZE, EXPECTED_NOISE = 1.0, 0.02


@dataclass(frozen=True, eq=False)
class RegressionPredictive:
    """Predictive of ``k`` numbers over ``n`` items.

    Attributes
    ----------
    mean : float32 (n, k)
        In the targets' unit.
    epistemic : float32 (n, k)
        Variance that labels would remove, ``phi' Sigma phi``, unit squared.
    aleatoric : float32 (n, k)
        Variance that stays, ``sigma^2``, unit squared.
    """

    mean: Float
    epistemic: Float
    aleatoric: Float
    _inputs: Float
    _weights: Array
    _roots: Array

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def variance(self) -> Float:
        """Variance of an observation (n, k): epistemic plus aleatoric."""
        return self.epistemic + self.aleatoric

    def draws(self, rows: Ints, S: int, seed: int) -> Float:
        """Draw functions without noise (S, len(rows), k).

        The same seed draws the same functions, whichever rows are asked for.

        Raises
        ------
        ModelError
            ``S`` below 1, rows outside the items.
        """
        rows = check_draws(rows, S, len(self))
        rng, x = np.random.default_rng(seed), self._inputs[rows]
        out = np.empty((S, len(rows), self._weights.shape[1]), np.float32)
        for s in range(S):
            noise = rng.standard_normal(self._weights.shape)
            deviations = np.einsum("kde,ek->dk", self._roots, noise)
            out[s] = x @ (self._weights + deviations).astype(np.float32)
        return out


class LastLayerRegression:
    """Linear regression with a Gaussian posterior over its weights.

    Prior and noise are set by marginal likelihood.  Features are scaled to root mean square norm 1 and
    targets to variance 1, so units do not matter.

    Attributes
    ----------
    weight : float64 (k, d)
    bias : float64 (k,)
    noise : float64 (k,)
        Standard deviation of an observation around the function, in the target's unit.
    prior_precision : float64 (k,)
        Of the weights, for scaled features and targets.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    >>> head = LastLayerRegression().fit(x, 3 * x[:, 0] + 1)
    >>> head.predict(np.array([[2.0]], np.float32)).mean.round(1).tolist()
    [[7.0]]
    """

    def __init__(self) -> None:
        self.weight = self.bias = self.noise = self.prior_precision = np.zeros(0)
        self._length = 1.0
        self._weights: Array = np.zeros((0, 0))
        self._roots: Array = np.zeros((0, 0, 0))

    def fit(self, features: Float, y: ArrayLike) -> LastLayerRegression:
        """Fit to features (n, d) and targets (n,) or (n, k).

        Raises
        ------
        ModelError
            No rows, values that are not finite, targets that do not fit.
        """
        features = check_features(features)
        check_some(features)
        targets = _check_targets(y, len(features))
        x = features.astype(np.float64)
        self._length = float(np.sqrt(np.mean(np.sum(x**2, axis=1)))) or 1.0
        x = np.hstack([x / self._length, np.ones((len(x), 1))])
        middle, size = targets.mean(axis=0), targets.std(axis=0)
        size[size == 0] = np.maximum(np.abs(middle[size == 0]), 1e-12)
        moments, basis = np.linalg.eigh(x.T @ x)
        fits = [_evidence(x, t, np.maximum(moments, 0), basis) for t in ((targets - middle) / size).T]
        means, precisions, noises = (np.array(part) for part in zip(*fits, strict=True))
        spread = 1 / (moments.clip(min=0) / noises[:, None] ** 2 + precisions[:, None])
        self._weights = (means * size[:, None]).T
        self._weights[-1] += middle
        self._roots = basis * np.sqrt(spread)[:, None, :] * size[:, None, None]
        self.weight, self.bias = self._weights[:-1].T / self._length, self._weights[-1]
        self.prior_precision, self.noise = precisions, noises * size
        return self

    def predict(self, features: Float) -> RegressionPredictive:
        """Predictive over features (m, d).

        Raises
        ------
        NotTrainedError, ModelError
            Not fitted; features of another width, NaN or infinite.
        """
        if not self._weights.size:
            raise NotTrainedError("this head has not been fitted.", "Call fit(features, y).")
        features = check_features(features, width=len(self._weights) - 1)
        x = np.hstack([features / np.float32(self._length), np.ones((len(features), 1), np.float32)])
        columns = [np.sum((x @ root.astype(np.float32)) ** 2, axis=1) for root in self._roots]
        mean, epistemic = x @ self._weights.astype(np.float32), np.stack(columns, axis=1)
        aleatoric = np.broadcast_to(self.noise.astype(np.float32) ** 2, mean.shape)
        return RegressionPredictive(mean, epistemic, aleatoric, x, self._weights, self._roots)


def _evidence(x: Array, t: Array, moments: Array, basis: Array) -> tuple[Array, float, float]:
    """Weights (d,), prior precision and noise of one target, by MacKay's fixed point (Bishop 3.91-3.95)."""
    pull = basis.T @ (x.T @ t)
    alpha, beta = 1.0, 10.0
    for _ in range(MAX_ROUNDS):
        coefficients = beta * pull / (beta * moments + alpha)
        n_effective = float(np.sum(beta * moments / (beta * moments + alpha)))
        error = float(t @ t - 2 * coefficients @ pull + moments @ coefficients**2)
        before = alpha, beta
        alpha = (n_effective + 1) / (float(coefficients @ coefficients) + EXPECTED_SIZE)
        beta = (len(t) - n_effective + 1) / (max(error, 0.0) + EXPECTED_NOISE)
        if np.allclose(before, (alpha, beta), rtol=1e-6):
            break
    return basis @ (beta * pull / (beta * moments + alpha)), alpha, float(beta**-0.5)


def _check_targets(y: ArrayLike, n: int) -> Array:
    targets = np.asarray(y)
    if targets.dtype.kind not in "fiu" or targets.ndim not in (1, 2) or len(targets) != n:
        raise ModelError(
            f"targets must be {n} numbers or rows of numbers, not {targets.dtype} of shape {targets.shape}.",
            "Pass one number, or one row of numbers, per row of features.",
        )
    targets = targets.astype(np.float64).reshape(n, -1)
    if not np.isfinite(targets).all() or not targets.shape[1]:
        raise ModelError("targets hold NaN or infinity, or nothing.", "Repair or drop those items.")
    return targets
