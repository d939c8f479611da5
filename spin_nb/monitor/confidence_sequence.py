"""A band for a mean that holds at every moment of a sequence, however often one looks and whenever one stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import Real

MEANS = np.sin(np.linspace(0.0, np.pi / 2, 501)) ** 2
"""Means that are tested: closest at 0 and 1, where a mean is known best (the arcsine scale of a share)."""
STAKE = 0.9
"""Share of its capital that a bet may lose at most."""
TERMS_AT_ONCE = 2048
PRIOR_TERMS, PRIOR_VARIANCE = 2.0, 0.25
"""What is believed of the terms before the first: a weight in terms, and the variance of a fair coin."""


@dataclass(frozen=True, eq=False)
class Terms:
    """Unbiased looks at one mean, one after another.

    Attributes
    ----------
    values : float64 (n,)
        Each with the mean as its expectation, whatever came before it.
    low, high : float64 (n,)
        What each could have been at least and at most, as it was known before it.
    floor, ceiling : float64 (n,)
        What the mean is at least and at most for certain after each.
    guess : float
        What the mean was thought to be before the first: a poor one widens the band, no guess makes it wrong.
    """

    values: Real
    low: Real
    high: Real
    floor: Real
    ceiling: Real
    guess: float = 0.5


def betting_band(terms: Terms, *, level: float = 0.95) -> tuple[Real, Real]:
    """Band that holds the mean after every term at once.

    Parameters
    ----------
    terms : Terms
        ``n`` of them; the mean lies in [0, 1].
    level : float
        Probability that the band holds the mean after all of the terms, in (0, 1).

    Returns
    -------
    low, high : float64 (n,)
        The band after each term; it never widens.

    Raises
    ------
    ModelError
        If ``level`` is no probability.

    Notes
    -----
    For each mean m of a grid two gamblers bet against it, one on more and one on less; whoever bets against the truth
    wins 1 / alpha times the stake with probability alpha at most, ever (Ville), so a mean against which that was won
    is ruled out: Waudby-Smith and Ramdas 2024, JRSS B 86:1 (arXiv 2010.09686), theorem 3, with aGRAPA's bets
    (appendix B.3), and terms whose range is known beforehand in the place of [0, 1] (arXiv 2305.06884).  Ends are
    moved out to the nearest mean of the grid that is ruled out.

    Examples
    --------
    >>> right = np.tile([1.0, 1.0, 1.0, 0.0], 50)
    >>> known = np.zeros(200), np.ones(200)
    >>> low, high = betting_band(Terms(right, *known, *known))
    >>> f"{low[-1]:.2f} to {high[-1]:.2f}"
    '0.62 to 0.84'
    """
    if not 0 < level < 1:
        raise ModelError(f"level {level} is no probability.", "Pass a level between 0 and 1, such as 0.95.")
    n, ruin = len(terms.values), np.log(2 / (1 - level))
    low, high = np.zeros(n), np.ones(n)
    believed_mean, believed_variance = _beliefs(terms)
    wealth = np.zeros((2, len(MEANS)))
    for start in range(0, n, TERMS_AT_ONCE):
        part = slice(start, start + TERMS_AT_ONCE)
        gains = _log_gains(terms, part, believed_mean[part], believed_variance[part])
        paths = wealth[:, None] + np.cumsum(gains, axis=1)
        low[part], high[part] = _ends(paths.max(axis=0) < ruin)
        wealth = paths[:, -1]
    low = np.maximum.accumulate(np.maximum(low, terms.floor))
    high = np.minimum.accumulate(np.minimum(high, terms.ceiling))
    return _last_sound(low, high)


def _beliefs(terms: Terms) -> tuple[Real, Real]:
    """Running mean and variance (n,) before each term."""
    weights = PRIOR_TERMS + np.arange(len(terms.values) + 1)
    means = (PRIOR_TERMS * terms.guess + np.concatenate([[0.0], np.cumsum(terms.values)])) / weights
    squares = np.concatenate([[0.0], np.cumsum((terms.values - means[1:]) ** 2)])
    return means[:-1], ((PRIOR_TERMS * PRIOR_VARIANCE + squares) / weights)[:-1]


def _log_gains(terms: Terms, part: slice, mean: Real, variance: Real) -> Real:
    """Log of what each bet multiplies its stake by, (2, terms, means): on more, on less."""
    distance = mean[:, None] - MEANS
    bet = distance / (variance[:, None] + distance**2)
    most_on_more = STAKE / np.maximum(MEANS - terms.low[part, None], 1e-12)
    most_on_less = STAKE / np.maximum(terms.high[part, None] - MEANS, 1e-12)
    surprise = terms.values[part, None] - MEANS
    return np.stack(
        [
            np.log1p(np.clip(bet, 0, most_on_more) * surprise),
            np.log1p(-np.clip(-bet, 0, most_on_less) * surprise),
        ]
    )


def _ends(possible: NDArray[Any]) -> tuple[Real, Real]:
    """Ends (terms,) of the means that are possible, (terms, means); [0, 1] where none is."""
    last = len(MEANS) - 1
    first_possible = np.maximum(possible.argmax(axis=1) - 1, 0)
    last_possible = np.minimum(last - possible[:, ::-1].argmax(axis=1) + 1, last)
    is_some = possible.any(axis=1)
    return np.where(is_some, MEANS[first_possible], 0.0), np.where(is_some, MEANS[last_possible], 1.0)


def _last_sound(low: Real, high: Real) -> tuple[Real, Real]:
    """Bands as they were before they first crossed: that happens at most once in 1 / alpha sequences."""
    crossed = low > high
    if not crossed.any():
        return low, high
    first = int(crossed.argmax())
    if first == 0:
        return np.zeros_like(low), np.ones_like(high)
    low[first:], high[first:] = low[first - 1], high[first - 1]
    return low, high
