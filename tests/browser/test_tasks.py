"""Every task, as a person labels with it: a real JupyterLab, keyboard and mouse, a kernel restart, the store on disk.

For each: the pre-filled suggestion is changed, submitted, undone, redone; the kernel is restarted; undone and redone
once more.  What counts is what is on disk after each step.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

import pytest

from tests.waiting import until

SETUP = """
import numpy as np, spin_nb as spin
rng = np.random.default_rng(0)
pictures = np.full((24, 60, 80), 90, np.uint8)
for picture in pictures:
    y, x = rng.integers(0, [40, 50])
    picture[y:y + 16, x:x + 24] = rng.integers(150, 255)
texts = [f"refund for the flight {i} to {['Rome', 'Oslo'][i % 2]} 👩‍👩‍👧 please" for i in range(24)]
rows = np.linspace(-1, 1, 24, dtype=np.float32)[:, None] * np.ones(4, np.float32)
pairs = [f"answer {i}: yes, tomorrow" for i in range(24)]

def begin(name, pool, task, value):
    s = spin.open(name + ".spin", pool=pool, task=task, annotator="ada")
    s.audit.share = 0
    s.suggest(dict.fromkeys(s.pool.ids, (value, 0.8)))
    return s
"""
BOX = {"label": "car", "x": 10.0, "y": 10.0, "width": 30.0, "height": 20.0}
LEAF = {"label": "leaf", "points": [[10.0, 10.0], [50.0, 10.0], [30.0, 40.0]]}
POINTS = {"nose": [20.0, 20.0], "tail": [60.0, 40.0]}


@dataclass(frozen=True)
class Case:
    """A task: how its project is made, what is suggested, how a person changes it, and what is on disk then."""

    name: str
    pool: str
    task: str
    suggestion: object
    change: object
    changed: object  # is it what the person meant?


def press(*keys):
    def change(page, view):
        for key in keys:
            page.keyboard.press(key)

    return change


def draw_a_box(page, view):
    page.keyboard.press("2")
    view.locator("svg[viewBox]").first.wait_for(state="attached")  # the picture has its place
    picture = view.locator("canvas").first.bounding_box()
    x, y = picture["x"] + picture["width"] * 0.7, picture["y"] + picture["height"] * 0.6
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 50, steps=4)
    page.mouse.up()


def write_a_text(page, view):
    field = view.locator("textarea")
    field.click()
    field.fill("")
    page.keyboard.type("a refund 1?")
    page.keyboard.press("Escape")


def two_boxes(value):
    return [box["label"] for box in value] == ["car", "bike"] and value[0] == BOX


CASES = [
    Case("classes", "pictures", 'spin.Classes(["ok", "crack"])', "ok", press("2"), lambda v: v == "crack"),
    Case(
        "several",
        "rows",
        'spin.MultiLabel(["hot", "old"])',
        ["hot"],
        press("2"),
        lambda v: v == ["hot", "old"],
    ),
    Case("number", "rows", 'spin.Number(0, 10, unit="mm")', 2.0, press("7", ".", "5"), lambda v: v == 7.5),
    Case("boxes", "pictures", 'spin.Boxes(["car", "bike"])', [BOX], draw_a_box, two_boxes),
    Case(
        "points",
        "pictures",
        'spin.Keypoints(["nose", "tail"], skeleton=[("nose", "tail")])',
        POINTS,
        press("1", "ArrowRight"),
        lambda v: v == {**POINTS, "nose": [21.0, 20.0]},
    ),
    Case(
        "outlines",
        "pictures",
        'spin.Polygons(["leaf"])',
        [LEAF],
        press("]", "ArrowRight"),
        lambda v: v[0]["points"] == [[11.0, 10.0], [51.0, 10.0], [31.0, 40.0]],
    ),
    Case(
        "spans",
        "texts",
        'spin.Spans(["city", "thing"])',
        [{"label": "thing", "start": 0, "end": 6}],
        press("]", "1"),
        lambda v: v == [{"label": "city", "start": 0, "end": 6}],
    ),
    Case("text", "texts", "spin.FreeText()", "a question", write_a_text, lambda v: v == "a refund 1?"),
    Case("pairs", "pairs", "spin.Pairs()", "first", press("2"), lambda v: v == "second"),
]
AT_ONCE = ("classes", "pairs")  # a key is the whole label


def events(project) -> list[tuple[str, object, int | None]]:
    """(kind, value, accepted) of every event on disk, in order."""
    with sqlite3.connect(f"file:{project / 'project.db'}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT kind, value, accepted FROM events ORDER BY seq").fetchall()
    return [(kind, None if value is None else json.loads(value), accepted) for kind, value, accepted in rows]


def wait_for(project, n: int) -> list[tuple[str, object, int | None]]:
    """The events, once there are ``n``."""
    until(lambda: len(events(project)) >= n, what=f"{n} events in {project.name}")
    stored = events(project)
    assert len(stored) == n, f"{[kind for kind, *_ in stored]} on disk, not {n} events"
    return stored


def open_labeller(lab, case: Case):
    """The case's labeller with an item on it, focused."""
    lab.run_cell(f"# open {case.name}")
    lab.run_cell(f"{case.name}.labeller")
    view = lab.shown_by_cell(".spin-labeller")
    view.locator(".spin-name").filter(has_text="-").wait_for()
    view.focus()
    return view


