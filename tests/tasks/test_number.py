"""One number per item: within its range, on its step, suggested with the probability of being close."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from spin_nb.errors import LabelError, ModelError
from spin_nb.tasks import Number, from_json
from spin_nb.testing import check_task

TASK = Number(-5, 5, unit="mm")
ENDS = st.floats(-1e9, 1e9)


@pytest.mark.parametrize("task", [TASK, Number(-5, 5, step=0.5), Number(-5, 5, step=3)])
def test_it_keeps_the_contract_of_a_task(task):
    check_task(task, [-5, 1.0, 4, np.float32(2)], [5.1, -6, "3", None, True, math.nan, math.inf, [1], {}])


@pytest.mark.parametrize("value", [3, 3.0, np.float32(3), np.int8(3), np.array(3.0)])
def test_every_kind_of_number_is_stored_as_a_plain_float(value):
    assert TASK.validate(value) == 3.0
    assert type(TASK.validate(value)) is float


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5.5, "5.5 mm is outside -5 to 5 mm"),
        (True, "True, not a number"),
        (np.bool_(True), "not a number"),
        ("3", "'3', not a number"),
        (math.nan, "nan, which no label can be"),
        (-math.inf, "inf"),
        (10**400, "inf"),
        (None, "None, not a number"),
        ([3], "not a number"),
        (np.array([3.0]), "not a number"),
        (3j, "not a number"),
        (Decimal(3), "not a number"),
        (np.datetime64("2020-01-01"), "not a number"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value)
    assert caught.value.do


def test_an_end_that_lost_its_last_digits_is_that_end():
    assert Number(0, 2 / 3).validate(0.666666666667) == 2 / 3


@pytest.mark.parametrize(
    ("step", "value", "stored"),
    [(0.1, 0.30000001, 0.3), (0.3, 1.0, 0.9), (0.25, 0.6, 0.5), (1, 0.5, 0.0), (1, 0.6, 1.0)],
)
def test_values_are_rounded_to_the_step(step, value, stored):
    assert Number(0, 1, step=step).validate(value) == stored


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((1, 1), "leave no range"),
        ((2, 1), "leave no range"),
        ((-1.7e308, 1.7e308), "leave no range"),
        ((0, math.inf), "high is inf"),
        ((math.nan, 1), "low is nan"),
        (("0", 1), "low is '0'"),
        ((0, 1, 0), "step=0 does not divide"),
        ((0, 1, -0.1), "does not divide"),
        ((0, 1, 2), "does not divide"),
        ((1e15, 1e15 + 8, 1e-3), "does not divide"),
        ((0, 1, True), "step is True"),
        ((0, 1, None, 7), "unit is 7, not text"),
        ((0, 1, None, "m" * 21), "unit .* is too long"),
        ((0, 1, None, "\ud800"), "not valid Unicode"),
    ],
)
def test_a_bad_range_says_what_is_wrong_with_it(arguments, says):
    with pytest.raises(LabelError, match=says) as caught:
        Number(*arguments)
    assert caught.value.do


def test_a_number_is_described_with_its_unit():
    assert TASK.describe(0.42) == "0.42 mm"
    assert Number(0, 1e8).describe(12345678.0) == "12345678"


def test_the_score_is_the_error_as_a_share_of_the_range():
    assert TASK.score(-5, 5) == 0
    assert TASK.score(1, 2) == pytest.approx(0.9)


def test_the_target_is_the_place_in_the_range():
    assert TASK.target(-5).tolist() == [0]
    assert TASK.target(2.5).tolist() == [0.75]


def test_without_a_step_close_means_two_percent_of_the_range():
    value, p = TASK.suggestion([0.6], [0.03])
    assert value == 1.0
    assert p == pytest.approx(2 * ndtr(0.02 / 0.03) - 1)


def test_with_a_step_close_means_half_of_it():
    value, p = Number(0, 10, step=1).suggestion([0.33], [0.05])
    assert value == 3.0
    assert p == pytest.approx(ndtr((0.35 - 0.33) / 0.05) - ndtr((0.25 - 0.33) / 0.05))


def test_what_is_predicted_beyond_an_end_counts_as_that_end():
    value, p = TASK.suggestion([1.2], [0.05])
    assert value == 5.0
    assert p == pytest.approx(ndtr((1.2 - 0.98) / 0.05))
    _, p = Number(0, 10, step=1).suggestion([-3.0], [0.1])
    assert p > 0.999


def test_a_suggestion_has_no_more_digits_than_a_person_would_read():
    assert Number(0, 100).suggestion([1 / 3], [0.1])[0] == 33.3
    assert Number(0, 0.001).suggestion([1 / 3], [0.1])[0] == 0.000333


@pytest.mark.parametrize(("mean", "sd"), [([np.nan], [1.0]), ([0.5], [np.nan]), ([0.5], [-1.0]), (0.5, 0.1)])
def test_a_prediction_that_is_none_is_refused(mean, sd):
    with pytest.raises(ModelError):
        TASK.suggestion(mean, sd)


@settings(deadline=None)
@given(ENDS, ENDS, st.none() | st.floats(1e-6, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_every_range_comes_back_from_json_and_keeps_its_values(low, high, step, one, other):
    try:
        task = Number(low, high, step=step)
    except LabelError:
        return
    assert from_json(task.to_json()) == task
    a, b = (min(max(low + part * (high - low), low), high) for part in (one, other))
    stored = task.validate(a)
    assert task.validate(stored) == stored
    assert task.low <= stored <= task.high
    assert task.score(a, a) == 1
    assert 0 <= task.score(a, b) <= 1


@settings(deadline=None)
@given(st.floats(-3, 3), st.floats(0, 3), st.sampled_from([None, 0.1, 1, 3]))
def test_every_prediction_gives_an_allowed_value_and_a_probability(mean, sd, step):
    task = Number(-5, 5, step=step)
    value, p = task.suggestion([mean], [sd])
    assert task.validate(value) == value
    assert 0 < p < 1


def test_equal_by_content():
    assert Number(0, 1) == Number(0.0, 1.0, step=None, unit="") != Number(0, 1, unit="mm")
    assert repr(Number(0, 1, step=0.5, unit="mm")) == "Number(0.0, 1.0, step=0.5, unit='mm')"
