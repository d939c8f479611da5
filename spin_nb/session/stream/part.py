"""``s.stream``: what arrives."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Literal, overload

from spin_nb.errors import PoolError
from spin_nb.monitor.drift import DriftPoint
from spin_nb.session.arguments import boolean
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job, wait_for
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.stream.watch_report import WatchReport, alarms, alarms_in_words
from spin_nb.session.stream.watcher import StreamWatcher
from spin_nb.words import HtmlRepr


class StreamPart(HtmlRepr):
    """Arrivals of a session, and their drift (``s.stream``).

    Examples
    --------
    >>> s.stream                                                     # doctest: +SKIP
    300 arrivals watched; drift found: distance at arrival 212
    """

    __slots__ = ("_project", "_runtime", "_watcher")

    def __init__(self, project: OpenProject, runtime: Runtime, watcher: StreamWatcher) -> None:
        self._project = project
        self._runtime = runtime
        self._watcher = watcher

    def __repr__(self) -> str:
        points = self.points
        if not points:
            return "No arrivals watched in this session: s.watch(items)"
        return f"{len(points):,} arrivals watched; drift found: {alarms_in_words(alarms(points))}"

    @property
    def points(self) -> list[DriftPoint]:
        """Every arrival scored by :meth:`watch`, in order."""
        return self._watcher.points

    @overload
    def watch(self, items: Iterable[Any], *, wait: Literal[False] = False) -> Job[WatchReport]: ...
    @overload
    def watch(self, items: Iterable[Any], *, wait: Literal[True]) -> WatchReport: ...
    @overload
    def watch(self, items: Iterable[Any], *, wait: bool) -> Job[WatchReport] | WatchReport: ...
    def watch(self, items: Iterable[Any], *, wait: bool = False) -> Job[WatchReport] | WatchReport:
        """Score arrivals, detect drift, offer them to ``s.ask``.

        It runs in the background, as training does.

        Parameters
        ----------
        items : iterable
            Raw items of the pool's kind.  An iterator is taken one by one, stored sixteen at a time, and may be
            endless; anything else is read whole.
        wait : bool
            Return when all are through.  Ctrl-C while it waits cancels the rest: what has joined stays.

        Returns
        -------
        Job, or WatchReport with ``wait=True``

        Raises
        ------
        ModelError
            For labels that are no classes, and where the pool has one item.
        NotTrainedError
            Before the first label.
        PoolError
            Items that are no iterable of the pool's kind.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("take in arrivals")
        boolean(wait, "wait", PoolError)
        start = partial(self._watcher.start, items)
        return wait_for(start) if wait else start()
