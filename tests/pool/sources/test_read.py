"""Whatever is passed as pool= is read, or refused with the next step."""

from __future__ import annotations

import datetime as dt
import os
import struct
import zlib

import numpy as np
import polars as pl
import pytest
from PIL import Image

from spin_nb.errors import PoolError
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.new_items import raw_items
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.user_pools import Multimodal

NOT_AN_ARRAY_OF_ITEMS = {
    "empty": np.empty((0, 8, 8)),
    "one axis": np.arange(5.0),
    "five axes": np.zeros((1, 1, 1, 1, 1)),
    "objects": np.array([[object()]]),
    "strings": np.array([["a"]]),
    "NaN rows": np.array([[1.0, 2.0], [np.nan, 3.0]]),
    "infinite pictures": np.full((2, 4, 4), np.inf),
    "too large": np.array([[1e300]]),
    "channels first": np.zeros((2, 3, 8, 8), np.uint8),
    "two channels": np.zeros((2, 8, 8, 2), np.uint8),
}


@pytest.mark.parametrize("array", NOT_AN_ARRAY_OF_ITEMS.values(), ids=NOT_AN_ARRAY_OF_ITEMS)
def test_arrays_without_items_are_refused(array):
    with pytest.raises(PoolError) as caught:
        read_pool(array)
    assert caught.value.do


def test_nan_rows_are_counted_named_and_left_out_as_told():
    array = np.ones((5000, 2))
    array[[1, 3, 4, 5, 6, 4999], 1] = np.nan
    with pytest.raises(PoolError, match=r"in 6 of 5,000 rows: 1, 3, 4, 5, 6 and 1 more\.") as caught:
        read_pool(array)
    assert "array[np.isfinite(array.reshape(len(array), -1)).all(axis=1)]" in caught.value.do
    assert len(read_pool(array[np.isfinite(array.reshape(len(array), -1)).all(axis=1)]).ids) == 4994


def test_channels_first_is_told_how_to_mend():
    with pytest.raises(PoolError, match="moveaxis"):
        read_pool(np.zeros((2, 3, 8, 8), np.uint8))


@pytest.mark.parametrize(
    "array",
    [
        np.array([[[0, 16], [8, 4]]], np.float64),
        np.array([[[0, 1], [0.5, 0.25]]], np.float32),
        np.array([[[0, 40_000], [20_000, 10_000]]], np.uint16),
    ],
    ids=["0-16", "0-1", "16 bit"],
)
def test_pictures_of_any_range_become_bytes(array):
    found = read_pool(array)
    assert found.modality == "image"
    assert found.items.dtype == np.uint8
    assert found.items.ravel().tolist() in ([0, 255, 128, 64], [0, 255, 127, 64])


def test_byte_pictures_keep_their_values_even_when_dark():
    array = np.full((3, 4, 4), 7, np.uint8)
    assert np.array_equal(read_pool(array).items, array)


def test_digits_are_bytes_with_ids_and_no_labels_unless_asked():
    sample = samples.digits()
    found = read_pool(sample)
    assert found.items.shape == (1797, 8, 8)
    assert found.items.dtype == np.uint8
    assert found.items.max() == 255
    assert found.ids[:2] == ["digit-0000", "digit-0001"]
    assert found.labels == {}
    known = read_pool(sample, labels_from="sample").labels
    assert list(known.values()) == sample.labels


def test_a_folder_is_read_recursively_sorted_and_keyed_by_relative_path(folder):
    found = read_pool(folder)
    assert found.ids == [
        "a/0.png",
        "a/3.jpg",
        "a/6.png",
        "b/1.jpg",
        "b/4.png",
        "b/7.jpg",
        "c/2.png",
        "c/5.jpg",
        "c/8.png",
    ]
    assert found.labels == {}
    assert found.broken == []
    assert read_pool(str(folder)).fingerprint == found.fingerprint


def test_sub_folders_are_labels_only_when_asked(folder):
    assert read_pool(folder, labels_from="folder").labels["b/4.png"] == "b"


def test_loose_pictures_have_no_folder_label(folder):
    (folder / "a" / "0.png").rename(folder / "loose.png")
    with pytest.raises(PoolError, match=r"loose\.png"):
        read_pool(folder, labels_from="folder")


