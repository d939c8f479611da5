"""BADGE: the distances are those of the gradients written out; q is how often a row is really drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import QueryError
from spin_nb.query import badge
from spin_nb.query.mixture import EPSILON


def made(n, C=4, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(C), n).astype(np.float32), rng.normal(size=(n, d)).astype(np.float32)


def gradients(probs, features):
    """Gradient of the cross-entropy of the predicted class in the last layer's weights, by autograd."""
    import torch

    rows = []
    for p, x in zip(probs, features, strict=True):
        w = torch.zeros(len(p), len(x), dtype=torch.float64, requires_grad=True)
        logits = torch.log(torch.tensor(p, dtype=torch.float64)) + w @ torch.tensor(x, dtype=torch.float64)
        loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([int(p.argmax())]))
        rows.append(torch.autograd.grad(loss, w)[0].flatten().numpy())
    return np.array(rows)


def test_scores_are_squared_distances_between_gradients():
    probs, features = made(40)
    g = gradients(probs, features)
    picked = badge(probs, features, 8, seed=3)
    assert picked.indices[0] == (g**2).sum(axis=1).argmax()
    assert picked.scores[0] == pytest.approx((g[picked.indices[0]] ** 2).sum(), rel=1e-5)
    for m in range(1, 8):
        d2 = ((g[:, None] - g[picked.indices[:m]]) ** 2).sum(axis=2).min(axis=1)
        row = picked.indices[m]
        assert picked.scores[m] == pytest.approx(d2[row], rel=1e-4)
        chance = d2[row] / d2.sum()
        assert picked.q[m] == pytest.approx((1 - EPSILON) * chance + EPSILON / (40 - m), rel=1e-4)


def test_q_is_how_often_a_row_is_drawn():
    probs, features = made(5, seed=1)
    picks = [badge(probs, features, 2, seed=s) for s in range(4000)]
    first = np.bincount([p.indices[0] for p in picks]).argmax()
    picks = [p for p in picks if p.indices[0] == first]
    drawn = np.bincount([p.indices[1] for p in picks], minlength=5) / len(picks)
    said = np.zeros(5)
    for p in picks:
        assert p.q[0] == pytest.approx(1 - EPSILON + EPSILON / 5)
        said[p.indices[1]] = p.q[1]
    assert np.allclose(drawn, said, atol=0.03)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 30), seed=st.integers(0, 10**6), data=st.data())
def test_picks_are_distinct_unlabelled_and_seeded(n, seed, data):
    probs, features = made(n, seed=seed)
    labelled_rows = np.flatnonzero(np.random.default_rng(seed).random(n) < 0.3)[: n - 1]
    k = data.draw(st.integers(1, n - len(labelled_rows)))
    picked = badge(probs, features, k, labelled_rows=labelled_rows, seed=seed)
    assert len(set(picked.indices.tolist())) == k
    assert not set(picked.indices.tolist()) & set(labelled_rows.tolist())
    assert ((picked.q > 0) & (picked.q <= 1)).all()
    assert (badge(probs, features, k, labelled_rows=labelled_rows, seed=seed).indices == picked.indices).all()


def test_the_batch_is_spread_over_groups_where_the_longest_gradients_are_not():
    # Ten items each of three directions; the first group is a little more unsure than the others.
    features = np.repeat(np.eye(3), 10, axis=0) * 5
    top = np.repeat([0.55, 0.6, 0.6], 10)
    probs = np.stack([top, 1 - top], axis=1)
    for seed in range(20):
        picked = badge(probs, features, 3, seed=seed)
        assert sorted(picked.indices // 10) == [0, 1, 2]


def test_duplicates_come_last_and_all_rows_can_be_had():
    probs, features = np.tile([[0.7, 0.3]], (6, 1)), np.ones((6, 2))
    features[4] *= 3
    picked = badge(probs, features, 6, seed=0)
    assert picked.indices[0] == 4
    assert sorted(picked.indices) == list(range(6))
    assert (picked.scores[2:] == 0).all()
    assert picked.q[-1] == 1


def test_a_model_that_is_sure_of_everything_still_gets_a_batch():
    picked = badge(np.tile([[1.0, 0.0]], (5, 1)), np.ones((5, 2)), 3)
    assert picked.indices[0] == 0
    assert len(set(picked.indices.tolist())) == 3


def test_bad_input_is_refused():
    probs, features = made(5)
    for act, words in (
        (lambda: badge(probs, features, 0), "cannot ask 0 of 5"),
        (lambda: badge(probs, features, 4, labelled_rows=[0, 1]), "cannot ask 4 of 3"),
        (lambda: badge(probs, features[:4], 1), r"\(4, 6\).*\(5, 6\)"),
        (lambda: badge(probs, features, 1, labelled_rows=range(5)), "all 5 rows are labelled"),
        (lambda: badge(features, features, 1), "no probabilities"),
    ):
        with pytest.raises(QueryError, match=words):
            act()
