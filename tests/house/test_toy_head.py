"""A head is one file and one word: it opens, labels, asks, trains, is compared, exported, closed and opened again."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import registry
from spin_nb.testing import check_posterior

WORD = "nearest-mean"


@pytest.fixture
def toy_head(tmp_path, monkeypatch):
    """A package of one module, installed beside spin_nb, whose entry point is the word."""
    site = tmp_path / "site"
    info = site / "toy_head-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("toy_head.py"), site / "toy_head.py")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-head\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[spin_nb.posterior]\n{WORD} = toy_head:NearestMean\n")
    monkeypatch.syspath_prepend(str(site))
    registry._added_by_packages.cache_clear()
    yield registry.resolve("posterior", WORD)
    registry._added_by_packages.cache_clear()
    sys.modules.pop("toy_head")


def test_it_keeps_the_contract_of_a_posterior(toy_head):
    check_posterior(toy_head)


def test_it_runs_from_open_to_reopen(toy_head, tmp_path):
    digits = spin.samples.digits()
    images, truth = digits.items[:300], np.array([str(label) for label in digits.labels[:300]])

    def label(session, ids):
        for id in ids:
            session.label(id, truth[session.pool.row(id)])

    with spin.open(tmp_path / "p.spin", pool=images, classes=list(digits.classes)) as s:
        label(s, s.ask(40).ids)
        report = s.train(posterior=WORD, show=True, wait=True)
        assert report.head == s.model.head == WORD
        assert report.validation[WORD] > 0.3  # five folds of the labels, as the head says
        assert set(report.compared) == {WORD, "graph", "linear", "mean"}
        assert any(name.startswith(WORD[:8]) for name in s.curves.figure.data[-1].y)
        assert f"{WORD!r} is least decided here" in s.ask(4).reason
        before = s.model.predictive.mean
        bundle = s.export(tmp_path / "bundle", target="jetson")
        assert any(repr(WORD) in note for note in bundle.notes)
        assert bundle.agreement < 1

    with spin.open(tmp_path / "p.spin") as again:
        assert again.model.head == WORD
        assert np.array_equal(again.model.predictive.mean, before)
        label(again, again.ask(1).ids)
