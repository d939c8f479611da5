"""The session: one project, its facts, its commands, its parts and its views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload

from numpy.typing import NDArray

from spin_nb.errors import LabelError, ModelError
from spin_nb.pool.pool import Pool
from spin_nb.protocols import Strategy, Task
from spin_nb.session.arguments import boolean, ids_of, items_of
from spin_nb.session.asks.proposer import Proposer
from spin_nb.session.audit.curve import Curve
from spin_nb.session.audit.judge import Judge
from spin_nb.session.audit.part import AuditPart
from spin_nb.session.audit.suggestion_scores import SuggestionScores
from spin_nb.session.checks.check import Check, check
from spin_nb.session.class_names import ClassNames
from spin_nb.session.items_frame import items_frame
from spin_nb.session.label_commands import BulkReport, LabelCommands
from spin_nb.session.labeller.channel import Channel, ReviewChannel
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.labels.marks import note_acts, tag_acts, tags_frame
from spin_nb.session.labels.new_events import Act
from spin_nb.session.model.audit_predictions import AuditPredictor
from spin_nb.session.model.cluster_finder import ClusterFinder
from spin_nb.session.model.clusters import Clusters, describe_clusters
from spin_nb.session.model.duplicates import DuplicateFinder, Duplicates
from spin_nb.session.model.encoder_choice import EncoderChoice
from spin_nb.session.model.explain import explain
from spin_nb.session.model.explanation import Explanation
from spin_nb.session.model.export import export
from spin_nb.session.model.hits import Hits
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.part import ModelPart
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.model.prediction import Prediction, predict
from spin_nb.session.model.recall import Recall
from spin_nb.session.model.search import Search
from spin_nb.session.model.similar import similar
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.model.training import Training
from spin_nb.session.open_project import OpenProject
from spin_nb.session.prelabels import Prelabels
from spin_nb.session.review.machine_labels import PRELABEL_SOURCE, machine_labels
from spin_nb.session.review.review import Review
from spin_nb.session.runtime.jobs import Job, wait_for
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.runtime.signals import Signals
from spin_nb.session.stream.part import StreamPart
from spin_nb.session.stream.watch_report import WatchReport
from spin_nb.session.stream.watcher import StreamWatcher
from spin_nb.session.table.pool_table import PoolTable
from spin_nb.session.table.saved_slices import SavedSlices
from spin_nb.session.table.slice import Slice, make_slice
from spin_nb.session.view_data import ViewData
from spin_nb.types import Asked, Estimate, ExportReport, TrainReport
from spin_nb.words import shown

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


class Session:
    """An open project: label, ask, train, look, export.

    Made by :func:`spin_nb.open`.  Nouns are facts, parts and views (properties), verbs are commands (methods).  Long
    work (:meth:`train`, :meth:`watch`) runs in the background and gives a job; ``wait=True`` gives its result.

    Examples
    --------
    >>> import spin_nb as spin
    >>> with spin.open("digits.spin", pool=spin.samples.digits()) as s:   # doctest: +SKIP
    ...     asked = s.ask(4)
    ...     s.label(asked.ids[0], "7")
    """

    # No attribute can be made up: ``s.selcted = [...]`` is an error.
    __slots__ = (
        "__weakref__",
        "_audit",
        "_channel",
        "_clusters",
        "_duplicates",
        "_encoder_choice",
        "_judge",
        "_label_commands",
        "_live",
        "_model",
        "_project",
        "_proposer",
        "_review",
        "_runtime",
        "_search",
        "_stream",
        "_suggestions",
        "_table",
        "_training",
        "_view_data",
    )

    def __init__(
        self, project: OpenProject, runtime: Runtime, pool_model: PoolModel, encoders: Sequence[str] = ()
    ) -> None:
        announcer = runtime.announcer

        def use(task: Task) -> None:
            project.task = task
            announcer.emit_later("classes", task.names)

        label_log = LabelLog(
            project.store, project.task, project.pool, project.annotator, project.seed, on_task=use
        )
        live = LiveModel(project, label_log, pool_model)
        suggestions = Suggestions(project, live, announcer)
        scores = SuggestionScores(project, label_log, suggestions)
        judge = Judge(project, live, AuditPredictor(project, live), scores)
        curve = Curve(project, label_log, judge)
        watcher = StreamWatcher(project, runtime, live)

        def follow_model() -> None:
            curve.follow()
            watcher.new_model()

        choice = EncoderChoice(project, runtime, live, encoders, on_move=watcher.new_features)
        training = Training(
            project, runtime, live, encoder_choice=choice, curve_point=curve.now, on_new_model=follow_model
        )
        proposer = Proposer(project, runtime, live, training)
        channel = Channel(project, live, proposer, suggestions, announcer)
        review = Review(project, runtime, live)
        self._project, self._runtime, self._live, self._channel = project, runtime, live, channel
        self._review = review
        self._judge, self._suggestions = judge, suggestions
        self._clusters = ClusterFinder(project, runtime, live)
        self._duplicates = DuplicateFinder(project, runtime, live)
        self._table = PoolTable(project, live, suggestions, judge, self._clusters)
        self._proposer, self._training, self._encoder_choice = proposer, training, choice
        self._label_commands = LabelCommands(project, runtime, live)
        self._search = Search(project, live)
        self._view_data = ViewData(
            project,
            runtime,
            live,
            judge=judge,
            curve=curve,
            stream=watcher,
            training=training,
            encoder_choice=choice,
            channel=channel,
            review=review,
            review_channel=ReviewChannel(project, live, review, suggestions, channel, announcer),
            label_commands=self._label_commands,
            table=self._table,
            clusters=self._clusters,
        )
        self._model = ModelPart(project, runtime, live, suggestions=suggestions, encoder_choice=choice)
        self._audit = AuditPart(project, live, judge, curve, announcer)
        self._stream = StreamPart(project, runtime, watcher)
        self.events.labelled.connect(lambda *_: curve.follow())
        live.prepare(runtime, Recall(project, pool_model, announcer).last, training.adopt)
        choice.start(training.follow_features)

    def __repr__(self) -> str:
        pool, project = self.pool, self._project
        broken = f", {len(pool.broken)} broken kept out (s.items says why)" if pool.broken else ""
        trouble = f"\n  {self.problem}" if self.problem else ""
        self._live.try_to_catch_up()
        return (
            f"Project {project.name!r}{' (read-only)' if project.read_only else ''}\n"
            f"  {len(pool):,} items ({pool.modality}), {shown(project.task, 80)}{broken}\n"
            f"  {self._live.label_log.state.n_labels:,} labelled, audited {project.task.metric} {self.accuracy!r}\n"
            f"  look: s.map  label: s.labeller  all together: s.workbench{trouble}"
        )

    def __len__(self) -> int:
        return len(self.pool)

    def __bool__(self) -> bool:
        return True  # a project without items is open all the same

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- parts --------------------------------------------------------------------------------------------

    @property
    def pool(self) -> Pool:
        """Items that can be labelled."""
        return self._project.pool

    @property
    def model(self) -> ModelPart:
        """Head shown, other heads, predictive, cross-validated scores."""
        return self._model

    @property
    def audit(self) -> AuditPart:
        """Hidden audit sample: share, accuracy, curve, release."""
        return self._audit

    @property
    def stream(self) -> StreamPart:
        """Arrivals and their drift."""
        return self._stream

    # -- facts --------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self._project.folder

    @property
    def task(self) -> Task:
        """Kind of the labels, a ``Task``."""
        return self._project.task

    @property
    def classes(self) -> ClassNames:
        """Names in force: of classes, boxes, points or spans.

        Columns of probabilities are in the order of the classes.  They change by its verbs: ``s.classes.add("x")``,
        ``rename``, ``merge``, ``split``, ``retire``; ``history`` lists the changes.
        """
        self._live.try_to_catch_up()
        return ClassNames(self._project, self._runtime, self._live)

    @property
    def annotator(self) -> str:
        """Name of who labels in this session.

        Undo takes back this person's own events only.  What others were asked in the last half hour, or have waiting
        in their labeller, is not asked here.
        """
        return self._project.annotator

    @property
    def events(self) -> Signals:
        """Signals of this session, emitted on the main thread."""
        return self._runtime.signals

    @property
    def items(self) -> pl.DataFrame:
        """One row per item of the project.

        The column ``broken`` says why one cannot be shown here.
        """
        return items_frame(self._project)

    @property
    def table(self) -> pl.DataFrame:
        """All that is known of each item of the pool, one row an item.

        The columns are item; those that came with the pool; label, annotator; tags, note; predicted, probability,
        margin (lead of the likeliest class over the second), epistemic and aleatoric (nats), or, where labels are no
        classes, predicted and sd of a number, and sd alone of what is learnt as several numbers; last_asked; audit,
        split ("train", "audit" or null), broken (why it cannot be shown now).  A column of the pool that is called
        like one of these is ``meta.`` and its name.  What audits shows with its label, and not before.

        Three more columns take time, so they are made where :meth:`where` names them, and are in that slice's table:
        cluster, its number in :attr:`clusters` or null; outlier, the local outlier factor among the 15 nearest of the
        pool, and novelty, the same beside what is labelled, null before there are two labels; both are about 1
        inside and larger outside.

        Examples
        --------
        >>> s.where(pl.col("outlier") > 2).table.sort("outlier")         # doctest: +SKIP
        >>> s.table.filter(pl.col("label").is_null()).sort("margin")     # doctest: +SKIP
        """
        return self._table.frame()

    @property
    def labels(self) -> pl.DataFrame:
        """Current labels, in order of labelling.

        The columns are item, value, annotator, time, kind, ask, audit, ...
        """
        return self._project.store.labels()

    @property
    def values(self) -> dict[str, Any]:
        """Id -> current label as the task wrote it, oldest first.

        A label is a name, a number, a list of boxes; the column ``value`` of :attr:`labels` holds the same, as JSON
        text where it is no text.  Audit labels are among them: the column ``audit`` says which, and a model for
        :meth:`suggest` should do without.
        """
        with self._live.label_log.lock:
            self._live.catch_up()
            return self._live.label_log.values

    @property
    def tags(self) -> pl.DataFrame:
        """Tags that items have, and how many items each; see :meth:`tag`."""
        return tags_frame(self._live.label_log)

    @property
    def asks(self) -> pl.DataFrame:
        """Every ask so far, one a row.

        The columns are item, time, strategy, q, audit, with_suggestion, model_id, reason, annotator.
        """
        return self._project.store.asks()

    @property
    def history(self) -> pl.DataFrame:
        """Every event, undo included.

        Where a call made several, the column ``gesture`` holds the first of them, and the ``source`` of that one says
        what the items were picked by.
        """
        return self._project.store.history()

    @property
    def accuracy(self) -> Estimate:
        """Audited accuracy with its interval; see ``s.audit``."""
        return self.audit.accuracy

    @property
    def selected(self) -> list[str]:
        """Ids chosen with the lasso, or set by you."""
        return self._view_data.selected

    @selected.setter
    def selected(self, ids: Iterable[str]) -> None:
        self._view_data.selection.set(ids)

    @property
    def problem(self) -> str | None:
        """Last failure in the background, with what to do, or None.

        A training that succeeds takes it away.  A call that is refused at once raises, and changes nothing here.
        """
        self._live.wait_where_labelled()
        self._runtime.main_thread.drain()
        return self._runtime.announcer.problem

    # -- commands -----------------------------------------------------------------------------------------

    def where(self, *filters: pl.Expr | str | Slice) -> Slice:
        """Describe a part of the pool by its columns of :attr:`table`.

        Only columns that are named are computed.

        Parameters
        ----------
        *filters : polars expression, str or Slice
            Conditions, all of which must be true; or texts of ``Slice.filters``, or other slices.  They travel as
            data: one that calls a Python function is refused.

        Returns
        -------
        Slice
            ``ids``, ``table``, ``accuracy``, ``where`` to narrow it; looked up whenever it is asked, so it follows
            labels and trainings.

        Raises
        ------
        QueryError
            A column that is not there, an expression that is no condition.

        Examples
        --------
        >>> s.where(pl.col("camera") == "b", pl.col("margin") < 0.1)     # doctest: +SKIP
        """
        return make_slice(self._table, filters)

    @property
    def slices(self) -> SavedSlices:
        """Slices kept by name, each with its audited accuracy: ``s.slices["night"] = s.where(...)``."""
        return SavedSlices(self._project, self._live.label_log, self._table)

    @property
    def clusters(self) -> Clusters:
        """Clusters of the map, the largest first, with what is labelled in them.

        HDBSCAN finds them on the UMAP map, which is made first where it is not there: that takes a while, and so the
        first look does.  Where points lie thin they are in no cluster (``s.clusters.rest``).  What is together stays
        until the map moves, which a better encoder makes it do.  Purity speaks of the labels, those of a bulk too; it
        knows nothing of the other items, and a map puts apart what the encoder tells apart, which may be no class.

        Examples
        --------
        >>> s.clusters[3]                                                # doctest: +SKIP
        Cluster 3: 146 items, 12 labelled, 100% of these 'crack'
        >>> s.grid.show(s.clusters[3])                                   # doctest: +SKIP
        >>> s.label(s.clusters[3].ids, "crack")                          # doctest: +SKIP
        """
        return describe_clusters(self._project, self._live, self._clusters)

    @property
    def duplicates(self) -> Duplicates:
        """Items that are there more than once, in groups; those whose labels disagree come first.

        Equal are those with the same content, byte for byte; nearly equal those whose features are less than 0.13 of
        the median distance to the nearest apart: a picture saved again, scaled or a little noisy, a text with other
        punctuation; not one that was moved or cut.  What arrived is compared with the pool that was there before it.
        A group is labelled once by ``s.label(s.duplicates[0], value)``, one gesture, which leaves out audits.

        Examples
        --------
        >>> s.duplicates[0]                                              # doctest: +SKIP
        Group 0: 2 equal items, 'a/1.png' the first; their LABELS DISAGREE: 'cat' and 'dog'
        >>> s.grid.show(s.duplicates)                                    # doctest: +SKIP
        """
        return self._duplicates.groups()

    def ask(
        self, k: int = 1, strategy: str | Strategy = "auto", *, where: Slice | pl.Expr | str | None = None
    ) -> Asked:
        """Choose items to label next, and record them.

        Parameters
        ----------
        k : int
            How many.
        strategy : str or callable
            "auto", a word ("margin", "bald", "badge", "batchbald", "typiclust", ...: any strategy or score of
            :mod:`spin_nb.query` by its name, and "random"), or your own: a function that names what it needs, such
            as ``f(probs)``, ``f(features, k, *, labelled_rows, seed)``; see :class:`spin_nb.protocols.Strategy`.
        where : Slice or polars expression, optional
            Ask of these items alone, as :meth:`where` takes them.  None of these asks is an audit, and what is
            reserved for audits is not asked: audits stay a uniform sample of the whole pool.

        Returns
        -------
        Asked
            Some of them, nobody is told which, are audit items drawn uniformly.

        Raises
        ------
        QueryError
            If ``k`` is no whole number from 1 to the size of the pool, nothing is left to ask, ``where`` names no
            item, or your own strategy fails.
        UnknownWordError
            No such strategy.
        """
        candidates = None if where is None else self.where(where).candidates
        return self._proposer.propose(k, strategy, candidates)

    def label(self, item: str | Mapping[str, Any] | Iterable[str], value: object = None) -> BulkReport | None:
        """Label one item, a mapping id -> value, or many items with one value.

        The labels are on disk when this returns; one undo takes back what one call gave.  One class for many items
        that nobody was asked for, as after a lasso, says nothing of how frequent it is: each of these labels counts
        less in training, so that the other classes are told apart as before.  Labels of several classes in one call
        count fully.

        Parameters
        ----------
        item : str, mapping or iterable of str
            An id, id -> value, or ids, such as :attr:`selected`.
        value : object
            For an id or ids.

        Returns
        -------
        BulkReport or None
            For ids: which were labelled, and which were left out, since they are being asked or audit.

        Raises
        ------
        LabelError
            Unknown item, or a value the task does not allow; nothing of the call was stored then.
        """
        if isinstance(item, Mapping):
            if value is not None:
                raise LabelError(
                    "a mapping and a value were given.", "Pass {id: value, ...}, or an id and a value."
                )
            pairs = items_of(item, "the mapping")
        elif isinstance(item, Iterable) and not isinstance(item, str):
            filters = {"where": list(item.filters)} if isinstance(item, Slice) else {}
            source = {"by": "cell", **filters}
            return self._label_commands.decide_together("label", ids_of(item, "items"), value, source)
        else:
            pairs = [(item, value)]
        self._label_commands.commit([("label", id, value) for id, value in pairs])
        return None

    def skip(self, item: str) -> None:
        """Put an item aside without an opinion.

        It comes back once, when nothing else is left to ask.
        """
        self._label_commands.commit([("skip", item, None)])

    def unsure(self, item: str) -> None:
        """Say that a person looked and cannot tell.

        It comes back once, when nothing else is left to ask; until it has a label, strategies that keep clear of
        what is known ("auto" does) keep clear of items like it.
        """
        self._label_commands.commit([("unsure", item, None)])

    def flag(self, item: str) -> None:
        """Mark an item as bad.

        It is not asked again and its label does not train.
        """
        self._label_commands.commit([("flag", item, None)])

    def tag(self, items: str | Iterable[str], *tags: str) -> int:
        """Give tags to an item, or to many; returns how many tags were new.

        Tags say what a label does not ("night", "ask Bo"); they never train.  :attr:`tags` counts them.

        Parameters
        ----------
        items : str or iterable of str
            An id, or ids such as :attr:`selected`.
        *tags : str
            One line of text each, up to 100 characters.

        Raises
        ------
        LabelError
            Unknown item, or no such line of text; nothing of the call was stored then.
        """
        return self._mark(tag_acts(self._live.label_log, "tag", ids_of(items, "items"), tags))

    def untag(self, items: str | Iterable[str], *tags: str) -> int:
        """Take tags away again, whoever gave them; returns how many were there."""
        return self._mark(tag_acts(self._live.label_log, "untag", ids_of(items, "items"), tags))

    def note(self, item: str, text: str) -> None:
        """Write a note on an item, in place of the one before; "" takes it away."""
        self._mark(note_acts(self._live.label_log, item, text))

    def _mark(self, acts: list[Act]) -> int:
        if acts:
            self._label_commands.commit(acts)
        return len(acts)

    def undo(self) -> str:
        """Undo what you did last: a label, a tag, a note, a change of the classes; returns the item's id, else ""."""
        return next(iter(self._label_commands.revert("undo")), "")

    def redo(self) -> str:
        """Redo what was undone; returns the item's id."""
        return next(iter(self._label_commands.revert("redo")), "")

    def suggest(self, suggestions: Mapping[str, Any] | Callable[[str], Any] | None) -> int:
        """Pre-fill the labeller; returns for how many items.

        The suggestions are of a model or a file of your own.  What a mapping gave goes before what a function says,
        and that before what the session's own model suggests.  Audit items are shown without, so :attr:`accuracy`
        judges fairly what is suggested; for classes and pairs it judges the session's model whatever you suggest.

        Parameters
        ----------
        suggestions : mapping, callable or None
            Id -> value, or ``(value, probability)``, or None to take that one away; or a function of an id that
            returns one of these (None: it has none), called when the item's card is made.  A function replaces the one
            before it.  None takes away all mappings and the function.

        Raises
        ------
        LabelError
            Unknown item, a value the task does not allow: then none is taken.

        Notes
        -----
        A model of your own must not learn from the audit labels, or :attr:`accuracy` says too much of it.
        :attr:`values` holds them, too; ``s.labels.filter(~polars.col("audit"))["item"]`` are the ids without them.

        Examples
        --------
        >>> s.suggest({"img_7.png": ("crack", 0.9)})                   # doctest: +SKIP
        """
        with self._live.label_log.lock:
            n = self._suggestions.take(suggestions)
        self._runtime.announcer.emit("suggested", n)
        return n

    def prelabel(self, suggestions: Mapping[str, Any] | Callable[[str], Any] | None = None) -> Prelabels:
        """Label by machine what nobody has labelled, for review: nothing is stored until a person accepts it.

        The labels are what the labeller would pre-fill: of ``suggestions``, which :meth:`suggest` takes first, else of
        the session's own model (classes of 0.5 and more).  :attr:`review` shows them among the labels to be reviewed,
        by how uncertain they are, until the next call; ``.accept(ids)`` takes many at once.  What is being asked,
        audits, or is reserved for auditing is left out.  After a restart call it again: it is made from the model.

        Parameters
        ----------
        suggestions : mapping or callable, optional
            As in :meth:`suggest`.

        Returns
        -------
        Prelabels
            ``table`` (item, label, probability), the most uncertain first; ``ids``; ``accept``.

        Raises
        ------
        LabelError
            Unknown item, a value the task does not allow.

        Examples
        --------
        >>> s.prelabel()                                               # doctest: +SKIP
        1,612 machine labels, the most uncertain first; none is stored until somebody accepts it: ...
        """
        if suggestions is not None:
            self.suggest(suggestions)
        self._live.wait_where_labelled()
        machine = machine_labels(self._live.label_log, self._suggestions)
        self._review.put_machine_labels(machine)
        accept = partial(self._label_commands.accept, source=PRELABEL_SOURCE)
        return Prelabels(machine, self._live.label_log, accept)

    @overload
    def train(
        self,
        model: object = None,
        posterior: object = None,
        *,
        show: bool = False,
        wait: Literal[False] = False,
    ) -> Job[TrainReport]: ...
    @overload
    def train(
        self, model: object = None, posterior: object = None, *, show: bool = False, wait: Literal[True]
    ) -> TrainReport: ...
    def train(
        self, model: object = None, posterior: object = None, *, show: bool = False, wait: bool = False
    ) -> Job[TrainReport] | TrainReport:
        """Train on the labels, show the better model.

        Without ``model`` and ``posterior`` the heads are trained, and trees, and their mean is shown, each head to
        the power that labels held out warrant; where the session chooses its encoder, it does so before.  With them
        yours is trained beside the heads and shown where it does as well as what would be shown
        without it, on the same labels held out; one label more or less is chance.  Where it does worse, or too few
        labels can be held out to tell, nothing changes in front: the report's ``note`` says so, and
        ``s.predict(items, head="cnn")`` asks it all the same.  The graph head goes on following every label for
        ``s.ask``.  It runs in the background; a second call for the same while one waits returns that one's job.

        Parameters
        ----------
        model : str, torch.nn.Module, callable or object, optional
            A network: "cnn" or "mlp"; your own, as it was when first passed; or a function without arguments that
            makes one.  It is fine-tuned, anew each time, and its last layer must be a ``torch.nn.Linear``.  It sees
            pictures (channels, height, width) from 0 to 1, your own also numbers as they are; anything else through
            the encoder.  Or a scikit-learn classifier with ``predict_proba``, on the encoder's features; or an
            object of the ``Model`` contract (:mod:`spin_nb.protocols`).
        posterior : str, callable or object, optional
            On top of the network's features ("laplace" unless given; "dropout" uses its own dropout layers), or alone
            on the encoder's: "laplace", "laplace-all", "laplace-subnet", "graph", "dropout", "ensemble", "trees", an
            object with ``fit`` and ``predict``, or a scikit-learn classifier, which becomes a committee.
        show : bool
            Put yours in front whatever the labels say; at once where it has just been trained on the same labels.
        wait : bool
            Return when it is done.  Ctrl-C while it waits cancels the training.

        Returns
        -------
        Job, or TrainReport with ``wait=True``
            ``validation`` holds accuracies on labels held out: all of them in turn for the heads and for posteriors
            in closed form, in five folds for a classifier; a fifth of them, once, for what takes longer (from 20
            labels on).  ``compared`` has yours and the heads on the very same labels.

        Raises
        ------
        NotTrainedError
            If no label trains yet.
        UnknownWordError, ModelError, PoolError
            What cannot be trained; the last good model stays.  What is found out in the background only is in
            :attr:`problem` too.

        Notes
        -----
        A project opened again shows the same model, rebuilt from arrays and words.  Code of your own and scikit-learn's
        classifiers are not held (of networks the weights are, in ``models/``), nor is what "laplace-all" and
        "laplace-subnet" find out about a network: the graph head is shown, and :attr:`problem` says what to call.

        Examples
        --------
        >>> s.train("cnn", "dropout", wait=True)                       # doctest: +SKIP
        """
        boolean(wait, "wait", ModelError)
        boolean(show, "show", ModelError)
        start = partial(self._training.start, model, posterior, show)
        return wait_for(start) if wait else start()

    def predict(self, items: Sequence[Any] | NDArray[Any], *, head: str | None = None) -> Prediction:
        """Predict items of the pool, or new ones.

        Parameters
        ----------
        items : sequence
            Ids of the pool, or raw items of the pool's kind.
        head : str, optional
            One of ``s.model.heads``; the one shown unless given.

        Returns
        -------
        Prediction
            ``mean`` (n, C) in the order of ``classes``, ``epistemic`` and ``aleatoric`` (n,) in nats;
            ``sets(alpha=0.1)``: conformal prediction sets.

        Raises
        ------
        NotTrainedError
            Before the first label; for another head, before ``s.train()``.
        LabelError, PoolError
            Unknown ids, items that cannot be read.
        """
        self._project.check_classes("s.predict", "Look at s.labels, and at what s.labeller suggests.")
        return predict(self._project, self._live, self._judge.predictions, items, head)

    def explain(self, id: str) -> Explanation:
        """Explain an item's answer.

        The explanation has its doubt, the nearest labels, and what would change its mind.

        Raises
        ------
        LabelError
            Unknown id.
        NotTrainedError
            Before the first label.
        """
        self._project.check_classes("s.explain", "Look at s.labels, and at what s.labeller suggests.")
        return explain(self._project, self._live, id)

    def search(self, query: str, k: int = 24) -> Hits:
        """Find items by words.

        In ids, texts and the columns that came with the pool: those that hold every word, the last one as it begins;
        case and accents do not count.  Pictures and sounds whose encoder has a text side ("clip", "siglip2", "clap")
        are found by what they show instead.  ``s.grid.show(s.search("red car"))`` shows them.

        Parameters
        ----------
        query : str
            Words.
        k : int
            How many, at most.

        Returns
        -------
        Hits
            ``ids`` and ``scores``, the best first: BM25, or the cosine of words and item.

        Raises
        ------
        QueryError
            No words; ``k`` is no whole number from 1 up.
        """
        return self._search(query, k)

    def similar(self, item: Any, k: int = 24, metric: str = "cosine") -> Hits:
        """Find the items of the pool most like one, in the encoder's features.

        Exact, whatever the size of the pool.  ``s.grid.show(s.similar(id))`` shows them.

        Parameters
        ----------
        item : str or object
            An id, or a new item as a pool would hold it: a picture or its path, a text, a series, a row.
        k : int
            How many.
        metric : str
            "cosine" or "euclidean".

        Returns
        -------
        Hits
            ``ids`` and ``scores``, their distances, nearest first; an item of the pool is not among its own.

        Raises
        ------
        QueryError
            ``k`` is no whole number from 1 up; no such metric.
        LabelError, PoolError
            Neither an item of the pool nor one that can be read.
        """
        return similar(self._project, self._live, item, k, metric)

    def compare_encoders(self) -> Any:
        """Draw what the labels so far say of each encoder that ``encoder="auto"`` weighs.

        It waits for features that are still being made.  Nothing moves: the next training goes over to the encoder
        for which the labels speak, and :attr:`model` says which that is.

        Raises
        ------
        ModelError
            If there is one encoder only.
        """
        return self._view_data.compare_encoders()

    @overload
    def watch(self, items: Iterable[Any], *, wait: Literal[False] = False) -> Job[WatchReport]: ...
    @overload
    def watch(self, items: Iterable[Any], *, wait: Literal[True]) -> WatchReport: ...
    def watch(self, items: Iterable[Any], *, wait: bool = False) -> Job[WatchReport] | WatchReport:
        """Score arrivals, look for drift, offer them to :meth:`ask`.

        It does the same as ``s.stream.watch``.
        """
        return self.stream.watch(items, wait=wait)

    def export(
        self, folder: str | Path, target: str | Callable[..., ExportReport] = "jetson"
    ) -> ExportReport:
        """Write and verify a bundle that runs without spin_nb.

        Raises
        ------
        NotTrainedError
            Before ``s.train()``.
        ExportError
            If the encoder cannot be exported or the bundle does not verify.
        """
        self._runtime.main_thread.drain()
        self._project.check_classes("s.export", "Export the labels: s.labels.write_ndjson(path).")
        self._live.pool_model.wait()
        return export(self._project, self._live, self._training.model_id, self.accuracy, folder, target)

    def check(self) -> Check:
        """Compare every file with its checksum; changes nothing.

        Returns
        -------
        Check
            What was compared; ``ok``; ``damaged``, each with what is lost and what to do.

        Examples
        --------
        >>> s.check()                                                    # doctest: +SKIP
        nothing is damaged: 3,002 events, 1,797 items, 9 files
        """
        return check(self.folder)

    def close(self) -> None:
        """Stop background work and close the files.

        Everything labelled is on disk already.
        """
        self._runtime.close()
        self._live.pool_model.save_neighbours()
        self._project.store.close()

    # -- views --------------------------------------------------------------------------------------------

    @property
    def map(self) -> Any:
        """UMAP of the pool; lasso = select.

        Its colours are class, uncertainty, label or any column.
        """
        return self._view_data.view("map")

    @property
    def labeller(self) -> Any:
        """The next items to label, by keyboard."""
        return self._view_data.view("labeller")

    @property
    def review(self) -> Any:
        """The labels there are, to look at again, the most doubtful first: keep, change or flag each.

        A label is doubtful where models that did not learn from it say something else, where a near duplicate has
        another label, or another annotator gave one.  Labels that changed since are doubted anew, in the background.
        ``s.review.queue`` lists them.  What was kept or changed here does not come again unless its label changes.
        """
        self._review.look()
        return self._view_data.view("review")

    @property
    def grid(self) -> Any:
        """Thumbnails of what is selected; labels many at once.

        It shows the lasso's selection, else the whole pool; ``s.grid.show(ids)`` shows others.
        """
        return self._view_data.view("grid")

    @property
    def uncertainty(self) -> Any:
        """Doubt of the model: epistemic against aleatoric."""
        self._project.check_classes("s.uncertainty", "s.map and s.labeller show this project.")
        return self._view_data.view("uncertainty")

    @property
    def curves(self) -> Any:
        """Audited accuracy, calibration, pace; live."""
        return self._view_data.view("curves")

    @property
    def calibration(self) -> Any:
        """Reliability of the probabilities, error by coverage; live."""
        self._project.check_classes("s.calibration", "s.map and s.labeller show this project.")
        return self._view_data.view("calibration")

    @property
    def drift(self) -> Any:
        """Arrivals against the pool: drift; live."""
        return self._view_data.view("drift")

    @property
    def workbench(self) -> Any:
        """Map, labeller and curves on one page."""
        return self._view_data.view("workbench")
