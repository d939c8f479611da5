"""The items most like one: as scikit-learn finds them, duplicates at 0, ties by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestNeighbors

from spin_nb.errors import QueryError
from spin_nb.query import most_similar


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_they_are_those_of_scikit_learn(metric):
    x = np.random.default_rng(0).normal(size=(3000, 40)).astype(np.float32)
    reference = NearestNeighbors(metric=metric, algorithm="brute").fit(x.astype(float))
    distances, rows = reference.kneighbors(x[7:8].astype(float), 21)
    found_rows, found_distances = most_similar(x, x[7], 20, metric=metric, without=7)
    assert found_rows.tolist() == rows[0, 1:].tolist()
    np.testing.assert_allclose(found_distances, distances[0, 1:], rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=st.sampled_from([-2, -1, 0, 1, 1e18])
    ),
    st.integers(1, 15),
    st.sampled_from(["cosine", "euclidean"]),
)
def test_it_is_nearest_first_without_the_item_itself(x, k, metric):
    rows, distances = most_similar(x, x[0], k, metric=metric, without=0)
    assert len(rows) == min(k, len(x) - 1)
    assert 0 not in rows
    assert len(set(rows.tolist())) == len(rows)
    assert (np.diff(distances) >= 0).all()
    assert (distances >= 0).all()


def test_duplicates_are_at_exactly_zero_and_ties_go_to_the_lowest_row():
    x = np.array([[0.1, 0.7], [3, 1], [0.1, 0.7], [0.1, 0.7]], np.float32)
    rows, distances = most_similar(x, x[3], 2, without=3)
    assert (rows.tolist(), distances.tolist()) == ([0, 2], [0, 0])


def test_rows_of_zeros_are_like_each_other_and_like_nothing_else():
    x = np.array([[1, 0], [0, 0], [-1, 0], [0, 0]], np.float32)
    assert most_similar(x, x[1], 3, without=1)[1].tolist() == [0, 1, 1]
    assert most_similar(x, x[0], 3, without=0)[1].tolist() == [1, 1, 2]


def test_other_shapes_and_metrics_are_refused():
    x = np.eye(3, dtype=np.float32)
    for item in (np.ones(2), np.array([np.nan, 0, 0]), np.ones((2, 2))):
        with pytest.raises(QueryError):
            most_similar(x, item, 1)
    with pytest.raises(QueryError, match="metric"):
        most_similar(x, x[0], 1, metric="hamming")
