"""Projects that version 1 of the format wrote: ``version_1.zip`` is one, by spin_nb at 7b36379."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import pytest

import spin_nb as spin
from spin_nb.errors import ProjectError
from spin_nb.project import NewAsk, NewEvent, Store

EVENTS = "SELECT seq, time, annotator, kind, item, value, previous, ask, target FROM events ORDER BY seq"


@pytest.fixture
def old(tmp_path):
    with ZipFile(Path(__file__).with_name("version_1.zip")) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "version_1.spin"


def rows(folder, sql=EVENTS):
    with closing(sqlite3.connect(f"file:{folder / 'project.db'}?mode=ro", uri=True)) as db:
        return db.execute(sql).fetchall()


def version(folder):
    return rows(folder, "PRAGMA user_version")[0][0]


def test_everything_in_it_is_there_after_opening_it(old):
    events = rows(old)
    assert (version(old), len(events)) == (1, 27)
    s = spin.open(old, annotator="ada")
    assert (len(s.values), len(s.asks), s.accuracy.n) == (20, 16, 1)
    assert s._view_data.key_bindings.get() == {}
    assert spin.open(old, annotator="bob").labeller.bindings == {"skip": "s"}
    assert s.history["gesture"].is_null().all()
    assert s.asks["annotator"].is_null().all()
    assert s.problem is None
    s.label("item-000003", "dent")
    s.close()
    assert version(old) == 5
    assert rows(old)[:-1] == events


def test_its_tables_read_like_those_of_a_new_project(old, folder):
    Store.open(old).close()
    Store.create(folder, {}).close()
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
    assert rows(old, schema) == rows(folder, schema)


def test_opened_for_reading_it_stays_as_it_is(old):
    files = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    with Store.open(old, read_only=True) as store:
        assert len(store.labels()) == 20
        assert [event.seq for event in store.events()] == list(range(1, 28))
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize("step", ["seals.begin", "seals.link", "events.insert", "schema.version"])
def test_killed_while_it_is_brought_up_it_is_as_it_was(old, step):
    events = rows(old)
    code = textwrap.dedent(f"""
        import os, signal, sys
        from spin_nb.project import Store, events, migration, schema, seals
        opened = []
        def kill(*args, was={step}):
            opened.append(args)
            if len(opened) > 1 or "{step}" == "seals.begin":
                os.kill(os.getpid(), signal.SIGKILL)
            return was(*args)
        {step} = kill
        Store.open(sys.argv[1])
    """)
    assert subprocess.run([sys.executable, "-c", code, str(old)]).returncode == -signal.SIGKILL
    assert (version(old), rows(old)) == (1, events)
    with Store.open(old) as store:
        assert len(store.events()) == 27


def test_two_that_open_it_at_once_bring_it_up_once(old):
    code = "import sys; from spin_nb.project import Store; print(len(Store.open(sys.argv[1]).events()))"
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(old)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [child.communicate()[0] for child in children] == ["27\n"] * 3


def test_new_events_know_their_gesture_and_asks_their_annotator(store):
    asked = store.propose([NewAsk("i5", "auto", 0.5, annotator="ada"), NewAsk("i6", "auto", 0.5)])
    store.mark_shown(asked)
    store.append([NewEvent("label", "i0", "x", annotator="ada")])
    labels = [NewEvent("label", f"i{n}", "x", annotator="ada", gesture=0) for n in (1, 2)]
    first = store.append(labels)[0].seq
    store.append([NewEvent("label", "i3", "x", annotator="ada", gesture=first)])
    assert store.history()["gesture"].to_list() == [None, 2, 2, 2]
    assert store.asks()["annotator"].to_list() == ["ada", None]
    assert store.ask(asked[0]).annotator == "ada"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET value = '\"y\"' WHERE seq = 2",
        "UPDATE events SET item = 'i9' WHERE seq = 2",
        "DELETE FROM events WHERE seq = 1",
        "UPDATE events SET chain = (SELECT chain FROM events WHERE seq = 1) WHERE seq = 2",
    ],
)
def test_an_event_that_is_not_what_was_stored_is_noticed_on_opening_and_before_the_next_write(
    store, folder, label, sql
):
    store.append([label("i0"), label("i1"), label("i2")])
    store.close()
    with closing(sqlite3.connect(folder / "project.db")) as db, db:
        db.execute(sql)
    with pytest.raises(ProjectError, match="damaged: event"):
        Store.open(folder)


def test_an_event_that_changed_under_an_open_session_lets_it_store_no_more(store, folder, label):
    store.append([label("i0")])
    with closing(sqlite3.connect(folder / "project.db")) as db, db:
        db.execute("UPDATE events SET chain = 'of another'")
    with pytest.raises(ProjectError, match="damaged: event 1"):
        store.append([label("i1")])
