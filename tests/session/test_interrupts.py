"""Ctrl-C, or the notebook's stop button, in the middle of what changes a project: all of it or nothing."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

import spin_nb as spin
from spin_nb.session.stream import watcher
from tests.waiting import PATIENCE_SECONDS, until

POINTS = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)


pytestmark = pytest.mark.usefixtures("interrupts")


@pytest.fixture
def s(tmp_path):
    s = spin.open(tmp_path / "p.spin", pool=POINTS, classes=["a", "b"])
    ids = s.pool.ids
    s.label({ids[0]: "a", ids[1]: "b"})
    s.label(ids[3], "b")
    s.predict(ids)
    yield s
    s.close()


def interrupted(function):
    """The same, but Ctrl-C comes just before it begins."""

    def run(*args, **how):
        signal.raise_signal(signal.SIGINT)
        return function(*args, **how)

    return run


def check_as_on_disk(s):
    """Labels and predictions of the session are those of the project opened again."""
    again = spin.open(s.folder)
    try:
        assert s.values == again.values
        assert s.pool.ids == again.pool.ids
        np.testing.assert_allclose(s.predict(s.pool.ids).mean, again.predict(s.pool.ids).mean, atol=1e-4)
        assert again.problem is None
    finally:
        again.close()


def act(s, what):
    ids = s.pool.ids
    {
        "label": lambda: s.label(ids[2], "a"),
        "labels": lambda: s.label({id: "ab"[n % 2] for n, id in enumerate(ids[:40])}),
        "undo": s.undo,
        "release": s.audit.release,
    }[what]()


@pytest.mark.parametrize("what", ["label", "labels", "undo", "release"])
def test_between_the_disk_and_the_model_nothing_is_parted(s, monkeypatch, what):
    monkeypatch.setattr(s._live, "follow", interrupted(s._live.follow))
    with pytest.raises(KeyboardInterrupt):
        act(s, what)
    monkeypatch.undo()
    check_as_on_disk(s)


@pytest.mark.parametrize("what", ["values", "ask", "predict"])
def test_what_another_session_labelled_is_taken_in_whole(s, monkeypatch, what):
    other = spin.open(s.folder, annotator="other")
    other.label(dict.fromkeys(s.pool.ids[10:20], "b"))
    other.close()
    monkeypatch.setattr(s._live, "follow", interrupted(s._live.follow))
    with pytest.raises(KeyboardInterrupt):
        {"values": lambda: s.values, "ask": lambda: s.ask(3), "predict": lambda: s.predict(s.pool.ids)}[
            what
        ]()
    monkeypatch.undo()
    check_as_on_disk(s)


@pytest.mark.parametrize("step", ["append", "join"])
def test_arrivals_whose_joining_was_interrupted_have_joined(s, monkeypatch, step):
    owner = watcher if step == "append" else s.pool
    monkeypatch.setattr(owner, step, interrupted(getattr(owner, step)))
    with pytest.raises(KeyboardInterrupt):
        s.watch(list(POINTS[:8] + 3), wait=True)
    monkeypatch.undo()
    assert len(s.pool.ids) == 68
    check_as_on_disk(s)
    s.watch(list(POINTS[:4] - 3), wait=True)
    assert len(s.items) == 72


def test_an_interrupted_watch_is_cancelled_and_the_next_one_begins(s):
    taken, go_on = 0, threading.Event()

    def camera():
        nonlocal taken
        for taken in range(1, 401):
            if taken == 40:
                signal.raise_signal(signal.SIGINT)  # from the worker; Python interrupts its main thread
                go_on.wait(PATIENCE_SECONDS)
            yield POINTS[taken % 60] + 3

    with pytest.raises(KeyboardInterrupt):
        s.watch(camera(), wait=True)
    go_on.set()
    assert s.watch(list(POINTS[:3] - 3), wait=True).n == 3
    before = (taken, len(s.pool.ids))
    assert taken == 40
    assert 63 <= len(s.pool.ids) <= 63 + taken
    s.ask(1)
    assert (taken, len(s.pool.ids)) == before
    check_as_on_disk(s)


def test_an_interrupted_training_is_cancelled_and_the_next_one_begins(s):
    go_on = threading.Event()

    class Slow(DummyClassifier):
        def fit(self, x, y, sample_weight=None):
            if not go_on.is_set():
                signal.raise_signal(signal.SIGINT)
                go_on.wait(PATIENCE_SECONDS)
            return super().fit(x, y, sample_weight)

    shown = s.model.head
    with pytest.raises(KeyboardInterrupt):
        s.train(Slow(), wait=True)
    go_on.set()
    assert s.train(wait=True).n_labels == 3
    assert [run.status for run in s._project.store.runs()] == ["cancelled", "done"]
    assert s.model.head == shown
    check_as_on_disk(s)


def test_a_cancelled_watch_takes_no_more_of_its_stream(s):
    taken, at_second, go_on = [], threading.Event(), threading.Event()

    def slow():
        for number in range(5):
            if number == 1:
                at_second.set()
                go_on.wait(PATIENCE_SECONDS)
            taken.append(number)
            yield POINTS[number]

    handle = s.watch(slow(), wait=False)
    assert at_second.wait(PATIENCE_SECONDS)
    handle.cancel()
    go_on.set()
    until(lambda: handle.status == "cancelled")
    assert taken == [0, 1]
    assert len(s.pool.ids) == 60


def test_a_view_that_fails_takes_no_arrival_back(s):
    def fail(*_):
        raise ValueError("a view of a person's own")

    s.events.watched.connect(fail)
    with pytest.raises(Exception, match=r"a view of a person's own|emitting"):
        s.watch(list(POINTS[:8] + 3), wait=True)
    s.events.watched.disconnect(fail)
    assert len(s.items) == len(s.pool.ids) == 68
    check_as_on_disk(s)
