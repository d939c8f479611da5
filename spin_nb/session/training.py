"""``s.train``: both heads on the labels, in the background; the better one is kept as a model."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from spin_nb.errors import NotTrainedError, SpinError
from spin_nb.models.own import check
from spin_nb.models.snapshot import Snapshot
from spin_nb.project.folder import MODELS, inside
from spin_nb.registry import resolve
from spin_nb.session import curve
from spin_nb.session.jobs import Handle
from spin_nb.types import TrainReport

if TYPE_CHECKING:
    from spin_nb.session.core import Session


def start(
    session: Session, waiting: Handle[TrainReport] | None, posterior: Any = None
) -> Handle[TrainReport]:
    """Queue a run; returns ``waiting`` where that one has not begun and was asked for the same."""
    check(posterior)
    if waiting is not None and waiting.status == "queued" and session._posterior is posterior:
        return waiting
    session._ledger.sync()
    if not len(session._ledger.training[0]):
        raise NotTrainedError(
            "there is no label to train on yet.", "Label a few items: s.ask(8), s.label(id, value)."
        )
    handle: Handle[TrainReport] = Handle("Training", session._home, resolve("view", "progress"))
    session._posterior = posterior
    run = _Run(session, posterior)
    session._lanes["train"].start(handle, run.work, run.land, run.failed)
    handle.changed.connect(lambda: run.cancelled() if handle.status == "cancelled" else None)
    session._home.do(lambda: session.events.training.emit(handle))
    return handle


def restore(session: Session, model_id: str) -> None:
    """Put a model of an earlier session back in place; one of other features or classes is left alone."""
    try:
        snapshot = Snapshot.load(inside(session.folder, MODELS, model_id), session._stage.encoder)
    except SpinError as error:
        what = f"Model {model_id} could not be read: {error}"
        session._home.do(lambda: session.events.problem.emit(what))
        return
    fits = snapshot.linear.weight.shape == (len(session.classes), session._stage.features.shape[1])
    if fits and list(snapshot.classes) == session.classes:
        session._stage.learner.adopt(snapshot.fit)
        session._model_id = model_id


class _Run:
    """One training run, from the labels as they are when it begins to the model in place."""

    def __init__(self, session: Session, posterior: Any) -> None:
        self._session, self._posterior = session, posterior
        self._id = session._store.start_run({})
        self._began = time.monotonic()

    def work(self, handle: Handle[TrainReport]) -> Any:
        """In the worker: compute, and write the model's arrays."""
        s = self._session
        learner = s._stage.wait()
        self._began = time.monotonic()
        rows, y = s._ledger.training
        fit = learner.fit(
            rows,
            y,
            posterior=self._posterior,
            progress=lambda part, words: handle.report(0.9 * part, words),
        )
        handle.report(0.95, "keeping the model")
        model_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        snapshot = Snapshot.of(model_id, s.classes, s._stage.encoder, fit, len(rows))
        snapshot.save(inside(s.folder, MODELS, model_id))
        return fit, snapshot

    def land(self, made: Any) -> TrainReport:
        """On the home thread: put the model in place."""
        fit, snapshot = made
        s = self._session
        with s._ledger.lock:
            s._stage.learner.adopt(fit)
            s._predictive = None
            s._model_id = snapshot.model_id
            point = curve.point(s)
        s._store.add_model(snapshot.model_id, snapshot.head, snapshot.card())
        s._store.end_run(
            self._id,
            "done",
            snapshot.model_id,
            {"curve": curve.to_json(point), "validation": dict(snapshot.validation)},
        )
        s._follow_curve()
        report = TrainReport(
            snapshot.model_id,
            snapshot.head,
            snapshot.n_labels,
            point.accuracy,
            time.monotonic() - self._began,
            dict(snapshot.validation),
        )
        s._watcher.new_model()
        s.events.trained.emit(report)
        return report

    def failed(self, error: BaseException) -> None:
        """On the home thread: the last good model stays."""
        self._session._store.end_run(self._id, "failed", None, {"error": str(error)})
        self._session.events.problem.emit(f"Training failed: {error}")

    def cancelled(self) -> None:
        """On the home thread."""
        self._session._store.end_run(self._id, "cancelled")
