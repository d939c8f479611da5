"""A drawing editor alone on a page: the real draft and keys, no kernel; hands are pointers, fingers and keys."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spin_nb.views.base.modules import VIEWS, link, style

HOST = Path(__file__).with_name("host.js")


def png(pixels: np.ndarray) -> bytes:
    """A picture of uint8 (height, width) or (height, width, 3)."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def drawn(width: int = 320, height: int = 240) -> bytes:
    """A grey ramp with noise."""
    noise = np.random.default_rng(0).integers(0, 60, (height, width))
    return png((np.linspace(40, 180, width)[None] + noise).astype(np.uint8))


class Desk:
    """One editor, one picture; places are in pixels of the original unless said otherwise."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.route(
            "**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body></body>")
        )
        page.goto("http://spin.test/")
        page.add_style_tag(content=style(VIEWS / "labeller" / "page.js"))
        page.add_script_tag(content=link(HOST), type="module")
        page.wait_for_function("() => window.start")

    def open(
        self,
        editor,
        names=(),
        *,
        picture=None,
        size=None,
        suggestion=None,
        value=None,
        read_only=False,
        beside=(),
        **spec,
    ) -> None:
        """Show one picture with an editor; ``value`` is the label it has, ``suggestion`` what is pre-filled.

        ``beside``: other parts of the item.
        """
        picture = picture or drawn()
        card = {
            "id": "cell.png",
            "mime": "image/jpeg" if picture[:2] == b"\xff\xd8" else "image/png",
            "size": size,
            "picture": base64.b64encode(picture).decode(),
            "suggestion": None if suggestion is None else {"value": suggestion, "p": 0.6},
            "state": None if value is None else {"kind": "label", "value": value},
            "editor": editor,
            "beside": list(beside),
            "spec": {"names": list(names), "empty": None, **spec},
        }
        self.page.evaluate("([card, readOnly]) => window.start(card, readOnly)", [card, read_only])

    def js(self, code: str) -> Any:
        return self.page.evaluate(
            f"() => {{ const {{ editorApi, draft, editor, pane, messages }} = desk; return {code} }}"
        )

    @property
    def value(self) -> Any:
        return self.js("draft.value")

    @property
    def steps(self) -> int:
        """How often undo can be pressed."""
        return self.js("draft.steps.length")

    @property
    def said(self) -> str:
        return self.js("messages.at(-1) ?? ''")

    @property
    def hint(self) -> str:
        return self.page.inner_text(".spin-viewport-hint")

    def client(self, x: float, y: float) -> tuple[float, float]:
        """Where on the page a pixel of the original is, found without the code under test."""
        return tuple(
            self.page.evaluate(
                """([x, y]) => {
                  const canvas = document.querySelector(".spin-viewport-picture");
                  const { left, top, width, height } = canvas.getBoundingClientRect();
                  const size = desk.editorApi.card.size ?? [canvas.width, canvas.height];
                  return [left + (x * width) / size[0], top + (y * height) / size[1]];
                }""",
                [x, y],
            )
        )

    def drag(
        self, start, *stops, button: str = "left", keys: tuple[str, ...] = (), let_go: bool = True
    ) -> None:
        mouse = self.page.mouse
        for key in keys:
            self.page.keyboard.down(key)
        points = [self.client(*point) for point in (start, *stops)]
        mouse.move(*points[0])
        mouse.down(button=button)
        for point in points[1:]:
            mouse.move(*point, steps=6)
        if let_go:
            mouse.up(button=button)
        for key in keys:
            self.page.keyboard.up(key)

    def click(self, x: float, y: float, **how: Any) -> None:
        self.page.mouse.click(*self.client(x, y), **how)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def zoom(self, x: float, y: float, steps: int) -> None:
        """Turn the wheel over a pixel; ``steps`` > 0 zooms in."""
        self.page.mouse.move(*self.client(x, y))
        for _ in range(abs(steps)):
            self.page.mouse.wheel(0, -120 if steps > 0 else 120)
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")

    def touch(self, *frames) -> None:
        """Fingers: each frame lists where they are on the page; the last one lifts them all."""
        session = self.page.context.new_cdp_session(self.page)
        kinds = ["touchStart", *["touchMove"] * (len(frames) - 1)]
        before = 0
        for kind, points in zip(kinds, frames, strict=True):
            more = "touchStart" if len(points) > before else kind
            touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": more, "touchPoints": touches})
            before = len(points)
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def rows(self) -> list[str]:
        """The list of shapes as it is read out."""
        return self.js(
            "[...document.querySelectorAll('.spin-shape')].map((row) => row.getAttribute('aria-label'))"
        )


@pytest.fixture
def drawn_picture():
    return drawn


@pytest.fixture
def desk(browser):
    context = browser.new_context(viewport={"width": 900, "height": 900}, has_touch=True)
    desk = Desk(context.new_page())
    yield desk
    context.close()
    assert desk.errors == []
