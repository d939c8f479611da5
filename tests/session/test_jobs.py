"""Background work: handles, lanes and the main_thread thread."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from spin_nb.errors import SpinError
from spin_nb.session.runtime.jobs import Job, Worker, outlast, wait_for
from spin_nb.session.runtime.main_thread import MainThread


@pytest.fixture
def main_thread():
    return MainThread()


def test_work_from_another_thread_waits_for_the_home_thread_and_keeps_its_order(main_thread):
    seen: list[tuple[int, int]] = []
    worker = threading.Thread(
        target=lambda: [
            main_thread.run(lambda i=i: seen.append((i, threading.get_ident()))) for i in range(5)
        ]
    )
    worker.start()
    worker.join()
    assert seen == []
    main_thread.drain()
    assert seen == [(i, threading.get_ident()) for i in range(5)]


def test_what_is_run_may_poll_however_much_is_queued(main_thread):
    handle, seen = Job("Long", main_thread), []
    worker = threading.Thread(
        target=lambda: [main_thread.run(lambda i=i: seen.append((i, handle.status))) for i in range(3000)]
    )
    worker.start()
    worker.join()
    main_thread.drain()
    assert seen == [(i, "queued") for i in range(3000)]


def test_progress_told_while_home_is_busy_is_one_signal_with_the_latest(main_thread):
    handle, heard = Job("Long", main_thread), []
    handle.changed.connect(lambda: heard.append(handle.progress))
    worker = threading.Thread(target=lambda: [handle.report(i / 500, "on") for i in range(501)])
    worker.start()
    worker.join()
    main_thread.drain()
    assert heard == [1.0]


def test_who_waits_in_a_callback_is_not_kept_waiting(main_thread):
    worker, results = Worker("test", main_thread), []
    inner = worker.start(Job("Inner", main_thread), lambda h: 1, lambda value: value + 1)
    main_thread.run(lambda: results.append(inner.result(60)))
    assert results == [2]
    worker.close()


def test_in_a_kernel_the_event_loop_wakes_the_home_thread():
    async def kernel():
        main_thread, woken = MainThread(), asyncio.Event()
        threading.Thread(target=lambda: main_thread.run(woken.set)).start()
        await asyncio.wait_for(woken.wait(), 5)
        return threading.get_ident()

    assert asyncio.run(kernel()) == threading.get_ident()


def test_a_job_computes_in_the_worker_and_lands_at_home(main_thread):
    where = {}
    worker, handle = Worker("test", main_thread), Job("Sum", main_thread)

    def work(h):
        where["work"] = threading.get_ident()
        h.report(0.5, "half way")
        return 41

    def land(value):
        where["land"] = threading.get_ident()
        return value + 1

    assert worker.start(handle, work, land).result(60) == 42
    assert where["land"] == threading.get_ident() != where["work"]
    assert (handle.status, handle.progress) == ("done", 1.0)
    worker.close()


def test_jobs_of_one_lane_run_one_after_another(main_thread):
    worker, order = Worker("test", main_thread), []
    first, second = Job("first", main_thread), Job("second", main_thread)
    gate = threading.Event()
    worker.start(first, lambda h: (gate.wait(60), order.append(1)), lambda v: v)
    worker.start(second, lambda h: order.append(2), lambda v: v)
    assert second.status == "queued"
    gate.set()
    second.result(60)
    assert order == [1, 2]


def test_work_that_waits_for_another_job_goes_on_when_that_has_landed(main_thread):
    other, job = Job("other", main_thread), Job("job", main_thread)
    gate = threading.Event()
    Worker("other", main_thread).start(other, lambda h: gate.wait(60), lambda v: "landed")
    Worker("job", main_thread).start(job, lambda h: outlast(h, other), lambda v: v)
    gate.set()
    assert job.result(60) == "landed"


def test_work_that_waits_for_another_job_raises_what_that_raised(main_thread):
    other, job = Job("other", main_thread), Job("job", main_thread)
    Worker("other", main_thread).start(other, lambda h: 1 / 0, lambda v: v)
    Worker("job", main_thread).start(job, lambda h: outlast(h, other), lambda v: v)
    with pytest.raises(ZeroDivisionError):
        job.result(60)


def test_work_that_waits_for_another_job_ends_when_it_is_cancelled(main_thread):
    never, job, begun = Job("never", main_thread), Job("job", main_thread), threading.Event()

    def work(h):
        begun.set()
        outlast(h, never)

    Worker("job", main_thread).start(job, work, lambda v: v)
    begun.wait(60)
    job.cancel()
    with pytest.raises(SpinError, match="was cancelled"):
        job.result(60)


def test_cancelling_stops_at_the_next_checkpoint(main_thread):
    worker, handle, begun = Worker("test", main_thread), Job("Endless", main_thread), threading.Event()

    def work(h):
        while True:
            h.report(0.1, "on and on")
            begun.set()

    worker.start(handle, work, lambda v: v)
    begun.wait(60)
    handle.cancel()
    with pytest.raises(SpinError, match="was cancelled"):
        handle.result(60)
    assert handle.status == "cancelled"


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_while_a_job_is_being_started_cancels_it(main_thread):
    job, begun = Job("Endless", main_thread), threading.Event()

    def work(h):
        while True:
            h.report(0.1, "on and on")
            begun.set()

    def start():
        Worker("test", main_thread).start(job, work, lambda v: v)
        begun.wait(60)
        signal.raise_signal(signal.SIGINT)
        return job

    with pytest.raises(KeyboardInterrupt):
        wait_for(start)
    with pytest.raises(SpinError, match="was cancelled"):
        job.result(60)


def test_cancelling_what_has_not_begun_never_runs_it(main_thread):
    worker, gate, ran = Worker("test", main_thread), threading.Event(), []
    worker.start(Job("first", main_thread), lambda h: gate.wait(60), lambda v: v)
    second = worker.start(Job("second", main_thread), lambda h: ran.append(1), lambda v: v)
    second.cancel()
    gate.set()
    third = worker.start(Job("third", main_thread), lambda h: "here", lambda v: v)
    assert third.result(60) == "here"
    assert ran == []
    assert second.status == "cancelled"


def test_what_the_work_raises_is_raised_by_result_and_told_once(main_thread):
    worker, told = Worker("test", main_thread), []
    handle = worker.start(Job("Bad", main_thread), lambda h: 1 / 0, lambda v: v, on_failure=told.append)
    with pytest.raises(ZeroDivisionError):
        handle.result(60)
    assert [type(e) for e in told] == [ZeroDivisionError]
    assert handle.status == "failed"


def test_a_handle_can_be_awaited():
    async def cell():
        main_thread = MainThread()
        return await Worker("test", main_thread).start(Job("Sum", main_thread), lambda h: 1, lambda v: v + 1)

    assert asyncio.run(cell()) == 2


def test_waiting_can_time_out(main_thread):
    gate = threading.Event()
    handle = Worker("test", main_thread).start(Job("Slow", main_thread), lambda h: gate.wait(60), lambda v: v)
    with pytest.raises(TimeoutError, match="Slow is still"):
        handle.result(0.05)
    gate.set()
