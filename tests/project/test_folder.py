"""Opening: what is there, whether it may be written, and what is said about everything that is no project."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from spin_nb.errors import ProjectError, ReadOnlyError, StorageError, VersionError
from spin_nb.project import NewAsk, NewItem, Store
from spin_nb.project import folder as paths

MOUNTS = [
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
    "30 22 0:40 / /home/ada rw shared:1 - nfs4 server:/home rw",
    "31 30 0:41 / /home/ada/local\\040disk rw - xfs /dev/vdb rw",
    "32 22 0:42 / /mnt/far rw - fuse.sshfs ada@far: rw",
    "33 22 0:43 / /mnt/stick rw - fuse.ntfs-3g /dev/sdb1 rw",
    "nonsense",
]


class TestNoProject:
    def test_a_file(self, tmp_path):
        at = tmp_path / "parts.spin"
        at.write_text("hello")
        for call in (lambda: Store.open(at), lambda: Store.create(at, {})):
            with pytest.raises(ProjectError, match="is a file, not a project folder"):
                call()
        assert at.read_text() == "hello"

    def test_a_folder_with_other_things_in_it(self, tmp_path):
        (tmp_path / "photo.png").write_bytes(b"png")
        for call in (lambda: Store.open(tmp_path), lambda: Store.create(tmp_path, {})):
            with pytest.raises(ProjectError, match=r"holds other things \('photo.png'\)"):
                call()
        assert os.listdir(tmp_path) == ["photo.png"]

    def test_nothing(self, tmp_path):
        with pytest.raises(ProjectError, match="there is no project"):
            Store.open(tmp_path / "nowhere")
        assert not (tmp_path / "nowhere").exists()

    def test_below_a_file(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ProjectError):
            Store.create(tmp_path / "file" / "parts.spin", {})

    def test_an_empty_folder_becomes_a_project(self, folder):
        folder.mkdir()
        (folder / ".DS_Store").write_text("")
        (folder / "pool").mkdir()
        assert not paths.check_project_folder(folder)
        Store.create(folder, {}).close()
        assert paths.check_project_folder(folder)

    def test_creating_over_a_project(self, store, folder, label):
        store.append([label("i0")])
        with pytest.raises(ProjectError, match="already"):
            Store.create(folder, {})
        assert len(store.labels()) == 1


class TestDamage:
    @pytest.mark.parametrize(
        "junk", [b"not a database at all", b"SQLite format 3\0" + bytes(84), bytes(4096)]
    )
    def test_a_file_that_is_no_database(self, folder, junk):
        folder.mkdir()
        (folder / "project.db").write_bytes(junk)
        for call in (lambda: Store.open(folder), lambda: Store.create(folder, {})):
            with pytest.raises(ProjectError, match="damaged or was not made by spin_nb"):
                call()
        assert (folder / "project.db").read_bytes() == junk

    def test_somebody_elses_database(self, folder):
        folder.mkdir()
        with sqlite3.connect(folder / "project.db") as db:
            db.execute("CREATE TABLE t(x)")
        with pytest.raises(ProjectError, match="was not made by spin_nb"):
            Store.open(folder)

    @pytest.mark.parametrize("damage", ["zeroed", "cut", "noise"])
    @pytest.mark.parametrize("read_only", [False, True])
    def test_a_project_that_was_overwritten(self, store, folder, label, damage, read_only):
        store.append([label(f"i{n}", "x" * 900) for n in range(60)])
        store.close()
        whole = (folder / "project.db").read_bytes()
        middle = {
            "zeroed": bytes(len(whole) - 100),
            "cut": b"",
            "noise": b"\x81\x7f\xfe" * (len(whole) // 3),
        }[damage]
        (folder / "project.db").write_bytes(whole[:100] + middle)
        with pytest.raises(ProjectError) as caught, Store.open(folder, read_only=read_only) as again:
            again.labels()
        assert not isinstance(caught.value, StorageError)
        assert "is damaged" in caught.value.what
        assert "Restore it from a copy" in caught.value.do

    def test_an_older_spin_nb_refuses_a_newer_project_and_leaves_it_alone(self, store, folder, label):
        store.append([label("i0")])
        with store.transaction() as db:
            db.execute("PRAGMA user_version = 6")
        store.close()
        before = (folder / "project.db").read_bytes()
        for read_only in (False, True):
            with pytest.raises(
                VersionError, match="has format 6; this spin_nb knows formats up to 5"
            ) as caught:
                Store.open(folder, read_only=read_only)
            assert "Upgrade" in caught.value.do
        assert (folder / "project.db").read_bytes() == before


def all_writes(store, label):
    return {
        "append": lambda: store.append([label("i1")]),
        "add_items": lambda: store.add_items([NewItem("new", 0, "image")]),
        "set_meta": lambda: store.set_meta("k", 1),
        "propose": lambda: store.propose([NewAsk("i1", "auto", 0.5)]),
        "shown": lambda: store.mark_shown([]),
        "discard": lambda: store.discard([]),
        "start_run": lambda: store.start_run(),
        "end_run": lambda: store.end_run(1, "done"),
        "add_model": lambda: store.add_model("m", "graph", {}),
    }


class TestReadOnly:
    def test_everything_can_be_read_and_nothing_written(self, store, folder, label):
        store.append([label("i0")])
        store.close()
        with Store.open(folder, read_only=True) as reader:
            assert reader.read_only
            assert reader.labels()["item"].to_list() == ["i0"]
            assert (len(reader.items()), reader.meta) == (60, {"classes": ["x", "y"]})
            for name, write in all_writes(reader, label).items():
                with pytest.raises(ReadOnlyError, match="open for reading only"):
                    write()
                assert len(reader.events()) == 1, name

    def test_sqlite_itself_refuses_too(self, store, folder):
        with Store.open(folder, read_only=True) as reader:
            db = reader._database.connection
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                db.execute("DELETE FROM items")

    def test_a_reader_follows_another_kernels_labels(self, store, folder, label):
        with Store.open(folder, read_only=True) as reader:
            store.append([label("i0")])
            assert reader.labels()["item"].to_list() == ["i0"]
            store.append([label("i1")])
            assert [e.item for e in reader.events(after=1)] == ["i1"]

    def test_reading_changes_no_byte_of_the_database(self, store, folder):
        store.close()
        before = (folder / "project.db").read_bytes()
        with Store.open(folder, read_only=True) as reader:
            reader.labels()
        assert (folder / "project.db").read_bytes() == before


def look_around(at, report):
    """What a process that may not write sees of a project."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    store = Store.open(at)
    try:
        store.set_meta("k", 1)
    except ReadOnlyError as error:
        report.put((store.read_only, [c.item for c in store.state().labels], error.what))
    store.close()


