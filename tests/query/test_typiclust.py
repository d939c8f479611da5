"""TypiClust: clusters in the published order, typicality over every pair."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query import typiclust
from spin_nb.query.batches import typiclust as module
from spin_nb.query.batches.kmeans import clusters


def naive(x, k, labelled_rows, member):
    """The published loop, over clusters given, with Euclidean distances."""
    x = x.astype(np.float64)
    sizes = {c: (member == c).sum() for c in np.unique(member)}
    count = {c: (member[labelled_rows] == c).sum() for c in sizes}
    large = (c for c in sizes if sizes[c] > 5)
    order = sorted(large, key=lambda c: (count[c], -sizes[c], np.argmax(member == c)))
    left = np.ones(len(x), bool)
    left[labelled_rows] = False
    rows = []
    for i in range(k):
        inside = np.flatnonzero(left & (member == order[i % len(order)]))
        apart = np.sqrt(((x[inside, None] - x[inside]) ** 2).sum(axis=2))
        apart[np.arange(len(inside)), np.arange(len(inside))] = np.inf
        near = min(20, len(inside) // 2)
        rows.append(int(inside[np.argmin(np.sort(apart, axis=1)[:, :near].mean(axis=1))]))
        left[rows[-1]] = False
    return rows


def blobs(n=400, C=5, d=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, n)
    return (rng.normal(0, 3, (C, d))[y] + rng.normal(0, 0.7, (n, d))).astype(np.float32), y


@pytest.mark.parametrize("labelled_rows", [[], [3, 11, 60, 61]])
@pytest.mark.parametrize("k", [1, 7, 20])
def test_picks_are_those_of_the_published_loop(k, labelled_rows):
    x, _ = blobs()
    member = clusters(x, len(labelled_rows) + k, seed=2).member
    picked = typiclust(x, k, labelled_rows=labelled_rows, seed=2)
    assert picked.indices.tolist() == naive(x, k, labelled_rows, member)


def test_every_pick_comes_from_a_cluster_of_its_own():
    x, y = blobs(C=5)
    assert len(set(y[typiclust(x, 5).indices].tolist())) == 5


def test_clusters_with_labels_come_after_those_without():
    member = np.repeat([0, 1, 2, 3], [30, 20, 10, 4])
    large, small = module.visiting_order(member, np.array([0, 31]))
    assert large.tolist() == [2, 0, 1]
    assert small.tolist() == [3]


def test_the_best_of_a_large_cluster_is_found_in_a_sample(monkeypatch):
    x = np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)
    exact, score = module.most_typical(x, np.random.default_rng(0))
    for name, value in (("MAX_EXACT_ROWS", 500), ("N_ROWS_SEARCHED", 200), ("N_CANDIDATES", 100)):
        monkeypatch.setattr(module, name, value)
    row, found = module.most_typical(x, np.random.default_rng(0))
    assert found == pytest.approx(score, rel=0.02)
    assert isinstance(exact, int)
    assert row < 600


def test_a_batch_longer_than_the_clusters_goes_round_again(monkeypatch):
    monkeypatch.setattr(module, "MAX_CLUSTERS", 3)
    x, _ = blobs()
    member = clusters(x, 3, seed=0).member
    picked = typiclust(x, 7)
    assert np.bincount(member[picked.indices]).tolist() in ([3, 2, 2], [2, 3, 2], [2, 2, 3])
    assert picked.indices.tolist() == naive(x, 7, [], member)


def test_ties_go_to_the_lowest_row():
    x = np.repeat(np.float32([[0, 0], [9, 9]]), 8, axis=0)
    assert sorted(typiclust(x, 2).indices.tolist()) == [0, 8]
