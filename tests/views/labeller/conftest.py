"""The real labeller (Python and JavaScript) over a session and a wire that the tests can break."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest

from spin_nb.errors import LabelError, StorageError
from spin_nb.views.labeller.view import Labeller
from tests.views.blank_session import BlankSession


def picture(row: int) -> bytes:
    from PIL import Image

    pixels = np.random.default_rng(row).integers(0, 255, (8, 8), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Disk:
    """What a project holds: it outlives sessions, as a file outlives kernels."""

    def __init__(self) -> None:
        self.log: list[dict] = []  # every entry stored, in order
        self.last: dict[str, int] = {}  # client -> last sequence number

    @property
    def decisions(self) -> list[dict]:
        """Decisions that stand, in order."""
        return self._folded()[0]

    @property
    def undone(self) -> list[dict]:
        """Decisions that redo would bring back, the next one last."""
        return self._folded()[1]

    def _folded(self) -> tuple[list[dict], list[dict]]:
        standing: list[dict] = []
        undone: list[dict] = []
        for entry in self.log:
            if entry["kind"] == "undo":
                undone.append(standing.pop())
            elif entry["kind"] == "redo":
                standing.append(undone.pop())
            elif entry["kind"] != "shown":
                standing.append(entry)
                undone = []
        return standing, undone

    @property
    def labels(self) -> dict[str, str]:
        return {e["id"]: e["value"] for e in self.decisions if e["kind"] == "label"}


class FakeSession(BlankSession):
    """The labeller's channel as the session gives it, over a :class:`Disk`."""

    def __init__(self, disk: Disk, classes: list[str], n: int = 60, shown=None, task=None) -> None:
        super().__init__(classes, [f"img_{i}" for i in range(n)])
        self.disk = disk
        self.task = task or self.task
        self.labels_per_minute = 12.0
        self.full = False  # the disk is
        self.suggestion: dict | None = None if task else {"value": classes[1], "p": 0.62}
        self.likely: list | None = None  # [[name, p], ...] for the first keys
        self.refuses = lambda value: task is None and value not in self.classes
        self.shown = shown or (lambda row: ("image/png", picture(row)))
        self.queue: list[str] = []
        self.drawn = 0

    def add_class(self, name: str) -> str:
        """As a session adds one: its signal comes when the main thread is free, here never."""
        if name in self.classes:
            raise LabelError(f"{name!r} is a class of this project already.", "Label with it.")
        self.classes = [*self.classes, name]
        self.task = self.task.with_names(self.classes)
        return name

    def value(self, id: str):
        return self.disk.labels.get(id)

    def past(self, kind: str, n: int, skip: int = 0):
        stack = self.disk.decisions if kind == "undo" else self.disk.undone
        end = max(0, len(stack) - skip)
        some = stack[max(0, end - n) : end]
        return [
            {"id": e["id"], "kind": e["kind"], "value": e.get("value"), "previous": None, "n": 1}
            for e in some
        ]

    def card(self, id: str):
        mime, data, *raw = self.shown(self.pool.row(id))
        kind = next((e["kind"] for e in reversed(self.disk.decisions) if e["id"] == id), None)
        card = {"id": id, "mime": mime, "kind": kind, "label": self.value(id), "probs": [1.0]}
        if raw:
            return {**card, "data": data, "buffers": [0]}, raw
        return ({**card, "buffers": [0]}, [data]) if isinstance(data, bytes) else ({**card, "data": data}, [])

    def queue_cards(self, n: int, have=()):
        decided = {e["id"] for e in self.disk.decisions}
        of = {token: token.split("|")[0] for token in have}
        kept = [token for token in have if of[token] not in decided][:8]
        cards: list[dict] = [{"token": token, "kept": True} for token in kept]
        buffers: list[bytes] = []
        taken = decided | {of[token] for token in kept}
        for id in [id for id in self.pool.ids if id not in taken][: max(0, n - len(kept))]:
            card, pictures = self.card(id)
            del card["probs"], card["kind"], card["label"]
            self.drawn += 1
            card |= {"token": f"{id}|{self.drawn}", "suggestion": self.suggestion}
            if self.likely:
                card["likeliest"] = self.likely
            if pictures:
                card["buffers"] = [len(buffers)]
            cards.append(card)
            buffers += pictures
        return cards, buffers

    def suggestions(self, tokens):
        return dict.fromkeys(tokens, self.suggestion)

    def likeliest(self, tokens):
        return dict.fromkeys(tokens, self.likely) if self.likely else {}

    def apply(self, client: str, entries):
        answer = {"gap": None, "error": None, "refused": [], "undone": [], "redone": []}
        for entry in entries:
            last = self.disk.last.get(client, 0)
            if entry["seq"] <= last:
                continue
            if entry["seq"] > last + 1:
                answer["gap"] = last + 1
                break
            if self.full:
                words = StorageError("the disk is full.", "Free some space.")
                answer["error"] = str(words)
                break
            self.disk.last[client] = entry["seq"]
            if entry["kind"] == "label" and self.refuses(entry["value"]):
                answer["refused"].append({"seq": entry["seq"], "what": f"no class {entry['value']!r}"})
                continue
            if entry["kind"] == "undo":
                answer["undone"].append({"seq": entry["seq"], "id": self.disk.decisions[-1]["id"]})
            if entry["kind"] == "redo":
                answer["redone"].append({"seq": entry["seq"], "id": self.disk.undone[-1]["id"]})
            self.disk.log.append(dict(entry))
        return {
            "ack": self.disk.last.get(client, 0),
            "n_labels": len(self.disk.labels),
            "per_minute": 12.0,
            "at": len(self.disk.log),
            **answer,
        }


