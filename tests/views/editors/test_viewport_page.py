"""The picture under the hand: where a pixel is, zoom, pan, light."""

from __future__ import annotations

import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser


def at(desk, x, y):
    """Pixel of the original under a place on the page, as the view says."""
    return desk.page.evaluate("([x, y]) => toImage(x, y)", [x, y])


def shown(desk):
    return desk.page.evaluate(
        """() => {
          const picture = document.querySelector(".spin-viewport-picture").getBoundingClientRect();
          const view = document.querySelector(".spin-viewport-view").getBoundingClientRect();
          const [left, top] = [picture.left - view.left, picture.top - view.top];
          const { width, height } = picture;
          return { width, height, left, top, room_x: view.width, room_y: view.height, scale: desk.pane.scale };
        }"""
    )


@pytest.fixture
def picture(desk):
    desk.open("none")
    return desk


def test_a_picture_is_shown_whole_and_centred(picture):
    now = shown(picture)
    assert now["width"] / now["height"] == pytest.approx(320 / 240)
    assert now["left"] == pytest.approx((now["room_x"] - now["width"]) / 2, abs=0.6)
    assert now["top"] > 0
    assert now["height"] < now["room_y"]


def test_places_are_pixels_of_the_original_when_the_bitmap_is_smaller(desk):
    desk.open("none", size=[3200, 2400])
    for x, y in ((0, 0), (3200, 2400), (1234.5, 77)):
        assert at(desk, *desk.client(x, y)) == pytest.approx([x, y], abs=0.5)


def test_the_wheel_zooms_at_the_pointer(picture):
    before = picture.client(80, 60)
    picture.zoom(80, 60, 6)
    assert shown(picture)["scale"] > 3
    assert at(picture, *before) == pytest.approx([80, 60], abs=0.5)


def test_the_wheel_scrolls_the_page_while_the_keyboard_is_elsewhere(picture):
    picture.page.evaluate("() => document.activeElement.blur()")
    scale = shown(picture)["scale"]
    picture.zoom(80, 60, 3)
    assert shown(picture)["scale"] == scale
    picture.page.keyboard.down("Control")
    picture.zoom(80, 60, 1)
    assert shown(picture)["scale"] > scale


def test_keys_zoom_pan_and_fit(picture):
    whole = shown(picture)
    picture.press("+", "+", "+")
    zoomed = shown(picture)
    assert zoomed["scale"] == pytest.approx(whole["scale"] * 1.25**3)
    picture.press("ArrowRight")
    assert shown(picture)["left"] == pytest.approx(zoomed["left"] - 48, abs=0.6)
    picture.press("-", "Home")
    assert shown(picture) == pytest.approx(whole, abs=0.01)
    picture.press("+")
    picture.page.click("text=Fit")
    assert shown(picture) == pytest.approx(whole, abs=0.01)


@pytest.mark.parametrize(("button", "keys"), [("left", ()), ("middle", ()), ("left", ("Shift",))])
def test_dragging_pans_but_never_loses_the_picture(picture, button, keys):
    picture.zoom(160, 120, 8)
    x, y = picture.client(160, 120)
    picture.drag((160, 120), (170, 125), button=button, keys=keys)
    assert at(picture, x, y) == pytest.approx([150, 115], abs=0.5)
    for _ in range(6):
        picture.page.mouse.move(300, 150)
        picture.page.mouse.down(button="middle")
        picture.page.mouse.move(800, 400)
        picture.page.mouse.up(button="middle")
    now = shown(picture)
    assert [now["left"], now["top"]] == pytest.approx([now["room_x"] / 2, now["room_y"] / 2], abs=1)


def test_two_fingers_zoom_and_pan(picture):
    x, y = picture.client(160, 120)
    scale = shown(picture)["scale"]
    picture.touch(
        [(x - 40, y)], [(x - 40, y), (x + 40, y)], [(x - 60, y), (x + 60, y)], [(x - 80, y), (x + 80, y)],
        [(x - 70, y + 5), (x + 90, y + 5)],
    )  # fmt: skip
    assert shown(picture)["scale"] == pytest.approx(2 * scale, rel=0.01)
    assert at(picture, x + 10, y + 5) == pytest.approx([160, 120], abs=1)


def test_zoom_has_ends(picture):
    picture.zoom(10, 10, 60)
    assert shown(picture)["scale"] == 48
    picture.zoom(10, 10, -90)
    now = shown(picture)
    assert now["width"] < now["room_x"]
    assert now["height"] < now["room_y"]


def test_small_pictures_show_their_pixels(desk, drawn_picture):
    style = "getComputedStyle(document.querySelector('.spin-viewport-picture')).imageRendering"
    desk.open("none", picture=drawn_picture(28, 28))
    assert desk.js(style) == "pixelated"
    assert shown(desk)["height"] > 200
    desk.open("none", picture=drawn_picture(200, 129))
    assert desk.js(style) == "auto"


def test_brightness_and_contrast_stay_for_the_next_picture_and_go_back(picture):
    light = "document.querySelector('.spin-viewport-pictures').style.filter"
    slider = picture.page.get_by_role("slider", name="Brightness")
    slider.focus()
    picture.press("ArrowRight", "ArrowRight")
    assert picture.js(light) == "brightness(110%) contrast(100%)"
    assert shown(picture)["left"] > 0
    picture.open("none")
    assert picture.js(light) == "brightness(110%) contrast(100%)"
    picture.page.click("text=Reset")
    assert picture.js(light) == "brightness(100%) contrast(100%)"


def test_the_view_follows_the_room_it_has(picture):
    picture.page.set_viewport_size({"width": 420, "height": 900})
    until(lambda: (now := shown(picture))["width"] < now["room_x"] <= 420, page=picture.page)
    assert picture.page.evaluate("() => document.documentElement.scrollWidth") <= 420
