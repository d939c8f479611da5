"""A number: slider, field and arrow keys are one draft."""

from __future__ import annotations

import csv

import pytest

from tests.waiting import rest, until

pytestmark = pytest.mark.browser

SPEC = {
    "kind": "number",
    "editor": "number",
    "names": [],
    "low": 0.0,
    "high": 10.0,
    "step": 0.5,
    "unit": "mm",
    "empty": None,
}
FREE = {**SPEC, "step": None}
SUGGESTED = {"suggestion": {"value": 3.5, "p": 0.8}}
PAUSE = 600  # milliseconds after which what was typed is the draft


def settled(editor):
    rest(editor.page, PAUSE)
    return editor.value


def test_unset_looks_unset_and_is_not_submitted(editor):
    editor.open(SPEC, {})
    slider = editor.page.get_by_label("number as a slider")
    assert slider.get_attribute("aria-valuetext") == "not set"
    assert slider.get_attribute("data-unset") == ""
    editor.shot("number_unset")
    editor.keys("Enter")
    assert editor.submitted == []
    assert editor.text(".spin-problem") == "No number yet: type one, or move the slider."


def test_digits_typed_anywhere_go_into_the_field_and_enter_submits(editor):
    editor.open(SPEC, {}, {})
    editor.keys("3", ".", "5", "Enter")
    assert editor.submitted == [3.5]
    editor.keys("0", "Enter")
    assert editor.submitted == [3.5, 0]
    assert editor.acted == []


def test_typing_replaces_the_suggestion_and_the_slider_still_shows_it(editor):
    editor.open(SPEC, SUGGESTED, {})
    editor.keys("7")
    until(lambda: editor.value == 7, page=editor.page)
    tick, slider = (editor.page.locator(f".spin-{part}").bounding_box() for part in ("tick", "slider"))
    assert tick["x"] + 1 == pytest.approx(slider["x"] + 10 + 0.35 * (slider["width"] - 20), abs=1.5)
    editor.keys("Enter")
    assert editor.submitted == [7]


def test_a_suggestion_says_what_its_probability_is_of_and_none_where_there_is_none(editor):
    editor.open({**SPEC, "within": 0.25}, SUGGESTED, {})
    words = "Suggested: 80 % that it is right within ± 0.25 mm · Enter accepts"
    assert editor.text(".spin-suggestion") == words
    editor.open(SPEC, {**SUGGESTED, "suggestion": {"value": 3.5, "p": None}}, {})
    assert editor.text(".spin-suggestion") == "Suggested · Enter accepts"


def test_the_suggestion_is_filled_in_with_its_probability_and_enter_accepts(editor):
    editor.open(SPEC, SUGGESTED, {})
    assert editor.page.locator(".spin-field").input_value() == "3.5"
    assert editor.text(".spin-suggestion") == "Suggested, 80 % sure · Enter accepts"
    assert editor.page.locator(".spin-tick").is_hidden()
    editor.shot("number_suggested")
    editor.keys("Enter")
    assert editor.submitted == [3.5]


@pytest.mark.parametrize(
    ("keys", "value"),
    [("ArrowUp", 4), ("ArrowRight ArrowRight", 4.5), ("ArrowDown", 3), ("Shift+ArrowUp", 8.5), ("PageDown", 0),
     ("PageUp PageUp", 10)],
)  # fmt: skip
def test_arrows_step_within_the_range(editor, keys, value):
    editor.open(SPEC, SUGGESTED)
    editor.keys(*keys.split())
    assert settled(editor) == value
    assert len(editor.page.evaluate("state.steps")) == 1  # one burst, one step of undo
    editor.keys("Control+z")
    assert editor.page.locator(".spin-field").input_value() == "3.5"


def test_the_first_arrow_starts_in_the_middle(editor):
    editor.open(SPEC, {}, {})
    editor.keys("ArrowUp", "ArrowUp", "Enter")
    assert editor.submitted == [5.5]


def test_up_and_down_work_in_the_field_and_left_and_right_move_its_caret(editor):
    editor.open(SPEC, {}, {})
    editor.keys("4", "2", "ArrowLeft", ".", "ArrowUp", "Enter")
    assert editor.submitted == [4.5]  # "4.2" is 4.0 in steps of a half


@pytest.mark.parametrize(
    ("text", "value"),
    [("3,5", 3.5), ("−2", -2), ("+4", 4), (".5", 0.5), ("7.", 7), ("1e2", 100), ("٣٫٥", 3.5), ("۱۲", 12)],
)
def test_what_people_type_is_understood(editor, text, value):
    assert editor.call("numberParse", text) == value


@pytest.mark.parametrize("text", ["", "abc", "1,234.5", "1 2", "--1", "0x10", "Infinity", "NaN", "1/2", "²"])
def test_what_is_no_number_is_none(editor, text):
    assert editor.call("numberParse", text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("12", "12 is more than 10: allowed are 0 to 10 mm."),
        ("-1", "-1 is less than 0: allowed are 0 to 10 mm."),
        ("4..2", "“4..2” is not a number: allowed are 0 to 10 mm."),
        ("<img src=x onerror=alert(1)>", "“<img src=x onerror=alert(1)>” is not a number: allowed are 0 to 10 mm."),
        ("1e999", "“1e999” is not a number: allowed are 0 to 10 mm."),
    ],
)  # fmt: skip
def test_a_wrong_number_is_said_beside_the_field_and_not_submitted(editor, text, words):
    editor.open(SPEC, SUGGESTED)
    editor.page.locator(".spin-field").fill(text)
    assert editor.text(".spin-problem") == words
    editor.keys("Enter")
    assert (editor.submitted, editor.value) == ([], None)
    assert editor.said == [words]
    if text == "12":
        editor.shot("number_wrong")


