"""Labelled boxes: inside the picture, found where label and place agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import Boxes, from_json
from spin_nb.testing import check_task
from spin_nb.types import Extent

TASK = Boxes(["car", "bike"])
PICTURE = Extent(size=(100, 50))


def box(x=10, y=10, width=20, height=20, label="car"):
    return {"label": label, "x": x, "y": y, "width": width, "height": height}


SIDES = st.floats(1e-3, 60, allow_nan=False)
BOXES = st.lists(
    st.builds(box, st.floats(0, 80), st.floats(0, 30), SIDES, SIDES, st.sampled_from(TASK.names)), max_size=6
)


def test_it_keeps_the_contract_of_a_task():
    values = [[], [box()], [box(), box(x=50, label="bike")], [box(x=-0.5)]]
    wrong = [None, {}, "car", box(), [box(x=99)], [box(width=0)], [box(label="bus")], [[1, 2, 3, 4]]]
    check_task(TASK, values, wrong, extent=PICTURE)


def test_numbers_are_stored_as_plain_floats():
    (stored,) = TASK.validate([box(np.int64(1), np.float32(2), 3, 4)])
    assert stored == {"label": "car", "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}
    assert {type(stored[key]) for key in ("x", "y", "width", "height")} == {float}


def test_boxes_keep_the_order_in_which_they_were_drawn():
    assert [b["x"] for b in TASK.validate((box(x=9), box(x=3)))] == [9, 3]


def test_up_to_a_pixel_outside_is_clipped():
    stored = TASK.validate([box(x=-1, y=-0.25), box(x=81, y=30.5)], PICTURE)
    assert stored == [box(x=0, y=0, width=19, height=19.75), box(x=81, y=30.5, width=19, height=19.5)]


def test_where_the_size_is_not_known_only_what_no_picture_has_is_refused():
    assert TASK.validate([box(x=20_000)]) == [box(x=20_000)]
    for wrong in (box(x=-2), box(x=2e6)):
        with pytest.raises(LabelError, match="outside the picture"):
            TASK.validate([wrong])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([box(x=90)], r"x \+ width of box 1 = 110 is outside the picture, which ends at 100"),
        ([box(), box(y=-3)], "y of box 2 = -3 is outside"),
        ([box(width=0)], "width of box 1 is 0, which leaves nothing inside"),
        ([box(height=-4)], "height of box 1 is -4"),
        ([box(x=100, width=1)], "leaves nothing inside"),
        ([box(x=math.nan)], "x of box 1 is nan"),
        ([box(width=math.inf)], "width of box 1 is inf"),
        ([box(x="1")], "x of box 1 is '1', not a number"),
        ([box(x=True)], "True, not a number"),
        ([box(label="cat")], "box 1: 'cat' is not a label of this project; did you mean 'car'"),
        ([box(label=None)], "None is not a label"),
        ([{"label": "car", "x": 1, "y": 1, "width": 1}], "box 1 has no 'height'"),
        ([{"x": 1, "y": 1, "width": 1, "height": 1}], "box 1 has no 'label'"),
        ([box() | {"angle": 3}], "box 1 has 'angle', which this task does not know"),
        ([[1, 2, 3, 4]], "box 1 is .*, not a dictionary"),
        (box(), "not a list"),
        ("car", "not a list"),
        (None, "not a list"),
        ([box()] * 10_001, "10,001 entries"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value, PICTURE)
    assert caught.value.do
    assert len(str(caught.value)) < 1000


def test_a_few_words_say_how_many_and_what():
    assert TASK.describe([]) == "no boxes"
    assert TASK.describe([box()]) == "1 box: car"
    assert TASK.describe([box(), box(label="bike")]) == "2 boxes: car, bike"
    assert len(TASK.describe([box()] * 5000)) == 60


@pytest.mark.parametrize(
    ("said", "truth", "f1"),
    [
        ([], [], 1),
        ([], [box()], 0),
        ([box()], [box(label="bike")], 0),
        ([box(x=30)], [box(x=10)], 0),
        ([box(width=20)], [box(width=10)], 1),  # exactly one half
        ([box(width=20)], [box(width=9.9)], 0),
        ([box(), box()], [box()], 2 / 3),  # one truth is found once
        ([box(), box(x=60)], [box(x=61), box(x=11)], 1),
    ],
)
def test_the_score_is_f1_at_an_overlap_of_one_half(said, truth, f1):
    assert TASK.score(said, truth, PICTURE) == pytest.approx(f1)


def test_pairing_is_the_best_there_is_and_not_the_first_that_fits():
    # The wide one agrees with both truths, the narrow one with the first only.
    wide, narrow = box(x=0, width=20), box(x=0, width=12)
    truth = [box(x=0, width=16), box(x=6, width=14)]
    for said in ([wide, narrow], [narrow, wide]):
        assert TASK.score(said, truth) == TASK.score(said, truth[::-1]) == 1


def test_pairing_agrees_with_an_optimal_assignment():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(0)
    for _ in range(30):
        said, truth = ([box(*at, 20, 20) for at in rng.uniform(0, 25, (12, 2))] for _ in range(2))
        agree = np.array([[TASK.score([a], [b]) for b in truth] for a in said])
        rows, columns = linear_sum_assignment(agree, maximize=True)
        assert TASK.score(said, truth) == pytest.approx(agree[rows, columns].sum() / 12)


def test_ten_thousand_boxes_are_scored():
    many = [box(100 * (i % 100), 100 * (i // 100)) for i in range(10_000)]
    assert TASK.score(many, many[::-1]) == 1


@settings(deadline=None)
@given(BOXES, BOXES)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    stored = TASK.validate(a)
    assert TASK.validate(stored) == stored
    assert TASK.score(a, a) == 1
    assert 0 <= TASK.score(a, b) == TASK.score(b, a) <= 1


@settings(deadline=None)
@given(st.floats(-2, 102), st.floats(-2, 52), st.floats(0, 110), st.floats(0, 60))
def test_what_is_accepted_lies_inside_the_picture_and_is_final(x, y, width, height):
    try:
        stored = TASK.validate([box(x, y, width, height)], PICTURE)
    except LabelError:
        return
    assert TASK.validate(stored, PICTURE) == stored
    (kept,) = stored
    assert 0 <= kept["x"] < kept["x"] + kept["width"] <= 100 + 1e-9
    assert 0 <= kept["y"] < kept["y"] + kept["height"] <= 50 + 1e-9


def test_nothing_is_learned_from_boxes_and_a_fresh_draft_is_an_empty_list():
    assert TASK.outputs == 0
    assert TASK.spec() == {"kind": "boxes", "editor": "boxes", "names": ["car", "bike"], "empty": []}
    TASK.spec()["empty"].append(box())
    assert TASK.spec()["empty"] == []


def test_it_comes_back_from_json():
    assert from_json(TASK.to_json()) == TASK != Boxes(["bike", "car"])
    assert repr(TASK) == "Boxes(['car', 'bike'])"
