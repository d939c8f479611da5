"""The side of a session that views see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from spin_nb.errors import LabelError
from spin_nb.monitor.curves import CurvePoint
from spin_nb.monitor.drift import DriftPoint
from spin_nb.pool.pool import Pool
from spin_nb.project.fold import Current, Marks
from spin_nb.protocols import Predictive, Task
from spin_nb.registry import resolve
from spin_nb.session.audit.curve import Curve
from spin_nb.session.audit.judge import Judge
from spin_nb.session.class_names import ClassNames
from spin_nb.session.label_commands import BulkReport, LabelCommands
from spin_nb.session.labeller.channel import Channel, ReviewChannel
from spin_nb.session.labeller.key_bindings import KeyBindings
from spin_nb.session.labels.marks import tag_acts, tags_frame
from spin_nb.session.model.audit_predictions import AuditPredictions
from spin_nb.session.model.cluster_finder import ClusterFinder
from spin_nb.session.model.encoder_choice import EncoderChoice
from spin_nb.session.model.encoder_comparison import EncoderComparison
from spin_nb.session.model.explain import explain
from spin_nb.session.model.explanation import Explanation
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.similar import similar
from spin_nb.session.model.training import Training
from spin_nb.session.model.training_history import CVScores, cv_scores
from spin_nb.session.open_project import OpenProject
from spin_nb.session.review.review import Review
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.runtime.signals import Signals
from spin_nb.session.selection import Selection
from spin_nb.session.stream.watcher import StreamWatcher
from spin_nb.session.table.pool_table import PoolTable
from spin_nb.types import Estimate, Float, Ints, TrainReport

if TYPE_CHECKING:
    import polars as pl


class ViewData:
    """Facts that views draw, and their commands.

    Each view is made once.

    Parameters
    ----------
    channel : Channel
        What pages of the labeller talk to; any thread.
    review : Review
        Labels to look at again.
    review_channel : ReviewChannel
        What pages of labels to review talk to; any thread.
    key_bindings : KeyBindings
    selection : Selection

    Notes
    -----
    ``spin_nb.views.session_like.SessionLike`` is the contract; this class and the doubles of the tests satisfy it.
    """

    def __init__(
        self,
        project: OpenProject,
        runtime: Runtime,
        live: LiveModel,
        *,
        judge: Judge,
        curve: Curve,
        stream: StreamWatcher,
        training: Training,
        encoder_choice: EncoderChoice,
        channel: Channel,
        review: Review,
        review_channel: ReviewChannel,
        label_commands: LabelCommands,
        table: PoolTable,
        clusters: ClusterFinder,
    ) -> None:
        self.channel = channel
        self.review = review
        self.review_channel = review_channel
        self.key_bindings = KeyBindings(project)
        self.selection = Selection(project, runtime.announcer)
        self._project = project
        self._runtime = runtime
        self._live = live
        self._judge = judge
        self._curve = curve
        self._stream = stream
        self._training = training
        self._encoder_choice = encoder_choice
        self._label_commands = label_commands
        self._class_names = ClassNames(project, runtime, live)
        self._table = table
        self._clusters = clusters
        self._views: dict[str, Any] = {}

    # -- what it is about ----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The project folder's name."""
        return self._project.name

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self._project.folder

    @property
    def annotator(self) -> str:
        """Name of who labels in this session."""
        return self._project.annotator

    @property
    def read_only(self) -> bool:
        """True if labels cannot be saved."""
        return self._project.read_only

    @property
    def pool(self) -> Pool:
        """Items that can be labelled."""
        return self._project.pool

    @property
    def task(self) -> Task:
        """Kind of the labels."""
        return self._project.task

    @property
    def classes(self) -> list[str]:
        """Class names, in the order of probability columns."""
        return self._project.classes

    @property
    def learns_classes(self) -> bool:
        """True if a label is one of :attr:`classes`.

        Otherwise there are no class probabilities.
        """
        return self._project.learns_classes

    @property
    def events(self) -> Signals:
        """Signals, emitted on the main thread."""
        return self._runtime.signals

    # -- what is known now ---------------------------------------------------------------------------------

    @property
    def label_index(self) -> Ints:
        """Class index of each row, int64 (n,), or -1.

        Audit labels are included.

        Where labels are no classes, 0 stands for any label.
        """
        return self._live.label_log.training_set.index(len(self.pool))

    @property
    def labels_per_minute(self) -> float:
        """Present pace of the person at the labeller."""
        return self._live.label_log.labels_per_minute

    @property
    def head(self) -> str | None:
        """Head shown, None before the first label."""
        return self._live.head

    @property
    def predictive(self) -> Predictive | None:
        """Predictive of the pool, None before the first label."""
        return self._live.predictive

    @property
    def predictive_now(self) -> Predictive | None:
        """Predictive of the pool, None also while its model is being prepared: nobody waits for it; any thread."""
        return self._live.predictive if self._live.pool_model.ready else None

    @property
    def layout(self) -> Float:
        """Map coordinates, float32 (n, 2), about -1 to 1."""
        return self._live.pool_model.layout

    @property
    def layout_name(self) -> str:
        """Word of the layout: "pca", then "umap"."""
        return self._live.pool_model.layout_name

    @property
    def cluster_index(self) -> Ints | None:
        """Cluster of each row, int64 (n,), or -1; None until they are there, which ``layout`` says; any thread."""
        return self._clusters.index

    @property
    def encoder_name(self) -> str:
        """Name of the encoder whose features the layout is of."""
        return self._live.pool_model.encoder.name

    @property
    def accuracy(self) -> Estimate:
        """Accuracy on the hidden audit sample."""
        self._live.try_to_catch_up()
        return self._judge.accuracy()

    @property
    def audit_predictions(self) -> AuditPredictions:
        """Predictions for the audits, beside their labels."""
        return self._judge.audit_predictions()

    @property
    def curve(self) -> list[CurvePoint]:
        """Audited accuracy, calibration and pace, label by label."""
        return self._curve.points

    @property
    def cv_scores(self) -> list[CVScores]:
        """Cross-validated accuracies of every training.

        Each is (labels, head -> accuracy on labels held out).
        """
        return cv_scores(self._project.store)

    @property
    def encoder_comparison(self) -> EncoderComparison | None:
        """Candidate encoders, compared by the labels now; None where there is one only."""
        return self._encoder_choice.compare() if self._encoder_choice.names else None

    @property
    def drift_points(self) -> list[DriftPoint]:
        """Every arrival scored, in order."""
        return self._stream.points

    @property
    def selected(self) -> list[str]:
        """Ids selected on the map, or in a cell."""
        return self.selection.ids

    @selected.setter
    def selected(self, ids: Iterable[str]) -> None:
        self.selection.set(ids)

    @property
    def selected_by(self) -> str:
        """Origin of the selected items: "selected" by a hand, or for example "similar to img_7"."""
        return self.selection.source

    def select(self, ids: Iterable[str], source: str) -> None:
        """Select items, and say what picked them."""
        self.selection.set(ids, source)

    def column(self, name: str) -> pl.Series:
        """Return a column of ``s.table``, a row for each item of the pool, or one that takes time ("outlier")."""
        return self._table.frame([name])[name]

    def value(self, id: str) -> Any | None:
        """Return the item's label now, or None; any thread."""
        if not isinstance(id, str):
            self.pool.row(id)  # raises what is wrong with it
        return self._live.label_log.value(id)

    def decision(self, id: str) -> Current | None:
        """Return what holds for an item now: label, skip or flag; any thread."""
        return self._live.label_log.current(id)

    def is_asked(self, id: str) -> bool:
        """Check that an item is being asked: shown to be labelled, and not decided on; any thread."""
        return self._live.label_log.shown_asks.open_token(id) is not None

    def similar(self, id: str, k: int) -> tuple[str, ...]:
        """Return the ids of the items most like one, nearest first; any thread.

        Raises
        ------
        LabelError
            There is no such item; its features are still being made, for which only a cell waits.
        """
        self.pool.row(id)
        if not self._live.pool_model.ready and current_thread() is not main_thread():
            raise LabelError("what items look alike is still being computed.", "Try again in a moment.")
        return similar(self._project, self._live, id, k, "cosine").ids

    def explain(self, id: str) -> Explanation:
        """Explain the answer an item gets; see ``Session.explain``."""
        return explain(self._project, self._live, id)

    # -- what a hand does ----------------------------------------------------------------------------------

    def decide_together(self, kind: str, ids: Sequence[str], value: object, source: object) -> BulkReport:
        """Decide the same of items as one gesture, ``kind`` "label", "skip", "unsure" or "flag"; any thread.

        Of several, those being asked and audits are left out; a single one is decided whatever it is.
        """
        if len(ids) > 1:
            return self._label_commands.decide_together(kind, ids, value, source)
        self._label_commands.commit([(kind, id, value) for id in ids], source)
        return BulkReport(tuple(ids))

    def tags(self, id: str) -> tuple[str, ...]:
        """Return the tags of an item; any thread."""
        return self._live.label_log.state.marks.get(id, Marks()).tags

    def tag_names(self, most: int) -> list[str]:
        """Return tags that items have, the most frequent first, at most ``most``."""
        names: list[str] = tags_frame(self._live.label_log)["tag"].head(most).to_list()
        return names

    def tag_together(self, kind: str, ids: Sequence[str], tag: str, source: object) -> int:
        """Give items a tag ("tag"), or take it away ("untag"), as one gesture; any thread.

        Returns the number of items for which that changed anything.
        """
        acts = tag_acts(self._live.label_log, kind, ids, [tag])
        if acts:
            self._label_commands.commit(acts, source)
        return len(acts)

    def revert(self, kind: str) -> list[str]:
        """Take the last gesture back ("undo"), or bring it again ("redo"); any thread.

        Returns its items.
        """
        return self._label_commands.revert(kind)

    def add_class(self, name: str) -> str:
        """Add a class, return its name as it is stored; any thread."""
        self._class_names.add(name)
        return self._project.classes[-1]

    def train(self) -> Job[TrainReport]:
        """Start training the heads, in the background."""
        return self._training.start()

    def compare_encoders(self) -> Any:
        """Wait for the features of all encoders; return the view that compares them."""
        self._encoder_choice.wait()
        view = self.view("encoders")
        view.redraw()
        return view

    def start_umap(self) -> None:
        """Compute UMAP in the background, once."""
        self._live.pool_model.start_umap(self._runtime, self._live.label_log.lock)

    def start_clusters(self) -> None:
        """Look for the clusters of the map as it is, in the background."""
        self._clusters.start()

    def view(self, word: str) -> Any:
        """Return the view of this name, always the same."""
        if word not in self._views:
            self._views[word] = resolve("view", word)(self)
        return self._views[word]
