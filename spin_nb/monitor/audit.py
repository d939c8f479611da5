"""Accuracy with an interval, from the hidden audit sample.

Actively chosen labels are not a fair sample: accuracy on them is biased.  The audit sample is drawn uniformly
and never trained on, so a binomial interval holds for it: for one look, at a number of audits that nobody chose for
what it shows.  Who watches the interval and stops where it looks good is wrong more often than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.types import Estimate

MIN_AUDITS_TO_SHOW = 20
"""Audits below which a point estimate would be believed more than it deserves: only the interval is shown."""


def wilson(correct: float, n: int, *, level: float = 0.95) -> Estimate:
    """Share of successes with its Wilson score interval.

    The successes are among ``n`` uniform draws.

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
    return Estimate(
        value=share if n >= MIN_AUDITS_TO_SHOW else None, low=low, high=high, n=int(n), method=method
    )


@dataclass(frozen=True, eq=False)
class Part:
    """Audits drawn uniformly from one part of a pool.

    Attributes
    ----------
    size : int
        Items it has.
    scores : float64 (n,)
        Of the audits with an answer, each in [0, 1]; right or wrong is 1 or 0.
    unanswered : int
        Audits that were put to a person and have no answer, or one that may not judge.
    """

    size: int
    scores: NDArray[np.float64]
    unanswered: int = 0

    @property
    def n(self) -> int:
        """Audits drawn."""
        return len(self.scores) + self.unanswered


def over_parts(parts: Sequence[Part], *, flagged: int = 0, of: str = "") -> Estimate:
    """Mean score over parts audited at different rates.

    Parameters
    ----------
    parts : sequence of Part
        Those without items are passed over.
    flagged, of : int, str
        Said with the estimate, see :class:`~spin_nb.types.Estimate`.

    Returns
    -------
    Estimate
        ``low`` takes every unanswered audit for 0 and ``high`` for 1: whyever they were not answered, the interval
        holds.  ``value`` takes them as missing; it is None while it rests on the equivalent of fewer than 20 audits,
        or on none in some part.  A part without any audit may score anything.

    Notes
    -----
    One part: Wilson's interval.  Several: each part weighs as many items as it has, and the limits are put together by
    MOVER (Newcombe 1998, Statist. Med. 17:873; Zou and Donner 2008, Statist. Med. 27:1693): with mean m and limits l, u
    of each part, ``low = sum(W m) - sqrt(sum (W (m - l))²)``, ``high`` likewise.  Limits of a part are Wilson's from
    20 audits on and Clopper and Pearson's below, where Wilson's hold too rarely.

    Examples
    --------
    >>> over_parts([Part(600, np.ones(30)), Part(200, np.array([1.0, 0.0, 1.0, 0.0]))])
    87.5% [73.7%, 98.3%] (n=34, audit sample, MOVER 95% interval)
    """
    parts = [part for part in parts if part.size > 0]
    low, high = _span(parts)
    name = "MOVER" if len(parts) > 1 else "Wilson"
    return Estimate(
        _point(parts),
        low,
        high,
        n=sum(len(part.scores) for part in parts),
        method=f"audit sample, {name} 95% interval",
        unanswered=sum(part.unanswered for part in parts),
        flagged=flagged,
        of=of,
    )


def _span(parts: Sequence[Part]) -> tuple[float, float]:
    """The ends of the interval, each in its worst case."""
    total = sum(part.size for part in parts)
    limits = _wilson if len(parts) == 1 else _wilson_or_exact
    low = high = below = above = 0.0
    for part in parts:
        weight, least, n = part.size / total, float(part.scores.sum()), part.n
        if not n:
            high += weight  # nothing is known of it
            continue
        most = least + part.unanswered
        low += weight * least / n
        high += weight * most / n
        below += (weight * (least / n - limits(least, n)[0])) ** 2
        above += (weight * (limits(most, n)[1] - most / n)) ** 2
    return max(0.0, low - sqrt(below)), min(1.0, high + sqrt(above)) if parts else 1.0


def _point(parts: Sequence[Part]) -> float | None:
    """The mean, None where too few audits back it."""
    if not parts or not all(len(part.scores) for part in parts):
        return None
    total = sum(part.size for part in parts)
    weights = [part.size / total for part in parts]
    spread = sum(w * w / len(part.scores) for w, part in zip(weights, parts, strict=True))
    if 1 / spread < MIN_AUDITS_TO_SHOW - 1e-9:
        return None
    return sum(w * float(part.scores.mean()) for w, part in zip(weights, parts, strict=True))


def _wilson(correct: float, n: int) -> tuple[float, float]:
    interval = wilson(correct, n)
    return interval.low, interval.high


def _wilson_or_exact(correct: float, n: int) -> tuple[float, float]:
    """Wilson's limits; Clopper and Pearson's for few draws.

    The latter are exact (1934, Biometrika 26:404).
    """
    if n >= MIN_AUDITS_TO_SHOW:
        return _wilson(correct, n)
    from scipy.stats import beta

    low = float(beta.ppf(0.025, correct, n - correct + 1)) if correct > 0 else 0.0
    high = float(beta.ppf(0.975, correct + 1, n - correct)) if correct < n else 1.0
    return low, high


def audited_accuracy(predictions: ArrayLike, truth: ArrayLike) -> Estimate:
    """Accuracy of predicted classes against audit labels.

    Parameters
    ----------
    predictions, truth : int (n,)
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
    predictions, truth = np.asarray(predictions), np.asarray(truth)
    if predictions.ndim != 1 or predictions.shape != truth.shape:
        raise ModelError(
            f"predictions of shape {predictions.shape} do not match audit labels of shape {truth.shape}.",
            "Pass one class index per audited item in both.",
        )
    interval = wilson(int((predictions == truth).sum()), len(truth))
    return Estimate(
        interval.value, interval.low, interval.high, interval.n, f"audit sample, {interval.method}"
    )
