"""Train on the labels so far, in the background, into a model that is saved and shown."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import NotTrainedError
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.head_decision import head_to_show
from spin_nb.models.head_selection import HEADS, Fit, within
from spin_nb.models.model_spec import ModelSpec, parse_model_spec, train_call
from spin_nb.models.snapshot import Snapshot
from spin_nb.monitor.curves import CurvePoint
from spin_nb.project.class_table import ClassTable
from spin_nb.project.folder import MODELS, inside
from spin_nb.session.labels.training_data import training_data
from spin_nb.session.model import prediction_cache
from spin_nb.session.model.encoder_choice import EncoderChoice
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.recall import RecalledModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Ints, TrainReport

if TYPE_CHECKING:
    from spin_nb.models.learner import Learner

SUGGESTIONS_ADVICE = "Its suggestions follow the labels by themselves, or come from s.suggest(...)."
NOTHING_TO_TRAIN = "Nothing is learnt of such labels: suggestions come from s.suggest(...)."


@dataclass(frozen=True, eq=False)
class _Request:
    """Arguments of a call of ``s.train``.

    They are a model, a posterior, and whether to show it whatever the labels say.
    """

    model: object = None
    posterior: object = None
    show: bool = False

    def same_model(self, other: _Request) -> bool:
        """Compare requests: equal words, identical objects."""
        pairs = ((self.model, other.model), (self.posterior, other.posterior))
        return all(a is b or (isinstance(a, str) and isinstance(b, str) and a == b) for a, b in pairs)


class Training:
    """Trains models in turn and places them.

    Parameters
    ----------
    project : OpenProject
    runtime : Runtime
    live : LiveModel
    encoder_choice : EncoderChoice
        Asked before each training.
    curve_point : callable
        The learning curve's point for what is shown now.
    on_new_model : callable
        Called on the main thread when a new model is in place.

    Attributes
    ----------
    model_id : str or None
        Of the model last trained.
    shown_id : str or None
        Of the one that holds the own model shown; None where a head is shown that every training fits.
    shown_spec : ModelSpec or None
        What made that, where it was trained since the project was opened.
    """

    def __init__(
        self,
        project: OpenProject,
        runtime: Runtime,
        live: LiveModel,
        *,
        encoder_choice: EncoderChoice,
        curve_point: Callable[[], CurvePoint],
        on_new_model: Callable[[], None],
    ) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._encoder_choice = encoder_choice
        self._curve_point = curve_point
        self.on_new_model = on_new_model
        self.model_id: str | None = None
        self.shown_id: str | None = None
        self.shown_spec: ModelSpec | None = None
        self._waiting_run: tuple[_Request, Job[TrainReport]] | None = None
        self._last: _TrainingResult | None = None
        # Networks as they were when first passed; gone with the person's own.
        self._initial: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def start(self, model: object = None, posterior: object = None, show: bool = False) -> Job[TrainReport]:
        """Queue a run, or return the one waiting.

        The latter has not begun, and was asked for the same.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("train")
        self._project.check_classes(
            "s.train", SUGGESTIONS_ADVICE if self._project.task.outputs else NOTHING_TO_TRAIN
        )
        spec = parse_model_spec(model, posterior, seed=self._project.seed, beginnings=self._initial)
        request = _Request(model, posterior, show)
        if self._waiting_run is not None and self._waiting_run[1].status == "queued":
            before, job = self._waiting_run
            if before.same_model(request) and before.show is show:
                return job
        self._live.catch_up()
        if not len(self._live.label_log.training_set.training[0]):
            raise NotTrainedError(
                "there is no label to train on yet.", "Label a few items: s.ask(8), s.label(id, value)."
            )
        job = self._runtime.job("Training", visible=True)
        self._waiting_run = request, job
        run = _Run(self, spec, request)
        self._runtime.start("train", job, run.work, run.land, run.on_failure)
        job.changed.connect(lambda: run.on_cancel() if job.status == "cancelled" else None)
        self._runtime.announcer.emit("training", job)
        return job

    def follow_features(self) -> Job[None]:
        """Choose between the features that are there now, and train again if that moves what was trained."""
        job = self._runtime.job("Choosing the encoder")

        def work(job: Job[None]) -> bool:
            before = self._live.pool_model
            was_trained = before.wait().head != "graph"
            self._encoder_choice.choose(lambda: job.cancelled)
            return was_trained and self._live.pool_model is not before

        def land(is_due: bool) -> None:
            if is_due:
                self.start()

        return self._runtime.start("train", job, work, land, lambda _: None)

    def adopt(self, saved_model: RecalledModel | None) -> None:
        """Place a recalled model; under the lock."""
        if saved_model is None:
            return
        self.model_id, self.shown_id = saved_model.model_id, saved_model.shown_id
        for fit in saved_model.fits:
            self._live.pool_model.learner.adopt(fit)

    def _again(
        self,
        request: _Request,
        rows: Ints,
        y: Ints,
        weights: NDArray[np.float64] | None,
        classes: ClassTable,
    ) -> Fit | None:
        """Return the last run's fit if nothing changed.

        It asks the same on the same labels: to insist costs no training.
        """
        last = self._last
        if last is None or not request.show or not last.request.same_model(request):
            return None
        if not classes.tells_apart_as(last.classes):
            return None
        same = _equal(last.rows, rows) and _equal(last.y, y) and _equal(last.weights, weights)
        return last.fit if same else None

    def _place(self, result: _TrainingResult, spec: ModelSpec | None) -> None:
        """Place what a run fitted; under the lock.

        One that tells other classes apart than those in force by now stays on disk.
        """
        fit = result.fit
        if not self._live.label_log.classes.tells_apart_as(result.classes):
            self._runtime.announcer.report(
                "The classes changed while a model was trained: it is not shown. Train again: s.train()."
            )
            return
        self._live.pool_model.learner.adopt(fit)
        self.model_id, self._last = result.model_id, result
        if fit.head in HEADS:
            self.shown_id = self.shown_spec = None
        elif fit.predictive is not None and fit.head == fit.predictive.model.name:
            self.shown_id, self.shown_spec = result.model_id, spec
        self._live.calibrate()


