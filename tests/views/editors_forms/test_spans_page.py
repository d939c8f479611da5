"""Spans: choose a part of the text, press a class; what is stored counts code points."""

from __future__ import annotations

import pytest

from tests.waiting import rest

pytestmark = pytest.mark.browser

SPEC = {"kind": "spans", "editor": "spans", "names": ["person", "place", "thing"], "empty": []}
TEXT = "Ada Lovelace met Charles Babbage in London."


def span(label, start, end):
    return {"label": label, "start": start, "end": end}


def test_drag_then_a_class_key(editor):
    editor.open(SPEC, {"data": TEXT}, {})
    editor.drag(0, 11)
    editor.keys("1")
    editor.drag(TEXT.index("London"), TEXT.index("London") + 5)
    editor.keys("2")
    assert editor.value == [span("person", 0, 12), span("place", 36, 42)]
    editor.shot("spans")
    editor.keys("Enter")
    assert editor.submitted == [[span("person", 0, 12), span("place", 36, 42)]]


def test_a_click_chooses_a_word_and_shift_click_goes_on_to_another(editor):
    editor.open(SPEC, {"data": TEXT})
    editor.click("Charles")
    editor.keys("1")
    assert editor.spans() == [("person", "Charles")]
    editor.keys("Delete")
    editor.click("Charles")
    editor.page.keyboard.down("Shift")
    editor.click("Babbage")
    editor.page.keyboard.up("Shift")
    editor.keys("1")
    assert editor.spans() == [("person", "Charles Babbage")]


def test_shift_click_goes_backwards_too(editor):
    editor.open(SPEC, {"data": TEXT})
    editor.click("Babbage")
    editor.page.keyboard.down("Shift")
    editor.click("met")
    editor.page.keyboard.up("Shift")
    editor.keys("3")
    assert editor.spans() == [("thing", "met Charles Babbage")]


def test_the_keyboard_alone(editor):
    editor.open(SPEC, {"data": TEXT}, {})
    editor.keys("ArrowRight")
    assert editor.page.locator(".spin-caret").is_visible()
    editor.keys("Home", *["Shift+ArrowRight"] * 3, "1")
    editor.keys("End", *["Shift+ArrowLeft"] * 7, "2")
    assert editor.spans() == [("person", "Ada"), ("place", "London.")]
    editor.keys("Enter")
    assert editor.submitted == [[span("person", 0, 3), span("place", 36, 43)]]


def test_words_and_lines_by_key(editor):
    editor.open(SPEC, {"data": "one two\nthree four"})
    editor.keys("Home", "ArrowDown", "Control+Shift+ArrowRight", "1")
    assert editor.spans() == [("person", "three")]
    editor.keys("ArrowUp", "Home", "Shift+End", "2")
    assert editor.spans() == [("place", "one two"), ("person", "three")]


def test_an_armed_class_labels_at_once(editor):
    editor.open(SPEC, {"data": TEXT})
    editor.keys("2")
    assert editor.page.get_by_label("place").get_attribute("aria-pressed") == "true"
    editor.click("London")
    editor.drag(0, 11)
    assert editor.spans() == [("place", "Ada Lovelace"), ("place", "London")]
    editor.keys("1")  # another class is armed: what was made stays
    editor.click("Charles")
    editor.page.keyboard.down("Shift")
    editor.click("Babbage")
    editor.page.keyboard.up("Shift")
    assert editor.spans() == [("place", "Ada Lovelace"), ("person", "Charles Babbage"), ("place", "London")]
    editor.keys("Escape", "Escape")
    assert editor.page.locator("[aria-pressed=true]").count() == 0


THREE = [span("person", 0, 12), span("thing", 0, 3), span("place", 4, 16)]
DRAWN = {"data": TEXT, "suggestion": {"value": [THREE[1], THREE[0], THREE[2]], "p": 0.3}}


def test_overlapping_spans_are_stacked_and_named(editor):
    editor.open(SPEC, DRAWN)
    assert editor.page.locator(".spin-tag").all_text_contents() == ["thing", "person", "place"]
    assert editor.page.evaluate("underlines()") == [
        ["Ada", 2, 2],
        [" ", 1, 1],
        ["Lovelace", 2, 2],
        [" met", 1, 1],
    ]
    editor.shot("spans_overlapping")


def test_a_click_chooses_a_span_and_again_the_one_under_it(editor):
    editor.open(SPEC, DRAWN)
    editor.click("Ada")
    assert editor.text(".spin-tag.spin-chosen") == "thing"
    rest(editor.page, 600)  # not a double click
    editor.click("Ada")
    assert editor.text(".spin-tag.spin-chosen") == "person"
    editor.page.locator(".spin-tag", has_text="place").click()
    assert editor.text(".spin-quote") == "place: “Lovelace met”"
    editor.shot("spans_chosen")


