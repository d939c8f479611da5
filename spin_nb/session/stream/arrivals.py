"""Arrivals: scored by the model, watched for drift, offered for labelling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import NotTrainedError, PoolError
from spin_nb.models.choice import Cancelled
from spin_nb.models.own import OwnPredictive
from spin_nb.monitor.drift import DriftMonitor, DriftPoint
from spin_nb.pool.arrivals import Batch
from spin_nb.pool.neighbours import nearest
from spin_nb.project.records import NewItem
from spin_nb.registry import resolve
from spin_nb.session.model.pool_model import NEIGHBOURS
from spin_nb.session.runtime.jobs import Job
from spin_nb.threads import undisturbed
from spin_nb.types import Broken, Float, Ints
from spin_nb.words import said_by

if TYPE_CHECKING:
    from spin_nb.session.session import Session

CHUNK = 16  # arrivals scored together: few enough that the view moves while a stream runs
EVERY = 0.1  # seconds between two words to the views, at least
SHARE = 0.2  # of the time that views may take to draw while a stream runs


@dataclass(frozen=True)
class WatchReport:
    """What came of watching a stream.

    Attributes
    ----------
    n : int
        Arrivals scored by this call.
    alarms : tuple of (int, str)
        Index of the arrival at which a detector fired, and the signal: "uncertainty" or "distance".
    ids : tuple of str
        Ids under which they joined the pool.
    broken : tuple of Broken
        Items that could not be read, by their number in the stream, and why.
    """

    n: int
    alarms: tuple[tuple[int, str], ...]
    ids: tuple[str, ...]
    broken: tuple[Broken, ...] = ()

    def __repr__(self) -> str:
        found = ", ".join(f"{what} at arrival {index}" for index, what in self.alarms) or "none"
        kept_out = f"; {len(self.broken)} could not be read (.broken says why)" if self.broken else ""
        return f"Watched {self.n} arrivals; drift found: {found}{kept_out}"


class Pace:
    """When the views may hear of arrivals again: ten times a second, less often where they take long to draw.

    Parameters
    ----------
    clock : callable
        Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._waiting = 0

    def tell(self, n: int, emit: Callable[[int], Any]) -> None:
        """Say that ``n`` more have arrived, now or with later ones."""
        self._waiting += n
        if self._waiting and self._clock() >= self._next:
            self.rest(emit)

    def rest(self, emit: Callable[[int], Any]) -> None:
        """Say how many have arrived that nobody has heard of."""
        waiting, self._waiting = self._waiting, 0
        if waiting:
            begun = self._clock()
            emit(waiting)
            ended = self._clock()
            self._next = ended + max(EVERY, (ended - begun) * (1 / SHARE - 1))


