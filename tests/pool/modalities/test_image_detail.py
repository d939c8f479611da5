"""A piece of a picture, as fine as it is looked at."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pictures

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.modalities import ImageModality
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

RNG = np.random.default_rng(0)
PIXELS = np.kron(RNG.integers(0, 256, (30, 40, 3)), np.ones((20, 20, 1))).astype(np.uint8)  # 800 x 600


def seen(shown):
    return np.asarray(Pictures.open(io.BytesIO(shown.data)).convert("RGB")).astype(int)


def stored(folder, name, **how):
    Pictures.fromarray(PIXELS).save(folder / name, **{"quality": 95, "subsampling": 0, **how})
    return folder / name


@pytest.mark.parametrize("form", ["array", "a.png", "a.jpg"])
def test_every_pixel_of_a_small_piece(tmp_path, form):
    source = PIXELS if form == "array" else stored(tmp_path, form)
    shown = ImageModality().detail(source, (100, 200, 40, 60))
    assert shown.size == (40, 60)
    assert np.abs(seen(shown) - PIXELS[200:260, 100:140]).mean() < (6 if form == "a.jpg" else 1e-9)


def test_a_large_piece_is_reduced_and_keeps_its_place(tmp_path):
    shown = ImageModality().detail(stored(tmp_path, "a.jpg"), (200, 100, 400, 200), 100)
    got = seen(shown)
    assert got.shape == (50, 100, 3)
    truth = PIXELS[100:300, 200:600].reshape(50, 4, 100, 4, 3).mean((1, 3))
    assert np.abs(got.mean(2) - truth.mean(2)).mean() < 10  # JPEG; 50 when one block off


def test_a_turned_photograph_is_cut_as_it_is_seen(tmp_path):
    exif = Pictures.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    path = stored(tmp_path, "turned.jpg", exif=exif)
    upright = np.rot90(PIXELS, -1)
    shown = ImageModality().detail(path, (50, 300, 60, 40))
    assert np.abs(seen(shown) - upright[300:340, 50:110]).mean() < 6


def test_what_lies_outside_is_left_out_and_a_fraction_is_rounded_outwards():
    shown = ImageModality().detail(PIXELS, (-10, 590.5, 30, 100))
    assert shown.size == (20, 10)
    assert np.array_equal(seen(shown), PIXELS[590:, :20])


@pytest.mark.parametrize(
    "box", [(800, 0, 10, 10), (0, 0, 0, 10), (0, 0, -5, 5), (0, 0, float("nan"), 1), (1, 2)]
)
def test_no_piece_is_an_error_that_says_so(box):
    with pytest.raises(PoolError):
        ImageModality().detail(PIXELS, box)


def test_a_huge_wish_is_limited():
    assert max(seen(ImageModality().detail(PIXELS, (0, 0, 800, 600), 10**9)).shape) == 800
    assert seen(ImageModality().detail(PIXELS, (0, 0, 800, 600), -3)).shape[:2] == (1, 1)


def test_a_part_is_named_where_there_are_several(tmp_path):
    both = spin.Multimodal(photo=np.stack([PIXELS, PIXELS[::-1]]), words=["one", "two"])
    pool = Pool.save(tmp_path, read_pool(both))
    shown = pool.detail(1, (0, 0, 20, 20), part="photo")
    assert np.array_equal(seen(shown), PIXELS[::-1][:20, :20])
    for part in ("words", "nothing", None):
        with pytest.raises(PoolError):
            pool.detail(1, (0, 0, 20, 20), part=part)
