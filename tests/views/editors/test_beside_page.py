"""A picture that is one of several parts: it is drawn on as any other, and the rest is read beside it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>"
BESIDE = (
    {"name": "notes", "mime": "text/plain", "data": f"{EVIL} scratch near the rim"},
    {"name": "machine", "mime": "application/json", "data": {"torque": "42.8", "tool wear": "7"}},
)


def boxes(desk):
    return [{**box, **{k: round(box[k]) for k in ("x", "y", "width", "height")}} for box in desk.value]


def test_a_box_is_in_pixels_of_the_picture_and_the_other_parts_are_beside_it(desk):
    desk.open("boxes", ["cell"], size=[320, 240], beside=BESIDE)
    assert desk.page.locator(".spin-beside .spin-part-name").all_text_contents() == ["notes", "machine"]
    assert EVIL in desk.page.inner_text(".spin-beside")
    desk.drag((40, 30), (140, 110))
    assert boxes(desk) == [{"label": "cell", "x": 40, "y": 30, "width": 100, "height": 80}]
    desk.press("ArrowRight")
    assert boxes(desk)[0]["x"] == 41
    picture, beside = (desk.page.locator(f".spin-{part}").bounding_box() for part in ("worked", "beside"))
    assert picture["x"] + picture["width"] <= beside["x"]
    assert picture["width"] > 2 * beside["width"]
    rows = desk.page.locator(".spin-beside .spin-part-body")
    assert all(rows.nth(i).bounding_box()["height"] > 20 for i in range(2))
    assert desk.errors == []


def test_points_and_outlines_too(desk):
    desk.open("keypoints", ["nose"], size=[320, 240], beside=BESIDE, skeleton=[])
    desk.click(100, 60)
    assert [round(at) for at in desk.value["nose"]] == [100, 60]
    desk.open("polygons", ["leaf"], size=[320, 240], beside=BESIDE)
    for point in ((50, 50), (150, 60), (100, 140)):
        desk.click(*point)
    desk.press("Enter")
    assert len(desk.value[0]["points"]) == 3


def test_the_keys_of_a_medium_beside_the_picture_stay_its_own(desk):
    desk.open("polygons", ["leaf"], size=[320, 240], beside=BESIDE)
    desk.page.locator(".spin-beside .spin-part").first.focus()
    desk.press("n", "p", ".", ",")
    assert (desk.value, desk.said) == (None, "")
    desk.page.focus(".spin-labeller")
    desk.press("n", "p")
    assert len(desk.value) == 1
    assert desk.said.startswith("point 1 of 4")


def test_on_a_narrow_page_the_rest_comes_below(desk):
    desk.page.set_viewport_size({"width": 420, "height": 900})
    desk.open("boxes", ["cell"], size=[320, 240], beside=BESIDE)
    picture, beside = (desk.page.locator(f".spin-{part}").bounding_box() for part in ("worked", "beside"))
    assert beside["y"] >= picture["y"] + picture["height"]
    assert picture["height"] >= 200
    assert desk.page.evaluate("() => document.documentElement.scrollWidth") <= 420
