"""Spans of any text: what is stored counts code points; long, right-to-left, hostile and broken texts."""

from __future__ import annotations

import random

import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser

SPEC = {"kind": "spans", "editor": "spans", "names": ["person", "place", "thing"], "empty": []}
TEXT = "Ada Lovelace met Charles Babbage in London."
FAMILY = "👨‍👩‍👧‍👦"  # 7 code points, 11 UTF-16 units


def span(label, start, end):
    return {"label": label, "start": start, "end": end}


def test_the_caret_never_leaves_the_text(editor):
    editor.open(SPEC, {"data": "ab"})
    editor.keys(*["ArrowRight"] * 6, *["Shift+ArrowDown"] * 3, *["Shift+ArrowLeft"] * 1, "1")
    assert editor.spans() == [("person", "b")]


def test_white_space_at_both_ends_is_left_out(editor):
    editor.open(SPEC, {"data": "a  crack \n b"})
    editor.drag(1, 8)
    editor.keys("1")
    assert editor.value == [span("person", 3, 8)]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"x {FAMILY} went to Kraków 🇵🇱 today", "Kraków"),
        ("😀😀 cafe\u0301 noir", "cafe\u0301"),
        ("𝒜𝒷𝒸 plain 𝒜", "plain"),
        ("שלום עולם ירושלים", "עולם"),
        ("Das Café 👩🏽‍🚀🚀 heißt Größe", "Größe"),
        ("مرحبا بالعالم الجميل", "بالعالم"),
    ],
)
def test_places_are_code_points(editor, text, word):
    editor.open(SPEC, {"data": text})
    units = len(text[: text.index(word)].encode("utf-16-le")) // 2
    editor.page.mouse.click(*editor.point(units + 1, 0.5))
    editor.keys("2")
    assert editor.spans() == [("place", word)]
    assert editor.value[0]["start"] == text.index(word)
    shown = editor.page.evaluate("markedText()")
    assert shown == word


def test_a_family_is_one_step_of_the_caret(editor):
    editor.open(SPEC, {"data": f"a{FAMILY}b"})
    editor.keys("Home", "ArrowRight", "Shift+ArrowRight", "1")
    assert editor.value == [span("person", 1, 8)]


def test_spans_of_the_kernel_are_drawn_where_python_means_them(editor):
    rng = random.Random(0)
    text = "".join(rng.choice(["a", "é", "e\u0301", "😀", FAMILY, " ", "\n", "ש", "𝒜"]) for _ in range(3000))
    points = len(text)
    for _ in range(3):
        start = rng.randrange(points - 50)
        end = start + rng.randrange(1, 50)
        editor.open(SPEC, {"data": text, "suggestion": {"value": [span("person", start, end)], "p": 0.5}})
        shown = editor.page.evaluate("markedText()")
        assert shown == text[start:end]


def test_units_and_points_are_inverse_over_long_texts(editor):
    text = ("word 😀 " * 4000) + "\n" + FAMILY * 900
    assert editor.page.evaluate("(text) => inverse(text)", text) == [True, True, len(text)]


def test_alt_arrows_follow_the_writing(editor):
    text = "שלום עולם"
    editor.open(SPEC, {"data": text, "suggestion": {"value": [span("person", 0, 3)], "p": 0.5}})
    editor.keys("]", "Alt+ArrowLeft")
    assert editor.spans() == [("person", "שלום")]


def grip(editor, end):
    box = editor.page.locator(f".spin-grip-{end}").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] + 8


def test_a_whole_paragraph_by_a_triple_click(editor):
    editor.open(SPEC, {"data": "one two\nthree four"})
    editor.page.mouse.click(*editor.point(10), click_count=3)
    editor.keys("1")
    assert editor.spans()[0][1] in ("three four", "one two\nthree four")


def test_hostile_texts_and_names_are_text(editor, hostile):
    text = "\n".join(hostile)
    value = [span(name, i, i + 9) for i, name in enumerate(hostile)]
    editor.open({**SPEC, "names": hostile}, {"data": text, "suggestion": {"value": value, "p": 0.5}})
    assert editor.page.evaluate("wholeText()") == text
    assert set(editor.page.locator(".spin-tag").all_text_contents()) == set(hostile)
    assert editor.page.locator("script, img, svg").count() == 0


def test_a_read_only_project_shows_spans_and_takes_none(editor):
    value = [span("thing", 0, 3), span("person", 0, 12), span("place", 4, 16)]
    editor.open(SPEC, {"data": TEXT, "suggestion": {"value": value, "p": 0.3}})
    editor.page.evaluate("state.readOnly = true; state.draw()")
    editor.keys("]", "Delete", "1")
    assert len(editor.value) == 3
    assert editor.page.locator(".spin-grip:visible").count() == 0


def test_an_empty_text_and_a_broken_item_leave_it_to_the_medium(editor):
    editor.open(SPEC, {"data": "  "}, {"broken": "cut off"})
    assert editor.text(".spin-frame") == "This text is empty."
    editor.keys("ArrowDown", "1", "Enter")
    assert "cut off" in editor.text(".spin-frame")


def test_the_text_of_several_things(editor):
    parts = [
        {"name": "row", "mime": "application/json", "data": {"a": "1"}},
        {"name": "text", "mime": "text/plain", "data": TEXT},
    ]
    editor.open(SPEC, {"mime": "multipart/mixed", "data": None, "parts": parts})
    assert editor.page.locator("table").count() == 1
    editor.page.mouse.click(*editor.point(1))
    editor.keys("1")
    assert editor.value == [span("person", 0, 3)]
    editor.shot("spans_parts")


@pytest.mark.parametrize(
    "text",
    ["word 😀 and line\n" * 62_000, "x" * 1_000_000, "שלום " * 200_000],
    ids=["lines", "no space", "one line"],
)
def test_a_megabyte_does_not_freeze(editor, text):
    took = editor.page.evaluate(
        """([spec, text]) => {
          const since = performance.now();
          open_(spec, [{ id: "long", mime: "text/plain", data: text, suggestion: null }]);
          document.body.getBoundingClientRect();
          return performance.now() - since;
        }""",
        [SPEC, text],
    )
    editor.drag(0, 3)
    editor.keys("1")
    assert len(editor.value) == 1
    again = editor.page.evaluate(
        """() => {
          const since = performance.now();
          state.editorApi.edit([...state.value, { label: "place", start: 900000, end: 900009 }], "");
          document.body.getBoundingClientRect();
          return performance.now() - since;
        }"""
    )
    print(f"opened in {took:.0f} ms, one span more in {again:.0f} ms")
    # What makes it quick: only the words in sight are laid out, however long the text.
    assert editor.page.evaluate("() => document.querySelector('.spin-reading').innerText.length") < 50_000
    editor.keys("]")  # the first is chosen: to the second, far down

    def is_in_sight() -> bool:
        tag, frame = (
            editor.page.locator(each).bounding_box() for each in (".spin-tag.spin-chosen", ".spin-reading")
        )
        return frame["y"] <= tag["y"] <= frame["y"] + frame["height"]

    until(is_in_sight, page=editor.page)
    assert editor.page.locator(".spin-grip-to").is_visible()


def test_banking77(editor, banking):
    text, _ = next((text, intent) for text, intent in banking if "card" in text)
    start = text.index("card")
    editor.open(
        {**SPEC, "names": ["product", "problem"]},
        {"data": text, "suggestion": {"value": [span("product", start, start + 4)], "p": 0.66}},
        {},
    )
    editor.keys("Enter")
    assert editor.submitted == [[span("product", start, start + 4)]]
