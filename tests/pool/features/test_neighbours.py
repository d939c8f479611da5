"""Nearest neighbours are exact: the same as scikit-learn's brute force, ties and duplicates included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import ModelError
from spin_nb.pool.features import neighbours as room
from spin_nb.pool.features.cache import features as compute
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.samples import digits


def brute(base, queries, k, exclude_self):
    gaps = np.sqrt(((queries[:, None, :].astype(np.float64) - base[None]) ** 2).sum(axis=2))
    if exclude_self:
        np.fill_diagonal(gaps, np.inf)
    order = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(gaps, order, axis=1)


@given(st.integers(2, 60), st.integers(1, 6), st.integers(1, 20), st.integers(0, 10**6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_small_set_equals_brute_force(n, d, k, seed, grid):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, (n, d)) if grid else rng.normal(size=(n, d))
    base = values.astype(np.float32)
    indices, distances = neighbours(base, k)
    order, gaps = brute(base, base, min(k, n - 1), True)
    assert indices.shape == distances.shape == order.shape
    np.testing.assert_allclose(distances, gaps, atol=1e-5)
    assert (indices != np.arange(n)[:, None]).all()
    assert all(len(set(row)) == len(row) for row in indices.tolist())


@pytest.mark.parametrize("n", [5000, 5007])
def test_many_rows_equal_sklearn(n):
    from sklearn.neighbors import NearestNeighbors

    base = np.random.default_rng(0).normal(5, 1, (n, 20)).astype(np.float32)
    indices, distances = neighbours(base, 15)
    gaps, order = NearestNeighbors(algorithm="brute").fit(base.astype(np.float64)).kneighbors(n_neighbors=15)
    assert (indices == order).mean() > 0.9999
    np.testing.assert_allclose(distances, gaps, rtol=1e-4)
    assert (indices.dtype, distances.dtype) == (np.int32, np.float32)


def test_distances_far_from_the_origin_do_not_cancel():
    base = np.random.default_rng(0).normal(0, 1, (3000, 8)).astype(np.float32)
    near, far = neighbours(base, 5)
    _, moved = neighbours(base + np.float32(1000), 5)
    np.testing.assert_allclose(moved, far, atol=2e-3)
    assert near.shape == (3000, 5)


def test_duplicates_are_neighbours_of_each_other_never_of_themselves():
    indices, distances = neighbours(np.zeros((2000, 3), np.float32), 15)
    assert (indices != np.arange(2000)[:, None]).all()
    assert not distances.any()


def test_new_items_find_their_nearest_rows():
    rng = np.random.default_rng(0)
    base, queries = rng.normal(size=(3000, 7)).astype(np.float32), rng.normal(size=(9, 7)).astype(np.float32)
    indices, distances = nearest(base, queries, 6)
    order, gaps = brute(base, queries, 6, False)
    assert np.array_equal(indices, order)
    np.testing.assert_allclose(distances, gaps, rtol=1e-4)
    assert nearest(base, queries[:0], 6)[0].shape == (0, 6)
    assert nearest(base[:3], queries, 6)[0].shape == (9, 3)


def test_one_row_has_no_neighbour():
    assert neighbours(np.zeros((1, 2), np.float32), 15)[0].shape == (1, 0)


@pytest.mark.parametrize(
    "features", [np.array([[1.0, np.nan]]), np.zeros(3), np.array([[np.inf]]), [[1.0]], np.zeros((2, 2), int)]
)
def test_what_are_no_features_is_refused(features):
    with pytest.raises(ModelError):
        neighbours(features)


def test_queries_of_another_width_are_refused():
    with pytest.raises(ModelError, match="3 features"):
        nearest(np.zeros((4, 2), np.float32), np.zeros((4, 3), np.float32))


def test_the_graph_is_kept_beside_the_features(tmp_path, monkeypatch):
    pool = Pool.save(tmp_path, read_pool(digits()))
    _, found = compute(pool)
    indices, distances = neighbours(found)
    monkeypatch.setattr(room, "_search", lambda *a, **k: pytest.fail("searched again"))
    again = neighbours(compute(Pool.open(tmp_path))[1])
    assert np.array_equal(again[0], indices)
    assert np.array_equal(again[1], distances)


def test_a_slice_or_a_damaged_file_is_searched_again(tmp_path):
    pool = Pool.save(tmp_path, read_pool(digits()))
    _, found = compute(pool)
    indices, _ = neighbours(found)
    assert len(neighbours(found[:100])[0]) == 100
    for path in (tmp_path / "features").glob("*knn*"):
        path.write_bytes(b"damaged")
    assert np.array_equal(neighbours(found)[0], indices)


@pytest.mark.parametrize("value", [1797, -1])
def test_a_graph_with_rows_outside_or_a_flipped_byte_is_searched_again(tmp_path, value):
    from safetensors.numpy import save_file

    from spin_nb.io import seal

    _, found = compute(Pool.save(tmp_path, read_pool(digits())))
    indices, distances = neighbours(found)
    path = next((tmp_path / "features").glob("*knn15.safetensors"))
    data = bytearray(path.read_bytes())
    data[-100] ^= 0x01
    path.write_bytes(data)
    assert np.array_equal(neighbours(found)[1], distances)
    wrong = indices.copy()
    wrong[5, 3] = value
    save_file({"indices": wrong, "distances": distances}, path)
    seal(path)
    assert np.array_equal(neighbours(found)[0], indices)
    save_file(
        {"indices": indices, "distances": np.where(distances == distances[0, 0], np.nan, distances)}, path
    )
    seal(path)
    assert np.isfinite(neighbours(found)[1]).all()


def test_progress_rises_to_one():
    told = []
    neighbours(
        digits().items.reshape(1797, -1).astype(np.float32), progress=lambda part, words: told.append(part)
    )
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_torch_keeps_its_threads_also_when_the_search_is_stopped():
    import torch

    def stop(part, words):
        raise KeyboardInterrupt

    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        neighbours(np.random.default_rng(0).normal(size=(3000, 8)).astype(np.float32), progress=stop)
    assert torch.get_num_threads() == before
