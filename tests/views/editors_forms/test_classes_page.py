"""One class: a key decides."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

SPEC = {"kind": "classes", "editor": "classes", "names": ["ok", "crack", "dent"], "empty": None}
SUGGESTED = {"suggestion": {"value": "crack", "p": 0.62}}


def many(names):
    return {**SPEC, "names": names}


def test_one_key_decides(editor):
    editor.open(SPEC, {}, {}, {})
    editor.keys("1", "3")
    assert editor.submitted == ["ok", "dent"]


def test_a_key_held_down_labels_one_item(editor):
    editor.open(SPEC, {}, {})
    editor.press("1", "Digit1")
    editor.press("1", "Digit1", repeat=True)
    assert editor.submitted == ["ok"]


def test_keys_work_by_position_on_other_layouts(editor):
    editor.open(many(["a"] * 9 + ["b", "c", "d"]), {}, {}, {})
    editor.press("é", "Digit2")  # AZERTY without Shift
    editor.press("ф", "KeyA")  # Cyrillic: the eleventh class
    assert editor.submitted == ["a", "c"]


def test_a_key_of_ones_own(editor):
    editor.open(SPEC, {}, {}, bindings={"class:dent": "d"})
    assert editor.page.locator(".spin-class kbd").all_text_contents() == ["1", "2", "D"]
    editor.keys("d")
    assert editor.submitted == ["dent"]


def test_the_suggestion_is_marked_and_enter_accepts_it(editor):
    editor.open(SPEC, SUGGESTED, {})
    button = editor.page.get_by_label("crack, suggested, 62 percent, Enter accepts")
    assert button.locator(".spin-chance").text_content() == "62 % ⏎"
    editor.shot("classes")
    editor.keys("Enter")
    assert editor.submitted == ["crack"]
    assert editor.page.locator(".spin-suggested").count() == 0


def test_a_stored_class_is_shown_beside_the_suggestion(editor):
    editor.open(SPEC, {**SUGGESTED, "kind": "label", "value": "ok"})
    assert editor.text(".spin-chosen .spin-word") == "ok"
    assert editor.text(".spin-suggested .spin-word") == "crack"
    editor.keys("Enter")
    assert editor.submitted == ["ok"]


@pytest.mark.parametrize(("p", "words"), [(0.0004, "< 1 %"), (0.9996, "> 99 %"), (0.5, "50 %"), (1, "100 %")])
def test_a_probability_is_never_rounded_to_certainty(editor, p, words):
    assert editor.call("percentWords", p) == words


def test_after_a_click_the_keys_go_on(editor):
    editor.open(SPEC, {}, {}, {})
    editor.page.get_by_label("dent").click()
    assert editor.focused(".spin-labeller")
    editor.page.get_by_label("crack").tap()
    editor.keys("1")
    assert editor.submitted == ["dent", "crack", "ok"]


def test_a_button_reached_with_tab_keeps_the_focus(editor):
    editor.open(SPEC, {}, {})
    editor.keys("Tab")
    assert editor.focused(".spin-class")
    editor.keys("Enter")
    assert editor.submitted == ["ok"]
    assert editor.focused(".spin-class")


def test_a_read_only_project_takes_nothing(editor):
    editor.open(SPEC, {})
    editor.page.evaluate("state.readOnly = true; state.draw()")
    editor.keys("1")
    assert editor.submitted == []
    assert editor.page.locator(".spin-class:disabled").count() == 3


def test_hostile_names_are_text(editor, hostile):
    editor.open(many(hostile), {})
    assert editor.page.locator(".spin-word").all_text_contents() == hostile
    assert editor.page.locator(".spin-classes script, .spin-classes img, .spin-classes svg").count() == 0
    editor.keys("2")
    assert editor.submitted == [hostile[1]]


def test_a_name_of_a_megabyte_is_cut_on_screen_and_whole_in_the_label(editor):
    name = "x" * 1_000_000
    editor.open(many([name, "y"]), {}, {})
    assert len(editor.page.locator(".spin-word").first.text_content()) == 200
    editor.keys("1")
    assert editor.submitted == [name]


INTENTS = ["card_arrival", "cash_withdrawal_charge", "cash_withdrawal", "naïve_order"] + [
    f"topic_{i}" for i in range(73)
]


def test_many_classes_have_a_filter_and_few_have_none(editor):
    editor.open(SPEC, {})
    assert editor.page.locator("input").count() == 0
    editor.open(many(INTENTS), {})
    assert editor.page.get_by_placeholder("Filter 77 classes").count() == 1


def test_slash_goes_to_the_filter_and_enter_takes_the_only_one_left(editor):
    editor.open(many(INTENTS), {}, {})
    editor.keys("/")
    editor.page.keyboard.type("card arr")
    assert editor.page.locator(".spin-class:visible .spin-word").all_text_contents() == ["card_arrival"]
    editor.keys("Enter")
    assert editor.submitted == ["card_arrival"]
    assert editor.page.locator(".spin-class:visible").count() == 77
    assert editor.focused(".spin-labeller"), "the next slash is a key again"
    editor.keys("/")
    editor.page.keyboard.type("topic_72")
    editor.keys("Enter")
    assert editor.submitted[1:] == ["topic_72"]
    assert editor.acted == []


def shown(editor):
    """Names of the classes that match, in the order in which they stand."""
    return editor.page.locator(".spin-classes .spin-class:visible .spin-word").all_text_contents()


def test_enter_takes_the_best_match_and_the_arrows_walk_through_the_others(editor):
    editor.open(many(INTENTS), {}, {}, {})
    aimed = ".spin-aimed .spin-word"
    editor.keys("/")
    editor.page.keyboard.type("withdrawal")
    assert shown(editor) == ["cash_withdrawal_charge", "cash_withdrawal"]
    editor.page.keyboard.press("Home")
    editor.page.keyboard.type("cash ")
    assert shown(editor) == ["cash_withdrawal", "cash_withdrawal_charge"], "the exact name first"
    assert editor.text(aimed) == "cash_withdrawal"
    assert editor.text(".spin-filter .spin-soft") == "Enter: cash_withdrawal (1 of 2, ↑ ↓)"
    editor.keys("ArrowDown")
    assert editor.text(aimed) == "cash_withdrawal_charge"
    editor.keys("ArrowDown", "ArrowUp", "Enter")
    assert editor.submitted == ["cash_withdrawal_charge"]
    editor.keys("/")
    editor.page.keyboard.type("no such class")
    editor.keys("Enter")
    assert editor.submitted == ["cash_withdrawal_charge"]
    assert editor.said == ["No class has these words."]


def test_the_best_match_is_in_sight_wherever_the_list_was(editor):
    editor.open(many(INTENTS), {"suggestion": {"value": "topic_70", "p": 0.8}})
    editor.keys("/")
    editor.page.keyboard.type("topic_1")
    assert shown(editor)[:2] == ["topic_1", "topic_10"]
    assert editor.page.evaluate("document.querySelector('.spin-classes').scrollTop") == 0


def test_slash_selects_what_was_typed_before(editor):
    editor.open(many(INTENTS), {}, {})
    editor.keys("/")
    editor.page.keyboard.type("cash")
    editor.page.evaluate("state.root.focus()")
    editor.keys("/")
    editor.page.keyboard.type("card")
    assert shown(editor) == ["card_arrival"]


def test_another_item_begins_with_every_class(editor):
    editor.open(many(INTENTS), {}, {})
    editor.keys("/")
    editor.page.keyboard.type("cash")
    editor.page.click(".spin-class:visible")
    assert editor.submitted == ["cash_withdrawal_charge"]
    assert shown(editor) == INTENTS
    assert editor.page.input_value("input") == ""


LIKELY = [["topic_70", 0.31], ["cash_withdrawal", 0.2], ["card_arrival", 0.1]]


def test_of_very_many_classes_the_likeliest_have_the_first_keys(editor):
    editor.open(many(INTENTS), {"likeliest": LIKELY}, {"likeliest": [["topic_3", None]]}, {})
    row = editor.page.locator(".spin-likeliest .spin-class")
    assert row.locator("kbd").all_text_contents() == ["1", "2", "3"]
    assert row.locator(".spin-word").all_text_contents() == ["topic_70", "cash_withdrawal", "card_arrival"]
    assert row.locator(".spin-chance").all_text_contents() == ["31 %", "20 %", "10 %"]
    assert shown(editor) == INTENTS, "the list keeps its order"
    assert editor.page.locator(".spin-classes kbd").all_text_contents()[:7] == [
        "3",
        "",
        "2",
        "4",
        "5",
        "6",
        "7",
    ]
    editor.keys("1")
    assert row.locator(".spin-chance").all_text_contents() == [""]
    editor.keys("1", "1")
    assert editor.submitted == ["topic_70", "topic_3", "card_arrival"]


def test_a_key_of_ones_own_stays_beside_the_likeliest(editor):
    editor.open(many(INTENTS), {"likeliest": LIKELY}, {}, bindings={"class:naïve_order": "1"})
    assert editor.page.locator(".spin-likeliest kbd").all_text_contents() == ["", "2", "3"]
    editor.keys("1")
    assert editor.submitted == ["naïve_order"]


def test_among_matches_that_fit_alike_the_likeliest_is_first(editor):
    editor.open(many(INTENTS), {"likeliest": LIKELY})
    editor.keys("/")
    editor.page.keyboard.type("topic")
    assert shown(editor)[:2] == ["topic_70", "topic_0"]


def test_the_filter_reads_as_people_type(editor):
    entries = [{"name": name} for name in INTENTS]
    assert editor.call("matchingEntries", entries, "NAIVE") == [{"name": "naïve_order"}]
    assert editor.call("matchingEntries", entries, "order  naive") == [{"name": "naïve_order"}]
    assert len(editor.call("matchingEntries", entries, "")) == 77


def test_escape_leaves_the_filter_for_the_keys(editor):
    editor.open(many(INTENTS), {})
    editor.keys("/")
    editor.page.keyboard.type("1f")
    assert editor.acted == []
    editor.keys("Escape")
    assert editor.focused(".spin-labeller")
    assert editor.page.locator(".spin-class:visible").count() == 77
    editor.keys("Escape")
    assert editor.acted == ["release"]


def test_a_suggestion_far_down_is_in_sight(editor):
    editor.open(many(INTENTS), {"suggestion": {"value": "topic_70", "p": 0.4}})
    button = editor.page.locator(".spin-suggested").bounding_box()
    grid = editor.page.locator(".spin-classes").bounding_box()
    assert grid["y"] <= button["y"]
    assert button["y"] + button["height"] <= grid["y"] + grid["height"]


def test_colours_are_those_of_the_map(editor):
    from spin_nb.views.base.theme import CLASS_COLOURS

    assert tuple(editor.page.evaluate("spin.CLASS_COLOURS")) == CLASS_COLOURS


def test_banking77(editor, banking):
    names = sorted({intent for _, intent in banking})
    text, intent = banking[0]
    editor.open(many(names), {"data": text, "suggestion": {"value": intent, "p": 0.71}}, {})
    editor.shot("classes_77")
    editor.keys("/")
    editor.page.keyboard.type(intent)
    editor.shot("classes_77_filtered")
    editor.keys("Enter")
    assert editor.submitted == [intent]
