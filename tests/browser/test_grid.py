"""From the map to the label in one gesture, in a real JupyterLab: lasso, look, mark three, one key, undo, redo."""

from __future__ import annotations

import pytest

from tests.waiting import until

OPEN = """import numpy as np, spin_nb as spin
kinds = np.arange(10_000) % 4
noise = np.random.default_rng(0).integers(0, 40, (10_000, 8, 8))
stripes = 60 * (np.arange(8) // 2 == kinds[:, None])[:, None]
pictures = (noise + 50 * kinds[:, None, None] + stripes).clip(0, 255).astype(np.uint8)
s = spin.open("NAME.spin", pool=pictures, classes=["ok", "crack", "<b>dent</b>", "dust"])
s._live.pool_model.start_umap = lambda *_: None  # its compilation would take most of this test's time"""
GRID = ".jp-OutputArea-output .spin-grid"
LIST = f"{GRID} .spin-grid-scroll"
CANVAS = ".jp-OutputArea-output canvas"
SCREENS = ((1500, 1000, "JupyterLab Light"), (1280, 720, "JupyterLab Dark"), (390, 844, "JupyterLab Light"))


@pytest.fixture
def project(lab, request):
    name = request.node.name[:40]
    lab.write_notebook(
        f"{name}.ipynb", [OPEN.replace("NAME", name), "s.map", "s.grid", *["# below\n" * 30] * 2]
    )
    lab.open_notebook(f"{name}.ipynb")
    lab.run_cell("spin.open(")
    return lab


def notice(page, words: str) -> None:
    page.locator(f"{GRID} .spin-grid-notice", has_text=words).wait_for()


def marked(page, n: int) -> None:
    page.locator(f"{GRID}[data-marked='{n}']").wait_for()


def n_labels(lab) -> int:
    return int(lab.run_code("print(len(s.values))"))


def wait_for_tiles(page) -> None:
    page.locator(LIST).scroll_into_view_if_needed()
    page.wait_for_function(
        f"[...document.querySelectorAll('{GRID} .spin-tile')].length > 3 && "
        f"[...document.querySelectorAll('{GRID} .spin-tile')].every((tile) => tile.ariaLabel !== 'loading')"
    )


def test_look_at_500_mark_three_label_the_rest_by_one_key_and_take_it_back_after_a_restart(project):
    lab, page = project, project.page
    lab.run_code(
        "s.label({s.pool.ids[i]: s.classes[i % 4] for i in range(9_000, 9_020)}); s.selected = s.pool.ids[:2000:4]"
    )
    lab.run_cell("s.grid")
    page.locator(f"{GRID} .spin-title", has_text="500 of 10,000 items, selected").wait_for()
    wait_for_tiles(page)
    for place in (0, 2, 3):
        page.locator(f"{GRID} .spin-tile[data-at='{place}']").click()
    marked(page, 3)
    for width, height, theme in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        lab.set_theme(theme)
        lab.scroll_to("s.grid")
        wait_for_tiles(page)
        lab.screenshot(f"grid-{width}x{height}")
        assert page.locator(GRID).evaluate("(grid) => grid.scrollWidth <= grid.clientWidth + 1")
    page.set_viewport_size({"width": 1500, "height": 1000})
    page.focus(LIST)
    page.keyboard.press("2")
    notice(page, "Labelled 497 items as crack.")
    assert n_labels(lab) == 517
    page.locator(f"{GRID} .spin-tile[data-at='1'] .spin-tile-words", has_text="crack").wait_for()
    lab.screenshot("grid-labelled")
    page.keyboard.press("Control+z")
    notice(page, "Took back 497 items.")
    assert n_labels(lab) == 20
    lab.restart_kernel()
    lab.run_cell("spin.open(")
    lab.run_cell("s.grid")
    wait_for_tiles(page)
    assert n_labels(lab) == 20
    page.focus(LIST)
    page.keyboard.press("y")
    notice(page, "Brought back 497 items.")
    assert n_labels(lab) == 517
    assert page.problems == []


def test_by_keyboard_alone_also_while_a_cell_is_busy(project):
    lab, page = project, project.page
    lab.run_cell("s.grid")
    wait_for_tiles(page)
    page.focus(f"{GRID} select")
    for _ in range(30):  # to the list, by Tab alone
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement === document.querySelector('{LIST}')"):
            break
    for key in ("ArrowRight", "ArrowDown", "Space", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    marked(page, 3)
    busy = "import time\nwhile not s.values: time.sleep(.1)"
    page.evaluate(
        "code => { jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }) }",
        busy,
    )
    page.keyboard.press("1")
    notice(page, "Labelled 3 items as ok.")
    lab.wait_kernel_idle()
    assert n_labels(lab) == 3
    page.keyboard.press("u")
    notice(page, "Took back 3 items.")
    page.keyboard.press("Control+a")
    marked(page, 10_000)
    page.keyboard.press("Escape")
    marked(page, 0)
    page.keyboard.press("End")
    page.locator(f"{GRID} .spin-tile[data-at='9999'] canvas").wait_for()
    assert page.problems == []


def test_a_lasso_then_a_class_key_labels_without_leaving_the_map_and_the_grid_shows_it(project):
    lab, page = project, project.page
    lab.run_cell("s.grid")
    wait_for_tiles(page)
    lab.run_cell("s.map")
    page.wait_for_selector(CANVAS)
    tools = lab.shown_by_cell("button")
    tools.and_(page.locator("[title*=lasso]")).first.click()

    def lassoed() -> int:
        box = lab.shown_by_cell("canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        far = box["height"] / 3
        page.mouse.move(x - far, y - far)
        page.mouse.down()
        for right, down in ((far, -far), (far, far), (-far, far), (-far, -far / 2)):
            page.mouse.move(x + right, y + down, steps=8)
        page.mouse.up()
        page.wait_for_timeout(500)
        return int(lab.run_code("print(len(s.selected))"))

    n = until(lassoed, page=page, what="items in the lasso")
    page.keyboard.press("3")
    beside = lab.shown_by_cell(".spin-map-notice")
    beside.get_by_text(f"Labelled {n:,} items as <b>dent</b>.").wait_for()
    assert n_labels(lab) == n
    lab.screenshot("map-labelled")
    beside.get_by_role("button", name="Undo").click()
    beside.get_by_text(f"Took back {n:,} items.").wait_for()
    assert n_labels(lab) == 0
    lab.scroll_to("s.grid")
    page.locator(f"{GRID} .spin-title", has_text=f"{n:,} of 10,000 items, selected").wait_for()
    wait_for_tiles(page)
    page.locator(f"{GRID} .spin-tile[data-at='1']").click()
    page.get_by_role("button", name="Select on map").click()
    notice(page, "1 item selected on the map.")
    assert int(lab.run_code("print(len(s.selected))")) == 1
    assert page.problems == []
