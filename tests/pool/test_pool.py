"""The pool in a project: rows, loading, showing, arrivals, reopening."""

from __future__ import annotations

import io
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from spin_nb.errors import LabelError, PoolError, StorageError, VersionError
from spin_nb.io import open_regular
from spin_nb.pool.modalities import TableModality, TextModality
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.data_frames import rows_of
from spin_nb.pool.sources.new_items import raw_items
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.storage import arrivals
from spin_nb.types import Broken


def made(tmp_path, pool, **options):
    return Pool.save(tmp_path / "p.spin", read_pool(pool, **options))


def pixels_of(shown):
    return np.asarray(Image.open(io.BytesIO(shown.data)))


def test_an_array_project_reopens_by_path_alone(tmp_path):
    pool = made(tmp_path, samples.digits())
    again = Pool.open(tmp_path / "p.spin")
    assert (len(again), again.modality, again.ids) == (1797, "image", pool.ids)
    assert np.array_equal(again.load([5])[0], samples.digits().items[5])
    assert again.fingerprint == pool.fingerprint


def test_a_small_picture_is_shown_with_its_raw_pixels(tmp_path):
    pool = made(tmp_path, samples.digits())
    shown = pool.show(7)
    assert shown.mime == "image/png"
    assert np.array_equal(pixels_of(shown), samples.digits().items[7])


def test_photos_are_shown_at_most_512_pixels_and_as_thumbnails(tmp_path):
    root = tmp_path / "big"
    root.mkdir()
    Image.new("RGB", (3200, 1800), "red").save(root / "x.jpg")
    pool = made(tmp_path, root)
    assert max(pixels_of(pool.show(0)).shape[:2]) == 512
    assert max(pixels_of(pool.show(0, 96)).shape[:2]) == 96
    assert max(pixels_of(pool.show(0, 4000)).shape[:2]) == 1600
    assert pool.show(0).size == pool.show(0, 96).size == (3200, 1800)
    assert pool.load([0])[0].shape == (144, 256, 3)


def test_pictures_of_every_mode_load_as_bytes(tmp_path):
    root = tmp_path / "modes"
    root.mkdir()
    for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16", "I", "CMYK"):
        name = mode.replace(";", "")
        kind = "tif" if mode in ("CMYK", "I") else "png"
        Image.new(mode, (6, 4)).save(root / f"{name}.{kind}")
    Image.new("RGBA", (6, 4), (0, 0, 0, 0)).save(root / "clear.png")
    pool = made(tmp_path, root)
    assert pool.broken == []
    for item in pool.load(range(len(pool))):
        assert item.dtype == np.uint8
        assert item.shape in ((4, 6), (4, 6, 3))
    assert (pool.load([pool.row("clear.png")])[0] == 255).all()


def test_a_photo_is_turned_upright(tmp_path):
    root = tmp_path / "turned"
    root.mkdir()
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (40, 20)).save(root / "x.jpg", exif=exif)
    assert made(tmp_path, root).load([0])[0].shape == (40, 20, 3)


def test_texts_and_rows_are_shown_as_plain_text(tmp_path):
    script = "<script>alert(1)</script>"
    assert made(tmp_path, [script, "b"]).show(0) == TextModality().show(script)
    assert TextModality().show(script).mime == "text/plain"
    shown = TableModality().show({"a": 1.23456789, "b": None, "c": script, "d": 3})
    assert shown.mime == "application/json"
    assert shown.data == {"a": "1.23457", "b": "", "c": script, "d": "3"}
    assert TextModality().show("x" * 10**6).data == "x" * 10**6
    assert TextModality().show("x" * 10**6 + "yz").data == "x" * (10**6 - 1) + "…"
    assert len(TableModality().show(np.zeros(500)).data) == 101


def test_columns_colour_the_map(tmp_path):
    frame = pl.DataFrame({"text": ["a b", "c d"], "length": [3, 4]})
    pool = made(tmp_path, frame)
    assert pool.columns.to_dict(as_series=False) == {"length": [3, 4]}
    extend(pool, ["e f"])
    assert pool.columns["length"].to_list() == [3, 4, None]
    assert Pool.save(tmp_path / "d", read_pool(samples.digits())).columns is None


