"""Maximum a posteriori softmax regression: Newton's method, its linear systems solved by conjugate gradients.

The Kronecker-factored curvature preconditions them, so a handful of products with the data do, whatever the
number of classes.

References
----------
Nocedal & Wright (2006), *Numerical Optimization*, algorithm 7.1 and its forcing sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NEWTON_STEPS = 60
CG_STEPS = 40
DECREMENT = (
    1e-9  # stop when a Newton step would lower the objective by less than this share of an observation
)


@dataclass(frozen=True)
class Problem:
    """Weighted softmax regression on rotated inputs.

    Attributes
    ----------
    x : float64 (n, r)
        Inputs in the eigenbasis of their second moment, last column constant 1.
    targets : float64 (n, C)
        Probabilities.
    weight : float64 (n,)
    moments : float64 (r,)
        ``sum_n weight_n x_n^2`` of each column.
    """

    x: Array
    targets: Array
    weight: Array
    moments: Array

    @property
    def size(self) -> float:
        """Sum of the weights: the number of observations."""
        return float(self.weight.sum())


@dataclass(frozen=True)
class Optimum:
    """Where the search ended: parameters (C, r), probabilities (n, C), log likelihood."""

    theta: Array
    probs: Array
    log_likelihood: float


def maximise(
    problem: Problem, precision: float, start: Array | None = None, *, decrement: float = DECREMENT
) -> Optimum:
    """Minimise ``-log likelihood + precision/2 |theta|^2``; the problem is convex, so ``start`` only saves time."""
    n_classes = problem.targets.shape[1]
    theta = np.zeros((n_classes, problem.x.shape[1])) if start is None else start.copy()
    value, probs, loglik = _objective(problem, theta, precision)
    for _ in range(NEWTON_STEPS):
        slope = (problem.weight[:, None] * (probs - problem.targets)).T @ problem.x + precision * theta
        step = _newton_step(problem, probs, slope, precision)
        promised = -float(np.sum(slope * step))
        if promised <= decrement * max(1.0, problem.size):
            break
        length = 1.0
        while True:
            candidate = theta + length * step
            new_value, new_probs, new_loglik = _objective(problem, candidate, precision)
            if new_value <= value - 1e-4 * length * promised:
                theta, value, probs, loglik = candidate, new_value, new_probs, new_loglik
                break
            length /= 2
            if length < 1e-6:  # rounding, not slope, decides now
                return Optimum(theta, probs, loglik)
    return Optimum(theta, probs, loglik)


def curvature(probs: Array, weight: Array) -> tuple[Array, Array]:
    """Eigenvalues (C,) and vectors (C, C) of ``B = mean_n(diag p_n - p_n p_n')``."""
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


def _newton_step(problem: Problem, probs: Array, slope: Array, precision: float) -> Array:
    values, vectors = curvature(probs, problem.weight)
    scale = np.outer(values, problem.moments) + precision
    weighted = problem.weight[:, None] * probs

    def hessian(direction: Array) -> Array:
        moved = problem.x @ direction.T
        moved -= np.einsum("nc,nc->n", probs, moved)[:, None]
        moved *= weighted
        return moved.T @ problem.x + precision * direction

    def precondition(residual: Array) -> Array:
        return vectors @ ((vectors.T @ residual) / scale)

    return _conjugate_gradients(hessian, precondition, -slope, problem.size)


def _conjugate_gradients(
    apply: Callable[[Array], Array], precondition: Callable[[Array], Array], right: Array, size: float
) -> Array:
    solution, residual = np.zeros_like(right), right
    direction = smoothed = precondition(residual)
    energy = first = float(np.sum(residual * smoothed))
    tolerance = first * min(0.5, (first / size) ** 0.5)  # far from the optimum an exact step is wasted
    for _ in range(CG_STEPS):
        if energy <= tolerance:
            break
        image = apply(direction)
        length = energy / float(np.sum(direction * image))
        solution = solution + length * direction
        residual = residual - length * image
        smoothed = precondition(residual)
        energy, before = float(np.sum(residual * smoothed)), energy
        direction = smoothed + energy / before * direction
    return solution
