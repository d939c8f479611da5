"""How strongly to shrink: the prior precision, by the evidence framework.

References
----------
MacKay (1992), *The evidence framework applied to classification networks*.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._map import Optimum, Problem, curvature, maximise
from spin_nb.errors import ModelError
from spin_nb.types import Float

PRECISIONS = (1e-4, 10.0)  # searched, for inputs of root mean square norm 1
# Before any evidence; with under twenty labels the evidence alone is flat or absurd.
EXPECTED = 0.02
EXPECTED_SPREAD = 1.0  # standard deviation of its logarithm


def log_evidence(problem: Problem, optimum: Optimum, precision: float) -> float:
    """Log marginal likelihood under the Kronecker curvature (MacKay 1992; METHODS of Daxberger et al. 2021)."""
    values, _ = curvature(optimum.probs, problem.weight)
    occam = np.sum(np.log1p(np.outer(problem.moments, values) / precision))
    return float(optimum.log_likelihood - (occam + precision * np.sum(optimum.theta**2)) / 2)


def best_precision(problem: Problem) -> tuple[Optimum, float]:
    """The most probable prior precision given the marginal likelihood, and the optimum there."""
    from scipy.optimize import minimize_scalar

    latest: Optimum | None = None

    def loss(log_precision: float) -> float:
        nonlocal latest
        precision = float(np.exp(log_precision))
        latest = maximise(problem, precision, None if latest is None else latest.theta, decrement=1e-4)
        surprise = (log_precision - np.log(EXPECTED)) / EXPECTED_SPREAD
        return surprise**2 / 2 - log_evidence(problem, latest, precision)

    bounds = tuple(np.log(PRECISIONS))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 0.1})
    precision = float(np.exp(found.x))
    return maximise(problem, precision, latest.theta if latest else None), precision


def at(problem: Problem, precision: float, start: NDArray[np.float64] | None) -> tuple[Optimum, float]:
    """The optimum under a given prior precision."""
    if not precision > 0:
        raise ModelError(f"the prior precision must be positive, not {precision}.", "Leave it out.")
    return maximise(problem, precision, start), float(precision)


def rotated(
    features: Float, targets: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[Problem, NDArray[np.float64], float]:
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
    return Problem(rotated, targets, weight, moments), rotation, length