def test_a_column_alone_is_that_of_all(tmp_path):
    pool = made(tmp_path, pl.DataFrame({"text": ["a b", "c d", "e f"], "length": [3, 4, 5], "x": [1, 2, 3]}))
    extend(pool, ["g h"])
    pool.exclude([Broken(pool.ids[1], "cannot be read")])
    assert pool.column_names == ["length", "x"]
    assert pool.column("x").to_list() == [1, 3, None] == pool.columns["x"].to_list()
    assert Pool.save(tmp_path / "d", read_pool(samples.digits())).column_names == []


def test_arrivals_of_many_calls_are_read_in_one_go(tmp_path, monkeypatch):
    """A stream brings them one by one, a line each; the file is opened once for all, not once for each."""
    pool = made(tmp_path, ["a b", "c d"])
    for number in range(20):
        extend(pool, [f"text {number}"])
    pool = Pool.open(tmp_path / "p.spin")
    opened = []
    monkeypatch.setattr(arrivals, "open_regular", lambda path: opened.append(path) or open_regular(path))
    rows = [21, 0, 5, 2, 1, 5]
    assert pool.load(rows) == ["text 19", "a b", "text 3", "text 0", "c d", "text 3"]
    assert opened == [pool.folder / "arrivals.jsonl"]
    (pool.folder / "arrivals.jsonl").unlink()
    items, failed = pool.try_load([1, 2, 4])
    assert items == ["c d"]
    assert [broken.id for broken in failed] == [pool.ids[2], pool.ids[4]]


def test_columns_of_arrivals_have_the_types_of_the_pools(tmp_path):
    zone = timezone(timedelta(hours=2))
    row = {
        "day": date(2026, 1, 2),
        "moment": datetime(2026, 1, 2, 3, 4, 5, 6),
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=zone),
        "clock": time(3, 4, 5),
        "sort": "a",
        "n": 3,
    }
    frame = pl.DataFrame([row] * 3).with_columns(pl.col("sort").cast(pl.Categorical))
    pool = made(tmp_path, frame)
    extend(pool, frame[:2])
    for now in (pool, Pool.open(tmp_path / "p.spin")):
        assert now.columns.schema == frame.schema
        assert now.columns[3:].equals(now.columns[:2])


@pytest.mark.parametrize(
    "dtype",
    [
        pl.Date,
        pl.Datetime("us"),
        pl.Datetime("ns", "UTC"),
        pl.Time,
        pl.Duration,
        pl.Int64,
        pl.UInt8,
        pl.Float32,
        pl.Boolean,
        pl.Null,
        pl.Enum(["a"]),
        pl.Decimal(9, 2),
        pl.List(pl.Int64),
        pl.Struct({"a": pl.Int64}),
    ],
    ids=str,
)
def test_what_is_none_of_a_columns_type_is_missing_among_arrivals(dtype):
    odd = ["?", 10**400, [[]], {"b": "?"}, "0001-01-01 00:00:00+05:00", None]
    column = rows_of([{"x": value} for value in odd] + ["no row"], {"x": dtype})["x"]
    assert column.dtype == dtype
    assert column.is_null().to_list()[5:] == [True, True]
    assert dtype.is_nested() or column.is_null()[1]


def test_one_odd_value_among_arrivals_hides_no_other():
    rows = [{"x": value, "at": at} for value, at in [(1, "2026-01-02"), ([[]], "soon"), (3, None)]]
    columns = rows_of(rows, {"x": pl.Int64(), "at": pl.Date()})
    assert columns["x"].to_list()[::2] == [1, 3]
    assert columns["at"].to_list() == [date(2026, 1, 2), None, None]


def test_an_unknown_id_names_the_closest(tmp_path):
    pool = made(tmp_path, samples.digits())
    assert pool.row("digit-0003") == 3
    with pytest.raises(LabelError, match="digit-0003"):
        pool.row("Digit-0003")
    with pytest.raises(LabelError) as caught:
        pool.row("arrival-0123456789ab")
    assert "open the project again" in caught.value.do


