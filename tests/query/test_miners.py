"""Miners: scikit-learn's numbers, what must not change them, and what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import pairwise_distances, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

from spin_nb.errors import QueryError
from spin_nb.query import activation, embedding_distance, novelty, outlier, similar
from spin_nb.query.miners import _nearest
from spin_nb.query.miners._nearest import Reference

RNG = np.random.default_rng(0)
METRICS = ("euclidean", "cosine")
SEEDS = st.integers(0, 10**6)


def normal(n, d, seed=0, offset=0.0):
    return np.random.default_rng(seed).normal(offset, 1, (n, d)).astype(np.float32)


def lof(x, k, metric, known=None):
    """scikit-learn's, in double precision: its cosines of float32 lose digits of near ones."""
    if known is None:
        return -LocalOutlierFactor(k, metric=metric).fit(x.astype(float)).negative_outlier_factor_
    model = LocalOutlierFactor(k, metric=metric, novelty=True).fit(known.astype(float))
    return -model.score_samples(x.astype(float))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [1, 2, 7, 40])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_outlier_is_scikit_learns(metric, d, k):
    if (metric, d) == ("cosine", 1):
        return  # two directions: all rows are duplicates of two, which has a test of its own
    x = normal(300, d, seed=d)
    assert np.allclose(outlier(x, n_neighbours=k, metric=metric), lof(x, k, metric), rtol=1e-4)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [2, 7, 40])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_novelty_is_scikit_learns(metric, d, k):
    x, known = normal(200, d, seed=d), normal(150, d, seed=d + 1)
    ours = novelty(x, reference=known, n_neighbours=k, metric=metric)
    assert np.allclose(ours, lof(x, k, metric, known), rtol=1e-4)


def test_far_from_the_origin_too():
    x = normal(200, 9, offset=1000)
    assert np.allclose(outlier(x), lof(x, 20, "euclidean"), rtol=1e-3)


def test_of_duplicates_it_is_scikit_learns_where_that_is_exact():
    x = np.repeat(normal(60, 3), 3, axis=0)
    theirs = -LocalOutlierFactor(5, algorithm="kd_tree").fit(x).negative_outlier_factor_
    assert np.allclose(outlier(x, n_neighbours=5), theirs, rtol=1e-4)
    crowd = np.vstack([np.ones((30, 3)), normal(20, 3)]).astype(np.float32)
    scores = outlier(crowd, n_neighbours=5)
    assert np.allclose(scores[:30], 1)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 4])
def test_distances_are_those_of_all_pairs(metric, k):
    x, known = normal(80, 6), normal(50, 6, seed=1)
    apart = np.sort(pairwise_distances(x.astype(float), known.astype(float), metric=metric), axis=1)
    ours = embedding_distance(x, reference=known, n_neighbours=k, metric=metric)
    assert np.allclose(ours, apart[:, k - 1], rtol=1e-4)
    assert np.allclose(similar(x, reference=known, metric=metric), -apart[:, 0], rtol=1e-4)


def test_the_labelled_rows_are_the_reference_unless_one_is_given():
    x, rows = normal(60, 4), np.arange(40, 60)
    for score in (embedding_distance, novelty, similar):
        assert np.array_equal(score(x, labelled_rows=rows), score(x, reference=x[rows]))
        other = normal(30, 4, seed=5)
        assert np.array_equal(score(x, labelled_rows=rows, reference=other), score(x, reference=other))
    assert embedding_distance(x, labelled_rows=rows)[rows].tolist() == [0] * 20
    assert similar(x, labelled_rows=rows)[rows].tolist() == [0] * 20


def test_a_reference_that_is_the_pool():
    x = normal(50, 3)
    assert embedding_distance(x, reference=x).tolist() == [0] * 50
    theirs = LocalOutlierFactor(5, novelty=True).fit(x.astype(float))
    assert np.allclose(
        novelty(x, reference=x, n_neighbours=5), -theirs.score_samples(x.astype(float)), rtol=1e-4
    )


