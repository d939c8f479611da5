"""What a project folder may hold: with ``trusted=True`` a person's own arrangements go on, and are said aloud.

What strangers send is in ``tests/attack/test_strangers.py``.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from contextlib import closing

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ProjectError
from spin_nb.project.trust import look_around

TABLE = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


@pytest.fixture
def parts(tmp_path):
    """A project with a label, closed."""
    s = spin.open(tmp_path / "parts.spin", pool=TABLE, classes=["a", "b"])
    s.label(s.pool.ids[0], "a")
    s.close()
    return tmp_path / "parts.spin"


def moved(path, to):
    """``path`` is a link from now on."""
    shutil.move(path, to)
    path.symlink_to(to)
    return to


def test_features_on_a_scratch_disk_go_on_and_the_writes_are_no_secret(parts, tmp_path):
    scratch = moved(parts / "features", tmp_path / "scratch")
    shutil.rmtree(scratch)
    scratch.mkdir()
    with pytest.warns(UserWarning, match=r"leads outside: features -> .*scratch.*written there"):
        s = spin.open(parts)
    assert s.values == {s.pool.ids[0]: "a"}
    s._live.pool_model.wait()
    s.close()
    assert list(scratch.glob("*.npy"))
    assert (parts / "features").is_symlink()


def test_models_on_a_scratch_disk_are_kept_there(parts, tmp_path):
    (tmp_path / "scratch").mkdir()
    (parts / "models").symlink_to(tmp_path / "scratch")
    with pytest.warns(UserWarning, match="models -> "):
        s = spin.open(parts)
    s.label(s.pool.ids[1], "b")
    report = s.train(wait=True)
    s.close()
    assert (tmp_path / "scratch" / report.model_id / "card.json").exists()


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("name", ["project.db", "pool/arrivals.jsonl", "project.db-wal"])
def test_a_file_that_is_written_where_it_lies_may_not_be_a_link(parts, tmp_path, name, trusted):
    (tmp_path / "mine.txt").write_text("mine")
    (parts / name).unlink(missing_ok=True)
    (parts / name).symlink_to(tmp_path / "mine.txt")
    with pytest.raises(ProjectError, match="is a link to"):
        spin.open(parts, trusted=trusted)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_link_from_place_to_place_inside_is_no_ones_business(parts):
    (parts / "features" / "again").symlink_to(parts / "features")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spin.open(parts).close()


def test_a_database_with_a_second_name_is_said(parts, tmp_path):
    os.link(parts / "project.db", tmp_path / "backup.db")
    with pytest.warns(UserWarning, match="second name"):
        spin.open(parts).close()


def test_a_whole_project_may_be_a_link_unless_it_is_a_strangers(parts, tmp_path):
    (tmp_path / "here.spin").symlink_to(parts)
    spin.open(tmp_path / "here.spin").close()
    with pytest.raises(ProjectError, match="is a link"):
        spin.open(tmp_path / "here.spin", trusted=False)
    spin.open(parts, trusted=False).close()


def test_a_new_project_is_not_made_through_a_link_unnoticed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "new.spin").mkdir()
    (tmp_path / "new.spin" / "pool").symlink_to(tmp_path / "out")
    with pytest.raises(ProjectError, match="trusted=False"):
        spin.open(tmp_path / "new.spin", pool=TABLE, classes=["a", "b"], trusted=False)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_database_that_is_no_file_is_refused_at_once(tmp_path, make, trusted):
    (tmp_path / "p.spin").mkdir()
    make(tmp_path / "p.spin" / "project.db")
    with pytest.raises(ProjectError, match=r"project.db.* is a (pipe|folder), not a file"):
        spin.open(tmp_path / "p.spin", trusted=trusted)


def test_a_journal_that_names_a_file_to_delete_is_refused_in_every_project(parts, tmp_path):
    (parts / "project.db-journal").write_bytes(bytes(512) + bytes.fromhex("d9d505f920a163d7"))
    with pytest.raises(ProjectError, match="would be deleted"):
        spin.open(parts)


def test_repairing_a_strangers_project_deletes_and_waits_for_nothing_either(parts):
    (parts / "project.db-journal").write_bytes(bytes(512) + bytes.fromhex("d9d505f920a163d7"))
    with pytest.raises(ProjectError, match="would be deleted"):
        spin.repair(parts)
    (parts / "project.db-journal").unlink()
    (parts / "project.db-wal").unlink(missing_ok=True)
    os.mkfifo(parts / "project.db-wal")
    with pytest.raises(ProjectError, match="not a file"):
        spin.repair(parts)


def test_what_is_not_there_is_nothing_to_refuse(tmp_path):
    look_around(tmp_path / "new.spin", trusted=False)
    assert not (tmp_path / "new.spin").exists()


OWN = {
    "a table": "CREATE TABLE notes(a)",
    "a view": "CREATE VIEW mine AS SELECT item, value FROM events",
    "an index": "CREATE INDEX mine ON events(item, annotator)",
    "statistics": "ANALYZE",
}


def execute(parts, statement):
    with closing(sqlite3.connect(parts / "project.db")) as db:
        db.execute(statement)
        db.commit()


@pytest.mark.parametrize("statement", OWN.values(), ids=OWN)
def test_what_a_person_adds_for_analysis_beside_the_tables_is_let_be(parts, statement):
    execute(parts, statement)
    spin.open(parts).close()


FOREIGN = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM asks; END",
    "a unique index": "CREATE UNIQUE INDEX i ON events(item)",
    "an index on an expression": "CREATE INDEX i ON events(upper(item))",
    "a column": "ALTER TABLE events ADD COLUMN more TEXT AS (upper(value))",
    "a temporary name": "ALTER TABLE runs RENAME TO old_runs",
}


@pytest.mark.parametrize("statement", FOREIGN.values(), ids=FOREIGN)
def test_what_acts_on_labels_is_refused_in_every_project(parts, statement):
    execute(parts, statement)
    before = (parts / "project.db").read_bytes()
    with pytest.raises(ProjectError, match=r"spin_nb does not make|lacks"):
        spin.open(parts)
    assert (parts / "project.db").read_bytes() == before


@pytest.mark.parametrize("word", ["trusted", "read_only"])
@pytest.mark.parametrize("value", ["no", 0, None, object(), np.array([True])])
def test_a_switch_is_true_or_false_and_nothing_else(parts, word, value):
    with pytest.raises(ProjectError, match=f"{word}=.* is neither True nor False"):
        spin.open(parts, **{word: value})
