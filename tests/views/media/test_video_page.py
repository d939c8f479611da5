"""A video on screen: the nearest frame at once, the exact one when it comes."""

from __future__ import annotations

import pytest

from tests.waiting import rest

pytestmark = pytest.mark.browser


def grey(viewer) -> int:
    """Grey level of the picture's corner: it tells which frame is drawn."""
    return viewer.page.evaluate(
        "() => document.querySelector('.spin-picture').getContext('2d').getImageData(2, 2, 1, 1).data[0]"
    )


def shown(viewer) -> int:
    return int(viewer.page.get_attribute(".spin-picture", "data-frame"))


def ready(viewer, make, **how):
    viewer.open(make.video(**how))
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame === '0'")


def test_the_first_frame_is_there_without_the_kernel(viewer, make):
    ready(viewer, make)
    assert grey(viewer) < 6
    assert viewer.text(".spin-clock") == "frame 1 of 101 · 0.00 s"
    assert viewer.asked() == []


def test_a_step_shows_the_near_frame_and_then_the_exact_one(viewer, make):
    ready(viewer, make)
    viewer.keys(".")
    assert viewer.used
    assert viewer.asked() == [{"verb": "frame", "id": "clip_1", "frame": 1}]
    assert shown(viewer) == 0
    assert "showing frame 1, the nearest one sent" in viewer.text(".spin-quiet")
    viewer.answer(0, make.frame(1, 101))
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame === '1'")
    assert viewer.text(".spin-quiet") == ""
    assert viewer.text(".spin-clock") == "frame 2 of 101 · 0.04 s"
    viewer.keys("ArrowRight")
    viewer.answer(1, make.frame(2, 101))
    viewer.keys(",")
    assert shown(viewer) == 1  # it is remembered
    assert len(viewer.asked()) == 2


def test_one_question_at_a_time_and_the_latest_wish_wins(viewer, make):
    ready(viewer, make)
    viewer.keys(*["ArrowRight"] * 9)
    assert [a["frame"] for a in viewer.asked()] == [1]
    viewer.answer(0, make.frame(1, 101))
    viewer.page.wait_for_function("() => questions.length === 2")
    assert viewer.asked()[1]["frame"] == 9
    viewer.answer(1, make.frame(9, 101))
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame === '9'")
    assert abs(grey(viewer) - 9 * 255 // 100) < 6


def test_frames_that_were_sent_are_not_asked_for(viewer, make):
    ready(viewer, make)
    viewer.keys("Shift+ArrowRight")
    assert shown(viewer) == 20
    viewer.keys("End")
    assert shown(viewer) == 100
    assert grey(viewer) > 249
    viewer.keys("ArrowRight")
    assert shown(viewer) == 100
    assert viewer.asked() == []


@pytest.mark.parametrize("how", ["late", "problem", "nonsense"])
def test_a_kernel_that_does_not_answer_leaves_the_near_frame(viewer, make, how):
    ready(viewer, make)
    viewer.keys("ArrowRight")
    viewer.page.evaluate(
        """(how) => how === "late" ? questions[0].reject(Object.assign(new Error("no answer"), { late: true }))
             : questions[0].resolve(how === "problem" ? [{ problem: { what: "<b>no</b> such frame.", do: "" } }, []]
                                                  : [{}, [new Uint8Array([1, 2, 3])]])""",
        how,
    )
    viewer.drawn()
    viewer.page.wait_for_function(
        "() => document.querySelector('.spin-quiet').textContent.includes('sent: ')"
    )
    words = {"late": "the kernel does not answer", "problem": "<b>no</b> such frame.", "nonsense": ""}[how]
    assert words in viewer.text(".spin-quiet")
    assert shown(viewer) == 0
    viewer.keys("ArrowRight")
    assert viewer.asked()[-1]["frame"] == 2


def test_dragging_the_strip_scrubs(viewer, make):
    ready(viewer, make)
    box = viewer.page.locator(".spin-film").bounding_box()
    y = box["y"] + 20
    viewer.page.mouse.move(box["x"] + 3, y)
    viewer.page.mouse.down()
    for share in (0.2, 0.4, 0.61, 0.8):
        viewer.page.mouse.move(box["x"] + box["width"] * share, y)
    viewer.page.mouse.up()
    viewer.drawn()
    assert viewer.page.get_attribute(".spin-film", "aria-valuenow") in {"80", "81", "82"}
    assert shown(viewer) == 80
    assert len(viewer.asked()) <= 1


def test_p_plays_the_frames_sent_and_stops_at_the_end(viewer, make):
    ready(viewer, make, frames=11, sent=6)
    seen = viewer.page.evaluate(
        """() => new Promise((done) => {
          const seen = [];
          const canvas = document.querySelector(".spin-picture");
          new MutationObserver(() => { seen.push(Number(canvas.dataset.frame)); if (seen.at(-1) === 10) done(seen) })
            .observe(canvas, { attributes: true, attributeFilter: ["data-frame"] });
          medium.key(new KeyboardEvent("keydown", { key: "p", code: "KeyP" }));
        })"""
    )
    assert seen[-5:] == [2, 4, 6, 8, 10]
    viewer.page.wait_for_function(
        "() => document.querySelector('.spin-tools button').textContent.includes('Play')"
    )
    assert viewer.asked() == []
    viewer.keys("p")
    viewer.page.wait_for_function("() => Number(document.querySelector('.spin-picture').dataset.frame) < 10")
    viewer.keys("ArrowLeft")
    assert "Play" in viewer.text(".spin-tools button")


def test_frames_that_cannot_be_decoded_are_left_out(viewer, make):
    card = make.video()
    card["raw"][2] = b"<svg onload=alert(1)>"
    viewer.open(card)
    viewer.keys("Shift+ArrowRight", "Shift+ArrowRight")
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame === '60'")
    card["raw"] = [b"x"] * 6
    viewer.open(card)
    viewer.page.wait_for_selector("text=None of the frames can be shown.")
    viewer.open({**card, "raw": []})
    assert viewer.text(".spin-note") == "This video has no frames."


def test_facts_that_contradict_each_other_are_survived(viewer, make):
    card = make.video()
    card["data"] = {"rate": 0, "frames": None, "at": [1e9, "x", None, -5]}
    viewer.open(card)
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame")
    viewer.keys("End", "Home", "p", "p")
    assert viewer.text(".spin-clock").endswith(" of 6")


def test_close_frees_every_bitmap_and_timer(viewer, make):
    viewer.page.evaluate(
        """() => {
          window.alive = 0;
          const make = window.createImageBitmap;
          window.createImageBitmap = async (...args) => { const b = await make(...args); alive += 1; return b };
          const close = ImageBitmap.prototype.close;
          ImageBitmap.prototype.close = function () { alive -= 1; close.call(this) };
        }"""
    )
    ready(viewer, make)
    viewer.keys("ArrowRight")
    viewer.answer(0, make.frame(1, 101))
    viewer.page.wait_for_function("() => alive === 7")
    viewer.keys("ArrowRight", "p")
    viewer.close()
    viewer.answer(1, make.frame(2, 101))  # an answer after the item is gone
    rest(viewer.page, 400)
    assert viewer.page.evaluate("() => alive") == 0


def test_a_long_video_keeps_its_strip_in_order(viewer, make):
    ready(viewer, make, frames=10_000, sent=24)
    viewer.keys("End")
    assert viewer.text(".spin-clock") == "frame 10000 of 10000 · 399.96 s"
    viewer.shot("video")
