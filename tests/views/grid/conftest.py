"""The real grid (Python and JavaScript) over a session whose labels are a list, on a page of its own."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from spin_nb.errors import LabelError, ReadOnlyError
from spin_nb.session.label_commands import BulkReport
from spin_nb.views.grid.view import Grid
from tests.views.blank_session import BlankSession

START = datetime(2026, 1, 1, tzinfo=UTC)


def picture(row: int) -> bytes:
    from PIL import Image

    pixels = np.zeros((24, 32, 3), np.uint8)
    pixels[:] = [(row * 37) % 256, (row * 91) % 256, 120]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass
class Decision:
    """What holds for an item."""

    kind: str
    value: object
    time: datetime
    flagged: bool = False


class Sure:
    """Class probabilities of items."""

    def __init__(self, mean: np.ndarray) -> None:
        self.mean = mean.astype(np.float32)
        self.epistemic = (1 - self.mean.max(1)).astype(np.float32)
        self.aleatoric = self.epistemic[::-1].copy()


class GridSession(BlankSession):
    """Labels kept in a list of gestures; pictures, or any other cards."""

    def __init__(self, n: int = 60, classes=("ok", "crack", "dent"), card=None) -> None:
        self.tagged: dict[str, set[str]] = {}
        super().__init__(list(classes), [f"img_{i}" for i in range(n)])
        rng = np.random.default_rng(0)
        rows = {id: row for row, id in enumerate(self.pool.ids)}
        self.pool.row, self.pool.has = rows.__getitem__, rows.__contains__
        self.pool.columns = pl.DataFrame(
            {"width": rng.normal(size=n), "line": [f"<b>{i % 3}</b>" for i in range(n)]}
        )
        self.gestures: list[dict[str, Decision]] = []
        self.undone: list[dict[str, Decision]] = []
        self.asked: set[str] = set()
        self.thumbnails: list[str] = []
        self.make_card = card or (
            lambda row: ({"mime": "image/png", "buffers": [0], "size": [32, 24]}, [picture(row)])
        )

    def train(self) -> None:
        scores = np.random.default_rng(1).random((len(self.pool), len(self.classes)))
        self.predictive = Sure(scores / scores.sum(1, keepdims=True))
        self.events.trained.emit(None)

    def _held(self) -> dict[str, Decision]:
        return {id: decision for gesture in self.gestures for id, decision in gesture.items()}

    def decision(self, id):
        return self._held().get(id)

    def value(self, id):
        held = self.decision(id)
        return held.value if held is not None and held.kind == "label" else None

    def is_asked(self, id):
        return id in self.asked and self.decision(id) is None

    def decide_together(self, kind, ids, value, source):
        if self.read_only:
            raise ReadOnlyError("it is open read-only.", "Open it where you may write.")
        items = [id for id in ids if len(ids) == 1 or not self.is_asked(id)]
        time = START + timedelta(seconds=len(self.gestures))
        self.gestures.append({id: Decision(kind, value, time) for id in items})
        self.undone = []
        self._tell(items)
        self.source = source
        return BulkReport(tuple(items), tuple(id for id in ids if id not in items))

    def tags(self, id):
        return tuple(tag for tag, ids in self.tagged.items() if id in ids)

    def tag_names(self, most):
        return [tag for tag, ids in self.tagged.items() if ids][:most]

    def tag_together(self, kind, ids, tag, source):
        before = self.tagged.setdefault(tag, set())
        after = before | set(ids) if kind == "tag" else before - set(ids)
        self.tagged[tag] = after
        self.events.tagged.emit(tuple(ids))
        return len(before ^ after)

    def label(self, id, value) -> None:
        self.decide_together("label", [id], value, None)

    def revert(self, kind):
        source, target = (self.gestures, self.undone) if kind == "undo" else (self.undone, self.gestures)
        if not source:
            raise LabelError(f"'ada' has nothing to {kind}.", "Label something first.")
        target.append(source.pop())
        self._tell(list(target[-1]))
        return list(target[-1])

    def _tell(self, items) -> None:
        self.label_index[:] = -1
        for id, decision in self._held().items():
            if decision.kind == "label":
                self.label_index[self.pool.row(id)] = self.classes.index(decision.value)
        self.events.labelled.emit(tuple(items))

    def thumbnail(self, id, side):
        self.thumbnails.append(id)
        return self.make_card(self.pool.row(id))

    def card(self, id):
        row = self.pool.row(id)
        card, buffers = self.make_card(row)
        card |= {"id": id, "row": row, "label": self.value(id)}
        if self.predictive is not None:
            card["probs"] = self.predictive.mean[row].tolist()
            card |= {word: float(getattr(self.predictive, word)[row]) for word in ("epistemic", "aleatoric")}
        return card, buffers


@pytest.fixture
def session() -> GridSession:
    return GridSession()


SYNCED = (
    "title",
    "version",
    "behind",
    "tag_names",
    "is_whole_pool",
    "spec",
    "bindings",
    "read_only",
    "choices",
    "sorted_by",
    "descending",
    "tile",
)
DRAW = """async ([esm, traits, width]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const listeners = {};
  const tell = (name, ...values) => (listeners[name] ?? []).forEach((f) => f(...values));
  window.model = {
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; tell(`change:${name}`); },
    save_changes: () => {},
    on: (name, f) => (listeners[name] ??= []).push(f),
    off: (name, f) => { listeners[name] = (listeners[name] ?? []).filter((g) => g !== f); },
    deliver(text) {
      const { trait, value, content, buffers } = JSON.parse(text);
      if (trait) this.set(trait, value);
      else tell("msg:custom", content, buffers.map(bytes));
    },
    send(content) {
      window.kernelSend(JSON.stringify(content)).then((replies) => replies.forEach((r) => this.deliver(r)));
    },
  };
  const el = document.body.appendChild(document.createElement("div"));
  el.style.width = `${width}px`;
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  window.dispose = (await import(url)).default.render({ model: window.model, el });
}"""


class GridPage:
    """One browser page with a grid on it."""

    def __init__(self, page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[dict] = []
        self._out: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.route(
            "**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body></body>")
        )
        page.expose_function("kernelSend", self._receive)

    def start(self, session: GridSession, width: int = 900) -> Grid:
        """Draw the grid of a session, anew."""
        self.grid = Grid(session)
        self.grid.send = lambda content, buffers=None: self._out.append(
            json.dumps({"content": content, "buffers": [base64.b64encode(b).decode() for b in buffers or []]})
        )
        self.grid.observe(
            lambda change: self._out.append(json.dumps({"trait": change["name"], "value": change["new"]})),
            SYNCED,
        )
        self.page.goto("http://spin.test/")
        self.page.add_style_tag(content=self.grid._css + "body { margin: 8px }")
        traits = {name: getattr(self.grid, name) for name in SYNCED}
        self.page.evaluate(DRAW, [self.grid._esm, traits, width])
        return self.grid

    def _receive(self, text: str) -> list[str]:
        message = json.loads(text)
        self.requests.append(message)
        self.grid._receive(self.grid, message, [])
        return self.taken()

    def taken(self) -> list[str]:
        out, self._out = self._out, []
        return out

    def push(self) -> None:
        """Deliver what Python said unasked."""
        self.page.evaluate("(texts) => texts.forEach((text) => window.model.deliver(text))", self.taken())

    def until(self, condition: str) -> None:
        self.page.wait_for_function(
            f"() => {{ const root = document.querySelector('.spin-grid'); return {condition} }}"
        )

    def filled(self) -> None:
        """Every tile in view shows its item."""
        self.until(
            "root.querySelectorAll('.spin-tile').length && "
            "[...root.querySelectorAll('.spin-tile')].every((tile) => tile.getAttribute('aria-label') !== 'loading')"
        )

    def tile(self, place: int):
        return self.page.locator(f".spin-tile[data-at='{place}']")

    def keys(self, *keys: str) -> None:
        self.page.focus(".spin-grid-scroll")
        for key in keys:
            self.page.keyboard.press(key)

    def notice(self, words: str) -> None:
        self.until(f"root.querySelector('.spin-grid-notice').textContent.includes({json.dumps(words)})")


@pytest.fixture
def bench(browser):
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    bench = GridPage(context.new_page())
    yield bench
    context.close()
    assert bench.errors == []
