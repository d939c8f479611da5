"""A kernel that needs longer than the page's patience: what it answers is taken, however late it comes."""

from __future__ import annotations

import json

import pytest

from tests.waiting import rest, until

pytestmark = pytest.mark.browser

LATE = 50  # milliseconds of the page's patience here


@pytest.fixture
def slow(bench):
    """A page whose patience is short, and a kernel whose answers wait to be delivered."""
    bench.answer_within, bench.hold = LATE, True
    return bench


def asked(bench, verb):
    return [message for message in bench.requests if message["verb"] == verb]


def overdue(bench, verb, n=1):
    """Wait until the n-th question of this kind has waited longer than the page's patience."""
    until(lambda: len(asked(bench, verb)) >= n, page=bench.page, what=f"{verb} number {n}")
    rest(bench.page, 2 * LATE)  # timers run in order of when they are due


def deliver(bench):
    """What the kernel has answered so far reaches the page; what it answers next waits again."""
    held, bench.held = bench.held, []
    bench.page.evaluate("(messages) => messages.forEach((m) => window.model.deliver(m))", held)


def test_the_first_answer_may_come_at_any_time(slow, session, disk):
    slow.start(session)
    overdue(slow, "hello")
    slow.until("root.textContent.includes('No answer from the kernel yet')")
    slow.release()
    slow.shows("img_0")
    slow.until("!root.textContent.includes('No answer from the kernel yet')")
    assert len(asked(slow, "hello")) == 1, "to ask again would be answered later still"
    slow.keys("1")
    slow.settled()
    assert disk.labels == {"img_0": "ok"}


def test_every_answer_may_come_late(slow, session, disk):
    slow.start(session)
    overdue(slow, "hello")
    deliver(slow)
    for n in (1, 2):  # the first two cards, then all
        overdue(slow, "cards", n)
        deliver(slow)
    slow.shows("img_0")
    slow.stocked()
    assert len(asked(slow, "cards")) == 2
    tokens = [f"img_{i}|{i + 1}" for i in range(16)]
    assert session.drawn == 16, "no card was drawn anew"
    slow.hold = False
    slow.keys(*"123")
    slow.settled()
    assert [entry["token"] for entry in disk.decisions] == tokens[:3], (
        "each label answers the ask that was shown"
    )


def test_a_page_that_was_reloaded_goes_on_with_its_item_however_slow_the_kernel(slow, session):
    slow.hold = False
    slow.start(session)
    slow.keys("1")
    slow.settled()
    slow.shows("img_1")
    slow.hold = True
    n = len(asked(slow, "hello"))
    slow.reload()
    overdue(slow, "hello", n + 1)
    deliver(slow)
    overdue(slow, "card")
    deliver(slow)
    slow.shows("img_1")


def test_an_answer_that_is_lost_is_asked_for_again(slow, session):
    slow.start(session)
    overdue(slow, "hello")
    lost = [held for held in slow.held if json.loads(held)[0]["reply"] == asked(slow, "hello")[0]["call"]]
    slow.held = [held for held in slow.held if held not in lost]
    assert lost
    until(lambda: slow.held, page=slow.page, what="the page finds out whether its question is lost")
    slow.release()
    slow.shows("img_0")
    assert len(asked(slow, "hello")) == 2