def test_damaged_pictures_are_listed_and_the_rest_goes_on(folder):
    whole = (folder / "a" / "0.png").read_bytes()
    (folder / "a" / "short.png").write_bytes(whole[: len(whole) // 2])
    jpeg = (folder / "b" / "1.jpg").read_bytes()
    (folder / "a" / "short.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (folder / "a" / "empty.png").write_bytes(b"")
    (folder / "a" / "text.png").write_text("no picture")
    (folder / "a" / "notes.txt").write_text("not even meant as one")
    (folder / ".hidden.png").write_bytes(whole)
    found = read_pool(folder)
    assert len(found) == 9
    reasons = {item.id: item.reason for item in found.broken}
    assert sorted(reasons) == ["a/empty.png", "a/short.jpg", "a/short.png", "a/text.png"]
    assert reasons["a/empty.png"] == "the file is empty"
    assert reasons["a/text.png"] == "not a picture"
    assert "truncated" in reasons["a/short.jpg"]


def test_a_whole_picture_with_bytes_after_it_is_good(folder):
    path = folder / "b" / "1.jpg"
    path.write_bytes(path.read_bytes() + b"\x00" * 100_000)
    assert "b/1.jpg" in read_pool(folder).ids


def test_a_decompression_bomb_is_broken_not_decoded(folder):
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 40_000, 8, 0, 0, 0, 0)
    data = (folder / "a" / "0.png").read_bytes()
    bomb = data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
    (folder / "bomb.png").write_bytes(bomb)
    found = read_pool(folder)
    assert [item.id for item in found.broken] == ["bomb.png"]
    assert "decompression bomb" in found.broken[0].reason
    assert len(found) == 9


def test_links_out_of_the_folder_are_listed_and_loops_end(folder, tmp_path):
    outside = tmp_path / "secret.png"
    Image.new("L", (4, 4)).save(outside)
    (folder / "link.png").symlink_to(outside)
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    found = read_pool(folder)
    assert len(found) == 9
    assert {item.id for item in found.broken} == {"link.png", "gone.png"}


def test_names_that_cannot_be_ids_are_listed(folder):
    data = (folder / "a" / "0.png").read_bytes()
    with open(os.fsencode(folder) + b"/\xff.png", "wb") as stream:
        stream.write(data)
    (folder / "two\nlines.png").write_bytes(data)
    found = read_pool(folder)
    assert len(found) == 9
    assert len(found.broken) == 2
    for item in found.broken:
        item.id.encode()


def test_missing_and_empty_folders_and_files(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    for name in ("missing", "empty", "table.csv", "bad.parquet", "none.parquet"):
        with pytest.raises(PoolError):
            read_pool(tmp_path / name)


def test_a_frame_of_numbers_is_a_table_and_id_is_the_key():
    frame = pl.DataFrame({"id": ["x", "y"], "size": [1.0, None], "kind": ["a", "b"], "answer": ["ok", None]})
    found = read_pool(frame, labels_from="answer")
    assert (found.modality, found.ids) == ("table", ["x", "y"])
    assert found.items.columns == ["size", "kind"]
    assert found.labels == {"x": "ok"}


def test_a_frame_with_a_long_column_is_texts():
    sentence = "the quick brown fox jumps over dog number"
    frame = pl.DataFrame({"n": range(9), "comment": [f"{sentence} {i}" for i in range(9)]})
    found = read_pool(frame)
    assert (found.modality, found.metadata["column"]) == ("text", "comment")


def test_a_frame_of_paths_is_pictures(folder, monkeypatch):
    monkeypatch.chdir(folder)
    frame = pl.DataFrame({"file": ["a/0.png", "b/1.jpg", "none.png"], "batch": [1, 2, 3]})
    found = read_pool(frame)
    assert (found.modality, found.ids) == ("image", ["item-000000", "item-000001"])
    assert [item.id for item in found.broken] == ["item-000002"]
    frame.write_parquet("list.parquet")
    monkeypatch.chdir("/")
    assert len(read_pool(folder / "list.parquet")) == 2


def test_pandas_and_polars_give_the_same():
    pandas = pytest.importorskip("pandas")
    columns = {"id": ["x", "y", "z"], "size": [1.5, float("nan"), 2.0], "kind": ["a", "b", "a"]}
    one, other = read_pool(pandas.DataFrame(columns)), read_pool(pl.DataFrame(columns).fill_nan(None))
    assert one.items.equals(other.items)
    assert one.fingerprint == other.fingerprint


def test_frames_that_cannot_be_read():
    pandas = pytest.importorskip("pandas")
    bad = [
        pl.DataFrame({"a": []}),
        pl.DataFrame({"id": ["x", "x"], "a": [1, 2]}),
        pl.DataFrame({"id": ["x", None], "a": [1, 2]}),
        pl.DataFrame({"id": ["x", "y"]}),
        pl.DataFrame({"a": [[1], [2]]}),
        pl.DataFrame({"a": [1.0, float("inf")]}),
        pl.DataFrame({"a": [1]}).lazy(),
        pl.Series([1, 2]),
        pandas.DataFrame({"a": [1, "b", object()]}),
        pandas.DataFrame({"a": pandas.period_range("2020", periods=3)}),
        pandas.DataFrame({"a": pandas.interval_range(0, 3)}),
    ]
    for frame in bad:
        with pytest.raises(PoolError) as caught:
            read_pool(frame)
        assert caught.value.do


def test_durations_become_seconds_whichever_way_they_come(tmp_path):
    pandas = pytest.importorskip("pandas")
    waits = [dt.timedelta(hours=1), None, dt.timedelta(milliseconds=1500)]
    frame = pl.DataFrame({"wait": waits, "size": [1.0, 2.0, 3.0]})
    frame.write_parquet(tmp_path / "waits.parquet")
    finer = frame.with_columns(pl.col("wait").cast(pl.Duration("ns")))
    found = [read_pool(pool) for pool in (frame, finer, pandas.DataFrame(frame.to_dict(as_series=False)))]
    found += [read_pool(tmp_path / "waits.parquet"), read_pool(Multimodal(words=list("abc"), row=frame))]
    found[-1] = found[-1].parts["row"]
    assert found[0].items["wait"].to_list() == [3600.0, None, 1.5]
    assert len({one.fingerprint for one in found}) == 1
    row = {"wait": dt.timedelta(minutes=1), "size": 1.0}
    for arriving in ([row], pl.DataFrame([row])):
        assert raw_items(arriving, found[0]) == [{"wait": 60.0, "size": 1.0}]


def test_one_text_that_is_no_unicode_is_kept_out_and_named():
    whole = read_pool(["one", "two", "three"])
    found = read_pool(["one", "two \ud800", "three"])
    assert found.ids == ["item-000000", "item-000002"]
    assert found.items["text"].to_list() == ["one", "three"]
    assert [(item.id, item.reason) for item in found.broken] == [
        ("item-000001", "no valid Unicode: '\\ud800' at position 4")
    ]
    assert (whole.broken, whole.ids) == ([], ["item-000000", "item-000001", "item-000002"])
    both = read_pool(Multimodal(words=["one", "\ud800", "three"], row=np.eye(3)))
    assert len(both) == 3
    assert read_pool(["one", None, "\ud800"]).items["text"].to_list() == ["one", ""]


def test_paths_that_are_no_unicode_are_kept_out_beside_files_that_cannot_be_read(folder):
    good = str(next(folder.rglob("*.png")))
    found = read_pool([good, "no such \udcff.png", "gone.png"])
    assert found.ids == ["item-000000"]
    assert {item.id for item in found.broken} == {"item-000001", "item-000002"}


@pytest.mark.parametrize(
    "pool", [[], ["a", 3], ["\ud800"], 5, None, {"a": 1}, np.datetime64("now"), dt.date.today()]
)
def test_what_is_no_pool_is_refused(pool):
    with pytest.raises(PoolError):
        read_pool(pool)


def test_labels_from_where_there_are_none(folder):
    for pool, word in [
        (np.zeros((2, 2)), "x"),
        (["a"], "x"),
        (folder, "sample"),
        (samples.digits(), "folder"),
    ]:
        with pytest.raises(PoolError, match="labels_from"):
            read_pool(pool, labels_from=word)
    with pytest.raises(PoolError, match="no column 'x'"):
        read_pool(pl.DataFrame({"a": [1]}), labels_from="x")


def test_the_fingerprint_follows_the_content(folder):
    array = np.arange(32).reshape(2, 4, 4).astype(np.uint8)
    assert read_pool(array).fingerprint == read_pool(array.copy()).fingerprint
    assert read_pool(array).fingerprint != read_pool(array[::-1]).fingerprint
    before = read_pool(folder).fingerprint
    (folder / "a" / "0.png").unlink()
    assert read_pool(folder).fingerprint != before


def test_real_folders_and_tables(real):
    signs = read_pool(real("sign_language_digits") / "images", labels_from="folder")
    assert len(signs) == 2060
    assert set(signs.labels.values()) == set("0123456789")
    assert len(read_pool(real("bccd") / "JPEGImages")) == 364
    table = read_pool(pl.read_csv(real("ai4i2020") / "ai4i2020.csv"), labels_from="Machine failure")
    assert (table.modality, len(table), len(table.labels)) == ("table", 10_000, 10_000)
    news = read_pool(real("ag_news_test") / "ag_news_test.parquet", labels_from="label_name")
    assert (news.modality, news.metadata["column"], len(news)) == ("text", "description", 7600)
    bank = read_pool(pl.read_csv(real("banking77") / "train.csv"), labels_from="category")
    assert (bank.modality, len(set(bank.labels.values()))) == ("text", 77)


def test_nan_in_a_column_is_named_and_counted_while_missing_values_are_allowed():
    with pytest.raises(PoolError, match="NaN in the column 'size', 2 times"):
        read_pool(pl.DataFrame({"size": [1.0, float("nan"), float("nan")], "kind": ["a", "b", "c"]}))
    assert read_pool(pl.DataFrame({"size": [1.0, None, 3.0]})).items["size"].null_count() == 1


@pytest.mark.filterwarnings("error")
def test_values_that_do_not_fit_float32_are_refused_without_a_warning():
    for pool in (
        np.array([[1.0, 1e39]]),
        np.array([[[0.0, -1e39]]]),
        pl.DataFrame({"a": [1.0, 1e39]}),
        pl.DataFrame({"a": [1.0, -1e39]}),
    ):
        with pytest.raises(PoolError, match="do not fit float32"):
            read_pool(pool)


def test_an_array_of_texts_is_a_pool_of_texts():
    for texts in (np.array(["one text", "another"]), np.array(["one text", "another"], dtype=object)):
        found = read_pool(texts)
        assert (found.modality, found.items["text"].to_list()) == ("text", ["one text", "another"])