@dataclass(frozen=True, eq=False)
class _TrainingResult:
    """Fit of a run, with request and labels."""

    model_id: str
    request: _Request
    rows: Ints
    y: Ints
    weights: NDArray[np.float64] | None
    fit: Fit
    note: str
    classes: ClassTable


class _Run:
    """One training run, from labels to model."""

    def __init__(self, training: Training, spec: ModelSpec | None, request: _Request) -> None:
        self._training, self._spec, self._request = training, spec, request
        self._project, self._live = training._project, training._live
        self._id = self._project.store.start_run({} if spec is None else {"head": spec.name})
        self._began = time.monotonic()

    def work(self, job: Job[TrainReport]) -> tuple[_TrainingResult, Snapshot]:
        """Compute, and write the model's arrays; in the worker."""
        project, training = self._project, self._training
        self._live.pool_model.wait()
        training._encoder_choice.choose(lambda: job.cancelled)
        self._began = time.monotonic()
        with self._live.label_log.lock:
            learner, classes = self._live.pool_model.learner, self._live.label_log.classes
            rows, y, weights, events = training_data(self._live.label_log)
        fit = training._again(self._request, rows, y, weights, classes) or fit_heads(
            learner,
            rows,
            y,
            weights=weights,
            spec=self._spec,
            rival=training.shown_spec,
            progress=within(job.report, 0, 0.95),
            is_cancelled=lambda: job.cancelled,
        )
        head, note = self._in_front(fit, learner)
        fit = replace(fit, head=head, training_ids=frozenset(events))
        job.report(0.95, "keeping the model")
        model_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        numbers = np.fromiter(events.values(), np.int64, len(events))
        encoder = self._live.pool_model.encoder
        snapshot = Snapshot.of(model_id, classes.names, encoder, fit, len(rows), numbers)
        snapshot.save(inside(project.folder, MODELS, model_id))
        stays = fit.predictive is not None and head not in (*HEADS, fit.predictive.model.name)
        prediction_cache.save(project, model_id, fit.predictive, training.shown_id if stays else None)
        return _TrainingResult(model_id, self._request, rows, y, weights, fit, note, classes), snapshot

    def _in_front(self, fit: Fit, learner: Learner) -> tuple[str, str]:
        """The head to show, and why."""
        if self._spec is None:
            return fit.head, ""
        name, front = self._spec.name, learner.fitted_model()
        # One of the same name goes when the new one comes; it cannot stay in front.
        before = None if front is None or front.name == name or fit.predictive is None else front.name
        call = train_call(self._request.model, self._request.posterior)
        return head_to_show(fit, name, before=before, insists=self._request.show, call=call)

    def land(self, outcome: tuple[_TrainingResult, Snapshot]) -> TrainReport:
        """Put the model in place; on the main thread."""
        result, snapshot = outcome
        store = self._project.store
        with self._live.label_log.lock:
            self._training._place(result, self._spec)
            point = self._training._curve_point()
        store.add_model(snapshot.model_id, snapshot.head, snapshot.card())
        metrics = {
            "curve": point.to_json(),
            "validation": {**snapshot.validation, **result.fit.comparison},
        }
        store.end_run(self._id, "done", snapshot.model_id, metrics)
        report = TrainReport(
            snapshot.model_id,
            snapshot.head,
            snapshot.n_labels,
            point.accuracy,
            time.monotonic() - self._began,
            dict(snapshot.validation),
            dict(result.fit.comparison),
            result.note,
        )
        self._training.on_new_model()
        if self._training.model_id == result.model_id:
            self._training._runtime.announcer.problem = None
        self._training._runtime.announcer.emit("trained", report)
        return report

    def on_failure(self, error: BaseException) -> None:
        """Report the error; on the main thread.

        The last good model stays.
        """
        self._project.store.end_run(self._id, "failed", None, {"error": str(error)})
        self._training._runtime.announcer.report(f"Training failed: {error}")

    def on_cancel(self) -> None:
        """Record the cancellation; on the main thread."""
        self._project.store.end_run(self._id, "cancelled")


def _equal(before: NDArray[Any] | None, now: NDArray[Any] | None) -> bool:
    return before is now if before is None or now is None else np.array_equal(before, now)
