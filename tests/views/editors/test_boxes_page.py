"""Boxes under the hand: draw, choose, move, resize, nudge, name, delete; each one step."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser
NAMES = ["car", "bike"]


def box(x, y, width, height, label="car"):
    return {"label": label, "x": x, "y": y, "width": width, "height": height}


def near(value, *boxes, within=0.8):
    assert [b["label"] for b in value] == [b["label"] for b in boxes]
    for found, wanted in zip(value, boxes, strict=True):
        assert {k: found[k] for k in found if k != "label"} == pytest.approx(
            {k: wanted[k] for k in wanted if k != "label"}, abs=within
        )


@pytest.fixture
def empty(desk):
    desk.open("boxes", NAMES, empty=[])
    return desk


@pytest.fixture
def one(desk):
    desk.open("boxes", NAMES, empty=[], value=[box(100, 60, 80, 40)])
    return desk


def test_dragging_draws_a_box_of_the_current_class_in_one_step(empty):
    empty.drag((40, 30), (100, 90), (120, 70))
    near(empty.value, box(40, 30, 80, 40))
    assert empty.steps == 1
    empty.press("Escape", "2")
    empty.drag((200, 200), (150, 120))
    near(empty.value, box(40, 30, 80, 40), box(150, 120, 50, 80, "bike"))
    assert empty.steps == 2


@pytest.mark.parametrize("steps", [4, 10])
def test_zoomed_in_a_box_lies_where_it_was_drawn(desk, steps):
    desk.open("boxes", NAMES, size=[1280, 960], empty=[])
    desk.zoom(500, 400, steps)
    side = 200 / desk.js("editor.view.scale")
    desk.drag((500, 400), (500 + side, 400 + side / 2))
    near(desk.value, box(500, 400, side, side / 2), within=0.99)


def test_a_box_ends_at_the_border(empty):
    empty.drag((300, 200), (400, 400))
    near(empty.value, box(300, 200, 20, 40))


def test_a_line_is_no_box_and_says_so(empty):
    empty.drag((100, 100), (180, 100))
    assert (empty.value, empty.steps) == ([], 0)
    assert "no area" in empty.said


def test_a_click_is_no_box(empty):
    empty.click(100, 100)
    assert (empty.value, empty.steps, empty.said) == ([], 0, "")


def test_dragging_moves_a_box_and_stops_at_the_border(one):
    one.drag((140, 80), (160, 100), (150, 90))
    near(one.value, box(110, 70, 80, 40))
    assert one.steps == 1
    one.drag((150, 90), (500, -100))
    near(one.value, box(240, 0, 80, 40))


HANDLES = [
    ((100, 60), (90, 50), box(90, 50, 90, 50)),
    ((140, 60), (150, 50), box(100, 50, 80, 50)),
    ((180, 60), (190, 50), box(100, 50, 90, 50)),
    ((180, 80), (190, 90), box(100, 60, 90, 40)),
    ((180, 100), (190, 110), box(100, 60, 90, 50)),
    ((140, 100), (150, 110), box(100, 60, 80, 50)),
    ((100, 100), (90, 110), box(90, 60, 90, 50)),
    ((100, 80), (90, 90), box(90, 60, 90, 40)),
    ((180, 80), (60, 80), box(60, 60, 40, 40)),  # past the opposite side
    ((180, 100), (60, 20), box(60, 20, 40, 40)),
    ((180, 100), (999, 999), box(100, 60, 220, 180)),
]


@pytest.mark.parametrize(("grip", "to", "wanted"), HANDLES)
def test_eight_handles_resize(one, grip, to, wanted):
    one.click(140, 80)
    one.drag(grip, to)
    near(one.value, wanted)
    assert one.steps == 1


def test_arrows_nudge_one_pixel_shift_ten_alt_resizes(one):
    one.click(140, 80)
    one.press("ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Alt+ArrowDown", "Control+ArrowLeft")
    assert one.value == [box(109, 59, 79, 41)]
    assert one.steps == 5


def test_an_arrow_held_down_is_one_step(one):
    one.click(140, 80)
    for _ in range(5):
        one.page.keyboard.down("ArrowRight")
    assert one.value == [box(100, 60, 80, 40)]
    one.page.keyboard.up("ArrowRight")
    assert (one.value, one.steps) == ([box(105, 60, 80, 40)], 1)


def test_nudges_stop_at_the_border(one):
    one.click(140, 80)
    for _ in range(8):
        one.press("Shift+ArrowUp", "Alt+Shift+ArrowRight")
    for _ in range(9):
        one.press("Alt+Shift+ArrowRight")
    assert one.value == [box(100, 0, 220, 40)]


def test_submitting_takes_the_nudge_along(one):
    one.click(140, 80)
    one.page.keyboard.down("ArrowRight")
    one.page.keyboard.press("Enter")
    assert one.js("editorApi.submitted") == [[box(101, 60, 80, 40)]]


def test_delete_and_undo(one):
    one.click(140, 80)
    one.press("Delete")
    assert (one.value, one.steps) == ([], 1)
    one.press("Control+z")
    assert one.value == [box(100, 60, 80, 40)]
    one.press("Delete")
    assert one.value == [box(100, 60, 80, 40)], "nothing is selected now"


def test_digits_change_the_class(one):
    one.click(140, 80)
    one.press("2")
    assert (one.value, one.steps) == ([box(100, 60, 80, 40, "bike")], 1)
    one.press("2")
    assert one.steps == 1


def test_a_click_again_reaches_the_box_below(desk):
    stack = [box(60, 40, 200, 160), box(80, 60, 120, 100), box(100, 80, 40, 40)]
    desk.open("boxes", NAMES, empty=[], value=stack)
    chosen = []
    for _ in range(4):
        desk.click(120, 100)
        chosen.append(desk.js("editor.selected"))
    assert chosen == [2, 1, 0, 2]
    assert desk.steps == 0


def test_control_draws_over_a_box(one):
    one.drag((110, 70), (150, 90), keys=("Control",))
    near(one.value, box(100, 60, 80, 40), box(110, 70, 40, 20))


def test_brackets_go_through_the_boxes(desk):
    desk.open("boxes", NAMES, empty=[], value=[box(10, 10, 20, 20), box(50, 50, 20, 20, "bike")])
    seen = []
    for key in ("]", "]", "]", "["):
        desk.press(key)
        seen.append(desk.js("editor.selected"))
    assert seen == [0, 1, 0, 1]
    assert desk.said == "box 2, bike: 50, 50 · 20 × 20"


def test_escape_stops_the_gesture_then_lets_go_of_the_box(one):
    one.drag((140, 80), (200, 100), let_go=False)
    one.press("Escape")
    one.page.mouse.up()
    assert (one.value, one.steps) == ([box(100, 60, 80, 40)], 0)
    one.press("Escape")
    assert one.js("editor.selected") == -1


def test_a_suggestion_is_dashed_until_it_is_touched(desk):
    lines = (
        "[...document.querySelectorAll('.spin-viewport rect[class^=spin-shape-]')].map((r) => r.classList[0])"
    )
    lines += ".filter((word) => word !== 'spin-shape-grip')"
    desk.open("boxes", NAMES, empty=[], suggestion=[box(10, 10, 60, 60), box(150, 50, 60, 60)])
    assert desk.js(lines) == ["spin-shape-dashed", "spin-shape-dashed"]
    assert [row.endswith("suggested") for row in desk.rows()] == [True, True]
    desk.drag((40, 40), (50, 50))
    assert sorted(desk.js(lines)) == ["spin-shape-dashed", "spin-shape-solid"]
    desk.press("Control+z")
    assert desk.js(lines) == ["spin-shape-dashed", "spin-shape-dashed"]


def test_the_list_is_a_way_without_a_mouse(desk):
    desk.open("boxes", NAMES, empty=[], value=[box(10, 10, 20, 20), box(50, 50, 20, 20, "bike")])
    assert desk.rows() == ["box 1, car, 10, 10 · 20 × 20", "box 2, bike, 50, 50 · 20 × 20"]
    desk.page.locator(".spin-shape").nth(1).focus()
    desk.press("ArrowRight")
    assert desk.value[1] == box(51, 50, 20, 20, "bike")
    assert desk.js("document.activeElement.className") == "spin-shape"
    desk.press("Delete")
    assert desk.value == [box(10, 10, 20, 20)]
    assert desk.js("document.activeElement.getAttribute('aria-label')").startswith("box 1")
    desk.press("Tab", "Enter")
    assert desk.value == []
    assert desk.js("document.activeElement.className").startswith("spin-view")


def test_touch_draws_and_a_second_finger_only_zooms(empty):
    a, b = empty.client(40, 30), empty.client(120, 90)
    empty.touch([a], [(a[0] + 20, a[1] + 20)], [b])
    near(empty.value, box(40, 30, 80, 60), within=1.2)
    x, y = empty.client(200, 150)
    fingers = [(x, y)], [(x + 30, y + 30)], [(x + 30, y + 30), (x + 90, y)], [(x, y), (x + 120, y)]
    empty.touch(*fingers)
    assert (len(empty.value), empty.steps) == (1, 1)
    assert empty.js("editor.view.scale") > 1


def test_a_redraw_leaves_the_gesture_alone(empty):
    empty.drag((40, 30), (100, 60), let_go=False)
    empty.page.evaluate("() => { for (let i = 0; i < 5; i++) desk.editor.draw(); }")
    empty.page.mouse.move(*empty.client(140, 90))
    empty.page.mouse.up()
    near(empty.value, box(40, 30, 100, 60))
    assert empty.steps == 1


def test_read_only_shows_and_changes_nothing(desk):
    desk.open("boxes", NAMES, empty=[], value=[box(100, 60, 80, 40)], read_only=True)
    desk.drag((140, 80), (200, 120))
    desk.click(140, 80)
    desk.press("ArrowLeft", "Delete", "2")
    assert (desk.value, desk.steps) == ([box(100, 60, 80, 40)], 0)


def test_backspace_deletes_the_chosen_box_and_else_undoes(one):
    one.click(140, 80)
    one.press("ArrowRight", "Backspace")
    assert one.value == []
    one.press("Backspace")
    assert one.value == [box(101, 60, 80, 40)], "nothing is chosen: it undoes"


def test_a_box_without_a_pointer(empty):
    empty.press("2", "n")
    assert empty.value == [box(80, 60, 160, 120, "bike")], "a quarter of the picture, in its middle"
    empty.press("ArrowRight", "Alt+Shift+ArrowUp", "1")
    assert empty.value == [box(81, 60, 160, 110)]
    assert empty.rows() == ["box 1, car, 81, 60 · 160 × 110"]
    empty.page.keyboard.down("n")
    empty.page.keyboard.down("n")
    assert len(empty.value) == 2, "a key held down makes one"


def test_zoomed_in_a_new_box_is_in_the_middle_of_what_is_seen(desk):
    desk.open("boxes", NAMES, size=[1280, 960], empty=[])
    desk.zoom(500, 400, 8)
    desk.page.get_by_role("button", name="New box").click()
    area, new = desk.page.locator(".spin-viewport-view").bounding_box(), desk.value[0]
    ends = [desk.client(new["x"], new["y"]), desk.client(new["x"] + new["width"], new["y"] + new["height"])]
    for axis, side in enumerate(("width", "height")):
        start = area["xy"[axis]]
        wanted = [start + area[side] / 4, start + 3 * area[side] / 4]
        assert [end[axis] for end in ends] == pytest.approx(wanted, abs=2)


def test_a_box_is_duplicated_a_little_aside(one):
    one.press("Control+d", "d")
    assert one.steps == 0, "nothing is chosen"
    one.click(140, 80)
    one.press("Control+d")
    copy = one.value[1]
    assert one.value[0] == box(100, 60, 80, 40)
    assert (copy["width"], copy["height"], copy["label"]) == (80, 40, "car")
    assert 0 < copy["x"] - 100 == copy["y"] - 60 < 20
    one.press(*["Shift+ArrowRight"] * 20, *["Shift+ArrowDown"] * 20)
    one.page.get_by_role("button", name="Duplicate").click()
    assert one.value[1] == box(240, 200, 80, 40)
    assert one.value[2]["x"] < 240, "in the corner it goes the other way"


def test_many_classes_have_a_filter(desk):
    names = [f"part {i}" for i in range(60)]
    desk.open("boxes", names, empty=[], value=[box(100, 60, 80, 40, "part 0")])
    desk.click(140, 80)
    desk.press("/")
    desk.page.keyboard.type("57")
    assert desk.page.locator(".spin-shape-class:visible").all_text_contents() == ["part 57"]
    desk.press("Enter", "ArrowLeft")
    assert desk.value == [box(99, 60, 80, 40, "part 57")], "the keys go on with the box"
    assert desk.page.locator(".spin-shape-class:visible").count() == 60


def test_buttons_show_the_key_that_holds_now(one):
    first = one.page.locator(".spin-shape-class").first
    assert (first.inner_text().split(), first.get_attribute("aria-keyshortcuts")) == (["1", "car"], "1")
    one.js("editorApi.bind({ 'class:car': 'k', new: 'Insert' })")
    assert (first.inner_text().split(), first.get_attribute("aria-keyshortcuts")) == (["K", "car"], "K")
    one.press("Insert", "k")
    assert [b["label"] for b in one.value] == ["car", "car"]


DRAG = """async () => {
  const view = document.querySelector(".spin-viewport-view");
  const { left, top } = view.getBoundingClientRect();
  const [x, y] = desk.editor.view.toView([15, 15]);
  view.setPointerCapture = () => {};
  const at = (by) => ({ pointerId: 1, clientX: left + x + by, clientY: top + y });
  const send = (type, by) => view.dispatchEvent(new PointerEvent(type, at(by)));
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  let records = [];
  const watch = new MutationObserver((some) => records.push(...some));
  watch.observe(document.querySelector("section"), { subtree: true, childList: true, characterData: true });
  send("pointerdown", 0);
  await frame();
  records = [];
  for (let by = 5; by < 25; by++) send("pointermove", by);
  const early = watch.takeRecords().length;
  await frame();
  const owner = ({ target }) => (target.closest ? target : target.parentElement).closest("li");
  const rows = new Set(records.map(owner).filter(Boolean));
  const added = records.reduce((sum, record) => sum + record.addedNodes.length, 0);
  send("pointerup", 25);
  return [early, rows.size, added];
}"""


@pytest.mark.parametrize(("count", "live"), [(60, 1), (200, 0)])
def test_dragging_one_of_many_changes_only_its_own_elements_once_a_frame(desk, count, live):
    boxes = [box(10 + 15 * (i % 20), 10 + 15 * (i // 20), 11, 11) for i in range(count)]
    desk.open("boxes", NAMES, empty=[], value=boxes)
    early, rows, added = desk.page.evaluate(DRAG)
    assert early == 0, "20 moves are one paint"
    assert rows == live, "a long list follows when the box is let go"
    assert added < 20, "an outline, a chip, eight handles; not all of them"
    assert desk.value[1:] == boxes[1:]
    assert desk.value[0]["x"] > 10
    assert desk.rows()[0] == f"box 1, car, {round(desk.value[0]['x'], 1):g}, 10 · 11 × 11"


def test_who_chooses_a_class_before_each_box_renames_none(empty):
    empty.press("1")
    empty.drag((20, 20), (80, 80))
    empty.press("2")
    assert empty.hint.startswith("Drag: new bike")
    empty.drag((150, 40), (220, 90))
    assert [shape["label"] for shape in empty.value] == ["car", "bike"]


def test_who_names_a_box_after_drawing_it_can(empty):
    empty.drag((20, 20), (80, 80))
    empty.press("2")
    empty.drag((150, 40), (220, 90))
    empty.press("1")
    assert [shape["label"] for shape in empty.value] == ["bike", "car"]


def test_the_list_says_how_sure_the_suggestion_is(desk):
    desk.open("boxes", ["car"], suggestion=[box(10, 10, 20, 20)])
    assert desk.page.inner_text(".spin-shape-title") == "1 box, 1 suggested (dashed), 60 % sure"
