"""Projects of former versions of the format: ``version_2.zip`` is by spin_nb at f855ee0, ``version_3.zip`` at 6563aab,
``version_4.zip`` at c17572f.

``version_2.json`` and so on in them say what that spin_nb read.  In version 2 labels that came with the pool were of
the kind "gold"; until version 3 events had no source; until version 4 none kept a label.
"""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest

import spin_nb as spin
from spin_nb.errors import ProjectError
from spin_nb.project import Store
from spin_nb.project.repair import repair
from spin_nb.project.schema import VERSION
from spin_nb.project.seal_file import SEAL

EVENTS = (
    "SELECT seq, time, annotator, kind, item, value, previous, ask, target, gesture FROM events ORDER BY seq"
)


@pytest.fixture(params=[2, 3, 4])
def old_version(request):
    return request.param


@pytest.fixture
def old(tmp_path, old_version):
    with ZipFile(Path(__file__).with_name(f"version_{old_version}.zip")) as archive:
        archive.extractall(tmp_path)
    return tmp_path / f"version_{old_version}.spin"


@pytest.fixture
def facts(old):
    return json.loads(old.with_suffix(".json").read_text())


def rows(folder, sql=EVENTS):
    with closing(sqlite3.connect(f"file:{folder / 'project.db'}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def version(folder):
    return rows(folder, "PRAGMA user_version")[0][0]


def as_text(frame):
    return frame.with_columns(pl.all().cast(pl.String, strict=False)).to_dicts()


def present(rows):
    """Rows of then, their kind as it is called now."""
    return [row | {"kind": "imported"} if row["kind"] == "gold" else row for row in rows]


def past(history):
    """Rows of now, without the column that was new in version 4; it is empty in these events."""
    assert history["source"].is_null().all()
    return as_text(history.drop("source"))


def test_every_label_ask_model_and_number_is_there_after_opening_it(old, old_version, facts):
    assert version(old) == old_version
    s = spin.open(old, annotator="ada")
    assert as_text(s.labels) == present(facts["labels"])
    assert as_text(s.asks.rename({"with_suggestion": "suggested"})) == facts["asks"]
    assert past(s.history) == present(facts["history"])
    assert s.labels["kind"].to_list().count("imported") == 6
    assert s.items["item"].to_list() == facts["items"]
    assert s.values == facts["values"]
    assert repr(s.accuracy) == facts["accuracy"]
    assert s.audit.share == facts["share"]
    assert s.model.head == facts["head"]
    assert len(s.audit.curve) == facts["curve"]
    np.testing.assert_allclose(s.model.predictive.mean, facts["mean"], atol=1e-5)
    assert sorted(path.name for path in (old / "models").iterdir()) == facts["models"]
    s.label(s.pool.ids[23], "dent")
    s.close()
    assert version(old) == VERSION
    with Store.open(old) as store:
        assert len(store.events()) == len(facts["history"]) + 1


def test_its_tables_read_like_those_of_a_new_project(old, folder):
    Store.open(old).close()
    Store.create(folder, {}).close()
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    assert rows(old, schema) == rows(folder, schema)


def test_opened_for_reading_it_stays_as_it_is(old, facts):
    files = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    with Store.open(old, read_only=True) as store:
        assert past(store.history()) == present(facts["history"])
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize("step", ["seals.link", "events.insert", "schema.new_since", "seal_file.forget"])
def test_killed_while_it_is_brought_up_it_is_as_it_was(old, old_version, step):
    events = rows(old)
    code = textwrap.dedent(f"""
        import os, signal, sys
        from spin_nb.project import Store, events, migration, schema, seal_file, seals
        def kill(*args, was={step}):
            if "{step}" == "seal_file.forget":
                was(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        def arm(database, was=migration.bring_up):
            {step} = kill
            was(database)
        migration.bring_up = arm
        Store.open(sys.argv[1])
    """)
    assert subprocess.run([sys.executable, "-c", code, str(old)]).returncode == -signal.SIGKILL
    assert (version(old), rows(old)) == (old_version, events)
    with Store.open(old) as store:
        assert len(store.events()) == len(events)


def test_killed_before_its_seal_is_written_it_is_no_other_project(old, facts):
    code = textwrap.dedent("""
        import os, signal, sys
        from spin_nb.project import Store, store
        store.SealFile = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        Store.open(sys.argv[1])
    """)
    assert subprocess.run([sys.executable, "-c", code, str(old)]).returncode == -signal.SIGKILL
    assert version(old) == VERSION
    with Store.open(old) as store:
        assert past(store.history()) == present(facts["history"])
        assert (old / SEAL).exists()


def test_whoever_read_its_seal_before_another_process_brought_it_up_opens_it(
    old, old_version, facts, monkeypatch
):
    from spin_nb.project import store

    read, marks = store.seal_file.read, []

    def read_late(folder):
        marks.append(read(folder))
        if len(marks) == 1:
            code = "import sys; from spin_nb.project import Store; Store.open(sys.argv[1]).close()"
            subprocess.run([sys.executable, "-c", code, str(old)], check=True)
        return marks[-1]

    monkeypatch.setattr(store.seal_file, "read", read_late)
    with Store.open(old) as again:
        assert past(again.history()) == present(facts["history"])
    # The hash of an event of version 4 is of the same columns as now.
    assert (marks[0].chain == marks[1].chain) == (old_version == 4)


def test_two_that_open_it_at_once_bring_it_up_once(old, facts):
    code = "import sys; from spin_nb.project import Store; print(len(Store.open(sys.argv[1]).events()))"
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(old)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [child.communicate()[0] for child in children] == [f"{len(facts['history'])}\n"] * 3


def test_an_event_of_it_that_is_not_what_was_stored_is_noticed(old, old_version):
    with closing(sqlite3.connect(old / "project.db")) as db, db:
        db.execute("UPDATE events SET value = '\"dent\"' WHERE seq = 1")
    with pytest.raises(ProjectError, match="damaged: event 1"):
        Store.open(old)
    assert version(old) == old_version


def test_repairing_it_keeps_the_labels_that_came_with_the_pool(old, old_version, facts):
    damaged_event = {2: 20, 3: 30, 4: 30}[old_version]  # a label that no later event takes back
    with closing(sqlite3.connect(old / "project.db")) as db, db:
        db.execute("UPDATE events SET value = '\"dent\"' WHERE seq = ?", (damaged_event,))
    report = repair(old)
    assert report.lost == (damaged_event,)
    with Store.open(old) as store:
        assert store.history()["kind"].to_list().count("imported") == 6
        assert len(store.events()) == len(facts["history"]) - 1
