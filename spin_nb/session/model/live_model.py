"""The model of the pool that follows every label, and what it predicts now."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import SpinError
from spin_nb.interrupts import defer_interrupts
from spin_nb.models.calibration import Calibration
from spin_nb.models.head_selection import within
from spin_nb.session.labels.label_log import Change, LabelLog
from spin_nb.session.labels.training_data import training_weights
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Ints

if TYPE_CHECKING:
    from spin_nb.bayes.predictive import RowsPredictive
    from spin_nb.models.fitted_model import ModelPredictive
    from spin_nb.models.learner import Learner

RecallResult = TypeVar("RecallResult")
# From so many changed labels on, one solve over all of them costs less than a step for each.
CHANGES_BEFORE_RELEARN = 100


class LiveModel:
    """Labels, features and learner, kept together.

    Everything that reads or changes two of them does so under ``label_log.lock``.

    Attributes
    ----------
    label_log : LabelLog
    pool_model : PoolModel
    """

    def __init__(self, project: OpenProject, label_log: LabelLog, pool_model: PoolModel) -> None:
        self.label_log = label_log
        self.pool_model = pool_model
        self._project = project
        self._weights_version = 0
        self._classes = label_log.classes
        self._basis_of_calibration: tuple[object, ...] | None = None

    def prepare(
        self,
        runtime: Runtime,
        recall: Callable[[Learner, Callable[[float, str], None]], RecallResult],
        adopt: Callable[[RecallResult], None],
    ) -> None:
        """Build graph and learner in the background.

        It makes the features before, where they are not there.

        Parameters
        ----------
        recall : callable
            (learner, progress) -> the model last trained, from disk; it may take time, and holds no lock.
        adopt : callable
            Puts that in place, under the lock.
        """
        job = runtime.job("Preparing the model")
        self.pool_model.begin(job)
        self._project.pool.share(self.label_log.lock, self.label_log.reindex)

        def work(job: Job[None]) -> None:
            with self.pool_model.signal_end():
                learner = self.pool_model.build(within(job.report, 0, 0.7))
                saved_model = recall(learner, within(job.report, 0.7, 1))
                # The lock, not the main thread: a labeller on a subshell thread may wait for it while a cell is busy.
                with self.label_log.lock:
                    self.pool_model.install(learner)
                    self.pool_model.take_classes(self.label_log.classes)
                    self._relearn(self.pool_model.learner)
                    adopt(saved_model)

        runtime.start(
            "prepare",
            job,
            work,
            lambda _: runtime.announcer.emit("labelled", ()),
            on_failure=lambda error: runtime.announcer.report(str(error)),
        )

    # -- following the labels ---------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Follow what other sessions have stored.

        No Ctrl-C parts the labels from the model that learns them.
        """
        with self.label_log.lock, defer_interrupts():
            self.follow(self.label_log.sync())

    def try_to_catch_up(self) -> None:
        """Catch up where the project can be read.

        One that was closed stays as it was known last.
        """
        with suppress(SpinError):
            self.catch_up()

    def follow(self, changes: Sequence[Change]) -> None:
        """Let the learner follow changes; under the lock."""
        if not self.pool_model.ready:
            return
        if self._classes is not self.label_log.classes:
            self._classes = self.label_log.classes
            self.pool_model.take_classes(self._classes)
            self._relearn(self.pool_model.learner)
            self.calibrate()
            return
        self.calibrate()
        if not changes:
            return
        learner = self.pool_model.learner
        if len(changes) > CHANGES_BEFORE_RELEARN or self._weights_version != self.label_log.gestures.version:
            self._relearn(learner)
            return
        for change in changes:
            if change.before is not None:
                learner.unlabel(change.row)
            if change.after is not None:
                learner.label(change.row, change.after, self.label_log.gestures.weight(change.id))

    def follow_classes(self) -> None:
        """Follow classes that another session has changed; under the lock.

        In a transaction: from then on nobody changes them before it ends.
        """
        if self.label_log.has_other_classes:
            self.follow(self.label_log.sync())

    def _relearn(self, learner: Learner) -> None:
        """Teach a learner all labels; under the lock."""
        self._weights_version = self.label_log.gestures.version
        learner.reset(*self.label_log.training_set.training, training_weights(self.label_log))

    def calibrate(self) -> None:
        """Hand the learner the audits that none of its heads learnt from; under the lock.

        They give the mean its temperature and nothing else.
        """
        learner, audits = self.pool_model.learner, self.label_log.training_set.audits
        # No ids are the same ids: an empty set is made anew at each call.
        basis = (learner, audits, learner.training_ids("mean") or None)
        before = self._basis_of_calibration
        if before is not None and all(map(operator.is_, basis, before)):
            return
        rows, truth = audits
        fair_mask = self.fair(rows, "mean")
        learner.calibrate(rows[fair_mask], truth[fair_mask])
        self._basis_of_calibration = basis

    def fair(self, rows: Ints, head: str | None = None) -> NDArray[np.bool_]:
        """Mask the rows (n,) a head never learnt from."""
        training_ids = self.pool_model.learner.training_ids(head) if self.pool_model.ready else frozenset()
        if not training_ids:
            return np.ones(len(rows), bool)
        return np.array([self._project.pool.ids[row] not in training_ids for row in rows], bool)

    def move_to(self, pool_model: PoolModel) -> None:
        """Work with other features from now on, and teach their learner all labels; under the lock."""
        pool_model.take_classes(self.label_log.classes)
        self._relearn(pool_model.learner)
        self.pool_model = pool_model
        self.calibrate()

    # -- what it says -------------------------------------------------------------------------------------------

    @property
    def is_trained(self) -> bool:
        """True if there are class probabilities."""
        return self._project.learns_classes and self.pool_model.ready and self.pool_model.learner.is_trained

    @property
    def head(self) -> str | None:
        """The head shown; None before the first label."""
        self.wait_where_labelled()
        return self.pool_model.learner.head if self.is_trained else None

    @property
    def heads(self) -> list[str]:
        """Heads that can be asked, the shown first."""
        self.wait_where_labelled()
        return self.pool_model.learner.heads if self.is_trained else []

    @property
    def calibration(self) -> Calibration:
        """The temperature of what is shown, false without one."""
        with self.label_log.lock:
            if not self.is_trained or self.pool_model.learner.head != "mean":
                return Calibration()
            self.calibrate()
            return self.pool_model.learner.calibration

    @property
    def predictive(self) -> RowsPredictive | ModelPredictive | None:
        """Predictive of the whole pool, or None.

        It is None before the first label and while a large pool is looked at.
        """
        self.wait_where_labelled()
        with self.label_log.lock:
            if not self.is_trained:
                return None
            self.calibrate()
            return self.pool_model.learner.predictive()

    def wait_where_labelled(self) -> None:
        """Wait for the model of labels on disk.

        Nobody who labels a large pool waits for that: every view looks here after every label.
        """
        if not self.pool_model.ready and not self.pool_model.is_deferred and self.label_log.state.n_labels:
            self.pool_model.wait()
