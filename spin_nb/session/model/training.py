"""``s.train``: the labels so far, in the background, into a model that is kept and shown."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import NotTrainedError, SpinError
from spin_nb.models.choice import HEADS, Fit, within
from spin_nb.models.fitting import survey
from spin_nb.models.front import in_front
from spin_nb.models.kept import bring_back
from spin_nb.models.own import OwnPredictive
from spin_nb.models.snapshot import Snapshot
from spin_nb.models.wanted import Wanted, as_called, wanted
from spin_nb.project.folder import MODELS, inside
from spin_nb.project.records import Model
from spin_nb.registry import resolve
from spin_nb.session.audit import curve
from spin_nb.session.model import prediction_cache as surveyed
from spin_nb.session.runtime.jobs import Job
from spin_nb.types import Ints, TrainReport

if TYPE_CHECKING:
    from spin_nb.models.learner import Learner
    from spin_nb.session.session import Session

_Asked = tuple[Any, Any, bool]
"""Model, posterior, whether to show it whatever the labels say."""
Recalled = tuple[str, list[Fit]]
"""Id of the model last trained, and what to adopt, one after the other."""


class Training:
    """Trains the session's models, one after another, and brings the last one back when a project is opened.

    Attributes
    ----------
    model_id : str or None
        Of the model last trained.
    shown_id : str or None
        Of the one that holds the own model shown; None where a head is shown that every training fits.
    shown : Wanted or None
        What made that, where it was trained since the project was opened.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.model_id: str | None = None
        self.shown_id: str | None = None
        self.shown: Wanted | None = None
        self._waiting: Job[TrainReport] | None = None
        self._asked: _Asked = (None, None, False)
        self._last: _Made | None = None
        # Networks as they were when first passed; gone with the person's own.
        self._beginnings: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def start(self, model: Any = None, posterior: Any = None, show: bool = False) -> Job[TrainReport]:
        """Queue a run; returns the one that waits where it has not begun and was asked for the same."""
        s = self._session
        want = wanted(model, posterior, seed=s.seed, beginnings=self._beginnings)
        waiting, asked = self._waiting, (model, posterior, show)
        if waiting is not None and waiting.status == "queued" and _same(self._asked, asked):
            return waiting
        s._catch_up()
        if not len(s._label_log.training[0]):
            raise NotTrainedError(
                "there is no label to train on yet.", "Label a few items: s.ask(8), s.label(id, value)."
            )
        job: Job[TrainReport] = Job("Training", s._main_thread, resolve("view", "progress"))
        self._waiting, self._asked = job, asked
        run = _Run(s, want, asked)
        s._workers["train"].start(job, run.work, run.land, run.failed)
        job.changed.connect(lambda: run.cancelled() if job.status == "cancelled" else None)
        s._main_thread.run(lambda: s.events.training.emit(job))
        return job

    def recall(self, learner: Learner, progress: Callable[[float, str], None]) -> Recalled | None:
        """The model last trained, from disk, with what it says of the pool; not under the lock, it may take time.

        One of other features is left alone.  One of other classes, or that cannot be read, is too, and
        :attr:`Session.problem <spin_nb.session.session.Session.problem>` says so; of one that cannot be rebuilt the heads
        that are always there are taken.  Whatever lies on disk, the project opens.
        """
        s = self._session
        models = s._store.models()
        if not models:
            return None
        model_id = models[-1].id
        try:
            snapshot = Snapshot.load(inside(s.folder, MODELS, model_id), s._pool_model.encoder)
        except SpinError as error:
            s._trouble(f"Model {model_id} could not be read: {error}")
            return None
        if list(snapshot.classes) != s.classes:
            names = ", ".join(snapshot.classes)
            s._trouble(f"Model {model_id} tells other classes apart ({names:.80}). Train again: s.train().")
            return None
        fits = snapshot.linear.weight.shape == (len(s.classes), learner.features.shape[1])
        same = models[-1].card["encoder"]["name"] == getattr(s._pool_model.encoder, "name", None)
        if not (fits and same):
            return None
        return model_id, self._with_own(models, snapshot, learner, progress)

    def _with_own(
        self,
        models: Sequence[Model],
        snapshot: Snapshot,
        learner: Learner,
        progress: Callable[[float, str], None],
    ) -> list[Fit]:
        """Fits to adopt: one with the own model that is shown, which may be older, one with that last trained."""
        fit, fits = replace(snapshot.fit, learnt=self._learnt(snapshot)), []
        shown = snapshot.head not in HEADS
        if shown:
            holder = next((m.id for m in reversed(models) if _holds(m, snapshot.head)), snapshot.model_id)
            try:
                own, learnt = self._own(holder, snapshot, learner, progress)
                fits.append(replace(fit, head=own.by.name, own=own, learnt=learnt | fit.learnt))
                self.shown_id = holder
            except SpinError as error:
                self._session._trouble(
                    f"{snapshot.head!r} could not be put back, the graph head is shown: {error}"
                )
        fit = fits[0] if fits else fit
        if snapshot.kept is not None and snapshot.kept.card.get("name") != snapshot.head:
            with suppress(SpinError):  # what nobody sees is missed when it is asked
                own, learnt = self._own(snapshot.model_id, snapshot, learner, progress)
                fits.append(replace(fit, own=own, learnt=learnt))
        return fits or [fit]

    def _own(
        self, model_id: str, last: Snapshot, learner: Learner, progress: Callable[[float, str], None]
    ) -> tuple[OwnPredictive, frozenset[str]]:
        """What an own model says of the pool, and the items it learnt from."""
        s = self._session
        folder = inside(s.folder, MODELS, model_id)
        snapshot = last if model_id == last.model_id else Snapshot.load(folder, s._pool_model.encoder)
        if snapshot.kept is None:
            raise SpinError(f"{last.head} was not kept.", "Train it again.")
        own = bring_back(snapshot.kept, folder, len(s.classes), s._pool_model.inputs)
        source = learner.source(own)
        said = surveyed.read(s, model_id, own, source)
        if said is None:
            said = survey(own, source, len(learner), progress=progress, cancelled=lambda: False)
        return learner.caught_up(said), self._learnt(snapshot)

    def _learnt(self, snapshot: Snapshot) -> frozenset[str]:
        events = snapshot.events
        return frozenset() if events is None else self._session._store.items_of(events.tolist())

    def adopt(self, recalled: Recalled | None) -> None:
        """Put a recalled model in place; under the lock, when the learner stands."""
        if recalled is not None:
            self.model_id, fits = recalled
            for fit in fits:
                self._session._pool_model.learner.adopt(fit)

    def again(self, asked: _Asked, rows: Ints, y: Ints, weights: Any) -> Fit | None:
        """What the last run made, where it was asked for the same on the same labels: to insist costs no training."""
        last = self._last
        if last is None or not asked[2] or not _same(last.asked[:2], asked[:2]):
            return None
        same = _equal(last.rows, rows) and _equal(last.y, y) and _equal(last.weights, weights)
        return last.fit if same else None

    def place(self, made: _Made, want: Wanted | None) -> None:
        """Put what a run made in place; under the lock."""
        name = None if made.fit.own is None else made.fit.own.by.name
        self._session._pool_model.learner.adopt(made.fit)
        self.model_id, self._last = made.model_id, made
        if made.fit.head in HEADS:
            self.shown_id = self.shown = None
        elif made.fit.head == name:
            self.shown_id, self.shown = made.model_id, want


