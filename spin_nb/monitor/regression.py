"""Do predicted numbers come with the right doubt?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import Real, check_numbers
from spin_nb.monitor.audit import wilson
from spin_nb.types import Estimate


def interval_coverage(y: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Estimate, float]:
    """Share of true values inside their predicted intervals, and how wide those are.

    Parameters
    ----------
    y, low, high : float (n,)
        True values and the ends of their intervals, both included; one unit.

    Returns
    -------
    coverage : Estimate
        With its Wilson interval; no point estimate under 20 items.
    width : float
        Mean of ``high - low``, in the unit of ``y``: of two methods that cover alike the narrower is better.

    Raises
    ------
    ModelError
        If shapes differ, a number is not finite, or an interval ends before it begins.

    Examples
    --------
    >>> interval_coverage([1.0, 5.0], [0.0, 0.0], [2.0, 2.0])[1]
    2.0
    """
    truth, below, above = check_numbers(y=y, low=low, high=high)
    if (below > above).any():
        at = int(np.flatnonzero(below > above)[0])
        raise ModelError(
            f"interval {at} runs from {below[at]:.4g} down to {above[at]:.4g}.", "Pass low <= high."
        )
    inside = int(((below <= truth) & (truth <= above)).sum())
    return wilson(inside, len(truth)), float((above - below).mean())


def crps(y: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Real:
    """Continuous ranked probability score of normal predictions, item by item.

    It is ``sd [z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)]`` with ``z = (y - mean) / sd`` (Gneiting and Raftery
    2007, eq. 21).

    Parameters
    ----------
    y, mean, sd : float (n,)
        True values, predicted means and predictive standard deviations; one unit.

    Returns
    -------
    float64 (n,)
        In the unit of ``y``, lower is better; tends to the absolute error as ``sd`` tends to 0.

    Raises
    ------
    ModelError
        If shapes differ, a number is not finite, or a standard deviation is not positive.

    Examples
    --------
    >>> crps([0.0], [0.0], [1.0]).round(4).tolist()
    [0.2337]
    """
    from scipy.special import ndtr

    truth, centre, spread = check_numbers(y=y, mean=mean, sd=sd)
    if not (spread > 0).all():
        raise ModelError(f"a standard deviation of {spread.min():.4g} is not positive.", "Pass sd > 0.")
    z = (truth - centre) / spread
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    score: Real = spread * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi))
    return score
