"""Bits that flip and files that are cut, all over a project: named, or harmless; never another label in silence.

``SPIN_ATTACK=full`` runs 500 flips and 200 cuts instead of some; ``-s`` prints what came of them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import spin_nb as spin

FULL = os.environ.get("SPIN_ATTACK") == "full"
N_FLIPS, N_CUTS = (500, 200) if FULL else (30, 12)
N_ITEMS, N_LABELLED, N_EVENTS = 72, 40, 3000
CLASSES = ["ok", "crack", "dent"]
NESTED = b"[" * 100_000 + b"]" * 100_000
CONTENTS = (b"", NESTED, b'{"a":' * 50_000, b"\xff\xfe\x00", b"null", b"[]", b"{}", b'"x"', b"[[1]]\n")

LABELLER = """
import os, signal, sys
import spin_nb as spin
s = spin.open(sys.argv[1], annotator="bob")
for id in s.ask(4).ids:
    s.label(id, "dent")
for id in s.pool.ids[:24]:
    s.label(id, "crack")
s.undo()
os.kill(os.getpid(), signal.SIGKILL)
"""


def points():
    return np.random.default_rng(3).normal(size=(N_ITEMS, 4)).astype(np.float32)


def network():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3))


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """A project that was closed, and one whose kernel was killed."""
    closed = tmp_path_factory.mktemp("flips") / "closed.spin"
    layer = spin.encoders.TorchLayer(network(), "1")
    s = spin.open(closed, pool=points(), classes=CLASSES, annotator="ada", encoder=layer)
    s.audit.share = 0.3
    for id in s.ask(12).ids:
        s.label(id, CLASSES[hash_of(id) % 3])
    for turn in range(N_EVENTS // N_LABELLED):
        s.label({id: CLASSES[(row + turn) % 3] for row, id in enumerate(s.pool.ids[:N_LABELLED])})
    s.skip(s.pool.ids[3])
    s.flag(s.pool.ids[4])
    s.undo()
    s.train(wait=True)
    s.watch(points()[:5] + 0.01, wait=True)
    s.label(s.pool.ids[-1], "ok")
    s._live.pool_model._save_layout(s._view_data.layout[:N_ITEMS])
    s.close()
    killed = closed.with_name("killed.spin")
    shutil.copytree(closed, killed)
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(LABELLER), str(killed)])
    assert done.returncode == -signal.SIGKILL
    return {"closed": closed, "killed": killed}


def hash_of(id):
    return sum(id.encode())


def seen(at, **more):
    """All of a project that a person relies on; predictions are None where something is said to be wrong."""
    s = spin.open(at, annotator="ada", **more)
    try:
        s._live.pool_model.wait()
        labels = s.labels
        facts = {
            "labels": labels.select("item", "value", "annotator", "kind", "audit", "flagged").rows(),
            "history": s.history.rows(),
            "asks": s.asks.rows(),
            "items": s.items.rows(),
            "ids": list(s.pool.ids),
            "classes": list(s.classes),
            "accuracy": repr(s.accuracy),
        }
        predictive = s.model.predictive
        arrays = {"features": np.asarray(s._live.pool_model.features)}
        if predictive is not None:
            arrays["prediction"] = np.asarray(predictive.mean)
        arrays["layout"] = np.asarray(s._view_data.layout)
        return facts, arrays, s.problem
    finally:
        s.close()


def difference(truth, again):
    """What differs and nobody says so; None where all is as it was."""
    (facts, arrays, _), (other, its, problem) = truth, again
    told = problem or ""
    if "arrivals are lost" in told:  # their labels are kept; the items are not there to be compared
        there = len(other["ids"])
        facts = facts | {"ids": facts["ids"][:there], "accuracy": other["accuracy"]}  # of the pool there is
        arrays = {"features": arrays["features"][:there]}
    for name, fact in facts.items():
        if other[name] != fact:
            return name
    for name, array in arrays.items():
        if name == "layout":  # another way to draw the same points
            continue
        if told and name == "prediction":  # of the model that could not be read
            continue
        if name not in its or its[name].shape != array.shape or not np.allclose(its[name], array, atol=1e-4):
            return name
    return None


def outcome(truth, at, **more):
    """("equal" | "named" | "silent" | "raw", what)."""
    try:
        again = seen(at, **more)
    except spin.SpinError as error:
        return ("named" if error.what and error.do else "silent"), str(error)
    except Exception as error:
        return "raw", f"{type(error).__name__}: {error!s:.100}"
    what = difference(truth, again)
    if what is not None:
        return "silent", what
    return ("named" if again[2] else "equal"), str(again[2])


def files(at):
    return sorted(path.relative_to(at) for path in at.rglob("*") if path.is_file() and path.stat().st_size)


def flipped(data, random):
    """A bit of a byte that is not zero, mostly: where something is stored."""
    places = np.flatnonzero(np.frombuffer(data, np.uint8))
    at = (
        int(random.choice(places))
        if len(places) and random.random() < 0.9
        else int(random.integers(len(data)))
    )
    return data[:at] + bytes([data[at] ^ 1 << int(random.integers(8))]) + data[at + 1 :]


def cut(data, random):
    return data[: int(random.integers(len(data)))]


def plan(projects, random):
    """(project, file, change) of every try: each third in the database, each sixth in the log of a killed kernel."""
    closed, killed = projects["closed"], projects["killed"]
    log = [name for name in files(killed) if name.name.startswith("project.db-")]
    rest = [name for name in files(closed) if name.name != "project.db"]
    assert {path.parts[0] for path in rest} >= {"features", "models", "pool", "project.db.seal"}
    assert {path.name for path in log} >= {"project.db-wal"}
    for change, n in ((flipped, N_FLIPS), (cut, N_CUTS)):
        for number in range(n):
            if number % 3 == 0:
                yield closed, Path("project.db"), change
            elif number % 6 == 1:
                yield killed, Path("project.db-wal") if number % 12 == 1 else log[number % len(log)], change
            else:
                yield closed, rest[int(random.integers(len(rest)))], change


def test_no_flipped_bit_and_no_cut_file_changes_anything_in_silence(projects, tmp_path):
    random = np.random.default_rng(0)
    truth = {at: seen(copy(at, tmp_path)) for at in projects.values()}
    counts, words, bad = Counter(), Counter(), []
    for at, name, change in plan(projects, random):
        work = copy(at, tmp_path)
        data = (work / name).read_bytes()
        (work / name).write_bytes(change(data, random))
        how, what = outcome(truth[at], work)
        room = name.parts[0] if len(name.parts) > 1 else name.name
        counts[change.__name__, room, how] += 1
        words[re.sub(r"'/[^']*/|[0-9a-f]{6,}|[0-9]+", "#", what)[:90]] += 1
        if how in ("silent", "raw"):
            bad.append((change.__name__, str(name), how, what))
    for key in sorted(counts):
        print(*key, counts[key])
    print(*(f"{n:4d} {what}" for what, n in words.most_common()), sep="\n")
    assert bad == []


def copy(at, tmp_path):
    work = tmp_path / "work.spin"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(at, work)
    return work


def test_files_of_other_content_are_named_or_computed_anew(projects, tmp_path):
    closed = projects["closed"]
    truth = seen(copy(closed, tmp_path))
    tries = [(name, content) for name in files(closed) for content in CONTENTS]
    random = np.random.default_rng(1)
    if not FULL:
        tries = [tries[row] for row in random.permutation(len(tries))[:9]]
    counts, bad = Counter(), []
    for name, content in tries:
        for more in ({}, {"pool": points(), "classes": CLASSES}):
            work = copy(closed, tmp_path)
            (work / name).write_bytes(content)
            how, what = outcome(truth, work, **more)
            counts[name.parts[0], how] += 1
            if how in ("silent", "raw"):
                bad.append((str(name), content[:8], list(more), how, what))
    print(dict(counts))
    assert bad == []
