"""The map on a page: the wheel scrolls, the screen says how high it is, its panel follows labels."""

from __future__ import annotations

import pytest

OPEN = """import numpy as np, spin_nb as spin
noise = np.random.default_rng(0).normal(size=(200, 4))
x = (noise + 4 * np.eye(4)[np.arange(200) % 4]).astype(np.float32)
s = spin.open("NAME.spin", pool=x, classes=["a", "b", "c", "d"])
s.label({id: "abcd"[i % 4] for i, id in enumerate(s.pool.ids[:8])})"""
CANVAS = ".jp-OutputArea-output canvas"
BOX = f"""(() => {{ const box = document.querySelector('{CANVAS}').getBoundingClientRect();
                 return [box.width, box.height]; }})()"""
SCROLLED = """[...document.querySelectorAll('.jp-WindowedPanel-outer')]
    .map((e) => e.scrollTop).reduce((a, b) => a + b, 0)"""


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


def camera(lab):
    return lab.run_code("print(s.map.scatter.camera_view)")


def over_the_map(lab):
    box = lab.page.locator(CANVAS).first.bounding_box()
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    lab.page.mouse.move(*at)
    return at


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl_or_after_a_click(map_on_page):
    lab, page = map_on_page, map_on_page.page
    before, scrolled = camera(lab), page.evaluate(SCROLLED)
    over_the_map(lab)
    page.mouse.wheel(0, 120)
    page.wait_for_function(f"({SCROLLED}) > {scrolled}")
    assert camera(lab) == before

    lab.scroll_to("s.map")
    over_the_map(lab)
    scrolled = page.evaluate(SCROLLED)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    zoomed = wait_until_camera_is_not(lab, before)
    page.mouse.click(*over_the_map(lab))
    page.mouse.wheel(0, -120)
    wait_until_camera_is_not(lab, zoomed)
    assert page.evaluate(SCROLLED) == scrolled

    page.mouse.move(2, 2)
    over_the_map(lab)
    page.mouse.wheel(0, 120)
    page.wait_for_function(f"({SCROLLED}) > {scrolled}")


def wait_until_camera_is_not(lab, view):
    for _ in range(600):
        now = camera(lab)
        if now != view:
            return now
        lab.page.wait_for_timeout(100)
    raise AssertionError("the map has not moved")


PAINTED = f"""(() => {{ const canvas = document.querySelector('{CANVAS}');
    const {{ data, width, height }} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const row = (at) => data.subarray(4 * width * at, 4 * width * (at + 1)).some((_, i, row) => i % 4 === 3 && row[i]);
    return [...Array(height).keys()].findIndex(row) / height; }})()"""


def wait_until_painted_whole(lab):
    """The topmost point is painted where it lies: a surface of another size cuts it off."""
    for _ in range(300):
        top = float(lab.run_code("print((1 - s.map.scatter.points[:, 1].max()) / 2)"))
        painted = lab.page.evaluate(PAINTED)
        if abs(painted - top) < 0.03:
            return
        lab.page.wait_for_timeout(100)
    raise AssertionError(f"the topmost point is painted at {painted:.2f} of the height, not at {top:.2f}")


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


def test_the_panel_says_the_label_that_the_selection_got(map_on_page):
    lab, page = map_on_page, map_on_page.page
    lab.run_code("s.selected = s.pool.ids[20:30]")
    page.wait_for_function("document.querySelector('.spin-card .spin-title')")
    lab.run_code("s.label({id: 'c' for id in s.selected})")
    page.wait_for_function(
        "[...document.querySelectorAll('.spin-card dd')].some((e) => e.textContent.trim() === 'c')"
    )
