"""Hostile content in every view, in a real JupyterLab: shown as text, executed never.

Payloads are texts, table cells, file names, ids, class names, columns, channel names, part names, questions, units,
error messages, project names and annotator names.  Each would raise ``window.pwned``, open a dialog or ask for
something of the host "hostile.invalid" were it taken for anything but text.
"""

from __future__ import annotations

import time

import pytest

BAD = [
    "<script>window.pwned='script'</script>",
    "<img src=//hostile.invalid/i onerror=\"window.pwned='img'\">",
    "<svg onload=\"window.pwned='svg'\"><a xlink:href=\"javascript:window.pwned='x'\"><text>x</text></a></svg>",
    '"><iframe srcdoc="<script>parent.pwned=\'frame\'</script>">',
    "&lt;img src=//hostile.invalid/e onerror=window.pwned=&quot;entity&quot;&gt; &#60;b&#62; &amp;amp;",
    "<a href=\"javascript:window.pwned='link'\">click</a>",
    "${window.pwned='template'} {{window.pwned='braces'}} $\\href{javascript:window.pwned='tex'}{x}$",
    "'-window.pwned='quote'-'",
    "<b>bold</b><br>😀é",
    "../../etc/passwd",
    "__proto__",
    "constructor",
]
TURNED = "\u202egnp.exe <i>turned</i>"  # right-to-left override: an id or a file name may not hold it
LONG = BAD[1] * 17_000  # a megabyte
FILES = [text.replace("/", "").replace("'", '"') for text in BAD]

SETUP = f"""
import wave
from pathlib import Path
import cv2, numpy as np, polars as pl, spin_nb as spin
from PIL import Image

BAD, FILES, TURNED = {BAD!r}, {FILES!r}, {TURNED!r}
LONG = BAD[1] * 17_000
BAD_TEXTS = [*BAD, TURNED, LONG]
N = len(BAD_TEXTS)
rng = np.random.default_rng(0)


def write_picture(path):
    Image.fromarray(rng.integers(0, 255, (60, 80), np.uint8)).save(path)


def write_sound(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(8000)
        out.writeframes((9000 * np.sin(np.arange(4000) / rng.uniform(2, 9))).astype("<i2").tobytes())


def write_video(path):
    out = cv2.VideoWriter("video.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (64, 48))
    for _ in range(8):
        out.write(rng.integers(0, 255, (48, 64, 3), np.uint8))
    out.release()
    Path("video.avi").rename(path)


def folder_of(kind, ending, write):
    folder = Path("hostile " + kind)
    folder.mkdir()
    for i, name in enumerate(FILES):
        write(folder / f"{{name}} {{i}}.{{ending}}")
    return folder


def begin(name, pool, task, value, **more):
    s = spin.open(f"hostile-{{name}}.spin", pool=pool, task=task, annotator=BAD[1] + TURNED, **more)
    s.audit_share = 0
    s.suggest(dict.fromkeys(s.pool.ids, (value, 0.8)))
    return s


ids = [f"{{text}} {{i}}" for i, text in enumerate([*BAD, *BAD])]
texts = pl.DataFrame({{"id": ids, "text": [*BAD_TEXTS, *BAD][: len(ids)], **{{
    name: [BAD[(i + k) % 3] for i in range(len(ids))] for k, name in enumerate([*BAD, TURNED])}}}})
few = [LONG, TURNED, BAD[1], BAD[4]]  # columns of different sentences would be taken for texts
table = pl.DataFrame({{**{{name: [few[(i + k) % 4] for i in range(N)] for k, name in enumerate(BAD)}},
    "size": np.linspace(0, 1, N)}})
pictures = folder_of("pictures", "png", write_picture)
sounds, videos = folder_of("sounds", "wav", write_sound), folder_of("videos", "avi", write_video)
series = spin.Series(rng.normal(size=(N, len(BAD_TEXTS), 60)), channels=BAD_TEXTS, unit=BAD[8][:12])
NAMES = [*BAD, TURNED, LONG]
"""

