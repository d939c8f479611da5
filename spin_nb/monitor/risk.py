"""Mean loss of a model over a pool, from items drawn where they tell most, with a band that may be watched.

One martingale serves every loss in [0, 1] and every way of drawing.  ``N`` items; ``e`` is the loss of an item, known
once somebody has answered it; ``g`` a proxy of it, known of all, such as one minus the model's confidence.  Item ``i``
is drawn among those left with probability ``q``, and ``beta`` rests on earlier draws alone:

    a = (e_i - beta g_i) / (N q_i)  +  (1 / N) sum of e over items drawn before  +  (beta / N) sum of g over items left

has the mean loss of the pool as its expectation, whatever came before: levelled unbiased risk estimation
(Farquhar, Gal and Rainforth 2021, arXiv 2101.11665) with a control variate.  A poor proxy makes the band wide, never
wrong.  :func:`risk_band` bets on these terms (:mod:`~spin_nb.monitor.confidence_sequence`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import Real, check_numbers
from spin_nb.monitor.confidence_sequence import Terms, betting_band
from spin_nb.types import Ints

UNIFORM_SHARE = 0.5
"""Share of the probability that is spread evenly: no item left is drawn with less than half its fair chance."""
DRAWS_TRUSTED_ALONE = 10.0
"""Draws that weigh as much as the belief that a proxy is a calibrated probability (beta = 1)."""
MOST_BETA = 1.5


@dataclass(frozen=True, eq=False)
class Draws:
    """Items drawn from a pool one after another, none twice.

    Attributes
    ----------
    rows : int64 (n,)
        In the order drawn.
    q : float64 (n,)
        Probability with which each was drawn among the items then left.
    least_q : float64 (n,)
        What every item then left was drawn with at least.
    """

    rows: Ints
    q: Real
    least_q: Real

    def __len__(self) -> int:
        return len(self.rows)


def uniform_draws(rows: ArrayLike, size: int) -> Draws:
    """Describe draws in which every item left had the same chance.

    Parameters
    ----------
    rows : int (n,)
        In the order drawn, from a pool of ``size`` items.

    Examples
    --------
    >>> uniform_draws([3, 0, 1], 4).q
    array([0.25      , 0.33333333, 0.5       ])
    """
    rows = np.asarray(rows, np.int64)
    q = 1.0 / (size - np.arange(len(rows)))
    return Draws(rows, q, q)


def draw_audits(proxy: ArrayLike, n: int, *, seed: int = 0) -> Draws:
    """Draw items to audit, half by chance alone and half by the root of the loss expected.

    Parameters
    ----------
    proxy : float (N,)
        Loss expected of each item, in [0, 1], such as one minus the model's confidence.
    n : int
        Draws; all items where there are fewer.

    Returns
    -------
    Draws
        With the probability of each, which makes the estimate fair whatever the proxy was worth.

    Raises
    ------
    ModelError
        If a proxy is no number from 0 to 1.

    Notes
    -----
    ``q = .5 / items left + .5 sqrt(g) / sum of sqrt(g) over items left``.  The variance of a weighted estimate is least
    for q by the root of the mean squared loss, and the mean square of an error that is 0 or 1 is its probability
    (Kossen et al. 2021, arXiv 2103.05331).  By weight and without replacement: exponential races
    (Efraimidis and Spirakis 2006).

    Examples
    --------
    >>> draws = draw_audits(np.linspace(0, 0.5, 1000), 200)
    >>> len(draws), len(set(draws.rows)), bool((draws.q >= draws.least_q).all())
    (200, 200, True)
    """
    expected_loss = _check_unit(proxy, "proxy")
    rng = np.random.default_rng(seed)
    weights = np.sqrt(expected_loss) + 1e-9  # an item that cannot be wrong is drawn last, but is drawn
    evenly = rng.permutation(len(weights))
    by_weight = np.argsort(rng.exponential(size=len(weights)) / weights, kind="stable")
    coins = rng.random(min(n, len(weights))) < UNIFORM_SHARE
    is_left, places = np.ones(len(weights), bool), [0, 0]
    rows, q, least_q = np.empty(len(coins), np.int64), np.empty(len(coins)), np.empty(len(coins))
    n_left, weight_left, least_weight = len(weights), float(weights.sum()), float(weights.min())
    for draw, is_even in enumerate(coins):
        queue, turn = (evenly, 0) if is_even else (by_weight, 1)
        while not is_left[queue[places[turn]]]:
            places[turn] += 1
        row = queue[places[turn]]
        is_left[row] = False
        rows[draw] = row
        q[draw] = UNIFORM_SHARE / n_left + (1 - UNIFORM_SHARE) * weights[row] / weight_left
        least_q[draw] = UNIFORM_SHARE / n_left + (1 - UNIFORM_SHARE) * least_weight / weight_left
        n_left, weight_left = n_left - 1, max(weight_left - weights[row], least_weight)
    return Draws(rows, q, np.minimum(q, least_q))


def risk_band(draws: Draws, losses: ArrayLike, proxy: ArrayLike, *, level: float = 0.95) -> tuple[Real, Real]:
    """Band for the mean loss over the pool after every draw.

    It may be watched, and one may stop when it looks good.

    Parameters
    ----------
    draws : Draws
        ``n`` items, in the order drawn.
    losses : float (n,)
        Loss of each, in [0, 1]; right or wrong is 0 or 1.
    proxy : float (N,)
        Loss expected of every item of the pool, in [0, 1], by anything that has not seen the losses.  It need not be
        the one that they were drawn by.
    level : float
        Probability that the band holds the mean loss after all draws at once.

    Returns
    -------
    low, high : float64 (n,)

    Raises
    ------
    ModelError
        If shapes do not match, a number lies outside its range, or an item was drawn twice.

    Examples
    --------
    >>> proxy = np.full(1000, 0.1)
    >>> draws = draw_audits(proxy, 100)
    >>> low, high = risk_band(draws, np.arange(100) % 10 == 0, proxy)
    >>> f"{low[-1]:.2f} to {high[-1]:.2f}"
    '0.03 to 0.23'
    """
    return betting_band(risk_terms(draws, losses, proxy), level=level)


def risk_terms(draws: Draws, losses: ArrayLike, proxy: ArrayLike) -> Terms:
    """Unbiased looks at the mean loss of the pool, one a draw; see the module."""
    e, g, all_g = _check(draws, losses, proxy)
    size, n = len(all_g), len(e)
    beta = _betas(draws, e, g, all_g)[:-1]
    loss_before = (np.cumsum(e) - e) / size
    proxy_left = (all_g.sum() - (np.cumsum(g) - g)) / size
    middle, least_weight = loss_before + beta * proxy_left, 1.0 / (size * draws.least_q)
    n_left = size - 1 - np.arange(n)
    floor = (np.cumsum(e)) / size
    return Terms(
        values=(e - beta * g) / (size * draws.q) + middle,
        low=middle - beta * all_g.max(initial=0.0) * least_weight,
        high=middle + least_weight,
        floor=floor,
        ceiling=floor + n_left / size,
        guess=float(np.clip(all_g.mean(), 0.05, 0.95)),
    )


def risk_estimates(draws: Draws, losses: ArrayLike, proxy: ArrayLike) -> Real:
    """Mean loss over the pool as it is estimated after every draw.

    Parameters
    ----------
    draws, losses, proxy
        As :func:`risk_band`.

    Returns
    -------
    float64 (n,)
        In [0, 1].  After the last item of the pool it is the mean itself.

    Raises
    ------
    ModelError
        As :func:`risk_band`.

    Notes
    -----
    The terms of the module weighted by ``N (N - n) / ((N - t)(N - t + 1))``: LURE, equation 8 of
    arXiv 2101.11665, with the beta that all draws so far suggest.

    Examples
    --------
    >>> risk_estimates(uniform_draws([3, 0, 1], 4), [1, 0, 1], np.full(4, 0.5)).round(2)
    array([1.  , 0.5 , 0.67])
    """
    e, g, all_g = _check(draws, losses, proxy)
    size, t = len(all_g), np.arange(1, len(e) + 1)
    beta = _betas(draws, e, g, all_g)[1:]
    of_losses = e / (size * draws.q) + (np.cumsum(e) - e) / size
    of_proxy = g / (size * draws.q) + (np.cumsum(g) - g) / size - all_g.mean()
    spread = (size - t) * (size - t + 1.0)
    weights = np.divide(size, spread, where=spread > 0, out=np.zeros(len(t)))
    scale = (size - t) / t
    levelled = scale * (np.cumsum(weights * of_losses) - beta * np.cumsum(weights * of_proxy))
    return np.clip(np.where(t == size, np.cumsum(e) / size, levelled), 0.0, 1.0)


def _betas(draws: Draws, e: Real, g: Real, all_g: Real) -> Real:
    """Trust in the proxy before each draw and after the last, (n + 1,).

    The slope of loss on proxy over the pool, by weighted draws, drawn towards 1, the slope of calibrated probabilities.
    """
    weights, distance = 1 / (len(all_g) * draws.q), g - all_g.mean()
    shared = np.concatenate([[0.0], np.cumsum(weights * distance * e)])
    spread = np.concatenate([[0.0], np.cumsum(weights * distance**2)])
    belief = DRAWS_TRUSTED_ALONE * float(all_g.var())
    total = spread + belief
    slope = np.divide(shared + belief, total, where=total > 1e-12, out=np.ones_like(total))
    return np.clip(slope, 0.0, MOST_BETA)


def _check(draws: Draws, losses: ArrayLike, proxy: ArrayLike) -> tuple[Real, Real, Real]:
    """Losses and proxies (n,) of the items drawn, and proxies (N,) of all."""
    e, all_g = _check_unit(losses, "losses"), _check_unit(proxy, "proxy")
    if not len(e) == len(draws.rows) == len(draws.q) == len(draws.least_q):
        raise ModelError(
            f"{len(e)} losses do not match {len(draws.rows)} draws.", "Pass one loss for each item drawn."
        )
    if len(set(draws.rows.tolist())) != len(e) or draws.rows.min() < 0 or draws.rows.max() >= len(all_g):
        raise ModelError(
            f"the rows drawn are not {len(e)} different ones of {len(all_g)} items.",
            "Pass every item once, by its row.",
        )
    if not (
        draws.least_q.min() > 0 and (draws.least_q <= draws.q + 1e-12).all() and draws.q.max() <= 1 + 1e-9
    ):
        raise ModelError(
            "a probability of a draw lies outside (0, 1], or below the least.",
            "Pass the probabilities that the items were drawn with.",
        )
    return e, all_g[draws.rows], all_g


def _check_unit(numbers: ArrayLike, name: str) -> Real:
    (checked,) = check_numbers(**{name: numbers})
    if checked.min() < 0 or checked.max() > 1:
        raise ModelError(
            f"{name} lies outside [0, 1]: {checked.min():.3g} to {checked.max():.3g}.",
            "Divide by the largest loss there can be.",
        )
    return checked
