"""The quickstart, as a person goes through it: a real JupyterLab, the keyboard, and the store on disk.

The cell of the simulated annotator is left out: here the labels come from the keyboard.  What counts is what
is on disk, so the project is read with SQLite and the store beside the running kernel.
"""

from __future__ import annotations

import io
import json
import sqlite3

import pytest
from PIL import Image

from spin_nb.pool.sources.samples import digits
from spin_nb.project.store import Store
from tests.waiting import until

LABELS = 20
UPPER, VALIDATED, ARRIVALS = (
    0,
    5,
    2,
)  # traces: end of the interval, heads compared; arrivals' ranks
GREY, LABELLED_ON_DARK = (154, 154, 154), (86, 180, 233)  # what the map's points look like
DIGITS = digits()
TRUTH = dict(zip(DIGITS.ids, DIGITS.labels, strict=True))

# Training on a few digits is over in a moment; here it is repeated until the test says stop, so that it is
# under way while the keys are pressed.  Every repetition is the real one.
KEEP_TRAINING = """
import threading
from spin_nb.session.model import training
enough, real = threading.Event(), training.fit_heads
def fit_heads(*args, **kwargs):
    while True:
        made = real(*args, **kwargs)
        if enough.wait(0.02):
            return made
training.fit_heads = fit_heads
run = s.train()
"""


@pytest.fixture
def notebook(server):
    """The quickstart without its simulated annotator, and the project it will make."""
    cells = json.loads((server.folder / "00_quickstart.ipynb").read_text())
    cells["cells"] = [c for c in cells["cells"] if "simulated-annotator" not in c["metadata"].get("tags", [])]
    (server.folder / "by_hand.ipynb").write_text(json.dumps(cells))
    return "by_hand.ipynb", server.folder / "digits.spin"


def events(project) -> list[tuple[str, str]]:
    """(kind, item) of every event on disk, in order."""
    with sqlite3.connect(f"file:{project / 'project.db'}?mode=ro", uri=True) as db:
        return db.execute("SELECT kind, item FROM events ORDER BY seq").fetchall()


def labelled(project) -> list[tuple[str, str]]:
    """(item, value) of the labels that hold, in order of labelling."""
    store = Store.open(project, read_only=True)
    try:
        return store.labels().select("item", "value").rows()
    finally:
        store.close()


def colours(locator) -> list[tuple[int, tuple[int, int, int]]]:
    """(pixels, colour) of what an element shows, most frequent first."""
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return sorted(picture.getcolors(maxcolors=1 << 24), reverse=True)


def label_by_key(lab, count: int) -> list[str]:
    """Press the right digit's key ``count`` times; the ids of the items that were on screen."""
    name = lab.page.locator(".spin-labeller .spin-name").first
    shown = "document.querySelector('.spin-labeller .spin-name').textContent"
    lab.page.wait_for_function(f"() => {shown}")  # with an item its classes are there
    buttons = lab.page.locator(".spin-labeller .spin-class").all()
    keys = {button.get_attribute("title"): button.locator("kbd").inner_text() for button in buttons}
    done = []
    for _ in range(count):
        lab.page.wait_for_function(f"() => {shown}")
        id = name.inner_text()
        lab.page.keyboard.press(keys[TRUTH[id]])
        lab.page.wait_for_function(f"before => {shown} !== before", arg=id)
        done.append(id)
    return done


def wait_saved(lab) -> None:
    lab.page.locator(".spin-labeller .spin-status", has_text="All saved").wait_for()


def trace(lab, cell: str, number: int, at_least: int = 0) -> list:
    """y values of a trace of the plot under ``cell``, once it has ``at_least`` so many."""
    read = """([cell, number]) => {
        const found = jupyterapp.shell.currentWidget.content.widgets.find(
            widget => widget.model.sharedModel.source.trim() === cell);
        return Array.from(found?.node.querySelector('.js-plotly-plot')?.data?.[number]?.y ?? []); }"""
    lab.page.wait_for_function(f"([n, ...of]) => ({read})(of).length >= n", arg=[at_least, cell, number])
    return lab.page.evaluate(read, [cell, number])


