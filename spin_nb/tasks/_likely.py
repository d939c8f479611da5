"""From a normal prediction to the probability that a person accepts what is suggested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError

Doubles = NDArray[np.float64]

MIN_DISTANCE_FROM_CERTAINTY = (
    1e-6  # a probability is never nearer to 0 or 1: nothing that was learned is certain
)
MIN_SD = 1e-9  # the least standard deviation reckoned with, in units of the target


def prediction(mean: ArrayLike, sd: ArrayLike, outputs: int, gaps: bool = False) -> tuple[Doubles, Doubles]:
    """Mean and standard deviation of one item as float64 (outputs,); with ``gaps`` a mean may be NaN.

    Raises
    ------
    ModelError
        Another shape, a mean that is not finite, a standard deviation that is negative or not finite.
    """
    mean, sd = np.asarray(mean, np.float64), np.asarray(sd, np.float64)
    if mean.shape != (outputs,) or sd.shape != (outputs,):
        raise ModelError(
            f"mean {mean.shape} and sd {sd.shape} do not fit this task's {outputs} outputs.",
            f"Pass mean and sd of one item, each ({outputs},).",
        )
    at = ~np.isnan(mean) | (not gaps)
    if not (np.isfinite(mean[at]) & np.isfinite(sd[at]) & (sd[at] >= 0)).all():
        raise ModelError(
            "a prediction or its standard deviation is not finite, or the latter is negative.",
            "Train again on finite features and targets.",
        )
    return mean, np.maximum(sd, MIN_SD)


def probability(p: float) -> float:
    """``p`` inside (0, 1)."""
    return float(np.clip(p, MIN_DISTANCE_FROM_CERTAINTY, 1 - MIN_DISTANCE_FROM_CERTAINTY))


def near(offset: Doubles, sd: Doubles, radius: float) -> Doubles:
    """Probability that each true point lies within ``radius`` of where it is suggested.

    Parameters
    ----------
    offset : float64 (K, 2)
        Suggested minus predicted mean, pixels.
    sd : float64 (K, 2)
        Of x and y, which are taken to be independent normals, pixels.
    radius : float
        Pixels.

    Returns
    -------
    float64 (K,)
        By Gauss-Legendre quadrature over x with 64 nodes; off by 1e-3 at most.
    """
    from scipy.special import ndtr

    nodes, weights = np.polynomial.legendre.leggauss(64)
    # Eight standard deviations hold all of a narrow normal, which fixed nodes over the whole circle would miss.
    low = np.clip(-offset[:, 0] - 8 * sd[:, 0], -radius, radius)
    high = np.clip(-offset[:, 0] + 8 * sd[:, 0], -radius, radius)
    half = (high - low) / 2
    x = (high + low)[:, None] / 2 + half[:, None] * nodes
    z = (offset[:, :1] + x) / sd[:, :1]
    reach = np.sqrt(np.maximum(radius**2 - x**2, 0))
    up, down = (offset[:, 1:] + reach) / sd[:, 1:], (offset[:, 1:] - reach) / sd[:, 1:]
    density = np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * sd[:, :1])
    return np.asarray((density * (ndtr(up) - ndtr(down)) * weights).sum(axis=1) * half)
