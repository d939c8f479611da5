"""Free text: never blank, kept as written, compared by edit distance."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import FreeText, from_json
from spin_nb.tasks._edits import levenshtein
from spin_nb.testing import check_task

TASK = FreeText(max_length=200)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def test_it_keeps_the_contract_of_a_task():
    check_task(
        TASK,
        ["a red bus", "ein roter Bus", "x\ny", " <b>"],
        ["", "  \n", None, 3, ["a"], "a" * 201, "\ud800"],
    )


def test_it_is_kept_as_written_in_one_normal_form():
    assert TASK.validate("  Cafe\u0301\n") == "  Caf\u00e9\n"


def test_length_is_counted_in_code_points_after_normalising():
    assert FreeText(max_length=1).validate("e\u0301") == "é"
    assert FreeText(max_length=1).validate("😀") == "😀"
    with pytest.raises(LabelError, match="2 characters; 1 are allowed"):
        FreeText(max_length=1).validate("ab")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "blank"),
        (" \t\n\u00a0\u3000", "blank"),
        ("\u200b\u2060", "blank"),  # nothing of it can be seen
        ("a\udcff", "not valid Unicode"),
        (b"abc", "not text"),
        (7, "7, not text"),
        (None, "None, not text"),
        ("a" * 1_000_000, "1,000,000 characters; 200 are allowed"),
    ],
)
def test_anything_else_is_refused_with_its_reason(value, says):
    with pytest.raises(LabelError, match=says) as caught:
        TASK.validate(value)
    assert caught.value.do
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("length", [0, -1, 100_001, 2.5, "9", None, True])
def test_a_bad_length_is_refused(length):
    with pytest.raises(LabelError):
        FreeText(max_length=length)


def test_the_first_words_describe_it_on_one_line():
    assert TASK.describe("a  red\nbus") == "“a red bus”"
    long = TASK.describe("word " * 40)
    assert len(long) == 60
    assert long.endswith("…”")


@pytest.mark.parametrize(
    ("said", "truth", "score"),
    [
        ("bus", "bus", 1),
        (" a red   bus\n", "a red bus", 1),
        ("kitten", "sitting", 1 - 3 / 7),
        ("abc", "xyz", 0),
        ("a", "aaaa", 0.25),
    ],
)
def test_the_score_is_the_share_of_characters_left_as_they_are(said, truth, score):
    assert TASK.score(said, truth) == pytest.approx(score)


def plain_levenshtein(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1]


@settings(deadline=None)
@given(st.text("abc", max_size=90), st.text("abc", max_size=90))
def test_the_distance_is_that_of_the_textbook_table(a, b):
    assert levenshtein(a, b) == plain_levenshtein(a, b) == levenshtein(b, a)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_stored_values_are_final_and_scores_lie_in_0_to_1(a, b):
    try:
        first, second = TASK.validate(a), TASK.validate(b)
    except LabelError:
        return
    assert TASK.validate(first) == first
    assert TASK.score(a, a) == 1
    assert 0 <= TASK.score(first, second) == TASK.score(second, first) <= 1


def test_the_longest_texts_are_compared_exactly():
    assert FreeText().score("ab" * 5000, "ab" * 4999 + "ba") == pytest.approx(1 - 2 / 10_000)


def test_the_editor_is_told_the_length_and_starts_from_nothing():
    assert TASK.spec() == {
        "kind": "freetext",
        "editor": "freetext",
        "names": [],
        "max_length": 200,
        "empty": None,
    }
    assert from_json(TASK.to_json()) == TASK != FreeText()
    assert repr(FreeText()) == "FreeText()"
