"""BatchBALD: the joint entropy counted out, and the published sampled estimator."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import bald, batchbald
from spin_nb.query.batches import batchbald as module


def joint_information(draws, rows):
    """I(y_rows; draw) by going through every combination of labels."""
    p = draws[:, rows].astype(np.float64)  # (S, m, C)
    _, m, C = p.shape
    joint = 0.0
    for labels in product(range(C), repeat=m):
        likelihood = np.prod(p[:, range(m), labels], axis=1).mean()
        joint -= likelihood * np.log(likelihood) if likelihood > 0 else 0
    within = -np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=(1, 2)).mean()
    return joint - within


def naive(draws, k):
    rows, gains, before = [], [], 0.0
    for _ in range(k):
        value = [
            -np.inf if i in rows else joint_information(draws, [*rows, i]) for i in range(draws.shape[1])
        ]
        rows.append(int(np.argmax(value)))
        gains.append(value[rows[-1]] - before)
        before = value[rows[-1]]
    return rows, gains


def posterior(S=8, n=30, C=3, seed=0, spread=2.0):
    logits = np.random.default_rng(seed).normal(0, spread, (S, n, C))
    p = np.exp(logits)
    return (p / p.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_picks_and_gains_are_those_of_the_joint_entropy(seed):
    draws = posterior(seed=seed, spread=1 + seed)
    rows, gains = naive(draws, 5)
    picked = batchbald(draws, 5)
    assert picked.indices.tolist() == rows
    assert np.allclose(picked.scores, gains, atol=1e-6)
    assert "exact" in picked.reason


def test_the_first_pick_is_balds_and_gains_fall():
    draws = posterior(n=200, S=20)
    picked = batchbald(draws, 6)
    assert picked.indices[0] == bald(draws).argmax()
    assert picked.scores[0] == pytest.approx(bald(draws).max(), abs=1e-6)
    assert (np.diff(picked.scores) <= 1e-6).all()
    assert picked.scores.sum() <= np.log(20)


def test_certain_labels_and_repeated_rows():
    draws = np.zeros((4, 6, 2), np.float32)
    draws[:2, :3, 0] = draws[2:, :3, 1] = 1  # rows 0-2 ask one question, 3 another, 4 and 5 none
    draws[::2, 3, 0] = draws[1::2, 3, 1] = 1
    draws[:, 4:] = 0.5
    picked = batchbald(draws, 6)
    assert picked.indices.tolist() == [0, 3, 1, 2, 4, 5]
    assert np.allclose(picked.scores, [np.log(2), np.log(2), 0, 0, 0, 0], atol=1e-6)


def test_when_the_draws_are_told_apart_bald_goes_on():
    draws = np.zeros((4, 9, 2), np.float32)
    draws[:, :, 0] = 1
    for row, told in enumerate([[0, 1], [0, 2], [3], [3]]):  # the draws that say otherwise
        draws[told, row] = [0, 1]
    draws[:, 8] = [[0.9, 0.1], [0.2, 0.8], [0.9, 0.1], [0.9, 0.1]]
    picked = batchbald(draws, 7)
    assert picked.indices.tolist() == [0, 1, 2, 3, 8, 4, 5]
    assert "all of it after 2; then by BALD" in picked.reason
    assert picked.scores[2:].tolist() == [0] * 5


def test_sampled_gains_agree_with_counted_ones():
    draws = posterior(S=10, n=12, C=4, seed=3)
    counted = batchbald(draws, 5, combinations=4**5)
    sampled = [batchbald(draws, 5, combinations=60, seed=seed) for seed in range(30)]
    assert "sampled" in sampled[0].reason
    total = np.mean([joint_information(draws, p.indices.tolist()) for p in sampled])
    assert total == pytest.approx(counted.scores.sum(), rel=0.03)


def test_the_joint_is_the_posterior_over_draws_given_labels():
    draws, rng = posterior(S=6, n=3, C=2), np.random.default_rng(0)
    joint = module.Joint(np.full((1, 6), 1 / 6, np.float32), np.ones(1, np.float32), True)
    for row in range(3):
        joint = module._with(joint, draws[:, row], 100, rng)
    likelihood = np.array([np.prod(draws[:, range(3), y], axis=1) for y in product(range(2), repeat=3)])
    assert np.allclose(joint.chance, likelihood.mean(axis=1), atol=1e-6)
    assert np.allclose(joint.posterior, likelihood / likelihood.sum(axis=1, keepdims=True), atol=1e-6)
    sampled = module._with(joint, draws[:, 0], 5, rng)
    assert sampled.posterior.shape == (5, 6)
    assert not sampled.exact


@pytest.mark.parametrize("structured", [True, False])
def test_a_pool_too_large_to_count_out_loses_little(structured, monkeypatch):
    draws = posterior(S=20, n=400, C=5, seed=1)
    if not structured:  # every row is a new question: no bound tells two of them apart
        draws = np.random.default_rng(1).dirichlet(np.ones(5), (20, 400)).astype(np.float32)
    exact = batchbald(draws, 5)
    for name, value in [("MAX_EXACT_WORK", 0), ("MAX_DOUBT_WORK", 0), ("N_REFINED", 20)]:
        monkeypatch.setattr(module, name, value)
    rough = batchbald(draws, 5)
    assert rough.scores.sum() == pytest.approx(exact.scores.sum(), rel=0.01)


def test_the_estimate_is_bald_at_first_and_nothing_for_a_row_that_is_known():
    draws = posterior(S=20, n=50, C=5, seed=1)
    gains = module._Gains(draws)
    np.testing.assert_allclose(gains.estimate(gains.nothing_known), gains.bald, rtol=1e-4)
    told_apart = module.Joint(np.eye(20, dtype=np.float32), np.full(20, 1 / 20, np.float32), True)
    np.testing.assert_allclose(gains.estimate(told_apart), 0, atol=1e-6)


def test_draws_in_another_order_are_refused():
    with pytest.raises(QueryError, match=r"\(S, n, C\)"):
        batchbald(np.moveaxis(posterior(), -1, 0), 2)
    with pytest.raises(QueryError, match="combinations"):
        batchbald(posterior(), 2, combinations=0)


@pytest.mark.parametrize("most", [1, 5, 40, 200])
def test_the_largest_are_those_of_a_stable_sort(most):
    values = np.random.default_rng(0).integers(0, 9, 60).astype(float)
    assert module._largest(values, most).tolist() == np.argsort(-values, kind="stable")[:most].tolist()
