"""Clusters of a map: HDBSCAN's own, the largest first; of a large pool those of a sample."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_mutual_info_score

from spin_nb.errors import ModelError
from spin_nb.pool.features import clusters
from spin_nb.pool.features.clusters import map_clusters, nearest_index


def blobs(sizes, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.linspace(-1, 1, len(sizes))
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.column_stack([centres[truth], centres[truth] ** 2]) + rng.normal(
        scale=0.01, size=(len(truth), 2)
    )
    return points.astype(np.float32), truth


def test_they_are_scikit_learns_but_for_their_numbers():
    x, _ = blobs([300, 100, 200])
    theirs = HDBSCAN(min_cluster_size=6, min_samples=5, cluster_selection_method="leaf", copy=True).fit(x)
    ours = map_clusters(x)
    assert adjusted_mutual_info_score(ours, theirs.labels_) == pytest.approx(1)
    assert np.array_equal(ours < 0, theirs.labels_ < 0)


def test_the_largest_comes_first_and_the_first_among_equals():
    index = clusters._largest_first(np.array([2, 2, 0, 0, 1, 1, 1, -1]))
    assert index.tolist() == [1, 1, 2, 2, 0, 0, 0, -1]


def test_of_a_large_pool_a_sample_is_clustered_and_the_others_go_where_it_is(monkeypatch):
    x, truth = blobs([400, 400, 200])
    whole = map_clusters(x)
    monkeypatch.setattr(clusters, "MAX_CLUSTERED", 500)
    words = []
    sampled = map_clusters(x, progress=lambda fraction, text: words.append((fraction, text)))
    assert words[-1] == (1.0, "clusters ready")
    for index in (whole, sampled):
        assert index.max() >= 2, "three groups at least"
        assert all(len(np.unique(truth[index == number])) == 1 for number in range(index.max() + 1)), "pure"
    assert np.array_equal(sampled, map_clusters(x)), "equal seeds, equal clusters"


@pytest.mark.parametrize("n", [0, 1, 2, 9, 10, 30])
def test_of_few_or_equal_points(n):
    index = map_clusters(np.zeros((n, 2), np.float32))
    assert index.shape == (n,)
    assert index.dtype == np.int64
    assert set(index) <= {-1, 0}


def test_a_new_point_is_where_the_nearest_is():
    layout = np.array([[0, 0], [1, 1]], np.float32)
    near = nearest_index(layout, np.array([4, -1]), np.array([[0.1, 0], [0.8, 1]], np.float32))
    assert near.tolist() == [4, -1]


@pytest.mark.parametrize("bad", [np.full((20, 2), np.nan, np.float32), np.zeros(20, np.float32)])
def test_what_is_no_map_is_refused(bad):
    with pytest.raises(ModelError):
        map_clusters(bad)
