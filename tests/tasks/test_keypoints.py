"""Named points: every one placed or not visible, right within 5 % of the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError, ModelError
from spin_nb.tasks import Keypoints, from_json
from spin_nb.testing import check_task
from spin_nb.types import Extent

TASK = Keypoints(["nose", "tail"], skeleton=[("nose", "tail")])
PICTURE = Extent(size=(100, 50))
PLACES = st.none() | st.tuples(st.floats(0, 100), st.floats(0, 50))
VALUES = st.fixed_dictionaries({"nose": PLACES, "tail": PLACES})


def points(nose=(10, 20), tail=None):
    return {"nose": nose, "tail": tail}


def test_it_keeps_the_contract_of_a_task():
    values = [points(), points(None), points((1, 2), (99.5, 50)), points((100.5, 0), (50, 25))]
    wrong = [None, [], "nose", {}, points((102, 0)), points((1,)), points() | {"ear": None}, {"nose": None}]
    check_task(TASK, values, wrong, extent=PICTURE)


def test_points_are_stored_in_the_order_of_the_task_as_plain_floats():
    stored = TASK.validate({"tail": np.array([3, 4]), "nose": None})
    assert list(stored.items()) == [("nose", None), ("tail", [3.0, 4.0])]
    assert [type(at) for at in stored["tail"]] == [float, float]


def test_up_to_a_pixel_outside_is_clipped():
    assert TASK.validate(points((-0.5, 50.9)), PICTURE) == points([0.0, 50.0])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (points((101.5, 3)), "x of 'nose' = 101.5 is outside the picture, which ends at 100"),
        (points(tail=(3, -2)), "y of 'tail' = -2 is outside"),
        (points((math.nan, math.nan)), "x of 'nose' is nan"),
        (points((3, math.inf)), "y of 'nose' is inf"),
        (points((1, 2, 3)), "'nose' has 3 numbers, not two"),
        (points(7), "'nose' is 7, not a list"),
        (points("12"), "'nose' is '12', not a list"),
        (points((True, 3)), "True, not a number"),
        ({"nose": None}, "'tail' is missing"),
        (points() | {"nsoe": None}, "'nsoe' is not a point of this project; did you mean 'nose'"),
        ({"nose": None, "nose ": None, "tail": None}, "'nose' is there twice"),
        ({1: None}, "1 is not a point"),
        ([], r"\[\], not a dictionary of points"),
        (None, "None, not a dictionary"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value, PICTURE)
    assert caught.value.do


def test_who_gives_a_bad_place_hears_how_to_say_not_visible():
    with pytest.raises(LabelError) as caught:
        TASK.validate(points((math.nan, 3)))
    assert "None for a point that is not visible" in caught.value.do


@pytest.mark.parametrize(
    ("skeleton", "says"),
    [
        ([("nose", "ear")], "line 1 of the skeleton: 'ear' is not a point"),
        ([("nose", "nose")], "line 1 of the skeleton is"),
        ([("nose",)], "line 1 of the skeleton is"),
        ([("nose", "tail"), ("tail", "nose")], "joins two points twice"),
        (["nose"], "line 1 of the skeleton is 'nose', not a list"),
        ("nose", "skeleton is 'nose', not a list"),
        ([(0, 1)], "0 is not a point"),
    ],
)
def test_a_bad_skeleton_says_what_is_wrong_with_it(skeleton, says):
    with pytest.raises(LabelError, match=says):
        Keypoints(["nose", "tail"], skeleton=skeleton)


@pytest.mark.parametrize(
    ("said", "truth", "share"),
    [
        (points(None), points(None), 1),
        (points((10, 20)), points((13, 24)), 1),  # exactly 5 of 100 pixels away
        (points((10, 20)), points((13.1, 24)), 0.5),
        (points((10, 20)), points(None), 0.5),
        (points(None), points((10, 20)), 0.5),
        (points((10, 20), (1, 1)), points((90, 20), (99, 1)), 0),
    ],
)
def test_the_score_is_the_share_of_points_that_are_right(said, truth, share):
    assert TASK.score(said, truth, PICTURE) == share


def test_where_the_size_is_not_known_five_percent_of_the_truths_own_box_count():
    truth = points((0, 0), (200, 100))
    assert TASK.score(points((6, 8), (200, 100)), truth) == 1
    assert TASK.score(points((6, 9), (200, 100)), truth) == 0.5
    assert TASK.score(points((1, 1)), points((1, 1.5))) == 0.5  # one point has no box


def test_the_target_is_each_place_as_a_share_of_the_picture():
    target = TASK.target(points((25, 5)), PICTURE)
    np.testing.assert_array_equal(target, np.array([0.25, 0.1, np.nan, np.nan], np.float32))


def test_without_the_size_there_is_nothing_to_learn():
    for size in (None, Extent(), Extent(text="no picture")):
        with pytest.raises(LabelError, match="size of the picture is not known"):
            TASK.target(points(), size)
        with pytest.raises(LabelError, match="size of the picture is not known"):
            TASK.suggestion([0.5] * 4, [0.1] * 4, size)


def test_a_point_is_suggested_at_its_mean_in_pixels_and_nan_as_not_visible():
    value, _ = TASK.suggestion([0.3, 0.5, np.nan, np.nan], [0.01, 0.01, np.nan, np.nan], PICTURE)
    assert value == {"nose": [30.0, 25.0], "tail": None}
    assert TASK.suggestion([1.5, -0.2, np.nan, 0.5], [0.01] * 4, PICTURE)[0] == points([100.0, 0.0])


def test_with_equal_spread_p_is_that_of_a_rayleigh_distance():
    square = Extent(size=(200, 200))
    for sd in (0.001, 0.02, 0.05, 0.5):
        _, p = Keypoints(["nose"]).suggestion([0.4, 0.6], [sd, sd], square)
        assert p == pytest.approx(1 - math.exp(-((10 / (200 * sd)) ** 2) / 2), abs=1e-3)


@pytest.mark.parametrize("mean", [(0.4, 0.6), (1.02, 0.5), (0.5, -0.1)])
@pytest.mark.parametrize("sd", [(0.01, 0.08), (0.3, 0.001), (0.04, 0.02)])
def test_p_is_the_share_of_draws_that_would_be_right(mean, sd):
    task, rng = Keypoints(["nose"]), np.random.default_rng(0)
    value, p = task.suggestion(mean, sd, PICTURE)
    draws = rng.normal(mean, sd, (200_000, 2)) * [100, 50]
    right = np.hypot(*(draws - value["nose"]).T) <= 5
    assert p == pytest.approx(right.mean(), abs=4e-3)


def test_p_is_the_mean_over_the_suggested_points_and_low_where_there_are_none():
    one = Keypoints(["nose"]).suggestion([0.3, 0.5], [0.02, 0.02], PICTURE)[1]
    two = TASK.suggestion([0.3, 0.5, np.nan, np.nan], [0.02] * 4, PICTURE)[1]
    assert one == pytest.approx(two)
    value, p = TASK.suggestion([np.nan] * 4, [np.nan] * 4, PICTURE)
    assert value == {"nose": None, "tail": None}
    assert 0 < p < 1e-3


@pytest.mark.parametrize(
    ("mean", "sd"),
    [([0.5] * 3, [0.1] * 3), ([np.inf] * 4, [0.1] * 4), ([0.5] * 4, [np.nan] * 4), ([0.5] * 4, [-1] * 4)],
)
def test_a_prediction_that_is_none_is_refused(mean, sd):
    with pytest.raises(ModelError):
        TASK.suggestion(mean, sd, PICTURE)


@settings(deadline=None)
@given(VALUES, VALUES)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    stored = TASK.validate(a, PICTURE)
    assert TASK.validate(stored, PICTURE) == stored
    for extent in (PICTURE, None):
        assert TASK.score(a, a, extent) == 1
        assert 0 <= TASK.score(a, b, extent) <= 1


@settings(deadline=None)
@given(
    st.lists(st.floats(-1, 2) | st.just(math.nan), min_size=4, max_size=4),
    st.lists(st.floats(0, 2), min_size=4, max_size=4),
)
def test_every_prediction_gives_an_allowed_value_and_a_probability(mean, sd):
    value, p = TASK.suggestion(mean, sd, PICTURE)
    assert TASK.validate(value, PICTURE) == value
    assert 0 < p < 1


def test_the_editor_is_told_the_skeleton_and_starts_with_nothing_said():
    assert TASK.spec() == {
        "kind": "keypoints",
        "editor": "keypoints",
        "names": ["nose", "tail"],
        "skeleton": [["nose", "tail"]],
        "empty": None,
    }


def test_it_comes_back_from_json():
    assert from_json(TASK.to_json()) == TASK != Keypoints(["nose", "tail"])
    assert from_json(TASK.to_json()).skeleton == (("nose", "tail"),)
