"""Item, buttons and commands are on screen together, whatever the item and the screen; or they fill the screen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from spin_nb.tasks import Boxes, Classes, Keypoints, MultiLabel
from tests.views.shots import shoot

pytestmark = pytest.mark.browser

# What JupyterLab leaves of the screen for a cell's output, and a column of the workbench.
ROOMS = {
    "1440x900": (1300, 750),
    "1280x720, side bar": (890, 590),
    "1920x1080": (1780, 930),
    "column": (520, 750),
    "low column": (460, 590),
}
POINTS = [f"paw{side}{place}_{view}" for view in ("top", "bot") for side in "12" for place in ("LH", "RF")]
POINTS += [f"tail{i}_top" for i in range(9)]
LIKELY = [[f"card_payment_wrong_exchange_rate_{i}", 0.4 / i] for i in (1, 2, 3, 4, 5)]
INTENTS = [f"card_payment_wrong_exchange_rate_{i}" for i in range(77)]


def photo(row: int) -> tuple[str, bytes]:
    buffer = io.BytesIO()
    noise = np.random.default_rng(row).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return "image/jpeg", buffer.getvalue()


def words(row: int) -> tuple[str, str]:
    return "text/plain", "If my card is going to expire this month, do I need to order a new one?"


def series(row: int) -> tuple[str, dict, bytes]:
    numbers = np.random.default_rng(row).normal(size=(3, 600)).cumsum(1).astype("<f4")
    data = {"channels": ["x", "y", "z"], "points": 600, "start": 0.0, "step": 0.1, "unit": "s"}
    return "application/x-series", data, numbers.tobytes()


KINDS = {
    "photos": (Classes([str(i) for i in range(10)]), photo),
    "texts": (Classes(INTENTS), words),
    "several": (MultiLabel([f"topic {i}" for i in range(12)]), words),
    "boxes": (Boxes(["car", "bike", "person"]), photo),
    "points": (Keypoints(POINTS), photo),
    "series": (Classes(["walking", "sitting", "standing"]), series),
}
SIZES = """() => {
  const root = document.querySelector(".spin-labeller");
  const seen = document.querySelector("#scroller").getBoundingClientRect();
  const box = (selector) => root.querySelector(selector).getBoundingClientRect();
  const whole = (rect) => rect.top >= seen.top && rect.bottom <= seen.bottom && rect.height > 0;
  const frame = root.querySelector(".spin-frame");
  const area = frame.getBoundingClientRect();
  return {
    room: seen.height,
    height: root.getBoundingClientRect().height,
    frame: frame.getBoundingClientRect().height,
    scrolls: root.scrollHeight > root.clientHeight + 1,
    together: [".spin-frame", ".spin-editor", ".spin-accept", ".spin-hint"].map((each) => whole(box(each))),
    editor: box(".spin-editor").height,
    overlap: box(".spin-editor").top < area.bottom - 1 && box(".spin-editor").left < area.right - 1,
    cut: [...root.querySelectorAll(".spin-commands button")].every((each) => whole(each.getBoundingClientRect())),
  };
}"""


def opened(bench, new_session, kind, room):
    task, shown = KINDS[kind]
    session = new_session(task=task, shown=shown)
    session.refuses = lambda value: False
    if kind == "texts":
        session.likely, session.suggestion = LIKELY, {"value": INTENTS[1], "p": 0.6}
    bench.page.set_viewport_size({"width": max(640, room[0]), "height": room[1] + 40})
    bench.room = room
    bench.start(session)
    bench.shows("img_0")
    bench.until(
        "parseInt(root.style.getPropertyValue('--spin-room')) <= document.querySelector('#scroller').clientHeight"
    )
    bench.until("root.querySelector('.spin-frame canvas, .spin-frame .spin-text')")
    shoot(bench.page, f"{kind}-{room[0]}x{room[1]}")


@pytest.mark.parametrize("room", ROOMS.values(), ids=ROOMS)
@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_on_screen_together(bench, new_session, kind, room):
    opened(bench, new_session, kind, room)
    sizes = bench.page.evaluate(SIZES)
    assert sizes["height"] <= sizes["room"], sizes
    assert sizes["frame"] >= 120, sizes
    assert all(sizes["together"]), sizes
    assert sizes["cut"], sizes
    assert not sizes["scrolls"], sizes
    assert not sizes["overlap"], sizes


def test_the_picture_keeps_its_size_while_boxes_are_added(bench, new_session):
    opened(bench, new_session, "boxes", ROOMS["column"])
    before = bench.page.evaluate(SIZES)["frame"]
    bench.keys(*"nnnnnnnn")
    bench.until("root.querySelectorAll('.spin-shape').length === 8")
    after = bench.page.evaluate(SIZES)
    assert after["frame"] == before
    assert all(after["together"])


def test_it_follows_what_can_be_seen(bench, new_session):
    opened(bench, new_session, "photos", ROOMS["1440x900"])
    high = bench.page.evaluate(SIZES)["height"]
    bench.page.evaluate("document.querySelector('#scroller').style.height = '520px'")
    bench.until("root.getBoundingClientRect().height <= 520")
    assert all(bench.page.evaluate(SIZES)["together"])
    bench.page.evaluate("document.querySelector('#scroller').style.height = '750px'")
    bench.until(f"root.getBoundingClientRect().height === {high}")


def test_where_hardly_anything_can_be_seen_the_page_scrolls(bench, new_session):
    opened(bench, new_session, "photos", ROOMS["1440x900"])
    bench.page.evaluate("document.querySelector('#scroller').style.height = '200px'")
    bench.until("root.style.getPropertyValue('--spin-room') === '420px'")


def test_it_fills_the_screen_and_escape_leaves_that_alone(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F9")
    bench.until("document.fullscreenElement === root && root.clientHeight === window.innerHeight")
    bench.page.keyboard.press("1")
    bench.shows("img_1")
    bench.page.keyboard.press("Escape")
    bench.until("document.fullscreenElement === null && document.activeElement === root")
    bench.page.click("[aria-label='Full screen']")
    bench.until("document.fullscreenElement === root")
    bench.page.click("[aria-label='Leave full screen']")
    bench.until("document.fullscreenElement === null")
    bench.keys("2")
    bench.settled()
    assert list(disk.labels.values()) == ["ok", "crack"]


def test_a_page_that_may_not_fill_the_screen_says_so(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.page.evaluate(
        "() => { Element.prototype.requestFullscreen = () => Promise.reject(new TypeError('no')) }"
    )
    bench.keys("F9")
    bench.until(
        "root.querySelector('.spin-why').textContent.includes('does not let this page fill the screen')"
    )
