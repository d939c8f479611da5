"""Damage is named before it is taken for a label, and what can be saved is saved."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from spin_nb.errors import ProjectError, StorageError
from spin_nb.project import NewAsk, NewEvent, NewItem, Store, seal_file
from spin_nb.project.repair import repair

DATABASE, LOG, SEAL = "project.db", "project.db-wal", "project.db.seal"


def flip(path, position, bit=0):
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << bit
    path.write_bytes(data)


def blank(path, table: str) -> None:
    """Zeros in the page where ``table`` begins."""
    with closing(sqlite3.connect(path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    pages = path.read_bytes()
    path.write_bytes(pages[: 4096 * (root - 1)] + bytes(4096) + pages[4096 * root :])


def find(path, text: bytes, nth=0):
    """Where the nth copy of some text lies in a file."""
    at = -1
    for _ in range(nth + 1):
        at = path.read_bytes().index(text, at + 1)
    return at


@pytest.fixture
def labelled(store, folder, label):
    """A closed project: 30 labels that alternate, an audit that was shown, a model, one client."""
    for n in range(30):
        store.append([label(f"i{n}", "crack" if n % 2 else "dent")], client=("page-7", n + 1))
    store.mark_shown(store.propose([NewAsk("i40", "audit", 0.5, audit=True)]))
    store.end_run(store.start_run({"head": "auto"}), "done")
    store.add_model("m-1", "graph", {"n_labels": 30})
    values = store.labels().select("item", "value").rows()
    store.close()
    return folder, values


@pytest.fixture
def killed(store, folder):
    """A project whose kernel was killed after 30 labels: they are in its log alone."""
    store.close()
    code = textwrap.dedent("""
        import os, signal, sys
        from spin_nb.project import NewEvent, Store
        store = Store.open(sys.argv[1])
        for n in range(30):
            store.append([NewEvent("label", f"i{n}", "crack", annotator="ada")], client=("tab", n + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", code, str(folder)])
    assert done.returncode == -signal.SIGKILL
    assert (folder / LOG).stat().st_size > 30 * 4096
    return folder


def labels(folder):
    with Store.open(folder) as store:
        return store.labels().select("item", "value").rows()


@pytest.mark.parametrize(
    ("text", "offset", "named"),
    [
        (b'"crack"', 2, "event"),
        (b"labeli7", 6, "event|SQLite says"),
        (b'["x","y"]', 2, "'meta'"),
        (b"i55image", 2, "'items'|SQLite says"),
        (b"i40audit", 3, "'asks'"),
        (b"i40audit", 2, "'asks'|event"),
        (b'{"head":"auto"}', 3, "'runs'"),
        (b"m-1", 2, "'models'|SQLite says"),
        (b"page-7", 5, "'clients'|event"),
    ],
)
def test_a_bit_that_flips_in_the_database_is_named(labelled, text, offset, named):
    folder, _ = labelled
    flip(folder / DATABASE, find(folder / DATABASE, text) + offset)
    for read_only in (True, False):
        with pytest.raises(ProjectError, match=rf"(?s)project.db' is damaged.*({named}).*spin.repair"):
            Store.open(folder, read_only=read_only)


def test_the_log_of_a_killed_kernel_is_taken_in(killed):
    assert len(labels(killed)) == 30
    assert not (killed / LOG).exists()


@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "header"])
def test_a_log_that_lost_labels_is_named_and_left_as_it_is(killed, how):
    log = killed / LOG
    if how == "flipped":
        flip(log, log.stat().st_size // 2)
    elif how == "header":
        flip(log, 17)
    elif how == "cut":
        log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    else:
        log.unlink()
    before = log.read_bytes() if log.exists() else None
    for _ in range(2):
        with pytest.raises(
            ProjectError, match=r"project.db-wal' is damaged: the last \d+ writes, \d+ events"
        ):
            Store.open(killed)
    assert (log.read_bytes() if log.exists() else None) == before or how == "gone"


def test_a_flipped_log_gives_back_every_label(killed):
    flip(killed / LOG, (killed / LOG).stat().st_size // 3)
    report = repair(killed)
    assert (report.events, report.lost) == (30, ())
    assert len(labels(killed)) == 30
    assert sorted(path.name for path in report.copy.iterdir()) == [DATABASE, LOG, SEAL]


def test_a_cut_log_says_which_labels_are_gone(killed):
    log = killed / LOG
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    report = repair(killed)
    assert report.lost == tuple(range(report.events + 1, 31))
    assert f"{30 - report.events} lost" in repr(report)
    assert [item for item, _ in labels(killed)] == [f"i{n}" for n in range(report.events)]


def test_one_flipped_bit_is_set_right_wherever_it_is(labelled):
    folder, values = labelled
    with Store.open(folder) as store:
        facts = store.items().rows(), store.meta, store.asks().rows(), store.runs(), store.models()
    whole = (folder / DATABASE).read_bytes()
    texts = [b'"crack"', b'["x","y"]', b"i55image", b"i40audit", b'{"head":"auto"}', b'{"n_labels":30}']
    for text in texts:
        (folder / DATABASE).write_bytes(whole)
        flip(folder / DATABASE, find(folder / DATABASE, text) + 2)
        report = repair(folder)
        assert (report.events, report.lost, report.doubtful) == (30, (), ())
        with Store.open(folder) as store:
            again = store.items().rows(), store.meta, store.asks().rows(), store.runs(), store.models()
        assert again == facts
        assert labels(folder) == values


def test_a_label_that_is_not_what_was_stored_is_left_out_and_named(labelled):
    folder, values = labelled
    with closing(sqlite3.connect(folder / DATABASE)) as db, db:
        db.execute("""UPDATE events SET value = '"other"' WHERE seq = 7""")
        db.execute("DELETE FROM events WHERE seq = 20")
    report = repair(folder)
    assert (report.events, report.lost, report.doubtful) == (28, (7, 20), (21,))
    assert labels(folder) == [pair for n, pair in enumerate(values, 1) if n not in (7, 20)]


def test_a_project_that_is_whole_is_left_alone(labelled):
    folder, _ = labelled
    before = (folder / DATABASE).read_bytes()
    report = repair(folder)
    assert (report.events, report.copy) == (30, None)
    assert "nothing to repair" in repr(report)
    assert (folder / DATABASE).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database at all" * 999])
def test_what_nothing_can_be_read_of_is_kept_as_it_is(labelled, content):
    folder, _ = labelled
    (folder / DATABASE).write_bytes(content)
    with pytest.raises(ProjectError, match="nothing can be read"):
        repair(folder)
    assert (folder / DATABASE).read_bytes() == content


@pytest.mark.parametrize(
    ("text", "offset", "bit"),
    [
        (b"seq INTEGER PRIMARY KEY", 4, 3),  # another column names the rows
        (b"ended TEXT", 1, 3),
        (b"audit INTEGER", 0, 0),
        (b"CREATE INDEX asks_shown", 12, 7),  # no text any more
        (b"eventsevents", 12, 0),  # where the events begin
        (b"runsruns", 8, 2),  # where the trainings begin: in another table
        (b"tableseals", 6, 0),
        (b"value TEXT,", 0, 0),
    ],
)
def test_a_flipped_list_of_tables_is_set_right(labelled, text, offset, bit):
    folder, values = labelled
    flip(folder / DATABASE, find(folder / DATABASE, text) + offset, bit)
    damaged = (folder / DATABASE).read_bytes()
    with pytest.raises(ProjectError, match=r"spin\.repair"):
        Store.open(folder)
    report = repair(folder)
    assert (report.events, report.lost, report.doubtful) == (30, (), ())
    assert "the list of the tables was set right" in repr(report)
    assert labels(folder) == values
    assert (report.copy / DATABASE).read_bytes() == damaged


@pytest.mark.parametrize("number", [0, 1, 2, 3, 6])
def test_a_wrong_number_of_the_format_is_named_and_set_right(labelled, number):
    folder, values = labelled
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute(f"PRAGMA user_version = {number}")
    with pytest.raises(ProjectError) as caught:
        Store.open(folder)
    assert "spin.repair" in caught.value.do
    assert (repair(folder).events, labels(folder)) == (30, values)


def test_the_number_before_has_the_same_columns_and_is_set_right_on_opening(labelled):
    folder, values = labelled
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("PRAGMA user_version = 4")
    Store.open(folder).close()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (5,)
    assert labels(folder) == values


def test_no_database_without_labels_takes_the_place_of_one_that_cannot_be_read(labelled):
    folder, _ = labelled
    blank(folder / DATABASE, "events")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    with pytest.raises(ProjectError, match="no event can be read"):
        repair(folder)
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert not list(folder.glob("damaged-*"))


def test_no_other_table_is_read_in_the_place_of_one_that_is_gone(labelled):
    folder, values = labelled
    blank(folder / DATABASE, "runs")
    report = repair(folder)
    assert report.notes == ("the table 'runs' is not what was stored: trainings",)
    with Store.open(folder) as store:
        assert store.runs() == []
    assert labels(folder) == values


def test_a_gesture_outlives_the_hashes(store, folder, label):
    store.append([label(f"i{n}", gesture=0) for n in range(5)])
    store.close()
    with closing(sqlite3.connect(folder / DATABASE)) as db:
        db.execute("DROP TABLE seals")
    report = repair(folder)
    assert (report.events, report.lost, report.doubtful) == (5, (), (1,))
    with Store.open(folder) as again:
        again.append([NewEvent("undo", annotator="ada")])
        assert again.labels().height == 0


@pytest.mark.parametrize("position", range(0, 100, 3))
def test_a_flipped_header_is_named_or_says_nothing_and_is_repaired(labelled, position):
    folder, values = labelled
    flip(folder / DATABASE, position, 2)
    try:
        assert labels(folder) == values
    except ProjectError:
        report = repair(folder)
        assert (report.events, report.lost) == (30, ())
        assert labels(folder) == values


@pytest.mark.parametrize("bit", range(0, 8 * 256, 37))
def test_a_bit_that_flips_in_the_seal_keeps_nothing_shut(labelled, bit):
    folder, values = labelled
    flip(folder / SEAL, bit // 8, bit % 8)
    assert labels(folder) == values


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 300])
def test_a_seal_that_is_gone_is_written_anew(labelled, content):
    folder, values = labelled
    mark = seal_file.read(folder)
    if content is None:
        (folder / SEAL).unlink()
    else:
        (folder / SEAL).write_bytes(content)
    assert labels(folder) == values
    assert seal_file.read(folder) == mark


def test_another_projects_database_and_an_older_copy_are_named(labelled, tmp_path, label):
    folder, values = labelled
    shutil.copyfile(folder / DATABASE, tmp_path / "older.db")
    with Store.open(folder) as store:
        store.append([label("i50")])
    with Store.create(tmp_path / "other.spin", {"classes": ["x", "y"]}) as other:
        other.add_items([NewItem(f"i{n}", f"i{n}.png", "image") for n in range(60)])
        for n in range(60):
            other.append([label(f"i{n}")])
    shutil.copyfile(tmp_path / "other.spin" / DATABASE, folder / DATABASE)
    with pytest.raises(ProjectError, match=f"not the one that {SEAL} belongs to"):
        Store.open(folder)
    shutil.copyfile(tmp_path / "older.db", folder / DATABASE)
    with pytest.raises(ProjectError, match="the last 1 writes, 1 events among them, are gone"):
        Store.open(folder)
    assert repair(folder).lost == (31,)
    assert labels(folder) == values


def test_what_was_noted_late_is_no_damage(labelled, label):
    """A kill between commit and note: the seal lags behind."""
    folder, values = labelled
    late = (folder / SEAL).read_bytes()
    with Store.open(folder) as store:
        store.append([label("i50", "dent")])
    (folder / SEAL).write_bytes(late)
    assert labels(folder) == [*values, ("i50", "dent")]


def test_two_processes_keep_one_seal(store, folder, label):
    with Store.open(folder) as other:
        for n in range(10):
            (store, other)[n % 2].append([label(f"i{n}")])
        assert seal_file.read(folder).events == 10
    store.append([label("i20")])
    assert seal_file.read(folder).events == 11


def test_what_failed_is_not_noted(store, folder, label):
    def interrupted():
        with store.transaction():
            store.append([label("i0")])
            raise KeyboardInterrupt

    before = seal_file.read(folder)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    store.append([], client=None)
    assert seal_file.read(folder) == before
    store.append([NewEvent("label", "i1", "x", annotator="ada")])
    assert seal_file.read(folder).writes == before.writes + 1


@pytest.mark.parametrize("n_other", [0, 5, 40])
def test_a_database_overwritten_under_an_open_session_takes_no_label(labelled, tmp_path, label, n_other):
    """In place, as by ``cp``: the file is the same one, and the session still answers from memory."""
    folder, _ = labelled
    with Store.create(tmp_path / "other.spin", {"classes": ["x", "y"]}) as other:
        other.add_items([NewItem(f"i{n}", f"i{n}.png", "image") for n in range(60)])
        for n in range(n_other):
            other.append([label(f"i{n}")])
    with Store.open(folder) as store:
        with open(folder / DATABASE, "r+b") as file:
            file.write((tmp_path / "other.spin" / DATABASE).read_bytes())
            file.truncate()
        for _ in range(2):
            with pytest.raises(StorageError, match="overwritten: nothing was stored"):
                store.append([label("i50")])