def test_a_comma_and_a_step_are_read_back(editor):
    editor.open(SPEC, {}, {})
    editor.keys("3", ",", "4")
    assert editor.text(".spin-problem") == "read as 3.5"
    editor.keys("Enter")
    assert editor.submitted == [3.5]


def test_the_last_step_below_the_end(editor):
    thirds = {"low": 0, "high": 10, "step": 3}
    assert editor.call("numberStepped", 10, thirds) == 9
    assert editor.call("numberStepped", 0.30000000000000004, {"low": 0, "high": 1, "step": 0.1}) == 0.3


def test_large_numbers_keep_the_digits_that_the_kernel_keeps(editor):
    from spin_nb.tasks import Number

    wide = {"low": 0.0, "high": 1e10, "step": 0.125}
    assert editor.call("numberStepped", 1234567890.125, wide) == 1234567890.125
    assert Number(0, 1e10, step=0.125).validate(1234567890.125) == 1234567890.125
    assert editor.call("numberStepped", 1234567890123, {"low": 0, "high": 1e13, "step": 1}) == 1234567890123


def test_without_a_step_numbers_stay_as_typed_and_arrows_go_by_a_hundredth(editor):
    editor.open(FREE, {}, {}, {})
    editor.keys("3", ".", "1", "4", "1", "Enter")
    editor.keys("2", "ArrowUp", "Enter")
    assert editor.submitted == [3.141, 2.1]


@pytest.mark.parametrize(("width", "step"), [(1, 1), (0.07, 0.05), (30, 20), (7.9, 5)])
def test_steps_are_round(editor, width, step):
    assert editor.call("numberRound", width) == step


def test_a_click_in_the_middle_of_an_unset_slider_counts(editor):
    editor.open(SPEC, {})
    box = editor.page.locator(".spin-slider").bounding_box()
    editor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert settled(editor) == 5
    assert editor.page.locator(".spin-slider").get_attribute("data-unset") is None


def test_dragging_the_slider_is_one_step(editor):
    editor.open(SPEC, {}, {})
    box = editor.page.locator(".spin-slider").bounding_box()
    y = box["y"] + box["height"] / 2
    editor.page.mouse.move(box["x"] + 12, y)
    editor.page.mouse.down()
    editor.page.mouse.move(box["x"] + box["width"] / 2, y, steps=4)
    rest(editor.page, PAUSE)  # a hand that pauses, or a page that is slow
    editor.page.mouse.move(box["x"] + box["width"] - 12, y, steps=4)
    editor.page.mouse.up()
    assert settled(editor) == 10
    assert len(editor.page.evaluate("state.steps")) == 1
    editor.keys("Enter")
    assert editor.submitted == [10]


def test_a_button_elsewhere_finds_what_is_shown(editor):
    editor.open(SPEC, SUGGESTED)
    editor.page.evaluate(
        """() => {
          const submit = document.createElement("button");
          submit.textContent = "Submit";
          submit.addEventListener("click", () => state.editorApi.submit());
          state.root.append(submit);
        }"""
    )
    editor.keys("ArrowUp")
    editor.page.get_by_text("Submit", exact=True).click()
    assert editor.submitted == [4.0]


def test_digits_by_position_and_the_minus_of_azerty(editor):
    editor.open({**SPEC, "low": -10.0}, {}, {})
    editor.press("-", "Digit6")
    editor.press("(", "Digit5")
    assert editor.page.locator(".spin-field").input_value() == "-5"
    editor.keys("Enter")
    assert editor.submitted == [-5]


def test_commands_work_from_the_field_and_editing_keys_do_not(editor):
    editor.open(SPEC, {}, {})
    editor.keys("4", "2", "Backspace", "f")
    assert editor.acted == ["flag"]
    assert editor.page.locator(".spin-field").input_value() == "4"


def test_escape_leaves_the_field_then_the_labeller(editor):
    editor.open(SPEC, {})
    editor.keys("4")
    assert editor.focused(".spin-field")
    editor.keys("Escape")
    assert editor.focused(".spin-labeller")
    assert editor.acted == []
    editor.keys("Escape")
    assert editor.acted == ["release"]


def test_delete_takes_the_number_away(editor):
    editor.open(SPEC, SUGGESTED)
    editor.keys("Delete")
    assert editor.value is None
    assert editor.page.locator(".spin-slider").get_attribute("data-unset") == ""


def test_a_draft_of_one_item_never_lands_on_the_next(editor):
    editor.open(SPEC, {}, {})
    editor.keys("4")
    editor.page.evaluate("state.next()")
    assert settled(editor) is None
    assert editor.page.locator(".spin-field").input_value() == ""


def test_ai4i2020_torque(editor, real):
    with (real("ai4i2020") / "ai4i2020.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:3]
    spec = {**FREE, "low": 0.0, "high": 80.0, "unit": "Nm"}
    cards = [
        {"mime": "application/json", "data": row, "suggestion": {"value": 40.1, "p": 0.33}} for row in rows
    ]
    editor.open(spec, *cards)
    editor.shot("number_ai4i")
    for row in rows:
        editor.page.keyboard.type(row["Torque [Nm]"])
        editor.keys("Enter")
    assert editor.submitted == [float(row["Torque [Nm]"]) for row in rows]


def test_the_line_beside_the_field_follows_what_is_typed_at_once(editor):
    editor.open(SPEC, SUGGESTED, {})
    editor.keys("7")
    assert editor.text(".spin-suggestion") == "Changed from what was suggested"
