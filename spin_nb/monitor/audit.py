"""Accuracy with an interval, from the hidden audit sample.

Actively chosen labels are not a fair sample: accuracy on them is biased.  The audit sample is drawn uniformly
and never trained on, so a binomial interval holds for it.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import ModelError
from spin_nb.types import Estimate

ENOUGH = 20
"""Audits below which a point estimate would be believed more than it deserves: only the interval is shown."""


def wilson(correct: float, n: int, *, level: float = 0.95) -> Estimate:
    """Share of successes among ``n`` uniform draws, with its Wilson score interval.

    Parameters
    ----------
    correct : float
        Successes, 0 <= correct <= n; or the sum of scores in [0, 1], whose variance is at most that of successes.
    n : int
        Draws; 0 gives the interval [0, 1].
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    Estimate
        ``value`` is ``correct / n``, or None while ``n`` < 20.

    Raises
    ------
    ModelError
        If ``correct`` or ``level`` lies outside its range.

    Notes
    -----
    Wilson 1927, JASA 22:209, eq. for p': centre (p + z²/2n) / (1 + z²/n), half width
    z sqrt(p(1-p)/n + z²/4n²) / (1 + z²/n).  Audits are drawn without replacement, so the interval is a
    little too wide where they are a large share of the pool, never too narrow.

    Examples
    --------
    >>> wilson(27, 30)
    90.0% [74.4%, 96.5%] (n=30, Wilson 95% interval)
    >>> wilson(5, 5)
    [56.6%, 100.0%] (n=5, Wilson 95% interval)
    """
    if not 0 <= correct <= n:
        raise ModelError(f"{correct} correct of {n} is no share.", "Pass 0 <= correct <= n.")
    if not 0 < level < 1:
        raise ModelError(f"level {level} is no probability.", "Pass a level between 0 and 1, such as 0.95.")
    method = f"Wilson {level:.0%} interval"
    if n == 0:
        return Estimate(value=None, low=0.0, high=1.0, n=0, method=method)
    share = correct / n
    z = NormalDist().inv_cdf(0.5 + level / 2)
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At the ends the bound IS 0 or 1; rounding may miss it by an ulp and leave the share outside.
    low = 0.0 if correct == 0 else max(0.0, centre - half)
    high = 1.0 if correct == n else min(1.0, centre + half)
    return Estimate(value=share if n >= ENOUGH else None, low=low, high=high, n=int(n), method=method)


def audited_accuracy(predicted: ArrayLike, truth: ArrayLike) -> Estimate:
    """Accuracy of predicted classes against audit labels.

    Parameters
    ----------
    predicted, truth : int (n,)
        Class indices of the audited items, in one order; ``n`` may be 0.

    Returns
    -------
    Estimate
        As :func:`wilson`.

    Raises
    ------
    ModelError
        If the two differ in length or are not one-dimensional.

    Examples
    --------
    >>> audited_accuracy([0, 1, 1], [0, 1, 0])
    [20.8%, 93.9%] (n=3, audit sample, Wilson 95% interval)
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    if predicted.ndim != 1 or predicted.shape != truth.shape:
        raise ModelError(
            f"predictions of shape {predicted.shape} do not match audit labels of shape {truth.shape}.",
            "Pass one class index per audited item in both.",
        )
    found = wilson(int((predicted == truth).sum()), len(truth))
    return Estimate(found.value, found.low, found.high, found.n, f"audit sample, {found.method}")


def audited_score(scores: ArrayLike) -> Estimate:
    """Mean of scores in [0, 1] on the audit sample.

    Parameters
    ----------
    scores : float (n,)
        How well each audited item was suggested; ``n`` may be 0.

    Returns
    -------
    Estimate
        As :func:`wilson`: scores between 0 and 1 vary less than hits and misses of the same mean, so the interval is
        at most too wide.

    Raises
    ------
    ModelError
        Scores that are not in [0, 1].

    Examples
    --------
    >>> audited_score([1.0, 0.5, 0.75])
    [25.6%, 96.3%] (n=3, audit sample, Wilson 95% interval)
    """
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or not ((scores >= 0) & (scores <= 1)).all():
        raise ModelError(
            f"scores of shape {scores.shape} are not all in [0, 1].", "Pass one per audited item."
        )
    found = wilson(float(scores.sum()), len(scores))
    return Estimate(found.value, found.low, found.high, found.n, f"audit sample, {found.method}")
