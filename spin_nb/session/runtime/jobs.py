"""Long work in the background, and the job a person holds on it."""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future, InvalidStateError
from typing import Any, Generic, TypeVar

from psygnal import Signal

from spin_nb.errors import Cancelled, ProjectError, SpinError
from spin_nb.interrupts import defer_interrupts
from spin_nb.session.arguments import real_number
from spin_nb.session.runtime.main_thread import MainThread

Result = TypeVar("Result")

END_STATUSES = ("done", "cancelled", "failed")
MAX_EXIT_WAIT_SECONDS = 60.0  # seconds that a script which ends waits for what cannot be cancelled


class Job(Generic[Result]):
    """Background work: watch it, wait, cancel.

    Attributes
    ----------
    name : str
        What is being done.
    progress : float
        0 to 1.
    message : str
        What it is doing, or why it failed.
    changed : psygnal signal
        Emitted on the main thread whenever one of these changes.
    """

    changed = Signal()

    def __init__(
        self, name: str, main_thread: MainThread, draw: Callable[[Job[Any]], Any] | None = None
    ) -> None:
        self.name = name
        self.progress = 0.0
        self._status = "queued"
        self.message = "waiting for its turn"
        self._main_thread = main_thread
        self._draw = draw
        self._signal_pending = False
        self._cancel = threading.Event()
        self._wake = threading.Event()  # of work that waits for another job
        self._future: Future[Result] = Future()

    @property
    def status(self) -> str:
        """Stage: "queued", "running", "done", "cancelled" or "failed"."""
        self._main_thread.drain()  # who polls in a script is the only one who can let the result land
        return self._status

    def cancel(self) -> None:
        """Stop at the next checkpoint.

        The last good model stays in place.
        """
        self._cancel.set()
        self._wake.set()
        if self._status == "queued":
            self._finish("cancelled", "cancelled before it began")

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result; raises what the work raised.

        Raises
        ------
        SpinError
            If it was cancelled.
        TimeoutError
            If it is not there after ``timeout`` seconds.
        """
        end = None if timeout is None else time.monotonic() + real_number(timeout, "timeout")
        # Not the future's own waiting: Ctrl-C inside of it leaves its lock taken, or one that is not taken released.
        while self._status not in END_STATUSES:
            self._main_thread.drain(waiting=True)
            if end is not None and time.monotonic() > end:
                raise TimeoutError(f"{self.name} is still {self.status} after {timeout} s")
            time.sleep(0.005)
        self._main_thread.drain(waiting=True)
        try:
            return self._future.result()
        except CancelledError:
            raise SpinError(f"{self.name} was cancelled.", "Start it again when you are ready.") from None

    @property
    def done(self) -> bool:
        """True once it has ended, well or not."""
        self._main_thread.drain()
        return self._future.done()

    def __await__(self) -> Generator[Any, None, Result]:
        return asyncio.wrap_future(self._future).__await__()

    def __repr__(self) -> str:
        return f"{self.name}: {self.status} {self.progress:.0%} {self.message}".rstrip()

    def _ipython_display_(self) -> None:
        from IPython.display import display

        if self._draw is None:
            print(repr(self))
        else:
            display(self._draw(self))

    def report(self, progress: float, message: str) -> None:
        """Note progress; called by the work.

        Raises :class:`Cancelled` once cancelled.
        """
        if self._cancel.is_set():
            raise Cancelled
        self.progress, self.message = float(progress), message
        if not self._signal_pending:  # one signal on its way is enough: it is read when it arrives
            self._signal_pending = True
            self._main_thread.run(self._tell)

    def _tell(self) -> None:
        self._signal_pending = False
        self.changed.emit()

    @property
    def cancelled(self) -> bool:
        """True once ``cancel`` was called."""
        return self._cancel.is_set()

    def _finish(self, status: str, message: str) -> None:
        self._status, self.message = status, message
        if status == "done":
            self.progress = 1.0
        if status == "cancelled":
            self._future.cancel()
            self._future.set_running_or_notify_cancel()
        self._main_thread.run(self.changed.emit)


def wait_for(start: Callable[[], Job[Result]]) -> Result:
    """Start a job and wait for it; Ctrl-C cancels it, also while it is being started."""
    job: Job[Result] | None = None
    try:
        with defer_interrupts():  # a job that nobody has in hand yet could not be cancelled
            job = start()
        return job.result()
    except KeyboardInterrupt:
        if job is not None:
            job.cancel()
        raise


def outlast(job: Job[Any], other: Job[Result]) -> Result:
    """Wait for the result of another job; called by the work of ``job``, on a thread that serves neither's landing.

    Raises :class:`Cancelled` once ``job`` is cancelled, at once.
    """
    other._future.add_done_callback(lambda _: job._wake.set())
    job._wake.wait()
    if job.cancelled:
        raise Cancelled
    return other.result()


class Worker:
    """One thread that does jobs in turn.

    ``work(job)`` runs in the worker and computes; ``land(value)`` runs on the main thread and is the only one
    that may change session state; what it returns is the handle's result.
    """

    def __init__(self, name: str, main_thread: MainThread) -> None:
        self._name = name
        self._main_thread = main_thread
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._open_jobs: list[Job[Any]] = []
        self._is_closed = False

    def start(
        self,
        job: Job[Result],
        work: Callable[[Job[Result]], Any],
        land: Callable[[Any], Result],
        on_failure: Callable[[BaseException], None] | None = None,
    ) -> Job[Result]:
        """Queue a job; returns its job at once.

        Raises
        ------
        ProjectError
            The session is closed.
        """
        if self._is_closed:
            raise ProjectError("this session is closed.", "Open the project again: spin.open(path).")
        self._open_jobs = [*(other for other in self._open_jobs if not other._future.done()), job]
        self._jobs.put(lambda: self._run(job, work, land, on_failure))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._serve, name=f"spin-{self._name}", daemon=True)
            self._thread.start()
            if not self._main_thread.has_loop:
                atexit.register(self._leave)
        return job

    def close(self) -> None:
        """Cancel all jobs; the thread ends soon."""
        self._is_closed = True
        for job in self._open_jobs:
            job.cancel()
        self._jobs.put(None)

    def _leave(self) -> None:
        """Join the thread when a script ends.

        Otherwise the interpreter tears it out of compiled code and is aborted.
        """
        self.close()
        if self._thread is not None:
            self._thread.join(MAX_EXIT_WAIT_SECONDS)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        atexit.unregister(self._leave)

    def _run(
        self,
        job: Job[Result],
        work: Callable[[Job[Result]], Any],
        land: Callable[[Any], Result],
        on_failure: Callable[[BaseException], None] | None,
    ) -> None:
        if job.cancelled:
            return
        job._status = "running"
        try:
            job.report(0.0, "started")
            value = work(job)
        except Cancelled:
            self._main_thread.run(lambda: job._finish("cancelled", "cancelled; the last good model stays"))
            return
        except BaseException as error:
            self._main_thread.run(lambda error=error: _fail(job, error, on_failure))  # type: ignore[misc]
            return
        self._main_thread.run(lambda: _land(job, value, land, on_failure))


def _land(
    job: Job[Result],
    value: object,
    land: Callable[[Any], Result],
    on_failure: Callable[[BaseException], None] | None,
) -> None:
    try:
        result = land(value)
    except Exception as error:
        _fail(job, error, on_failure)
        return
    try:
        job._future.set_result(result)
    except InvalidStateError:
        return
    job._finish("done", str(getattr(result, "note", "") or "done"))


def _fail(job: Job[Result], error: BaseException, on_failure: Callable[[BaseException], None] | None) -> None:
    try:
        job._future.set_exception(error)
    except InvalidStateError:  # cancelled meanwhile
        return
    job._finish("failed", str(error))
    if on_failure is not None:
        on_failure(error)