class Bench:
    """One browser page with one labeller on it, and the wire between page and kernel."""

    URL = "http://spin.test/"

    def __init__(self, page, disk: Disk) -> None:
        self.page, self.disk = page, disk
        self.swallow_requests = self.swallow_replies = False
        self.hold = False  # replies wait in `held`
        self.held: list[str] = []
        self.requests: list[dict] = []
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.patience = [200, 400, 800, 1500]  # milliseconds to a re-send: a tenth of the page's own
        self.answer_within = 15000  # milliseconds after which the page takes an answer for late: its own
        self.room: tuple[int, int] | None = None  # what can be seen of the page
        self.warnings = 0  # how often the browser asked whether the page may be left
        page.on("dialog", self.dialog)
        page.route(
            "**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body></body>")
        )
        page.expose_function("kernelSend", self.receive)

    def start(self, session: FakeSession, views: int = 1) -> None:
        """A kernel runs the cell: a new model, drawn on a fresh page."""
        self.session, self.widget = session, Labeller(session)
        self.widget.send = self.reply
        self.replies: list[str] = []
        self.views = views
        self.reload()

    def reload(self) -> None:
        """The page is loaded again; the kernel and the disk go on."""
        self.page.goto(self.URL)
        self.run_cell()

    def dialog(self, dialog) -> None:
        """Leave the page when asked; no other dialog may open."""
        if dialog.type == "beforeunload":
            self.warnings += 1
            dialog.accept()
        else:
            self.errors.append(f"dialog {dialog.message}")
            dialog.dismiss()

    def restart(self, session: FakeSession) -> None:
        """A new kernel on the same page, and the cell is run again."""
        self.session, self.widget = session, Labeller(session)
        self.widget.send = self.reply
        self.run_cell()

    def run_cell(self) -> None:
        """Draw the widget as it is now on the page as it is now."""
        page = self.page
        page.evaluate("() => document.body.replaceChildren()")
        if self.room:
            page.evaluate(ROOM, self.room)
        page.add_style_tag(content=self.widget._css)
        traits = {
            name: getattr(self.widget, name)
            for name in ("spec", "bindings", "project", "read_only", "n_items")
        }
        hasty = self.widget._esm.replace(PATIENCE, json.dumps(self.patience))
        assert hasty != self.widget._esm
        hasty = hasty.replace(PROBE, f"PROBE_EVERY_MS = {self.answer_within};")
        hasty = hasty.replace(ANSWER, f"patience = {self.answer_within}")
        page.evaluate(START, [hasty, traits, self.views])

    def receive(self, text: str) -> list[str]:
        message = json.loads(text)
        self.requests.append(message)
        if self.swallow_requests:
            return []
        self.replies = []
        self.widget._receive(self.widget, json.loads(text), [])
        replies, self.replies = self.replies, []
        if self.swallow_replies:
            return []
        if self.hold:
            self.held += replies
            return []
        return replies

    def reply(self, content, buffers=None) -> None:
        pictures = [base64.b64encode(b).decode() for b in buffers or []]
        self.replies.append(json.dumps([content, pictures]))

    def release(self) -> None:
        """Deliver what was held back, in order, and hold nothing more."""
        self.hold = False
        held, self.held = self.held, []
        self.page.evaluate("(messages) => messages.forEach((m) => window.model.deliver(m))", held)

    def push(self) -> None:
        """Deliver what Python said unasked."""
        messages, self.replies = self.replies, []
        self.page.evaluate("(messages) => messages.forEach((m) => window.model.deliver(m))", messages)

    def cut(self, gone: bool = True) -> None:
        """From now on ``model.send`` throws, as it does after a kernel restart."""
        self.page.evaluate("(gone) => { window.model.gone = gone }", gone)

    def keys(self, *keys: str) -> None:
        self.page.focus(".spin-labeller")
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, condition: str) -> None:
        """Wait for a JavaScript condition; `root` is the labeller."""
        self.page.wait_for_function(
            f"() => {{ const root = document.querySelector('.spin-labeller'); return {condition} }}"
        )

    def stocked(self) -> None:
        """The queue is as long as it gets: no question for cards is under way."""
        self.until("window.model.cards >= 16 + 2")  # the first two, then all

    def settled(self) -> None:
        """Everything decided is acknowledged."""
        self.until("root.dataset.pending === '0'")

    def shows(self, id: str) -> None:
        self.until(f"root.querySelector('.spin-name').textContent === {json.dumps(id)}")

    def picture(self) -> dict[str, float]:
        """Where the picture that is drawn on lies, once it has its place on the page."""
        self.page.wait_for_selector(".spin-drawing svg[viewBox]", state="attached")
        return self.page.locator(".spin-drawing canvas").bounding_box()

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)


