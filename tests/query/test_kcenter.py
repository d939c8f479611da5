"""k-centre and ranked batches: the same picks as distances computed one by one."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query import kcenter, ranked_batch
from spin_nb.query.batches import kcenter as module
from spin_nb.query.batches._distances import Nearest, Points, middle, to_one


def naive(features, k, labelled_rows):
    x, chosen, distances = features.astype(np.float64), list(labelled_rows), []
    for _ in range(k):
        apart = np.sqrt(((x[:, None] - x[chosen]) ** 2).sum(axis=2)).min(axis=1)
        apart[chosen] = -1
        chosen.append(int(apart.argmax()))
        distances.append(apart.max())
    return chosen[len(labelled_rows) :], distances


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("seed", range(3))
def test_picks_and_distances_are_exact(seed, offset):
    x = np.random.default_rng(seed).normal(offset, 1, (300, 7)).astype(np.float32)
    rows, distances = naive(x, 20, [3, 50])
    picked = kcenter(x, 20, labelled_rows=[3, 50])
    assert picked.indices.tolist() == rows
    assert np.allclose(picked.scores, distances, rtol=1e-6)


@pytest.mark.parametrize("followed", [1, 10, 60])
def test_following_few_rows_changes_nothing(monkeypatch, followed):
    monkeypatch.setattr(module, "N_FOLLOWED", followed)
    rng = np.random.default_rng(followed)
    for x in (rng.normal(size=(250, 5)), rng.integers(0, 4, (250, 3)), np.ones((250, 2))):
        rows, distances = naive(x, 25, [3, 50])
        picked = kcenter(x, 25, labelled_rows=[3, 50])
        assert picked.indices.tolist() == rows
        assert np.allclose(picked.scores, distances, rtol=1e-6)


def test_ties_on_a_lattice_go_to_the_lowest_row():
    x = np.array([[i, j] for i in range(8) for j in range(8)], np.float32) + 100
    rows, _ = naive(x, 30, [0])
    assert kcenter(x, 30, labelled_rows=[0]).indices.tolist() == rows


def test_it_begins_in_the_middle():
    x = np.array([[0.0], [4], [5], [10]], np.float32)
    picked = kcenter(x, 2)
    assert picked.indices.tolist() == [2, 0]
    assert picked.scores.tolist() == [5, 5]
    assert middle(x, np.array([True, True, False, True])) == 1


def test_a_far_outlier_does_not_blur_the_others():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5)).astype(np.float32)
    x[7] = 1e5
    rows, _ = naive(x, 15, [0])
    assert kcenter(x, 15, labelled_rows=[0]).indices.tolist() == rows


def test_bounds_hold_the_distance():
    rng = np.random.default_rng(0)
    x = rng.normal(50, 1, (400, 16)).astype(np.float32)
    nearest = Nearest(x, np.arange(5))
    nearest.add(300)
    exact = ((x[:, None].astype(np.float64) - x[[0, 1, 2, 3, 4, 300]]) ** 2).sum(axis=2).min(axis=1)
    assert (nearest.low <= exact).all()
    assert (exact <= nearest.high).all()
    assert np.array_equal(nearest.exactly(np.arange(400)), exact)
    assert np.allclose(to_one(Points.about_mean(x), 300), ((x - x[300]) ** 2).sum(axis=1), atol=1e-3)


def test_ranked_batch_is_cardosos_formula():
    rng = np.random.default_rng(2)
    x, probs = rng.normal(size=(60, 3)).astype(np.float32), rng.dirichlet(np.ones(4), 60).astype(np.float32)
    chosen, scores = [1, 2, 3], []
    for _ in range(8):
        left = 60 - len(chosen)
        apart = np.sqrt(((x[:, None].astype(float) - x[chosen]) ** 2).sum(axis=2)).min(axis=1)
        share = left / 60
        value = share * (1 - 1 / (1 + apart)) + (1 - share) * (1 - probs.max(axis=1))
        value[chosen] = -1
        chosen.append(int(value.argmax()))
        scores.append(value.max())
    picked = ranked_batch(probs, x, 8, labelled_rows=[1, 2, 3])
    assert picked.indices.tolist() == chosen[3:]
    assert np.allclose(picked.scores, scores, atol=1e-6)
