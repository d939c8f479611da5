"""Files that are kept: whole or not there, and on disk before they count."""

from __future__ import annotations

import os

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import io
from spin_nb.errors import StorageError
from spin_nb.project.store import Store


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "facts.json"


@pytest.fixture
def steps(monkeypatch):
    """What is done to the disk, in order: ("fsync", name) and ("replace", name)."""
    done = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle):
        done.append(("fsync", os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))))
        fsync(handle)

    def note_replace(old, new):
        done.append(("replace", os.path.basename(new)))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    return done


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")


@needs_proc
def test_bytes_are_on_disk_before_the_name_and_the_name_before_it_returns(path, steps):
    io.write_atomically(path, lambda half: half.write_text("{}"))
    (first, name), *rest = steps
    assert (first, name.endswith("-facts.json")) == ("fsync", True)
    assert rest == [("replace", "facts.json"), ("fsync", "kept")]


@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(path, problem):
    io.write_atomically(path, lambda half: half.write_text("old"))

    def fail(half):
        half.write_text("ne")
        raise problem

    with pytest.raises(StorageError if isinstance(problem, OSError) else KeyboardInterrupt):
        io.write_atomically(path, fail)
    assert [(file.name, file.read_text()) for file in path.parent.iterdir()] == [("facts.json", "old")]


def test_every_flipped_bit_of_a_sealed_file_or_of_its_seal_is_noticed(path):
    io.write_sealed(path, lambda half: half.write_bytes(b"\x00\x01\x02"))
    assert io.is_intact(path)
    for file in (path, path.with_name("facts.json.sha256")):
        whole = file.read_bytes()
        for bit in range(8 * len(whole)):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            file.write_bytes(flipped)
            assert not io.is_intact(path)
        file.write_bytes(whole)
    assert io.is_intact(path)


def test_a_file_without_a_seal_is_not_sealed(path):
    io.write_atomically(path, lambda half: half.write_text("{}"))
    assert not io.is_intact(path)
    assert not io.is_intact(path.with_name("missing"))


@needs_proc
def test_a_model_is_on_disk_before_its_folder_has_its_name_and_the_database_a_row(
    tmp_path, steps, monkeypatch
):
    rename = os.rename
    monkeypatch.setattr(
        os, "rename", lambda old, new: (steps.append(("rename", "model")), rename(old, new))[1]
    )
    s = spin.open(tmp_path / "p.spin", pool=np.eye(12, dtype=np.float32), classes=["a", "b"])
    s.label({id: "ab"[row % 2] for row, id in enumerate(s.pool.ids)})
    add_model = Store.add_model
    monkeypatch.setattr(Store, "add_model", lambda *row: (steps.append(("row", "model")), add_model(*row))[1])
    s.train(wait=True)
    s.close()
    at, listed = steps.index(("rename", "model")), steps.index(("row", "model"))
    before, after = steps[:at], steps[at:listed]
    files = {("fsync", name) for name in ("card.json", "card.json.sha256", "model.safetensors", "model")}
    assert files <= set(before)
    assert ("fsync", "models") in after


class TestOpenRegular:
    def test_reads_what_is_there(self, tmp_path):
        (tmp_path / "a").write_bytes(b"some bytes")
        with io.open_regular(tmp_path / "a") as stream:
            assert stream.read() == b"some bytes"

    @pytest.mark.timeout(60)
    @pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_APPEND], ids=["read", "written"])
    def test_waits_for_no_pipe_and_opens_no_folder_and_no_device(self, tmp_path, flags):
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", tmp_path, "/dev/null"):
            with pytest.raises(OSError, match=r"not a regular file|No such device|Is a directory"):
                io.open_regular(path, flags)

    def test_follows_a_link_only_where_it_may(self, tmp_path):
        (tmp_path / "a").write_bytes(b"some bytes")
        (tmp_path / "link").symlink_to("a")
        assert io.open_regular(tmp_path / "link").read() == b"some bytes"
        with pytest.raises(OSError, match="link"):
            io.open_regular(tmp_path / "link", follow=False)

    def test_what_took_the_place_of_a_file_that_is_open_is_not_read_under_its_name(self, tmp_path):
        (tmp_path / "a").write_bytes(b"some bytes")
        with io.open_regular(tmp_path / "a") as stream:
            (tmp_path / "a").unlink()
            (tmp_path / "a").write_bytes(b"others")
            with open(io.by_name(stream, tmp_path / "a"), "rb") as again:
                assert again.read() == b"some bytes"
