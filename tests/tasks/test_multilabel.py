"""Several classes per item: a set of names, scored by F1, suggested class by class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from spin_nb.errors import LabelError, ModelError
from spin_nb.tasks import MultiLabel, from_json
from spin_nb.testing import check_task

TASK = MultiLabel(["car", "rain", "night"])
SETS = st.lists(st.sampled_from(TASK.names), max_size=6)


def test_it_keeps_the_contract_of_a_task():
    check_task(
        TASK, [[], ["car"], ["rain", "night"], ["car", "rain", "night"]], ["car", None, ["bus"], 3, {}]
    )


def test_a_value_is_in_the_order_of_the_task_each_name_once():
    assert TASK.validate(["night", "car", "night"]) == ["car", "night"]
    assert TASK.validate({"rain", "car"}) == TASK.validate(("car", "rain")) == ["car", "rain"]
    assert TASK.validate(np.array(["night"])) == ["night"]
    assert type(TASK.validate(np.array(["night"]))[0]) is str


def test_nothing_is_an_answer_of_its_own_and_no_draft_starts_from_it():
    assert TASK.validate([]) == []
    assert TASK.describe([]) == "none of them"
    assert TASK.spec()["empty"] is None


def test_one_name_is_enough():
    assert MultiLabel(["broken"]).validate(["broken"]) == ["broken"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("car", "'car', not a list"),
        (["cart"], "'cart' is not a class of this project; did you mean 'car'"),
        ([1], "1 is not a class"),
        ([["car"]], "is not a class"),
        (None, "None, not a list"),
        ({"car": True}, "not a list"),
        (["car"] * 10_001, "10,001 entries; 10,000 is the most"),
        (["\ud800"], "is not a class"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value)
    assert caught.value.do


@pytest.mark.parametrize(
    ("said", "truth", "f1"), [([], [], 1), (["car"], [], 0), (["car", "rain"], ["car"], 2 / 3)]
)
def test_the_score_is_f1_of_the_two_sets(said, truth, f1):
    assert TASK.score(said, truth) == pytest.approx(f1)


def test_the_target_is_one_where_a_class_applies():
    target = TASK.target(["car", "night"])
    assert (target.dtype, target.tolist()) == (np.float32, [1, 0, 1])


def test_the_suggestion_is_every_class_likelier_than_not_and_p_that_all_are_right():
    value, p = TASK.suggestion([0.9, 0.2, 0.51], [0.1, 0.0, 0.3])
    z = np.abs(np.array([0.4, -0.3, 0.01])) / np.sqrt(np.array([0.1, 0.0, 0.3]) ** 2 + 0.2**2)
    assert value == ["car", "night"]
    assert p == pytest.approx(float(np.prod(ndtr(z))))


@pytest.mark.parametrize("mean", [[0.5] * 2, [[0.5] * 3], [np.nan, 0, 0], [np.inf, 0, 0]])
def test_a_prediction_that_is_none_is_refused(mean):
    with pytest.raises(ModelError):
        TASK.suggestion(mean, np.full(np.shape(mean), 0.1))
    with pytest.raises(ModelError, match="negative"):
        TASK.suggestion([0.5] * 3, [-1.0, 0.1, 0.1])


@settings(deadline=None)
@given(SETS, SETS)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    stored = TASK.validate(a)
    assert TASK.validate(stored) == stored
    assert TASK.score(a, a) == 1
    assert 0 <= TASK.score(a, b) == TASK.score(b, a) <= 1
    assert (TASK.score(a, b) == 1) == (set(a) == set(b))


@settings(deadline=None)
@given(st.lists(st.floats(-2, 3), min_size=3, max_size=3), st.lists(st.floats(0, 2), min_size=3, max_size=3))
def test_every_prediction_gives_an_allowed_value_and_a_probability(mean, sd):
    value, p = TASK.suggestion(mean, sd)
    assert TASK.validate(value) == value
    assert 0 < p < 1


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=8))
def test_every_list_that_is_accepted_comes_back_from_json(names):
    try:
        task = MultiLabel(names)
    except LabelError:
        return
    assert from_json(task.to_json()) == task


@pytest.mark.parametrize("names", [[], "car", ["a", "a"], [""], [3]])
def test_a_bad_list_of_names_is_refused(names):
    with pytest.raises(LabelError):
        MultiLabel(names)
