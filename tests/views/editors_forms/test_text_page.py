"""Free text: inside the field every key is text."""

from __future__ import annotations

import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser

SPEC = {"kind": "freetext", "editor": "freetext", "names": [], "max_length": 10000, "empty": None}
SHORT = {**SPEC, "max_length": 5}
FAMILY = "👨‍👩‍👧‍👦"  # 7 code points, 11 UTF-16 units


def write(editor, text):
    editor.page.locator("textarea").click()
    editor.page.keyboard.type(text)


def test_typing_is_text_and_never_a_command(editor):
    editor.open(SPEC, {}, {})
    write(editor, "fu y? 10\nnext [x]")
    editor.keys("Backspace", "Control+Enter")
    assert editor.submitted == ["fu y? 10\nnext [x"]
    assert editor.acted == []


def test_command_enter_submits_too_and_the_next_item_is_written_at_once(editor):
    editor.open(SPEC, {}, {}, {})
    write(editor, "one")
    editor.keys("Meta+Enter")
    editor.page.keyboard.type("two")
    editor.keys("Control+Enter")
    assert editor.submitted == ["one", "two"]


def test_escape_leaves_the_field_for_the_keys_and_a_second_one_leaves_the_labeller(editor):
    editor.open(SPEC, {}, {})
    write(editor, "kept")
    editor.keys("Escape")
    assert editor.focused(".spin-labeller")
    assert editor.acted == []
    editor.keys("f", "Escape")
    assert editor.acted == ["flag", "release"]
    assert editor.value == "kept"


def test_e_goes_back_into_the_text(editor):
    editor.open(SPEC, {})
    editor.keys("e")
    editor.page.keyboard.type("e!")
    assert editor.page.locator("textarea").input_value() == "e!"


def test_enter_on_the_labeller_submits_the_draft(editor):
    editor.open(SPEC, {}, {})
    write(editor, "done")
    editor.keys("Escape", "Enter")
    assert editor.submitted == ["done"]


def test_the_suggestion_is_filled_in_and_can_be_edited(editor):
    editor.open(
        SPEC, {"suggestion": {"value": "a crack", "p": 0.55}}, {"suggestion": {"value": "rust", "p": 0.9}}, {}
    )
    assert editor.page.locator("textarea").input_value() == "a crack"
    assert editor.text(".spin-suggestion") == "Suggested, 55 % sure · Enter accepts"
    editor.shot("text_suggested")
    editor.page.locator("textarea").click()
    editor.keys("Control+End")
    editor.page.keyboard.type(" in the rim")
    editor.page.locator(".spin-suggestion", has_text="Changed from what was suggested").wait_for()
    editor.keys("Control+Enter", "Escape", "Enter")
    assert editor.submitted == ["a crack in the rim", "rust"]


def test_the_draft_survives_redraws_and_undo_takes_a_burst_back(editor):
    editor.open(SPEC, {})
    write(editor, "half a sen")
    editor.page.evaluate("for (let i = 0; i < 5; i++) state.draw()")
    editor.page.keyboard.type("tence")
    assert editor.page.locator("textarea").input_value() == "half a sentence"
    until(lambda: editor.value == "half a sentence", page=editor.page)
    editor.page.evaluate("state.draw()")
    assert editor.value == "half a sentence"
    editor.keys("Escape", "Control+z")
    assert (editor.value, editor.page.locator("textarea").input_value()) == (None, "")


def test_the_counter_counts_code_points(editor):
    assert editor.call("textLength", FAMILY) == 7
    editor.open(SPEC, {})
    editor.page.locator("textarea").fill(FAMILY + "ab")
    assert editor.text(".spin-counter") == "9 of 10,000"


def test_composed_and_decomposed_letters_count_alike(editor):
    editor.open(SHORT, {}, {})
    editor.page.locator("textarea").fill("e\u0301" * 5)
    assert editor.text(".spin-counter") == "5 of 5"
    editor.keys("Control+Enter")
    assert len(editor.submitted) == 1


def test_too_long_is_said_and_not_submitted(editor):
    editor.open(SHORT, {})
    write(editor, "1234567")
    assert editor.text(".spin-problem") == "2 too many: at most 5 characters."
    editor.shot("text_too_long")
    editor.keys("Control+Enter")
    assert (editor.submitted, editor.value) == ([], None)
    assert editor.said == ["2 too many: at most 5 characters."]


def test_blank_is_not_submitted(editor):
    editor.open(SPEC, {})
    write(editor, "  ")
    editor.keys("Enter", "Control+Enter")
    assert editor.submitted == []
    assert editor.said == ["No text yet: write something, or skip the item."]


def test_composition_is_left_alone(editor):
    editor.open(SPEC, {})
    editor.page.locator("textarea").click()
    for key, code in (("Process", "KeyN"), ("Enter", "Enter"), ("Escape", "Escape"), ("Enter", "Enter")):
        editor.press(key, code, isComposing=True, ctrlKey=key == "Enter")
    assert editor.focused("textarea")
    assert (editor.submitted, editor.acted) == ([], [])
    session = editor.page.context.new_cdp_session(editor.page)
    session.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    editor.page.evaluate("state.draw()")
    session.send("Input.insertText", {"text": "日本"})
    editor.keys("Control+Enter")
    assert editor.submitted == ["日本"]


def test_hostile_text_comes_back_as_it_was(editor, hostile):
    words = "\n".join(hostile)
    editor.open(SPEC, {"data": words, "suggestion": {"value": words, "p": 0.5}}, {})
    assert editor.page.locator("script, img, svg").count() == 0
    editor.keys("Enter")
    assert editor.submitted == [words]


def test_leaving_the_field_makes_the_text_the_draft_at_once(editor):
    editor.open(SPEC, {})
    write(editor, "now")
    editor.page.evaluate("document.activeElement.blur()")
    assert editor.value == "now"


def test_a_megabyte_pasted_is_counted_at_once(editor):
    editor.open({**SPEC, "max_length": 2_000_000}, {})
    milliseconds, counter = editor.page.evaluate(
        """() => {
          const field = document.querySelector("textarea");
          field.value = "word ".repeat(200_000);
          const since = performance.now();
          field.dispatchEvent(new Event("input", { bubbles: true }));
          return [performance.now() - since, document.querySelector(".spin-counter").textContent];
        }"""
    )
    print(f"a megabyte counted in {milliseconds:.0f} ms")
    assert counter == "1,000,000 of 2,000,000"  # before anything else runs on the page


def test_inside_the_text_the_line_says_which_key_accepts(editor):
    editor.open(SPEC, {"suggestion": {"value": "a crack", "p": 0.55}}, {})
    editor.page.focus("textarea")
    assert editor.text(".spin-suggestion") == "Suggested, 55 % sure · Ctrl+Enter accepts"
    editor.page.keyboard.type("!")
    assert editor.text(".spin-suggestion") == "Changed from what was suggested"
