"""What is drawn or typed and not submitted is never lost: other cards, undo, a reload, a new kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from spin_nb.tasks import Boxes, FreeText, MultiLabel, Polygons
from spin_nb.views.base.modules import link

pytestmark = pytest.mark.browser

DRAFTS = Path(__file__).with_name("drafts_host.js")
UNSUBMITTED = "All saved · not submitted yet"


@pytest.fixture
def labeller(bench, new_session):
    """The labeller with a task, its first item on screen."""

    def start(task, **how):
        session = new_session(task=task, **how)
        bench.start(session)
        bench.shows("img_0")
        bench.settled()
        return session

    return start


def draw_box(bench, place: int) -> None:
    """A box at one of eight places of the picture that do not touch one another."""
    area = bench.picture()
    x, y = (0.05 + 0.24 * (place % 4), 0.1 + 0.4 * (place // 4))
    corner = [area["x"] + x * area["width"], area["y"] + y * area["height"]]
    bench.page.mouse.move(*corner)
    bench.page.mouse.down()
    bench.page.mouse.move(corner[0] + 0.15 * area["width"], corner[1] + 0.25 * area["height"], steps=3)
    bench.page.mouse.up()


def has_boxes(bench, n: int) -> None:
    bench.until(f"root.querySelectorAll('.spin-shape-list li').length === {n}")


def click_corners(bench, *corners: tuple[float, float]) -> None:
    area = bench.picture()
    for x, y in corners:
        bench.page.mouse.click(area["x"] + x * area["width"], area["y"] + y * area["height"])


def show(bench, id: str) -> None:
    bench.replies = []
    bench.widget.show(id)
    bench.push()
    bench.shows(id)


def status(bench, words: str) -> None:
    bench.until(f"root.querySelector('.spin-status').textContent === {words!r}")


def said(bench, words: str) -> None:
    bench.until(f"root.querySelector('[aria-live=polite].spin-sr').textContent.startsWith({words!r})")


def test_boxes_outlive_a_reload_and_a_new_kernel(bench, labeller, new_session, disk):
    labeller(Boxes(["a", "b"]))
    status(bench, "All saved")
    for place in range(3):
        draw_box(bench, place)
    has_boxes(bench, 3)
    status(bench, UNSUBMITTED)
    bench.reload()
    bench.shows("img_0")
    has_boxes(bench, 3)
    status(bench, UNSUBMITTED)
    bench.keys("u", "u", "y")
    has_boxes(bench, 2)
    bench.restart(new_session(task=Boxes(["a", "b"])))
    bench.shows("img_0")
    has_boxes(bench, 2)
    bench.keys("y")
    has_boxes(bench, 3)
    bench.reload()  # the view of the first kernel was still on the page, and knew of two
    bench.shows("img_0")
    has_boxes(bench, 3)
    bench.keys("Enter")
    bench.settled()
    status(bench, "All saved")
    assert len(disk.labels["img_0"]) == 3
    assert bench.warnings == 0
    assert bench.page.evaluate("Object.keys(sessionStorage).filter((k) => k.includes('/draft/'))") == []


def test_a_card_that_was_left_has_its_draft_when_it_comes_back_after_a_reload(bench, labeller):
    labeller(MultiLabel(["a", "b", "c"]))
    bench.keys("1", "3")
    show(bench, "img_5")
    status(bench, UNSUBMITTED)
    bench.reload()
    bench.shows("img_5")
    show(bench, "img_0")
    bench.until("root.querySelectorAll('.spin-editor [aria-pressed=true]').length === 2")
    status(bench, UNSUBMITTED)


def test_what_cannot_be_stored_is_asked_about_before_the_page_is_left(bench, labeller):
    bench.page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('denied') } })"
    )
    labeller(MultiLabel(["a", "b"]))
    bench.keys("1", "u")
    bench.reload()
    assert bench.warnings == 0
    bench.shows("img_0")
    bench.keys("1")
    bench.reload()
    assert bench.warnings == 1


LONG_ONES = """async (esm) => {
  await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const storage = storageOf(() => sessionStorage);
  const drafts = new Drafts("parts", storage);
  const step = (before) => ({ before, words: "" });
  const draft = (value, before) => ({ value, steps: before.map(step), undone: [], unsaved: null });
  drafts.keep("many steps", draft("now", Array(9).fill("x".repeat(4e5))));
  drafts.keep("one value", draft("x".repeat(1.1e6), [""]));
  const later = new Drafts("parts", storage);
  const unsafe = ["many steps", "one value"].map((id) => drafts.isUnsafe(id));
  return [later.of("many steps").steps.length, later.of("one value"), unsafe];
}"""


def test_of_a_long_draft_the_last_steps_are_stored_and_none_that_is_longer_than_a_megabyte(bench, session):
    bench.start(session)
    assert bench.page.evaluate(LONG_ONES, link(DRAFTS)) == [2, None, [False, True]]


def test_the_last_twenty_drafts_are_stored(bench, labeller):
    labeller(MultiLabel(["a", "b"]))
    for i in range(23):
        bench.shows(f"img_{i}")
        bench.keys("1", "Space")
    bench.settled()
    keys = bench.page.evaluate("Object.keys(sessionStorage).filter((k) => k.includes('/draft/'))")
    assert sorted(key.rsplit("/")[-1] for key in keys) == sorted(f"img_{i}" for i in range(3, 23))
    bench.reload()
    assert bench.warnings == 0  # what was skipped is decided


def test_text_typed_a_moment_ago_outlives_another_card_and_a_reload(bench, labeller, disk):
    labeller(FreeText())
    field = ".spin-labeller textarea"
    bench.page.focus(field)
    bench.page.keyboard.type("half a sen")
    show(bench, "img_5")
    assert bench.page.input_value(field) == ""
    show(bench, "img_0")
    assert bench.page.input_value(field) == "half a sen"
    bench.page.focus(field)
    bench.page.keyboard.press("End")
    bench.page.keyboard.type("tence")
    bench.reload()
    bench.shows("img_0")
    bench.until("root.querySelector('textarea').value === 'half a sentence'")
    bench.page.focus(field)
    bench.page.keyboard.press("Control+Enter")
    bench.settled()
    assert disk.labels == {"img_0": "half a sentence"}


def test_an_open_polygon_outlives_skip_and_undo_and_a_reload(bench, labeller, disk):
    labeller(Polygons(["a"]))
    click_corners(bench, (0.1, 0.1), (0.8, 0.1))
    bench.keys("Space")
    bench.shows("img_1")
    bench.keys("u")
    bench.shows("img_0")
    click_corners(bench, (0.8, 0.8))
    bench.reload()
    bench.shows("img_0")
    status(bench, UNSUBMITTED)
    bench.page.wait_for_selector(".spin-drawing canvas")
    bench.keys("Enter", "Enter")
    bench.settled()
    assert len(disk.labels["img_0"][0]["points"]) == 3


def test_redo_puts_no_old_decision_over_what_was_drawn_since(bench, labeller, disk):
    labeller(Boxes(["a"]))
    draw_box(bench, 0)
    bench.keys("Enter")
    bench.shows("img_1")
    bench.keys("u")
    bench.shows("img_0")
    draw_box(bench, 1)
    draw_box(bench, 2)
    bench.keys("y")
    said(bench, "Nothing to redo.")
    has_boxes(bench, 3)
    show(bench, "img_5")
    bench.keys("y")
    said(bench, "Nothing to redo.")
    show(bench, "img_0")
    has_boxes(bench, 3)
    bench.settled()
    assert disk.labels == {}


def test_redo_of_steps_outlives_an_undo_across_items(bench, labeller, disk):
    labeller(Boxes(["a"]))
    draw_box(bench, 0)
    bench.keys("Enter")
    bench.shows("img_1")
    draw_box(bench, 1)
    bench.keys("u")
    has_boxes(bench, 0)
    bench.keys("u")
    bench.shows("img_0")
    bench.keys("y")
    bench.shows("img_1")
    has_boxes(bench, 0)
    bench.keys("y")
    has_boxes(bench, 1)
    bench.settled()
    assert list(disk.labels) == ["img_0"]


def test_a_hand_faster_than_the_page_draws_on_what_is_there(bench, labeller, disk):
    labeller(Boxes(["a"]))
    bench.keys("n")
    has_boxes(bench, 1)
    bench.stocked()
    at_once = """() => {
      const root = document.querySelector(".spin-labeller");
      root.focus();
      const press = (key) => root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      ["Enter", "n", "Enter"].forEach(press);
      const view = document.querySelector(".spin-viewport-view");
      const { left, top, width, height } = view.getBoundingClientRect();
      view.setPointerCapture = () => {};
      for (const [type, at] of [["pointerdown", 0.25], ["pointermove", 0.5], ["pointerup", 0.75]]) {
        const place = { clientX: left + at * width, clientY: top + at * height };
        view.dispatchEvent(new PointerEvent(type, { ...place, pointerId: 1, bubbles: true }));
      }
      press("Enter");
    }"""
    bench.page.evaluate(at_once)  # in one task: the browser paints nothing in between
    bench.shows("img_3")
    bench.settled()
    middle = {"label": "a", "x": 2, "y": 2, "width": 4, "height": 4}
    assert [disk.labels[f"img_{i}"] for i in range(2)] == [[middle]] * 2
    (dragged,) = disk.labels["img_2"]
    assert [dragged[side] for side in ("x", "y", "width", "height")] == pytest.approx([2, 2, 4, 4], abs=0.5)


def test_nothing_here_is_said_twice_before_it_is_stored(bench, labeller, disk):
    session = labeller(Boxes(["a"]))
    bench.keys("Enter")
    said(bench, "Nothing is marked. Press Enter again if there is nothing here.")
    show(bench, "img_5")
    bench.keys("Enter")  # another card: said again
    said(bench, "Nothing is marked.")
    bench.settled()
    assert disk.labels == {}
    bench.keys("Enter")
    bench.shows("img_0")
    bench.settled()
    assert disk.labels == {"img_5": []}
    session.suggestion = {"value": [{"label": "a", "x": 1, "y": 1, "width": 3, "height": 3}], "p": 0.5}
    bench.reload()
    bench.shows("img_0")
    bench.keys("Enter", "Enter")
    bench.shows("img_1")
    has_boxes(bench, 1)
    bench.page.click(".spin-shape-remove")
    has_boxes(bench, 0)
    bench.keys("Enter")  # somebody took away what was suggested: that is said already
    bench.settled()
    assert disk.labels == {"img_5": [], "img_0": [], "img_1": []}
