"""A sound on screen: waveform above spectrogram, heard and sought, and nothing decoded that is not shown."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from tests.waiting import until

pytestmark = pytest.mark.browser

RATE = 8000


@pytest.fixture
def beep() -> np.ndarray:
    """A second of silence with 440 Hz in its second half."""
    t = np.arange(RATE) / RATE
    return np.where(t < 0.5, 0, 0.8 * np.sin(2 * np.pi * 440 * t))


def cursor(viewer) -> float:
    return float(viewer.page.get_attribute(".spin-wave", "aria-valuenow"))


@pytest.fixture
def counted(viewer):
    """Object URLs that are alive."""
    viewer.page.evaluate(
        """() => {
          window.urls = new Set();
          const [make, drop] = [URL.createObjectURL, URL.revokeObjectURL];
          URL.createObjectURL = (blob) => { const url = make.call(URL, blob); urls.add(url); return url };
          URL.revokeObjectURL = (url) => { urls.delete(url); drop.call(URL, url) };
          const play = HTMLMediaElement.prototype.play;
          window.plays = 0;
          HTMLMediaElement.prototype.play = function () { plays += 1; window.player = this; return play.call(this) };
        }"""
    )
    return lambda: viewer.page.evaluate("() => urls.size")


def test_the_waveform_is_where_the_sound_is(viewer, make, beep):
    viewer.open(make.sound(beep, RATE))
    line = viewer.pixels("line")
    rows, counts = np.unique(line[:, 1], return_counts=True)
    zero = line[line[:, 1] == rows[counts.argmax()]]
    left, right = zero[:, 0].min(), zero[:, 0].max() + 1
    x, y = viewer.pixels().T
    wave_rows = y < 100
    loud = x[wave_rows & (np.abs(y - np.median(y[wave_rows])) > 20)]
    assert abs(loud.min() - (left + right) / 2) < 3
    assert abs(loud.max() - right) < 3


def test_the_clock_knows_the_length_of_the_wav_whatever_the_card_says(viewer, make, beep):
    card = make.sound(beep, RATE)
    card["data"]["seconds"] = 99
    viewer.open(card)
    assert "0.00 / 1.00 s" in viewer.text(".spin-tools")
    assert viewer.page.get_attribute(".spin-wave", "aria-valuemax") == "1.00"


def test_nothing_plays_by_itself_and_p_plays_and_pauses(viewer, make, beep, counted):
    viewer.open(make.sound(beep, RATE))
    assert viewer.page.evaluate("() => plays") == 0
    viewer.keys("p")
    assert viewer.used
    viewer.page.wait_for_function("() => player.currentTime > 0.05")
    viewer.page.wait_for_function("() => Number(document.querySelector('.spin-wave').ariaValueNow) > 0.05")
    assert "Pause" in viewer.text(".spin-tools button")
    viewer.keys("p")
    viewer.page.wait_for_function("() => player.paused")
    assert "Play" in viewer.text(".spin-tools button")


def test_a_click_seeks_and_the_arrows_step(viewer, make, beep):
    viewer.open(make.sound(beep, RATE))
    viewer.keys("ArrowRight", "ArrowRight")
    assert abs(cursor(viewer) - 0.10) < 0.011
    viewer.keys("End")
    assert cursor(viewer) == 1
    viewer.keys("Home")
    assert cursor(viewer) == 0
    box = viewer.page.locator("canvas.spin-plot").bounding_box()
    viewer.page.mouse.click(box["x"] + box["width"] - 10, box["y"] + 30)
    viewer.drawn()
    assert cursor(viewer) > 0.99
    bar = viewer.page.locator(".spin-cursor").bounding_box()
    assert abs(bar["x"] + bar["width"] / 2 - (box["x"] + box["width"] - 10)) < 2


def test_loop_speed_and_volume_stay_from_item_to_item(viewer, make, beep, counted):
    viewer.open(make.sound(beep, RATE))
    viewer.keys("Shift+L", ">", ">", "Shift+ArrowDown", "p")
    state = "() => [player.loop, player.playbackRate, Math.round(100 * player.volume)]"
    assert viewer.page.evaluate(state) == [True, 1.5, 90]
    viewer.open(make.sound(beep, RATE))
    viewer.keys("p")
    assert viewer.page.evaluate(state) == [True, 1.5, 90]
    assert viewer.page.get_attribute("text=Loop", "aria-pressed") == "true"
    assert viewer.page.input_value("select") == "1.5"


def test_a_slider_with_the_focus_keeps_its_arrows(viewer, make, beep):
    viewer.open(make.sound(beep, RATE))
    viewer.page.focus("input[type=range]")
    viewer.keys("ArrowLeft")
    assert viewer.page.input_value("input[type=range]") == "0.95"
    assert cursor(viewer) == 0


def test_close_revokes_the_url_and_stops_the_sound(viewer, make, beep, counted):
    viewer.open(make.sound(beep, RATE))
    assert counted() == 1
    viewer.keys("p")
    viewer.close()
    assert counted() == 0
    assert viewer.page.evaluate("() => player.paused && !player.hasAttribute('src')")


def test_a_browser_that_refuses_to_play_says_so(viewer, make, beep):
    viewer.page.evaluate(
        "() => { HTMLMediaElement.prototype.play = () => Promise.reject(new DOMException('', 'NotSupportedError')) }"
    )
    viewer.open(make.sound(beep, RATE))
    viewer.keys("p")
    assert "does not play" in viewer.text(".spin-quiet")
    assert viewer.page.evaluate("() => messages.length") == 1
    viewer.keys("ArrowRight")
    assert cursor(viewer) > 0


def test_the_spectrogram_is_dark_on_light_and_light_on_dark(viewer, make, beep):
    viewer.open(make.sound(beep, RATE))
    brightness = """() => {
      const canvas = document.querySelector("canvas.spin-plot");
      const at = (x, y) => {
        const [r, g, b] = canvas.getContext("2d").getImageData(x * canvas.width, y, 1, 1).data;
        return r + g + b;
      };
      const low = canvas.height - 24 * devicePixelRatio - canvas.height * 0.06;
      return [at(0.25, low), at(0.75, low)];
    }"""

    def loud_above_silent() -> int:
        silent, loud = viewer.page.evaluate(brightness)
        return loud - silent

    until(lambda: loud_above_silent() < -150, page=viewer.page)
    viewer.page.emulate_media(color_scheme="dark")
    until(lambda: loud_above_silent() > 150, page=viewer.page)


@pytest.mark.parametrize(
    "spoil", ["not a wav", "no spectrogram", "neither", "cut in the header", "cut in the data"]
)
def test_broken_bytes_do_not_stop_the_page(viewer, make, beep, spoil):
    card = make.sound(beep, RATE)
    wav, png = card["raw"]
    card["raw"] = {
        "not a wav": [b"<script>alert(1)</script>" * 9, png],
        "no spectrogram": [wav, b"no png"],
        "neither": [b"", b""],
        "cut in the header": [wav[:30], png],
        "cut in the data": [wav[:5001], png],
    }[spoil]
    viewer.open(card)
    if spoil == "neither":
        assert viewer.text(".spin-note") == "This sound is empty."
    else:
        viewer.page.locator("canvas.spin-plot").wait_for()
    viewer.errors[:] = [e for e in viewer.errors if "Failed to load resource" not in e]


def test_a_sound_that_was_cut_says_so(viewer, make, beep):
    viewer.open(make.sound(beep, RATE, cut=True))
    assert viewer.text(".spin-quiet") == "Only the first 1 s of this sound are here."


def test_real_digits(viewer, make, real):
    with wave.open(str(real("fsdd") / "recordings/7_jackson_12.wav")) as sound:
        samples, rate = (
            np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768,
            sound.getframerate(),
        )
    viewer.open(make.sound(samples, rate))
    viewer.page.locator(".spin-tools", has_text="/ ").wait_for()
    assert f"/ {len(samples) / rate:.2f} s" in viewer.text(".spin-tools")
    viewer.shot("sound_fsdd")


def test_the_play_button_shows_its_key(viewer, make, beep):
    viewer.open(make.sound(beep, RATE))
    button = viewer.page.get_by_role("button", name="play", exact=True)
    assert button.locator("kbd").text_content() == "P"


def test_autoplay_is_chosen_once_and_remembered(viewer, make, beep, counted):
    plays = "() => plays"
    viewer.open(make.sound(beep, RATE))
    assert viewer.page.evaluate(plays) == 0
    viewer.keys("Shift+A")
    assert viewer.page.evaluate(plays) == 1
    assert viewer.page.get_by_role("button", name="Autoplay").get_attribute("aria-pressed") == "true"
    viewer.open(make.sound(beep, RATE))
    assert viewer.page.evaluate(plays) == 2
    viewer.open(make.several(("a", make.sound(beep, RATE)), ("b", make.sound(beep, RATE))))
    assert viewer.page.evaluate(plays) == 3, "two sounds at once would be noise"
    viewer.page.get_by_role("button", name="Autoplay").first.click()
    viewer.open(make.sound(beep, RATE))
    assert viewer.page.evaluate(plays) == 3