PATIENCE = "[2000, 4000, 8000, 15000]"
ANSWER, PROBE = "patience = 15000", "PROBE_EVERY_MS = 15000;"
ROOM = """([width, height]) => {
  const scroller = document.body.appendChild(document.createElement("div"));
  Object.assign(scroller.style, { width: `${width}px`, height: `${height}px`, overflow: "auto" });
  const output = scroller.appendChild(document.createElement("div"));
  output.style.overflow = "auto"; // as JupyterLab's outputs: as high as what they hold
  [scroller.id, output.id] = ["scroller", "output"];
}"""
START = """async ([esm, traits, views]) => {
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const listeners = {};
  window.model = {
    gone: false,
    get: (name) => traits[name],
    set: (name, value) => { traits[name] = value; (listeners[`change:${name}`] ?? []).forEach((f) => f()); },
    save_changes: () => {},
    on: (name, f) => (listeners[name] ??= []).push(f),
    trigger: (name) => (listeners[name] ?? []).forEach((f) => f()),
    off: (name, f) => { listeners[name] = (listeners[name] ?? []).filter((g) => g !== f); },
    cards: 0, // that came
    suggestions: 0, // answers about cards that wait
    deliver(text) {
      const [content, pictures] = JSON.parse(text);
      this.cards += content.cards?.length ?? 0;
      this.suggestions += "suggestions" in content ? 1 : 0;
      (listeners["msg:custom"] ?? []).forEach((f) => f(content, pictures.map(bytes)));
    },
    send(content) {
      if (this.gone) throw new Error("Cannot send");
      window.kernelSend(JSON.stringify(content)).then((replies) => replies.forEach((r) => this.deliver(r)));
    },
  };
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const widget = (await import(url)).default();
  window.dispose = [widget.initialize({ model: window.model })];
  for (let i = 0; i < views; i++) {
    const el = (document.querySelector("#output") ?? document.body).appendChild(document.createElement("div"));
    window.dispose.push(widget.render({ model: window.model, el }));
  }
}"""


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def session(disk) -> FakeSession:
    return FakeSession(disk, ["ok", "crack", "dent"])


@pytest.fixture
def new_session(disk):
    """Sessions of other shapes over the same disk."""
    return lambda **how: FakeSession(disk, **{"classes": ["ok", "crack", "dent"], **how})


@pytest.fixture
def bench(browser, disk):
    context = browser.new_context(viewport={"width": 900, "height": 900})
    page = context.new_page()
    bench = Bench(page, disk)
    yield bench
    context.close()
    assert bench.errors == []
