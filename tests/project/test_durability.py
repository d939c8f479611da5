"""What was acknowledged is on disk; what failed left nothing."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

from spin_nb.errors import ProjectError, StorageError
from spin_nb.project import NewEvent, Store, header
from spin_nb.project import folder as folders

LABELLER = """
import sys
from spin_nb.project import NewEvent, Store

store = Store.open(sys.argv[1])
client, seq = "tab", store.last_seq("tab")
print("ready", seq, flush=True)
while True:
    seq += 1
    store.append([NewEvent("label", f"i{seq % 60}", str(seq), annotator="ada")], client=(client, seq))
    sys.stdout.write(f"{seq}\\n")
    sys.stdout.flush()
"""

WRITER = """
import sys
from spin_nb.project import NewEvent, Store

store = Store.open(sys.argv[1])
for n in range(int(sys.argv[3])):
    store.append([NewEvent("label", f"i{n}", sys.argv[2], annotator=sys.argv[2])])
"""


def start(code, *args):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True)


def test_kill_minus_nine_right_after_an_acknowledgement_fifty_times(store, folder):
    store.close()
    acknowledged = 0
    for round_ in range(50):
        with start(LABELLER, folder) as child:
            assert child.stdout.readline().startswith("ready")
            for _ in range(1 + round_ % 3):
                acknowledged = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
        with Store.open(folder) as survivor:
            stored = [e.client_seq for e in survivor.events()]
            # One more may have been committed before its acknowledgement could be read.
            assert stored == list(range(1, len(stored) + 1))
            assert len(stored) >= acknowledged
            assert survivor.last_seq("tab") == len(stored)
    assert acknowledged >= 50
    with sqlite3.connect(folder / "project.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_two_processes_label_at_once(store, folder):
    children = [start(WRITER, folder, who, 50) for who in ("ada", "bob")]
    seen, last = [], 0
    while any(child.poll() is None for child in children):
        new = store.events(after=last)
        seen += new
        last = new[-1].seq if new else last
    for child in children:
        child.stdout.close()
    seen += store.events(after=last)
    assert [child.returncode for child in children] == [0, 0]
    assert [e.seq for e in seen] == list(range(1, 101))
    for who in ("ada", "bob"):
        assert [e.item for e in seen if e.annotator == who] == [f"i{n}" for n in range(50)]
    assert len(store.labels()) == 50


def test_two_processes_sending_one_clients_outbox_store_it_once(store, folder):
    code = textwrap.dedent("""
        import sys
        from spin_nb.project import NewEvent, Store
        store = Store.open(sys.argv[1])
        for seq in range(1, 41):
            store.append([NewEvent("label", f"i{seq}", "x", annotator="ada")], client=("tab", seq))
    """)
    children = [start(code, folder) for _ in range(2)]
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0]
    assert [e.client_seq for e in store.events()] == list(range(1, 41))


def test_undo_in_one_process_sees_what_the_same_person_did_in_another(store, folder, label):
    store.append([label("i0")])
    with Store.open(folder) as other:
        other.append([label("i1")])
        store.append([NewEvent("undo", annotator="ada")])
        assert other.labels()["item"].to_list() == ["i0"]


def test_a_project_made_twice_at_once_is_made_once(folder):
    outcomes = []

    def make():
        try:
            Store.create(folder, {"who": threading.get_ident()}).close()
            outcomes.append("made")
        except ProjectError as error:
            outcomes.append(error.what)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("made") == 1
    assert sum("already" in what for what in outcomes) == 3
    with Store.open(folder) as store:
        assert list(store.meta) == ["who"]


def fill(store):
    """Let the database grow no further: SQLite then answers as it does on a full disk (SQLITE_FULL)."""
    with store.transaction() as db:
        db.execute("PRAGMA max_page_count = 1")


def make_room(store):
    with store.transaction() as db:
        db.execute("PRAGMA max_page_count = 1000000")


class TestFullDisk:
    def test_nothing_is_stored_and_the_same_entry_goes_in_once_there_is_room(self, store, label):
        fill(store)
        kept = 0
        try:
            while True:
                store.append([label("i0", "x" * 500)], client=("tab", kept + 1))
                kept += 1
        except StorageError:
            assert (store.last_seq("tab"), len(store.events())) == (kept, kept)
        with pytest.raises(StorageError, match="the disk is full") as caught:
            store.append([label("i0", "x" * 5000)], client=("tab", kept + 1))
        assert "Free some space" in caught.value.do
        assert (store.last_seq("tab"), len(store.events())) == (kept, kept)
        make_room(store)
        store.append([label("i1", "y")], client=("tab", kept + 1))
        assert store.labels()["item"].to_list() == (["i0", "i1"] if kept else ["i1"])
        assert store.last_seq("tab") == kept + 1

    def test_the_state_forgets_what_did_not_reach_the_disk(self, store, folder, label):
        fill(store)
        with pytest.raises(StorageError):
            store.append([label(f"i{n}", "x" * 2000) for n in range(50)])
        assert store.state().current == {}
        with Store.open(folder) as other:
            assert other.events() == []

    def test_the_rest_of_a_transaction_that_failed_is_not_stored_either(self, store, label):
        fill(store)

        def stubborn():
            with store.transaction():
                for n in range(50):
                    try:
                        store.append([label(f"i{n}", "x" * 2000)])
                    except StorageError:
                        continue

        with pytest.raises(StorageError):
            stubborn()
        assert store.events() == []
        make_room(store)
        store.append([label("i0")])
        assert len(store.events()) == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
    def test_the_operating_system_refusing_a_write(self, store, folder):
        """A file size limit makes write(2) itself fail: every label up to there is kept, none after."""
        store.close()
        code = textwrap.dedent("""
            import os, resource, signal, sys
            from spin_nb.errors import StorageError
            from spin_nb.project import NewEvent, Store
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            store = Store.open(sys.argv[1])
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
            seq = 0
            try:
                while seq < 10_000:
                    big = NewEvent("label", "i0", "x" * 4000, annotator="ada")
                    store.append([big], client=("tab", seq + 1))
                    seq += 1
            except StorageError as error:
                assert store.last_seq("tab") == seq
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                store.append([NewEvent("label", "i1", "y", annotator="ada")], client=("tab", seq + 1))
                print(seq + 1, flush=True)
                os._exit(0)
        """)
        child = start(code, folder)
        acknowledged = int(child.communicate()[0])
        assert child.returncode == 0
        assert acknowledged > 10
        with Store.open(folder) as again:
            assert [e.client_seq for e in again.events()] == list(range(1, acknowledged + 1))


def test_a_lock_that_is_not_given_up_is_named(store, folder, label, monkeypatch):
    with store.transaction() as db:
        db.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(folder / "project.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="another process kept"):
        store.append([label("i0")])
    assert store.events() == []
    other.execute("ROLLBACK")
    other.close()
    assert len(store.append([label("i0")])) == 1


def test_the_busy_time_out_is_ten_seconds(store):
    with store.transaction() as db:
        assert db.execute("PRAGMA busy_timeout").fetchone()[0] == 10_000


def test_a_killed_creation_can_be_done_again(folder):
    """A child is killed inside the transaction that makes the tables, after part of it reached the file."""
    code = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from spin_nb.project import folder as paths, schema
        from spin_nb.project.database import Database
        at = Path(sys.argv[1])
        paths.make(at)
        with Database(at, "rwc").writing() as db:
            db.execute("PRAGMA cache_size = 5")
            schema.build(db)
            db.execute("PRAGMA cache_spill = 1")
            for n in range(200):
                db.execute("INSERT INTO meta VALUES (?, ?)", (str(n), '"' + "x" * 3000 + '"'))
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    child = start(code, folder)
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert sorted(os.listdir(folder)) == ["project.db", "project.db-journal"]
    assert (folder / "project.db").stat().st_size > 0
    with pytest.raises(ProjectError, match="there is no project"):
        Store.open(folder)
    with Store.create(folder, {"classes": ["x", "y"]}) as store:
        assert store.meta == {"classes": ["x", "y"]}


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced"])
def test_a_project_that_is_no_longer_there_takes_no_labels(store, folder, label, how):
    """POSIX lets one write to a deleted file; such a label would be acknowledged and gone."""
    store.append([label("i0")])
    if how == "moved":
        folder.rename(folder.with_name("elsewhere.spin"))
    else:
        shutil.rmtree(folder)
    if how == "replaced":
        Store.create(folder, {}).close()
    with pytest.raises(StorageError, match="was moved, deleted or replaced"):
        store.append([label("i1")])
    if how == "moved":
        folder.with_name("elsewhere.spin").rename(folder)
        assert len(store.append([label("i1")])) == 1


def test_what_was_tampered_with_is_called_damaged(store, folder, label):
    store.append([label("i0")])
    with store.transaction() as db:
        db.execute("UPDATE events SET value = '{'")
    store.close()
    with pytest.raises(ProjectError, match="damaged"):
        Store.open(folder)


@pytest.mark.parametrize("look", [folders.check_project_folder, lambda folder: Store.open(folder).close()])
def test_a_second_look_in_the_same_process_leaves_the_first_its_log(store, folder, label, look):
    """SQLite's locks end when the process closes any descriptor of the file; see ``spin_nb.project.header``."""
    store.append([label("i0")])
    log = (folder / "project.db-wal").stat().st_ino
    look(folder)
    with start(WRITER, folder, "bob", 1) as other:
        assert other.wait() == 0
    assert (folder / "project.db-wal").stat().st_ino == log, "bob was not the last one to leave"
    store.append([label("i1")])
    with start(WRITER, folder, "eve", 1) as other:
        assert other.wait() == 0
    assert [e.annotator for e in store.events()] == ["ada", "bob", "ada", "eve"]


def test_after_the_last_connection_no_descriptor_stays(folder):
    before = set(header._streams)
    with Store.create(folder, {}), Store.open(folder):
        assert len(header._streams.keys() - before) == 1
    assert set(header._streams) == before