MAIN = """# main
s = spin.open(FILES[1] + ".spin", pool=texts, classes=NAMES, annotator=BAD[1] + TURNED)
s.audit_share = 0.5
for _ in range(2):
    s.label({id: NAMES[int(id.split()[-1]) % 6] for id in s.ask(6).ids})
    s.train(wait=True)
s.watch(BAD_TEXTS)
s._stage.start_umap = lambda _: None  # its compilation would take most of this test's time

class Failing:
    def fit(self, *_, **__):
        raise RuntimeError(BAD[1] + TURNED)

    predict = fit
"""
BOX = {"x": 10.0, "y": 10.0, "width": 30.0, "height": 20.0}
OUTLINE = [[10.0, 10.0], [50.0, 10.0], [30.0, 40.0]]
PICTURES = [f"{name} {i}.png" for i, name in enumerate(FILES) if name[0] != "."]
SEVERAL = "spin.Several(**dict.fromkeys(BAD[:3], BAD_TEXTS), **{BAD[3]: table})"
START = LONG[:190]  # of the megabyte, what is on screen everywhere
# The labeller of every task, over every kind of item: name, pool, task, what is suggested, and what is on screen
# somewhere between the first item and the last.
LABELLERS = {
    "classes": (
        "videos",
        "spin.Classes(NAMES)",
        "BAD[2]",
        [name.replace(".png", ".avi") for name in PICTURES],
    ),
    "several": ("table", "spin.MultiLabel(NAMES)", "BAD[:3]", [*BAD, TURNED, START]),
    "number": ("series", "spin.Number(0, 10, unit=BAD[8])", "2.0", [BAD[8]]),
    "boxes": ("pictures", "spin.Boxes(NAMES)", f"[{{'label': BAD[1], **{BOX}}}]", PICTURES),
    "points": (
        "pictures",
        "spin.Keypoints(NAMES, skeleton=[(BAD[0], BAD[10])])",
        "dict.fromkeys(NAMES, [9, 9])",
        PICTURES,
    ),
    "outlines": ("pictures", "spin.Polygons(NAMES)", f"[{{'label': BAD[1], 'points': {OUTLINE}}}]", PICTURES),
    "spans": (
        "BAD_TEXTS",
        "spin.Spans(NAMES)",
        "[{'label': BAD[1], 'start': 0, 'end': 5}]",
        [TURNED[5:], START[5:]],
    ),
    "text": (
        "sounds",
        "spin.FreeText()",
        "BAD[1] + TURNED",
        [name.replace(".png", ".wav") for name in PICTURES],
    ),
    "pairs": (
        SEVERAL,
        "spin.Pairs(question=BAD[1] + TURNED, grades=NAMES)",
        "BAD[2]",
        [*BAD, TURNED, START, BAD[1] + TURNED],
    ),
}
NAMELESS = ("number", "text")  # tasks without classes

WATCH = """() => {
    window.alert = window.confirm = window.prompt = (words) => { window.pwned = `dialog ${words}`; };
}"""
# What a payload would have become, were it read as markup.
ALIVE = """() => [...document.querySelectorAll(
    "[onerror], [onload], [onclick], iframe[srcdoc], [src*='hostile'], [href*='hostile'], [href^='javascript']")]
    .map((element) => element.outerHTML.slice(0, 200))"""
# The words that the chosen cell shows.
WORDS = """() => jupyterapp.shell.currentWidget.content.activeCell.node
    .querySelector(".jp-Cell-outputArea").textContent"""
# Accept the first item's suggestion and skip all others; what was on screen with each.
THROUGH = """async (view) => {
    const name = () => view.querySelector(".spin-name").textContent;
    const until = async (done) => { while (!done()) await new Promise((on) => setTimeout(on, 10)); };
    const press = (key) => view.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const over = () => view.querySelector(".spin-frame").textContent.startsWith("Nothing left");
    await until(name);
    [...view.querySelectorAll("button")].find((button) => button.textContent === "Keys").click();
    const seen = [];
    for (let key = "Enter"; !over(); key = " ") {
        await until(() => name() && !view.querySelector(".spin-frame").textContent.startsWith("Loading"));
        const before = name();
        press("ArrowRight"); // a series reads its values out
        seen.push(view.textContent);
        press(key);
        await until(() => name() !== before || over());
        if (!name() && !over()) await until(() => name() || over());
    }
    seen.push(view.textContent);
    return seen.join("\\n"); }"""
# Where a point of a trace is on the page.
POINT = """([trace, at]) => {
    const cell = jupyterapp.shell.currentWidget.content.activeCell.node;
    const plot = cell.querySelector(".js-plotly-plot"), { xaxis, yaxis } = plot._fullLayout;
    const { x, y } = plot.data[trace], { left, top } = plot.getBoundingClientRect();
    return [left + xaxis._offset + xaxis.l2p(x[at]), top + yaxis._offset + yaxis.l2p(y[at])]; }"""


