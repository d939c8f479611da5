"""``s.check()``: what is damaged, file by file, and what to do."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.io import seal

PIXELS = np.random.default_rng(0).integers(0, 255, (24, 12, 12), dtype=np.uint8)


@pytest.fixture
def project(tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=PIXELS, classes=["a", "b"])
    s.label({id: "ab"[row % 2] for row, id in enumerate(s.pool.ids[:12])})
    s.train(wait=True)
    yield s
    s.close()


def test_a_whole_project_says_what_was_compared(project):
    report = project.check()
    assert (report.ok, report.events, report.items) == (True, 12, 24)
    assert repr(report).startswith("nothing is damaged: 12 events, 24 items, ")


def test_a_folder_that_goes_while_files_are_counted_is_no_fault(project, monkeypatch):
    going = project.folder / "features" / "of a moment"
    going.mkdir()
    scandir = os.scandir

    def scan(place="."):
        if Path(place) == going:
            going.rmdir()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", scan)
    assert project.check().ok
    assert not going.exists()


def test_a_cache_whose_seal_is_just_being_written_is_no_fault(project, monkeypatch):
    path = sorted(project.folder.glob("features/*.npy"))[0]
    np.save(path, np.zeros(3, np.float32))
    os.utime(path, ns=(2 * 10**18, 2 * 10**18))  # after its seal, whatever the disk's clock resolves
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: seal(path))
    monkeypatch.setattr("spin_nb.session.checks.check.time", clock)
    assert project.check().ok


def test_arrivals_that_only_the_database_knows_are_named(project):
    project.watch(list(PIXELS[:3]), wait=True)
    log = project.folder / "pool" / "arrivals.jsonl"
    log.unlink()
    (damage,) = project.check().damages
    assert damage.file == "pool/arrivals.jsonl"
    assert "3 arrivals" in damage.what


@pytest.mark.parametrize(
    ("pattern", "file"),
    [
        ("features/*.npy", "features/"),
        ("models/*/card.json", "models/"),
        ("models/*/model.safetensors", "models/"),
        ("pool/ids.json", "pool"),
        ("project.db", "project.db"),
    ],
)
def test_a_damaged_file_is_named_and_what_to_do(project, pattern, file):
    project.check()
    project._project.store._database.checkpoint()
    (path,) = sorted(project.folder.glob(pattern))[:1]
    data = bytearray(path.read_bytes())
    at = data.index(b'"a"') + 1 if pattern == "project.db" else len(data) // 2
    data[at] ^= 4
    path.write_bytes(data)
    report = project.check()
    assert not report.ok
    assert report.damages[0].file.startswith(file)
    assert report.damages[0].do
    assert report.damages[0].file in repr(report)


def test_repair_is_a_public_name_that_says_what_survives(project):
    project.close()
    assert repr(spin.repair(project.folder)) == "nothing to repair: 12 events, all as they were stored"
    with pytest.raises(spin.SpinError, match=r"there is no project\.db"):
        spin.repair(project.folder / "nowhere")
