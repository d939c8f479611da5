"""Texts and table rows: whole, unbroken, and never slow."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)> &amp;"
HOSTILE = f"{MARKUP} \u202erevo \U0001f600 ../../etc/passwd\n\n  two  spaces"


# How many pieces each task of the page adds: what keeps a hand from waiting, however long the text.
PIECES_A_FRAME = """() => {
  window.pieces = [];
  const count = (changes) => pieces.push(changes.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0));
  new MutationObserver(count).observe(document.querySelector(".spin-pieces"), { childList: true });
}"""


def text_card(text: str) -> dict:
    return {"id": "text_1", "mime": "text/plain", "data": text}


def row_card(data: dict) -> dict:
    return {"id": "row_1", "mime": "application/json", "data": data}


def whole(viewer) -> str:
    return viewer.text(".spin-pieces")


def test_a_text_is_shown_letter_by_letter(viewer):
    viewer.open(text_card(HOSTILE))
    assert whole(viewer) == HOSTILE
    assert viewer.page.locator(".spin-medium img, .spin-medium script").count() == 0
    assert viewer.page.locator(".spin-more").count() == 0


@pytest.mark.parametrize("line", ["word " * 12 + "\n", "\n\n", "x", "\U0001f600", "é\u0301"])
def test_a_megabyte_comes_in_pieces_that_make_the_whole(viewer, line):
    text = (line * (1_000_000 // len(line)))[:1_000_000].strip() or "\n.\n" + "\n" * 999_000 + "."
    viewer.open(text_card(text))
    assert 9_000 < len(whole(viewer).encode("utf-16-le")) // 2 <= 20_000
    viewer.page.click(".spin-more button >> nth=0")
    viewer.drawn()
    assert len(whole(viewer).encode("utf-16-le")) // 2 <= 40_000
    viewer.page.evaluate(PIECES_A_FRAME)
    viewer.page.click("text=Show all")
    viewer.page.wait_for_function("() => !document.querySelector('.spin-more')")
    frames = viewer.page.evaluate("() => pieces")
    assert set(frames) == {1}
    assert sum(frames) >= 1_000_000 // 20_000 - 2
    assert whole(viewer) == text


def test_pieces_end_after_a_line_and_look_like_one_text(viewer):
    text = "\n".join(f"line {i}" for i in range(3000))  # two pieces
    viewer.open(text_card(text))
    viewer.page.click(".spin-more button >> nth=0")
    viewer.drawn()
    pieces = viewer.page.evaluate(
        "() => [...document.querySelectorAll('.spin-pieces > div')].map((div) => div.textContent)"
    )
    assert pieces[0].endswith("\n")
    height = "() => document.querySelector('.spin-pieces').getBoundingClientRect().height"
    viewer.page.add_style_tag(content=".spin-pieces > div { content-visibility: visible !important }")
    in_pieces = viewer.page.evaluate(height)
    viewer.page.evaluate("(text) => { document.querySelector('.spin-pieces').replaceChildren(text) }", text)
    assert viewer.page.evaluate(height) == in_pieces


def test_arrows_scroll_a_long_text_and_are_free_for_a_short_one(viewer):
    viewer.open(text_card("word " * 4000))
    viewer.keys("ArrowDown", "PageDown")
    assert viewer.used
    assert viewer.page.evaluate("() => document.querySelector('.spin-reader').scrollTop") == 280
    viewer.open(text_card("short"))
    viewer.keys("ArrowDown")
    assert not viewer.used


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (text_card(" \n"), "This text is empty."),
        (text_card(""), "This text is empty."),
        (row_card({}), "This row is empty."),
    ],
)
def test_nothing_is_a_sentence(viewer, card, words):
    viewer.open(card)
    assert viewer.text(".spin-note") == words


def test_a_row_shows_names_and_values_as_text(viewer):
    viewer.open(
        row_card({HOSTILE: HOSTILE, "empty": None, "number": "0", "__proto__x": "1", "long": "y" * 1_000_000})
    )
    names = viewer.page.locator("th").all_text_contents()
    assert names[0] == (HOSTILE if len(HOSTILE) <= 120 else HOSTILE[:119] + "…")
    values = viewer.page.locator("td .spin-pieces").all_text_contents()
    assert values[:4] == [HOSTILE, "", "0", "1"]
    assert len(values[4]) == 2000
    assert viewer.page.locator(".spin-medium img, .spin-medium script").count() == 0


def test_a_row_of_many_columns_begins_with_some(viewer):
    viewer.open(row_card({f"column {i}": str(i) for i in range(1000)}))
    assert viewer.page.locator("tr").count() == 200
    viewer.page.click("text=Show 800 more columns")
    assert viewer.page.locator("tr").count() == 1000
