"""DropQuery: candidates are the rows whose class does not survive the loss of features."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import drop_query
from spin_nb.query.batches.drop_query import _changes


def made(n=200, d=10, seed=0):
    """Two classes along the first axis; the farther out, the safer."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.1, (n, d)).astype(np.float32)
    y = np.arange(n) % 2
    x += ((2 * y - 1) * np.linspace(0.05, 3, n))[:, None].astype(np.float32)
    return x, y


def test_weak_rows_change_their_class_and_strong_ones_do_not():
    x, y = made()
    labelled_rows = np.arange(150, 200)
    changes = _changes(x, np.arange(150), labelled_rows, y[150:], 0.75, 41, np.random.default_rng(0)) / 41
    assert changes[:20].mean() > 2 * changes[100:].mean()
    picked = drop_query(x, 5, labelled_rows=labelled_rows, labels=y[150:], passes=41)
    assert sorted(picked.indices.tolist()) == sorted(np.argsort(-changes, kind="stable")[:5].tolist())
    assert picked.scores.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_probe_is_scikit_learns(classes):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 6)).astype(np.float32)
    y = np.argmax(x[:, :classes], axis=1)
    model = LogisticRegression(max_iter=1000).fit(x[:40] / np.sqrt((x[:40] ** 2).mean()), y[:40])
    whole = model.predict(x / np.sqrt((x[:40] ** 2).mean()))
    kept = _changes(x, np.arange(300), np.arange(40), y[:40], 1e-9, 1, np.random.default_rng(0))
    assert not kept.any()  # nothing dropped, nothing changed
    lost = _changes(x, np.arange(300), np.arange(40), y[:40], 0.999, 1, np.random.default_rng(0)) > 0
    default = int(np.argmax(model.intercept_)) if classes > 2 else int(model.intercept_[0] > 0)
    assert (lost == (whole != default)).mean() > 0.97  # all dropped: only the bias is left


def test_without_two_classes_it_is_k_means():
    x, _ = made()
    first = drop_query(x, 4, labelled_rows=[0], labels=[1])
    assert "two labelled classes" in first.reason
    assert len(set(first.indices.tolist())) == 4


def test_settings_out_of_range():
    x, _ = made()
    for settings in ({"rate": 0}, {"rate": 1}, {"passes": 0}):
        with pytest.raises(QueryError, match="rate"):
            drop_query(x, 2, **settings)