@pytest.fixture
def public_folder():
    """A folder another user can reach; pytest's own are private to this one."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
class TestFolderThatMayNotBeWritten:
    """Root writes anywhere, so as root the reading is done by a child process of another user."""

    def read(self, folder):
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        # Forked, since another user may not be able to read this Python installation.
        fork = multiprocessing.get_context("fork")
        report = fork.SimpleQueue()
        child = fork.Process(target=look_around, args=(folder, report))
        child.start()
        child.join(120)
        assert child.exitcode == 0
        assert not report.empty()
        return report.get()

    def make(self, folder, label):
        store = Store.create(folder, {})
        store.add_items([NewItem("i0", 0, "image"), NewItem("i1", 0, "image")])
        store.append([label("i0")])
        return store

    def test_a_project_that_was_closed(self, public_folder, label):
        self.make(public_folder / "parts.spin", label).close()
        read_only, items, refused = self.read(public_folder / "parts.spin")
        assert (read_only, items) == (True, ["i0"])
        assert "open for reading only" in refused

    def test_a_project_whose_kernel_was_killed(self, public_folder, label):
        """The last labels are then in the log beside the database, and only there."""
        store = self.make(public_folder / "alive.spin", label)
        shutil.copytree(public_folder / "alive.spin", public_folder / "parts.spin")
        (public_folder / "parts.spin" / "project.db-shm").unlink()
        store.close()
        assert (public_folder / "parts.spin" / "project.db-wal").stat().st_size > 0
        assert self.read(public_folder / "parts.spin")[:2] == (True, ["i0"])

    def test_a_project_another_kernel_has_open(self, public_folder, label):
        folder = public_folder / "parts.spin"
        self.make(folder, label).close()
        hold = (
            "import sys; from spin_nb.project import Store; s = Store.open(sys.argv[1]); s.set_meta('k', 1);"
        )
        command = [sys.executable, "-c", hold + "print(flush=True); input()", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            other.stdout.readline()
            assert self.read(folder)[:2] == (True, ["i0"])
            other.stdin.close()


class TestNetworkFileSystems:
    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("/tmp/p.spin", "ext4"),
            ("/home/ada/p.spin", "nfs4"),
            ("/home/adam/p.spin", "ext4"),
            ("/home/ada/local disk/p.spin", "xfs"),
            ("/mnt/far/p.spin", "fuse.sshfs"),
        ],
    )
    def test_the_innermost_mount_counts(self, path, kind):
        assert paths.file_system(Path(path), MOUNTS) == kind

    @pytest.mark.parametrize(
        ("kind", "network"),
        [("nfs", True), ("nfs4", True), ("cifs", True), ("9p", True), ("fuse.sshfs", True), ("lustre", True),
         ("ext4", False), ("overlay", False), ("tmpfs", False), ("fuse.ntfs-3g", False),
         ("nfsd", False), ("", False)],
    )  # fmt: skip
    def test_which_are_network_file_systems(self, monkeypatch, kind, network):
        monkeypatch.setattr(paths, "file_system", lambda *_: kind)
        assert paths.on_network(Path("/")) == network

    def test_they_get_a_rollback_journal(self, folder, monkeypatch, label):
        monkeypatch.setattr(paths, "on_network", lambda _: True)
        with Store.create(folder, {}) as store:
            store.add_items([NewItem("i0", 0, "image")])
            store.append([label("i0")])
            with store.transaction() as db:
                assert db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
                assert db.execute("PRAGMA synchronous").fetchone()[0] == 3
        assert sorted(os.listdir(folder)) == ["project.db", "project.db.seal"]

    def test_a_project_that_moves_there_changes_its_journal_and_keeps_its_labels(
        self, store, folder, monkeypatch, label
    ):
        store.append([label("i0")])
        store.close()
        monkeypatch.setattr(paths, "on_network", lambda _: True)
        with Store.open(folder) as moved:
            assert moved.labels()["item"].to_list() == ["i0"]
            with moved.transaction() as db:
                assert db.execute("PRAGMA journal_mode").fetchone()[0] == "delete"

    def test_two_kernels_and_a_rollback_journal(self, folder, monkeypatch, label):
        monkeypatch.setattr(paths, "on_network", lambda _: True)
        with Store.create(folder, {}) as one, Store.open(folder) as two:
            one.add_items([NewItem("i0", 0, "image"), NewItem("i1", 0, "image")])
            two.append([label("i0")])
            one.append([label("i1")])
            assert two.labels()["item"].to_list() == ["i0", "i1"]


class TestPaths:
    @pytest.mark.parametrize(
        "parts",
        [
            ("..",),
            ("models", "..", "..", "x"),
            ("/etc/passwd",),
            ("models", "/etc"),
            ("a\0b",),
            ("",),
            ("..\\x",),
        ],
    )
    def test_no_way_out_of_the_folder(self, tmp_path, parts):
        with pytest.raises(ProjectError):
            paths.inside(tmp_path, *parts)

    def test_no_way_out_through_a_link(self, tmp_path):
        (tmp_path / "p").mkdir()
        (tmp_path / "p" / "models").mkdir()
        (tmp_path / "p" / "models" / "m").symlink_to(tmp_path)
        (tmp_path / "p" / "other").symlink_to(tmp_path)
        for parts in (("models", "m"), ("models", "m", "x"), ("other", "x")):
            with pytest.raises(ProjectError, match="leads out"):
                paths.inside(tmp_path / "p", *parts)

    def test_a_folder_of_the_project_may_lie_on_another_disk(self, tmp_path):
        (tmp_path / "p").mkdir()
        (tmp_path / "scratch").mkdir()
        (tmp_path / "p" / "models").symlink_to(tmp_path / "scratch")
        assert paths.inside(tmp_path / "p", "models", "m") == tmp_path.resolve() / "scratch/m"
        with pytest.raises(ProjectError, match="leads out"):
            paths.inside(tmp_path / "p", "models", "..", "m")

    def test_a_way_in(self, tmp_path):
        assert (
            paths.inside(tmp_path, "models", "m-1", "card.json")
            == tmp_path.resolve() / "models/m-1/card.json"
        )

    @pytest.mark.parametrize("name", ["a b?c#d%20.spin", "späte Löhne.spin", "'quoted'.spin"])
    def test_any_folder_name_will_do(self, tmp_path, name):
        with Store.create(tmp_path / name, {}) as store:
            store.set_meta("k", 1)
        with Store.open(tmp_path / name, read_only=True) as store:
            assert store.meta == {"k": 1}
        assert os.listdir(tmp_path) == [name]

    def test_the_working_directory_may_change(self, tmp_path, monkeypatch, label):
        monkeypatch.chdir(tmp_path)
        with Store.create("parts.spin", {}) as store:
            monkeypatch.chdir("/")
            store.add_items([NewItem("i0", 0, "image")])
            assert len(store.append([label("i0")])) == 1
