"""Polygons under the hand: point by point, then moved, bent and thinned out."""

from __future__ import annotations

import pytest

from tests.waiting import rest

pytestmark = pytest.mark.browser
NAMES = ["roof", "tree"]
SQUARE = [[100, 60], [180, 60], [180, 120], [100, 120]]


def polygon(points, label="roof"):
    return {"label": label, "points": points}


def near(value, *points, within=0.8):
    assert [p for shape in value for p in shape["points"]] == [
        pytest.approx(p, abs=within) for shape in points for p in shape
    ]


@pytest.fixture
def empty(desk):
    desk.open("polygons", NAMES, empty=[])
    return desk


@pytest.fixture
def one(desk):
    desk.open("polygons", NAMES, empty=[], value=[polygon(SQUARE)])
    return desk


def outline(desk, *points):
    for point in points:
        desk.click(*point)


@pytest.mark.parametrize("close", ["Enter", "first point", "double click"])
def test_three_ways_to_close(empty, close):
    outline(empty, (40, 40), (120, 40), (80, 100))
    assert (empty.value, empty.steps) == ([], 0)
    if close == "Enter":
        empty.press("Enter")
    else:
        empty.click(*((40, 40) if close == "first point" else (80, 100)))
    near(empty.value, [(40, 40), (120, 40), (80, 100)])
    assert (empty.steps, empty.value[0]["label"]) == (1, "roof")
    assert empty.js("editorApi.submitted") == [], "this Enter closed the polygon"
    empty.press("Enter")
    assert len(empty.js("editorApi.submitted")) == 1


def test_fewer_than_three_points_are_said_not_stored(empty):
    outline(empty, (40, 40), (120, 40))
    empty.press("Enter")
    assert (empty.value, empty.js("editorApi.submitted")) == ([], [])
    assert "at least 3 points; this one has 2" in empty.said
    empty.click(200, 40)
    empty.press("Enter")
    assert empty.value == []
    assert "no area" in empty.said


def test_escape_gives_up_and_undo_takes_a_point_back(empty):
    outline(empty, (40, 40), (120, 40), (80, 100))
    empty.press("Control+z")
    assert empty.hint.startswith("2 points")
    empty.press("Escape")
    assert empty.hint.startswith("Click: first point of a new roof")
    assert (empty.value, empty.steps) == ([], 0)


def test_a_half_drawn_polygon_survives_redraws(empty):
    outline(empty, (40, 40), (120, 40))
    empty.page.evaluate(
        """() => {
          desk.editor.draw();
          desk.pane.close();
          desk.pane = desk.editor.itemPane(desk.editorApi.card);
          document.querySelector(".spin-frame").replaceChildren(desk.pane.element);
          desk.editor.draw();
        }"""
    )
    rest(empty.page, 50)
    empty.click(80, 100)
    empty.press("Enter")
    near(empty.value, [(40, 40), (120, 40), (80, 100)])


def test_why_it_cannot_be_submitted_yet(empty):
    assert empty.js("editor.unfinished()") is None
    empty.click(40, 40)
    assert "not closed" in empty.js("editor.unfinished()")


def test_points_outside_end_at_the_border(empty):
    outline(empty, (280, 40), (330, 40), (300, 100))
    empty.press("Enter")
    near(empty.value, [(280, 40), (320, 40), (300, 100)])


def test_zoomed_in_points_lie_where_they_were_clicked(desk):
    desk.open("polygons", NAMES, size=[1280, 960], empty=[])
    desk.zoom(500, 400, 8)
    side = 100 / desk.js("editor.view.scale")
    wanted = [(500, 400), (500 + side, 400), (500, 400 + side)]
    outline(desk, *wanted)
    desk.press("Enter")
    near(desk.value, wanted)


def test_the_whole_moves_and_stops_at_the_border(one):
    one.drag((140, 90), (150, 100))
    near(one.value, [(x + 10, y + 10) for x, y in SQUARE])
    one.drag((150, 100), (800, 100))
    near(one.value, [(x + 140, y + 10) for x, y in SQUARE])
    assert one.steps == 2


def test_a_point_moves(one):
    one.click(140, 90)
    one.drag((180, 60), (220, 20))
    near(one.value, [(100, 60), (220, 20), (180, 120), (100, 120)])
    assert one.steps == 1
    one.press("ArrowLeft")
    near(one.value, [(100, 60), (219, 20), (180, 120), (100, 120)])


@pytest.mark.parametrize("to", [(140, 60), (140, 20)])
def test_the_middle_of_an_edge_becomes_a_point(one, to):
    one.click(140, 90)
    if to == (140, 60):
        one.click(*to)
    else:
        one.drag((140, 60), to)
    near(one.value, [SQUARE[0], to, *SQUARE[1:]])
    assert one.steps == 1


def test_delete_removes_a_point_and_at_last_the_polygon(one):
    one.click(140, 90)
    one.click(180, 120)
    one.press("Delete")
    near(one.value, [(100, 60), (180, 60), (100, 120)])
    one.click(180, 60)
    one.press("Delete")
    assert (one.value, one.steps) == ([], 2)
    one.press("Control+z", "Control+z")
    assert one.value == [polygon(SQUARE)]


def test_delete_without_a_point_removes_the_polygon(one):
    one.click(140, 90)
    one.press("Delete")
    assert one.value == []


