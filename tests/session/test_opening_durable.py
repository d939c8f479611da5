"""A project that is opened, for the first time or over a folder that changed, is whole after every kill."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import PoolError, ProjectError
from spin_nb.pool.pool import Pool
from spin_nb.pool.storage import pool_store
from spin_nb.session import open as opening

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(20, 3)).astype(np.float32)


class Killed(BaseException):
    """What stands for a kill here: nobody handles it."""


def killed(*_, **__):
    raise Killed


def picture(at, name: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(at / name)


@pytest.fixture
def photos(tmp_path):
    """Six pictures of one size, bytes included."""
    at = tmp_path / "photos"
    at.mkdir()
    for number in range(6):
        picture(at, f"f{number}.bmp", number)
    return at


def right(s) -> bool:
    """Whether each row has the features of its own item, and the database knows every item."""
    s._live.pool_model.wait()
    assert set(s.pool.ids) <= set(s.items["item"].to_list())
    fresh = s._live.pool_model.encoder.encode(s.pool.load(range(len(s.pool))))
    return fresh.shape == s._live.pool_model.features.shape and bool(
        np.allclose(fresh, s._live.pool_model.features, atol=1e-3)
    )


def labelled(tmp_path, photos):
    s = spin.open(tmp_path / "p.spin", pool=photos, classes=["a", "c"])
    s.label("f3.bmp", "a")
    assert right(s)
    s.close()
    return s.folder


def test_killed_in_the_first_open_there_is_no_project_and_then_a_whole_one(tmp_path, monkeypatch):
    digits = {"pool": spin.samples.digits(), "labels_from": "sample"}
    with monkeypatch.context() as patch:
        patch.setattr(opening, "_add", killed)
        with pytest.raises(Killed):
            spin.open(tmp_path / "p.spin", **digits)
    with pytest.raises(ProjectError, match="there is no project"):
        spin.open(tmp_path / "p.spin")
    s = spin.open(tmp_path / "p.spin", **digits)
    assert len(s.items) == len(s.values) == 1797


def test_killed_while_the_first_transaction_is_written_there_is_no_project(tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=TABLE, classes=["a", "b"])
    s.close()
    journal = bytes.fromhex("d9d505f920a163d7") + bytes(504)
    (s.folder / "project.db-journal").write_bytes(journal)
    with pytest.raises(ProjectError, match="there is no project"):
        spin.open(tmp_path / "p.spin")


def test_a_project_that_an_older_version_left_without_items_takes_labels(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(opening, "_add", lambda *_: None)
        spin.open(tmp_path / "p.spin", pool=TABLE, classes=["a", "b"]).close()
    s = spin.open(tmp_path / "p.spin")
    assert s.items["source"].to_list()[:2] == ['{"row":0}', '{"row":1}']
    s.label(s.ask(1).ids[0], "a")
    assert right(s)


STEPS = {
    "before the facts": (pool_store, "write_facts"),
    "before the files get their names": (pool_store.os, "replace"),
    "before the database": (opening, "_add"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("again", [False, True])
def test_killed_while_a_changed_folder_is_taken_in_the_pool_is_the_old_or_the_new_one(
    tmp_path, photos, monkeypatch, step, again
):
    at = labelled(tmp_path, photos)
    (photos / "f0.bmp").unlink()
    picture(photos, "z.bmp", 9)
    place, name = STEPS[step]
    real = os.replace

    def replace(source, target):
        if os.path.basename(source).startswith("next-"):
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, replace if name == "replace" else killed)
        with pytest.raises(Killed):
            spin.open(at, pool=photos)
    if step == "before the facts":
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(photos / "f0.bmp")  # the old pool has it
    s = spin.open(at, **({"pool": photos} if again else {}))
    assert right(s)
    assert s.values == {"f3.bmp": "a"}
    assert ("z.bmp" in s.pool.ids) == (again or step != "before the facts")
    s.label(s.ask(1).ids[0], "c")
    s.close()
    assert right(spin.open(at))


@pytest.mark.parametrize("again", [False, True])
def test_a_picture_replaced_by_one_of_the_same_size_gets_new_features_and_keeps_its_label(
    tmp_path, photos, again
):
    at = labelled(tmp_path, photos)
    before = (photos / "f3.bmp").stat()
    picture(photos, "f3.bmp", 77)
    os.utime(photos / "f3.bmp", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    s = spin.open(at, **({"pool": photos} if again else {}))
    assert right(s)
    assert s.values == {"f3.bmp": "a"}
    assert "1 files have changed" in s.problem
    assert "'f3.bmp'" in s.problem
    s.close()
    assert spin.open(at).problem is None


def test_a_file_that_is_gone_for_a_while_costs_nothing(tmp_path, photos):
    at = labelled(tmp_path, photos)
    (photos / "f5.bmp").rename(tmp_path / "away.bmp")
    s = spin.open(at)
    key = s.pool.content
    assert len(s.pool) == 6
    assert "1 of 6 items have no file any more, 'f5.bmp' among them" in s.problem
    s.close()
    (tmp_path / "away.bmp").rename(photos / "f5.bmp")
    s = spin.open(at)
    assert (s.pool.content, s.problem) == (key, None)


def test_a_project_of_a_version_without_checksums_opens_and_has_them_from_then_on(tmp_path, photos):
    at = labelled(tmp_path, photos)
    facts = pool_store.read_json(at / "pool/pool.json")
    for name in ("files", "seal", "before"):
        del facts[name]
    (at / "pool/pool.json").write_text(pool_store.json.dumps(facts))
    (at / "pool/stamps.npy").unlink()
    s = spin.open(at)
    assert right(s)
    assert (s.values, s.problem) == ({"f3.bmp": "a"}, None)
    s.close()
    assert set(pool_store.read_stored_pool(at / "pool").files) == {"ids.json", "stamps.npy"}
    spin.open(at, pool=photos).close()


def test_the_database_of_another_project_is_refused(tmp_path):
    for name, table in (("p", TABLE), ("q", TABLE[::-1])):
        s = spin.open(tmp_path / f"{name}.spin", pool=table, classes=["a", "b"])
        s.label(s.pool.ids[0], "a")
        s.close()
    shutil.copy(tmp_path / "q.spin/project.db", tmp_path / "p.spin/project.db")
    for again in ({}, {"pool": TABLE}):
        with pytest.raises(ProjectError, match=r"another (pool|project)"):
            spin.open(tmp_path / "p.spin", **again)


@pytest.mark.parametrize("name", ["pool.json", "ids.json", "items.npy", "encoder.json", "arrivals.jsonl"])
@pytest.mark.parametrize(
    "content",
    [b"", b"[" * 50_000, b"\xff\xfe", b'{"a": ' * 50_000],
    ids=["empty", "brackets", "no text", "braces"],
)
def test_files_that_are_empty_nested_or_no_text_are_told_of(tmp_path, name, content):
    s = spin.open(tmp_path / "p.spin", pool=TABLE, classes=["a", "b"])
    s.close()
    (s.folder / "pool" / name).write_bytes(content)
    try:
        spin.open(s.folder).close()
    except PoolError as problem:
        assert "pool=" in problem.do
    else:
        assert name in ("encoder.json", "arrivals.jsonl")  # nothing was lost with it
    spin.open(s.folder, pool=TABLE).close()


@pytest.mark.parametrize("name", ["pool.json", "ids.json", "items.npy"])
def test_a_flipped_bit_in_a_pools_file_is_named(tmp_path, name):
    s = spin.open(tmp_path / "p.spin", pool=TABLE, classes=["a", "b"])
    s.close()
    path = s.folder / "pool" / name
    whole = path.read_bytes()
    for number in RNG.integers(0, 8 * len(whole), 12).tolist():
        content = bytearray(whole)
        content[number // 8] ^= 1 << number % 8
        path.write_bytes(content)
        with pytest.raises(PoolError, match="Pass pool= again"):
            Pool.open(s.folder)
        path.write_bytes(content[: number // 8])
        with pytest.raises(PoolError, match="Pass pool= again"):
            Pool.open(s.folder)


@pytest.mark.parametrize("items", [TABLE[:1], [""] * 20], ids=["one item", "texts without a word"])
def test_a_first_open_whose_items_are_no_good_leaves_room_for_better_ones(tmp_path, items):
    at = tmp_path / "p.spin"
    for _ in range(2):
        with pytest.raises(PoolError):
            spin.open(at, pool=items, classes=["a", "b"])
        assert not (at / "project.db").exists()
    s = spin.open(at, pool=TABLE, classes=["x", "y", "z"])
    assert (len(s.items), list(s.classes)) == (20, ["x", "y", "z"])
    s.close()