class StreamMonitor:
    """Feeds one detector with the uncertainty of arrivals, one with their distance to the pool."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._monitor: DriftMonitor | None = None
        self.points: list[DriftPoint] = []
        self._pace = Pace()
        self._stored = ""  # name of the last batch that the database has

    def start(self, items: Iterable[Any]) -> Job[WatchReport]:
        """Queue the stream; its chunks land on the main thread one by one."""
        s = self._session
        s._pool_model.wait()
        if s.predictive is None:
            raise NotTrainedError("there is no model to score arrivals with.", "Label a few items first.")
        stream = items if isinstance(items, Iterator) else s.pool.batch(items)
        job: Job[WatchReport] = Job("Watching", s._main_thread, resolve("view", "progress"))
        s._workers["watch"].start(job, lambda h: self._work(h, stream), _total, self._failed)
        return job

    def new_model(self) -> None:
        """A new model changes every uncertainty: that signal starts afresh."""
        if self._monitor is not None:
            self._monitor.new_model(self._session._pool_model.reference()[0])

    def _work(self, job: Job[WatchReport], stream: Iterable[Any]) -> list[WatchReport]:
        try:
            return self._chunk_by_chunk(job, stream)
        finally:  # however it ends, the views show all that has joined
            self._session._main_thread.run(lambda: self._pace.rest(self._session.events.watched.emit))

    def _chunk_by_chunk(self, job: Job[WatchReport], stream: Iterable[Any]) -> list[WatchReport]:
        total = len(stream) if isinstance(stream, Sized) else None
        done: list[WatchReport] = []
        seen = 0
        for chunk, error in _chunks(stream, lambda: job.cancelled):
            if chunk:
                done.append(self._take(chunk, seen, job))
                seen += len(chunk)
            if error is not None:
                raise PoolError(
                    f"the stream failed after {seen} items: {said_by(error)}.",
                    "Those are stored; mend the stream and watch the rest.",
                ) from error
            job.report(seen / total if total else 0.0, f"{seen} arrivals")
        return done

    def _take(self, chunk: list[Any], seen: int, job: Job[WatchReport]) -> WatchReport:
        """In the worker: read, encode and write a chunk, then let it join on the main thread."""
        s = self._session
        loaded, broken = self._read(chunk, seen)
        if not loaded:
            return WatchReport(0, (), (), broken)
        features = s._pool_model.encoder.encode(loaded)
        found, distances = nearest(s._pool_model.features[: s._pool_model.n_base], features, NEIGHBOURS)
        own = s._pool_model.learner.own()
        said = None if own is None else own.new(loaded, lambda _: features)
        batch = s.pool.prepare(loaded)
        try:
            joined = s._main_thread.call(
                lambda: self._join(batch, loaded, features, found, distances, said), lambda: job.cancelled
            )
        except BaseException:
            if self._stored != batch.name:  # what the database has is never taken back
                s.pool.withdraw(batch)
            raise
        if joined is None:
            s.pool.withdraw(batch)
            raise Cancelled
        return replace(joined, broken=broken)

    def _read(self, chunk: list[Any], seen: int) -> tuple[list[Any], tuple[Broken, ...]]:
        """Items that can be read; one that cannot is kept out, and the rest goes on."""
        read = self._session.pool.read
        try:
            return read(chunk), ()
        except PoolError:
            loaded: list[Any] = []
            broken: list[Broken] = []
            for i, item in enumerate(chunk):
                try:
                    loaded += read([item])
                except PoolError as error:
                    broken.append(Broken(f"number {seen + i} of the stream", error.what))
            return loaded, tuple(broken)

    def _join(self, batch: Batch, *scored: Any) -> WatchReport:
        """On the main thread."""
        points = self._session._label_log.patiently(partial(self._commit, batch, *scored))
        self._pace.tell(len(batch.ids), self._session.events.watched.emit)
        return WatchReport(len(batch.ids), tuple(_alarms(points)), tuple(batch.ids))

    def _commit(
        self,
        batch: Batch,
        loaded: list[Any],
        features: Float,
        found: Ints,
        distances: Float,
        said: OwnPredictive | None,
    ) -> list[DriftPoint]:
        """Under the lock; ``said`` is what a model of the person's choice says, while that is shown.

        First what may fail and changes nothing, then the database's transaction with the pool's line in it, which
        decides; then what is in memory, where nothing may part one step from the next.
        """
        s = self._session
        own = s._pool_model.learner.own()
        if own is not None and (said is None or said.by is not own):  # a new one has come in between
            said = own.new(loaded, lambda _: features)
        predictive = said if own is not None else s._pool_model.learner.predict(features, found, distances)
        assert predictive is not None
        uncertainty, distance = _finite(predictive.epistemic), _finite(distances.mean(1))
        monitor = self._watching()
        extension = s._pool_model.extension(features, found, distances, said)
        with undisturbed():
            with s._label_log.transaction():
                s._store.add_items(NewItem(id, None, s.pool.modality, arrived=True) for id in batch.ids)
                s.pool.log(batch)
            self._stored = batch.name
            s.pool.join(batch)
            s._plan.extend(batch.ids)
            s._pool_model.take(extension)
            s._predictive = None
            points = [monitor.update(*pair) for pair in zip(uncertainty, distance, strict=True)]
            self.points += points
        return points

    def _watching(self) -> DriftMonitor:
        if self._monitor is None:
            self._monitor = DriftMonitor(*self._session._pool_model.reference(), seed=self._session.seed)
        return self._monitor

    def _failed(self, error: BaseException) -> None:
        self._session._trouble(f"Watching stopped: {error}")


def _finite(numbers: Any) -> list[float]:
    """Numbers of a chunk, before anything of it is kept: a detector refuses others, and must not half way."""
    checked = np.asarray(numbers, np.float64)
    if not np.isfinite(checked).all():
        raise PoolError(
            "the model's uncertainty of an arrival, or its distance, is no number.", "Check the items."
        )
    found: list[float] = checked.tolist()
    return found


def _alarms(points: list[DriftPoint]) -> Iterator[tuple[int, str]]:
    for point in points:
        if point.drift_uncertainty:
            yield point.index, "uncertainty"
        if point.drift_distance:
            yield point.index, "distance"


def _total(reports: list[WatchReport]) -> WatchReport:
    return WatchReport(
        sum(report.n for report in reports),
        tuple(alarm for report in reports for alarm in report.alarms),
        tuple(id for report in reports for id in report.ids),
        tuple(item for report in reports for item in report.broken),
    )


def _chunks(
    stream: Iterable[Any], given_up: Callable[[], bool]
) -> Iterator[tuple[list[Any], Exception | None]]:
    """Runs of items; what came before the stream failed is not lost with it.

    Raises :class:`Cancelled` rather than take one more item once ``given_up()``: a stream may be slow, or not end.
    """
    chunk: list[Any] = []
    error: Exception | None = None
    items = iter(stream)
    while error is None:
        if given_up():
            raise Cancelled
        try:
            chunk.append(next(items))
        except StopIteration:
            break
        except Exception as problem:
            error = problem
        if len(chunk) == CHUNK:
            yield chunk, error
            chunk = []
    if chunk or error is not None:
        yield chunk, error
