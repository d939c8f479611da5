"""Looking closely: the page asks for a piece of a picture, and gets that or a reason."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin

SIZE = (2000, 1500)


@pytest.fixture
def asks(tmp_path):
    """A project of photographs larger than any screen; ``asks(**fields)`` is what the page says."""
    folder = tmp_path / "photos"
    folder.mkdir()
    dots = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    dots[701, 1201] = 0  # one pixel
    for name in "abc":
        Image.fromarray(dots).save(folder / f"{name}.png")
    s = spin.open(tmp_path / "p.spin", pool=folder, task=spin.Boxes(["dot"]))
    sent = []
    s.labeller.send = lambda content, buffers=None: sent.append((content, buffers))

    def asks(**fields):
        s.labeller._receive(s.labeller, {"call": 1, "verb": "detail", "id": "a.png", **fields}, [])
        return sent.pop()

    yield asks
    s.close()


def test_one_dark_pixel_of_three_million_is_seen(asks):
    answer, (data,) = asks(box=[1180, 690, 40, 30], size=40)
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    assert answer["mime"] == "image/png"
    assert pixels.shape == (30, 40)
    assert np.argwhere(pixels < 128).tolist() == [[11, 21]]


@pytest.mark.parametrize(
    "forged",
    [
        {"id": "../../etc/passwd"},
        {"id": None},
        {"box": [0, 0, 0, 0]},
        {"box": [0, 0, 1e308, 1e308]},
        {"box": [float("nan")] * 4},
        {"box": "<img>"},
        {"box": [1, 2]},
        {"size": "large"},
        {"part": "photo"},
        {"part": {"a": 1}},
    ],
)
def test_what_no_page_would_ask_gets_a_reason_or_a_limited_piece(asks, forged):
    answer, buffers = asks(**{"box": [0, 0, 50, 50], "size": 50, **forged})
    if "problem" in answer:
        assert answer["problem"]["what"]
    else:
        assert max(Image.open(io.BytesIO(buffers[0])).size) <= 50
