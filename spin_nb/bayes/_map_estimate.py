"""Maximum a posteriori softmax regression: Newton's method, its linear systems solved by conjugate gradients.

The Kronecker-factored curvature preconditions them, so some twenty products with the data do, whatever the number of
classes.  Where the whole curvature is small beside the data it takes over, and four products do.  Objective and slope
are double precision; the products only have to point the right way and are single.

References
----------
Nocedal & Wright (2006), *Numerical Optimization*, algorithm 7.1 and its forcing sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._full_covariance import ggn
from spin_nb.types import Float

Array = NDArray[np.float64]
MAX_NEWTON_STEPS = 60
MAX_CG_STEPS = 40
MAX_PARAMETERS_FOR_FULL = 2500  # parameters: to factor a larger curvature takes longer than it saves
# Stop when a Newton step would lower the objective by less than this share of an observation.
MIN_DECREMENT = 1e-9


@dataclass(frozen=True, eq=False)
class Problem:
    """Weighted softmax regression on rotated inputs.

    Attributes
    ----------
    x : float64 (n, r)
        Inputs in the eigenbasis of their second moment, last column constant 1.
    x_single : float32 (n, r)
        The same.
    targets : float64 (n, C)
        Probabilities.
    weight : float64 (n,)
    moments : float64 (r,)
        ``sum_n weight_n x_n^2`` of each column.
    """

    x: Array
    x_single: Float
    targets: Array
    weight: Array
    moments: Array

    @property
    def size(self) -> float:
        """Sum of the weights: the number of observations."""
        return float(self.weight.sum())

    def without(self, out: NDArray[np.bool_]) -> Problem:
        """Leave some rows out; the basis stays that of all of them."""
        x, weight = self.x[~out], self.weight[~out]
        return Problem(x, self.x_single[~out], self.targets[~out], weight, weight @ (x * x))


@dataclass(frozen=True, eq=False)
class Optimum:
    """Result of the search: ``theta`` (C, r), ``probs`` (n, C), log likelihood, ``|theta|^2``."""

    theta: Array
    probs: Array
    log_likelihood: float
    squared_norm: float


def maximise(
    problem: Problem,
    precision: float,
    start: Array | None = None,
    *,
    decrement: float = MIN_DECREMENT,
    full_curvature: Array | None = None,
) -> Optimum:
    """Minimise ``-log likelihood + precision/2 |theta|^2``.

    The problem is convex, so ``start`` only saves time, and so does ``full_curvature``, the curvature of the
    likelihood at a place near (:func:`warm_start`).
    """
    n_classes = problem.targets.shape[1]
    theta = np.zeros((n_classes, problem.x.shape[1])) if start is None else start.copy()
    value, probs, loglik = _objective(problem, theta, precision)
    near = None if full_curvature is None else _full_preconditioner(full_curvature, precision)
    for _ in range(MAX_NEWTON_STEPS):
        slope = (problem.weight[:, None] * (probs - problem.targets)).T @ problem.x + precision * theta
        precondition = near or _kron_preconditioner(problem, probs, precision)
        step = _newton_step(problem, probs, slope, precision, precondition)
        expected_decrease = -float(np.sum(slope * step))
        if expected_decrease <= decrement * max(1.0, problem.size):
            break
        length = 1.0
        while True:
            candidate = theta + length * step
            new_value, new_probs, new_loglik = _objective(problem, candidate, precision)
            if new_value <= value - 1e-4 * length * expected_decrease:
                theta, value, probs, loglik = candidate, new_value, new_probs, new_loglik
                break
            length /= 2
            if length < 1e-6:  # rounding, not slope, decides now
                return Optimum(theta, probs, loglik, float(np.sum(theta * theta)))
    return Optimum(theta, probs, loglik, float(np.sum(theta * theta)))


def evaluate(problem: Problem, theta: Array) -> Optimum:
    """Evaluate parameters as if the search had ended there."""
    _, probs, loglik = _objective(problem, theta, 0.0)
    return Optimum(theta, probs, loglik, float(np.sum(theta * theta)))


def curvature(probs: Array, weight: Array) -> tuple[Array, Array]:
    """Eigenvalues (C,), vectors (C, C) of ``B = mean_n(diag p_n - p_n p_n')``."""
    share = weight / weight.sum()
    factor = np.diag(share @ probs) - (probs * share[:, None]).T @ probs
    values, vectors = np.linalg.eigh(factor)
    return np.maximum(values, 0), vectors


def _objective(problem: Problem, theta: Array, precision: float) -> tuple[float, Array, float]:
    logits = problem.x @ theta.T
    logits -= logits.max(axis=1, keepdims=True)
    loglik = np.sum(problem.targets * logits, axis=1)
    np.exp(logits, out=logits)
    total = logits.sum(axis=1)
    loglik -= np.log(total)
    logits /= total[:, None]
    likelihood = float(problem.weight @ loglik)
    return precision / 2 * float(np.sum(theta * theta)) - likelihood, logits, likelihood


def warm_start(problem: Problem, precision: float) -> tuple[Array | None, Array | None]:
    """Find parameters to start from and a curvature (P, P) near the optimum.

    Enough of the rows give them.  Both are None where they would cost more than they save.
    """
    n, size = len(problem.x), problem.targets.shape[1] * problem.x.shape[1]
    if size > MAX_PARAMETERS_FOR_FULL or n < 2 * size:
        return None, None
    step = max(1, n // (8 * size))
    every = slice(None, None, step)
    x, x_single, targets = problem.x[every], problem.x_single[every], problem.targets[every]
    some = Problem(x, x_single, targets, step * problem.weight[every], problem.moments)
    optimum = maximise(some, precision, decrement=1e-4)
    return optimum.theta, ggn(some.x_single, optimum.probs, some.weight).reshape(size, size)


def _full_preconditioner(full_curvature: Array, precision: float) -> Callable[[Array], Array]:
    from scipy.linalg import cho_factor, cho_solve

    factor = cho_factor(
        full_curvature + precision * np.eye(len(full_curvature)), overwrite_a=True, check_finite=False
    )
    return lambda residual: np.reshape(
        cho_solve(factor, residual.ravel(), check_finite=False), residual.shape
    )


def _kron_preconditioner(problem: Problem, probs: Array, precision: float) -> Callable[[Array], Array]:
    values, vectors = curvature(probs, problem.weight)
    scale = np.outer(values, problem.moments) + precision
    return lambda residual: vectors @ ((vectors.T @ residual) / scale)


def _newton_step(
    problem: Problem, probs: Array, slope: Array, precision: float, precondition: Callable[[Array], Array]
) -> Array:
    x_single, share = problem.x_single, probs.astype(np.float32)
    weighted_probs = (problem.weight[:, None] * probs).astype(np.float32)

    def hessian(direction: Array) -> Array:
        products = x_single @ direction.T.astype(np.float32)
        products -= np.einsum("nc,nc->n", share, products)[:, None]
        products *= weighted_probs
        return products.T @ x_single + precision * direction

    return _conjugate_gradients(hessian, precondition, -slope, problem.size)


def _conjugate_gradients(
    apply: Callable[[Array], Array], precondition: Callable[[Array], Array], right: Array, size: float
) -> Array:
    solution, residual = np.zeros_like(right), right
    direction = descent = precondition(residual)
    energy = first = float(np.sum(residual * descent))
    tolerance = first * min(0.5, (first / size) ** 0.5)  # far from the optimum an exact step is wasted
    for _ in range(MAX_CG_STEPS):
        if energy <= tolerance:
            break
        image = apply(direction)
        length = energy / float(np.sum(direction * image))
        solution = solution + length * direction
        residual = residual - length * image
        descent = precondition(residual)
        energy, before = float(np.sum(residual * descent)), energy
        direction = descent + energy / before * direction
    return solution
