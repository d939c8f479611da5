"""Labels to look at again, the most doubtful first, and which of them have been.

Doubts are found in the background, from copies; what stands of them is told by the label log at any time.  Audits are
left out: who looks at an audit beside what the model thinks of it, or mends only those that the model doubts, makes the
model look better than it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.errors import LabelError
from spin_nb.project.class_history import ClassHistory
from spin_nb.project.fold import Current
from spin_nb.project.records import VALUE_KINDS, Event, Suggestion
from spin_nb.session.labels.reviews import is_reviewed
from spin_nb.session.labels.training_data import training_data, training_events
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.contradictions import CONTRADICTION, contradictions
from spin_nb.session.review.doubt import Doubt, doubt_of, doubt_of_machine
from spin_nb.session.review.machine_labels import is_open
from spin_nb.session.review.model_doubts import TrainingLabels, model_doubts
from spin_nb.session.runtime.jobs import Job, wait_for
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.runtime.signals import text_of

if TYPE_CHECKING:
    import polars as pl

Findings = tuple[list[Doubt], str]


class Review:
    """Labels that people may look at again.

    Attributes
    ----------
    silence : str
        Why no model doubts any label; "" where one does.
    """

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project = project
        self._runtime = runtime
        self._live = live
        self._doubts: tuple[Doubt, ...] = ()
        self._machine: dict[str, Suggestion] = {}
        self._queue: tuple[Doubt, ...] = ()
        self._subject: object = None
        self._job: Job[None] | None = None
        self.silence = ""

    @property
    def is_looking(self) -> bool:
        """True while labels are being doubted."""
        return self._job is not None and not self._job.done

    def look(self) -> Job[None]:
        """Doubt the labels, in the background, unless they are those that were doubted last.

        Returns the job that does, or did.
        """
        self._runtime.main_thread.drain()
        self._live.pool_model.wait()
        with self._live.label_log.lock:
            self._live.catch_up()
            subject = training_events(self._live.label_log)[1], self._live.pool_model, self._project.task
        if (
            self._job is not None
            and self._subject == subject
            and self._job.status not in ("failed", "cancelled")
        ):
            return self._job
        if self._job is not None:
            self._job.cancel()
        self._subject = subject
        self._job = job = self._runtime.job("Doubting labels")
        work = partial(self._find, *self._copy())
        return self._runtime.start("train", job, work, partial(self._land, job), self._report)

    @property
    def doubts(self) -> list[Doubt]:
        """Labels that nobody has reviewed, and machine labels, the most doubtful first; any thread."""
        with self._live.label_log.lock:
            return [doubt for doubt in self._queue if self._stands(doubt)]

    def put_machine_labels(self, suggestions: Mapping[str, Suggestion]) -> None:
        """Take machine labels into the queue, in place of those before."""
        self._machine = dict(suggestions)
        self._order()

    def machine_label(self, item: object) -> Suggestion | None:
        """Return the machine label of an item that waits to be accepted, or None."""
        suggestion = self._machine.get(item) if isinstance(item, str) else None
        return suggestion if suggestion and is_open(self._live.label_log, str(item)) else None

    @property
    def n_labels(self) -> int:
        """Number of labels, those of the machine among them, that were to be reviewed when they were last doubted."""
        return len(self._queue)

    @property
    def n_doubtful(self) -> int:
        """Number of labels that nobody has reviewed and that are rather wrong than right."""
        return sum(one.doubt >= CONTRADICTION for one in self.doubts)

    @property
    def n_audits(self) -> int:
        """Number of labels that are left out since they audit."""
        return len(self._live.label_log.training_set.audits[0])

    def frame(self) -> pl.DataFrame:
        """Labels that nobody has reviewed, as a frame; doubts the labels anew where they have changed since."""
        import polars as pl

        wait_for(self.look)
        describe = self._project.task.describe
        rows = [
            (one.item, describe(one.label), one.annotator, one.time, one.doubt, "; ".join(one.reasons))
            for one in self.doubts
        ]
        schema: dict[str, pl.DataType | type[pl.DataType]] = {
            "item": pl.String,
            "label": pl.String,
            "annotator": pl.String,
            "time": pl.Datetime("us", "UTC"),
            "doubt": pl.Float64,
            "reason": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def check_reviewable(self, item: str) -> Current:
        """Return the label of an item that may be reviewed.

        Raises
        ------
        LabelError
            It has none, or audits.
        """
        label_log = self._live.label_log
        self._project.pool.row(item)
        label = label_log.current(item)
        if label is None or label.kind not in VALUE_KINDS:
            raise LabelError(f"{item!r} has no label to review.", "Label it: s.labeller, s.label(id, value).")
        if item in label_log.audit_items:
            raise LabelError(
                f"{item!r} audits: its label judges the model, and is not reviewed beside what that thinks.",
                "Change it by itself, if it is wrong: s.label(id, value).",
            )
        return label

    def _order(self) -> None:
        machine = [doubt_of_machine(item, suggestion) for item, suggestion in self._machine.items()]
        self._queue = tuple(sorted([*self._doubts, *machine], key=lambda one: -one.doubt))
        self._runtime.announcer.emit("doubted", len(self._queue))

    def _stands(self, doubt: Doubt) -> bool:
        label_log = self._live.label_log
        if doubt.seq is None:
            return is_open(label_log, doubt.item)
        label = label_log.current(doubt.item)
        if label is None or label.seq != doubt.seq or label.flagged or doubt.item in label_log.audit_items:
            return False
        is_here = self._project.pool.has(doubt.item)
        state = label_log.state
        return is_here and not is_reviewed(label, state.active[doubt.item], state.classes)

    def _copy(self) -> tuple[TrainingLabels, dict[str, tuple[Event, ...]], ClassHistory]:
        """Labels that train, the events of their items that stand, and what classes were called when."""
        label_log, pool_model = self._live.label_log, self._live.pool_model
        with label_log.lock:
            rows, y, _, seqs = training_data(label_log)
            labels = [label for id in seqs if (label := label_log.current(id)) is not None]
            events = {id: label_log.state.active[id] for id in seqs}
            training = TrainingLabels(labels, rows, y, pool_model.graph, pool_model.learner.freeze())
            classes = label_log.state.classes
        return training, events, classes

    def _find(
        self,
        training: TrainingLabels,
        events: dict[str, tuple[Event, ...]],
        classes: ClassHistory,
        job: Job[None],
    ) -> Findings:
        """Doubts of labels that nobody has reviewed, the largest first."""
        model = model_doubts(self._project, training, job)
        others = contradictions(self._project, training, events, classes)
        doubts = []
        for label, wrong, reason in zip(training.labels, model.wrong, model.reasons, strict=True):
            words = others.get(label.item, [])
            if is_reviewed(label, events[label.item], classes) or (np.isnan(wrong) and not words):
                continue
            doubt = max(0.0 if np.isnan(wrong) else float(wrong), CONTRADICTION if words else 0.0)
            doubts.append(doubt_of(label, doubt, [*words, *([reason] if reason else [])]))
        return sorted(doubts, key=lambda one: -one.doubt), model.silence

    def _land(self, job: Job[None], findings: Findings) -> None:
        if job is not self._job:
            return
        doubts, self.silence = findings
        self._doubts = tuple(doubts)
        self._order()

    def _report(self, error: BaseException) -> None:
        self._runtime.announcer.report(f"The labels could not be doubted: {text_of(error)}")
