"""``s.slices``: slices by name, on disk, and how well the model does in each."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError, ReadOnlyError

N = 300
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def open_(tmp_path):
    """Open (again) a project of table rows whose even rows are told apart easily, and odd ones not at all."""
    opened = []

    def open_(**options):
        rng = np.random.default_rng(0)
        y, is_easy = np.arange(N) // 2 % 2, np.arange(N) % 2 == 0
        x = rng.normal(size=N) + np.where(is_easy, 12 * y, 6)
        pool = pl.DataFrame({"x": x, "place": 20.0 * is_easy, "light": np.where(is_easy, "day", "night")})
        first = {} if (tmp_path / "t.spin").exists() else {"pool": pool, "classes": ["a", "b"]}
        opened.append(spin.open(tmp_path / "t.spin", **{"annotator": "ada", **first, **options}))
        opened[-1]._live.pool_model.wait()
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def truth(s, ids):
    return {id: "ab"[s.pool.row(id) // 2 % 2] for id in ids}


def test_a_slice_is_there_by_its_name_in_the_next_session_too(open_):
    s = open_()
    s.slices["night"] = s.where(pl.col("light") == "night", pl.col("label").is_null())
    s.close()
    again = open_()
    assert list(again.slices) == ["night"]
    assert len(again.slices["night"]) == N / 2
    again.label(truth(again, again.pool.ids[:20]))
    assert len(again.slices["night"]) == N / 2 - 10, "it follows labels"
    assert again.ask(3, where=again.slices["night"])


def test_what_is_surely_worst_comes_first(open_):
    s = open_()
    s.audit.share = 0.5
    for _ in range(25):
        s.label(truth(s, s.ask(10).ids))
    s.slices["day"] = s.where(pl.col("light") == "day")
    s.slices[HOSTILE] = s.where(pl.col("light") == "night")
    s.slices["nothing"] = s.where(pl.col("light") == "dusk")
    table = s.slices.table
    assert table["slice"].to_list()[:2] == [HOSTILE, "day"]
    night, day = table.row(0, named=True), table.row(1, named=True)
    assert night["accuracy"] < 0.75 < 0.95 < day["accuracy"]
    assert night["items"] == day["items"] == N / 2
    assert night["labelled"] + day["labelled"] == len(s.values)
    assert night["audits"] + day["audits"] == s.accuracy.n
    assert table.filter(pl.col("slice") == "nothing").select("items", "labelled", "audits").row(0) == (
        0,
        0,
        0,
    )
    assert HOSTILE not in s.slices._repr_html_()


def test_a_label_for_a_slice_says_in_the_history_what_picked_its_items(open_):
    s = open_()
    part = s.where(pl.col("light") == "night")
    s.label(part, "a")
    assert json.loads(s.history["source"][0]) == {"by": "cell", "where": list(part.filters)}
    assert set(s.values) == set(part.ids)


def test_one_is_replaced_and_forgotten(open_):
    s = open_()
    s.slices["part"] = s.where(pl.col("light") == "night")
    s.slices["part"] = s.where(pl.col("x") > 1e9)
    assert (len(s.slices), len(s.slices["part"])) == (1, 0)
    del s.slices["part"]
    assert ("part" in s.slices, repr(s.slices)[:13]) == (False, "No slices yet")
    with pytest.raises(QueryError, match="no slice is called 'part'"):
        s.slices["part"]
    with pytest.raises(QueryError):
        del s.slices["part"]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101, 7, None])
def test_what_is_no_name_is_refused(open_, name):
    s = open_()
    with pytest.raises(QueryError, match="no name"):
        s.slices[name] = s.where(pl.col("x") > 0)
    assert not s.slices


@pytest.mark.parametrize("value", [None, "x > 0", ["item-1"], pl.col("x") > 0])
def test_what_is_no_slice_is_refused(open_, value):
    s = open_()
    with pytest.raises(QueryError, match="no slice"):
        s.slices["part"] = value


def test_a_slice_whose_column_has_gone_says_so_and_the_others_are_listed(open_):
    s = open_()
    s.slices["part"] = s.where(pl.col("x") > 0)
    filters = {**s._project.store.meta["slices"], "old": [(pl.col("gone") > 0).meta.serialize(format="json")]}
    s._project.store.set_meta("slices", filters)
    row = s.slices.table.filter(pl.col("slice") == "old").row(0, named=True)
    assert "no column 'gone'" in row["problem"]
    assert "no column 'gone'" in repr(s.slices)
    assert s.slices.table["slice"].to_list() == ["part", "old"]


def test_a_project_that_may_only_be_read_keeps_none(open_):
    open_().close()
    s = open_(read_only=True)
    with pytest.raises(ReadOnlyError):
        s.slices["part"] = s.where(pl.col("x") > 0)
