"""Several classes: keys switch, Enter submits."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

SPEC = {"kind": "multilabel", "editor": "multilabel", "names": ["rust", "crack", "dent"], "empty": []}
ASKED = {**SPEC, "empty": None}
SUGGESTED = {"suggestion": {"value": ["rust", "dent"], "p": 0.41}}


def pressed(editor):
    return editor.page.locator("[aria-pressed=true] .spin-word").all_text_contents()


def test_keys_switch_and_enter_submits_in_the_order_of_the_task(editor):
    editor.open(SPEC, {}, {})
    editor.keys("3", "1", "2", "2")
    assert editor.value == ["rust", "dent"]
    assert pressed(editor) == ["rust", "dent"]
    editor.keys("Enter")
    assert editor.submitted == [["rust", "dent"]]


def test_each_switch_is_one_step_that_undo_takes_back(editor):
    editor.open(SPEC, {})
    editor.keys("1", "3", "Control+z")
    assert editor.value == ["rust"]
    assert editor.page.evaluate("state.steps.map(([, words]) => words)") == ["rust added"]


def test_none_of_them_is_a_choice_of_its_own(editor):
    editor.open(ASKED, {}, {})
    assert (editor.value, pressed(editor)) == (None, [])
    editor.keys("Enter")
    assert editor.submitted == []
    assert editor.said == ["Choose at least one, or “none of them” (0)."]
    editor.keys("0")
    assert (editor.value, pressed(editor)) == ([], ["none of them"])
    editor.keys("Enter")
    assert editor.submitted == [[]]


def test_a_class_takes_the_place_of_none_and_the_other_way_round(editor):
    editor.open(SPEC, {})
    assert pressed(editor) == ["none of them"]
    editor.keys("2")
    assert pressed(editor) == ["crack"]
    editor.page.get_by_label("none of them").click()
    assert (editor.value, pressed(editor)) == ([], ["none of them"])


def test_none_has_another_key_where_a_class_has_zero(editor):
    editor.open({**ASKED, "names": [f"tag {i}" for i in range(10)]}, {})
    editor.keys("0")
    assert editor.value == ["tag 9"]
    editor.keys("-")
    assert editor.value == []


def test_suggested_ones_are_marked_and_enter_accepts_them(editor):
    editor.open(SPEC, SUGGESTED, {})
    assert editor.page.locator(".spin-suggested .spin-word").all_text_contents() == ["rust", "dent"]
    assert editor.text(".spin-suggestion") == "Suggested, 41 % sure · Enter accepts"
    editor.shot("multilabel")
    editor.keys("Enter")
    assert editor.submitted == [["rust", "dent"]]


def test_a_changed_suggestion_says_so(editor):
    editor.open(SPEC, SUGGESTED)
    editor.keys("1")
    assert pressed(editor) == ["dent"]
    assert editor.page.locator(".spin-suggested .spin-word").all_text_contents() == ["rust", "dent"]
    assert editor.text(".spin-suggestion") == "Changed from what was suggested"
    editor.shot("multilabel_changed")


def test_a_key_held_down_switches_once(editor):
    editor.open(SPEC, {})
    editor.press("1", "Digit1")
    editor.press("1", "Digit1", repeat=True)
    assert editor.value == ["rust"]


def test_clicks_and_touches_switch_and_the_keys_go_on(editor):
    editor.open(SPEC, {})
    editor.page.get_by_label("dent").tap()
    editor.page.get_by_label("crack").click()
    editor.keys("1")
    assert editor.value == ["rust", "crack", "dent"]


def test_hostile_names_are_text(editor, hostile):
    editor.open({**SPEC, "names": hostile}, {"data": hostile[0]})
    assert editor.page.locator(".spin-word").all_text_contents() == [*hostile, "none of them"]
    editor.keys("1", "3", "Enter")
    assert editor.submitted == [[hostile[0], hostile[2]]]


def test_77_tags_are_filtered(editor):
    names = [f"tag {i}" for i in range(77)]
    editor.open({**SPEC, "names": names}, {})
    editor.keys("/")
    editor.page.keyboard.type("76")
    editor.keys("Enter", "/")
    editor.page.keyboard.type("75")
    editor.keys("Enter", "Enter")
    assert editor.submitted == [["tag 75", "tag 76"]]