def test_it_is_never_flattened(one):
    one.press("Delete")
    one.click(140, 90)
    one.drag((100, 60), (180, 120), (180, 119.9))
    assert one.value[0]["points"][0] != SQUARE[0] or "no area" in one.said


def test_it_is_never_flattened_by_keys(desk):
    corner = [[100, 60], [104, 60], [104, 64]]
    desk.open("polygons", NAMES, empty=[], value=[polygon(corner)])
    desk.press("p", "p", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft")
    assert desk.value == [polygon([[100, 60], [103, 62], [104, 64]])]
    assert "no area" in desk.said


def test_classes_apply_to_the_chosen_and_to_the_next(one):
    one.click(140, 90)
    one.press("2")
    assert one.value == [polygon(SQUARE, "tree")]
    one.click(20, 20)  # lets go of it
    outline(one, (20, 20), (60, 20), (40, 50))
    one.press("Enter")
    assert [shape["label"] for shape in one.value] == ["tree", "tree"]


def test_control_click_starts_inside_another(one):
    one.page.keyboard.down("Control")
    one.click(120, 80)
    one.page.keyboard.up("Control")
    outline(one, (160, 80), (140, 100))
    one.press("Enter")
    near(one.value, SQUARE, [(120, 80), (160, 80), (140, 100)])


def test_fingers_draw(empty):
    for point in ((40, 40), (160, 40), (100, 120)):
        empty.touch([empty.client(*point)])
    empty.touch([empty.client(40, 40)])
    near(empty.value, [(40, 40), (160, 40), (100, 120)], within=1.2)


def test_dragging_beside_the_shapes_pans(one):
    one.zoom(140, 90, 2)
    scale = one.js("editor.view.scale")
    before = one.client(140, 90)
    one.drag((210, 70), (220, 70))
    assert one.client(140, 90)[0] == pytest.approx(before[0] + 10 * scale, abs=2)
    assert (one.value, one.steps) == ([polygon(SQUARE)], 0)


def test_undo_and_redo_of_points_belong_to_the_open_polygon(empty):
    outline(empty, (40, 40), (120, 40), (80, 100))
    empty.press("Enter", "Escape", "Control+z")
    outline(empty, (40, 40), (120, 40), (80, 100))
    empty.press("u", "Backspace", "y", "Control+Shift+z", "y", "y")
    assert "Nothing to redo" in empty.said
    assert (empty.value, empty.hint[:8]) == ([], "3 points")
    empty.press(*"uuu", "y")
    assert empty.hint.startswith("1 point:"), "the last of it comes back too"
    empty.click(120, 40)
    empty.press("y")
    assert empty.hint.startswith("2 points"), "a new point ends what could be done again"
    assert empty.value == []


def test_what_is_half_drawn_can_be_kept_and_gone_on_with(empty):
    assert empty.js("editor.unsaved()") is None
    outline(empty, (40, 40), (120, 40))
    unsaved = empty.js("JSON.parse(JSON.stringify(editor.unsaved()))")
    empty.js("editor.resume({ open: [[1, 1]] })")
    assert empty.hint.startswith("2 points"), "what is on screen is not given up for it"
    empty.press("Escape")
    empty.js("editor.resume(null)")
    assert empty.js("editor.unsaved()") is None
    empty.page.evaluate("(unsaved) => desk.editor.resume(unsaved)", unsaved)
    empty.click(80, 100)
    empty.press("Enter")
    near(empty.value, [(40, 40), (120, 40), (80, 100)])
    empty.open("polygons", NAMES, value=[], read_only=True)
    empty.page.evaluate("(unsaved) => desk.editor.resume(unsaved)", unsaved)
    assert empty.js("editor.unsaved()") is None


def test_a_polygon_without_a_pointer(empty):
    empty.press("n")
    assert empty.value == [polygon([[80, 60], [240, 60], [240, 180], [80, 180]])]
    empty.press("Shift+ArrowUp", "p", "p", "ArrowRight")
    assert empty.value == [polygon([[80, 50], [241, 50], [240, 170], [80, 170]])]
    assert empty.page.get_by_role("button", name="New point").count() == 1
    empty.press("n", "Shift+ArrowLeft")
    near(empty.value, [(80, 50), (241, 50), (230.5, 110), (240, 170), (80, 170)])
    empty.press("Backspace", "p", "p")
    near(empty.value, [(80, 50), (241, 50), (240, 170), (80, 170)])
    assert empty.said.startswith("point 2 of 4")
    empty.press("p", "p", "p")
    assert empty.said == "polygon 1, roof: 4 points · 80, 50 · 161 × 120", "after the last point the whole"
    empty.press("Control+d")
    assert len(empty.value) == 2


def test_while_a_polygon_is_open_no_other_is_made(empty):
    empty.click(40, 40)
    empty.press("n")
    assert empty.value == []
    assert "not closed" in empty.said


def test_after_one_is_closed_the_next_click_begins_another(empty):
    for triangle in (((40, 40), (100, 40), (100, 100)), ((200, 40), (260, 40), (260, 100))):
        for point in triangle:
            empty.click(*point)
        empty.press("Enter")
    near(empty.value, [(40, 40), (100, 40), (100, 100)], [(200, 40), (260, 40), (260, 100)])
