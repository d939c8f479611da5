"""Media alone on a page: a card in, what a person sees and does out; the kernel is a list of questions."""

from __future__ import annotations

import base64
import io
import os
import wave
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spin_nb.views.base.modules import VIEWS, link, style
from tests.waiting import rest

HOST = Path(__file__).with_name("host.js")
# Pixels of a canvas, in CSS units, that have the colour of an ink.
PIXELS = """(ink) => {
  const canvas = document.querySelector("canvas.spin-plot");
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const ratio = width / canvas.clientWidth;
  const probe = canvas.parentElement.appendChild(document.createElement("i"));
  probe.style.color = `var(--spin-${ink})`;
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  paint.fillStyle = getComputedStyle(probe).color;
  paint.fillRect(0, 0, 1, 1);
  const [r, g, b] = paint.getImageData(0, 0, 1, 1).data;
  probe.remove();
  const places = [];
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 60)
      places.push([((i / 4) % width) / ratio, Math.floor(i / 4 / width) / ratio]);
  return places;
}"""

Card = dict[str, Any]


def series_card(
    values: Any, channels: Any = None, *, start: float = 0.0, step: float = 1.0, unit: str = "s"
) -> Card:
    """Card of numbers (channels, points)."""
    numbers = np.atleast_2d(np.asarray(values, "<f4"))
    names = list(channels or [f"ch{i}" for i in range(len(numbers))])
    data = {"channels": names, "points": numbers.shape[1], "start": start, "step": step, "unit": unit}
    return {"id": "series_1", "mime": "application/x-series", "data": data, "raw": [numbers.tobytes()]}


def wav_bytes(samples: np.ndarray, rate: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(rate)
        sink.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def spectrogram_png(samples: np.ndarray, window: int = 256) -> bytes:
    """Grey picture, time rightwards and frequency upwards, 60 dB below the loudest is black."""
    starts = np.linspace(0, max(0, len(samples) - window), 240).astype(int)
    frames = np.stack([np.pad(samples, (0, window))[s : s + window] for s in starts]) * np.hanning(window)
    power = 20 * np.log10(np.abs(np.fft.rfft(frames)).T[::-1] + 1e-6)
    return picture_bytes(np.clip(255 * (power - power.max() + 60) / 60, 0, 255).astype(np.uint8), "PNG")


def picture_bytes(pixels: np.ndarray, form: str = "JPEG") -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


def sound_card(samples: np.ndarray, rate: int, *, cut: bool = False) -> Card:
    data = {"seconds": len(samples) / rate, "rate": rate, "channels": 1, "cut": cut, "top": rate / 2}
    raw = [wav_bytes(samples, rate), spectrogram_png(samples)]
    return {"id": "sound_1", "mime": "audio/wav", "data": data, "raw": raw}


def drawn_frame(number: int, frames: int, size: tuple[int, int] = (320, 180)) -> bytes:
    """A street whose car moves from left to right; grey level tells the frame."""
    wide, high = size
    pixels = np.full((high, wide, 3), (number * 255) // max(1, frames - 1), np.uint8)
    at = int((wide - 60) * number / max(1, frames - 1))
    pixels[high // 2 : high // 2 + 40, at : at + 60] = (200, 40, 40)
    return picture_bytes(pixels)


def video_card(frames: int = 101, sent: int = 6, rate: float = 25.0) -> Card:
    at = np.linspace(0, frames - 1, sent).round().astype(int).tolist()
    data = {"seconds": frames / rate, "rate": rate, "frames": frames, "at": at}
    raw = [drawn_frame(n, frames) for n in at]
    return {"id": "clip_1", "mime": "video/x-frames", "data": data, "raw": raw}


def several_card(*parts: tuple[str, Card]) -> Card:
    return {"id": "both_1", "mime": "multipart/mixed", "parts": [{"name": n, **part} for n, part in parts]}


def unpack(card: Card, buffers: list[bytes]) -> Card:
    """The card as it travels: bytes beside it, their places in it."""
    out = {key: value for key, value in card.items() if key not in ("raw", "parts")}
    out["buffers"] = list(range(len(buffers), len(buffers) + len(card.get("raw", []))))
    buffers += card.get("raw", [])
    if "parts" in card:
        out["parts"] = [{**unpack(part, buffers), "id": None} for part in card["parts"]]
    return out


class Viewer:
    """One page that shows one card at a time."""

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
        page.add_style_tag(content=style(VIEWS / "labeller" / "page.js") + "body { margin: 12px }")
        page.add_script_tag(content=link(HOST), type="module")
        page.wait_for_function("() => window.spin")

    def open(self, card: Card) -> None:
        buffers: list[bytes] = []
        packed = unpack(card, buffers)
        self.page.evaluate(
            "([card, buffers]) => open_(card, buffers)",
            [packed, [base64.b64encode(b).decode() for b in buffers]],
        )
        self.decoded()

    def decoded(self) -> None:
        """Every picture that was sent is decoded, or known to be none, and painted."""
        self.page.wait_for_function("() => decoding === 0")
        self.drawn()

    def drawn(self) -> None:
        """Everything asked to be painted is painted."""
        self.page.evaluate("() => frames_()")

    def close(self) -> None:
        self.page.evaluate("() => { medium.close?.(); medium.element.remove(); medium = null }")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.drawn()

    @property
    def used(self) -> bool:
        return self.page.evaluate("() => used")

    def pixels(self, ink: str = "brand") -> np.ndarray:
        """Places (n, 2) in CSS pixels of everything drawn in an ink."""
        return np.array(self.page.evaluate(PIXELS, ink)).reshape(-1, 2)

    def text(self, selector: str) -> str:
        return self.page.text_content(selector) or ""

    def asked(self) -> list[Card]:
        return self.page.evaluate("() => questions.map(({ verb, fields }) => ({ verb, ...fields }))")

    def answer(self, at: int, picture: bytes) -> None:
        self.page.evaluate(
            "([at, picture]) => answer(at, {}, [picture])", [at, base64.b64encode(picture).decode()]
        )

    def shot(self, name: str) -> None:
        """Keep a picture where SPIN_SHOTS says, in light and in dark."""
        folder = os.environ.get("SPIN_SHOTS")
        for scheme in ("light", "dark") if folder else ():
            self.page.emulate_media(color_scheme=scheme)
            self.page.add_style_tag(
                content=f"body {{ background: {'#161b22' if scheme == 'dark' else '#fff'} }}"
            )
            rest(self.page, 150)
            self.page.screenshot(path=f"{folder}/media_{name}_{scheme}.png")
        self.page.emulate_media(color_scheme="light")


@pytest.fixture
def viewer(browser):
    context = browser.new_context(viewport={"width": 900, "height": 420}, color_scheme="light")
    viewer = Viewer(context.new_page())
    yield viewer
    context.close()
    assert viewer.errors == []


@pytest.fixture
def make():
    """Cards of every kind."""
    return SimpleNamespace(
        series=series_card, sound=sound_card, video=video_card, several=several_card, frame=drawn_frame,
        picture=picture_bytes, wav=wav_bytes,
    )  # fmt: skip
