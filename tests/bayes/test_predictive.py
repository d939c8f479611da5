"""Entropies and their split: known answers and inequalities that hold for any draws."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spin_nb.bayes import (
    Ensemble,
    GraphPosterior,
    LastLayerLaplace,
    RowsPredictive,
    decompose,
    entropy,
)
from spin_nb.bayes.functions import FunctionsPredictive
from spin_nb.bayes.predictive import softmax
from spin_nb.errors import ModelError
from spin_nb.query import bald, zero_one


def simplex(seed, *shape):
    rng = np.random.default_rng(seed)
    return np.maximum(rng.dirichlet(np.full(shape[-1], rng.uniform(0.05, 3)), size=shape[:-1]), 1e-9).astype(
        np.float32
    )


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), C=st.integers(2, 12))
def test_entropy_is_scipys(seed, C):
    p = simplex(seed, 7, C)
    assert np.allclose(entropy(p), stats.entropy(p, axis=1), atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), S=st.integers(1, 9), C=st.integers(2, 8))
def test_the_parts_are_not_negative_and_add_up(seed, S, C):
    draws = simplex(seed, S, 5, C)
    total, aleatoric, epistemic = decompose(draws)
    assert (aleatoric >= 0).all()
    assert (epistemic >= 0).all()
    assert np.allclose(total, aleatoric + epistemic, atol=1e-6)
    assert (total <= np.log(C) + 1e-4).all()
    assert (bald(draws) <= entropy(draws.mean(axis=0)) + 1e-5).all()
    assert np.allclose(bald(draws), epistemic, atol=1e-5)


def test_draws_that_agree_leave_nothing_to_learn():
    draws = np.repeat(simplex(0, 1, 5, 3), 4, axis=0)
    assert decompose(draws)[2].max() < 1e-6


def test_draws_that_are_sure_but_disagree_are_all_epistemic():
    total, aleatoric, epistemic = decompose(np.eye(4, dtype=np.float32)[:, None])
    assert aleatoric[0] == 0
    assert epistemic[0] == total[0] == pytest.approx(np.log(4), abs=1e-6)


def test_scores_in_place_of_draws_are_refused():
    with pytest.raises(ModelError, match="S >= 1"):
        decompose(np.zeros((3, 2), np.float32))


def fixed(p):
    z = np.log(p)
    return RowsPredictive(
        p, lambda a, b: z.T[:, None, a:b], lambda rows, S, seed: np.repeat(z[None, rows], S, axis=0)
    )


def test_uncertainty_from_logits_is_that_of_their_probabilities():
    z = np.random.default_rng(0).standard_normal((8, 300, 5)).astype(np.float32) * 4
    p, first = softmax(z), np.moveaxis(z, 2, 0)
    predictive = RowsPredictive(p.mean(axis=0), lambda a, b: first[:, :, a:b], lambda rows, S, _: z[:S, rows])
    _, aleatoric, epistemic = decompose(p)
    assert np.allclose(predictive.aleatoric, aleatoric, atol=1e-5)
    assert np.allclose(predictive.epistemic, epistemic, atol=1e-5)
    assert np.allclose(predictive.draws([7], 8, 0), p[:, [7]])
    assert np.allclose(predictive.marginal(3, 9), p[:, 3:9])


def test_rows_outside_and_no_draws_are_refused():
    predictive = fixed(simplex(1, 6, 3))
    with pytest.raises(ModelError, match="outside"):
        predictive.draws(np.array([6]), 1, 0)
    with pytest.raises(ModelError, match="0 times"):
        predictive.draws(np.array([1]), 0, 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), S=st.integers(1, 9), C=st.integers(2, 8))
def test_every_measure_of_doubt_is_that_of_the_draws(seed, S, C):
    z = np.random.default_rng(seed).normal(0, 3, (S, 7, C)).astype(np.float32)
    p, first = softmax(z), np.moveaxis(z, 2, 0)
    rows = RowsPredictive(p.mean(axis=0), lambda a, b: first[:, :, a:b], lambda rows, S, _: z[:S, rows])
    place = np.arange(7, dtype=np.float32)[:, None]
    every = lambda x: z[:, x[:, 0].astype(int)]  # noqa: E731
    networks = FunctionsPredictive(place, every, lambda S, seed: every)
    total, aleatoric, epistemic = decompose(p)
    for found in (rows, networks):
        assert np.allclose(found.total, total, atol=1e-4)
        assert np.allclose(found.aleatoric, aleatoric, atol=1e-4)
        assert np.allclose(found.epistemic, epistemic, atol=1e-4)
        assert np.allclose(found.zero_one, zero_one(p), atol=1e-5)
        assert (found.zero_one >= 0).all()
        assert (found.zero_one <= 1 - 1 / C + 1e-6).all()


def test_two_sure_draws_that_disagree_would_be_right_half_the_time_more_often_together():
    z = np.array([[[30.0, 0.0]], [[0.0, 30.0]]], np.float32)
    one = FunctionsPredictive(np.zeros((1, 1), np.float32), lambda x: z[:, : len(x)], lambda S, seed: None)
    assert one.zero_one.tolist() == [0.5]
    assert one.total[0] == pytest.approx(np.log(2), abs=1e-5)


def test_no_predictive_over_a_large_pool_is_ever_held_at_once():
    """50,000 items, 20 classes: every draw of every item would take 128 MB, a tenth of it is used at a time."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50_000, 8)).astype(np.float32)
    y = rng.integers(0, 20, 300)
    for make in (
        LastLayerLaplace,
        lambda: LastLayerLaplace("full"),
        GraphPosterior,
        lambda: Ensemble(8, n_hidden=8),
    ):
        predictive = make().fit(x[:300], y, n_classes=20).predict(x)
        tracemalloc.start()
        _ = predictive.mean, predictive.epistemic, predictive.zero_one
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 30e6, f"{peak / 1e6:.0f} MB"


def test_networks_are_applied_to_a_few_items_at_a_time():
    asked = []

    def every(x):
        asked.append(len(x))
        return np.zeros((64, len(x), 5), np.float32)

    predictive = FunctionsPredictive(np.zeros((50_000, 3), np.float32), every, lambda S, seed: every)
    assert predictive.mean.shape == (50_000, 5)
    assert predictive.zero_one.max() == 0
    assert sum(asked) == 50_000
    assert max(asked) <= 2048
