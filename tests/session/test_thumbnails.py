"""Items made small: pictures at the size shown, stills, spectrograms, beginnings; the last ones stay in memory."""

from __future__ import annotations

import io

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import LabelError
from spin_nb.session.labeller import thumbnails


def small(s, row: int = 0, side: int = 64):
    return s._channel.thumbnail(s.pool.ids[row], side)


def picture_size(data: bytes) -> tuple[int, int]:
    from PIL import Image

    return Image.open(io.BytesIO(data)).size


def opened(tmp_path, pool, **how):
    return spin.open(tmp_path / "p.spin", pool=pool, classes=["a", "b"], **how)


def test_a_picture_is_as_small_as_it_is_shown(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (3, 200, 300, 3), dtype=np.uint8)
    with opened(tmp_path, pictures) as s:
        card, (data,) = small(s)
        assert max(picture_size(data)) <= 64
        assert card["size"] == [300, 200], "of the original, in which labels are measured"
        assert len(data) < 20_000


def test_a_text_is_its_beginning(tmp_path):
    with opened(tmp_path, ["word " * 1000, "short"]) as s:
        card, buffers = small(s)
        assert card["mime"] == "text/plain"
        assert len(card["data"]) <= thumbnails.MAX_CHARACTERS
        assert buffers == []


def test_a_series_has_few_points(tmp_path):
    with opened(tmp_path, spin.TimeSeries(np.random.default_rng(0).normal(size=(3, 2, 5000)))) as s:
        card, (points,) = small(s)
        assert card["mime"] == "application/x-series"
        assert len(points) <= 2 * 4 * thumbnails.MAX_POINTS


def test_of_several_parts_the_picture_is_shown(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (2, 90, 90, 3), dtype=np.uint8)
    with opened(tmp_path, spin.Multimodal(words=["one", "two"], photo=pictures)) as s:
        card, (data,) = small(s)
        assert card["mime"].startswith("image/")
        assert max(picture_size(data)) <= 64


def test_what_cannot_be_read_says_why_and_is_read_again_when_it_is_back(tmp_path):
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(4):
        Image.fromarray(np.full((40, 40, 3), 60 * i, np.uint8)).save(folder / f"{i}.png")
    with opened(tmp_path, folder) as s:
        path = folder / s.pool.ids[0]
        data = path.read_bytes()
        path.unlink()
        card, buffers = small(s)
        assert card["broken"]
        assert buffers == []
        path.write_bytes(data)
        assert "broken" not in small(s)[0]


def test_memory_is_bounded_and_the_last_looked_at_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(thumbnails, "MAX_CACHE_BYTES", 3000)
    with opened(tmp_path, [f"text {i}" * 20 for i in range(50)]) as s:
        cache = s._channel.thumbnail.__self__
        for row in range(50):
            small(s, row)
        assert cache._n_bytes <= 3000
        assert (s.pool.ids[49], 64) in cache._cards
        assert (s.pool.ids[0], 64) not in cache._cards


def test_questions_that_make_no_sense_are_refused(tmp_path):
    with opened(tmp_path, ["a", "b"]) as s:
        for id, side in (("gone", 64), (3, 64), (s.pool.ids[0], -1), (s.pool.ids[0], "64")):
            with pytest.raises(LabelError):
                s._channel.thumbnail(id, side)
