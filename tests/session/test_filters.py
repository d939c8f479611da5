"""Filters are data: what is written is read again, and nothing that runs code is read at all."""

from __future__ import annotations

import json
import operator
import warnings
from functools import reduce

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.errors import QueryError
from spin_nb.session.table.filters import column_names, from_json, mask_of, to_json
from spin_nb.session.table.metadata import metadata_names

FRAME = pl.DataFrame(
    {
        "margin": [0.1, 0.5, None, 0.9],
        "camera": ["a", "b", "b", None],
        "<img src=x onerror=alert(1)>": [1, 2, 3, 4],
        "times": pl.Series([0, 1, 2, 3]).cast(pl.Datetime("us", "UTC")),
        "tags": [["night"], [], ["night", "rain"], None],
    }
)
CONDITIONS = {
    "comparison": (pl.col("margin") < 0.6, [True, True, False, False]),
    "text": (pl.col("camera") == "b", [False, True, True, False]),
    "choice": (pl.col("camera").is_in(["a", "c"]), [True, False, False, False]),
    "null": (pl.col("margin").is_null(), [False, False, True, False]),
    "time": (pl.col("times").dt.year() == 1970, [True] * 4),
    "list": (pl.col("tags").list.contains("night"), [True, False, True, False]),
    "both": ((pl.col("margin") > 0.2) & (pl.col("camera") == "b"), [False, True, False, False]),
    "either": ((pl.col("margin") > 0.8) | (pl.col("camera") == "a"), [True, False, False, True]),
    "rank": (pl.col("margin").rank() <= 1, [True, False, False, False]),
    "above the mean": (pl.col("margin") > pl.col("margin").mean(), [False, False, False, True]),
    "of the whole": (pl.col("margin").max() > 0.5, [True] * 4),
    "constant": (pl.lit(True), [True] * 4),
    "hostile": (pl.col("<img src=x onerror=alert(1)>") > 2, [False, False, True, True]),
    "number and not": (~(pl.col("margin").is_between(0, 0.5)), [False, False, False, True]),
}


@pytest.mark.parametrize("word", CONDITIONS)
def test_a_filter_selects_the_same_rows_after_its_way_through_json(word):
    condition, rows = CONDITIONS[word]
    text = to_json(condition)
    assert isinstance(json.loads(text), dict)
    assert mask_of([from_json(text)], FRAME).tolist() == rows
    assert to_json(from_json(text)) == to_json(text) == text


def test_all_filters_must_be_true():
    conditions = [CONDITIONS["text"][0], CONDITIONS["list"][0]]
    assert mask_of(conditions, FRAME).tolist() == [False, False, True, False]
    assert mask_of([], FRAME).all()


def python_filters():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pl.exceptions.PolarsInefficientMapWarning)
        return {
            "map_elements": pl.col("margin").map_elements(lambda x: x > 1, return_dtype=pl.Boolean),
            "map_batches": pl.col("margin").map_batches(lambda x: x > 1, return_dtype=pl.Boolean),
            "several columns": pl.map_batches(["margin"], lambda x: x[0] > 1, return_dtype=pl.Boolean),
            "deep inside": (pl.col("margin") > 1)
            | pl.col("tags")
            .list.eval(pl.element().map_elements(lambda x: True, return_dtype=pl.Boolean))
            .list.any(),
            "fold": pl.fold(pl.lit(True), lambda a, b: a & b, [pl.col("margin") > 1]),
        }


@pytest.mark.parametrize("word", python_filters())
def test_a_filter_that_runs_a_python_function_is_refused(word):
    with pytest.raises(QueryError, match="runs a Python function or a plugin"):
        to_json(python_filters()[word])


def test_a_plugin_is_refused(tmp_path):
    node = {"FfiPlugin": {"lib": str(tmp_path / "evil.so"), "symbol": "f", "kwargs": []}}
    text = json.dumps({"Function": {"input": [{"Column": "margin"}], "function": node}})
    with pytest.raises(QueryError, match="plugin"):
        from_json(text)


