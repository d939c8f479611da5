"""Labelled parts of a text, in code points; right only when they are exactly right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import Spans, from_json
from spin_nb.testing import check_task
from spin_nb.types import Extent

TASK = Spans(["person", "place"])
TEXT = Extent(text="👩‍🚀 Ada met Bob in Rome.")


def span(start=0, end=3, label="person"):
    return {"label": label, "start": start, "end": end}


SPANS = st.lists(
    st.builds(
        lambda a, n, label: span(a, a + n, label),
        st.integers(0, 15),
        st.integers(1, 9),
        st.sampled_from(TASK.names),
    )
)


def test_it_keeps_the_contract_of_a_task():
    values = [[], [span()], [span(), span(4, 7)], [span(label="place")]]
    wrong = [None, {}, span(), [span(0, 999)], [span(3, 3)], [span(label="date")], [[0, 3]]]
    check_task(TASK, values, wrong, extent=TEXT)


def test_spans_are_sorted_and_exact_repeats_left_out():
    stored = TASK.validate([span(5, 7), span(0, 9), span(0, 3, "place"), span(), span()])
    assert stored == [span(), span(0, 3, "place"), span(0, 9), span(5, 7)]


def test_numbers_are_stored_as_plain_ints():
    (stored,) = TASK.validate([span(np.int32(1), 4.0)])
    assert (stored["start"], stored["end"]) == (1, 4)
    assert type(stored["start"]) is type(stored["end"]) is int


def test_they_count_code_points_as_python_does():
    end = len(TEXT.text)
    assert TASK.validate([span(0, end)], TEXT) == [span(0, end)]
    with pytest.raises(LabelError, match=f"0 to {end + 1}, but the text has {end} characters"):
        TASK.validate([span(0, end + 1)], TEXT)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([span(3, 3)], "span 1 is 3 to 3, which holds no characters"),
        ([span(), span(5, 2)], "span 2 is 5 to 2, which holds no characters"),
        ([span(-1, 2)], "span 1 begins at -1, before the text"),
        ([span(0.5, 2)], "start of span 1 is 0.5, not a whole number"),
        ([span(True, 2)], "True, not a number"),
        ([span("0", 2)], "'0', not a number"),
        ([span(0, 10**30)], "but the text has"),
        ([span(label="persona")], "span 1: 'persona' is not a label of this project; did you mean 'person'"),
        ([{"start": 0, "end": 3}], "span 1 has no 'label'"),
        ([span() | {"text": "Ada"}], "span 1 has 'text'"),
        ([(0, 3, "person")], "not a dictionary"),
        ("Ada", "not a list"),
        (None, "not a list"),
        ([span()] * 10_001, "10,001 entries"),
    ],
)
@pytest.mark.parametrize("extent", [TEXT, None])
def test_anything_else_is_refused_with_its_reason(value, says, extent):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value, extent)
    assert caught.value.do


@pytest.mark.parametrize(
    ("said", "truth", "f1"),
    [
        ([], [], 1),
        ([span()], [], 0),
        ([span(0, 4)], [span(0, 3)], 0),
        ([span(label="place")], [span()], 0),
        ([span(), span(5, 7)], [span()], 2 / 3),
    ],
)
def test_the_score_is_f1_of_exact_spans(said, truth, f1):
    assert TASK.score(said, truth, TEXT) == pytest.approx(f1)


@settings(deadline=None)
@given(SPANS, SPANS)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    stored = TASK.validate(a)
    assert TASK.validate(stored) == stored == TASK.validate(a[::-1])
    assert TASK.score(a, a) == 1
    assert 0 <= TASK.score(a, b) == TASK.score(b, a) <= 1


def test_it_comes_back_from_json_and_starts_from_an_empty_list():
    assert from_json(TASK.to_json()) == TASK
    assert TASK.spec()["empty"] == []
    assert TASK.describe([span(), span(5, 7, "place")]) == "2 spans: person, place"
