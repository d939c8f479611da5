"""Several things at once for one item, and the still and small forms other panels use."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)>\u202e../../name"


def text(words: str) -> dict:
    return {"mime": "text/plain", "data": words}


@pytest.fixture
def photo(make) -> dict:
    return {"mime": "image/jpeg", "size": [320, 180], "raw": [make.frame(40, 100)]}


def parts(viewer) -> list:
    return viewer.page.locator(".spin-part").all()


def test_each_part_has_its_name_and_its_medium(viewer, make, photo):
    row = {"mime": "application/json", "data": {"torque": "42.8"}}
    viewer.open(make.several(("camera", photo), (EVIL, text("ground")), ("readings", row)))
    assert [part.get_attribute("aria-label") for part in parts(viewer)] == ["camera", EVIL, "readings"]
    assert viewer.page.locator(".spin-part-name").all_text_contents() == ["camera", EVIL, "readings"]
    assert viewer.page.locator(".spin-medium img").count() == 0
    assert parts(viewer)[0].locator("canvas").count() == 1
    lefts = [part.bounding_box()["x"] for part in parts(viewer)]
    assert lefts == sorted(lefts)
    assert len({part.bounding_box()["y"] for part in parts(viewer)}) == 1
    viewer.page.set_viewport_size({"width": 420, "height": 600})
    viewer.drawn()
    assert len({part.bounding_box()["x"] for part in parts(viewer)}) == 1


def test_a_broken_part_says_why_and_the_others_work(viewer, make):
    broken = {"mime": "audio/wav", "broken": f"cut short: {EVIL}"}
    unknown = {"mime": "__proto__", "data": None}
    viewer.open(
        make.several(
            ("sound", broken), ("shape", unknown), ("series", make.series([1.0, 2.0, 3.0], ["level"]))
        )
    )
    assert f"cut short: {EVIL}" in viewer.text(".spin-part >> nth=0")
    assert "not known here: __proto__" in viewer.text(".spin-part >> nth=1")
    viewer.keys("ArrowRight")
    assert viewer.text("output") == "0 s · level 1"


def test_a_medium_that_fails_is_a_broken_part(viewer, make):
    viewer.page.evaluate("() => { spin.MEDIA['text/plain'] = () => { throw new Error('no ink') } }")
    viewer.open(make.several(("note", text("x")), ("other", make.series([1.0, 2.0]))))
    assert "no ink" in viewer.text(".spin-part >> nth=0")
    assert viewer.page.locator("canvas.spin-plot").count() == 1


def test_keys_go_to_the_focused_part_else_to_the_first_that_uses_them(viewer, make):
    first, second = make.series([1.0, 2.0, 3.0], ["first"]), make.series([4.0, 5.0, 6.0], ["second"])
    viewer.open(make.several(("note", text("short")), ("a", first), ("b", second)))
    outputs = viewer.page.locator("output")
    viewer.keys("ArrowRight")
    assert outputs.all_text_contents() == ["0 s · first 1", ""]
    viewer.page.click(".spin-part >> nth=2", position={"x": 120, "y": 80})
    viewer.page.mouse.move(5, 5)
    viewer.drawn()
    viewer.keys("ArrowRight")
    assert outputs.all_text_contents()[1].startswith("0 s · second 4")
    assert outputs.all_text_contents()[0] == "0 s · first 1"


def test_a_frame_of_a_part_is_asked_for_by_item_and_part(viewer, make):
    viewer.open(make.several(("front", make.video()), ("note", text("x"))))
    viewer.page.wait_for_function("() => document.querySelector('.spin-picture').dataset.frame === '0'")
    viewer.keys(".")
    assert viewer.asked() == [{"verb": "frame", "id": "both_1", "part": "front", "frame": 1}]


def test_no_parts_is_a_sentence(viewer, make):
    viewer.open(make.several())
    assert viewer.text(".spin-note") == "This item has no parts."


def test_close_reaches_every_part(viewer, make):
    viewer.page.evaluate(
        """() => {
          const drop = URL.revokeObjectURL;
          window.dropped = 0;
          URL.revokeObjectURL = (url) => { dropped += 1; drop.call(URL, url) };
        }"""
    )
    beep = 0.5 * np.sin(np.arange(4000))
    viewer.open(make.several(("a", make.sound(beep, 8000)), ("b", make.sound(beep, 8000))))
    viewer.close()
    assert viewer.page.evaluate("() => dropped") == 2


def cards(make, photo) -> dict[str, dict]:
    beep = np.sin(np.arange(8000) / 5) * np.linspace(0, 1, 8000)
    return {
        "series": make.series(np.random.default_rng(0).normal(size=(9, 5000)).cumsum(1)),
        "sound": make.sound(beep, 8000),
        "video": make.video(),
        "picture": {"id": "p", **photo},
        "text": {"id": "t", **text(EVIL + " words" * 200_000)},
        "row": {"id": "r", "mime": "application/json", "data": {EVIL: EVIL * 1000, "b": None}},
        "several": make.several(("note", text("words")), ("series", make.series(np.arange(9.0)))),
        "broken": {"id": "broken_1", "mime": "audio/wav", "broken": "cut short"},
        "empty": {"id": "empty_1", "mime": "text/plain", "data": " "},
        "unknown": {"id": "unknown_1", "mime": "constructor", "data": None},
    }


PUT = """([form, wide, high]) => {
  const make = (tag, className) => Object.assign(document.createElement(tag), { className });
  const put = (tag, name, parent) => parent.appendChild(make(tag, name));
  const box = put("button", "box", put("div", "spin-view spin-labeller", document.body));
  const size = { width: `${wide}px`, height: `${high}px`, padding: 0 };
  Object.assign(box.style, { display: "flex", flexDirection: "column", ...size });
  const element = spin[form](card);
  box.append(element);
  const facts = () => {
    const { width, height } = element.getBoundingClientRect();
    const images = element.querySelectorAll("img, script").length;
    return { width, height, tag: element.tagName, words: element.textContent, images };
  };
  return new Promise((done) => setTimeout(() => done(facts()), 60));
}"""


@pytest.mark.parametrize(
    "kind", ["series", "sound", "video", "picture", "text", "row", "several", "broken", "empty", "unknown"]
)
def test_small_and_still_forms(viewer, make, photo, kind):
    viewer.open(cards(make, photo)[kind])
    small = viewer.page.evaluate(PUT, ["thumbnail", 66, 62])
    assert small["width"] <= 74
    assert small["height"] <= 62
    assert len(small["words"]) <= 40
    assert small["images"] == 0
    assert small["tag"].upper() == {
        "series": "SVG",
        "sound": "SVG",
        "several": "SVG",
        "video": "CANVAS",
        "picture": "CANVAS",
    }.get(kind, "SPAN")
    still = viewer.page.evaluate(PUT, ["preview", 300, 200])
    assert still["width"] <= 301
    assert len(still["words"]) < 1500
    assert still["images"] == 0
    if kind in ("broken", "empty", "unknown"):
        assert small["words"] == f"{kind}_1"
        assert len(still["words"]) > 10


def test_a_sparkline_keeps_a_single_spike_and_the_gaps(viewer, make):
    values = np.zeros(6000)
    values[3000] = 9
    values[:1000] = np.nan
    viewer.open(make.series(values))
    path = viewer.page.evaluate("() => spin.preview(card).querySelector('path').getAttribute('d')")
    numbers = np.array([float(x) for x in path.replace("M", " ").replace("L", " ").split()]).reshape(-1, 2)
    assert numbers[:, 0].min() == pytest.approx(150 / 6, abs=1.1)
    assert numbers[numbers[:, 1].argmin(), 0] == pytest.approx(75, abs=1.1)
    assert np.isfinite(numbers).all()


def test_pictures_stay_large_enough_to_see_on_a_phone(viewer, make, photo):
    viewer.page.set_viewport_size({"width": 300, "height": 900})
    viewer.open(make.several(("front", photo), ("back", photo)))
    for view in viewer.page.locator(".spin-viewport-view").all():
        box = view.bounding_box()
        assert box["height"] >= 180
        assert box["width"] >= 180
    tools = viewer.page.locator(".spin-viewport-tools").first
    assert tools.bounding_box()["height"] < 60  # one line


@pytest.mark.parametrize("width", [250, 300, 420])
def test_narrow_tools_neither_scroll_nor_hide_anything_for_good(viewer, make, photo, width):
    viewer.page.set_viewport_size({"width": width, "height": 900})
    viewer.open(make.several(("front", photo)))
    tools = viewer.page.locator(".spin-viewport-tools")
    assert tools.evaluate("(element) => element.scrollWidth <= element.clientWidth")
    brightness = tools.get_by_role("slider", name="Brightness")
    assert not brightness.is_visible()
    tools.get_by_text("Light").click()
    assert brightness.is_visible()
    assert tools.get_by_label("Reset brightness").is_visible()
    assert tools.evaluate("(element) => element.scrollWidth <= element.clientWidth")
