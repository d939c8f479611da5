"""Colours that colour-blind people tell apart, on light and dark; text that stays text; drawing in time."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.views.base import redraw as redraw_module
from spin_nb.views.base import theme
from spin_nb.views.base.redraw import Redraw

TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
SIGHT = {  # Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
    "normal": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
}


def linear(colours):
    rgb = np.array([theme.rgba(colour)[:3] for colour in colours])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    return np.cbrt(np.clip(rgb, 0, 1) @ TO_LMS.T) @ TO_LAB.T


@pytest.mark.parametrize("sight", SIGHT)
def test_ten_classes_can_be_told_apart(sight):
    lab = oklab(linear(theme.class_colours(10)) @ SIGHT[sight].T)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[~np.eye(10, dtype=bool)]
    assert apart.min() > 0.05


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_class_colours_stand_out_on_light_and_dark_pages(page):
    light = linear(theme.CLASS_COLOURS) @ [0.2126, 0.7152, 0.0722] + 0.05
    ground = float((linear([page]) @ [0.2126, 0.7152, 0.0722])[0]) + 0.05
    assert (np.maximum(light, ground) / np.minimum(light, ground)).min() >= 1.9


@pytest.mark.parametrize("dark", [False, True])
def test_the_ramp_rises_steadily_and_high_is_what_stands_out(dark):
    lightness = oklab(linear(theme.ramp(dark, 64)))[:, 0]
    steps = np.diff(lightness)
    assert (steps > 0).all() if dark else (steps < 0).all()
    assert np.abs(steps).max() < 4 * np.abs(steps).mean()


@given(st.text())
def test_no_text_is_markup_for_plotly(text):
    shown = theme.plain(text)
    assert "<" not in shown
    assert ">" not in shown
    assert "$" not in shown
    assert "\n" not in shown


def test_without_a_loop_every_request_is_drawn():
    drawn = []
    redraw = Redraw(lambda: drawn.append(1))
    redraw("any", "argument")
    redraw()
    assert len(drawn) == 2


def test_a_burst_is_drawn_at_once_and_once_more_with_the_last_state():
    async def burst():
        state, drawn = [0], []
        redraw = Redraw(lambda: drawn.append(state[0]), every=0.05)
        for state[0] in range(20):
            redraw()
        await asyncio.sleep(0.2)
        return drawn

    assert asyncio.run(burst()) == [0, 19]


def test_requests_of_another_thread_are_drawn_on_the_home_thread():
    import threading

    async def elsewhere():
        threads = []
        redraw = Redraw(lambda: threads.append(threading.get_ident()))
        await asyncio.to_thread(redraw)
        await asyncio.sleep(0.05)
        return threads == [threading.get_ident()]

    assert asyncio.run(elsewhere())


def test_a_drawing_that_fails_is_reported_and_does_not_raise():
    said = []
    Redraw(lambda: 1 / 0, on_failure=said.append)()
    assert said == ["ZeroDivisionError: division by zero"]


def test_a_slow_drawing_takes_a_fifth_of_the_time_however_fast_arrivals_come(monkeypatch):
    """A clock of our own: 10 s of a hundred requests a second, a drawing of a second each."""
    clock, drawn = [0.0], []
    monkeypatch.setattr(redraw_module.time, "monotonic", lambda: clock[0])

    def draw():
        drawn.append(clock[0])
        clock[0] += 1.0

    async def cell():
        redraw = Redraw(draw, every=0.1)
        while clock[0] < 10:
            redraw()
            clock[0] += 0.01

    asyncio.run(cell())
    assert [round(at) for at in drawn] == [0, 5]


def test_what_a_person_waits_for_is_not_put_off(monkeypatch):
    clock, drawn = [0.0], []
    monkeypatch.setattr(redraw_module.time, "monotonic", lambda: clock[0])

    def draw():
        drawn.append(clock[0])
        clock[0] += 1.0

    async def cell():
        redraw = Redraw(draw, every=0.1, pause=0)
        for _ in range(5):
            redraw()

    asyncio.run(cell())
    assert len(drawn) == 5