def test_more_neighbours_than_there_are_rows_are_all_of_them():
    x = normal(8, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn says the same
        assert np.allclose(outlier(x, n_neighbours=500), lof(x, 500, "euclidean"), rtol=1e-4)
    farthest = pairwise_distances(x, x[:3]).max(axis=1)
    assert np.allclose(embedding_distance(x, reference=x[:3], n_neighbours=9), farthest, rtol=1e-4, atol=1e-4)


def test_one_row():
    one = np.ones((1, 3), np.float32)
    assert outlier(one).tolist() == [1]
    assert embedding_distance(one, reference=one).tolist() == [0]
    assert novelty(one, reference=np.arange(6.0).reshape(2, 3)).shape == (1,)
    assert activation(one).tolist() == [-np.float32(np.sqrt(3))]
    with pytest.raises(QueryError, match="two known rows"):
        novelty(np.ones((4, 3)), reference=one)


SCORES = {
    "embedding_distance": lambda x, known, metric: embedding_distance(x, reference=known, metric=metric),
    "novelty": lambda x, known, metric: novelty(x, reference=known, n_neighbours=3, metric=metric),
    "outlier": lambda x, known, metric: outlier(x, n_neighbours=3, metric=metric),
    "similar": lambda x, known, metric: similar(x, reference=known, metric=metric),
    "activation": lambda x, known, metric: activation(x),
}


@pytest.mark.parametrize("word", SCORES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 30), d=st.integers(1, 5), metric=st.sampled_from(METRICS))
def test_the_order_of_rows_means_nothing(word, seed, n, d, metric):
    rng = np.random.default_rng(seed)
    x, known = normal(n, d, seed), normal(n + 1, d, seed + 1)
    order = rng.permutation(n)
    scores = SCORES[word](x, known, metric)
    shuffled = SCORES[word](x[order], rng.permutation(known), metric)
    assert scores.dtype == np.float32
    assert np.allclose(shuffled, scores[order], rtol=1e-3, atol=1e-5) or (metric, d) == ("cosine", 1)


@pytest.mark.parametrize("word", ["embedding_distance", "novelty", "outlier", "similar"])
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, n=st.integers(2, 30), scale=st.sampled_from([2.0**-40, 0.25, 8.0, 2.0**40]))
def test_the_length_of_rows_means_nothing_to_cosines(word, seed, n, scale):
    x, known = normal(n, 4, seed), normal(n + 1, 4, seed + 1)
    scores = SCORES[word](x, known, "cosine")
    assert np.array_equal(scores, SCORES[word](x * np.float32(scale), known * np.float32(scale), "cosine"))


@pytest.mark.parametrize("word", SCORES)
@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_duplicates_constants_and_zeros_stay_finite(word, metric, data):
    d = data.draw(st.integers(1, 3))
    rows = st.lists(
        st.lists(st.sampled_from([0.0, 1.0, -3.0]), min_size=d, max_size=d), min_size=2, max_size=25
    )
    x, known = (np.array(data.draw(rows), np.float32) for _ in range(2))
    scores = SCORES[word](x, known, metric)
    assert scores.shape == (len(x),)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_features_of_any_size(size):
    x = normal(40, 3) * np.float32(size)
    assert np.isfinite(outlier(x)).all()
    assert np.isfinite(novelty(x, reference=x[:20])).all()
    assert (embedding_distance(x, reference=x[:20])[20:] > 0).all()
    assert (activation(x) < 0).all()


def test_rows_of_zeros_point_nowhere():
    x = np.array([[0.0, 0], [1, 0], [0, 1]])
    assert embedding_distance(x, reference=x[:1], metric="cosine").tolist() == [0, 1, 1]


def test_a_constant_feature_changes_nothing():
    x = normal(100, 4)
    more = np.hstack([x, np.full((100, 1), 7, np.float32)])
    assert np.allclose(outlier(more), outlier(x), rtol=1e-4)
    assert np.allclose(novelty(more, reference=more[:50]), novelty(x, reference=x[:50]), rtol=1e-4)


def test_the_weakest_answer_is_asked_first():
    x = normal(30, 5)
    assert np.allclose(activation(x), -np.linalg.norm(x, axis=1), rtol=1e-5)
    assert activation(np.vstack([x, np.zeros(5)])).argmax() == 30
    assert np.array_equal(activation(x, unit=2), -x[:, 2])


def test_what_was_planted_is_told_from_the_rest():
    x = np.vstack([normal(400, 8), normal(8, 8, seed=1, offset=4)])
    y = np.r_[np.zeros(400), np.ones(8)]
    known = normal(200, 8, seed=2)
    for scores in (embedding_distance(x, reference=known), novelty(x, reference=known), outlier(x)):
        assert roc_auc_score(y, scores) > 0.99


