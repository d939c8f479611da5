"""A project is repaired while nobody has it open, and opened while nobody repairs it."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import contextmanager

import pytest

from spin_nb.errors import ProjectError
from spin_nb.project import Store
from spin_nb.project import repair as repairing
from spin_nb.project.repair import repair

pytest.importorskip("fcntl", reason="the lock is flock(2)")
SESSION = """
import sys
from spin_nb.project import Store
with Store.open(sys.argv[1], read_only=sys.argv[2] == "reading"):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def open_elsewhere(folder, how="writing"):
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as other:
        yield other.stdout.readline().strip()
        other.stdin.close()


@pytest.mark.parametrize("how", ["writing", "reading"])
def test_a_project_that_another_process_has_open_is_not_repaired(store, folder, label, how):
    store.append([label("i1")])
    store.close()
    before = (folder / "project.db").read_bytes()
    with open_elsewhere(folder, how) as said:
        assert said == "open"
        with pytest.raises(
            ProjectError, match=r"open, in this notebook or in another process.*\n.*s.close\(\)"
        ):
            repair(folder)
        assert not list(folder.glob("damaged-*"))
    assert repair(folder).events == 1
    assert (folder / "project.db").read_bytes() == before


def test_nor_one_that_is_open_in_this_process(store, folder):
    with pytest.raises(ProjectError, match="is open"):
        repair(folder)
    store.close()
    assert repair(folder).copy is None


def test_a_session_that_was_forgotten_keeps_nobody_out(store, folder):
    store.close()
    forgotten = Store.open(folder)
    del forgotten
    gc.collect()
    assert repair(folder).copy is None


def test_one_that_could_not_be_opened_neither(store, folder):
    store.close()
    database = folder / "project.db"
    database.write_bytes(database.read_bytes()[:5000])
    with pytest.raises(ProjectError, match="damaged"):
        Store.open(folder)
    with pytest.raises(ProjectError, match="nothing can be read"):
        repair(folder)


def test_while_a_project_is_repaired_nobody_opens_it(store, folder, label, monkeypatch):
    store.append([label("i1", "crack")])
    store.close()
    database = bytearray((folder / "project.db").read_bytes())
    database[database.index(b'"crack"') + 1] ^= 1
    (folder / "project.db").write_bytes(database)
    put, tried = repairing._put, []

    def interrupted(at, new):
        with open_elsewhere(folder) as said:
            tried.append(said)
        for read_only in (False, True):
            with pytest.raises(ProjectError, match="being repaired"):
                Store.open(folder, read_only=read_only)
        put(at, new)

    monkeypatch.setattr(repairing, "_put", interrupted)
    assert repair(folder).mended == (1,)
    assert tried == [""], "the other process failed"
    with Store.open(folder) as again:
        assert again.labels()["item"].to_list() == ["i1"]
