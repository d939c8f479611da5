"""How strongly to shrink: the prior precision, by the evidence framework.

References
----------
MacKay (1992), *The evidence framework applied to classification networks*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._map_estimate import Optimum, Problem, curvature, evaluated, maximise, warmed
from spin_nb.errors import ModelError
from spin_nb.types import Float

Array = NDArray[np.float64]

PRECISIONS = (1e-4, 10.0)  # searched, for inputs of root mean square norm 1
# Before any evidence; with under twenty labels the evidence alone is flat or absurd.
EXPECTED = 0.02
EXPECTED_SPREAD = 1.0  # standard deviation of its logarithm


def log_evidence(problem: Problem, optimum: Optimum, precision: float) -> float:
    """Log marginal likelihood under the Kronecker curvature (MacKay 1992; METHODS of Daxberger et al. 2021)."""
    values, _ = curvature(optimum.probs, problem.weight)
    occam = np.sum(np.log1p(np.outer(problem.moments, values) / precision))
    return float(optimum.log_likelihood - (occam + precision * optimum.squared) / 2)


def best_precision(problem: Problem) -> tuple[Optimum, float]:
    """The most probable prior precision given the marginal likelihood, and the optimum there."""
    theta: Array | None = None
    whole: Array | None = None

    def found_at(precision: float) -> Optimum:
        nonlocal theta, whole
        if theta is None:
            theta, whole = warmed(problem, precision)
        optimum = maximise(problem, precision, theta, decrement=1e-4, whole=whole)
        theta = optimum.theta
        return optimum

    precision = _most_probable(problem, found_at, 0.1)
    return maximise(problem, precision, theta, whole=whole), precision


def at(problem: Problem, precision: float, start: Array | None) -> tuple[Optimum, float]:
    """The optimum under a given prior precision."""
    precision = _checked(precision)
    theta, whole = warmed(problem, precision) if start is None else (start, None)
    return maximise(problem, precision, theta, whole=whole), precision


def around(problem: Problem, theta: Array, squared: float, precision: float | None) -> tuple[Optimum, float]:
    """Parameters that stay as they are in place of an optimum, and the prior precision most probable with them.

    ``squared``: ``|theta|^2`` with what lies outside the span of the inputs.
    """
    optimum = replace(evaluated(problem, theta), squared=squared)
    if precision is None:
        return optimum, _most_probable(problem, lambda _: optimum, 0.01)
    return optimum, _checked(precision)


def _most_probable(problem: Problem, optimum_at: Callable[[float], Optimum], tolerance: float) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_precision: float) -> float:
        precision = float(np.exp(log_precision))
        surprise = (log_precision - np.log(EXPECTED)) / EXPECTED_SPREAD
        return surprise**2 / 2 - log_evidence(problem, optimum_at(precision), precision)

    bounds = tuple(np.log(PRECISIONS))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": tolerance})
    return float(np.exp(found.x))


def _checked(precision: float) -> float:
    if not precision > 0:
        raise ModelError(f"the prior precision must be positive, not {precision}.", "Leave it out.")
    return float(precision)


def rotated(features: Float, targets: Array, weight: Array) -> tuple[Problem, Array, float]:
    """The problem in the eigenbasis of its scaled inputs; the basis (d, r); the scale."""
    x = features.astype(np.float64)
    length = float(np.sqrt(weight @ np.einsum("nd,nd->n", x, x) / weight.sum())) or 1.0
    x /= length
    if len(x) < x.shape[1]:
        _, singular, right = np.linalg.svd(np.sqrt(weight)[:, None] * x, full_matrices=False)
        moments, rotation = singular**2, right.T
    else:
        moments, rotation = np.linalg.eigh((x * weight[:, None]).T @ x)
    rotated = np.hstack([x @ rotation, np.ones((len(x), 1))])
    moments = np.append(np.maximum(moments, 0), weight.sum())
    return Problem(rotated, rotated.astype(np.float32), targets, weight, moments), rotation, length
