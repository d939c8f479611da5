"""Power, Gibbs and soft-rank: the stated weights, without replacement, with the true chance of every pick."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import bald, gibbs, power, power_bald, softrank
from spin_nb.query.mixture import EPSILON

SCORES = np.float32([0.5, 2.0, 1.0, 0.0, 0.25])
WEIGHTS = {
    power: lambda s, beta: s**beta,
    gibbs: lambda s, beta: np.exp(beta * s),
    softrank: lambda s, beta: (1.0 + np.argsort(np.argsort(-s))) ** -beta,
}
EACH = pytest.mark.parametrize("draw", list(WEIGHTS), ids=lambda draw: draw.__name__)


def own_chances(picked, n):
    return (picked.q - EPSILON / (n - np.arange(len(picked.q)))) / (1 - EPSILON)


@EACH
@pytest.mark.parametrize("beta", [0.5, 1.0, 4.0])
def test_chances_are_weights_over_what_is_left(draw, beta):
    weight = WEIGHTS[draw](SCORES.astype(float), beta)
    for seed in range(20):
        picked = draw(SCORES, 4, beta=beta, seed=seed)
        left = weight.copy()
        for row, chance in zip(picked.indices, own_chances(picked, 5), strict=True):
            assert chance == pytest.approx(left[row] / left.sum(), rel=1e-5)
            left[row] = 0


@EACH
def test_pairs_are_drawn_that_often(draw):
    weight = WEIGHTS[draw](SCORES.astype(float), 1.0)
    drawn = [tuple(draw(SCORES, 2, seed=s).indices.tolist()) for s in range(4000)]
    for a, b in permutations(range(5), 2):
        chance = weight[a] / weight.sum() * weight[b] / (weight.sum() - weight[a])
        assert drawn.count((a, b)) / 4000 == pytest.approx(chance, abs=0.03)


@EACH
def test_cold_is_the_top_and_zero_is_uniform(draw):
    top = [draw(SCORES, 2, beta=500, seed=s) for s in range(200)]
    chances = {tuple(p.indices.tolist()): own_chances(p, 5) for p in top}
    assert np.allclose(chances[1, 2], 1), "only the mixture's share is drawn otherwise"
    assert np.mean([p.indices.tolist() == [1, 2] for p in top]) == pytest.approx(0.96 * 0.9625, abs=0.05)
    even = draw(SCORES, 3, beta=0, seed=1)
    assert own_chances(even, 5).tolist() == pytest.approx([1 / 5, 1 / 4, 1 / 3])


def test_nothing_to_learn_comes_last():
    picked = power(np.float32([0, 3, 0, 1]), 4, seed=2)
    assert set(picked.indices[:2].tolist()) == {1, 3}
    assert own_chances(picked, 4)[1:].tolist() == pytest.approx([1, 1 / 2, 1])


def test_power_bald_is_power_of_bald():
    draws = np.random.default_rng(0).dirichlet(np.ones(3), (6, 20)).astype(np.float32)
    ours, theirs = power_bald(draws, 5, seed=3), power(bald(draws), 5, seed=3)
    assert ours.indices.tolist() == theirs.indices.tolist()


def test_scores_that_cannot_be_weights():
    with pytest.raises(QueryError, match="gibbs"):
        power(np.float32([-1, 2]), 1)
    with pytest.raises(QueryError, match="finite"):
        gibbs(np.float32([np.inf, 2]), 1)
