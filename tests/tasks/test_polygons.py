"""Labelled outlines: at least three points around something, found where label and place agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import Polygons, from_json
from spin_nb.tasks._shapes import iou, polygon_area
from spin_nb.testing import check_task
from spin_nb.types import Extent

TASK = Polygons(["leaf", "stem"])
PICTURE = Extent(size=(100, 50))
SQUARE = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
OUTLINES = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), min_size=3, max_size=8)


def polygon(points=SQUARE, label="leaf"):
    return {"label": label, "points": points}


def moved(x, y=0):
    return polygon([[a + x, b + y] for a, b in SQUARE])


def test_it_keeps_the_contract_of_a_task():
    values = [[], [polygon()], [moved(30), moved(60)], [polygon(label="stem")]]
    wrong = [None, {}, polygon(), [polygon(SQUARE[:2])], [moved(90)], [polygon(label="root")], [SQUARE]]
    check_task(TASK, values, wrong, extent=PICTURE)


def test_points_are_stored_as_plain_floats():
    (stored,) = TASK.validate([polygon(np.array(SQUARE, np.float32))])
    assert stored == polygon()
    assert {type(n) for point in stored["points"] for n in point} == {float}


def test_repeated_points_and_the_one_that_closes_the_outline_are_left_out():
    again = [SQUARE[0], SQUARE[0], *SQUARE[1:], SQUARE[3], SQUARE[0]]
    assert TASK.validate([polygon(again)]) == [polygon()]


def test_up_to_a_pixel_outside_is_clipped():
    (stored,) = TASK.validate([polygon([[-0.5, 0], [100.9, 0], [50, 51]])], PICTURE)
    assert stored["points"] == [[0, 0], [100, 0], [50, 50]]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([polygon(SQUARE[:2])], "polygon 1 has 2 different points"),
        ([polygon([])], "polygon 1 has 0 different points"),
        ([polygon([[0, 0], [9, 9], [0, 0]])], "2 different points"),
        ([polygon([[0, 0], [0.1, 0.1], [0.3, 0.3]])], "polygon 1 encloses nothing"),
        ([polygon([[3, 0], [3, 7], [3, 9]])], "encloses nothing"),
        ([polygon([*SQUARE, [200, 3]])], "x of point 5 of polygon 1 = 200 is outside the picture"),
        ([polygon([*SQUARE, [3]])], "point 5 of polygon 1 has 1 numbers"),
        ([polygon([[0, 0], [math.nan, 0], [1, 1]])], "x of point 2 of polygon 1 is nan"),
        ([polygon([0, 0, 9, 0, 5, 7])], "point 1 of polygon 1 is 0, not a list"),
        ([polygon("abc")], "points of polygon 1 is 'abc', not a list"),
        (
            [polygon(), polygon(label="leave")],
            "polygon 2: 'leave' is not a label of this project; did you mean 'leaf'",
        ),
        ([{"points": SQUARE}], "polygon 1 has no 'label'"),
        ([polygon() | {"holes": []}], "polygon 1 has 'holes'"),
        ([SQUARE], "polygon 1 is .*, not a dictionary"),
        (None, "not a list"),
        ([polygon()] * 10_001, "10,001 entries"),
        ([polygon(SQUARE * 2501)], "10,004 entries"),
        ([polygon(SQUARE * 2001)] * 13, "more than 100,000 points"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value, PICTURE)
    assert caught.value.do
    assert len(str(caught.value)) < 1000


def test_a_few_words_say_how_many_and_what():
    assert TASK.describe([]) == "no polygons"
    assert TASK.describe([polygon(), polygon(label="stem")]) == "2 polygons: leaf, stem"


@pytest.mark.parametrize(
    ("said", "truth", "f1"),
    [
        ([], [], 1),
        ([polygon()], [], 0),
        ([polygon()], [polygon(label="stem")], 0),
        ([polygon()], [moved(6)], 1),  # 14 / 26
        ([polygon()], [moved(7)], 0),  # 13 / 27
        ([polygon(), moved(40)], [moved(41)], 2 / 3),
        ([polygon(), polygon()], [polygon()], 2 / 3),
    ],
)
def test_the_score_is_f1_at_an_overlap_of_one_half(said, truth, f1):
    assert TASK.score(said, truth, PICTURE) == pytest.approx(f1)


SHAPES = {
    "square": np.array(SQUARE),
    "triangle": np.array([[0, 0], [20, 0], [0, 20]], float),
    "bow tie": np.array([[0, 0], [20, 20], [20, 0], [0, 20]], float),
    "u": np.array([[0, 0], [20, 0], [20, 20], [15, 20], [15, 5], [5, 5], [5, 20], [0, 20]], float),
}


@pytest.mark.parametrize(("name", "area"), [("square", 400), ("triangle", 200), ("bow tie", 200), ("u", 250)])
def test_areas_are_those_inside_by_the_even_odd_rule(name, area):
    assert polygon_area(SHAPES[name]) == pytest.approx(area, rel=5e-3)
    assert iou(SHAPES[name], SHAPES["square"]) == pytest.approx(area / 400, rel=5e-3)


def test_of_shapes_that_cross_only_what_lies_in_both_is_shared():
    assert iou(SHAPES["u"], SHAPES["u"] + [0, 5]) == pytest.approx(150 / 350, rel=0.02)
    assert iou(SHAPES["square"], SHAPES["square"] + [20, 0]) == 0
    assert iou(SHAPES["square"], SHAPES["square"] + [0, 100]) == 0


def test_of_circles_the_overlap_is_that_of_the_formula():
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for shift in (1, 5, 12):
        lens = 200 * math.acos(shift / 20) - shift / 2 * math.sqrt(400 - shift**2)
        assert iou(circle, circle + shift * np.array([0.6, 0.8])) == pytest.approx(
            lens / (200 * math.pi - lens), abs=2e-3
        )


@settings(deadline=None)
@given(OUTLINES, OUTLINES)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    try:
        first, second = (TASK.validate([polygon(points)], PICTURE) for points in (a, b))
    except LabelError:
        return
    assert TASK.validate(first, PICTURE) == first
    assert TASK.score(first, first, PICTURE) == 1
    assert 0 <= TASK.score(first, second) == TASK.score(second, first) <= 1


def test_it_comes_back_from_json_and_starts_from_an_empty_list():
    assert from_json(TASK.to_json()) == TASK
    assert TASK.spec()["empty"] == []
    assert TASK.outputs == 0