@dataclass(frozen=True)
class _Made:
    """What a run made, of which labels, when asked for what."""

    model_id: str
    asked: _Asked
    rows: Ints
    y: Ints
    weights: NDArray[np.float64] | None
    fit: Fit
    note: str


class _Run:
    """One training run, from the labels as they are when it begins to the model in place."""

    def __init__(self, session: Session, want: Wanted | None, asked: _Asked) -> None:
        self._session, self._want, self._asked = session, want, asked
        self._id = session._store.start_run({} if want is None else {"head": want.name})
        self._began = time.monotonic()

    def work(self, job: Job[TrainReport]) -> Any:
        """In the worker: compute, and write the model's arrays."""
        s = self._session
        learner = s._pool_model.wait()
        self._began = time.monotonic()
        rows, y, weights, events = s._label_log.lesson()
        training = s._training
        fit = training.again(self._asked, rows, y, weights) or learner.fit(
            rows,
            y,
            weights=weights,
            wanted=self._want,
            rival=training.shown,
            progress=within(job.report, 0, 0.95),
            cancelled=lambda: job.cancelled,
        )
        head, note = self._in_front(fit, learner)
        fit = replace(fit, head=head, learnt=frozenset(events))
        job.report(0.95, "keeping the model")
        model_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        numbers = np.fromiter(events.values(), np.int64, len(events))
        snapshot = Snapshot.of(model_id, s.classes, s._pool_model.encoder, fit, len(rows), numbers)
        snapshot.save(inside(s.folder, MODELS, model_id))
        stays = fit.own is not None and head not in (*HEADS, fit.own.by.name)
        surveyed.write(s, model_id, fit.own, training.shown_id if stays else None)
        return _Made(model_id, self._asked, rows, y, weights, fit, note), snapshot

    def _in_front(self, fit: Fit, learner: Learner) -> tuple[str, str]:
        """The head to show, and why."""
        if self._want is None:
            return fit.head, ""
        name, front = self._want.name, learner.own()
        # One of the same name goes when the new one comes; it cannot stay in front.
        before = None if front is None or front.name == name or fit.own is None else front.name
        model, posterior, show = self._asked
        return in_front(fit, name, before=before, insists=show, call=as_called(model, posterior))

    def land(self, result: Any) -> TrainReport:
        """On the main thread: put the model in place."""
        made, snapshot = result
        s = self._session
        with s._label_log.lock:
            s._training.place(made, self._want)
            s._predictive = None
            point = curve.point(s)
        s._store.add_model(snapshot.model_id, snapshot.head, snapshot.card())
        s._store.end_run(
            self._id,
            "done",
            snapshot.model_id,
            {
                "curve": curve.to_json(point),
                "validation": {**snapshot.validation, **made.fit.compared},
            },
        )
        s._follow_curve()
        report = TrainReport(
            snapshot.model_id,
            snapshot.head,
            snapshot.n_labels,
            point.accuracy,
            time.monotonic() - self._began,
            dict(snapshot.validation),
            dict(made.fit.compared),
            made.note,
        )
        s._stream.new_model()
        s._problem = None
        s.events.trained.emit(report)
        return report

    def failed(self, error: BaseException) -> None:
        """On the main thread: the last good model stays."""
        self._session._store.end_run(self._id, "failed", None, {"error": str(error)})
        self._session._trouble(f"Training failed: {error}")

    def cancelled(self) -> None:
        """On the main thread."""
        self._session._store.end_run(self._id, "cancelled")


def _holds(model: Model, name: str) -> bool:
    """Whether a model of the repository has an own model of this name with it."""
    own = model.card.get("own")
    return isinstance(own, dict) and own.get("name") == name


def _equal(before: Any, now: Any) -> bool:
    return before is now if before is None or now is None else np.array_equal(before, now)


def _same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Whether the same was asked for: the same words, the very same objects."""
    pairs = zip(before, now, strict=True)
    return all(a is b or (isinstance(a, str) and isinstance(b, str) and a == b) for a, b in pairs)