@pytest.mark.parametrize("metric", METRICS)
def test_the_index_finds_what_all_pairs_do(monkeypatch, metric):
    x, known = normal(1500, 6), normal(700, 6, seed=1)
    exact = Reference(x, metric).nearest_others(10)
    scores = novelty(x, reference=known, metric=metric)
    monkeypatch.setattr(_nearest, "MAX_EXACT_PAIRS", 0)
    reference = Reference(x, metric)
    near = reference.nearest_others(10)
    assert reference.recall >= 0.995
    assert (near.rows == exact.rows).mean() >= 0.99
    assert not (near.rows == np.arange(1500)[:, None]).any()
    assert np.array_equal(near.rows, Reference(x, metric).nearest_others(10).rows), "twice the same"
    assert np.mean(np.isclose(novelty(x, reference=known, metric=metric), scores, rtol=1e-4)) >= 0.98
    assert embedding_distance(x[:1], reference=known, metric=metric).shape == (1,)


def test_the_index_copes_with_duplicates(monkeypatch):
    monkeypatch.setattr(_nearest, "MAX_EXACT_PAIRS", 0)
    x = np.repeat(normal(20, 3), 60, axis=0)
    assert np.isfinite(outlier(x)).all()
    assert embedding_distance(x, reference=x[::30]).max() == 0


def test_an_index_that_misses_much_says_so(monkeypatch):
    monkeypatch.setattr(_nearest, "MAX_EXACT_PAIRS", 0)
    monkeypatch.setattr(Reference, "_from_index", lambda self, some, count: np.zeros((len(some), count), int))
    with pytest.warns(UserWarning, match=r"finds \d+\.\d% of the nearest of 100 rows"):
        Reference(normal(100, 3), "euclidean").nearest_to(normal(10, 3, seed=1), 5)


def test_blocks_change_nothing(monkeypatch):
    x = normal(300, 5)
    whole = outlier(x)
    monkeypatch.setattr(Reference, "_blocks", lambda self, n, k: _nearest.blocks(n, 1, 37))
    assert np.array_equal(outlier(x), whole)


BAD = np.full((5, 3), np.nan)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: outlier(BAD), "NaN"),
        (lambda: novelty(BAD, reference=np.ones((4, 3))), "NaN"),
        (lambda: novelty(np.ones((4, 3)), reference=BAD), "reference hold NaN"),
        (lambda: outlier(np.ones(3)), r"\(n, d\)"),
        (lambda: outlier(np.ones((0, 3))), r"\(0, 3\)"),
        (lambda: embedding_distance(np.ones((4, 3)), reference=np.ones((4, 2))), r"\(4, 2\)"),
        (lambda: embedding_distance(np.ones((4, 3)), reference=np.ones((0, 3))), r"reference are .*\(0, 3\)"),
        (lambda: embedding_distance(np.ones((4, 3))), "nothing is labelled"),
        (lambda: novelty(np.ones((4, 3)), labelled_rows=[]), "nothing is labelled"),
        (lambda: similar(np.ones((4, 3)), labelled_rows=[4]), "labelled row 4"),
        (lambda: novelty(np.ones((4, 3)), labelled_rows=[1]), "two known rows"),
        (lambda: outlier(np.ones((4, 3)), metric="manhattan"), "metric 'manhattan'"),
        (lambda: similar(np.ones((4, 3)), labelled_rows=[1], metric=None), "metric None"),
        (lambda: outlier(np.ones((4, 3)), n_neighbours=0), "n_neighbours must be 1"),
        (lambda: novelty(np.ones((4, 3)), labelled_rows=[1, 2], n_neighbours=2.5), "not 2.5"),
        (lambda: outlier(np.ones((4, 3)), n_neighbours=True), "not True"),
        (lambda: activation(np.ones((4, 3)), unit=3), "no unit 3 among 3"),
        (lambda: activation(np.ones((4, 3)), unit="first"), "no unit 'first'"),
        (lambda: outlier(np.array([["a", "b"]])), "must be numbers"),
    ],
)
def test_what_cannot_be_scored_is_refused(call, says):
    with pytest.raises(QueryError, match=says) as caught:
        call()
    assert caught.value.do
