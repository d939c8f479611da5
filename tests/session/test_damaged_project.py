"""Projects whose files are damaged: labels stay within reach, and what is said says what to do."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import ContradictionError, PoolError, ProjectError, ReadOnlyError

PIXELS = np.random.default_rng(0).integers(0, 255, (8, 12, 12), dtype=np.uint8)


def photos(at, n: int = 6):
    at.mkdir()
    for number, pixels in enumerate(PIXELS[:n]):
        Image.fromarray(pixels).save(at / f"{number}.png")
    return at


POOLS = {
    "files": lambda tmp: photos(tmp / "photos"),
    "array": lambda tmp: PIXELS,
    "frame": lambda tmp: [f"the text number {i}" for i in range(8)],
}


def labelled(tmp_path, pool):
    """A project with one label, closed; its folder and the label."""
    with_label = spin.open(tmp_path / "p.spin", pool=pool, classes=["a", "b"])
    first = with_label.pool.ids[0]
    with_label.label(first, "b")
    with_label.close()
    return tmp_path / "p.spin", {first: "b"}


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [("files", "pool.json", content) for content in (None, b"", b"{", b'{"kind": "files"}')]
    + [("files", "ids.json", content) for content in (None, b"", b"{}", b"[1]")]
    + [("array", "pool.json", b""), ("array", "ids.json", b"{}"), ("frame", "pool.json", b"[]")],
)
def test_a_pool_whose_facts_are_damaged_is_opened_by_passing_it_again(tmp_path, kind, name, content):
    pool = POOLS[kind](tmp_path)
    at, label = labelled(tmp_path, pool)
    if content is None:
        (at / "pool" / name).unlink()
    else:
        (at / "pool" / name).write_bytes(content)
    with pytest.raises(PoolError, match="Pass pool= again"):
        spin.open(at)
    assert spin.open(at, pool=pool, read_only=True).values == label
    again = spin.open(at, pool=pool)
    again.label(again.pool.ids[1], "a")
    assert spin.open(at).values == {**label, again.pool.ids[1]: "a"}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("array", "kind", "files"),
        ("array", "modality", "nope"),
        ("array", "about", []),
        ("array", "fingerprint", 5),
        ("array", "broken", 5),
        ("frame", "about", {"column": "gone"}),
    ],
)
def test_facts_of_the_wrong_kind_are_refused_before_they_are_used(tmp_path, kind, key, value):
    at, _ = labelled(tmp_path, POOLS[kind](tmp_path))
    facts = json.loads((at / "pool/pool.json").read_text())
    (at / "pool/pool.json").write_text(json.dumps({**facts, key: value}))
    with pytest.raises(PoolError, match="Pass pool= again"):
        spin.open(at)


@pytest.mark.parametrize("kind", POOLS)
def test_another_pool_is_refused_in_the_place_of_a_damaged_one(tmp_path, kind):
    at, _ = labelled(tmp_path, POOLS[kind](tmp_path))
    (at / "pool/pool.json").write_text("")
    other = {"files": lambda: photos(tmp_path / "few", 2), "array": lambda: PIXELS[::-1]}
    with pytest.raises(ContradictionError, match="Pass the one that the project was made of"):
        spin.open(at, pool=other.get(kind, lambda: [f"another text {i}" for i in range(8)])())


def test_a_project_from_before_fingerprints_were_kept_is_known_by_its_ids(tmp_path):
    at, label = labelled(tmp_path, PIXELS)
    with sqlite3.connect(at / "project.db") as db:
        db.execute("DELETE FROM meta WHERE key = 'fingerprint'")
    (at / "pool/pool.json").unlink()
    with pytest.raises(ContradictionError):
        spin.open(at, pool=PIXELS[:5])
    assert spin.open(at, pool=PIXELS).values == label


def tampered(at, sql: str):
    with sqlite3.connect(at / "project.db") as db:
        db.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM meta WHERE key = 'task'",
        "DELETE FROM meta",
        "UPDATE meta SET value = '5' WHERE key = 'task'",
        """UPDATE meta SET value = '"{}"' WHERE key = 'task'""",
        """UPDATE meta SET value = '"x"' WHERE key = 'seed'""",
        """INSERT INTO meta VALUES ('audit_share', '"x"')""",
        "INSERT INTO meta VALUES ('audit_share', '9')",
        "INSERT OR REPLACE INTO meta VALUES ('encoder', '5')",
        "INSERT INTO meta VALUES ('audits_released', '[]')",
        "UPDATE events SET suggested = '5'",
        """UPDATE events SET suggested = '["a", "b"]'""",
        "UPDATE events SET value = 'junk'",
        "UPDATE events SET time = 'yesterday'",
    ],
)
def test_a_database_that_was_tampered_with_is_said_to_be_damaged(tmp_path, sql):
    at, _ = labelled(tmp_path, PIXELS)
    tampered(at, sql)
    with pytest.raises(ProjectError, match="damaged") as caught:
        spin.open(at)
    assert "from a copy" in caught.value.do


@pytest.mark.parametrize(
    "kept", ["5", '{"ada": {"nope": "zz"}}', '{"ada": 5}', '{"ada": {"class:gone": "x"}}']
)
def test_keys_that_are_none_are_dropped_and_keep_no_project_shut(tmp_path, kept):
    at, label = labelled(tmp_path, PIXELS)
    tampered(at, f"INSERT INTO meta VALUES ('bindings', '{kept}')")
    s = spin.open(at, annotator="ada")
    assert (s.values, s._view_data.key_bindings.get(), s.labeller.bindings) == (label, {}, {})
    s.labeller.bindings = {"skip": "s"}
    assert spin.open(at, annotator="ada").labeller.bindings == {"skip": "s"}


def test_keys_of_a_project_that_may_not_be_written_are_refused_not_forgotten(tmp_path):
    at, _ = labelled(tmp_path, PIXELS)
    s = spin.open(at, read_only=True)
    with pytest.raises(ReadOnlyError, match="keys"):
        s.labeller.bindings = {"skip": "s"}
    with pytest.raises(ReadOnlyError):
        s.labeller.bindings = {"skip": "s"}
    assert s.labeller.bindings == {}


@pytest.mark.parametrize("again", [{}, {"pool": PIXELS, "classes": ["a", "b"]}])
def test_a_database_that_was_emptied_is_not_taken_for_a_new_project(tmp_path, again):
    at, _ = labelled(tmp_path, PIXELS)
    (at / "project.db").write_bytes(b"")
    with pytest.raises(ProjectError, match="is empty: what it held is gone"):
        spin.open(at, **again)
    assert (at / "project.db").read_bytes() == b""
    (at / "project.db").unlink()
    assert spin.open(at, pool=PIXELS, classes=["a", "b"]).values == {}
