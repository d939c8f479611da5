"""``s.train``: the labels so far, in the background, into a model that is kept and shown."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from spin_nb.errors import NotTrainedError, SpinError
from spin_nb.models.choice import HEADS, Fit
from spin_nb.models.fitting import survey, within
from spin_nb.models.kept import bring_back
from spin_nb.models.snapshot import Snapshot
from spin_nb.models.wanted import Wanted, wanted
from spin_nb.project.folder import MODELS, inside
from spin_nb.registry import resolve
from spin_nb.session import curve, surveyed
from spin_nb.session.jobs import Handle
from spin_nb.types import TrainReport

if TYPE_CHECKING:
    from spin_nb.models.learner import Learner
    from spin_nb.session.core import Session

Recalled = tuple[str, Fit]


class Training:
    """Trains the session's models, one after another, and brings the last one back when a project is opened.

    Attributes
    ----------
    model_id : str or None
        Of the model last trained.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.model_id: str | None = None
        self._waiting: Handle[TrainReport] | None = None
        self._asked: tuple[Any, Any] = (None, None)
        # Networks as they were when first passed; gone with the person's own.
        self._beginnings: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def start(self, model: Any = None, posterior: Any = None) -> Handle[TrainReport]:
        """Queue a run; returns the one that waits where it has not begun and was asked for the same."""
        s = self._session
        want = wanted(model, posterior, seed=s.seed, beginnings=self._beginnings)
        waiting = self._waiting
        if waiting is not None and waiting.status == "queued" and _same(self._asked, (model, posterior)):
            return waiting
        with s._ledger.lock:
            s._absorb(s._ledger.sync())
        if not len(s._ledger.training[0]):
            raise NotTrainedError(
                "there is no label to train on yet.", "Label a few items: s.ask(8), s.label(id, value)."
            )
        handle: Handle[TrainReport] = Handle("Training", s._home, resolve("view", "progress"))
        self._waiting, self._asked = handle, (model, posterior)
        run = _Run(s, want)
        s._lanes["train"].start(handle, run.work, run.land, run.failed)
        handle.changed.connect(lambda: run.cancelled() if handle.status == "cancelled" else None)
        s._home.do(lambda: s.events.training.emit(handle))
        return handle

    def recall(self, learner: Learner, progress: Callable[[float, str], None]) -> Recalled | None:
        """The model last trained, from disk, with what it says of the pool; not under the lock, it may take time.

        One of other features is left alone.  One of other classes, or that cannot be read, is too, and
        :attr:`Session.problem <spin_nb.session.core.Session.problem>` says so; of one that cannot be rebuilt the heads
        that are always there are taken.  Whatever lies on disk, the project opens.
        """
        s = self._session
        models = s._store.models()
        if not models:
            return None
        model_id = models[-1].id
        try:
            snapshot = Snapshot.load(inside(s.folder, MODELS, model_id), s._stage.encoder)
        except SpinError as error:
            s._trouble(f"Model {model_id} could not be read: {error}")
            return None
        if list(snapshot.classes) != s.classes:
            names = ", ".join(snapshot.classes)
            s._trouble(f"Model {model_id} tells other classes apart ({names:.80}). Train again: s.train().")
            return None
        fits = snapshot.linear.weight.shape == (len(s.classes), learner.features.shape[1])
        same = models[-1].card["encoder"]["name"] == getattr(s._stage.encoder, "name", None)
        if not (fits and same):
            return None
        return model_id, self._with_own(model_id, snapshot, learner, progress)

    def _with_own(
        self, model_id: str, snapshot: Snapshot, learner: Learner, progress: Callable[[float, str], None]
    ) -> Fit:
        s, fit = self._session, snapshot.fit
        if snapshot.head in HEADS:
            return fit
        try:
            if snapshot.kept is None:
                raise SpinError(f"{snapshot.head} was not kept.", "Train it again.")
            folder = inside(s.folder, MODELS, model_id)
            own = bring_back(snapshot.kept, folder, len(s.classes), s._stage.inputs)
            source = learner.source(own)
            said = surveyed.read(s, model_id, own, source)
            if said is None:
                said = survey(own, source, len(learner), progress=progress, cancelled=lambda: False)
            return replace(fit, head=own.name, own=learner.caught_up(said))
        except SpinError as error:
            s._trouble(f"{snapshot.head!r} could not be put back, the graph head is shown: {error}")
            return fit

    def adopt(self, recalled: Recalled | None) -> None:
        """Put a recalled model in place; under the lock, when the learner stands."""
        if recalled is not None:
            self.model_id, fit = recalled
            self._session._stage.learner.adopt(fit)


class _Run:
    """One training run, from the labels as they are when it begins to the model in place."""

    def __init__(self, session: Session, want: Wanted | None) -> None:
        self._session, self._want = session, want
        self._id = session._store.start_run({} if want is None else {"head": want.name})
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
            wanted=self._want,
            progress=within(handle.report, 0, 0.95),
            cancelled=lambda: handle.cancelled,
        )
        handle.report(0.95, "keeping the model")
        model_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        snapshot = Snapshot.of(model_id, s.classes, s._stage.encoder, fit, len(rows))
        snapshot.save(inside(s.folder, MODELS, model_id))
        surveyed.write(s, model_id, fit.own)
        return fit, snapshot

    def land(self, made: Any) -> TrainReport:
        """On the home thread: put the model in place."""
        fit, snapshot = made
        s = self._session
        with s._ledger.lock:
            s._stage.learner.adopt(fit)
            s._predictive = None
            s._training.model_id = snapshot.model_id
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
        s._problem = None
        s.events.trained.emit(report)
        return report

    def failed(self, error: BaseException) -> None:
        """On the home thread: the last good model stays."""
        self._session._store.end_run(self._id, "failed", None, {"error": str(error)})
        self._session._trouble(f"Training failed: {error}")

    def cancelled(self) -> None:
        """On the home thread."""
        self._session._store.end_run(self._id, "cancelled")


def _same(before: tuple[Any, Any], now: tuple[Any, Any]) -> bool:
    """Whether the same was asked for: the same words, the very same objects."""
    pairs = zip(before, now, strict=True)
    return all(a is b or (isinstance(a, str) and isinstance(b, str) and a == b) for a, b in pairs)
