"""Nothing but a bundle is ever replaced, and a bundle only as a whole."""

import os
from contextlib import suppress

import pytest

from spin_nb.errors import ExportError
from spin_nb.export import bundle_folder
from spin_nb.export.bundle_folder import staged_folder
from spin_nb.export.targets.jetson import export


def listing(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_a_new_bundle_replaces_an_old_one(copied, trained, digits):
    report = export(trained(model_id="newer"), digits[0][:8], copied)
    assert '"newer"' in (copied / "manifest.json").read_text()
    assert listing(copied.parent) == sorted(["copied", *[f"copied/{name}" for name in report.files]])


def test_an_empty_folder_is_used_and_missing_parents_are_made(trained, digits, tmp_path):
    (tmp_path / "empty").mkdir()
    export(trained(), digits[0][:8], tmp_path / "empty")
    export(trained(), digits[0][:8], tmp_path / "deep" / "down")
    assert (tmp_path / "deep" / "down" / "model.onnx").exists()


def test_a_persons_folder_is_never_touched(trained, digits, tmp_path):
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("three years")
    with pytest.raises(ExportError, match=r"thesis\.tex"):
        export(trained(), digits[0][:8], tmp_path)
    assert listing(tmp_path) == ["thesis.tex"]


def test_a_file_added_to_a_bundle_is_not_lost(copied, trained, digits):
    (copied / "model.plan").write_bytes(b"an engine that took an hour")
    before = listing(copied)
    with pytest.raises(ExportError, match=r"model\.plan"):
        export(trained(), digits[0][:8], copied)
    assert listing(copied) == before


@pytest.mark.parametrize(
    "text", ["{}", "not json", "[]", '{"format": "spin_nb-bundle"}', '{"format": 3, "sha256": {}}']
)
def test_somebody_elses_manifest_is_no_bundle(trained, digits, tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ExportError, match="no export wrote"):
        export(trained(), digits[0][:8], tmp_path)
    assert (tmp_path / "manifest.json").read_text() == text


def test_a_file_of_that_name_is_refused(trained, digits, tmp_path):
    (tmp_path / "b").write_text("mine")
    with pytest.raises(ExportError, match="is a file"):
        export(trained(), digits[0][:8], tmp_path / "b")
    with pytest.raises(ExportError, match="could not be written"):
        export(trained(), digits[0][:8], tmp_path / "b" / "inside")
    assert (tmp_path / "b").read_text() == "mine"


def test_when_making_it_fails_the_old_bundle_stands(copied):
    before = {p.name: p.read_bytes() for p in copied.iterdir()}

    def fails_halfway():
        with staged_folder(copied) as fresh:
            (fresh / "model.onnx").write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails_halfway()
    assert {p.name: p.read_bytes() for p in copied.iterdir()} == before
    assert [p.name for p in copied.parent.iterdir()] == ["copied"]


def test_when_the_disk_refuses_the_old_bundle_stands(copied, monkeypatch):
    before = {p.name: p.read_bytes() for p in copied.iterdir()}
    real = os.rename

    def rename(source, target):
        if os.path.basename(source) == "new":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(bundle_folder, "_exchange", lambda fresh, target: False)  # as where the system cannot
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(ExportError, match="No space left on device"), staged_folder(copied) as fresh:
        (fresh / "model.onnx").write_bytes(b"new")
    assert {p.name: p.read_bytes() for p in copied.iterdir()} == before
    assert [p.name for p in copied.parent.iterdir()] == ["copied"]


def test_what_was_put_there_meanwhile_is_not_lost(tmp_path):
    def is_overtaken():
        with staged_folder(tmp_path / "b") as fresh:
            (fresh / "model.onnx").write_bytes(b"new")
            (tmp_path / "b").mkdir()
            (tmp_path / "b" / "late").write_text("mine")

    with pytest.raises(ExportError, match="late"):
        is_overtaken()
    assert listing(tmp_path) == ["b", "b/late"]


def test_a_link_to_a_bundle_keeps_being_a_link(copied, trained, digits, tmp_path):
    link = tmp_path / "latest"
    link.symlink_to(copied, target_is_directory=True)
    export(trained(model_id="newer"), digits[0][:8], link)
    assert link.is_symlink()
    assert '"newer"' in (copied / "manifest.json").read_text()


class Killed(BaseException):
    """What stands for a kill here: nothing is put back on the way out."""


@pytest.mark.parametrize("exchanges", [True, False])
def test_an_export_killed_while_it_takes_the_old_ones_place_loses_no_bundle(copied, monkeypatch, exchanges):
    before = {p.name: p.read_bytes() for p in copied.iterdir()}
    real, renames = os.rename, []

    def rename(source, target):
        renames.append(source)
        if len(renames) == 2:
            raise Killed
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", rename)
        patch.setattr(bundle_folder.shutil, "rmtree", lambda *_, **__: None)
        if not exchanges:
            patch.setattr(bundle_folder, "_exchange", lambda fresh, target: False)
        with suppress(Killed), staged_folder(copied) as fresh:
            (fresh / "model.onnx").write_bytes(b"new")
            (fresh / "manifest.json").write_bytes((copied / "manifest.json").read_bytes())
    assert len(list(copied.parent.iterdir())) > 1 or exchanges

    def is_given_up():
        with staged_folder(copied):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # the next export clears up before it begins
        is_given_up()
    assert [p.name for p in copied.parent.iterdir()] == ["copied"]
    if not exchanges:
        assert {p.name: p.read_bytes() for p in copied.iterdir()} == before


def test_what_an_export_that_still_runs_has_written_is_left_alone(copied):
    with staged_folder(copied) as first:
        (first / "model.onnx").write_bytes(b"first")
        with staged_folder(copied) as second:
            (second / "model.onnx").write_bytes(b"second")
            (second / "manifest.json").write_bytes((copied / "manifest.json").read_bytes())
        assert (first / "model.onnx").read_bytes() == b"first"
        (first / "manifest.json").write_bytes((copied / "manifest.json").read_bytes())
    assert (copied / "model.onnx").read_bytes() == b"first"
