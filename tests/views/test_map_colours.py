"""Every point has a colour, every colour an entry, and missing values are grey."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.views.map import colours


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=60))
def test_any_numbers_get_a_colour_in_order(values):
    values = np.array(values)
    colouring = colours.by_number("x", values, dark=False)
    assert (colouring.values >= 0).all()
    assert (colouring.values < len(colouring.colours)).all()
    known = np.isfinite(values)
    assert (colouring.values[~known] == colours.RAMP_STEPS).all()
    order = np.argsort(values[known], kind="stable")
    assert (np.diff(colouring.values[known][order]) >= 0).all()


def test_states_are_labelled_asked_or_neither_and_a_label_ends_the_asking():
    state = colours.states(4, np.array([-1, 2, -1, 0]), [0, 1])
    assert state.tolist() == [colours.IS_ASKED, colours.HAS_LABEL, colours.NO_LABEL, colours.HAS_LABEL]


def test_a_column_of_words_keeps_its_commonest_values_and_greys_the_rest():
    words = pl.Series([f"w{i}" for i in range(40)] + ["often"] * 9 + [None] * 5)
    legend = colours.by_column("word", words, dark=False).legend
    counts = {entry["name"]: entry["count"] for entry in legend["entries"]}
    assert counts["often"] == 9
    assert counts["missing"] == 5
    assert counts["other"] == 54 - sum(count for name, count in counts.items() if name != "other")


def test_clusters_are_named_by_number_the_largest_first_and_what_is_in_none_is_grey():
    colouring = colours.by_cluster(np.array([0, 0, 1, -1]))
    entries = [(entry["name"], entry["count"]) for entry in colouring.legend["entries"]]
    assert entries == [("0", 2), ("1", 1), ("in none", 1)]
    many = colours.by_cluster(np.arange(40))
    assert many.legend["entries"][-1]["count"] == 40 - colours.MOST_CLUSTERS
    assert "those from 23 on are grey" in many.legend["note"]
    assert colours.by_cluster(np.full(3, -1)).legend["entries"][0]["count"] == 3


def test_few_whole_numbers_are_categories_many_are_a_scale():
    assert "ramp" not in colours.by_column("k", pl.Series([1, 2, 3] * 5), dark=False).legend
    assert "ramp" in colours.by_column("k", pl.Series(range(50)), dark=False).legend


def test_more_classes_than_colours_begin_again_and_all_are_named():
    names = [f"c{i}" for i in range(30)]
    colouring = colours.by_class("t", np.arange(30), names, "rest")
    assert colouring.colours[24] == colouring.colours[0]
    assert [entry["name"] for entry in colouring.legend["entries"]] == names