@pytest.mark.parametrize("id", [["digit-0003"], 3, None, {}], ids=repr)
def test_what_is_no_id_is_refused(tmp_path, id):
    with pytest.raises(LabelError, match="no item id"):
        made(tmp_path, ["a", "b"]).row(id)


def test_an_id_that_was_kept_out_says_why(tmp_path, folder):
    (folder / "bad.png").write_bytes(b"")
    with pytest.raises(LabelError, match="the file is empty"):
        made(tmp_path, folder).row("bad.png")


def test_a_folder_that_moved_asks_for_pool_again(tmp_path, folder):
    pool = made(tmp_path, folder)
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    with pytest.raises(PoolError, match="gone") as caught:
        Pool.open(tmp_path / "p.spin")
    assert "pool=" in caught.value.do
    again = made(tmp_path, moved)
    assert (again.ids, again.fingerprint) == (pool.ids, pool.fingerprint)


def test_a_picture_that_vanished_is_named(tmp_path, folder):
    pool = made(tmp_path, folder)
    (folder / "a" / "0.png").unlink()
    with pytest.raises(PoolError, match=r"a/0\.png"):
        pool.load([0])
    with pytest.raises(PoolError, match=r"a/0\.png"):
        pool.show(0)


def test_a_link_put_in_later_does_not_lead_outside(tmp_path, folder):
    pool = made(tmp_path, folder)
    (tmp_path / "secret.png").write_bytes((folder / "a" / "0.png").read_bytes())
    (folder / "a" / "0.png").unlink()
    (folder / "a" / "0.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(PoolError, match="outside"):
        pool.show(0)


def test_paths_in_the_project_do_not_lead_outside_the_folder(tmp_path, folder, without_checksums):
    made(tmp_path, folder)
    ids = tmp_path / "p.spin" / "pool" / "ids.json"
    without_checksums(ids.parent)
    ids.write_text(ids.read_text().replace("a/0.png", "../../etc.png"))
    with pytest.raises(PoolError, match="outside"):
        Pool.open(tmp_path / "p.spin").load([0])


def test_arrivals_are_kept_in_order_and_survive_reopening(tmp_path):
    pool = made(tmp_path, samples.digits())
    rng = np.random.default_rng(0)
    arrived = rng.integers(0, 256, (3, 8, 8), dtype=np.uint8)
    assert extend(pool, arrived).tolist() == [1797, 1798, 1799]
    named = pool.ids[-3:]
    assert len(set(named)) == 3
    assert all(re.fullmatch("arrival-[0-9a-f]{12}", id) for id in named)
    assert extend(pool, [arrived[0]], ids=["mine"]).tolist() == [1800]
    for opened in (pool, Pool.open(tmp_path / "p.spin"), made(tmp_path, samples.digits())):
        assert opened.ids[-4:] == [*named, "mine"]
        assert np.array_equal(np.stack(opened.load([1797, 1798, 1799])), arrived)
        assert pixels_of(opened.show(1800)).shape == (8, 8)
        assert (len(opened), opened.n_base) == (1801, 1797)
    assert extend(pool, arrived[:1]).tolist() == [1801]


def test_two_kernels_that_watch_at_once_keep_each_others_arrivals(tmp_path):
    rng = np.random.default_rng(0)
    first, pictures = made(tmp_path, samples.digits()), rng.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    second, shown = Pool.open(tmp_path / "p.spin"), {}
    for i in range(0, 40, 2):
        pool = (first, second)[i // 2 % 2]
        rows = extend(pool, pictures[i : i + 2])
        shown |= {pool.ids[row]: picture for row, picture in zip(rows, pictures[i : i + 2], strict=True)}
    again = Pool.open(tmp_path / "p.spin")
    assert again.ids[1797:] == list(shown)
    for pool in (first, second, again):
        for id in pool.ids[1797:]:
            assert np.array_equal(pool.load([pool.row(id)])[0], shown[id])
            assert np.array_equal(pixels_of(pool.show(pool.row(id))), shown[id])


def test_many_writers_at_once_lose_nothing(tmp_path):
    made(tmp_path, ["a", "b"])
    pools = [Pool.open(tmp_path / "p.spin") for _ in range(4)]

    def write(pool):
        for number in range(25):
            extend(pool, [f"{id(pool)} {number}", "x" * 10_000])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, pools))
    again = Pool.open(tmp_path / "p.spin")
    assert len(set(again.ids)) == len(again) == 202
    for pool in pools:
        assert pool.load(range(2, 52)) == again.load([again.row(id) for id in pool.ids[2:]])


