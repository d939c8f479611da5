"""The map: principal components at once, UMAP later, new items among their neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import ModelError
from spin_nb.pool.features import layout
from spin_nb.pool.features.layout import pca_layout, place, umap_layout
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.pool.sources.samples import digits


def test_principal_components_equal_sklearn_up_to_sign_and_scale():
    from sklearn.decomposition import PCA

    features = digits().items.reshape(1797, -1).astype(np.float32)
    points = pca_layout(features)
    reference = PCA(2).fit_transform(features.astype(np.float64))
    for axis in (0, 1):
        assert abs(np.corrcoef(points[:, axis], reference[:, axis])[0, 1]) > 0.99999
    assert points.dtype == np.float32
    assert np.abs(points).max() == pytest.approx(1)


@pytest.mark.parametrize(("n", "d"), [(300, 700), (40, 2000)])
def test_axes_of_wide_features_equal_those_of_all_eigenvectors(n, d, monkeypatch):
    rng = np.random.default_rng(1)
    features = (rng.normal(size=(n, 3)) * [9, 4, 1]) @ rng.normal(size=(3, d)) + 0.1 * rng.normal(size=(n, d))
    points = pca_layout(features.astype(np.float32))
    np.testing.assert_array_equal(pca_layout(features.astype(np.float32)), points)
    monkeypatch.setattr(layout, "MAX_DENSE_WIDTH", d)
    np.testing.assert_allclose(points, pca_layout(features.astype(np.float32)), atol=1e-3)


@pytest.mark.parametrize(
    "features", [np.zeros((5, 3)), np.ones((1, 4)), np.arange(6.0)[:, None], np.ones((5, 600))]
)
def test_flat_features_get_finite_points(features):
    points = pca_layout(features.astype(np.float32))
    assert points.shape == (len(features), 2)
    assert np.isfinite(points).all()
    assert np.abs(points).max() <= 1


def test_features_without_numbers_are_refused():
    for features in (np.full((3, 2), np.nan, np.float32), np.zeros((0, 2), np.float32)):
        with pytest.raises(ModelError):
            pca_layout(features)


def test_new_items_lie_among_their_neighbours():
    features = digits().items.reshape(1797, -1).astype(np.float32)
    points = pca_layout(features)
    moved = place(points, *nearest(features, features[:50] + 0.1, 15))
    assert np.abs(moved - points[:50]).max() < 0.35
    assert (moved.dtype, moved.shape) == (np.float32, (50, 2))


def test_a_copy_lies_on_its_original():
    points = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    distances = np.array([[0.0, 5.0, 9.0]], np.float32)
    weights = np.exp(-(distances[0] ** 2) / 25)
    expected = weights @ points[[2, 0, 1]] / weights.sum()
    np.testing.assert_allclose(place(points, np.array([[2, 0, 1]]), distances)[0], expected, rtol=1e-5)
    assert np.isfinite(place(points, np.array([[0, 1]]), np.zeros((1, 2), np.float32))).all()


def test_too_few_items_for_umap_keep_the_first_layout():
    features = np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32)
    init = pca_layout(features)
    assert umap_layout(features, *neighbours(features), init) is init


@pytest.mark.slow
def test_umap_separates_digits_better_and_repeats_with_its_seed():
    sample = digits()
    features = sample.items.reshape(1797, -1).astype(np.float32) / 255
    graph = neighbours(features)
    init = pca_layout(features)
    told = []
    points = umap_layout(features, *graph, init, seed=3, progress=lambda part, words: told.append(part))
    assert points.shape == (1797, 2)
    assert np.abs(points).max() == pytest.approx(1)
    assert np.array_equal(points, umap_layout(features, *graph, init, seed=3))
    assert told == sorted(told)
    labels = np.array(sample.labels)

    def purity(layout):
        found, _ = neighbours(layout, 10)
        return (labels[found] == labels[:, None]).mean()

    assert purity(points) > purity(init) + 0.3
