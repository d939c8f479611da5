"""Bits that flip in the first page of the database, which says which tables there are: every row is still there.

``SPIN_ATTACK=full`` runs 1,500 flips instead of some; ``-s`` prints what came of them.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.project import NewAsk, NewEvent, NewItem, Store

N_FLIPS = 1500 if os.environ.get("SPIN_ATTACK") == "full" else 60
DATABASE = "project.db"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A closed project: labels given one by one and in one gesture, an undo, an audit, a training, a model."""
    folder = tmp_path_factory.mktemp("first") / "parts.spin"
    with Store.create(folder, {"classes": ["x", "y"]}) as store:
        store.add_items([NewItem(f"i{n}", f"i{n}.png", "image") for n in range(60)])
        for n in range(12):
            store.append([NewEvent("label", f"i{n}", "xy"[n % 2], annotator="ada")], client=("tab", n + 1))
        store.append([NewEvent("label", f"i{n}", "x", annotator="ada", gesture=0) for n in range(20, 30)])
        store.append([NewEvent("undo", None, annotator="ada")])
        store.mark_shown(store.propose([NewAsk("i40", "audit", 0.5, audit=True)]))
        store.end_run(store.start_run({"head": "auto"}), "done")
        store.add_model("m-1", "graph", {"n_labels": 12})
    return folder


def facts(folder):
    """All a project knows."""
    with Store.open(folder) as store:
        tables = store.items().rows(), store.asks().rows(), store.labels().rows()
        events = [(event.seq, event.kind, event.item, event.value, event.gesture) for event in store.events()]
        return tables, events, store.meta, store.runs(), store.models()


def outcome(folder, truth):
    """What becomes of a person who opens the project and does as told."""
    try:
        return "opens" if facts(folder) == truth else "other facts"
    except spin.SpinError as error:
        if "spin.repair" not in error.do and "Restore" not in error.do:
            return f"told to {error.do}"
    before = (folder / DATABASE).read_bytes()
    try:
        report = spin.repair(folder)
    except spin.SpinError as error:
        kept = (folder / DATABASE).read_bytes() == before
        return f"lost: {error.what[:40]}" if kept else "lost, and the file changed"
    if report.copy is None or (report.copy / DATABASE).read_bytes() != before:
        return "no copy"
    if facts(folder) == truth:
        return "repaired" if not report.lost else "said to be lost, and is not"
    return "repaired, other facts"


def test_every_bit_of_the_first_page_may_flip_and_every_fact_is_there_again(project, tmp_path):
    random = np.random.default_rng(4)
    whole = (project / DATABASE).read_bytes()
    truth = facts(project)
    counts, bad = Counter(), []
    for _ in range(N_FLIPS):
        work = tmp_path / "work.spin"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(project, work)
        at, bit = int(random.integers(4096)), int(random.integers(8))
        (work / DATABASE).write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        try:
            what = outcome(work, truth)
        except Exception as error:
            what = f"raw {type(error).__name__}: {error!s:.100}"
        counts[what] += 1
        if what not in ("opens", "repaired"):
            bad.append((at, bit, what))
    print(*(f"{n:5d} {what}" for what, n in counts.most_common()), sep="\n")
    assert bad == []
