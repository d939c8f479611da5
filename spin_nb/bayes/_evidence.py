"""The prior precision, by the evidence framework.

References
----------
MacKay (1992), *The evidence framework applied to classification networks*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._map_estimate import Optimum, Problem, curvature, evaluate, maximise, warm_start
from spin_nb.errors import ModelError
from spin_nb.types import Float

Array = NDArray[np.float64]

PRECISION_BOUNDS = (1e-4, 10.0)  # searched, for inputs of root mean square norm 1
# Before any evidence; with under twenty labels the evidence alone is flat or absurd.
EXPECTED_PRECISION = 0.02
LOG_PRECISION_SD = 1.0  # standard deviation of its logarithm


def log_evidence(problem: Problem, optimum: Optimum, precision: float) -> float:
    """Log marginal likelihood under the Kronecker curvature (MacKay 1992)."""
    values, _ = curvature(optimum.probs, problem.weight)
    occam = np.sum(np.log1p(np.outer(problem.moments, values) / precision))
    return float(optimum.log_likelihood - (occam + precision * optimum.squared_norm) / 2)


def best_precision(problem: Problem) -> tuple[Optimum, float]:
    """Find the optimum at the most probable prior precision, and that."""
    theta: Array | None = None
    full_curvature: Array | None = None

    def optimum_at(precision: float) -> Optimum:
        nonlocal theta, full_curvature
        if theta is None:
            theta, full_curvature = warm_start(problem, precision)
        optimum = maximise(problem, precision, theta, decrement=1e-4, full_curvature=full_curvature)
        theta = optimum.theta
        return optimum

    precision = _most_probable(problem, optimum_at, 0.1)
    return maximise(problem, precision, theta, full_curvature=full_curvature), precision


def at(problem: Problem, precision: float, start: Array | None) -> tuple[Optimum, float]:
    """The optimum under a given prior precision."""
    precision = check_precision(precision)
    theta, full_curvature = warm_start(problem, precision) if start is None else (start, None)
    return maximise(problem, precision, theta, full_curvature=full_curvature), precision


def around(
    problem: Problem, theta: Array, squared_norm: float, precision: float | None
) -> tuple[Optimum, float]:
    """Find the prior precision for parameters that stay.

    ``squared_norm`` is ``|theta|^2`` with what lies outside the span of the inputs.
    """
    optimum = replace(evaluate(problem, theta), squared_norm=squared_norm)
    if precision is None:
        return optimum, _most_probable(problem, lambda _: optimum, 0.01)
    return optimum, check_precision(precision)


def _most_probable(problem: Problem, optimum_at: Callable[[float], Optimum], tolerance: float) -> float:
    from scipy.optimize import minimize_scalar

    def loss(log_precision: float) -> float:
        precision = float(np.exp(log_precision))
        surprise = (log_precision - np.log(EXPECTED_PRECISION)) / LOG_PRECISION_SD
        return surprise**2 / 2 - log_evidence(problem, optimum_at(precision), precision)

    bounds = tuple(np.log(PRECISION_BOUNDS))
    minimum = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": tolerance})
    return float(np.exp(minimum.x))


def check_precision(precision: float) -> float:
    if not precision > 0:
        raise ModelError(f"the prior precision must be positive, not {precision}.", "Leave it out.")
    return float(precision)


def rotate_problem(
    features: Float, targets: Array, weight: Array, length: float | None = None
) -> tuple[Problem, Array, float]:
    """Rotate a problem into its inputs' eigenbasis.

    It is returned with the basis (d, r) and the scale: ``length``, without it the rows' root mean square norm.
    """
    x = features.astype(np.float64)
    if length is None:
        length = float(np.sqrt(weight @ np.einsum("nd,nd->n", x, x) / weight.sum()))
    length = length or 1.0
    x /= length
    if len(x) < x.shape[1]:
        _, singular, right = np.linalg.svd(np.sqrt(weight)[:, None] * x, full_matrices=False)
        moments, rotation = singular**2, right.T
    else:
        moments, rotation = np.linalg.eigh((x * weight[:, None]).T @ x)
    inputs = np.hstack([x @ rotation, np.ones((len(x), 1))])
    moments = np.append(np.maximum(moments, 0), weight.sum())
    return Problem(inputs, inputs.astype(np.float32), targets, weight, moments), rotation, length