def test_no_pickle_is_opened(tmp_path):
    """Texts that name a function to run, as a pickle does, by whatever name polars may know it."""
    place = tmp_path / "opened"
    pickle = b"cos\nsystem\n(S'touch " + str(place).encode() + b"'\ntR."
    for key in ("AnonymousFunction", "Function", "PythonFunction", "AnyOther"):
        node = {key: {"input": [{"Column": "margin"}], "function": list(pickle), "options": {}}}
        with pytest.raises(QueryError, match="runs a Python function"):
            from_json(json.dumps(node))
    assert not place.exists()


def test_of_a_key_that_is_there_twice_polars_reads_what_was_looked_at():
    harmless, hostile = '{"Column":"margin"}', '{"AnonymousFunction":{"input":[]}}'
    text = f'{{"Alias":[{hostile},"x"],"Alias":[{harmless},"x"]}}'
    assert from_json(text).meta.root_names() == ["margin"]


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "1", "null", "{}", '{"Column":1}', '{"No":{}}', "[" * 5000, '{"Column":"\\ud800"}'],
)
def test_a_text_that_is_no_filter_is_refused(text):
    with pytest.raises(QueryError):
        from_json(text)


@pytest.mark.parametrize(
    "value", [None, True, 1, b"x", {"a": 1}, np.ones(3, bool), pl.Series([True]), object()]
)
def test_what_is_no_expression_is_refused(value):
    with pytest.raises(QueryError, match="no filter"):
        to_json(value)


def test_a_chain_too_long_to_be_read_says_how_to_write_it():
    chain = reduce(operator.or_, (pl.col("margin") == i for i in range(400)))
    with pytest.raises(QueryError, match="is_in"):
        to_json(chain)


@pytest.mark.parametrize(
    "condition", [pl.all() > 1, pl.col("^m.*$") > 1, pl.exclude("margin") > 1, pl.nth(0) > 1]
)
def test_a_filter_of_several_columns_is_refused(condition):
    with pytest.raises(QueryError, match="stands for several columns"):
        column_names([condition], FRAME.columns)


def test_a_column_that_is_not_there_is_named_with_the_nearest_and_all():
    with pytest.raises(QueryError) as refusal:
        column_names([pl.col("margn") < 1], FRAME.columns)
    assert "no column 'margn'; did you mean 'margin'?" in str(refusal.value)
    assert all(name in refusal.value.do for name in FRAME.columns)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (pl.col("margin"), "gives Float64, not true or false"),
        (pl.col("camera").str.to_uppercase(), "gives String, not true or false"),
        (pl.col("margin") == "b", "cannot be computed"),
        (pl.col("margin").head(2) > 0, "cannot be computed"),
        (pl.col("camera").str.to_datetime("%Y") > pl.datetime(2020, 1, 1), "cannot be computed"),
    ],
)
def test_an_expression_that_is_no_condition_is_refused(condition, words):
    with pytest.raises(QueryError, match=words):
        mask_of([condition], FRAME)


NAMES = st.text(min_size=1, max_size=8) | st.sampled_from(["label", "meta.label", "meta.meta.label", "item"])


@given(st.lists(NAMES, unique=True, max_size=8), st.sets(NAMES, max_size=4))
def test_names_in_the_table_are_unique_and_lead_back(columns, own):
    names = metadata_names(columns, own)
    assert list(names.values()) == columns
    assert not set(names) & own
    assert all(new == old or (old in own and new.endswith(old)) for new, old in names.items())


@given(st.text(max_size=20), st.text(min_size=1, max_size=20).filter(lambda name: not name.startswith("^")))
def test_any_text_may_be_a_column_and_a_value(value, name):
    try:
        frame = pl.DataFrame({name: [value, value + "x", None]})
    except UnicodeEncodeError:
        return
    condition = from_json(to_json(pl.col(name) == value))
    assert column_names([condition], frame.columns) == [name]
    assert mask_of([condition], frame).tolist() == [True, False, False]
