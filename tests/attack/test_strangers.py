"""Projects of strangers, opened with ``trusted=False``: no label changed, nothing outside touched, none that hangs.

Printed with ``-s``: how many of each.  A project that opens must hold the labels that the honest one held and what was
said since; all others are refused with a ``SpinError``.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spin_nb as spin
from tests.attack.strangers import NAMES, PROJECTS

SECONDS = 100
"""After which opening counts as a hang; this machine may be busy."""
IMPORT_SECONDS = 280
TABLE = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
TABLE[:30] += 3
LABELS = {f"item-{row:06d}": "a" if row < 30 else "c" for row in range(0, 60, 7)}


class Opener:
    """A process that opens one project after another; killed, and begun again, when one takes for ever."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, path: Path, *, trusted: bool = False, patience: float = SECONDS) -> dict | None:
        """What happened; None where it did not end."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("opener.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=self.home / "cwd",
                env=os.environ
                | {"HOME": str(self.home / "out"), "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{'trusted' if trusted else 'untrusted'} {json.dumps(str(path))}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.close()
            return None
        told: dict = json.loads(line)
        return told

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A project as spin_nb leaves it: labels, a model, features; closed."""
    path = tmp_path_factory.mktemp("honest") / "p.spin"
    s = spin.open(path, pool=TABLE, classes=["a", "c"], annotator="ada")
    s.label(LABELS)
    s.train(wait=True)
    s.close()
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    place = tmp_path_factory.mktemp("strangers")
    (place / "cwd").mkdir()
    return place


@pytest.fixture(scope="module")
def opener(home, honest):
    """Warm, so that what a first opening imports and reads is no part of what is counted."""
    with_own = Opener(home)
    shutil.copytree(honest, home / "first.spin")
    (home / "out").mkdir()
    told = with_own(home / "first.spin", patience=IMPORT_SECONDS)
    assert told is not None
    assert told["error"] is None, told["error"]
    yield with_own
    with_own.close()


def laid_out(home: Path, honest: Path) -> tuple[Path, Path]:
    """The project to be changed, and a folder that is none of its business."""
    p, out = home / "p.spin", home / "out"
    for place in (p, out):
        if place.is_symlink():
            place.unlink()
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(honest, p)
    out.mkdir()
    (out / "precious.txt").write_text("mine\n")
    (out / "precious.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    return p, out


def state(out: Path) -> dict[str, tuple]:
    """Names below a folder, contents of files, times of their last change and, where it is kept, of their last read."""
    found: dict[str, tuple] = {}
    for path in sorted(out.rglob("*")):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        os.utime(path, ns=(0, about.st_mtime_ns), follow_symlinks=False)
        found[str(path.relative_to(out))] = (content, about.st_mtime_ns, path.lstat().st_ino)
    return found


def read_since(out: Path) -> list[str]:
    """Files whose last read is later than ``state`` set it; a file system may not keep that."""
    return [str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and p.lstat().st_atime_ns != 0]


def verdict(told: dict | None, honest_labels: dict[str, str]) -> list[str]:
    """What is wrong with how a project was opened."""
    if told is None:
        return ["hangs"]
    wrong = []
    if told["error"] is not None and not told["spin"]:
        wrong.append(f"raises {told['error']}")
    for when, expected in (
        ("before", honest_labels),
        ("labels", honest_labels | {told.get("said"): "a"}),
        ("again", honest_labels | {told.get("said"): "a"}),
    ):
        if told.get(when) is not None and told[when] != expected:
            wrong.append(f"labels {when}: {told[when]} instead of {expected}")
    return wrong


def touched(told: dict | None, out: Path, before: dict[str, tuple]) -> list[str]:
    """What outside was read or written."""
    wrong = [seen for seen in (told or {}).get("seen", []) if str(out) in seen.partition(" ")[2]]
    wrong += [
        seen
        for seen in (told or {}).get("seen", [])
        if seen.startswith(("socket", "subprocess", "os.system"))
    ]
    wrong += [f"read: {name}" for name in read_since(out)]
    after = state(out)
    return wrong + [name for name in {*before, *after} if before.get(name) != after.get(name)]


@pytest.fixture(scope="module")
def counts():
    """What all projects came to, printed at the end."""
    numbers = {
        "projects": 0,
        "refused": 0,
        "opened": 0,
        "labels changed": 0,
        "outside": 0,
        "hung": 0,
        "longest": 0.0,
    }
    yield numbers
    print("\n" + ", ".join(f"{word} {number:.4g}" for word, number in numbers.items()))


@pytest.mark.parametrize("name", PROJECTS)
def test_a_strangers_project_changes_no_label_and_touches_nothing_outside(name, home, honest, opener, counts):
    p, out = laid_out(home, honest)
    PROJECTS[name](p, out)
    before = state(out)
    told = opener(p)
    wrong, outside = verdict(told, LABELS), touched(told, out, before)
    counts["projects"] += 1
    counts["hung"] += told is None
    counts["labels changed"] += any("labels" in one for one in wrong)
    counts["outside"] += bool(outside)
    opened = told is not None and told["error"] is None
    counts["opened" if opened else "refused"] += 1
    counts["longest"] = max(counts["longest"], (told or {}).get("seconds", 0))
    assert not wrong
    assert not outside
    assert opened == name.startswith("opens"), told and told["error"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_looks_like_an_address_is_a_name(name, home, honest, opener):
    p, out = laid_out(home, honest)
    path = home / "cwd" / name
    shutil.copytree(p, path)
    before = state(out)
    told = opener(path)
    assert told is not None
    assert told["error"] is None
    assert not touched(told, out, before)
    assert [entry.name for entry in (home / "cwd").iterdir()] == [name]
    shutil.rmtree(path)
