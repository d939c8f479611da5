"""A series on screen: drawn to scale, read by a crosshair, zoomed and panned."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser

READING = ".spin-clock"


def reading(viewer) -> list[float]:
    """Time and values under the crosshair."""
    return [float(x.replace("−", "-")) for x in re.findall(r"−?\d+\.?\d*(?=$| s| ·)", viewer.text(READING))]


def plot(viewer) -> dict:
    return viewer.page.locator("canvas.spin-plot").bounding_box()


def axis(viewer) -> tuple[float, float]:
    """Left and right end of the plot, in CSS pixels: there the gridlines of the values begin and end."""
    line = viewer.pixels("line")
    rows, counts = np.unique(line[:, 1], return_counts=True)
    runs = [line[line[:, 1] == row, 0] for row in rows[counts > 100]]
    runs = [run for run in runs if run.min() > 15]  # a line between two channels begins at 0
    return float(min(run.min() for run in runs)), float(max(run.max() for run in runs) + 1)


def test_a_step_is_drawn_where_it_is(viewer, make):
    values = np.repeat([0.0, 1.0], 500)
    viewer.open(make.series(values, step=0.01))
    x, y = viewer.pixels().T
    left, right = axis(viewer)
    low, high = y.max(), y.min()
    at_low, at_high = x[y > low - 1.5], x[y < high + 1.5]
    middle = (left + right) / 2
    assert abs(at_low.min() - left) < 2
    assert abs(at_low.max() - middle) < 2
    assert abs(at_high.min() - middle) < 2
    assert abs(at_high.max() - right) < 2
    # The values' own axis: gridlines at 0 and 1 lie under the two levels.
    grid = [
        row
        for row, n in zip(*np.unique(viewer.pixels("line")[:, 1], return_counts=True), strict=True)
        if n > 200
    ]
    assert min(abs(row - low) for row in grid) < 2
    assert min(abs(row - high) for row in grid) < 2


def test_one_spike_among_a_hundred_thousand_points_is_seen(viewer, make):
    values = np.zeros(100_000)
    values[25_000] = 5
    viewer.open(make.series(values))
    x, y = viewer.pixels().T
    left, right = axis(viewer)
    tip = x[y < y.min() + 2]
    assert abs(tip.mean() - (left + (right - left) * 0.25)) < 2


@pytest.mark.parametrize("channels", [1, 6])
def test_of_a_hundred_thousand_points_a_channel_one_bar_a_pixel_is_drawn(viewer, make, channels):
    viewer.open(make.series(np.random.default_rng(0).normal(size=(channels, 100_000))))
    bars, width = viewer.page.evaluate(
        """() => {
          const canvas = document.querySelector("canvas.spin-plot");
          const { context } = spin.sharpen(canvas);
          const calls = [];
          for (const name of ["fillRect", "stroke", "lineTo", "arc"]) {
            const draw = context[name];
            context[name] = (...how) => (calls.push(name), draw.apply(context, how));
          }
          spin.paintSeries({ ...spin.sharpen(canvas), inks: spin.plotInks(canvas.parentElement) },
            new spin.SeriesView(spin.readSeries(card)));
          return [calls.length, canvas.clientWidth];
        }"""
    )
    assert 0.7 * width * channels < bars < (width + 50) * channels  # with the lines of the grid


def test_a_gap_stays_empty_and_a_lone_value_is_a_dot(viewer, make):
    values = np.ones(101)
    values[40:60] = np.nan
    values[50] = 1
    viewer.open(make.series(values))
    x = np.unique(np.floor(viewer.pixels()[:, 0]))
    left, right = axis(viewer)
    share = (x - left) / (right - left)
    gap = share[(share > 0.40) & (share < 0.595)]
    assert len(gap) > 0
    assert np.abs(gap - 0.5).max() < 0.01


def test_the_crosshair_reads_time_and_every_channel(viewer, make):
    values = np.stack([np.arange(100), 1000 - np.arange(100)])
    viewer.open(make.series(values, ["up", "down"], start=10, step=0.5))
    box, (left, right) = plot(viewer), axis(viewer)
    viewer.page.mouse.move(box["x"] + left + (right - left) * 30 / 99, box["y"] + 40)
    viewer.drawn()
    assert viewer.text(READING) == "25.0 s · up 30 · down 970"
    viewer.page.mouse.move(5, 5)
    viewer.drawn()
    assert viewer.text(READING) == ""


def test_arrows_move_the_crosshair_and_it_is_spoken(viewer, make):
    viewer.open(make.series([[3.5, 1.25, np.nan, 8]], ["level"], step=1))
    viewer.keys("ArrowRight")
    assert viewer.text(READING) == "0 s · level 3.5"
    viewer.keys("ArrowRight", "ArrowRight")
    assert viewer.text("output") == "2 s · level no value"
    viewer.keys("ArrowRight", "ArrowRight", "ArrowLeft")
    assert viewer.text("output") == "2 s · level no value"
    assert viewer.used
    viewer.keys("q")
    assert not viewer.used


def test_zoom_keeps_what_is_under_the_pointer_and_fit_shows_all(viewer, make):
    viewer.open(make.series(np.arange(1001)))
    box, (left, right) = plot(viewer), axis(viewer)
    where = box["x"] + left + (right - left) * 0.3, box["y"] + 60
    viewer.page.mouse.move(*where)
    viewer.drawn()
    assert reading(viewer)[0] == 300
    viewer.page.mouse.wheel(0, -600)
    viewer.drawn()
    viewer.page.mouse.move(where[0] + 1, where[1])
    viewer.drawn()
    assert abs(reading(viewer)[0] - 300) <= 2
    viewer.page.mouse.move(box["x"] + left + 1, where[1])
    viewer.drawn()
    assert reading(viewer)[0] > 100
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + left + 300, where[1], steps=4)
    viewer.page.mouse.up()
    viewer.page.mouse.move(box["x"] + left + 1, where[1])
    viewer.drawn()
    assert reading(viewer)[0] < 100
    viewer.page.click("text=Fit")
    viewer.page.mouse.move(box["x"] + left, where[1])
    viewer.drawn()
    assert reading(viewer)[0] == 0


def test_the_wheel_leaves_the_page_alone_until_the_view_is_used(viewer, make):
    viewer.open(make.series(np.arange(1001)))
    viewer.page.evaluate("() => { document.body.style.height = '3000px'; document.activeElement.blur() }")
    viewer.page.mouse.move(300, 100)
    viewer.page.mouse.wheel(0, 200)
    viewer.page.wait_for_function("() => window.scrollY > 0")


def test_two_fingers_zoom(viewer, make):
    viewer.open(make.series(np.arange(1001)))
    viewer.page.evaluate(
        """() => {
          const canvas = document.querySelector("canvas.spin-plot");
          canvas.setPointerCapture = () => {};
          const box = canvas.getBoundingClientRect();
          const send = (name, id, x) => canvas.dispatchEvent(new PointerEvent(name,
            { pointerId: id, pointerType: "touch", clientX: box.left + x, clientY: box.top + 50, bubbles: true }));
          send("pointerdown", 1, 300); send("pointerdown", 2, 400);
          send("pointermove", 1, 200); send("pointermove", 2, 500);
          send("pointerup", 1, 200); send("pointerup", 2, 500);
        }"""
    )
    viewer.drawn()
    box, (left, _right) = plot(viewer), axis(viewer)
    viewer.page.mouse.move(box["x"] + left, box["y"] + 50)
    viewer.drawn()
    assert reading(viewer)[0] > 100


def test_more_than_six_channels_scroll(viewer, make):
    values = np.arange(10)[:, None] * np.ones((10, 50))
    viewer.open(make.series(values, [f"sensor {i}" for i in range(10)]))
    viewer.keys("ArrowRight")
    spoken = viewer.text("output")
    assert "sensor 5 5" in spoken
    assert "sensor 6" not in spoken
    viewer.keys("PageDown", "PageDown", "PageDown")
    viewer.page.wait_for_function(
        "() => { const r = document.querySelector('.spin-rows'); return r.scrollTop > 50 }"
    )
    viewer.drawn()
    viewer.keys("ArrowRight")
    assert "sensor 9 9" in viewer.text("output")
    assert "sensor 0" not in viewer.text("output")


def test_hostile_names_are_text(viewer, make):
    names = ["<img src=x onerror=alert(1)>", "\u202eevil</script>", "n" * 1_000_000]
    viewer.open(make.series(np.random.default_rng(1).normal(size=(3, 30)), names))
    viewer.keys("ArrowRight")
    assert "<img src=x onerror" in viewer.text("output")
    assert viewer.page.locator(".spin-medium img").count() == 0
    assert len(viewer.text("output")) < 400


@pytest.mark.parametrize(
    "spoil",
    [{"points": 0}, {"channels": []}, {"points": 10**9}, {"points": 2.5}, {"channels": "abc", "points": "x"}],
)
def test_a_card_that_contradicts_itself_is_a_sentence(viewer, make, spoil):
    card = make.series([1.0, 2.0])
    card["data"] |= spoil
    viewer.open(card)
    assert viewer.text(".spin-note").startswith("This series")


def test_constant_single_and_missing_values_are_drawn(viewer, make):
    viewer.open(make.series([[7.0], [np.nan]], ["one", "none"]))
    assert len(viewer.pixels()) > 0
    viewer.keys("ArrowRight", "+", "-", "Home")
    assert viewer.text(READING) == "0 s · one 7 · none no value"
    viewer.open(make.series([3.0] * 50))
    assert np.ptp(viewer.pixels()[:, 1]) < 4


def test_ticks_are_those_people_like(viewer):
    ticks = viewer.page.evaluate(
        """() => [[0, 10, 5], [-0.3, 0.31, 4], [1e-7, 4e-7, 3], [1.7e9, 1.7e9 + 60, 4], [5, 5, 3]].map((range) => {
             const { step, at } = spin.niceTicks(...range);
             return at.map((value) => spin.tickWords(value, step));
           })"""
    )
    assert ticks == [
        ["0", "2", "4", "6", "8", "10"],
        ["−0.2", "0", "0.2"],
        ["1e−7", "2e−7", "3e−7", "4e−7"],
        ["1700000000", "1700000020", "1700000040", "1700000060"],
        [],
    ]


def test_theme_and_size_redraw(viewer, make):
    viewer.open(make.series(np.sin(np.arange(200) / 9)))
    light = len(viewer.pixels())
    viewer.page.emulate_media(color_scheme="dark")
    # The probe reads the dark brand: the line was drawn anew in it.
    until(lambda: len(viewer.pixels()) > 0.5 * light, page=viewer.page)
    viewer.page.set_viewport_size({"width": 500, "height": 420})
    until(lambda: len(line := viewer.pixels()) and line[:, 0].max() < 500, page=viewer.page)


def test_the_host_changing_its_theme_redraws(viewer, make):
    viewer.open(make.series(np.sin(np.arange(200) / 9)))
    viewer.page.evaluate(
        """() => {
          document.documentElement.style.setProperty("--jp-ui-font-color1", "rgb(250, 250, 250)");
          document.documentElement.style.setProperty("--jp-brand-color1", "rgb(10, 200, 30)");
        }"""
    )
    until(lambda: len(viewer.pixels()) > 300, page=viewer.page)


def test_after_close_nothing_is_left_to_run(viewer, make):
    viewer.open(make.series(np.arange(50)))
    viewer.close()
    viewer.page.emulate_media(color_scheme="dark")
    viewer.page.set_viewport_size({"width": 600, "height": 420})
    viewer.drawn()


def test_real_series(viewer, make, real):
    folder = real("ucr_subset")
    motions = np.load(folder / "BasicMotions.npz")["x_train"][25]
    names = [
        "acc x (m/s²)",
        "acc y (m/s²)",
        "acc z (m/s²)",
        "gyro x (rad/s)",
        "gyro y (rad/s)",
        "gyro z (rad/s)",
    ]
    viewer.open(make.series(motions, names, step=0.1))
    viewer.keys(*["ArrowRight"] * 40)
    spoken = viewer.text("output")
    assert spoken.startswith("3.9 s · ")
    shown = [float(part.rsplit(" ", 1)[1].replace("−", "-")) for part in spoken.split(" · ")[1:]]
    assert np.allclose(shown, motions[:, 39], rtol=1e-4)
    viewer.shot("series_basicmotions")
    viewer.open(make.series(np.load(folder / "GunPoint.npz")["x_train"][0], ["hand x"], step=1 / 30))
    assert len(viewer.pixels()) > 500
