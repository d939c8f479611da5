"""Keypoints under the hand: placed in order, moved, or said to be not visible."""

from __future__ import annotations

import csv

import pytest

pytestmark = pytest.mark.browser
NAMES = ["head", "neck", "hip"]
BONES = [["head", "neck"], ["neck", "hip"]]
POSE = {"head": [100, 40], "neck": [100, 80], "hip": [110, 160]}


def near(value, wanted, within=0.8):
    assert value.keys() == wanted.keys()
    for name, point in wanted.items():
        assert value[name] == (None if point is None else pytest.approx(point, abs=within)), name


@pytest.fixture
def empty(desk):
    desk.open("keypoints", NAMES, skeleton=BONES)
    return desk


@pytest.fixture
def pose(desk):
    desk.open("keypoints", NAMES, skeleton=BONES, value=POSE)
    return desk


def test_clicks_place_the_points_in_order_each_one_step(empty):
    for i, name in enumerate(NAMES):
        assert f"Click: {name} ({i + 1} of 3)" in empty.hint
        empty.click(*POSE[name])
    near(empty.value, POSE)
    assert empty.steps == 3
    assert "All points are set" in empty.hint
    empty.click(200, 200)
    near(empty.value, POSE)


def test_a_point_that_is_not_visible(empty):
    empty.click(100, 40)
    empty.press("x")
    empty.click(110, 160)
    near(empty.value, {**POSE, "neck": None})
    assert empty.rows()[1] == "neck, not visible"


def test_what_is_not_set_is_not_submitted(empty):
    empty.click(100, 40)
    empty.press("Enter")
    assert empty.js("editorApi.submitted") == []
    assert "2 of 3 points are still to be placed, next: neck" in empty.said
    empty.page.click("text=The rest is not visible")
    near(empty.value, {"head": [100, 40], "neck": None, "hip": None})
    empty.press("Enter")
    assert len(empty.js("editorApi.submitted")) == 1
    assert empty.steps == 2


def test_dragging_moves_one_point_and_stops_at_the_border(pose):
    pose.drag((100, 40), (140, 60), (130, 50))
    near(pose.value, {**POSE, "head": [130, 50]})
    pose.drag((130, 50), (130, -90))
    near(pose.value, {**POSE, "head": [130, 0]})
    assert pose.steps == 2


def test_keys_choose_a_point_the_next_click_places_it(pose):
    pose.press("3")
    assert "Click: hip" in pose.hint
    pose.click(60, 180)
    near(pose.value, {**POSE, "hip": [60, 180]})
    pose.press("1", "ArrowRight", "Shift+ArrowDown")
    near(pose.value, {**POSE, "hip": [60, 180], "head": [101, 50]})


def test_delete_says_not_visible_and_undo_takes_it_back(pose):
    pose.click(100, 80)
    pose.press("Delete")
    assert pose.value == {**POSE, "neck": None}
    pose.press("Control+z")
    assert pose.value == POSE


def test_names_stand_at_the_point_below_the_pointer(pose):
    chips = "[...document.querySelectorAll('.spin-shape-chip')].map((c) => c.textContent)"
    assert pose.js(chips) == []
    pose.page.mouse.move(*pose.client(110, 160))
    assert pose.js(chips) == ["hip"]


def test_the_skeleton_joins_what_is_visible(desk):
    bones = "document.querySelectorAll('.spin-viewport line[class]').length"
    desk.open("keypoints", NAMES, skeleton=BONES, value=POSE)
    assert desk.js(bones) == 2
    desk.open("keypoints", NAMES, skeleton=BONES, value={**POSE, "head": None})
    assert desk.js(bones) == 1


def test_a_suggestion_is_dashed_point_by_point(desk):
    dashed = "document.querySelectorAll('.spin-viewport circle.spin-shape-dashed').length"
    desk.open("keypoints", NAMES, skeleton=BONES, suggestion=POSE)
    assert (desk.value, desk.js(dashed)) == (POSE, 3)
    desk.drag((100, 40), (120, 50))
    assert desk.js(dashed) == 2
    desk.press("Enter")
    assert len(desk.js("editorApi.submitted")) == 1


def test_the_list_is_a_way_without_a_mouse(pose):
    pose.page.locator(".spin-shape").nth(1).focus()
    pose.press("ArrowDown", "ArrowDown")
    near(pose.value, {**POSE, "neck": [100, 82]})
    assert pose.rows()[1] == "neck, 100, 82"
    pose.press("Tab", "Enter")
    assert pose.value["neck"] is None
    assert pose.js("document.activeElement.className") == "spin-shape"


def test_a_finger_places_and_moves(empty):
    empty.touch([empty.client(100, 40)])
    a, b = empty.client(104, 44), empty.client(150, 90)
    empty.touch([a], [(a[0] + 20, a[1] + 20)], [b])
    near(empty.value, {"head": [146, 86]}, within=1.5)


