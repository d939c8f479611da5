"""Two side by side and one answer."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

SPEC = {"kind": "pairs", "editor": "pairs", "names": ["first", "second", "equal"], "question": "Which is clearer?",
        "tie": True, "grades": None, "empty": None}  # fmt: skip
GRADES = {
    **SPEC,
    "names": ["no", "partly", "yes"],
    "grades": ["no", "partly", "yes"],
    "question": "How well do they fit?",
}
ROW = {"mime": "application/json", "data": {"query": "card lost", "document": "How do I report a lost card?"}}
PARTS = {
    "mime": "multipart/mixed",
    "data": None,
    "parts": [
        {"name": "left.txt", "mime": "text/plain", "data": "One."},
        {"name": "right", "mime": "application/json", "data": {"price": "3"}},
    ],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("1", "first"),
        ("ArrowLeft", "first"),
        ("2", "second"),
        ("ArrowRight", "second"),
        ("3", "equal"),
        ("=", "equal"),
    ],
)
def test_keys(editor, key, value):
    editor.open(SPEC, ROW, ROW)
    editor.keys(key)
    assert editor.submitted == [value]


def test_without_a_tie_there_are_two_answers(editor):
    editor.open({**SPEC, "names": ["first", "second"], "tie": False}, ROW)
    editor.keys("3", "=")
    assert editor.submitted == []
    assert editor.page.locator(".spin-class .spin-word").all_text_contents() == ["First", "Second"]


def test_two_columns_stand_side_by_side(editor):
    editor.open(SPEC, ROW)
    sides = editor.page.locator(".spin-side")
    assert sides.locator(".spin-side-name").all_text_contents() == ["Firstquery", "Seconddocument"]
    assert sides.locator(".spin-side-body").all_text_contents() == list(ROW["data"].values())
    left, right = sides.nth(0).bounding_box(), sides.nth(1).bounding_box()
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert editor.text(".spin-question") == "Which is clearer?"


def test_two_parts_are_each_drawn_by_what_they_are(editor):
    editor.open(SPEC, PARTS)
    sides = editor.page.locator(".spin-side")
    assert "One." in sides.nth(0).text_content()
    assert sides.nth(1).locator("table").count() == 1


def test_a_part_that_cannot_be_shown_says_why_beside_the_other(editor):
    broken = {"name": "b", "mime": "image/png", "broken": "the file is cut off."}
    editor.open(SPEC, {**PARTS, "parts": [PARTS["parts"][0], broken]}, ROW)
    assert "the file is cut off." in editor.page.locator(".spin-side").nth(1).text_content()
    editor.keys("1")
    assert editor.submitted == ["first"]


def test_one_text_is_shown_as_it_is(editor):
    editor.open(SPEC, {"data": "A: yes. B: no."})
    assert editor.text(".spin-frame") == "A: yes. B: no."


def test_the_suggestion_and_enter(editor):
    editor.open(SPEC, {**ROW, "suggestion": {"value": "second", "p": 0.7}}, ROW)
    assert editor.page.get_by_label("Second, suggested, 70 percent, Enter accepts").count() == 1
    editor.shot("pairs")
    editor.keys("Enter")
    assert editor.submitted == ["second"]


def test_grades_are_classes_and_arrows_say_nothing(editor):
    editor.open(GRADES, {**ROW, "suggestion": {"value": "partly", "p": 0.5}}, ROW)
    editor.shot("pairs_grades")
    editor.keys("ArrowRight", "3")
    assert editor.submitted == ["yes"]


def test_arrows_inside_a_medium_are_its_own(editor):
    editor.open(SPEC, ROW, ROW)
    editor.page.evaluate(
        """() => {
          const slider = document.querySelector(".spin-side-body").appendChild(document.createElement("button"));
          slider.focus();
        }"""
    )
    editor.keys("ArrowRight")
    assert editor.submitted == []


def test_buttons_work_by_touch_and_a_key_held_down_answers_once(editor):
    editor.open(SPEC, ROW, ROW, ROW)
    editor.page.get_by_label("About the same").tap()
    editor.press("1", "Digit1")
    editor.press("1", "Digit1", repeat=True)
    assert editor.submitted == ["equal", "first"]


def test_hostile_parts_are_text(editor, hostile):
    data = {hostile[0]: hostile[1], hostile[2]: hostile[3]}
    editor.open({**SPEC, "question": hostile[1]}, {**ROW, "data": data})
    assert editor.text(".spin-question") == hostile[1]
    assert editor.page.locator(".spin-side-body").all_text_contents() == [hostile[1], hostile[3]]
    assert editor.page.locator(".spin-side-name .spin-word").all_text_contents() == [hostile[0], hostile[2]]


def test_banking77_query_and_answer(editor, banking):
    (query, _), (other, _) = banking[0], banking[1]
    editor.open(GRADES, {**ROW, "data": {"query": query, "document": other}}, ROW)
    editor.keys("2")
    assert editor.submitted == ["partly"]
