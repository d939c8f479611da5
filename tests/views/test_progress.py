"""The train handle on screen: how far, what, cancel, and what came of it."""

from __future__ import annotations

import pytest
from psygnal import Signal

from spin_nb.errors import ModelError
from spin_nb.views.workbench.progress import Progress


class Job:
    changed = Signal()

    def __init__(self) -> None:
        self.name, self.status, self.progress, self.message = (
            "training",
            "queued",
            0.0,
            "waiting for its turn",
        )
        self.cancelled = False
        self.outcome: object = "Trained model-1: head 'graph'"

    def set(self, **facts) -> None:
        for name, value in facts.items():
            setattr(self, name, value)
        self.changed.emit()

    def cancel(self) -> None:
        self.cancelled = True

    def result(self) -> object:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def handle():
    return Job()


def test_it_shows_a_handle_that_is_waiting(handle):
    view = Progress(handle)
    assert (view.title, view.status, view.message, view.fraction) == (
        "training",
        "queued",
        "waiting for its turn",
        0.0,
    )


def test_it_follows_the_handle(handle):
    view = Progress(handle)
    handle.set(status="running", progress=0.4, message="linear head, fold 2 of 5")
    assert (view.status, view.fraction, view.message) == ("running", 0.4, "linear head, fold 2 of 5")


def test_a_fast_handle_sends_few_updates_and_the_last_one_always(handle):
    view = Progress(handle)
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "fraction")
    handle.set(status="running")
    for i in range(1000):
        handle.set(progress=i / 1000)
    handle.set(status="done", progress=1.0)
    assert len(seen) < 20
    assert (view.fraction, view.status) == (1.0, "done")
    assert view.report == repr(handle.outcome)


def test_the_button_cancels(handle):
    view = Progress(handle)
    sent = []
    view.send = lambda content, buffers=None: sent.append(content)
    view._receive(view, {"call": 1, "verb": "cancel"}, [])
    assert handle.cancelled
    assert sent == [{"reply": 1}]


def test_a_failure_is_shown_in_words(handle):
    view = Progress(handle)
    handle.outcome = ModelError("features hold NaN.", "Look at s.items.")
    handle.set(status="failed", message="failed")
    assert view.report == "features hold NaN.\n  -> Look at s.items."


def test_a_cancelled_handle_has_no_report(handle):
    view = Progress(handle)
    handle.outcome = RuntimeError("never asked")
    handle.set(status="cancelled")
    assert (view.status, view.report) == ("cancelled", "")


@pytest.mark.parametrize("progress", [-1.0, 7.0])
def test_progress_stays_between_nothing_and_all(handle, progress):
    handle.progress = progress
    assert 0.0 <= Progress(handle).fraction <= 1.0


def test_a_number_of_four_hundred_digits_from_a_page_is_said_and_put_back(handle):
    view, told = Progress(handle), []
    view.send = lambda content, buffers=None: told.append(content)
    view.set_state({"fraction": 10**400})
    assert view.fraction == 0.0
    assert [content["push"] for content in told] == ["problem"]
