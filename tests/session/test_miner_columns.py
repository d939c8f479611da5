"""Columns ``novelty`` and ``outlier``: scikit-learn's factors, computed where they are named, and no sooner."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.neighbors import LocalOutlierFactor

import spin_nb as spin
from spin_nb.errors import QueryError
from spin_nb.query import novelty, outlier
from spin_nb.session.table import miner_columns

EVERY = pl.col("outlier") > 0


def doubles(s):
    return s._live.pool_model.features.astype(float)


def test_outlier_is_scikit_learns_among_fifteen_neighbours(project):
    s = project()
    column = s.where(EVERY).table["outlier"].to_numpy()
    theirs = -LocalOutlierFactor(15).fit(doubles(s)).negative_outlier_factor_
    np.testing.assert_allclose(column, theirs, rtol=1e-4)
    np.testing.assert_allclose(column, outlier(s._live.pool_model.features, n_neighbours=15), rtol=1e-5)


def test_novelty_is_scikit_learns_beside_the_labelled(project, digits):
    s = project()
    digits.label(s, s.pool.ids[:60])
    column = s.where(pl.col("novelty") > 0).table["novelty"].to_numpy()
    theirs = LocalOutlierFactor(20, novelty=True).fit(doubles(s)[:60])
    np.testing.assert_allclose(column, -theirs.score_samples(doubles(s)), rtol=1e-3)


def test_they_are_in_a_table_where_a_condition_names_them_and_in_no_other(project):
    s = project()
    assert not {"novelty", "outlier"} & set(s.table.columns)
    far = s.where(pl.col("outlier") > 1.2)
    assert "outlier" in far.table.columns
    assert "novelty" not in far.table.columns
    assert set(far.table["item"]) == set(far.ids)


def test_views_sort_by_them(project):
    s = project()
    column = s._view_data.column("outlier")
    assert column.equals(s.where(EVERY).table["outlier"])
    with pytest.raises(QueryError, match="no column 'outliers'; did you mean 'outlier'"):
        s._view_data.column("outliers")


def test_nothing_is_computed_that_nobody_names(project, monkeypatch):
    calls = []
    of_neighbours = miner_columns.outlier_of_neighbours
    monkeypatch.setattr(
        miner_columns, "outlier_of_neighbours", lambda *a: calls.append("outlier") or of_neighbours(*a)
    )
    monkeypatch.setattr(miner_columns, "novelty", lambda *a, **b: calls.append("novelty") or novelty(*a, **b))
    s = project()
    s.label(dict.fromkeys(s.pool.ids[:3], "1"))
    len(s.table), len(s.where(pl.col("label") == "1"))
    assert calls == []
    for _ in range(2):
        len(s.where(EVERY)), len(s.where(pl.col("novelty") > 0))
    assert calls == ["outlier", "novelty"]
    s.label(s.pool.ids[9], "2")
    len(s.where(EVERY)), len(s.where(pl.col("novelty") > 0))
    assert calls == ["outlier", "novelty", "novelty"], "outliers do not follow labels"


def test_before_two_labels_nothing_is_novel(project, digits):
    s = project()
    every = s.where(pl.col("item") != "", pl.col("novelty").is_null())
    assert len(every) == len(s)
    digits.label(s, s.pool.ids[:1])
    assert len(every) == len(s)
    digits.label(s, s.pool.ids[1:2])
    assert len(every) == 0


def test_many_labels_are_compared_with_some_of_them(project, digits, monkeypatch):
    monkeypatch.setattr(miner_columns, "MAX_KNOWN", 50)
    s = project()
    digits.label(s, s.pool.ids[:200])
    every = s.where(pl.col("novelty") > 0)
    assert len(every) == len(s)
    assert every.table["novelty"].equals(every.table["novelty"])


def test_what_an_ask_hides_shows_in_no_score(project, digits):
    s = project()
    digits.label(s, s.pool.ids[:30])
    named = s.where(EVERY, pl.col("novelty") > 0)
    before = named.table.select("item", "outlier", "novelty")
    s.audit.share = 0.5
    s.ask(8)
    assert named.table.select("item", "outlier", "novelty").equals(before)


def test_arrivals_are_scored_beside_the_pool(open_numbers):
    x = np.random.default_rng(0).normal(size=(60, 3))
    s = open_numbers(x)
    before = s.where(EVERY).table["outlier"]
    s.watch([x[0] + 1e-3, np.full(3, 50.0)], wait=True)
    after = s.where(EVERY).table["outlier"]
    assert after[:60].equals(before)
    assert after[61] > 5 > after[60]


@pytest.mark.parametrize("n", [2, 3])
def test_hardly_any_items(tmp_path, n):
    with spin.open(tmp_path / "p.spin", pool=np.arange(3.0 * n).reshape(n, 3), classes=["a", "b"]) as s:
        table = s.where(pl.col("outlier").is_null() | (pl.col("outlier") > 0), pl.col("novelty").is_null())
        assert len(table) == n


def test_a_column_of_the_pool_with_such_a_name_is_still_there(tmp_path):
    pool = pl.DataFrame({"x": np.arange(30.0), "outlier": ["yes", "no"] * 15})
    with spin.open(tmp_path / "p.spin", pool=pool, classes=["a", "b"]) as s:
        assert len(s.where(pl.col("meta.outlier") == "yes")) == 15
        assert len(s.where(EVERY)) == 30
