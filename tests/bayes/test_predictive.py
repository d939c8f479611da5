"""Entropies and their split: known answers and inequalities that hold for any draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spin_nb.bayes import RowsPredictive, averaged, decompose, entropy
from spin_nb.bayes.predictive import softmax
from spin_nb.errors import ModelError
from spin_nb.query import bald


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


def test_the_mean_head_averages_log_probabilities():
    p, q = simplex(1, 6, 3), simplex(2, 6, 3)
    both = averaged(fixed(p), fixed(q))
    expected = np.sqrt(p.astype(float) * q)
    expected /= expected.sum(axis=1, keepdims=True)
    assert np.allclose(both.mean, expected, atol=1e-5)
    assert np.allclose(both.draws(np.arange(6), 2, 0)[1], expected, atol=1e-5)


def test_rows_outside_and_no_draws_are_refused():
    predictive = fixed(simplex(1, 6, 3))
    with pytest.raises(ModelError, match="outside"):
        predictive.draws(np.array([6]), 1, 0)
    with pytest.raises(ModelError, match="0 times"):
        predictive.draws(np.array([1]), 0, 0)
