"""Arrivals: scored by the model, watched for drift, offered for labelling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import Cancelled, ModelError, NotTrainedError, PoolError
from spin_nb.interrupts import defer_interrupts
from spin_nb.models.fitted_model import ModelPredictive
from spin_nb.monitor.drift import DriftMonitor, DriftPoint
from spin_nb.pool.features.neighbours import nearest
from spin_nb.pool.new_arrivals import prepare_arrivals
from spin_nb.pool.sources.new_items import raw_items
from spin_nb.pool.storage.arrivals import Batch, append, withdraw
from spin_nb.project.records import NewItem
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.pool_model import NEIGHBOURS_PER_ITEM, PoolModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.stream.chunks import chunks
from spin_nb.session.stream.pace import Pace
from spin_nb.session.stream.watch_report import WatchReport, alarms, total
from spin_nb.types import Broken, Float, Ints
from spin_nb.words import said_by


class StreamWatcher:
    """Scores arrivals and feeds the drift detectors.

    One watches their uncertainty, one their distance to the pool.

    Attributes
    ----------
    points : list of DriftPoint
        Every arrival scored, in order.
    """

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._drift: DriftMonitor | None = None
        self.points: list[DriftPoint] = []
        self._pace = Pace()
        self._last_stored = ""  # name of the last batch that the database has

    def start(self, items: Iterable[Any]) -> Job[WatchReport]:
        """Queue the stream.

        Its chunks land on the main thread one by one.
        """
        self._project.check_classes("s.watch", "Open a project with the new items as its pool.")
        self._live.pool_model.wait()
        if self._live.predictive is None:
            raise NotTrainedError("there is no model to score arrivals with.", "Label a few items first.")
        if self._live.pool_model.n_base < 2:
            raise ModelError(
                "the pool has one item, and how far arrivals may be from it cannot be told from one.",
                "Open a project whose pool has several; s.predict(items) predicts new ones here.",
            )
        stream = items if isinstance(items, Iterator) else raw_items(items, self._project.pool.data)
        job = self._runtime.job("Watching", visible=True)
        return self._runtime.start(
            "watch", job, lambda job: self._work(job, stream), total, self._report_failure
        )

    def new_model(self) -> None:
        """Restart the uncertainty's detector.

        A new model changes all of its signal.
        """
        if self._drift is not None:
            self._drift.new_model(self._live.pool_model.reference()[0])

    def new_features(self) -> None:
        """Begin both detectors anew: distances in other features cannot be compared with those so far."""
        self._drift = None

    def _work(self, job: Job[WatchReport], stream: Iterable[Any]) -> list[WatchReport]:
        try:
            return self._chunk_by_chunk(job, stream)
        finally:  # however it ends, the views show all that has joined
            self._runtime.main_thread.run(lambda: self._pace.rest(self._tell))

    def _tell(self, n: int) -> None:
        # At once, not in its turn: the pace is measured by how long the views take to draw.
        self._runtime.signals.watched.emit(n)

    def _chunk_by_chunk(self, job: Job[WatchReport], stream: Iterable[Any]) -> list[WatchReport]:
        length = len(stream) if isinstance(stream, Sized) else None
        reports: list[WatchReport] = []
        n_seen = 0
        for chunk, error in chunks(stream, lambda: job.cancelled):
            if chunk:
                reports.append(self._take(chunk, n_seen, job))
                n_seen += len(chunk)
            if error is not None:
                raise PoolError(
                    f"the stream failed after {n_seen} items: {said_by(error)}.",
                    "Those are stored; mend the stream and watch the rest.",
                ) from error
            job.report(n_seen / length if length else 0.0, f"{n_seen} arrivals")
        return reports

    def _take(self, chunk: list[Any], n_seen: int, job: Job[WatchReport]) -> WatchReport:
        """Score a chunk in the worker and join it."""
        pool, pool_model = self._project.pool, self._live.pool_model
        loaded_items, broken = self._read(chunk, n_seen)
        if not loaded_items:
            return WatchReport(0, (), (), broken)
        features = pool_model.encoder.encode(loaded_items)
        rows, distances = nearest(pool_model.base, features, NEIGHBOURS_PER_ITEM)
        model = pool_model.learner.fitted_model()
        predictive = None if model is None else model.predict_items(loaded_items, lambda _: features)
        batch = prepare_arrivals(pool, loaded_items)
        try:
            report = self._runtime.main_thread.call(
                lambda: self._join(batch, loaded_items, pool_model, features, rows, distances, predictive),
                lambda: job.cancelled,
            )
        except BaseException:
            if self._last_stored != batch.name:  # what the database has is never taken back
                withdraw(pool.folder, batch)
            raise
        if report is None:
            withdraw(pool.folder, batch)
            raise Cancelled
        return replace(report, broken=broken)

    def _read(self, chunk: list[Any], n_seen: int) -> tuple[list[Any], tuple[Broken, ...]]:
        """Read a chunk's items; broken ones apart."""
        read = self._project.pool.read
        try:
            return read(chunk), ()
        except PoolError:
            loaded_items: list[Any] = []
            broken: list[Broken] = []
            for i, item in enumerate(chunk):
                try:
                    loaded_items += read([item])
                except PoolError as error:
                    broken.append(Broken(f"number {n_seen + i} of the stream", error.what))
            return loaded_items, tuple(broken)

    def _join(self, batch: Batch, *scores: Any) -> WatchReport:
        """Store and announce a chunk; on the main thread."""
        points = self._live.label_log.retry_while_busy(partial(self._commit, batch, *scores))
        self._pace.tell(len(batch.ids), self._tell)
        return WatchReport(len(batch.ids), tuple(alarms(points)), tuple(batch.ids))

    def _commit(
        self,
        batch: Batch,
        loaded_items: list[Any],
        seen_by: PoolModel,
        features: Float,
        rows: Ints,
        distances: Float,
        predictive: ModelPredictive | None,
    ) -> list[DriftPoint]:
        """Store a chunk under the lock.

        ``predictive`` is that of a model of the person's choice, while it is shown; ``seen_by`` made the features.

        First what may fail and changes nothing, then the database's transaction with the pool's line in it, which
        decides; then what is in memory, where nothing may part one step from the next.
        """
        project, live = self._project, self._live
        pool_model, label_log = live.pool_model, live.label_log
        if pool_model is not seen_by:  # the session has moved to other features in between
            features = pool_model.encoder.encode(loaded_items)
            rows, distances = nearest(pool_model.base, features, NEIGHBOURS_PER_ITEM)
        model = pool_model.learner.fitted_model()
        # A new model may have come in between.
        if model is not None and (predictive is None or predictive.model is not model):
            predictive = model.predict_items(loaded_items, lambda _: features)
        head_predictive = (
            predictive if model is not None else pool_model.learner.predict(features, rows, distances)
        )
        assert head_predictive is not None
        uncertainty, distance = _finite(head_predictive.epistemic), _finite(distances.mean(1))
        drift = self._drift_monitor()
        extension = pool_model.extension(features, rows, distances, predictive)
        with defer_interrupts():
            with label_log.transaction():
                project.store.add_items(
                    NewItem(id, None, project.pool.modality, is_arrival=True) for id in batch.ids
                )
                append(project.pool.folder, batch)
            self._last_stored = batch.name
            project.pool.join(batch)
            label_log.plan.extend(batch.ids)
            pool_model.take(extension)
            points = [drift.update(*pair) for pair in zip(uncertainty, distance, strict=True)]
            self.points += points
        return points

    def _drift_monitor(self) -> DriftMonitor:
        if self._drift is None:
            self._drift = DriftMonitor(*self._live.pool_model.reference(), seed=self._project.seed)
        return self._drift

    def _report_failure(self, error: BaseException) -> None:
        self._runtime.announcer.report(f"Watching stopped: {error}")


def _finite(numbers: NDArray[Any]) -> list[float]:
    """Return a chunk's numbers, all of them finite.

    They are checked before anything is kept: a detector must not refuse half way.
    """
    array = np.asarray(numbers, np.float64)
    if not np.isfinite(array).all():
        raise PoolError(
            "the model's uncertainty of an arrival, or its distance, is no number.", "Check the items."
        )
    return [float(number) for number in array]
