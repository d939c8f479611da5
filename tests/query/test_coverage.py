"""Coverage: ProbCover, MaxHerding and diversified scores against sums over all pairs."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import QueryError
from spin_nb.query import diverse, diversify, epig, margin, max_herding, probcover
from spin_nb.query.batches import _coverage
from spin_nb.query.batches import probcover as module
from spin_nb.query.batches._greedy import LazyGreedy


def squared(x):
    x = x.astype(np.float64)
    return ((x[:, None] - x) ** 2).sum(axis=2)


def naive(similarity, k, labelled_rows=(), weights=None):
    """Greedy coverage over every pair; gains as shares."""
    n = len(similarity)
    weights = np.ones(n) if weights is None else weights
    covered = similarity[list(labelled_rows)].max(axis=0) if len(labelled_rows) else np.zeros(n)
    left = np.ones(n, bool)
    left[list(labelled_rows)] = False
    judged = left / left.sum() if len(labelled_rows) else weights / weights.sum()
    rows, gains = [], []
    for _ in range(k):
        value = np.where(left, np.maximum(similarity - covered, 0) @ judged, -1)
        rows.append(int(np.argmax(np.round(value, 9))))
        gains.append(value[rows[-1]])
        left[rows[-1]] = False
        covered = np.maximum(covered, similarity[rows[-1]])
    return rows, gains


def blobs(n=200, C=5, d=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, C, n)
    return (rng.normal(0, 3, (C, d))[y] + rng.normal(0, 0.7, (n, d))).astype(np.float32), y


@pytest.mark.parametrize("labelled_rows", [(), (3, 11, 60)])
@pytest.mark.parametrize("seed", range(3))
def test_probcover_covers_most(seed, labelled_rows):
    x, _ = blobs(seed=seed)
    rows, gains = naive((squared(x) < 1.3**2).astype(float), 8, labelled_rows)
    picked = probcover(x, 8, labelled_rows=labelled_rows, radius=1.3)
    assert picked.indices.tolist() == rows
    assert np.allclose(picked.scores, gains, atol=1e-6)


@pytest.mark.parametrize("labelled_rows", [(), (3, 11, 60)])
@pytest.mark.parametrize("sigma", [0.4, 1.0])
def test_max_herding_is_its_formula(sigma, labelled_rows):
    x, _ = blobs()
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    rows, gains = naive(np.exp(-squared(unit) / sigma**2), 10, labelled_rows)
    picked = max_herding(x, 10, labelled_rows=labelled_rows, sigma=sigma)
    assert picked.indices.tolist() == rows
    assert np.allclose(picked.scores, gains, atol=1e-5)


def test_the_radius_is_the_largest_with_pure_balls():
    x, _ = blobs(n=400, C=3)
    radius = module.pure_radius(x, 3, seed=0)
    member = module.clusters(x, 3, seed=0).member
    others = member[:, None] != member

    def purity(r):
        return 1 - ((np.sqrt(squared(x)) < r) & others).any(axis=1).mean()

    assert purity(radius * (1 - 1e-5)) >= 0.95
    assert purity(radius * 1.001) < 0.95


def test_when_all_is_covered_the_farthest_follow_and_the_reason_says_so():
    x = np.array([[0.0], [1], [2], [3], [50]], np.float32)
    picked = probcover(x, 4, radius=5)
    assert picked.indices.tolist() == [0, 4, 3, 1]
    assert picked.scores.tolist() == pytest.approx([0.8, 0.2, 0, 0])
    assert "after 2" in picked.reason


def test_one_cluster_has_no_radius_but_a_batch():
    x = np.ones((30, 3), np.float32)
    assert probcover(x, 3).indices.tolist() == [0, 1, 2]


def test_settings_out_of_range():
    x, _ = blobs()
    for radius in (0, -1, np.nan):
        with pytest.raises(QueryError, match="radius"):
            probcover(x, 2, radius=radius)
    with pytest.raises(QueryError, match="classes"):
        probcover(x, 2, n_classes=1)
    with pytest.raises(QueryError, match="sigma"):
        max_herding(x, 2, sigma=0)


def test_a_large_pool_is_covered_by_a_sample(monkeypatch):
    x, _ = blobs(n=500)
    _, gains = naive((squared(x) < 1.3**2).astype(float), 5)
    monkeypatch.setattr(_coverage, "MAX_SAMPLE_ROWS", 150)
    picked = probcover(x, 5, radius=1.3)
    share = (squared(x)[picked.indices] < 1.3**2).any(axis=0).mean()
    assert share > 0.85 * sum(gains)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), k=st.integers(1, 8))
def test_lazy_is_eager(seed, n, k):
    """Coverage of random sets, many of which tie: the same rows as computing every gain every time."""
    sets = np.random.default_rng(seed).random((n, 12)) < 0.2
    open_, free, left = np.ones(12), np.ones(n, bool), np.ones(n, bool)
    greedy = LazyGreedy(sets.sum(axis=1).astype(float), left, 1.0)
    for _ in range(min(k, n)):
        eager = np.where(free, sets @ open_, -1)
        row, gain = greedy.best(lambda rows, open_=open_: sets[rows] @ open_)
        assert (row, gain) == (eager.argmax(), eager.max())
        free[row] = left[row] = False
        open_ = open_ * ~sets[row]


def test_diversify_covers_what_scores_high():
    x, _ = blobs()
    scores = np.random.default_rng(0).random(200).astype(np.float32)
    k = 5
    shortlist = np.argsort(-scores, kind="stable")[: 20 * (k - 1) + 1]
    apart = squared(x[shortlist])
    similarity = np.exp(-3 * apart / np.median(apart[np.triu_indices(len(shortlist), 1)]))
    rows, _ = naive(similarity, k, weights=scores[shortlist].astype(float))
    assert diversify(scores, x, k).indices.tolist() == shortlist[rows].tolist()


def test_a_diverse_batch_is_no_pile_of_copies():
    x = np.repeat(np.arange(10, dtype=np.float32), 30)[:, None] * 5
    scores = np.repeat(np.linspace(1, 0.5, 10, dtype=np.float32), 30)
    assert len(np.unique(x[np.argsort(-scores)[:4]])) == 1
    assert (
        len(np.unique(x[diversify(scores, x, 4).indices])) == 3
    )  # 61 rows of three kinds are on the shortlist
    assert diversify(scores, x, 1).indices.tolist() == [0]


@pytest.mark.parametrize("scores", [[-5, -1, -9, -2], [np.inf, 1, 2, np.inf], [-np.inf] * 4, [0, 0, 0, 0]])
def test_scores_of_any_sign_and_size(scores):
    x = np.arange(4, dtype=np.float32)[:, None]
    picked = diversify(np.array(scores, np.float32), x, 3)
    assert len(set(picked.indices.tolist())) == 3


def test_diverse_names_what_the_score_names():
    assert list(signature(diverse(epig)).parameters) == [
        "draws",
        "target_draws",
        "features",
        "k",
        "labelled_rows",
        "seed",
    ]
    x, _ = blobs()
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 200).astype(np.float32)
    given_ = diverse(margin)(probs=probs, features=x, k=6, labelled_rows=np.arange(4), seed=0)
    assert (
        given_.indices.tolist() == diversify(margin(probs), x, 6, labelled_rows=np.arange(4)).indices.tolist()
    )
    assert "margin" in (diverse(margin).__doc__ or "")


def test_diverse_passes_a_scores_own_settings_on():
    def mine(probs, features, labelled_rows, *, power=1.0):
        assert len(labelled_rows) == 2
        return margin(probs) ** power

    x, _ = blobs(20)
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 20).astype(np.float32)
    ask = diverse(mine)
    assert list(signature(ask).parameters) == ["probs", "features", "labelled_rows", "k", "power", "seed"]
    assert set(ask(probs, x, [0, 1], 3, power=2.0).indices.tolist()).isdisjoint({0, 1})
