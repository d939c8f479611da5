"""Background work: handles, lanes and the home thread."""

from __future__ import annotations

import asyncio
import threading

import pytest

from spin_nb.errors import SpinError
from spin_nb.session.runtime.jobs import Handle, Lane
from spin_nb.session.runtime.main_thread import Home


@pytest.fixture
def home():
    return Home()


def test_work_from_another_thread_waits_for_the_home_thread_and_keeps_its_order(home):
    seen: list[tuple[int, int]] = []
    worker = threading.Thread(
        target=lambda: [home.do(lambda i=i: seen.append((i, threading.get_ident()))) for i in range(5)]
    )
    worker.start()
    worker.join()
    assert seen == []
    home.drain()
    assert seen == [(i, threading.get_ident()) for i in range(5)]


def test_what_is_run_may_poll_however_much_is_queued(home):
    handle, seen = Handle("Long", home), []
    worker = threading.Thread(
        target=lambda: [home.do(lambda i=i: seen.append((i, handle.status))) for i in range(3000)]
    )
    worker.start()
    worker.join()
    home.drain()
    assert seen == [(i, "queued") for i in range(3000)]


def test_progress_told_while_home_is_busy_is_one_signal_with_the_latest(home):
    handle, heard = Handle("Long", home), []
    handle.changed.connect(lambda: heard.append(handle.progress))
    worker = threading.Thread(target=lambda: [handle.report(i / 500, "on") for i in range(501)])
    worker.start()
    worker.join()
    home.drain()
    assert heard == [1.0]


def test_who_waits_in_a_callback_is_not_kept_waiting(home):
    lane, results = Lane("test", home), []
    inner = lane.start(Handle("Inner", home), lambda h: 1, lambda value: value + 1)
    home.do(lambda: results.append(inner.result(60)))
    assert results == [2]
    lane.close()


def test_in_a_kernel_the_event_loop_wakes_the_home_thread():
    async def kernel():
        home, woken = Home(), asyncio.Event()
        threading.Thread(target=lambda: home.do(woken.set)).start()
        await asyncio.wait_for(woken.wait(), 5)
        return threading.get_ident()

    assert asyncio.run(kernel()) == threading.get_ident()


def test_a_job_computes_in_the_worker_and_lands_at_home(home):
    where = {}
    lane, handle = Lane("test", home), Handle("Sum", home)

    def work(h):
        where["work"] = threading.get_ident()
        h.report(0.5, "half way")
        return 41

    def land(value):
        where["land"] = threading.get_ident()
        return value + 1

    assert lane.start(handle, work, land).result(60) == 42
    assert where["land"] == threading.get_ident() != where["work"]
    assert (handle.status, handle.progress) == ("done", 1.0)
    lane.close()


def test_jobs_of_one_lane_run_one_after_another(home):
    lane, order = Lane("test", home), []
    first, second = Handle("first", home), Handle("second", home)
    gate = threading.Event()
    lane.start(first, lambda h: (gate.wait(60), order.append(1)), lambda v: v)
    lane.start(second, lambda h: order.append(2), lambda v: v)
    assert second.status == "queued"
    gate.set()
    second.result(60)
    assert order == [1, 2]


def test_cancelling_stops_at_the_next_checkpoint(home):
    lane, handle, begun = Lane("test", home), Handle("Endless", home), threading.Event()

    def work(h):
        while True:
            h.report(0.1, "on and on")
            begun.set()

    lane.start(handle, work, lambda v: v)
    begun.wait(60)
    handle.cancel()
    with pytest.raises(SpinError, match="was cancelled"):
        handle.result(60)
    assert handle.status == "cancelled"


def test_cancelling_what_has_not_begun_never_runs_it(home):
    lane, gate, ran = Lane("test", home), threading.Event(), []
    lane.start(Handle("first", home), lambda h: gate.wait(60), lambda v: v)
    second = lane.start(Handle("second", home), lambda h: ran.append(1), lambda v: v)
    second.cancel()
    gate.set()
    third = lane.start(Handle("third", home), lambda h: "here", lambda v: v)
    assert third.result(60) == "here"
    assert ran == []
    assert second.status == "cancelled"


def test_what_the_work_raises_is_raised_by_result_and_told_once(home):
    lane, told = Lane("test", home), []
    handle = lane.start(Handle("Bad", home), lambda h: 1 / 0, lambda v: v, failed=told.append)
    with pytest.raises(ZeroDivisionError):
        handle.result(60)
    assert [type(e) for e in told] == [ZeroDivisionError]
    assert handle.status == "failed"


def test_a_handle_can_be_awaited():
    async def cell():
        home = Home()
        return await Lane("test", home).start(Handle("Sum", home), lambda h: 1, lambda v: v + 1)

    assert asyncio.run(cell()) == 2


def test_waiting_can_time_out(home):
    gate = threading.Event()
    handle = Lane("test", home).start(Handle("Slow", home), lambda h: gate.wait(60), lambda v: v)
    with pytest.raises(TimeoutError, match="Slow is still"):
        handle.result(0.05)
    gate.set()