def test_of_two_arrivals_with_one_id_the_first_counts(tmp_path):
    first = made(tmp_path, ["a", "b"])
    second = Pool.open(tmp_path / "p.spin")
    extend(first, ["mine"], ids=["same"])
    with pytest.raises(PoolError, match="'same' is taken"):
        extend(second, ["theirs"], ids=["same"])
    log = tmp_path / "p.spin" / "pool" / "arrivals.jsonl"
    log.write_text(
        log.read_text() + log.read_text().replace("mine", "theirs").replace('"batch": "', '"batch": "f')
    )
    again = Pool.open(tmp_path / "p.spin")
    assert (again.ids[2:], again.load([2])) == (["same"], ["mine"])


def test_a_whole_line_that_was_damaged_is_an_error_and_an_old_line_is_read(tmp_path):
    extend(made(tmp_path, ["a", "b"]), ["c"])
    log = tmp_path / "p.spin" / "pool" / "arrivals.jsonl"
    text = log.read_text()
    log.write_text('{"id": "arrival-000001", "text": "old"}\n' + text)
    assert Pool.open(tmp_path / "p.spin").load([2, 3]) == ["old", "c"]
    log.write_text(text.replace('"items"', 'items"'))
    with pytest.raises(PoolError, match="cannot be read"):
        Pool.open(tmp_path / "p.spin")


def test_floats_from_0_to_1_and_bools_are_brought_to_a_pool_of_0_to_255(tmp_path):
    items = samples.digits().items[:5]
    pool = made(tmp_path, samples.digits())
    assert np.array_equal(np.stack(pool.read(items / 255)), items)
    assert np.array_equal(np.stack(pool.read((items / 255).astype(np.float32))), items)
    assert np.array_equal(np.stack(pool.read(items > 100)), (items > 100) * 255)
    assert np.array_equal(np.stack(pool.read(items.astype(float))), items)
    assert np.array_equal(np.stack(pool.read(raw_items(items / 255, pool.data))), items)
    assert not np.stack(pool.read(np.zeros((2, 8, 8)))).any()


def test_the_whole_batch_decides_on_the_scale_not_picture_by_picture(tmp_path):
    pool = made(tmp_path, samples.digits())
    dark = np.full((8, 8), 0.5)
    assert pool.read([dark, np.full((8, 8), 1.0)])[0][0, 0] == 128
    assert pool.read([dark, np.full((8, 8), 200.0)])[0][0, 0] == 0


@pytest.mark.parametrize("scale", [16.0, 1020.0, 65535.0, -1.0], ids=str)
def test_pictures_of_another_scale_are_refused(tmp_path, scale):
    pool = made(tmp_path, samples.digits())
    with pytest.raises(PoolError, match="the pool's from 0 to 255") as caught:
        pool.read(list(samples.digits().items[:5] / 255.0 * scale))
    assert "uint8" in caught.value.do


@pytest.mark.parametrize(
    "odd", [[[1, 2], [3]], object(), np.full((4, 4), np.nan), np.zeros((2, 2, 2, 2))], ids=type
)
def test_what_is_no_picture_is_refused(tmp_path, odd):
    with pytest.raises(PoolError):
        made(tmp_path, samples.digits()).read([odd])