def show_a_suggested_item(lab, view, project) -> int:
    """Skip what comes without a suggestion, so that nobody can tell an audit; returns how many were skipped."""
    skipped = 0
    while view.locator(".spin-accept").inner_text().split()[0] != "Accept":
        item = view.locator(".spin-name").inner_text()
        lab.page.keyboard.press("Space")
        skipped += 1
        wait_for(project, skipped)
        until(lambda item=item: view.locator(".spin-name").inner_text() not in ("", item), page=lab.page)
    return skipped


@pytest.fixture(scope="module")
def notebook(server):
    cells = [SETUP]
    for case in CASES:
        cells.append(
            f"# open {case.name}\n{case.name} = begin({case.name!r}, {case.pool}, {case.task}, {case.suggestion!r})"
        )
        cells.append(f"{case.name}.labeller")
    return cells


def test_every_task_is_labelled_undone_redone_and_found_after_a_restart(lab, server, notebook):
    lab.write_notebook("tasks.ipynb", notebook)
    lab.open_notebook("tasks.ipynb")
    lab.run_cell("import numpy")
    before = {}
    for case in CASES:
        project = server.folder / f"{case.name}.spin"
        view = open_labeller(lab, case)
        n = show_a_suggested_item(lab, view, project)
        case.change(lab.page, view)
        lab.screenshot(f"task-{case.name}-light")
        if case.name not in AT_ONCE:
            accept = view.locator(".spin-accept")
            until(
                lambda accept=accept: "Submit" in accept.inner_text(),
                page=lab.page,
                what="the change in the draft",
            )
            view.focus()
            lab.page.keyboard.press("Enter")
        kind, value, accepted = wait_for(project, n + 1)[-1]
        assert kind == "label", case.name
        assert case.changed(value), f"{case.name}: {value}"
        assert accepted == 0, f"{case.name} was edited"
        lab.page.keyboard.press("u")
        assert wait_for(project, n + 2)[-1][:2] == ("undo", None)
        lab.page.keyboard.press("y")
        assert wait_for(project, n + 3)[-1][:2] == ("redo", value)
        lab.page.keyboard.press("Control+z")
        lab.page.keyboard.press("Control+Shift+z")
        wait_for(project, n + 5)
        before[case.name] = n + 5, value

    lab.restart_kernel()
    lab.open_notebook("tasks.ipynb")
    lab.set_theme("JupyterLab Dark")
    lab.run_cell("import numpy")
    for case in CASES:
        project = server.folder / f"{case.name}.spin"
        n, value = before[case.name]
        assert len(events(project)) == n, case.name
        open_labeller(lab, case)
        lab.screenshot(f"task-{case.name}-dark")
        assert json.loads(
            lab.run_code(f"import json; print(json.dumps(list({case.name}.values.values())))")
        ) == [value]
        lab.page.keyboard.press("u")
        assert wait_for(project, n + 1)[-1][:2] == ("undo", None), case.name
        lab.page.keyboard.press("y")
        assert wait_for(project, n + 2)[-1][:2] == ("redo", value), case.name
    assert not lab.page.problems
