"""The product of posteriors: its powers from labels held out, its mean that of its draws, its draws joint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from spin_nb.bayes import GraphPosterior, LastLayerLaplace, Trees, mixture, stacking_powers
from spin_nb.bayes._held_out_linear import held_out_logits
from spin_nb.bayes.mixture import mixture_mean
from spin_nb.bayes.predictive import entropy
from spin_nb.errors import ModelError


@pytest.fixture(scope="module")
def three_heads():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), np.arange(30) % 3
    x[:, 0] += np.arange(60) % 3
    heads = [GraphPosterior(), LastLayerLaplace(), Trees(20)]
    return [head.fit(x[:30], y, n_classes=3).predict(x) for head in heads]


def labels_and_members(seed, n, n_classes, K):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    truth = np.eye(n_classes)[y] * rng.uniform(0, 3, (K, 1, 1))
    return y, log_softmax(truth + rng.normal(size=(K, n, n_classes)), axis=2).astype(np.float32)


def log_likelihood(powers, members, y):
    return log_softmax(np.tensordot(powers, members, 1), axis=1)[np.arange(len(y)), y].sum()


def objective(powers, members, y):
    return log_likelihood(powers, members, y) - 2.5 * np.sum((powers - 1 / len(members)) ** 2)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), C=st.integers(2, 6), K=st.integers(1, 4))
def test_no_other_powers_are_likelier_for_their_distance_from_equal_ones(seed, n, C, K):
    y, members = labels_and_members(seed, n, C, K)
    powers = stacking_powers(list(members), y)
    assert powers.min() >= 0
    best = objective(powers, members, y)
    rng = np.random.default_rng(seed)
    for other in (np.full(K, 1 / K), *np.maximum(powers + rng.normal(0, 0.05, (20, K)), 0)):
        assert objective(other, members, y) <= best + 1e-3


def test_few_labels_leave_the_powers_equal_and_many_mend_members_that_are_all_too_timid():
    y, (member, *_) = labels_and_members(1, 4000, 3, 1)
    timid = log_softmax(member / 3, axis=1)
    assert np.abs(stacking_powers([timid[:1]] * 2, y[:1]) - 0.5).max() < 0.1
    whole = stacking_powers([member], y)[0]
    assert stacking_powers([timid], y)[0] == pytest.approx(3 * whole, rel=0.05)


def test_the_mean_is_the_product_of_the_means_and_of_its_draws(three_heads):
    powers = [0.9, 0.4, 0.3]
    product = mixture(three_heads, powers)
    assert np.allclose(mixture_mean(three_heads, powers, [5, 2]), product.mean[[5, 2]], atol=1e-6)
    logs = sum(power * np.log(head.mean) for power, head in zip(powers, three_heads, strict=True))
    assert np.allclose(np.log(product.mean), log_softmax(logs, axis=1), atol=1e-4)
    draws = product.draws(np.arange(60), 4000, 0)
    assert np.abs(draws.mean(axis=0) - product.mean).max() < 0.03
    assert np.abs(product.epistemic + product.aleatoric - entropy(product.mean)).max() < 0.06
    some = product.draws(np.array([5, 40]), 7, 3)
    assert np.allclose(product.draws(np.arange(60), 7, 3)[:, [5, 40]], some, atol=1e-5)


def test_twins_are_drawn_together():
    x = np.array([[-1.0, 0.5]] * 2 + [[1.0, 0.3]] * 2, np.float32)
    heads = [GraphPosterior(), LastLayerLaplace()]
    members = [head.fit(x, np.array([0, 0, 1, 1]), n_classes=2).predict(x) for head in heads]
    draws = mixture(members, [0.5, 0.5]).draws(np.arange(4), 50, 0)
    assert np.allclose(draws[:, 0], draws[:, 1], atol=1e-5)
    assert draws[:, 0, 0].std() > 0.01


def test_one_member_of_power_one_is_itself(three_heads):
    same = mixture(three_heads[:1], [1.0])
    assert np.allclose(same.mean, three_heads[0].mean, atol=1e-6)
    assert np.allclose(same.epistemic, three_heads[0].epistemic, atol=1e-3)


def test_a_member_of_one_variance_a_logit_counts_by_its_own_mean():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 4)).astype(np.float32), np.arange(40) % 3
    members = [
        LastLayerLaplace().fit(x, y, n_classes=3).predict(x, link="probit"),
        GraphPosterior().fit(x, y, n_classes=3).predict(x),
    ]
    logs = sum(0.7 * np.log(member.mean) for member in members)
    assert np.allclose(np.log(mixture(members, [0.7, 0.7]).mean), log_softmax(logs, axis=1), atol=1e-4)


def test_a_mixture_without_gaussian_logits_is_refused(three_heads):
    with pytest.raises(ModelError, match="Gaussian"):
        mixture(three_heads[2:], [1.0])


def test_labels_held_out_are_told_as_by_a_fit_without_them():
    rng = np.random.default_rng(2)
    for n, d in ((30, 5), (12, 40)):
        x, y = rng.normal(size=(n, d)).astype(np.float32), rng.integers(0, 3, n)
        folds = np.arange(n) % 4
        folds[0] = -1  # never held out
        moments = held_out_logits(x, y, folds, n_classes=3, precisions=(0.1, 1.0), length=2.0)
        for precision, (logits, contrast) in moments.items():
            for part in range(4):
                out = folds == part
                head = LastLayerLaplace().fit(x[~out], y[~out], n_classes=3, precision=precision, length=2.0)
                gap = logits[out] - head.logits(x[out])
                assert np.abs(gap - gap.mean(axis=1, keepdims=True)).max() < 0.02
                assert contrast[out] == pytest.approx(head.contrast(x[out])[:, 0], rel=0.05)
