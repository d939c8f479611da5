"""Background work on screen: how far it is, what it does, a button that cancels it, and why it failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import traitlets as t

from spin_nb.views.base.widget import Answer, Buffers, View

if TYPE_CHECKING:
    from spin_nb.session.runtime.jobs import Job

END_STATUSES = ("done", "cancelled", "failed")
UPDATE_EVERY_SECONDS = 0.1  # seconds between updates while it runs


class Progress(View, entry="workbench/progress.js"):
    """The progress of one job.

    ``s.train()`` shows it under the cell.

    Parameters
    ----------
    job : Job
        ``progress`` 0 to 1, ``message``, ``status``, ``cancel()``, ``result()`` and the signal ``changed``.

    Attributes
    ----------
    title, status, message, report : str
        What is done, how it stands, what it is doing now, and in the end what came of it or why it failed.
    fraction : float
        0 to 1.
    """

    title = t.Unicode("").tag(sync=True)
    status = t.Unicode("queued").tag(sync=True)
    message = t.Unicode("").tag(sync=True)
    report = t.Unicode("").tag(sync=True)
    fraction = t.Float(0.0).tag(sync=True)

    def __init__(self, job: Job[Any]) -> None:
        super().__init__(title=str(getattr(job, "name", "training")))
        self.layout.width, self.layout.min_width = "100%", "0"  # beside another view neither may collapse
        self._job = job
        self._last_update = 0.0
        self.verbs = {"cancel": self._cancel}
        job.changed.connect(self._follow)
        self._follow()

    def _cancel(self, _message: dict[str, Any]) -> tuple[Answer, Buffers]:
        self._job.cancel()
        return {}, []

    def _follow(self) -> None:
        job, now = self._job, time.monotonic()
        has_ended = job.status in END_STATUSES
        if not has_ended and job.status == self.status and now - self._last_update < UPDATE_EVERY_SECONDS:
            return
        self._last_update = now
        with self.hold_sync():
            self.fraction = min(1.0, max(0.0, float(job.progress)))
            self.message = str(job.message)
            self.report = _outcome(job) if has_ended else ""
            self.status = job.status


def _outcome(job: Job[Any]) -> str:
    """Outcome of a job that has ended.

    It answers at once.
    """
    if job.status == "cancelled":
        return ""
    try:
        return repr(job.result())
    except Exception as error:
        return str(error) or type(error).__name__
