"""The main_thread thread: the one on which signals are emitted and views are touched."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from spin_nb.interrupts import defer_interrupts

Result = TypeVar("Result")


class MainThread:
    """Runs callables on the thread that made it.

    In a notebook the kernel's event loop wakes the main thread; in a plain script there is no loop, and whoever
    waits (``wait=True``, ``.result()``, the next command) drains the queue.

    Examples
    --------
    >>> main_thread, seen = MainThread(), []
    >>> main_thread.run(lambda: seen.append("now"))
    >>> seen
    ['now']
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._queue: deque[Callable[[], None]] = deque()
        self._draining = False
        self._loop: asyncio.AbstractEventLoop | None
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    @property
    def has_loop(self) -> bool:
        """True if an event loop wakes the main thread.

        A notebook has one, a plain script has none.
        """
        return self._loop is not None

    @property
    def here(self) -> bool:
        """True on the main thread."""
        return threading.get_ident() == self._thread

    def run(self, work: Callable[[], None]) -> None:
        """Run ``work`` on the main thread, in order.

        It runs at once if that is where the caller is, else as soon as it is free.
        """
        self._queue.append(work)
        if self.here:
            self.drain()
        elif self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.drain)

    def later(self, work: Callable[[], None]) -> None:
        """Run ``work`` on the main thread once it is free, never at once: the caller may hold a lock."""
        self._queue.append(work)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.drain)

    def call(self, work: Callable[[], Result], given_up: Callable[[], bool]) -> Result | None:
        """Run ``work`` on the main thread and wait.

        It is for workers, and returns what ``work`` returns.

        None, and ``work`` is not run, once ``given_up()`` says so while it waits for its turn.
        """
        future: Future[Result] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            # Ctrl-C comes after the worker has its answer: else it took what has been done for not done.
            with defer_interrupts():
                try:
                    result = work()
                except BaseException as error:
                    future.set_exception(error)
                else:
                    future.set_result(result)

        self.run(run)
        while True:
            try:
                return future.result(timeout=0.1)
            except TimeoutError:
                if given_up() and future.cancel():
                    return None

    def drain(self, *, waiting: bool = False) -> None:
        """Run what is queued; does nothing on another thread.

        Called by what is being run here, it leaves the rest to the call that runs it, or hundreds of progress signals
        would nest; ``waiting``: the caller goes no further before they have run.
        """
        if not self.here or (self._draining and not waiting):
            return
        before, self._draining = self._draining, True
        try:
            while self._queue:
                self._queue.popleft()()
        finally:
            self._draining = before
