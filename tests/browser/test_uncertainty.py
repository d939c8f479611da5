"""``s.uncertainty`` as a person uses it: points, neighbours, keys and ids, in a real JupyterLab.

The pool is a folder of pictures whose names and classes are markup: they must arrive as text.
"""

from __future__ import annotations

import re

import pytest
from PIL import Image

from spin_nb.pool.sources.samples import digits
from tests.waiting import until

HOSTILE = "<img src=x onerror=window.hacked=1>"
OPEN = f"""
import spin_nb as spin
names = [{HOSTILE!r}, "<b>one</b>", "2", "3", "4", "5", "6", "7", "8", "9"]
s = spin.open("clicked.spin", pool="pictures", classes=names, encoder="photo")
s.audit.share = 0.0
for row in range(40):
    s.label(s.pool.ids[row], s.classes[int(s.pool.ids[row][0])])
"""
# Where a point of a trace is on the page, and whose it is.
POINT = """([trace, at]) => {
    const plot = document.querySelector('.js-plotly-plot'), { xaxis, yaxis } = plot._fullLayout;
    const { x, y, text } = plot.data[trace], { left, top } = plot.getBoundingClientRect();
    return [left + xaxis._offset + xaxis.l2p(x[at]), top + yaxis._offset + yaxis.l2p(y[at]), text[at]]; }"""


@pytest.fixture(scope="module")
def pictures(server):
    """Two hundred digits as files; a name begins with the digit."""
    sample, folder = digits(), server.folder / "pictures"
    folder.mkdir()
    for i in range(200):
        Image.fromarray(sample.items[i]).resize((64, 64)).save(
            folder / f"{sample.labels[i]} {i} {HOSTILE}.png"
        )


class Look:
    """The view on the page."""

    def __init__(self, lab) -> None:
        self.lab, self.page = lab, lab.page

    @property
    def id(self) -> str:
        return self.page.locator(".spin-explain .spin-title").first.inner_text()

    def waits_for(self, id: str) -> None:
        self.page.wait_for_function(
            "id => document.querySelector('.spin-explain .spin-title')?.textContent === id", arg=id
        )

    def pool_painted(self) -> None:
        self.page.wait_for_function("() => document.querySelector('.js-plotly-plot .points path')")


@pytest.fixture
def look(lab, pictures, request):
    name = request.node.name  # a notebook and a project of its own: the last test's kernel still runs
    lab.write_notebook(f"{name}.ipynb", [OPEN.replace("clicked", name), "s.uncertainty", "s.map"])
    lab.open_notebook(f"{name}.ipynb")
    lab.run_cell("spin.open(")
    lab.run_cell("s.uncertainty")
    look = Look(lab)
    look.pool_painted()
    lab.scroll_to("s.uncertainty")
    return look


def click_in_the_map(lab, row: int) -> str:
    """A single click on a point; the id of the item it selected, which may be one that lies on top of it."""
    canvas = lab.show(".jp-OutputArea-output canvas:not(.spin-explain canvas)")

    def selected() -> str:
        """Click where the point is now: until the map has drawn itself at its size, that meets nothing."""
        box = canvas.bounding_box()
        x, y = map(float, lab.run_code(f"print(*s.map.scatter.points[{row}, :2])").split())
        half = box["height"] / 2
        at = box["x"] + box["width"] / 2 + x * half, box["y"] + half - y * half
        lab.page.mouse.move(*at)
        lab.page.wait_for_timeout(500)  # it takes the point under the pointer, and must have found it
        lab.page.mouse.click(*at)
        lab.page.wait_for_timeout(1000)  # two clicks are not to make a double click
        return lab.run_code("print(*s.selected[:1])").strip()

    return until(selected, page=lab.page, what=f"point {row} of the map selected")


def test_points_neighbours_keys_and_ids_look_at_items(lab, look):
    page, first = look.page, look.id
    lab.screenshot("uncertainty-light")

    def clicked() -> str:
        """Click where the point is now: the plot may still be taking its width, then that meets nothing."""
        x, y, text = page.evaluate(POINT, [1, 50])
        page.mouse.move(x, y)
        page.mouse.click(x, y)
        page.wait_for_timeout(1000)  # two clicks are not to make a double click
        return text if look.id != first else ""

    text = until(clicked, page=page, what="a click on a point looks at its item")
    item = look.id
    assert item[:4] == text[:4]
    until(lambda: page.locator(".spin-strips svg circle").count() == 8 * 200, page=page, what="its draws")

    near = page.locator(".spin-near button").first
    neighbour = near.get_attribute("title")
    near.click()
    look.waits_for(neighbour)
    page.locator(".spin-head .spin-chip").filter(has_text=re.compile(r"\S")).wait_for()

    page.keyboard.press("b")  # the keys stay with the view whose button is gone
    look.waits_for(item)
    page.keyboard.press("m")
    look.waits_for(first)
    page.keyboard.press("n")
    page.wait_for_function(
        "id => document.querySelector('.spin-explain .spin-title').textContent !== id", arg=first
    )

    page.keyboard.press("/")
    page.keyboard.type("nobody")
    page.keyboard.press("Enter")
    page.locator(".spin-problem", has_text="no item 'nobody'").wait_for()
    page.locator(".spin-toolbar input").fill(neighbour)
    page.keyboard.press("Enter")
    look.waits_for(neighbour)
    problem = page.locator(".spin-problem").first
    until(lambda: problem.inner_text() == "", page=page, what="the complaint is gone")

    assert page.evaluate("window.hacked") is None
    assert page.locator(".spin-explain img").count() == 0
    assert page.problems == []


def test_it_follows_labels_and_the_map_and_fits_a_narrow_dark_page(lab, look):
    page, first = look.page, look.id
    lab.run_cell("s.map")
    chosen = click_in_the_map(lab, 77)
    assert chosen != first
    lab.scroll_to("s.uncertainty")
    look.waits_for(chosen)
    strips = page.locator(".spin-strips svg").first
    before = strips.get_attribute("aria-label")
    lab.run_code("s.label(s.selected[0], s.classes[int(s.selected[0][0])])")
    page.locator(".spin-head .spin-chip").wait_for()
    until(lambda: strips.get_attribute("aria-label") != before, page=page, what="another answer of the model")

    assert page.problems == []  # before the page is resized: JupyterLab's own layout may stumble over that

    page.set_viewport_size({"width": 700, "height": 1000})
    lab.set_theme("JupyterLab Dark")
    lab.scroll_to("s.uncertainty")
    lab.screenshot("uncertainty-dark-narrow")
    parts = "[...document.querySelectorAll('.spin-explain')]"
    assert (
        page.evaluate(f"() => {parts}.filter((part) => part.scrollWidth > part.clientWidth + 1).length") == 0
    )
