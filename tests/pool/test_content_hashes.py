"""Equal items: the same bytes in files, the same values with type and shape elsewhere."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from spin_nb.errors import PoolError
from spin_nb.pool.content_hashes import _digest, _numbers, equal_items
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool


def numbers(tmp_path, items):
    return equal_items(Pool.save(tmp_path / "p.spin", read_pool(items))).tolist()


def test_texts_rows_and_arrays_are_compared_as_they_are(tmp_path):
    assert numbers(tmp_path / "texts", ["a b", "A b", "a b", "c"]) == [0, -1, 0, -1]
    frame = pl.DataFrame({"x": [1.0, 2.0, 1.0, None, None], "y": ["a", "a", "a", "b", "b"]})
    assert numbers(tmp_path / "rows", frame) == [0, -1, 0, 1, 1]
    pictures = np.random.default_rng(0).integers(0, 255, (6, 9, 9), np.uint8)
    pictures[4] = pictures[1]
    assert numbers(tmp_path / "pictures", pictures) == [-1, 0, -1, -1, 0, -1]


def test_files_are_compared_byte_for_byte(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (2, 20, 20, 3), np.uint8)
    Image.fromarray(pixels[0]).save(folder / "a.png")
    Image.fromarray(pixels[1]).save(folder / "b.png")
    Image.fromarray(pixels[0]).save(folder / "c.bmp")
    (folder / "d.png").write_bytes((folder / "a.png").read_bytes())
    pool = Pool.save(tmp_path / "p.spin", read_pool(folder))
    index = dict(zip(pool.ids, equal_items(pool).tolist(), strict=True))
    assert index == {"a.png": 0, "d.png": 0, "b.png": -1, "c.bmp": -1}
    (folder / "a.png").unlink()
    assert set(equal_items(pool).tolist()) == {-1}, "a file that is gone is like no other"


def test_files_of_another_length_are_not_read(tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    folder.mkdir()
    for side in (8, 9, 10):
        Image.fromarray(np.zeros((side, 50), np.uint8)).save(folder / f"{side}.bmp")
    pool = Pool.save(tmp_path / "p.spin", read_pool(folder))
    monkeypatch.setattr(
        "spin_nb.pool.content_hashes.open_regular", lambda path: pytest.fail(f"{path} is read")
    )
    assert equal_items(pool).tolist() == [-1, -1, -1]


def test_progress_rises(tmp_path, monkeypatch):
    monkeypatch.setattr("spin_nb.pool.content_hashes.N_AT_ONCE", 2)
    pool = Pool.save(tmp_path / "p.spin", read_pool([f"text {at % 4}" for at in range(9)]))
    fractions = []
    equal_items(pool, lambda fraction, words: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] < fractions[-1] <= 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2, np.float32), np.zeros(1, np.float64)),
        ({"a": "b"}, {"ab": ""}),
        (["a", "b"], ["ab", ""]),
        (["a", ["b"]], ["a", "b"]),
        (b"a", "a"),
        (1.0, 1),
        (None, "None"),
    ],
)
def test_what_differs_in_kind_is_not_equal(one, other):
    assert _digest(one) != _digest(other)
    assert _digest(one) == _digest(one)


def test_a_part_that_cannot_be_read_is_like_no_other():
    problem = PoolError("it is gone.", "Put it back.")
    assert _digest(problem) is None
    with pytest.raises(PoolError):
        _digest({"picture": problem})


def test_values_that_come_once_have_no_number():
    assert _numbers([]).tolist() == []
    assert _numbers([None, None]).tolist() == [-1, -1]
    assert _numbers(["x", "a", "b", None, "b", "a"]).tolist() == [-1, 0, 1, -1, 1, 0]
