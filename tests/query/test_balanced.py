"""Balance, contrast and discrimination: each against its formula written out."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import class_balanced, contrastive, discriminative, margin
from spin_nb.query.batches import discriminative as module

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 5)).astype(np.float32)
P = RNG.dirichlet(np.ones(4), 80).astype(np.float32)


def test_class_balanced_minimises_the_published_sum_greedily():
    labelled_rows, y = np.arange(10), np.array([0, 0, 0, 0, 0, 0, 1, 1, 2, 0])
    lacking, chosen, left = np.maximum(17 / 4 - np.bincount(y, minlength=4), 0), [], set(range(10, 80))
    for _ in range(7):
        cost = {i: -margin(P)[i] + 0.1 * np.abs(lacking - P[i]).sum() for i in left}
        chosen.append(min(sorted(left), key=lambda i: cost[i]))
        lacking = lacking - P[chosen[-1]]
        left.remove(chosen[-1])
    assert class_balanced(P, 7, labelled_rows=labelled_rows, labels=y).indices.tolist() == chosen


def test_a_class_that_lacks_labels_is_sought():
    y = np.zeros(20, int)
    picked = class_balanced(P, 6, labelled_rows=np.arange(20), labels=y, weight=10)
    assert (P[picked.indices].argmax(axis=1) != 0).all()
    plain = class_balanced(P, 6, labelled_rows=np.arange(20), labels=y, weight=0)
    assert plain.indices.tolist() == (20 + np.argsort(-margin(P)[20:], kind="stable")[:6]).tolist()
    with pytest.raises(QueryError, match="weight"):
        class_balanced(P, 2, weight=-1)


@pytest.mark.parametrize("neighbours", [1, 4, 99])
def test_contrastive_is_the_divergence_from_labelled_neighbours(neighbours):
    labelled_rows = np.arange(12)
    scores = np.full(80, -1.0)
    for i in range(12, 80):
        near = np.argsort(((X[i] - X[labelled_rows]) ** 2).sum(axis=1))[:neighbours]
        scores[i] = np.mean([(P[j] * np.log(P[j] / P[i])).sum() for j in labelled_rows[near]])
    picked = contrastive(P, X, 9, labelled_rows=labelled_rows, neighbours=neighbours)
    assert picked.indices.tolist() == np.argsort(-scores)[:9].tolist()
    assert np.allclose(picked.scores, np.sort(scores)[::-1][:9], atol=1e-5)


def test_discriminative_is_a_balanced_logistic_regression_fitted_again_for_every_pick():
    from sklearn.linear_model import LogisticRegression

    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    known = list(range(8))
    for _ in range(6):
        y = np.ones(80, int)
        y[known] = 0
        model = LogisticRegression(class_weight="balanced", tol=1e-8, max_iter=1000).fit(scaled, y)
        chance = model.predict_proba(scaled)[:, 1]
        chance[known] = -1
        known.append(int(chance.argmax()))
    assert discriminative(X, 6, labelled_rows=np.arange(8)).indices.tolist() == known[8:]


def test_a_large_pool_is_told_apart_by_a_sample(monkeypatch):
    monkeypatch.setattr(module, "MAX_UNLABELLED_ROWS", 30)
    x = X.copy()
    x[70] = 40
    assert discriminative(x, 25, labelled_rows=[0, 1, 2]).indices[0] == 70
