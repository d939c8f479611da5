"""The band of the mean loss: unbiased terms, known answers, and the truth inside at every draw."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ville import BettingCS

from spin_nb.errors import ModelError
from spin_nb.monitor.confidence_sequence import Terms, betting_band
from spin_nb.monitor.risk import Draws, draw_audits, risk_band, risk_estimates, risk_terms, uniform_draws
from spin_nb.types import Float


def draws_in_order(order: tuple[int, ...], chances: Float) -> tuple[Draws, float]:
    """Draws by fixed weights in this order, and the probability of the order."""
    q, least_q, left = [], [], list(range(len(chances)))
    for row in order:
        shares = chances[left] / chances[left].sum()
        q.append(shares[left.index(row)])
        least_q.append(shares.min())
        left.remove(row)
    return Draws(np.array(order), np.array(q), np.array(least_q)), float(np.prod(q))


def pool(kind: str, size: int = 1500) -> tuple[Float, Float]:
    """Losses and proxies of a pool of which a twelfth to a quarter is wrong."""
    rng = np.random.default_rng(7)
    doubt = rng.beta(0.5, 3.0, size)
    wrong = rng.random(size) < doubt
    proxies = {
        "calibrated": doubt,
        "overconfident": doubt**3,
        "worthless": rng.random(size),
        "reversed": 1 - doubt,
        "none": np.zeros(size),
    }
    return wrong.astype(float), proxies[kind]


KINDS = ("calibrated", "overconfident", "worthless", "reversed", "none")


@pytest.mark.parametrize(
    "chances", [np.ones(4), np.array([0.1, 0.2, 0.3, 0.4]), np.array([5.0, 1.0, 1.0, 1.0])]
)
def test_every_term_has_the_mean_loss_as_its_expectation(chances: Float) -> None:
    losses, proxy = np.array([1.0, 0.0, 0.3, 0.0]), np.array([0.6, 0.1, 0.5, 0.2])
    expected = np.zeros(4)
    for order in permutations(range(4)):
        draws, probability = draws_in_order(order, chances)
        expected += probability * risk_terms(draws, losses[list(order)], proxy).values
    assert expected == pytest.approx(np.full(4, losses.mean()), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_terms_lie_in_the_range_known_beforehand(kind: str) -> None:
    losses, proxy = pool(kind)
    draws = draw_audits(proxy, 300, seed=3)
    terms = risk_terms(draws, losses[draws.rows], proxy)
    assert (terms.low <= terms.values).all()
    assert (terms.values <= terms.high).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_inside_after_every_draw_in_95_of_100_runs(kind: str) -> None:
    losses, proxy = pool(kind)
    n_inside = 0
    for seed in range(100):
        draws = draw_audits(proxy, 150, seed=seed)
        low, high = risk_band(draws, losses[draws.rows], proxy)
        n_inside += bool((low <= losses.mean()).all() and (losses.mean() <= high).all())
    assert n_inside >= 95


def test_who_stops_when_it_looks_good_is_still_right() -> None:
    losses, proxy = pool("calibrated")
    target = 1 - losses.mean() - 1e-9  # the accuracy is just not above it
    n_fooled = 0
    for seed in range(100):
        draws = draw_audits(proxy, 200, seed=1000 + seed)
        _, high = risk_band(draws, losses[draws.rows], proxy)
        n_fooled += bool((1 - high > target).any())
    assert n_fooled <= 5


def test_a_good_proxy_makes_the_estimate_twice_as_close_in_square() -> None:
    losses, proxy = pool("calibrated")
    errors = {"weighted": [], "uniform": []}
    for seed in range(200):
        draws = draw_audits(proxy, 150, seed=seed)
        errors["weighted"].append(risk_estimates(draws, losses[draws.rows], proxy)[-1] - losses.mean())
        rows = np.random.default_rng(seed).permutation(len(losses))[:150]
        errors["uniform"].append(losses[rows].mean() - losses.mean())
    squares = {name: float(np.mean(np.square(numbers))) for name, numbers in errors.items()}
    assert squares["weighted"] * 1.25 <= squares["uniform"]


def test_uniform_draws_without_a_proxy_estimate_the_plain_mean() -> None:
    losses = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
    draws = uniform_draws([4, 2, 0, 1, 3], 8)
    assert risk_estimates(draws, losses, np.full(8, 0.3)) == pytest.approx(
        np.cumsum(losses) / np.arange(1, 6)
    )


def test_the_whole_pool_drawn_is_known_exactly() -> None:
    losses, proxy = np.array([1.0, 0.0, 0.25, 0.0, 1.0]), np.array([0.9, 0.1, 0.2, 0.3, 0.4])
    draws = draw_audits(proxy, 5, seed=1)
    low, high = risk_band(draws, losses[draws.rows], proxy)
    estimate = risk_estimates(draws, losses[draws.rows], proxy)[-1]
    assert (low[-1], high[-1], estimate) == pytest.approx((0.45, 0.45, 0.45))


def test_draws_have_the_probabilities_they_say() -> None:
    proxy = np.array([0.0, 0.04, 0.16, 0.64])
    first = np.array([draw_audits(proxy, 1, seed=seed).rows[0] for seed in range(4000)])
    frequency = np.bincount(first, minlength=4) / 4000
    expected = 0.5 / 4 + 0.5 * np.sqrt(proxy) / np.sqrt(proxy).sum()
    assert frequency == pytest.approx(expected, abs=4 * np.sqrt(0.25 / 4000))
    draws = draw_audits(proxy, 1, seed=0)
    assert draws.q[0] == pytest.approx(expected[draws.rows[0]], abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_a_band_never_widens_and_holds_its_estimate_in_the_end(size: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    proxy, losses = rng.random(size), rng.random(size)
    draws = draw_audits(proxy, n, seed=seed)
    low, high = risk_band(draws, losses[draws.rows], proxy)
    assert len(set(draws.rows.tolist())) == len(draws) == min(n, size)
    assert (draws.least_q > 0).all()
    assert (draws.least_q <= draws.q).all()
    assert (draws.q <= 1 + 1e-9).all()
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert (low <= high).all()
    assert (low >= 0).all()
    assert (high <= 1).all()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5])
def test_a_band_of_coins_is_at_most_a_tenth_wider_than_that_of_a_reference(share: float) -> None:
    coins = (np.random.default_rng(int(share * 100)).random(400) < share).astype(float)
    low, high = betting_band(Terms(coins, np.zeros(400), np.ones(400), np.zeros(400), np.ones(400)))
    peer = BettingCS().update(coins)
    assert high[-1] - low[-1] <= 1.1 * (peer.upper_[-1] - peer.lower_[-1])
    assert (low <= peer.upper_).all()
    assert (peer.lower_ <= high).all()


@pytest.mark.parametrize(
    ("losses", "proxy", "rows", "message"),
    [
        ([0.5], [0.1, 0.2], [0, 1], "1 losses do not match 2 draws"),
        ([0.5, 2.0], [0.1, 0.2], [0, 1], "losses lies outside"),
        ([0.5, 0.5], [0.1, float("nan")], [0, 1], "proxy holds NaN"),
        ([0.5, 0.5], [0.1, 0.2], [1, 1], "not 2 different ones of 2 items"),
        ([0.5], [0.1, 0.2], [7], "not 1 different ones of 2 items"),
    ],
)
def test_what_does_not_fit_is_said(losses: list, proxy: list, rows: list, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        risk_band(uniform_draws(rows, 2), losses, proxy)


def test_a_probability_of_nothing_is_refused() -> None:
    draws = Draws(np.array([0]), np.array([0.0]), np.array([0.0]))
    with pytest.raises(ModelError, match="outside"):
        risk_band(draws, [1.0], [0.1, 0.2])
    with pytest.raises(ModelError, match=r"level 1\.5 is no probability"):
        risk_band(uniform_draws([0], 2), [1.0], [0.1, 0.2], level=1.5)
