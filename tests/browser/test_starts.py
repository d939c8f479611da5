"""The workbench starts: on slow pages, beside a busy kernel, and where anywidget has given its models up.

With ``SPIN_ATTACK=full``: 40 starts, and "Run all" of every notebook.  ``-s`` prints what was counted.
"""

from __future__ import annotations

import os

import pytest

import spin_nb as spin
from spin_nb.pool.sources.samples import digits
from tests.waiting import until

FULL = os.environ.get("SPIN_ATTACK") == "full"
THROTTLES = (1, 2, 4, 6)
STARTS = (
    [(throttle, busy) for _ in range(5) for busy in (0, 60) for throttle in THROTTLES]
    if FULL
    else [(4, 0), (1, 4)]
)
LABELS = 64
MB = 1e6
BEFORE_FIRST_MB, IN_ALL_MB = 2, 6
FAILED = "Failed to initialize model"

# Counts what the kernel's websocket brings, and notes how the page was when the first item was on it.
NOTES = """() => {
  window.notes = { received: 0, first: null, counts: [], early: [] };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...address) {
      super(...address);
      this.addEventListener("message", ({ data }) => (notes.received += data.byteLength ?? data.length));
    }
  };
  const look = () => {
    const count = document.querySelector(".spin-labeller .spin-count")?.textContent;
    if (count && notes.counts.at(-1) !== count) notes.counts.push(count);
    if (notes.first || !document.querySelector(".spin-labeller .spin-name")?.textContent) return;
    const others = [...document.querySelectorAll(".js-plotly-plot, .spin-explain, canvas")];
    const ready = others.filter((other) => !other.closest(".spin-labeller")).length;
    notes.first = { received: notes.received, at: performance.now(), others: ready };
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
}"""
# anywidget waits for its models no longer than this: every one of them is given up.
NO_PATIENCE = """() => {
  AbortSignal.timeout = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("no patience")));
    return controller.signal;
  };
}"""
# Nobody is given up, however long it takes: what waits for itself waits for ever.
ALL_PATIENCE = "() => { AbortSignal.timeout = () => new AbortController().signal; }"
# What a view shows when the kernel says so.
TELL = {
    "map": "s.map.panel.status = {!r}",
    "uncertainty": "s.uncertainty.item.chances = dict(note={!r})",
    "pool": "p = s.uncertainty.pool; p.figure_layout = {{**p.figure_layout, 'title': dict(text={!r})}}",
    "curves": "c = s.curves; c.figure_layout = {{**c.figure_layout, 'title': dict(text={!r})}}",
    "bar": "s.workbench.bar.problem = {!r}",
}
MAP_HAS_ROOM = """[...document.querySelectorAll(".jp-OutputArea canvas")].some((canvas) =>
  !canvas.closest(".spin-view") && canvas.getBoundingClientRect().width >= 400)"""
TOLD = """word => document.querySelector(".jp-Notebook").textContent.includes(word)"""


@pytest.fixture(scope="module")
def project(server):
    """Digits, some of them labelled."""
    sample, folder = digits(), server.folder / "starts.spin"
    s = spin.open(folder, pool=sample)
    s.label(dict(zip(sample.ids[:LABELS], sample.labels[:LABELS], strict=True)))
    s.close()
    return folder


class Start:
    """One start of views in a notebook of its own."""

    def __init__(self, lab, project, name: str) -> None:
        self.lab, self.page, self.name = lab, lab.page, name
        self.said = 0
        self.errors: list[str] = []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.add_init_script(f"({NOTES})()")
        self.open = f"import spin_nb as spin\ns = spin.open({project.name!r})"

    def throttle(self, rate: int) -> None:
        cdp = self.page.context.new_cdp_session(self.page)
        cdp.send("Emulation.setCPUThrottlingRate", {"rate": rate})

    def notebook(self, *cells: str) -> None:
        self.lab.write_notebook(f"{self.name}.ipynb", list(cells))
        self.lab.open_notebook(f"{self.name}.ipynb")

    def hears(self, *views: str) -> None:
        """Each view shows what the kernel says now; said again where a drawing of the kernel's own has replaced it."""
        self.said += 1
        for view in views:
            word = f"{view} heard {self.said}"

            def is_shown(view: str = view, word: str = word) -> bool:
                self.lab.run_code(TELL[view].format(word))
                return self.page.evaluate(TOLD, word)

            until(is_shown, page=self.page, what=f"the page shows {word!r}")

    def map_is_painted_anew(self, colouring: str) -> None:
        """The map's picture is another one in another colouring."""
        canvas = self.page.locator(".jp-OutputArea canvas:visible:not(.spin-view canvas)").first
        canvas.scroll_into_view_if_needed()
        before = canvas.screenshot()
        self.lab.run_code(f"s.map.coloured_by = {colouring!r}")
        until(lambda: canvas.screenshot() != before, page=self.page, what="the map in other colours")

    def labels_one(self) -> None:
        """A key labels the item on screen, and the kernel says that it is saved."""
        root = self.page.locator(".spin-labeller")
        name = root.locator(".spin-name")
        until(lambda: name.inner_text(), page=self.page, what="an item on screen")
        before = name.inner_text()
        root.focus()
        self.page.keyboard.press("3")
        until(lambda: name.inner_text() not in ("", before), page=self.page, what="the next item")
        root.locator(".spin-status", has_text="All saved").wait_for()

    def plots_all(self) -> None:
        """Every tab has its plot, drawn."""
        for tab in ("Curves", "Calibration", "Drift", "Uncertainty"):
            self.page.get_by_role("tab", name=tab).click()
            self.page.locator(".jp-OutputArea .js-plotly-plot:visible .main-svg").first.wait_for()

    def notes(self) -> dict:
        return self.page.evaluate("notes")

    def end(self) -> None:
        self.page.evaluate("jupyterapp.serviceManager.sessions.shutdownAll()")