def look_at_the_map(lab, picture: str, colour: tuple[int, int, int]):
    """Run the map's cell; once ``colour`` is on it, the colours of what it painted, most frequent first."""
    lab.run_cell("s.map")
    canvas = lab.show(".jp-OutputArea-output canvas")

    def painted() -> bool:
        (_, paper), *points = colours(canvas)
        return (
            paper != colour
            and sum(n for n, _ in points) > 1000
            and sum(n for n, c in points if c == colour) > 100
        )

    until(painted, page=lab.page, what=f"a map with points of {colour}")
    lab.screenshot(picture)
    return colours(canvas)


def label_while_training(lab) -> list[str]:
    """Label by keyboard while a run is under way, then undo once; ids of the labels that remain."""
    lab.run_cell("s.labeller")
    lab.show(".spin-labeller").focus()
    asked = label_by_key(lab, 4)
    wait_saved(lab)
    lab.run_cell("s.curves")
    before = trace(lab, "s.curves", UPPER, at_least=1)
    lab.run_code(KEEP_TRAINING)
    lab.scroll_to("s.labeller")
    lab.show(".spin-labeller").focus()
    asked += label_by_key(lab, LABELS - 4)
    lab.screenshot("quickstart-labeller-light")
    lab.page.keyboard.press("u")
    wait_saved(lab)
    assert lab.run_code("print(run.status)").strip() == "running"
    lab.scroll_to("s.curves")
    assert len(trace(lab, "s.curves", UPPER, at_least=len(before) + 1)) > len(before)
    return asked[:-1]


def train_and_watch(lab) -> None:
    """Let the run end and run the rest of the notebook: cross-validation and arrivals appear."""
    assert trace(lab, "s.curves", VALIDATED) == []
    lab.run_code("enough.set(); run.result(120)")
    lab.run_cell("s.train(")
    lab.scroll_to("s.curves")
    assert trace(lab, "s.curves", VALIDATED, at_least=1)
    lab.screenshot("quickstart-curves-light")
    lab.run_cell("s.drift")
    assert trace(lab, "s.drift", ARRIVALS) == []
    lab.run_cell("s.watch(")
    assert len(trace(lab, "s.drift", ARRIVALS, at_least=400)) == 400
    lab.scroll_to("s.drift")
    lab.screenshot("quickstart-drift-light")


def buttons_paper(lab) -> list[int]:
    """Background [r, g, b] of the map's buttons, which jupyter-scatter left on white paper."""
    return lab.page.evaluate(
        """() => {
          const bar = document.querySelector("[data-jss-theme]");
          bar.style.backgroundColor = "white";
          return getComputedStyle(bar).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);
        }"""
    )


def test_label_by_hand_while_training_then_restart_and_find_everything(lab, notebook):
    name, project = notebook
    lab.open_notebook(name)
    lab.run_cell("spin.open(")
    look_at_the_map(lab, "quickstart-map-light", GREY)
    kept = [(id, TRUTH[id]) for id in label_while_training(lab)]
    assert [kind for kind, _ in events(project)] == ["label"] * LABELS + ["undo"]
    assert labelled(project) == kept
    train_and_watch(lab)

    lab.restart_kernel()
    assert labelled(project) == kept
    lab.open_notebook(name)
    lab.set_theme("JupyterLab Dark")
    lab.run_cell("spin.open(")
    _, background = look_at_the_map(lab, "quickstart-map-dark", LABELLED_ON_DARK)[0]
    assert max(background) < 80, f"the map is {background} on a dark page"
    assert max(buttons_paper(lab)) < 80, "its buttons are dark whatever paper the map had when they were made"
    lab.run_cell("s.labeller")
    lab.page.locator(".spin-count", has_text=f"{LABELS - 1} of").wait_for()
    lab.screenshot("quickstart-labeller-dark")
    assert lab.run_code("print(s.labels.height)").strip() == str(LABELS - 1)
    assert labelled(project) == kept