def test_zoomed_in_a_point_lies_where_it_was_clicked(desk):
    desk.open("keypoints", NAMES, size=[1280, 960])
    desk.zoom(500, 400, 8)
    desk.click(510, 396)
    near(desk.value, {"head": [510, 396]}, within=0.5)


def test_names_of_javascript_are_names(desk):
    names = ["constructor", "__proto__", "<img src=x onerror=alert(1)>", "\u202eevil"]
    desk.open("keypoints", names)
    for i, _ in enumerate(names):
        desk.click(40 + 40 * i, 50)
    assert desk.js("Object.keys(draft.value)") == names
    assert desk.js("document.querySelectorAll('section img').length") == 0


def test_a_mouse_in_a_mirror(desk, real):
    """mirror_mouse: 17 points of one frame, those that cannot be seen stay not visible."""
    folder = real("mirror_mouse")
    file, points = mouse(folder)
    desk.open(
        "keypoints", list(points), picture=(folder / file).read_bytes(), size=[396, 406], suggestion=points
    )
    hidden = [name for name, point in points.items() if point is None]
    assert len(points) == 17
    assert hidden
    assert sum("not visible" in row for row in desk.rows()) == len(hidden)
    name = next(name for name, point in points.items() if point)
    x, y = points[name]
    desk.drag((x, y), (x + 20, y + 9))
    near(desk.value, {**points, name: [x + 20, y + 9]})


def mouse(folder):
    with (folder / "CollectedData.csv").open() as file:
        _, parts, _, frame = (row for row, _ in zip(csv.reader(file), range(4), strict=False))
    cells = list(zip(parts[1:], frame[1:], strict=True))
    pairs = zip(cells[::2], cells[1::2], strict=True)
    return frame[0], {n: [float(x), float(y)] if x else None for (n, x), (_, y) in pairs}


def test_a_human_pose(desk, real):
    """lspet96: 14 joints on 96 x 96 pixels, shown as pixels."""
    import polars as pl

    row = pl.scan_parquet(real("lspet96") / "lspet96.parquet").head(1).collect().row(0, named=True)
    joints = [row["keypoints"][i : i + 3] for i in range(0, 42, 3)]
    points = {f"joint {i}": [x, y] if seen else None for i, (x, y, seen) in enumerate(joints)}
    desk.open("keypoints", list(points), picture=row["jpeg"], size=[96, 96], suggestion=points)
    assert sum("suggested" in row for row in desk.rows()) == 14
    name, (x, y) = next((n, p) for n, p in points.items() if p)
    desk.drag((x, y), (40, 50))
    near(desk.value, {**points, name: [40, 50]}, within=0.3)


def test_points_without_a_pointer(empty):
    empty.press("n", "ArrowRight")
    assert empty.value == {"head": [161, 120]}
    empty.press("3", "ArrowUp", "ArrowUp")
    assert empty.value == {"head": [161, 120], "hip": [160, 119]}, "the first arrow puts it there"
    empty.page.get_by_role("button", name="Put neck in the middle").click()
    assert empty.value == {"head": [161, 120], "hip": [160, 119], "neck": [160, 120]}
    empty.press("n")
    assert "All points are set" in empty.said
    assert empty.steps == 5


def test_backspace_hides_a_chosen_point_and_takes_a_fresh_one_back(pose):
    pose.click(100, 80)
    pose.press("Backspace")
    assert pose.value == {**POSE, "neck": None}
    pose.press("Backspace")
    assert pose.value == POSE


def test_a_click_places_on_top_of_another_point_while_points_are_missing(empty):
    empty.click(100, 40)
    empty.click(100, 40)  # two paws at one pixel
    assert "Click: hip (3 of 3)" in empty.hint
    empty.click(110, 160)
    near(empty.value, {"head": [100, 40], "neck": [100, 40], "hip": [110, 160]})
    assert empty.steps == 3


def test_with_ctrl_a_click_chooses_a_point_while_others_are_missing(empty):
    empty.click(100, 40)
    assert "Ctrl+click chooses a point" in empty.hint
    empty.page.keyboard.down("Control")
    empty.click(100, 40)
    empty.page.keyboard.up("Control")
    assert empty.js("editor.selected") == 0
    assert empty.steps == 1
    empty.press("ArrowRight")
    empty.click(100, 80)
    near(empty.value, {"head": [101, 40], "neck": [100, 80]})


def test_a_drag_moves_a_point_while_others_are_missing(empty):
    empty.click(100, 40)
    empty.drag((100, 40), (120, 60))
    near(empty.value, {"head": [120, 60]})
    assert "Click: neck (2 of 3)" in empty.hint


def test_a_point_chosen_by_its_key_is_placed_on_top_of_another(pose):
    pose.press("2")
    pose.click(100, 40)
    near(pose.value, {**POSE, "neck": [100, 40]})
