"""FALCUN: q is the published relevance, and how often a row is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query import falcun, margin
from spin_nb.query.mixture import EPSILON


def relevance(probs, chosen):
    uncertain = margin(probs).astype(float)
    apart = uncertain.copy()
    for row in chosen:
        apart = np.minimum(apart, np.abs(probs.astype(float) - probs[row]).sum(axis=1))
    left = np.setdiff1d(np.arange(len(probs)), chosen)
    low, high = apart[left].min(), apart[left].max()
    value = uncertain + (apart - low) / (high - low)
    weight = np.where(np.isin(np.arange(len(probs)), left), value**10, 0)
    return value, weight / weight.sum()


def test_each_chance_is_the_relevance_of_the_round():
    probs = np.random.default_rng(0).dirichlet(np.ones(4), 30).astype(np.float32)
    picked = falcun(probs, 6, seed=5)
    for m, row in enumerate(picked.indices):
        value, chance = relevance(probs, picked.indices[:m])
        assert picked.scores[m] == pytest.approx(value[row], abs=1e-5)
        own = (picked.q[m] - EPSILON / (30 - m)) / (1 - EPSILON)
        assert own == pytest.approx(chance[row], rel=1e-3)


def test_rows_are_drawn_that_often():
    probs = np.random.default_rng(1).dirichlet(np.ones(3), 6).astype(np.float32)
    _, chance = relevance(probs, [])
    first = np.bincount([falcun(probs, 1, seed=s).indices[0] for s in range(2000)], minlength=6) / 2000
    assert np.allclose(first, chance, atol=0.03)
    even = (
        np.bincount([falcun(probs, 1, gamma=0, seed=s).indices[0] for s in range(2000)], minlength=6) / 2000
    )
    assert np.allclose(even, 1 / 6, atol=0.03)


def test_sure_rows_leave_a_uniform_draw():
    probs = np.tile(np.float32([1, 0]), (8, 1))
    assert falcun(probs, 2).q.tolist() == pytest.approx([1 / 8, 1 / 7])
