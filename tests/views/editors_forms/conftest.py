"""Editors alone on a page: a task's spec and cards in, the draft and what was submitted out; no kernel."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from spin_nb.views.base.modules import VIEWS, link, style
from tests.views.shots import shoot
from tests.waiting import rest

HOST = Path(__file__).with_name("host.js")


class Page:
    """One editor on one page."""

    URL = "http://spin.test/"

    def __init__(self, page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        body = "<!doctype html><meta charset=utf-8><body style='margin:0'></body>"
        page.route("**/*", lambda route: route.fulfill(content_type="text/html", body=body))
        page.goto(self.URL)
        page.add_style_tag(content=style(VIEWS / "labeller" / "page.js"))
        load = """(esm) => import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" }))).then(() => null)"""
        page.evaluate(load, link(HOST))

    def open(self, spec: dict, *cards: dict, bindings: dict | None = None) -> None:
        """The first card on screen, the rest queued; a card without an id gets its number."""
        blank = {"mime": "text/plain", "data": "A text.", "suggestion": None}
        filled = [{"id": f"item_{i}", **blank, **card} for i, card in enumerate(cards)]
        self.page.evaluate(
            "([spec, cards, bindings]) => open_(spec, cards, bindings)", [spec, filled, bindings or {}]
        )

    @property
    def value(self) -> Any:
        return self.page.evaluate("state.value")

    @property
    def submitted(self) -> list[Any]:
        """Values in the order of submission."""
        return [value for _, value in self.page.evaluate("state.submitted")]

    @property
    def said(self) -> list[str]:
        return self.page.evaluate("state.messages")

    @property
    def acted(self) -> list[str]:
        """Actions of the labeller's own that keys reached."""
        return self.page.evaluate("state.acted")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def press(self, key: str, code: str, **how: Any) -> None:
        """A key of another layout: what it types and where it is."""
        self.page.evaluate(
            "([key, code, how]) => document.activeElement.dispatchEvent("
            "new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true, ...how }))",
            [key, code, how],
        )

    def text(self, selector: str) -> str:
        return self.page.text_content(selector)

    def call(self, name: str, *arguments: Any) -> Any:
        """One of the pure functions."""
        return self.page.evaluate("([name, args]) => spin[name](...args)", [name, list(arguments)])

    def focused(self, selector: str) -> bool:
        return self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector)

    def spans(self) -> list[tuple[str, str]]:
        """Label and text of each span of the draft, cut by Python as the kernel cuts it."""
        text = self.page.evaluate("state.card.data")
        return [(each["label"], text[each["start"] : each["end"]]) for each in self.value]

    def point(self, at: int, edge: float = 0.3) -> tuple[float, float]:
        """Where a character of the marked text (in UTF-16 units) is on screen."""
        rect = self.page.evaluate("(at) => placeOf(at)", at)
        return rect["left"] + edge * rect["width"], rect["top"] + rect["height"] / 2

    def click(self, word: str) -> None:
        """Click on a word of the marked text."""
        self.page.mouse.click(*self.point(self.page.evaluate("state.card.data").index(word) + 1))

    def drag(self, first: int, last: int) -> None:
        """From the left edge of one unit to the right edge of another."""
        self.page.mouse.move(*self.point(first, 0.05))
        self.page.mouse.down()
        self.page.mouse.move(*self.point(last, 0.95), steps=6)
        self.page.mouse.up()
        rest(self.page, 30)

    def shot(self, name: str) -> None:
        """Light and dark pictures to look at, where a folder was named for them."""
        shoot(self.page, name, ".spin-labeller")


@pytest.fixture
def editor(browser):
    context = browser.new_context(viewport={"width": 900, "height": 900}, has_touch=True)
    page = Page(context.new_page())
    yield page
    context.close()
    assert page.errors == []


@pytest.fixture
def banking(real) -> list[tuple[str, str]]:
    """(text, intent) of banking77's test split."""
    with (real("banking77") / "test.csv").open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


@pytest.fixture
def hostile() -> list[str]:
    """Names and texts that would do something if they were anything but text."""
    return [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "&lt;b&gt;&amp;&#34;",
        "\u202eevil\u202c",
        "../../etc/passwd",
        "🙂" * 40,
    ]
