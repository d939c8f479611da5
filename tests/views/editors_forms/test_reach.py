"""Every editor for every hand: names and keys on every control, a focus ring, and nothing axe calls serious."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

TEXT = {"data": "Ada met Charles in London.", "suggestion": None}
ROW = {"mime": "application/json", "data": {"a": "one", "b": "two"}}
MARKED = [{"label": "person", "start": 0, "end": 3}]
NUMBER = {"editor": "number", "names": [], "low": 0, "high": 9, "step": None, "unit": "mm"}
ANSWERS = {"names": ["first", "second", "equal"], "question": "Which?", "tie": True, "grades": None}


def suggested(value):
    return {**TEXT, "suggestion": {"value": value, "p": 0.7}}


SPECS = {
    "classes": ({"editor": "classes", "names": ["ok", "crack"]}, suggested("ok")),
    "many": ({"editor": "classes", "names": [f"class {i}" for i in range(77)]}, TEXT),
    "multilabel": ({"editor": "multilabel", "names": ["ok", "crack"], "empty": []}, suggested(["ok"])),
    "number": (NUMBER, TEXT),
    "text": ({"editor": "freetext", "names": [], "max_length": 99}, suggested("ok")),
    "json": ({"editor": "stars", "names": ["one", "two"]}, suggested({"stars": 2})),
    "pairs": ({"editor": "pairs", **ANSWERS}, ROW),
    "spans": ({"editor": "spans", "names": ["person", "place"], "empty": []}, suggested(MARKED)),
}


@pytest.fixture(params=SPECS)
def opened(editor, request):
    spec, card = SPECS[request.param]
    editor.open(spec, card, card)
    return editor


def test_every_control_has_a_name_and_shows_its_focus(opened):
    controls = opened.page.locator(".spin-panel :is(button, input, textarea), .spin-classes button").all()
    assert controls
    for control in controls[:12]:
        assert (control.get_attribute("aria-label") or control.text_content()).strip()
        if control.is_enabled():
            control.focus()
            opened.keys("Shift+Tab", "Tab")
            ring = control.evaluate("(element) => getComputedStyle(element).outlineStyle")
            assert ring == "solid"


def test_controls_are_large_enough_for_a_finger(opened):
    for control in opened.page.locator(
        ".spin-class:visible, .spin-panel button:visible, .spin-field:visible"
    ).all()[:12]:
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    opened.page.emulate_media(color_scheme=scheme)
    if scheme == "dark":
        opened.page.evaluate("document.body.style.background = '#161b22'")
    found = axe.Axe().run(opened.page, context=".spin-labeller").response["violations"]
    serious = [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_it_fits_a_narrow_column(opened):
    opened.page.set_viewport_size({"width": 360, "height": 800})
    wide = opened.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360


def test_an_editor_without_a_card_takes_no_keys(opened):
    opened.page.evaluate("state.queue = []; state.next()")
    opened.keys("1", "ArrowUp", "Enter", "Delete", "3")
    assert opened.submitted == []
    assert opened.value is None or opened.value == []
