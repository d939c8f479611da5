"""A task whose editor this page does not have: its value is written as JSON."""

from __future__ import annotations

import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser

SPEC = {"kind": "rating", "editor": "stars", "names": ["shape", "colour"], "empty": None}
FIELD = "textarea"


def write(editor, text):
    editor.page.fill(FIELD, text)


def test_the_page_says_what_is_asked_for_and_which_names_there_are(editor):
    editor.open(SPEC, {})
    assert "This kind of label, stars, has no editor of its own here: write it as JSON." in editor.text(
        ".spin-json"
    )
    assert "Names: shape, colour" in editor.text(".spin-json")
    assert editor.page.input_value(FIELD) == ""


def test_a_value_is_written_and_submitted_with_control_enter(editor):
    editor.open(SPEC, {}, {}, {})
    editor.keys("e")
    editor.page.keyboard.type('{"shape": 3, "note": "fu y 1"}')
    editor.keys("Control+Enter")
    write(editor, "false")
    editor.keys("Escape", "Enter")
    assert editor.submitted == [{"shape": 3, "note": "fu y 1"}, False]
    assert editor.acted == []


def test_the_draft_is_shown_pretty_and_undo_takes_a_burst_back(editor):
    suggestion = {"value": {"shape": [1, 2]}, "p": 0.7}
    editor.open(SPEC, {"suggestion": suggestion}, {})
    assert editor.page.input_value(FIELD) == '{\n  "shape": [\n    1,\n    2\n  ]\n}'
    assert editor.text(".spin-suggestion") == "Suggested, 70 % sure · Enter accepts"
    editor.shot("json_suggested")
    write(editor, '{"shape": [1,  2]}')  # other spaces, the same value
    assert editor.text(".spin-suggestion").startswith("Suggested")
    write(editor, '"round"')
    until(lambda: editor.value == "round", page=editor.page)
    assert editor.text(".spin-suggestion") == "Changed from what was suggested"
    editor.page.evaluate("state.draw()")
    editor.keys("Escape", "Control+z", "Enter")
    assert editor.submitted == [{"shape": [1, 2]}]


def test_what_is_no_json_is_said_and_not_submitted(editor):
    editor.open(SPEC, {})
    editor.page.focus(FIELD)
    editor.page.keyboard.type('{"shape": round')
    assert editor.text(".spin-problem") == "No JSON yet."
    editor.keys("Control+Enter")
    assert (editor.submitted, editor.value) == ([], None)
    assert editor.text(".spin-problem").startswith("This is no JSON: ")
    assert editor.said == [editor.text(".spin-problem")]
    editor.shot("json_problem")
    editor.keys("Escape", "Enter")
    assert editor.submitted == []
    write(editor, '{"shape": "round"}')
    assert editor.text(".spin-problem") == ""
    editor.keys("Control+Enter")
    assert editor.submitted == [{"shape": "round"}]


def test_what_was_begun_is_there_again(editor):
    editor.open(SPEC, {})
    write(editor, "[1, 2")
    assert editor.page.evaluate("state.editor.unsaved()") == {"text": "[1, 2"}
    editor.page.evaluate("state.editor.resume({ text: '[3' })")
    assert editor.page.input_value(FIELD) == "[3"


def test_read_only_nothing_can_be_written(editor):
    editor.open(SPEC, {"kind": "label", "value": ["a"]})
    editor.page.evaluate("state.readOnly = true; state.draw()")
    assert editor.page.is_disabled(FIELD)
    assert editor.page.input_value(FIELD) == '[\n  "a"\n]'
    editor.keys("e")
    assert editor.focused(".spin-labeller")


@pytest.mark.parametrize("word", ["constructor", "__proto__", "hasOwnProperty"])
def test_words_that_every_object_has_are_editors_of_nobody(editor, word):
    editor.open({**SPEC, "editor": word}, {})
    assert word in editor.text(".spin-json")


def test_hostile_words_stay_text(editor, hostile):
    editor.open(
        {**SPEC, "editor": hostile[0], "names": hostile}, {"suggestion": {"value": hostile, "p": 0.5}}, {}
    )
    assert editor.page.locator("script, img, svg").count() == 0
    assert hostile[0] in editor.text(".spin-json")
    editor.keys("Enter")
    assert editor.submitted == [hostile]