class Notebook:
    """The hostile notebook, open in JupyterLab; everything that a payload could do is noted."""

    def __init__(self, lab) -> None:
        self.lab, self.page = lab, lab.page
        self.asked_for: list[str] = []
        self.page.add_init_script(f"({WATCH})()")
        self.page.on("request", lambda request: self.asked_for.append(request.url))
        self.page.on("dialog", lambda dialog: self.page.problems.append(f"dialog {dialog.message}"))

    def shows(self, source: str, *expected: str) -> None:
        """Run a cell; every expected text is there as text."""
        self.lab.run_cell(source)
        self.says(*expected)

    def says(self, *expected: str) -> None:
        """Every expected text is under the chosen cell, as text, and nothing came alive."""
        until = time.monotonic() + 20
        while time.monotonic() < until and (missing := self._missing(expected)):
            time.sleep(0.1)
        assert missing == []
        self.unharmed()

    def _missing(self, expected: tuple[str, ...]) -> list[str]:
        words = self.page.evaluate(WORDS)
        return [text for text in expected if text not in words]

    def hovers(self, trace: int, at: int, words: str) -> None:
        """The label of a point of the plot under the chosen cell."""
        cell = self.page.locator(".jp-Notebook-cell.jp-mod-active")
        cell.locator(".js-plotly-plot .points path").first.wait_for()
        cell.locator(".js-plotly-plot").scroll_into_view_if_needed()
        x, y = self.page.evaluate(POINT, [trace, at])
        self.page.mouse.move(x - 30, y)
        self.page.mouse.move(x, y, steps=5)
        cell.locator(".hoverlayer text", has_text=words).first.wait_for(timeout=15_000)
        self.unharmed()

    def unharmed(self) -> None:
        assert self.page.evaluate("window.pwned ?? null") is None
        assert self.page.evaluate(ALIVE) == []
        assert [url for url in self.asked_for if "hostile.invalid" in url] == []
        assert self.page.problems == []


VIEWS = ("map", "labeller", "uncertainty", "curves", "calibration", "drift", "workbench")
OTHERS = ["# failed\ns.train(posterior=Failing())", "# labels\ns.labels", "# session\ns"]


@pytest.fixture(scope="module")
def cells():
    begun = [
        f"# task {name}\n{name} = begin({name!r}, {pool}, {task}, {value})\n{name}.labeller"
        for name, (pool, task, value, _) in LABELLERS.items()
    ]
    return [SETUP, *begun, MAIN, *(f"# view {word}\ns.{word}" for word in VIEWS), *OTHERS]


def test_every_view_shows_hostile_content_as_text_and_runs_none_of_it(lab, cells):
    lab.write_notebook("hostile.ipynb", cells)
    notebook = Notebook(lab)
    lab.open_notebook("hostile.ipynb")
    lab.run_cell("import wave")
    for name, (*_, expected) in LABELLERS.items():
        lab.run_cell(f"# task {name}")
        walk_through(lab, name, [*expected, *([] if name in NAMELESS else [*BAD, TURNED, START])])
        notebook.unharmed()
    lab.run_cell("# main", seconds=120)
    look_at_the_map(lab, notebook)
    look_at_the_model(lab, notebook)
    notebook.shows("# view workbench", FILES[1] + ".spin")  # the project's name
    notebook.shows("# failed", "Failing failed", BAD[1] + TURNED)  # the progress of a run
    lab.scroll_to("# view workbench")
    notebook.says("Training failed", BAD[1] + TURNED)
    notebook.shows("# labels", BAD[1][:20])
    notebook.shows("# session", FILES[1] + ".spin")


def walk_through(lab, name: str, expected: list[str]) -> None:
    """Label one item by the keyboard and skip the others: all that is expected was on screen as text."""
    view = lab.page.locator(".spin-labeller").last
    seen = view.evaluate(THROUGH)
    lab.screenshot(f"hostile-{name}")
    assert [text for text in expected if text not in seen] == [], name


def look_at_the_map(lab, notebook: Notebook) -> None:
    """Its colours, their legend, and the item that is chosen."""
    notebook.shows("# view map", *BAD, TURNED)  # columns to colour by
    for word, legend in (
        ("'Predicted class'", BAD[4]),
        ("'Label'", START),
        ("BAD[2]", BAD[0]),
        ("TURNED", BAD[0]),
    ):
        lab.run_code(f"s.map.coloured_by = {word}")
        notebook.says(legend)
    for row, text in ((12, TURNED), (13, START), (1, BAD[1])):
        lab.run_code(f"s.selected = [ids[{row}]]")
        notebook.says(text, f"{BAD[row % 12]} {row}")
    lab.screenshot("hostile-map")


def look_at_the_model(lab, notebook: Notebook) -> None:
    """What it says of an item, of all of them, and of the audits."""
    notebook.shows("# view uncertainty", BAD[1], f"{BAD[1]} 1")
    notebook.hovers(1, 3, "<")
    field = lab.page.locator(".spin-toolbar input")
    field.fill(BAD[2])
    field.press("Enter")
    notebook.says("no item", BAD[2][:20])
    lab.screenshot("hostile-uncertainty")
    notebook.shows("# view curves", "audited accuracy")
    notebook.shows("# view calibration", "audits")
    notebook.hovers(3, 0, "said")
    notebook.shows("# view drift", "arrival")
