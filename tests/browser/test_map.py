"""The map on a page: the screen says how high it is, and all of it is painted."""

from __future__ import annotations

import pytest

from tests.waiting import until

OPEN = """import numpy as np, spin_nb as spin
noise = np.random.default_rng(0).normal(size=(200, 4))
x = (noise + 4 * np.eye(4)[np.arange(200) % 4]).astype(np.float32)
s = spin.open("NAME.spin", pool=x, classes=["a", "b", "c", "d"])
s.label({id: "abcd"[i % 4] for i, id in enumerate(s.pool.ids[:8])})"""
CANVAS = ".jp-OutputArea-output canvas"
BOX = f"""(() => {{ const box = document.querySelector('{CANVAS}').getBoundingClientRect();
                 return [box.width, box.height]; }})()"""


@pytest.fixture
def map_on_page(lab, request):
    name = request.node.name
    lab.write_notebook(f"{name}.ipynb", [OPEN.replace("NAME", name), "s.map", *["# below\n" * 30] * 3])
    lab.open_notebook(f"{name}.ipynb")
    lab.run_cell("spin.open(")
    lab.run_cell("s.map")
    lab.page.wait_for_selector(CANVAS)
    lab.page.wait_for_function(f"{BOX}[1] > 300")
    return lab


PAINTED = f"""(() => {{ const canvas = document.querySelector('{CANVAS}');
    const {{ data, width, height }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const row = (at) => data.subarray(4 * width * at, 4 * width * (at + 1)).some((_, i, row) => i % 4 === 3 && row[i]);
    return [...Array(height).keys()].findIndex(row) / height; }})()"""


def wait_until_painted_whole(lab, below=0.0):
    """The topmost point is painted where it lies, or ``below`` that, in heights of the map.

    A surface of another size cuts it off.
    """

    def is_whole() -> bool:
        top = float(lab.run_code("print((1 - s.map.scatter.points[:, 1].max()) / 2)"))
        return abs(lab.page.evaluate(PAINTED) - top - below) < 0.03

    until(is_whole, page=lab.page, what="the topmost point painted where it lies")


def test_it_is_as_high_as_the_screen_lets_it_be_or_as_somebody_says(map_on_page):
    lab, page = map_on_page, map_on_page.page
    for width, height in ((1280, 720), (1440, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"Math.abs({BOX}[1] - {0.6 * height}) < 3")
        page.wait_for_function(f"{BOX}[0] > 0.4 * {width}")
        wait_until_painted_whole(lab)
        lab.screenshot(f"map-{width}x{height}")
    lab.run_code("s.map.height = 777")
    page.wait_for_function(f"Math.abs({BOX}[1] - 777) < 3")
    painted = f"document.querySelector('{CANVAS}').height / window.devicePixelRatio"
    page.wait_for_function(f"Math.abs({painted} - 777) < 3")


def test_the_first_drag_of_all_begins_where_the_pointer_is(map_on_page):
    """Come and pressed within one frame, as a pen or a slow page does it; the map was thrown off the paper."""
    lab, page = map_on_page, map_on_page.page
    wait_until_painted_whole(lab)
    hear = """([selector, names, height]) => { const canvas = document.querySelector(selector);
        const box = canvas.getBoundingClientRect();
        const at = { clientX: box.x + box.width / 2, clientY: box.y + height * box.height };
        for (const name of names) canvas.dispatchEvent(new MouseEvent(name, { ...at, buttons: 1, bubbles: true })); }"""
    page.evaluate(hear, [CANVAS, ["mousemove", "mousedown"], 0.2])
    page.evaluate(hear, [CANVAS, ["mousemove"], 0.5])
    wait_until_painted_whole(lab, below=0.3)
    page.evaluate(hear, [CANVAS, ["mouseup"], 0.5])


HALF = """from jscatter.widget import JupyterScatter
send = JupyterScatter.send_state
def lost(self, key=None):  # a busy page misses this much of what the kernel says first
    names = {key} if isinstance(key, str) else set(key or ())
    if not names & {"color_scale", "opacity_scale", "size_scale"}:
        send(self, key)
JupyterScatter.send_state = lost"""


def test_a_page_that_missed_the_first_messages_draws_when_it_has_them(lab):
    lab.write_notebook("missed.ipynb", [OPEN.replace("NAME", "missed"), HALF, "s.map"])
    lab.open_notebook("missed.ipynb")
    lab.run_all()
    lab.page.wait_for_selector(CANVAS)
    until(
        lambda: lab.run_code("print(s.map.scatter.points.any())") == "True\n",
        page=lab.page,
        what="points sent",
    )
    lab.run_code("JupyterScatter.send_state = send; s.map.scatter.send_state()")
    wait_until_painted_whole(lab)
    assert lab.page.problems == []
