"""k-means: as tight as scikit-learn's, weighted, and seeded by squared distance."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query import clue, entropy, kmeans_pp
from spin_nb.query.batches import kmeans
from spin_nb.query.batches.kmeans import clusters, representatives
from spin_nb.query.mixture import EPSILON


def blobs(n=600, C=6, d=5, seed=0, spread=0.3):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, n)
    return (rng.normal(0, 3, (C, d))[y] + rng.normal(0, spread, (n, d))).astype(np.float32), y


def test_chances_are_squared_distances():
    x, _ = blobs(40)
    picked = kmeans_pp(x, 6, labelled_rows=[0, 5], seed=1)
    known = [0, 5]
    for m, row in enumerate(picked.indices):
        d2 = ((x[:, None].astype(float) - x[known]) ** 2).sum(axis=2).min(axis=1)
        d2[known] = 0
        chance = d2[row] / d2.sum()
        assert picked.q[m] == pytest.approx((1 - EPSILON) * chance + EPSILON / (38 - m), rel=1e-3)
        assert picked.scores[m] == pytest.approx(d2[row], rel=1e-3)
        known.append(row)


def test_copies_of_labelled_rows_come_last():
    x = np.zeros((20, 3), np.float32)
    x[15:] = np.arange(15).reshape(5, 3) + 50
    batches = [set(kmeans_pp(x, 5, labelled_rows=[0], seed=s).indices.tolist()) for s in range(100)]
    # In a batch of five, each pick is a uniform one with probability .05, mostly of a copy.
    assert np.mean([batch == set(range(15, 20)) for batch in batches]) == pytest.approx(0.82, abs=0.12)


@pytest.mark.parametrize("learned_from", [10_000, 300])
def test_clusters_are_as_tight_as_scikit_learns(monkeypatch, learned_from):
    from sklearn.cluster import KMeans

    monkeypatch.setattr(kmeans, "MIN_ROWS_TO_LEARN", learned_from)
    x, _ = blobs(spread=1.5)
    ours = np.mean([clusters(x, 12, seed=s).distances.sum() for s in range(5)])
    theirs = np.mean([KMeans(12, n_init=1, random_state=s).fit(x).inertia_ for s in range(5)])
    assert ours < 1.03 * theirs


def test_members_are_nearest_to_their_centres():
    x, _ = blobs()
    found = clusters(x, 7, seed=0)
    assert np.isfinite(found.centres.x).all()
    apart = ((found.every.x[:, None].astype(float) - found.centres.x) ** 2).sum(axis=2)
    assert np.allclose(apart[np.arange(len(x)), found.member], apart.min(axis=1), atol=1e-3)
    for cluster in range(7):
        mean = found.every.x[found.member == cluster].mean(axis=0)
        assert np.abs(mean - found.centres.x[cluster]).max() < 0.2  # it stops when that gains 0.01 %


def test_more_clusters_than_different_rows():
    x = np.repeat(np.arange(3, dtype=np.float32), 5)[:, None]
    found = clusters(x, 8, seed=0)
    assert np.allclose(found.distances, 0, atol=1e-5)


def test_weights_move_the_centres():
    x = np.array([[0.0], [1], [2], [10]], np.float32)
    rows, shares = representatives(x, 1, seed=0, weights=np.float32([0.1, 0.1, 0.1, 5]))
    assert rows.tolist() == [3]
    assert shares.tolist() == [1]


def test_clue_takes_one_row_of_each_uncertain_cluster():
    x, y = blobs(n=300, C=6)
    probs = np.full((300, 3), 1e-4, np.float32)
    probs[:, 0] = 1 - 2e-4
    probs[y < 3] = 1 / 3
    picked = clue(probs, x, 3, labelled_rows=[0])
    assert sorted(y[picked.indices].tolist()) == [0, 1, 2]
    assert picked.scores.sum() == pytest.approx(1, abs=1e-5)
    mass = np.bincount(y[1:], entropy(probs)[1:])
    assert picked.scores[0] == pytest.approx(mass.max() / mass.sum(), rel=0.15)
