"""The threads of one session: the main thread, a worker for each kind of long work, and who tells the views."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spin_nb.registry import resolve
from spin_nb.session.runtime.announcer import Announcer
from spin_nb.session.runtime.jobs import Job, Worker
from spin_nb.session.runtime.main_thread import MainThread
from spin_nb.session.runtime.signals import Signals

WORKERS = ("train", "prepare", "encode", "map", "watch")


class Runtime:
    """Threads and signals of one session.

    Attributes
    ----------
    main_thread : MainThread
        The only one that emits signals.
    signals : Signals
    announcer : Announcer
        Emits them from any thread.
    """

    def __init__(self) -> None:
        self.main_thread = MainThread()
        self.signals = Signals()
        self.announcer = Announcer(self.main_thread, self.signals)
        self._workers = {name: Worker(name, self.main_thread) for name in WORKERS}

    def job(self, name: str, *, visible: bool = False) -> Job[Any]:
        """Make a job; ``visible``: a cell draws it."""
        return Job(name, self.main_thread, resolve("view", "progress") if visible else None)

    def start(
        self,
        worker: str,
        job: Job[Any],
        work: Callable[[Job[Any]], Any],
        land: Callable[[Any], Any],
        on_failure: Callable[[BaseException], None],
    ) -> Job[Any]:
        """Queue a job with one of :data:`WORKERS`.

        The parameters are those of :meth:`Worker.start`.
        """
        return self._workers[worker].start(job, work, land, on_failure)

    def close(self) -> None:
        """Cancel what runs and what waits."""
        for worker in self._workers.values():
            worker.close()
