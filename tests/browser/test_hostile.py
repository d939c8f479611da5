"""Hostile content in every view, in a real JupyterLab: shown as text, executed never.

Texts, table cells, file names, ids, class names, columns, channel and part names, questions, units, error messages,
project names and annotator names: scripts, handlers, SVG, entities, right-to-left overrides, a megabyte at once.
"""

from __future__ import annotations

import re

from tests.browser.hostile import BAD, FILES, LABELLERS, NAMELESS, START, TURNED, cells
from tests.waiting import until

WATCH = """() => {
    window.alert = window.confirm = window.prompt = (words) => { window.pwned = `dialog ${words}`; };
}"""
MOST = 100_000  # characters of a view: a name of a megabyte is cut
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
    const frames = async (n) => { while (n--) await new Promise(requestAnimationFrame); };
    const press = (key) => view.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const over = () => view.querySelector(".spin-frame").textContent.startsWith("Nothing left");
    [...view.querySelectorAll("button[aria-expanded]")].find((button) => button.textContent.startsWith("Keys")).click();
    const seen = [];
    for (let key = "Enter"; !over(); key = " ") {
        await until(() => name() && !view.querySelector(".spin-frame").textContent.startsWith("Loading"));
        const before = name();
        const plot = view.querySelector(".spin-series canvas");
        if (plot) { // drawn and pointed at, it names its channels
            await frames(4);
            const { left, width } = plot.getBoundingClientRect();
            plot.dispatchEvent(new PointerEvent("pointermove", { clientX: left + width / 2 }));
            await frames(2);
        }
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
        until(lambda: not self._missing(expected), page=self.page, what=f"{expected} shown")
        self.unharmed()

    def _missing(self, expected: tuple[str, ...]) -> list[str]:
        words = self.page.evaluate(WORDS)
        assert len(words) < MOST
        return [text for text in expected if text not in words]

    def hovers(self, trace: int, at: int, words: re.Pattern[str]) -> None:
        """The label of a point of the plot under the chosen cell."""
        self.lab.shown_by_cell(".js-plotly-plot .points path").first.wait_for()
        self.lab.shown_by_cell(".js-plotly-plot").scroll_into_view_if_needed()
        label = self.lab.shown_by_cell(".hoverlayer text").filter(has_text=words)

        def is_labelled() -> bool:  # the plot may still be taking its width: the point is looked for anew
            x, y = self.page.evaluate(POINT, [trace, at])
            self.page.mouse.move(x - 30, y)
            self.page.mouse.move(x, y, steps=4)
            self.page.wait_for_timeout(300)
            return bool(label.count())

        until(is_labelled, page=self.page)
        self.unharmed()

    def unharmed(self) -> None:
        assert self.page.evaluate("window.pwned ?? null") is None
        assert self.page.evaluate(ALIVE) == []
        assert [url for url in self.asked_for if "hostile.invalid" in url] == []
        assert self.page.problems == []


def test_every_view_shows_hostile_content_as_text_and_runs_none_of_it(lab):
    lab.write_notebook("hostile.ipynb", cells())
    notebook = Notebook(lab)
    lab.open_notebook("hostile.ipynb")
    lab.run_cell("import wave")
    for name, (*_, expected) in LABELLERS.items():
        lab.run_cell(f"# task {name}")
        walk_through(lab, name, [*expected, *([] if name in NAMELESS else [*BAD, TURNED, START])])
        notebook.unharmed()
    lab.run_cell("# main")
    notebook.shows("# view labeller", *BAD, START)
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
    view = lab.shown_by_cell(".spin-labeller")
    view.locator(".spin-name").filter(has_text=re.compile(r"\S")).wait_for()
    seen = view.evaluate(THROUGH)
    lab.screenshot(f"hostile-{name}")
    assert len(view.text_content()) < MOST
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
    notebook.hovers(1, 3, re.compile("<|&lt;"))  # a class, whichever it says
    field = lab.page.locator(".spin-toolbar input")
    field.fill(BAD[2])
    field.press("Enter")
    notebook.says("no item", BAD[2][:20])
    lab.screenshot("hostile-uncertainty")
    notebook.shows("# view curves", "audited accuracy")
    notebook.shows("# view calibration", "audits")
    notebook.hovers(4, 0, re.compile("said .*was .*(<|&lt;)"))
    notebook.shows("# view drift", "arrival")
