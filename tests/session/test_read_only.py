"""A project that is opened to look at it: whatever is computed, missing or broken, its folder stays as it was."""

from __future__ import annotations

import shutil
from contextlib import closing

import numpy as np
import pytest
from PIL import Image

import spin_nb as spin
from spin_nb.errors import ReadOnlyError
from spin_nb.types import Broken


def content(folder):
    """Every file of a project, its bytes and when it was written; SQLite's index of its log is no file of ours."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        Image.fromarray(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def at(tmp_path, photos):
    with closing(spin.open(tmp_path / "p.spin", pool=photos, classes=["a", "b"])) as s:
        s.label({"1.png": "a", "2.png": "b"})
        s._live.pool_model.wait()
    return tmp_path / "p.spin"


def test_an_item_is_not_excluded_from_a_project_opened_read_only(at):
    before = content(at)
    with closing(spin.open(at, read_only=True)) as s:
        with pytest.raises(ReadOnlyError, match="read_only"):
            s.pool.exclude([Broken("3.png", "I do not like it")])
        assert "3.png" in s.pool.ids
    assert content(at) == before


@pytest.mark.parametrize("again", [False, True], ids=["by path", "with pool="])
def test_what_cannot_be_read_any_more_is_left_out_and_nothing_is_written(at, photos, again):
    (photos / "3.png").write_bytes(b"no picture")
    shutil.rmtree(at / "features")  # so that every picture is read again
    before = content(at)
    with closing(spin.open(at, read_only=True, **({"pool": photos} if again else {}))) as s:
        s._live.pool_model.wait()
        assert "3.png" not in s.pool.ids
        assert "3.png" in [item.id for item in s.pool.broken]
        assert s.values == {"1.png": "a", "2.png": "b"}
    assert content(at) == before
