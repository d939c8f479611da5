"""Small real projects: scikit-learn's digits, opened through the public door."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import spin_nb as spin


class Digits:
    """Real digit images, and what each of them is."""

    def __init__(self, n: int) -> None:
        sample = spin.samples.digits()
        self.images = sample.items[:n]
        self.classes = list(sample.classes)
        self.names = np.array(sample.labels[:n])

    def truth(self, s, id: str) -> str:
        return str(self.names[s.pool.row(id)])

    def label(self, s, ids) -> None:
        for id in ids:
            s.label(id, self.truth(s, id))


@pytest.fixture
def interrupts():
    """SIGINT raises KeyboardInterrupt, also where whoever started the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def digits():
    return Digits(400)


@pytest.fixture
def project(tmp_path, digits):
    """Open (again) the project in this test's folder."""
    opened = []

    def open_(**kwargs):
        first = (
            {} if (tmp_path / "digits.spin").exists() else {"pool": digits.images, "classes": digits.classes}
        )
        opened.append(spin.open(tmp_path / "digits.spin", **{**first, "annotator": "ada", **kwargs}))
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


@pytest.fixture
def open_numbers(tmp_path):
    """Open (again) a project of at least 42 rows of numbers, which starts with four labels."""
    sessions = []

    def open_(pool, **options):
        fresh = not (tmp_path / "p.spin").exists()
        first = {"pool": pool, "classes": ["a", "c"]} if fresh else {}
        s = spin.open(tmp_path / "p.spin", **{"annotator": "ada", **first, **options})
        sessions.append(s)
        if fresh:
            s.label({s.pool.ids[row]: "ac"[row >= 30] for row in (0, 1, 40, 41)})
        s._live.pool_model.wait()
        return s

    yield open_
    for s in sessions:
        s.close()
