"""Disagreement of draws: by hand, against formulas written out item by item, and what must hold for any draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb import threads
from spin_nb.query import (
    bald,
    consensus_entropy,
    entropy,
    mean_kl,
    mean_std,
    variance,
    variation_ratio,
    vote_entropy,
    zero_one,
)

OF_DRAWS = (bald, mean_kl, consensus_entropy, vote_entropy, variation_ratio, zero_one, variance, mean_std)
NATS = (bald, mean_kl, consensus_entropy, vote_entropy)


def made(S, n, C, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(C, 0.5), size=(S, n)).astype(np.float32)


def h(p):
    p = p[p > 0]
    return float(-(p * np.log(p)).sum())


def by_hand(name, p):
    """One item, draws (S, C), as the definition reads."""
    p = p.astype(float)
    S, C = p.shape
    mean = p.mean(0)
    votes = np.array([sum(q.argmax() == c for q in p) / S for c in range(C)])
    return {
        "bald": h(mean) - np.mean([h(q) for q in p]),
        "mean_kl": np.mean(
            [sum(a * np.log(a / b) for a, b in zip(q, mean, strict=True) if a > 0) for q in p]
        ),
        "consensus_entropy": h(mean),
        "vote_entropy": h(votes),
        "variation_ratio": 1 - votes.max(),
        "zero_one": np.mean([q.max() for q in p]) - mean.max(),
        "variance": sum(np.mean((p[:, c] - mean[c]) ** 2) for c in range(C)),
        "mean_std": np.mean([np.sqrt(np.mean((p[:, c] - mean[c]) ** 2)) for c in range(C)]),
    }[name]


@pytest.mark.parametrize("score", OF_DRAWS)
def test_as_the_definition_reads(score):
    draws = made(7, 30, 5)
    wanted = [by_hand(score.__name__, draws[:, i]) for i in range(30)]
    found = score(draws)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=2e-6)


@pytest.mark.parametrize("score", OF_DRAWS)
def test_blocks_change_nothing(score, monkeypatch):
    draws = made(4, 50, 3)
    whole = score(draws)
    monkeypatch.setattr(threads, "NUMBERS_PER_BLOCK", 40)
    assert np.allclose(score(draws), whole, atol=1e-6)


def test_two_draws_that_contradict_each_other():
    draws = np.array([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]])
    for score in NATS:
        assert score(draws)[0] == pytest.approx(np.log(2), abs=1e-6)
    assert variation_ratio(draws)[0] == zero_one(draws)[0] == 0.5
    assert variance(draws)[0] == 0.5
    assert mean_std(draws)[0] == pytest.approx(1 / 3)


def test_draws_that_agree_leave_only_the_labels_own_noise():
    draws = np.repeat(made(1, 20, 4), 5, axis=0)
    for score in (bald, mean_kl, vote_entropy, variation_ratio, zero_one, variance, mean_std):
        assert np.allclose(score(draws), 0, atol=1e-6)
    assert np.allclose(consensus_entropy(draws), entropy(draws[0]), atol=1e-6)


def test_draws_that_differ_without_changing_the_decision_have_no_zero_one_uncertainty():
    draws = np.array([[[0.9, 0.1]], [[0.6, 0.4]]])
    assert zero_one(draws)[0] == pytest.approx(0, abs=1e-6)
    assert bald(draws)[0] > 0.05


def test_numbers_that_are_no_probabilities_have_a_variance():
    draws = np.random.default_rng(1).normal(size=(9, 4, 3)) * 10
    assert np.allclose(variance(draws), draws.var(axis=0).sum(axis=1), rtol=1e-5)
    assert np.allclose(mean_std(draws), draws.std(axis=0).mean(axis=1), rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(S=st.integers(2, 6), n=st.integers(1, 12), C=st.integers(2, 5), seed=st.integers(0, 10**6))
def test_whatever_the_draws(S, n, C, seed):
    draws = made(S, n, C, seed)
    order, members = np.random.default_rng(seed).permutation(n), np.random.default_rng(seed).permutation(S)
    for score in OF_DRAWS:
        found = score(draws)
        assert found.shape == (n,)
        assert (found >= 0).all()
        assert np.allclose(score(draws[:, order]), found[order], atol=1e-5)
        assert np.allclose(score(draws[members]), found, atol=1e-5)
    assert (bald(draws) <= consensus_entropy(draws) + 1e-6).all()
    assert (vote_entropy(draws) <= np.log(min(S, C)) + 1e-5).all()