@pytest.fixture
def started(lab, project, request):
    start = Start(lab, project, request.node.name.translate({ord(c): "-" for c in "[]"}))
    yield start
    start.end()


@pytest.mark.parametrize(("throttle", "busy"), STARTS)
def test_the_workbench_as_first_view_comes_alive_labeller_first(started, throttle, busy):
    page = started.page
    started.notebook(f"import time\ntime.sleep({busy})", f"{started.open}\ns.workbench")
    started.throttle(throttle)
    page.evaluate(
        "window.begun = performance.now(); void jupyterapp.commands.execute('notebook:run-all-cells')"
    )
    page.wait_for_function("notes.first")
    page.locator(".js-plotly-plot:visible .points path").first.wait_for(state="attached")
    page.locator(".jp-OutputArea canvas:not(.spin-view canvas)").first.wait_for()
    started.throttle(1)
    started.hears("map", "uncertainty", "pool", "bar")
    started.map_is_painted_anew("Label")
    started.labels_one()
    started.plots_all()
    notes = started.notes()
    first, total = notes["first"]["received"] / MB, notes["received"] / MB
    seconds = (notes["first"]["at"] - page.evaluate("begun")) / 1000 - busy
    failed = sum(FAILED in error for error in started.errors)
    print(
        f"\nthrottled {throttle}x, kernel busy {busy} s first: labeller, map and 4 plots alive; first item after "
        f"{seconds:.1f} s and {first:.2f} MB, {total:.2f} MB in all; given up by anywidget: {failed}"
    )
    assert notes["first"]["others"] == 0, "map and plots come after the first item"
    assert first <= BEFORE_FIRST_MB
    assert total <= IN_ALL_MB
    assert not any(text.startswith("0 of") for text in notes["counts"]), "64 are on disk"
    assert int(notes["counts"][-1].split()[0]) > LABELS
    assert [problem for problem in page.problems if FAILED not in problem] == []


def test_views_that_anywidget_has_given_up_hear_the_kernel_and_so_does_the_cell_run_again(started):
    started.page.add_init_script(f"({NO_PATIENCE})()")
    words = ("labeller", "map", "uncertainty", "curves")
    started.notebook(started.open, *(f"s.{word}" for word in words))
    started.lab.run_all()
    started.page.locator(".js-plotly-plot .points path").first.wait_for(state="attached")
    assert any(FAILED in error for error in started.errors), "they were given up"
    started.hears("map", "uncertainty", "pool", "curves")
    started.lab.scroll_to("s.map")
    started.page.wait_for_function(MAP_HAS_ROOM)
    started.lab.scroll_to("s.labeller")
    started.labels_one()
    for word in words:
        started.lab.run_cell(f"s.{word}")
    started.hears("map", "uncertainty", "pool", "curves")
    started.lab.scroll_to("s.labeller")
    started.labels_one()


def test_no_view_waits_until_anywidget_gives_it_up(started):
    started.page.add_init_script(f"({ALL_PATIENCE})()")
    started.notebook(started.open, "s.labeller", "s.map", "s.uncertainty", "s.curves")
    started.lab.run_all()
    started.hears("map", "uncertainty", "pool", "curves")


@pytest.mark.skipif(not FULL, reason="SPIN_ATTACK=full runs all notebooks")
@pytest.mark.parametrize("name", ["00_quickstart", "01_uncertainty", "03_labelling"])
def test_run_all_of_a_notebook_on_a_slow_page_logs_no_widget_error(started, name):
    started.lab.open_notebook(f"{name}.ipynb")
    started.throttle(4)
    started.lab.run_all(900)
    started.throttle(1)
    assert [error for error in started.errors if "widget" in error] == []
    print(f"\n{name} throttled 4x: {started.notes()['received'] / MB:.1f} MB, no widget error")
