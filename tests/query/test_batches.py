"""What holds for every batch: distinct rows, none labelled, seeded, q possible, and words for bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb import query
from spin_nb.errors import QueryError
from spin_nb.query.mixture import EPSILON

ARRAYS = ("probs", "draws", "features", "scores")
ANSWERS = ("labelled_rows", "labels")
BATCHES = {
    "batchbald": ("draws",),
    "class_balanced": ("probs", "labels"),
    "clue": ("probs", "features"),
    "contrastive": ("probs", "features"),
    "dcom": ("probs", "features", "labels"),
    "discriminative": ("features",),
    "diversify": ("scores", "features"),
    "drop_query": ("features", "labels"),
    "falcun": ("probs",),
    "gibbs": ("scores",),
    "kcenter": ("features",),
    "kmeans_pp": ("features",),
    "max_herding": ("features",),
    "power": ("scores",),
    "power_bald": ("draws",),
    "probcover": ("features",),
    "ranked_batch": ("probs", "features"),
    "softrank": ("scores",),
    "typiclust": ("features",),
}
NEED_LABELS = ("contrastive", "discriminative")
DRAWN = ("falcun", "gibbs", "kmeans_pp", "power", "power_bald", "softrank")
SEEDED = (*DRAWN, "clue", "drop_query", "typiclust", "probcover", "dcom")  # k-means too begins by a draw
EVERY = pytest.mark.parametrize("name", sorted(BATCHES))


def made(n, seed=0, C=3, d=4, S=5):
    rng = np.random.default_rng(seed)
    return {
        "probs": rng.dirichlet(np.ones(C), n).astype(np.float32),
        "draws": rng.dirichlet(np.ones(C), (S, n)).astype(np.float32),
        "features": rng.normal(size=(n, d)).astype(np.float32),
        "scores": rng.random(n).astype(np.float32),
    }


def ask(name, arrays, k, labelled_rows=(0, 3), labels=None, **settings):
    wanted = BATCHES[name]
    given_ = {word: arrays[word] for word in wanted if word in arrays}
    if "labels" in wanted:
        given_["labels"] = np.arange(len(labelled_rows)) % 3 if labels is None else labels
    return getattr(query, name)(k=k, labelled_rows=np.array(labelled_rows, np.int64), **given_, **settings)


@EVERY
@settings(max_examples=12, deadline=None)
@given(n=st.integers(5, 40), seed=st.integers(0, 10**6), data=st.data())
def test_picks_are_distinct_unlabelled_and_seeded(name, n, seed, data):
    k = data.draw(st.integers(1, n - 2))
    arrays = made(n, seed)
    picked = ask(name, arrays, k, seed=seed)
    rows = picked.indices.tolist()
    assert len(rows) == len(set(rows)) == len(picked.scores) == len(picked.q) == k
    assert not set(rows) & {0, 3}
    assert picked.indices.dtype == np.int64
    assert picked.scores.dtype == np.float32
    assert np.isfinite(picked.scores).all()
    assert ((picked.q > 0) & (picked.q <= 1)).all()
    assert picked.reason
    again = ask(name, arrays, k, seed=seed)
    assert again.indices.tolist() == rows
    assert np.array_equal(again.q, picked.q)


@EVERY
def test_the_order_of_items_does_not_matter(name):
    if name in SEEDED:
        pytest.skip("it draws rows by their place")
    arrays, shuffled = made(60, 4), np.random.default_rng(1).permutation(60)
    place = np.argsort(shuffled)
    moved = {word: x[:, shuffled] if word == "draws" else x[shuffled] for word, x in arrays.items()}
    settings_ = {"combinations": 10**6} if name == "batchbald" else {}
    before = ask(name, arrays, 5, **settings_)
    after = ask(name, moved, 5, labelled_rows=place[[0, 3]], **settings_)
    assert shuffled[after.indices].tolist() == before.indices.tolist()


@EVERY
def test_q_is_what_the_session_draws(name):
    picked = ask(name, made(30), 4)
    left = 28 - np.arange(4)
    own = (picked.q - EPSILON / left) / (1 - EPSILON)
    if name in DRAWN:
        assert ((own > 0) & (own < 1)).all()
    else:
        assert np.allclose(own, 1)


@EVERY
def test_duplicates_and_constants_still_give_a_batch(name):
    same = {
        "probs": np.tile(np.float32([0.5, 0.25, 0.25]), (12, 1)),
        "draws": np.tile(np.float32([0.5, 0.25, 0.25]), (3, 12, 1)),
        "features": np.full((12, 4), 7.3, np.float32),
        "scores": np.zeros(12, np.float32),
    }
    picked = ask(name, same, 10)
    assert sorted(picked.indices.tolist()) == [1, 2, *range(4, 12)]
    if name not in SEEDED:
        assert picked.indices.tolist() == sorted(picked.indices.tolist())  # ties go to the lowest row


@EVERY
def test_all_that_are_left_may_be_picked(name):
    picked = ask(name, made(9), 7)
    assert sorted(picked.indices.tolist()) == [1, 2, 4, 5, 6, 7, 8]
    assert picked.q[-1] == 1


@EVERY
@pytest.mark.parametrize(
    ("k", "labelled_rows", "word"),
    [
        (0, (0,), "cannot ask 0"),
        (9, (0, 1), "cannot ask 9 of 8"),
        (2.5, (0,), "whole number"),
        (1, tuple(range(10)), "nothing is left"),
        (1, (10,), "not in 0..9"),
        (1, (2, 2), "twice"),
    ],
)
def test_impossible_batches_are_refused(name, k, labelled_rows, word):
    with pytest.raises(QueryError, match=word):
        ask(name, made(10), k, labelled_rows=labelled_rows)


@EVERY
def test_nan_and_wrong_shapes_are_refused(name):
    arrays = made(10)
    for word in set(BATCHES[name]) & set(ARRAYS):
        bad = arrays[word].copy()
        bad[..., 1] = np.nan
        with pytest.raises(QueryError):
            ask(name, arrays | {word: bad}, 2)
        with pytest.raises(QueryError):
            ask(name, arrays | {word: arrays[word][0, 0] if word == "draws" else arrays[word][0]}, 2)
        with pytest.raises(QueryError):
            ask(name, arrays | {word: arrays[word][:0]}, 2)
        if len(set(BATCHES[name]) & set(ARRAYS)) > 1:
            with pytest.raises(QueryError, match=r"\(9,|\(10,"):
                ask(name, arrays | {word: arrays[word][:9]}, 2)


@pytest.mark.parametrize("name", [name for name, words in BATCHES.items() if "labels" in words])
def test_labels_must_fit_the_labelled_rows(name):
    for labels in ([0], [0.5, 1.0], [-1, 0]):
        with pytest.raises(QueryError):
            ask(name, made(10), 2, labels=labels)


@pytest.mark.parametrize("name", NEED_LABELS)
def test_what_compares_with_labels_says_that_there_are_none(name):
    with pytest.raises(QueryError, match="labelled"):
        ask(name, made(10), 2, labelled_rows=())


@pytest.mark.parametrize("name", sorted(set(BATCHES) - set(NEED_LABELS)))
def test_the_first_batch_needs_no_labels(name):
    assert len(set(ask(name, made(20), 6, labelled_rows=()).indices.tolist())) == 6


@pytest.mark.parametrize("name", ["gibbs", "power", "softrank", "falcun"])
def test_settings_out_of_range_are_refused(name):
    word = "gamma" if name == "falcun" else "beta"
    for value in (-1, np.nan, np.inf):
        with pytest.raises(QueryError, match=word):
            ask(name, made(10), 2, **{word: value})
