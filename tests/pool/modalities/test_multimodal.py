"""Several things at once for one item: pairing, showing, broken parts, features."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from spin_nb.errors import PoolError
from spin_nb.pool.features.cache import features
from spin_nb.pool.media.audio import Sound, wav
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.user_pools import Multimodal, TimeSeries

RNG = np.random.default_rng(0)
WORDS = ["a red car", "a green bus", "a blue ship", "a dark train", "a red bus", "a green car"]


@pytest.fixture
def media(tmp_path):
    """Six pictures and six sounds, a.png and a.wav, b.png and b.wav, ..."""
    for kind in ("pictures", "sounds"):
        (tmp_path / kind).mkdir()
    for number, letter in enumerate("abcdef"):
        pixels = RNG.integers(0, 256, (90, 120, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "pictures" / f"{letter}.png")
        tone = np.sin(np.arange(4000) * 0.1 * (number + 1)).astype(np.float32)
        (tmp_path / "sounds" / f"{letter}.wav").write_bytes(wav(Sound(tone, 8000)))
    return tmp_path


def all_of(media):
    return Multimodal(
        photo=media / "pictures",
        sound=str(media / "sounds"),
        words=WORDS,
        row=pl.DataFrame({"speed": np.arange(6.0), "kind": list("xyxyxy")}),
        motion=TimeSeries(RNG.normal(size=(6, 2, 30))),
    )


def made(media, pool):
    return Pool.save(media / "p.spin", read_pool(pool))


def test_one_item_is_all_its_parts(media):
    pool = made(media, all_of(media))
    for opened in (pool, Pool.open(media / "p.spin")):
        assert (opened.modality, opened.ids) == ("several", [f"{letter}.png" for letter in "abcdef"])
        item = opened.load([2])[0]
        assert item["photo"].shape == (90, 120, 3)
        assert item["sound"].rate == 8000
        assert item["words"] == "a blue ship"
        assert item["row"] == {"speed": 2.0, "kind": "x"}
        assert item["motion"].shape == (2, 30)
        shown = opened.show(2)
        assert shown.mime == "multipart/mixed"
        assert [(name, part.mime) for name, part in shown.parts] == [
            ("photo", "image/png"),
            ("sound", "audio/wav"),
            ("words", "text/plain"),
            ("row", "application/json"),
            ("motion", "application/x-series"),
        ]
        extent = opened.extent(2)
        assert (extent.size, extent.text) == ((120, 90), "a blue ship")
    assert pool.on_files


def test_parts_with_ids_of_their_own_are_paired_by_them(media):
    rows = pl.DataFrame({"id": list("fedcba"), "n": np.arange(6.0)})
    pool = made(media, Multimodal(photo=media / "pictures", row=rows))
    assert [item["row"]["n"] for item in pool.load(range(6))] == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    "parts",
    [
        {"a": WORDS, "b": WORDS[:5]},
        {
            "a": pl.DataFrame({"id": ["x", "y"], "n": [1, 2]}),
            "b": pl.DataFrame({"id": ["x", "z"], "n": [1, 2]}),
        },
        {"a": WORDS, "b": 5},
        {"a": WORDS, "b": "no such folder"},
        {"a": WORDS, "b": np.full((6, 3), np.nan)},
    ],
    ids=["lengths", "ids", "no pool", "no folder", "a part that is refused"],
)
def test_parts_that_do_not_fit_together_are_refused(parts):
    with pytest.raises(PoolError):
        read_pool(Multimodal(**parts))


@pytest.mark.parametrize("parts", [{}, {" ": WORDS}, {"a\nb": WORDS}, {"a": Multimodal(b=WORDS)}])
def test_parts_without_a_proper_name_are_refused(parts):
    with pytest.raises(PoolError):
        Multimodal(**parts)


def test_labels_do_not_come_with_several_parts():
    with pytest.raises(PoolError, match="labels_from"):
        read_pool(Multimodal(a=WORDS), labels_from="a")


def test_a_broken_part_is_marked_and_the_item_stays(media):
    (media / "pictures" / "b.png").write_bytes(b"no picture")
    (media / "sounds" / "d.wav").write_bytes(wav(Sound(np.zeros(100, np.float32), 8000)))
    pool = made(media, all_of(media))
    assert len(pool) == 6
    assert pool.load([1])[0]["photo"] is None
    assert pool.load([3])[0]["sound"] is None
    for row, name in ((1, "photo"), (3, "sound")):
        shown = pool.show(row)
        part = dict(shown.parts)[name]
        assert part.mime == "text/plain"
        assert "cannot" in part.data
        assert shown.data["broken"] == [name]
    assert "silent" in dict(pool.show(3).parts)["sound"].data
    _, found = features(pool)
    assert found.shape[0] == 6
    assert np.isfinite(found).all()
    assert pool.extent(1).text == WORDS[1]


def test_an_item_all_of_whose_parts_are_broken_is_kept_out(media):
    (media / "pictures" / "b.png").write_bytes(b"no picture")
    (media / "sounds" / "b.wav").write_bytes(b"no sound")
    pool = made(media, Multimodal(photo=media / "pictures", sound=media / "sounds"))
    assert pool.ids == [f"{letter}.png" for letter in "acdef"]
    assert [item.id for item in pool.broken] == ["b.png"]
    assert "photo" in pool.broken[0].reason
    assert "sound" in pool.broken[0].reason
    for row in range(5):
        assert pool.show(row).data["broken"] == []


def test_what_breaks_later_is_shown_as_broken(media):
    pool = made(media, Multimodal(photo=media / "pictures", sound=media / "sounds"))
    (media / "pictures" / "c.png").unlink()
    assert dict(pool.show(2).parts)["photo"].mime == "text/plain"
    (media / "sounds" / "c.wav").write_bytes(b"")
    with pytest.raises(PoolError, match="no part"):
        pool.show(2)
    _, failed = pool.try_load([2])
    assert failed[0].id == "c.png"


def test_an_empty_text_is_marked(tmp_path):
    rows = np.arange(6.0).reshape(3, 2)
    pool = Pool.save(tmp_path / "p.spin", read_pool(Multimodal(words=["a", " ", "b"], row=rows)))
    assert pool.show(1).data["broken"] == ["words"]
    assert dict(pool.show(1).parts)["words"].data == "cannot be shown: the text is empty."


def test_every_part_counts_the_same_among_the_features(media):
    pool = made(media, all_of(media))
    encoder, found = features(pool)
    assert encoder.name == "parts"
    widths = [len(part.mean) for part in encoder._require_parts().values()]
    assert len(widths) == 5
    totals = [part.var(axis=0).sum() for part in np.split(found, np.cumsum(widths)[:-1], axis=1)]
    np.testing.assert_allclose(totals, 1, rtol=1e-3)
    again, same = features(Pool.open(media / "p.spin"))
    np.testing.assert_array_equal(same, found)
    np.testing.assert_allclose(again.encode(pool.load([3])), found[3:4], atol=1e-5)


def test_arrivals_name_their_parts(media):
    pool = made(media, all_of(media))
    new = {"photo": media / "pictures" / "a.png", "words": "new", "row": {"speed": 3, "kind": "x"}}
    rows = extend(pool, pool.read([new, {"words": "words alone"}]))
    for opened in (pool, Pool.open(media / "p.spin")):
        first, second = opened.load([int(row) for row in rows])
        assert first["photo"].shape == (90, 120, 3)
        assert (first["words"], first["sound"], first["motion"]) == ("new", None, None)
        assert second["words"] == "words alone"
        assert opened.show(int(rows[1])).data["broken"] == ["photo", "sound", "row", "motion"]
    for bad in ([{}], [{"wrong": 1}], ["text"], new, [{"motion": np.zeros((3, 30))}], [{"words": None}]):
        with pytest.raises(PoolError):
            pool.read(bad)


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [
        ("photo", {"a": 1}, "is no picture"),
        ("photo", np.zeros(5), "is no picture"),
        ("sound", np.zeros(100, np.float32), "is no sound"),
        ("words", 3.5, "3.5 is a float, not a text"),
        ("motion", "up", "is no series"),
        ("motion", np.zeros((3, 30)), "has 3 channels"),
    ],
)
def test_a_value_that_a_part_does_not_take_is_not_missing(media, part, value, reason):
    pool = made(media, all_of(media))
    with pytest.raises(PoolError, match=f"the part '{part}': .*{reason}"):
        pool.read([{"photo": media / "pictures" / "a.png", "words": "new", part: value}])


def test_a_file_that_cannot_be_read_is_missing(media):
    pool = made(media, all_of(media))
    (item,) = pool.read([{"photo": media / "pictures" / "none.png", "words": "new", "sound": b"no sound"}])
    assert (item["photo"], item["sound"], item["words"]) == (None, None, "new")


def test_a_damaged_store_is_told_of(media):
    made(media, all_of(media))
    (media / "p.spin" / "pool" / "part-4" / "items.npy").write_bytes(b"no array")
    with pytest.raises(PoolError, match="cannot be read"):
        Pool.open(media / "p.spin")


def test_the_folder_of_a_part_that_is_gone_is_told_of(media):
    made(media, all_of(media))
    (media / "sounds").rename(media / "elsewhere")
    with pytest.raises(PoolError, match="gone"):
        Pool.open(media / "p.spin")