def test_delete_removes_and_a_class_key_changes_the_chosen_span(editor):
    editor.open(SPEC, DRAWN)
    editor.page.locator(".spin-tag", has_text="place").click()
    editor.keys("3")
    assert editor.spans()[2] == ("thing", "Lovelace met")
    editor.keys("Delete")
    assert editor.spans() == [("thing", "Ada"), ("person", "Ada Lovelace")]
    editor.keys("Control+z", "Control+z")
    assert editor.spans()[2] == ("place", "Lovelace met")
    assert editor.acted == ["undo", "undo"]


def test_the_next_and_the_previous_span_by_key_and_button(editor):
    editor.open(SPEC, DRAWN)
    chosen = []
    for key in ("]", "]", "]", "]", "["):
        editor.keys(key)
        chosen.append(editor.text(".spin-tag.spin-chosen"))
    assert chosen == ["thing", "person", "place", "thing", "place"]
    editor.page.get_by_label("previous span").click()
    editor.page.get_by_label("remove the chosen span").click()
    assert editor.spans() == [("thing", "Ada"), ("place", "Lovelace met")]
    assert editor.focused(".spin-labeller")


def test_alt_and_arrows_move_the_ends(editor):
    editor.open(SPEC, {"data": TEXT, "suggestion": {"value": [span("person", 4, 12)], "p": 0.5}})
    editor.keys("]", "Alt+ArrowLeft", "Alt+ArrowLeft", "Alt+Shift+ArrowRight")
    assert editor.spans() == [("person", "ovela")]
    editor.keys(*["Alt+ArrowLeft"] * 9)
    assert editor.spans() == [("person", "o")]  # never empty


def grip(editor, end):
    """The knob below one end of the chosen span."""
    box = editor.page.locator(f".spin-grip-{end}").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] + 8


def test_grips_drag_the_ends(editor):
    editor.open(SPEC, {"data": TEXT, "suggestion": {"value": [span("person", 0, 3)], "p": 0.5}})
    editor.keys("]")
    editor.page.mouse.move(*grip(editor, "to"))
    editor.page.mouse.down()
    x, y = editor.point(11, 0.95)
    editor.page.mouse.move(x - 20, y, steps=4)
    editor.page.mouse.move(x, y + 16, steps=2)
    assert editor.value == [span("person", 0, 3)]  # one step, when it is let go
    editor.page.mouse.up()
    assert editor.spans() == [("person", "Ada Lovelace")]
    assert len(editor.page.evaluate("state.steps")) == 1
    editor.page.mouse.move(*grip(editor, "from"))
    editor.page.mouse.down()
    x, y = editor.point(4, 0.05)
    editor.page.mouse.move(x, y + 16, steps=4)
    editor.page.mouse.up()
    assert editor.spans() == [("person", "Lovelace")]


def test_a_part_can_be_drawn_while_another_span_is_chosen(editor):
    editor.open(SPEC, DRAWN)
    editor.keys("]")
    editor.drag(TEXT.index("Charles"), TEXT.index("Babbage") + 6)
    editor.keys("1")
    assert ("person", "Charles Babbage") in editor.spans()


def test_touch_a_word_then_a_class(editor):
    editor.open(SPEC, {"data": TEXT})
    editor.page.touchscreen.tap(*editor.point(TEXT.index("London") + 2))
    editor.page.get_by_label("place").tap()
    assert editor.spans() == [("place", "London")]


def test_a_double_click_marks_a_word_within_a_span(editor):
    editor.open(SPEC, {"data": TEXT, "suggestion": {"value": [span("person", 0, 12)], "p": 0.5}})
    editor.page.mouse.dblclick(*editor.point(6))
    editor.keys("3")
    assert editor.spans() == [("person", "Ada Lovelace"), ("thing", "Lovelace")]


def test_the_same_span_twice_is_one(editor):
    editor.open(SPEC, {"data": TEXT})
    for _ in range(2):
        editor.drag(0, 2)
        editor.keys("1")
    assert editor.value == [span("person", 0, 3)]
    assert editor.said == ["This is person already."]


def test_escape_lets_go_of_one_thing_after_another(editor):
    editor.open(SPEC, DRAWN)
    editor.keys("]", "Escape", "Escape")
    assert editor.acted == ["release"]


def test_undo_and_the_next_card(editor):
    editor.open(SPEC, {"data": TEXT}, {"data": "Next."})
    editor.drag(0, 2)
    editor.keys("1", "Control+z")
    assert editor.value == []
    assert editor.page.locator(".spin-run").count() == 0
    editor.keys("Enter")
    assert editor.submitted == [[]]
    assert editor.text(".spin-piece") == "Next."


def test_backspace_removes_the_chosen_span_and_else_undoes(editor):
    editor.open(SPEC, {"data": TEXT})
    editor.click("London")
    editor.keys("2", "Backspace")
    assert editor.value == []
    editor.keys("Backspace")
    assert editor.acted == ["undo"]
    assert editor.spans() == [("place", "London")]