def test_pictures_far_below_or_above_a_pool_of_floats_are_refused(tmp_path):
    unit = samples.digits().items[:50] / 255
    pool = made(tmp_path, unit)
    for factor in (255, 1 / 255):
        with pytest.raises(PoolError, match="the pool's from 0 to 1"):
            pool.read(unit[:5] * factor)
    with pytest.raises(PoolError, match="the pool's from 0 to 16"):
        Pool.save(tmp_path / "16", read_pool(unit * 16)).read(unit[:5])


def test_a_frame_of_new_items_is_read_by_rows_or_by_its_text_column(tmp_path):
    pytest.importorskip("pandas")
    rows = Pool.save(tmp_path / "r", read_pool(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    more = pl.DataFrame({"extra": [0, 0, 0], "b": ["z", None, "y"], "a": [5, 6, None]})
    wanted = [{"a": 5, "b": "z"}, {"a": 6, "b": None}, {"a": None, "b": "y"}]
    assert raw_items(more, rows.data) == rows.read(more) == rows.read(more.to_pandas()) == wanted
    texts = Pool.save(tmp_path / "t", read_pool(["one text", "another"]))
    for frame in (
        pl.DataFrame({"words": ["a b", None]}),
        pl.DataFrame({"text": ["a b", ""], "b": ["c", "d"]}),
    ):
        assert texts.read(frame) == texts.read(frame.to_pandas()) == ["a b", ""]
    for column in (pl.Series(["a b", None]), pl.Series(["a b", None]).to_pandas(), np.array(["a b", ""])):
        assert texts.read(column) == ["a b", ""]
    vectors = Pool.save(tmp_path / "v", read_pool(np.eye(2)))
    assert np.stack(vectors.read(pl.DataFrame({"a": [1, 2], "b": [3, 4]}))).tolist() == [[1, 3], [2, 4]]


def test_a_frame_that_does_not_fit_is_refused(tmp_path):
    rows = Pool.save(tmp_path / "r", read_pool(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    texts = Pool.save(tmp_path / "t", read_pool(["one text", "another"]))
    vectors = Pool.save(tmp_path / "v", read_pool(np.eye(3)))
    for pool, frame, match in [
        (rows, pl.DataFrame({"a": [1]}), "no column 'b'"),
        (rows, pl.DataFrame({"a": [float("nan")], "b": ["x"]}), "NaN in the column 'a', 1 times"),
        (rows, pl.DataFrame({"a": [1]}).lazy(), "LazyFrame"),
        (rows, pl.Series([1, 2]), "one thing"),
        (texts, pl.DataFrame({"a": ["x"], "b": ["y"]}), "which holds the items"),
        (vectors, pl.DataFrame({"a": [1], "b": [2]}), "vectors of 3 numbers"),
    ]:
        with pytest.raises(PoolError, match=match):
            pool.read(frame)


@pytest.mark.filterwarnings("error")
def test_rows_whose_every_value_would_count_as_missing_are_refused(tmp_path):
    rows = Pool.save(tmp_path / "r", read_pool(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    vectors = Pool.save(tmp_path / "v", read_pool(np.eye(3)))
    for pool, items in [
        (rows, [{"A": 1}]),
        (rows, np.eye(2)),
        (rows, [{"a": 1e39}]),
        (rows, [{"a": -float("inf")}]),
        (vectors, [{"a": 1}]),
        (vectors, np.eye(2)),
        (vectors, [[1e39, 0, 0]]),
    ]:
        with pytest.raises(PoolError):
            pool.read(items)


@pytest.mark.parametrize("thing", ["hello world", b"x", {"a": 1}, None, 5, np.float32(2)], ids=repr)
def test_one_thing_is_not_taken_for_many(tmp_path, thing):
    for number, pool in enumerate((["a", "b"], np.eye(3), samples.digits())):
        with pytest.raises(PoolError, match="one thing, not a list of items"):
            Pool.save(tmp_path / str(number), read_pool(pool)).read(thing)


def test_one_picture_or_one_vector_is_not_taken_for_many(tmp_path):
    for number, (pool, thing) in enumerate(
        [
            (samples.digits(), np.zeros((8, 8))),
            (samples.digits(), Image.new("L", (8, 8))),
            (np.eye(3), np.ones(3)),
        ]
    ):
        with pytest.raises(PoolError, match="one thing"):
            Pool.save(tmp_path / str(number), read_pool(pool)).read(thing)


def test_arrivals_are_scaled_like_the_pool_and_loaded_ones_are_left_alone(tmp_path):
    pool = made(tmp_path, np.array([[[0.0, 16.0], [8.0, 4.0]]]))
    dark = np.array([[0.0, 8.0], [8.0, 4.0]])
    loaded = pool.read([dark])
    assert loaded[0].tolist() == [[0, 128], [128, 64]]
    extend(pool, loaded)
    assert pool.load([1])[0].tolist() == [[0, 128], [128, 64]]


def test_arrivals_of_texts_rows_and_vectors(tmp_path):
    texts = Pool.save(tmp_path / "t", read_pool(["a", "b"]))
    extend(texts, ["line\nbreak"])
    assert Pool.open(tmp_path / "t").load([2]) == ["line\nbreak"]
    rows = Pool.save(tmp_path / "r", read_pool(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})))
    extend(rows, [{"a": np.int64(3), "b": "z"}, {"a": float("nan")}])
    assert Pool.open(tmp_path / "r").load([2, 3]) == [{"a": 3, "b": "z"}, {"a": None}]
    assert Pool.open(tmp_path / "r").columns["a"].to_list() == [1, 2, 3, None]
    vectors = Pool.save(tmp_path / "v", read_pool(np.eye(3)))
    extend(vectors, [[1, 2, 3]])
    assert Pool.open(tmp_path / "v").load([3])[0].tolist() == [1, 2, 3]


def test_refused_arrivals_change_nothing(tmp_path):
    pool = made(tmp_path, samples.digits())
    good = np.zeros((8, 8), np.uint8)
    for items, ids in [
        ([good, "no such file.png"], None),
        ([good], ["digit-0000"]),
        ([good, good], ["twin", "twin"]),
        ([good], ["a", "b"]),
        ([np.full((8, 8), np.nan)], None),
    ]:
        with pytest.raises(PoolError):
            extend(pool, items, ids)
    assert len(pool) == len(Pool.open(tmp_path / "p.spin")) == 1797


def test_an_arrival_cut_short_by_a_crash_is_left_out(tmp_path):
    pool = made(tmp_path, ["a", "b"])
    extend(pool, ["c"])
    log = tmp_path / "p.spin" / "pool" / "arrivals.jsonl"
    log.write_bytes(log.read_bytes() + b'{"id": "half')
    again = Pool.open(tmp_path / "p.spin")
    assert again.ids[2:] == pool.ids[2:]
    extend(again, ["d"])
    assert Pool.open(tmp_path / "p.spin").load([2, 3]) == ["c", "d"]


def test_arrivals_that_do_not_reach_the_disk_are_not_taken_in(tmp_path, monkeypatch):
    pool = made(tmp_path, ["a", "b"])
    extend(pool, ["c"])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        extend(pool, ["d"])
    monkeypatch.undo()
    assert len(pool) == 3
    assert Pool.open(tmp_path / "p.spin").ids == pool.ids


def test_a_full_disk_leaves_the_old_pool_as_it_was(tmp_path, monkeypatch):
    made(tmp_path, ["a", "b"])

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        made(tmp_path, ["c", "d", "e"])
    monkeypatch.undo()
    assert Pool.open(tmp_path / "p.spin").load([0, 1]) == ["a", "b"]
    assert not list((tmp_path / "p.spin" / "pool").glob(".*"))


def test_odd_values_in_a_row_become_text(tmp_path):
    row = TableModality().load({"a": [1, 2], "b": np.float32(2), 3: None})
    assert row == {"a": "[1, 2]", "b": 2.0, "3": None}


def damage(path):
    """Overwrite the middle, so that only decoding shows it; the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"\x00" * 40
    path.write_bytes(data)


@pytest.mark.parametrize("pairs", [[[1, 2]], [["a", None]], [[["a"], "why"]], ["a"], [["a", "b", "c"]], 5])
@pytest.mark.parametrize("name", ["broken", "excluded"])
def test_a_pool_whose_broken_items_are_no_text_is_refused(tmp_path, name, pairs):
    made(tmp_path, ["a b", "c d"])
    path = tmp_path / "p.spin" / "pool" / "pool.json"
    facts = json.loads(path.read_text())
    check_seal = {key: value for key, value in facts.items() if key not in ("seal", "files")}
    path.write_text(json.dumps({**check_seal, name: pairs}))  # as a version without checksums wrote it
    with pytest.raises(PoolError, match="cannot be read"):
        Pool.open(tmp_path / "p.spin")


def test_excluded_items_stay_out_until_they_can_be_read(tmp_path, folder):
    pool = made(tmp_path, folder)
    key, whole = pool.content, (folder / "a" / "6.png").read_bytes()
    damage(folder / "a" / "6.png")
    pool.exclude(pool.try_load(range(9))[1])
    assert (len(pool), pool.row("b/4.png")) == (8, 3)
    assert pool.content != key
    assert [item.id for item in pool.broken] == ["a/6.png"]
    assert len(made(tmp_path, folder)) == len(Pool.open(tmp_path / "p.spin")) == 8
    (folder / "a" / "6.png").write_bytes(whole)
    assert len(made(tmp_path, folder)) == 9


def test_a_pool_made_by_a_newer_version_or_damaged_is_refused(tmp_path):
    made(tmp_path, ["a", "b"])
    facts = tmp_path / "p.spin" / "pool" / "pool.json"
    text = facts.read_text()
    facts.write_text(text.replace('"schema": 1', '"schema": 99'))
    with pytest.raises(VersionError):
        Pool.open(tmp_path / "p.spin")
    facts.write_text("{")
    with pytest.raises(PoolError, match="cannot be read"):
        Pool.open(tmp_path / "p.spin")
    facts.unlink()
    with pytest.raises(PoolError, match="holds no pool"):
        Pool.open(tmp_path / "p.spin")


def test_a_damaged_copy_is_mended_by_passing_the_pool_again(tmp_path):
    made(tmp_path, samples.digits())
    (tmp_path / "p.spin" / "pool" / "items.npy").write_bytes(b"damaged")
    with pytest.raises(PoolError) as caught:
        Pool.open(tmp_path / "p.spin")
    assert "pool=" in caught.value.do
    assert len(made(tmp_path, samples.digits())) == 1797


def test_the_same_pool_again_is_not_copied_again(tmp_path):
    made(tmp_path, samples.digits())
    copy = tmp_path / "p.spin" / "pool" / "items.npy"
    before = copy.stat().st_mtime_ns
    made(tmp_path, samples.digits())
    assert copy.stat().st_mtime_ns == before


def test_pickles_are_not_read(tmp_path):
    made(tmp_path, samples.digits())
    np.save(tmp_path / "p.spin" / "pool" / "items.npy", np.array([print] * 1797, dtype=object))
    with pytest.raises(PoolError):
        Pool.open(tmp_path / "p.spin")


@given(st.lists(st.integers(0, 24), max_size=30), st.data())
@settings(max_examples=25, deadline=None)
def test_rows_load_in_the_order_asked(tmp_path_factory, rows, data):
    folder = tmp_path_factory.mktemp("order")
    pool = Pool.save(folder, read_pool([f"text {i}" for i in range(20)]))
    extend(pool, [f"text {i}" for i in range(20, 25)])
    assert pool.load(rows) == [f"text {row}" for row in rows]
    assert [pool.row(pool.ids[row]) for row in rows] == rows


def test_an_unknown_id_is_answered_with_ids_like_it_or_an_example(tmp_path):
    pool = Pool.save(tmp_path, read_pool(samples.digits()))
    with pytest.raises(LabelError, match="there is no item 'digit-00010'") as caught:
        pool.row("digit-00010")
    assert caught.value.do.startswith("Closest: digit-0010, ")
    with pytest.raises(LabelError) as caught:
        pool.row("?")
    assert caught.value.do.startswith("For example digit-0000; see s.items")
