"""A large picture is sent small; what is looked at closely comes from the kernel, in its own place."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest

from spin_nb.pool.modalities import ImageModality
from tests.waiting import rest, until

pytestmark = pytest.mark.browser

WIDTH, HEIGHT = 2400, 1800
# No time passes between them, whatever else the machine does.
TEN_STEPS = """() => {
  for (let step = 0; step < 10; step += 1)
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
}"""
KERNEL = """() => {
  window.questions = [];
  window.kernel = async (verb, fields) => {
    window.questions.push({ verb, ...fields });
    const piece = await window.cut(fields.box, fields.size);
    if (!piece) throw new Error("the kernel is gone");
    return [{ mime: "image/png" }, [Uint8Array.from(atob(piece), (c) => c.charCodeAt(0))]];
  };
}"""


@pytest.fixture(scope="module")
def large():
    """Lines one pixel wide, every 8th, which a small copy cannot hold; the left half is dark."""
    pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    pixels[:, ::8] = 0
    pixels[:, : WIDTH // 2] //= 2
    return pixels


@pytest.fixture
def looked(desk, large):
    """The picture, sent with 600 pixels a side, and a kernel that has the whole."""
    from PIL import Image as Pictures

    def cut(box, size):
        if not desk.kernel_lives:
            return None
        shown = ImageModality().detail(large, tuple(box), size)
        out = io.BytesIO()
        Pictures.open(io.BytesIO(shown.data)).save(out, "PNG")
        return base64.b64encode(out.getvalue()).decode()

    desk.kernel_lives = True
    desk.page.expose_function("cut", cut)
    desk.page.evaluate(KERNEL)
    out = io.BytesIO()
    Pictures.fromarray(large).resize((600, 450)).save(out, "PNG")
    desk.open("none", picture=out.getvalue(), size=[WIDTH, HEIGHT])
    return desk


def questions(desk):
    return desk.page.evaluate("() => window.questions")


def sharp(desk):
    desk.page.wait_for_function("() => !document.querySelector('.spin-viewport-detail').hidden")
    rest(desk.page, 400)


def zoom_to(desk, x, y, turns):
    desk.zoom(x, y, turns)
    sharp(desk)


def test_a_picture_that_is_sharp_enough_asks_for_nothing(desk):
    desk.page.evaluate(KERNEL)
    desk.open("none")
    desk.zoom(100, 100, 8)
    rest(desk.page, 400)
    assert questions(desk) == []


def test_zooming_in_brings_the_pixels_of_the_original_to_where_they_belong(looked, large):
    zoom_to(looked, 1300, 900, 8)
    last = questions(looked)[-1]
    assert last["verb"] == "detail"
    assert last["id"] == "cell.png"
    x, y, width, height = last["box"]
    assert x <= 1300 <= x + width
    assert y <= 900 <= y + height
    assert max(width, height) <= last["size"] <= 1600  # every pixel of the original
    found = looked.page.evaluate(
        """([x, y]) => {
          const canvas = document.querySelector(".spin-viewport-detail");
          const place = canvas.getBoundingClientRect();
          const view = document.querySelector(".spin-viewport-view").getBoundingClientRect();
          const { scale } = desk.pane;
          const [left, top] = toImage(place.left, place.top);
          const fine = (canvas.width * scale) / place.width;
          const at = [x - left, y - top].map((length) => Math.round(length * fine));
          const row = canvas.getContext("2d").getImageData(at[0], at[1], 16, 1).data;
          return { left, top, line: Array.from({ length: 16 }, (_, k) => row[4 * k]) };
        }""",
        [1296, 900],
    )
    assert (found["left"], found["top"]) == pytest.approx((x, y), abs=0.02)
    assert (
        np.abs(np.array(found["line"]) - large[900, 1296:1312, 0]).max() < 60
    )  # JPEG; a small copy has no line
    assert found["line"][0] < 60 < 140 < found["line"][4]


def test_moving_a_little_asks_nothing_new_and_moving_on_does(looked):
    zoom_to(looked, 1300, 900, 8)
    before = len(questions(looked))
    looked.press("ArrowRight")
    rest(looked.page, 400)
    assert len(questions(looked)) == before
    looked.press(*["ArrowRight"] * 12)
    until(lambda: len(questions(looked)) > before, page=looked.page)
    assert questions(looked)[-1]["box"][0] > questions(looked)[before - 1]["box"][0]


def test_a_quick_hand_asks_for_the_last_place_only(looked):
    zoom_to(looked, 1300, 900, 8)
    before = len(questions(looked))
    looked.page.evaluate(TEN_STEPS)
    rest(looked.page, 400)
    assert len(questions(looked)) <= before + 1


def test_without_a_kernel_the_small_picture_stays_and_the_hand_goes_on(looked):
    looked.kernel_lives = False
    looked.zoom(1300, 900, 8)
    until(lambda: questions(looked), page=looked.page)
    assert looked.page.evaluate("() => document.querySelector('.spin-viewport-detail').hidden")
    looked.kernel_lives = True
    looked.press("ArrowRight")
    sharp(looked)
