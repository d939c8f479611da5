"""Pairs: which of two is better, or how well they fit; classes to a model."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import Classes, Pairs, from_json
from spin_nb.testing import check_task

GRADED = Pairs(question="Does the answer fit?", grades=["no", "partly", "yes"])


@pytest.mark.parametrize(
    ("task", "values"),
    [
        (Pairs(), ["first", "second", "equal"]),
        (Pairs(tie=False), ["first", "second"]),
        (GRADED, ["no", "yes"]),
    ],
)
def test_it_keeps_the_contract_of_a_task(task, values):
    check_task(task, values, ["third", "", None, 1, ["first"]])


def test_answers_are_columns_in_their_order():
    assert Pairs().names == ("first", "second", "equal")
    assert Pairs(tie=False).names == ("first", "second")
    assert [GRADED.index(grade) for grade in GRADED.names] == [0, 1, 2]


def test_without_ties_equal_is_refused():
    with pytest.raises(LabelError, match="'equal' is not an answer of this project") as caught:
        Pairs(tie=False).validate("equal")
    assert caught.value.do == "Use one of: first, second."


def test_a_grade_is_refused_where_there_are_none_and_an_answer_where_there_are():
    for task, value in ((Pairs(), "yes"), (GRADED, "first")):
        with pytest.raises(LabelError, match="not an answer"):
            task.validate(value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"question": " "}, "question has 0 characters"),
        ({"question": "?" * 501}, "question has 501 characters"),
        ({"question": "\u200b"}, "nobody sees U\\+200B"),
        ({"question": 3}, "question is 3, not text"),
        ({"question": "\ud800"}, "not valid Unicode"),
        ({"tie": 1}, "tie=1 is neither True nor False"),
        ({"grades": ["yes", "yes"]}, "grade 'yes' is listed twice"),
        ({"grades": ["yes"]}, "leaves nothing to tell apart"),
        ({"grades": []}, "leaves nothing to tell apart"),
        ({"grades": "yes"}, "grades='yes' is not a list of names"),
        ({"grades": [0, 1]}, "grade names are text"),
    ],
)
def test_a_bad_task_says_what_is_wrong_with_it(arguments, says):
    with pytest.raises(LabelError, match=says) as caught:
        Pairs(**arguments)
    assert caught.value.do


def test_the_question_fits_what_is_asked():
    assert Pairs().question == "Which is better?"
    assert Pairs("Which is sharper?").spec()["question"] == "Which is sharper?"
    assert Pairs(grades=["no", "yes"]).question == "How well do they fit?"


def test_the_editor_is_told_question_tie_and_grades():
    assert Pairs(tie=False).spec() == {
        "kind": "pairs",
        "editor": "pairs",
        "names": ["first", "second"],
        "question": "Which is better?",
        "tie": False,
        "grades": None,
        "empty": None,
    }
    assert GRADED.spec()["grades"] == ["no", "partly", "yes"]


def test_the_score_is_exact():
    assert Pairs().score("first", "first") == 1
    assert Pairs().score("first", "equal") == 0


@settings(deadline=None)
@given(
    st.text(st.characters(codec="utf-8")),
    st.booleans(),
    st.none() | st.lists(st.text(max_size=3), max_size=4),
)
def test_every_pair_that_is_accepted_comes_back_from_json(question, tie, grades):
    try:
        task = Pairs(question, tie=tie, grades=grades)
    except LabelError:
        return
    assert from_json(task.to_json()) == task
    assert all(task.validate(task.validate(name)) == name for name in task.names)


def test_it_is_not_a_list_of_classes_of_the_same_names():
    assert Pairs(tie=False) != Classes(["first", "second"])
