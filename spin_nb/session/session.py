"""The session: one project, its facts, its commands and its views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spin_nb.errors import LabelError, ModelError, PoolError, QueryError, SettingError
from spin_nb.monitor.curves import CurvePoint
from spin_nb.monitor.drift import DriftPoint
from spin_nb.project.records import Suggestion
from spin_nb.registry import resolve
from spin_nb.session.arguments import items_of, switch
from spin_nb.session.asks.sampler import Sampler, strategy_word
from spin_nb.session.audit.curve import Curve, cv_scores
from spin_nb.session.audit.judge import Judge
from spin_nb.session.audit.suggestion_scores import SuggestionScores
from spin_nb.session.checks.check import Check, check
from spin_nb.session.labeller.channel import Channel
from spin_nb.session.labeller.key_bindings import KeyBindings
from spin_nb.session.labels.label_log import Change, LabelLog
from spin_nb.session.model.audited import Audited, AuditedPredictions
from spin_nb.session.model.explain import explain
from spin_nb.session.model.explanation import Explanation
from spin_nb.session.model.export import export
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.model.prediction import Prediction, predict
from spin_nb.session.model.recall import Recall
from spin_nb.session.model.suggestions import Suggestions
from spin_nb.session.model.training import Training
from spin_nb.session.project import Project
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.session.stream.arrivals import StreamMonitor
from spin_nb.types import Asked, Estimate, ExportReport, Float, Ints
from spin_nb.words import shown

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from spin_nb.pool.media.images import Box

_ABSENT = "not in this session's pool: it is gone, or another session added it; open the project again to see"
_GONE = "its file is gone: put it back, or open the project with pool= again to go on without it"


class Session:
    """A project that is open: label, ask, train, look, export.

    Made by :func:`spin_nb.open`.  Nouns are views and facts (properties), verbs are commands (methods).

    Examples
    --------
    >>> import spin_nb as spin
    >>> s = spin.open("digits.spin", pool=spin.samples.digits())   # doctest: +SKIP
    >>> asked = s.ask(4)                                           # doctest: +SKIP
    >>> s.label(asked.ids[0], "7")                                 # doctest: +SKIP
    """

    def __init__(self, project: Project, pool_model: PoolModel) -> None:
        self._project = project
        self._runtime = Runtime()
        announcer = self._runtime.announcer
        self._label_log = LabelLog(project.store, project.task, project.pool, project.annotator, project.seed)
        self._live = LiveModel(project, self._label_log, pool_model)
        self._suggestions = Suggestions(project, self._live, announcer)
        predictions = AuditedPredictions(project, self._live)
        scores = SuggestionScores(project, self._label_log, self._suggestions)
        self._judge = Judge(project, self._live, predictions, scores)
        self._curve = Curve(project, self._label_log, self._judge)
        self._stream = StreamMonitor(project, self._runtime, self._live)
        self._training = Training(
            project, self._runtime, self._live, curve_point=self._curve.now, landed=self._model_landed
        )
        self._sampler = Sampler(project, self._live, self._training)
        self._channel = Channel(project, self._live, self._sampler, self._suggestions, announcer)
        self._key_bindings = KeyBindings(project)
        self._views: dict[str, Any] = {}
        self._selected: tuple[str, ...] = ()
        self.events.labelled.connect(self._follow_curve)
        recall = Recall(project, pool_model, announcer)
        self._live.prepare(self._runtime, recall.last, self._training.adopt)

    def __repr__(self) -> str:
        kept_out = f", {len(self.pool.broken)} broken kept out (s.items says why)" if self.pool.broken else ""
        trouble = f"\n  {self.problem}" if self.problem else ""
        self._live.try_to_catch_up()
        return (
            f"Project {self.name!r}{' (read-only)' if self.read_only else ''}\n"
            f"  {len(self.pool):,} items ({self.pool.modality}), {shown(self.task, 80)}{kept_out}\n"
            f"  {self._label_log.state.n_labels:,} labelled, audited {self.task.metric} {self.accuracy!r}\n"
            f"  look: s.map  label: s.labeller  all together: s.workbench{trouble}"
        )

    # -- what is known ------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The project's folder name."""
        return self._project.name

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self._project.folder

    @property
    def pool(self) -> Any:
        """What can be labelled."""
        return self._project.pool

    @property
    def task(self) -> Any:
        """What a label may be."""
        return self._project.task

    @property
    def events(self) -> Any:
        """Signals of this session, emitted on the main thread."""
        return self._runtime.signals

    @property
    def read_only(self) -> bool:
        """Whether commands that write are refused."""
        return self._project.read_only

    @property
    def annotator(self) -> str:
        """Who labels in this session; undo takes back this person's own events only.

        What others were asked in the last half hour, or have waiting in their labeller, is not asked here.
        """
        return self._project.annotator

    @property
    def classes(self) -> list[str]:
        """Names the task has: of classes, in the order of every probability column; of boxes, points, spans."""
        return self._project.classes

    @property
    def by_class(self) -> bool:
        """Whether a label is one of :attr:`classes`; else there are no class probabilities to show."""
        return self._project.learns_classes

    @property
    def items(self) -> pl.DataFrame:
        """One row per item the project knows; ``broken`` says why one cannot be shown here."""
        import polars as pl

        unreadable = pl.DataFrame(
            {"item": [b.id for b in self.pool.broken], "why": [b.reason for b in self.pool.broken]},
            schema={"item": pl.String, "why": pl.String},
        )
        listed = self._project.store.items().join(unreadable, on="item", how="left", maintain_order="left")
        here, gone = (
            pl.Series(ids, dtype=pl.String).implode() for ids in (self.pool.ids, self.pool.missing_ids)
        )
        absent = pl.when(~pl.col("item").is_in(here)).then(pl.lit(_ABSENT))
        lost = pl.when(pl.col("item").is_in(gone)).then(pl.lit(_GONE))
        return listed.with_columns(pl.coalesce("broken", "why", absent, lost).alias("broken")).drop("why")

    @property
    def labels(self) -> pl.DataFrame:
        """Labels that hold now, in order of labelling: item, value, annotator, time, kind, ask, audit, ..."""
        return self._project.store.labels()

    @property
    def values(self) -> dict[str, Any]:
        """Id -> label that holds now, as the task wrote it: a name, a number, a list of boxes; oldest first.

        The column ``value`` of :attr:`labels` holds the same, as JSON text where it is no text.  Audit labels are among
        them: the column ``audit`` says which, and a model for :meth:`suggest` should do without.
        """
        with self._label_log.lock:
            self._live.catch_up()
            return self._label_log.values

    @property
    def asks(self) -> pl.DataFrame:
        """Everything that was asked: item, time, strategy, q, audit, with_suggestion, model_id, reason, annotator."""
        return self._project.store.asks()

    @property
    def history(self) -> pl.DataFrame:
        """Every event, undo included; ``gesture``: first event of the call that made several."""
        return self._project.store.history()

    @property
    def audit_share(self) -> float:
        """Share of asks that audit, 0 to 0.5; 0.1 unless set.  Changing it keeps the audits given so far.

        Audits that a larger share adds later are drawn from what nobody has labelled by then; those that come too late,
        because the model has learnt them, count in :attr:`accuracy` as without an answer.  It is the project's: whoever
        has it open elsewhere asks by it from the next ask on.
        """
        with self._label_log.lock:
            self._live.catch_up()
            return self._label_log.plan.share

    @audit_share.setter
    def audit_share(self, share: float) -> None:
        if isinstance(share, (str, bool)) or not isinstance(share, Real) or not 0 <= share <= 0.5:
            raise SettingError(
                f"an audit share of {shown(share)} is not between 0 and 0.5.", "Set s.audit_share = 0.1."
            )
        self._project.check_writable("change the audit share")
        self._label_log.patiently(partial(self._label_log.keep_share, float(share)))

    @property
    def head(self) -> str | None:
        """The head shown: "graph", "linear", "mean", "trees" or the name of your model; None before the first."""
        return self._live.head

    @property
    def heads(self) -> list[str]:
        """Heads that ``s.predict(items, head=...)`` can ask now, the one shown first; more by :meth:`train`."""
        return self._live.heads

    def check(self) -> Check:
        """Read every file of the project again and compare it with its checksums; changes nothing.

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

    @property
    def problem(self) -> str | None:
        """What went wrong in the background since the last training that succeeded, and what to do; else None.

        A call that is refused at once raises, and changes nothing here.
        """
        self._live.wait_where_labelled()
        self._runtime.main_thread.drain()
        return self._runtime.announcer.problem

    @property
    def predictive(self) -> Any | None:
        """Posterior predictive of the whole pool (protocol ``Predictive``), live.

        None before the first label, and while a large folder is still being looked at.
        """
        return self._live.predictive

    @property
    def label_index(self) -> Ints:
        """Class index of each row's label now, int64 (n,), -1 without; audit labels included.

        Where labels are no classes, 0 stands for any label.
        """
        return self._label_log.index(len(self.pool))

    @property
    def accuracy(self) -> Estimate:
        """Accuracy of what is shown now on the hidden audit sample, with its 95 % interval.

        It is the accuracy on the present pool, arrivals included, and on new items like it; where most of a small pool
        is labelled, what is left is easier than that, because the hard items were asked.  The repr says where it is
        less: what was labelled without being asked and what was flagged as bad is not part of it, and each audit that
        was skipped, left, or that the model learnt from counts as wrong at the low end and as right at the high end.

        The interval holds for one look, at a number of audits fixed beforehand.  Looking again and again, and stopping
        where it looks good, misses the truth more often than one time in twenty.
        """
        self._live.try_to_catch_up()
        return self._judge.accuracy()

    @property
    def audited(self) -> Audited:
        """What is predicted now for the hidden audit sample, ``probs`` (n, C), and its labels, ``truth`` (n,)."""
        return self._judge.audited()

    @property
    def curve(self) -> list[CurvePoint]:
        """Audited accuracy, calibration and pace, label by label, of earlier sessions too."""
        return self._curve.points

    @property
    def validations(self) -> list[tuple[int, dict[str, float]]]:
        """(labels, head -> accuracy on labels held out, the same ones where a model was asked for) of every run."""
        return cv_scores(self._project.store)

    @property
    def labels_per_minute(self) -> float:
        """Present pace of the person at the labeller; calls to :meth:`label` do not count."""
        return self._label_log.labels_per_minute

    @property
    def drift_points(self) -> list[DriftPoint]:
        """Every arrival scored by :meth:`watch`, in order."""
        return self._stream.points

    @property
    def layout(self) -> Float:
        """Map coordinates, float32 (n, 2) in about [-1, 1]."""
        return self._live.pool_model.layout

    @property
    def layout_name(self) -> str:
        """Word of the layout: "pca" until UMAP is ready, then "umap"."""
        return self._live.pool_model.layout_name

    @property
    def selected(self) -> list[str]:
        """Ids chosen with the lasso, or set by you."""
        return list(self._selected)

    @selected.setter
    def selected(self, ids: Iterable[str]) -> None:
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise SettingError(f"{shown(ids)} is no list of item ids.", "Set s.selected = [id, ...].")
        ids = tuple(items_of(ids, "the selection", SettingError))
        for id in ids:
            self.pool.row(id)
        if ids != self._selected:
            self._selected = ids
            self._runtime.announcer.emit("selection", ids)

    @property
    def bindings(self) -> dict[str, str]:
        """Own keys of the labeller: action, or "class:<name>" -> key; kept in the project for this annotator."""
        return self._key_bindings.get()

    @bindings.setter
    def bindings(self, keys: Mapping[str, str]) -> None:
        self._key_bindings.set(keys)

    # -- commands -----------------------------------------------------------------------------------------

    def ask(self, k: int = 1, strategy: Any = "auto") -> Asked:
        """Choose items to label next, and record that they were asked.

        Parameters
        ----------
        k : int
            How many.
        strategy : str or callable
            "auto", a word ("margin", "bald", "badge", "batchbald", "typiclust", ...: any strategy or score of
            :mod:`spin_nb.query` by its name, and "random"), or your own: a function that names what it needs, such
            as ``f(probs)``, ``f(features, k, *, labelled, seed)``; see :class:`spin_nb.protocols.Strategy`.

        Returns
        -------
        Asked
            Some of them, nobody is told which, are audit items drawn uniformly.

        Raises
        ------
        QueryError
            If ``k`` is no whole number from 1 to the size of the pool, nothing is left to ask, or your own
            strategy fails.
        UnknownWordError
            No such strategy.
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("ask")
        if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= len(self.pool):
            raise QueryError(
                f"{shown(k)} items cannot be asked.", f"Ask for 1 to {len(self.pool):,}: s.ask(8)."
            )
        self._live.pool_model.wait()
        asks, reason = self._sampler.ask(int(k), strategy)
        if not asks:
            raise self._sampler.nothing_left()
        ids = tuple(ask.item for ask in asks)
        self._runtime.announcer.emit("asked", ids)
        return Asked(ids, strategy_word(strategy), tuple(ask.q for ask in asks), reason)

    def label(self, item: str | Mapping[str, Any], value: Any = None) -> None:
        """Label one item, or several at once with a mapping id -> value; on disk when this returns.

        One class for many items that nobody was asked for, as after a lasso, says nothing of how frequent it is: each
        of these labels counts less in training, so that the other classes are told apart as before.  Labels of several
        classes in one call count fully.

        Raises
        ------
        LabelError
            Unknown item, or a value the task does not allow; nothing of the call was stored then.
        """
        if isinstance(item, Mapping) and value is not None:
            raise LabelError(
                "a mapping and a value were given.", "Pass {id: value, ...}, or an id and a value."
            )
        pairs = items_of(item, "the mapping") if isinstance(item, Mapping) else [(item, value)]
        self._label([("label", id, value) for id, value in pairs])

    def skip(self, item: str) -> None:
        """Put an item aside without an opinion; it comes back once, when nothing else is left to ask."""
        self._label([("skip", item, None)])

    def unsure(self, item: str) -> None:
        """Say that a person looked and cannot tell.

        It comes back once, when nothing else is left to ask; until it has a label, strategies that keep clear of
        what is known ("auto" does) keep clear of items like it.
        """
        self._label([("unsure", item, None)])

    def flag(self, item: str) -> None:
        """Mark an item as bad: it is not asked again and its label does not train."""
        self._label([("flag", item, None)])

    def undo(self) -> str:
        """Take back this annotator's own last event; returns the item's id."""
        return self._revert("undo")

    def redo(self) -> str:
        """Bring back what was last undone; returns the item's id."""
        return self._revert("redo")

    def suggest(self, suggestions: Mapping[str, Any] | Callable[[str], Any] | None) -> int:
        """Pre-fill what the labeller shows, from a model or a file of your own; returns for how many items.

        What a mapping gave goes before what a function says, and that before what the session's own model suggests.
        Audit items are shown without, so :attr:`accuracy` judges fairly what is suggested; for classes and pairs it
        judges the session's model whatever you suggest.

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
        with self._label_log.lock:
            n = self._suggestions.take(suggestions)
        self._runtime.announcer.emit("suggested", n)
        return n

    def suggestion(self, id: str) -> Suggestion | None:
        """What would be pre-filled for an item now, and its probability (None where nobody said one), or None.

        Of classes the session's model suggests one that is right at least as often as not: of probability 0.5 or more.

        Raises
        ------
        LabelError
            Unknown item.
        """
        return self._suggestions.of(self.pool.row(id))

    def release_audits(self) -> int:
        """Let the audit labels given so far train, in whichever session; returns how many.

        They stop estimating accuracy for good, also where a label is corrected later: :attr:`accuracy` starts again
        from the next audits.
        """
        self._project.check_writable("release audits")

        def step() -> tuple[int, list[Change]]:
            n, changes = self._label_log.release_audits(self._live.catch_up)
            self._live.follow(changes)
            return n, changes

        n, changes = self._label_log.patiently(step)
        self._runtime.announcer.labelled(changes)
        return n

    def train(
        self, model: Any = None, posterior: Any = None, *, show: bool = False, wait: bool = False
    ) -> Any:
        """Train on the labels, keep the model, show the better one.

        Without ``model`` and ``posterior`` the heads are trained, and trees; what does best on labels held out is
        shown.  With them yours is trained beside the heads and shown where it does as well as what would be shown
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
        self._runtime.main_thread.drain()
        self._project.check_writable("train")
        learns = "Its suggestions follow the labels by themselves, or come from s.suggest(...)."
        given = "Nothing is learnt of such labels: suggestions come from s.suggest(...)."
        self._project.check_classes("s.train", learns if self.task.outputs else given)
        switch(wait, "wait", ModelError)
        return _awaited(self._training.start(model, posterior, switch(show, "show", ModelError)), wait)

    def predict(self, items: Sequence[Any] | NDArray[Any], *, head: str | None = None) -> Prediction:
        """Predict items of the pool (by id) or new ones (raw: images, texts, rows).

        Parameters
        ----------
        items : sequence
            Ids of the pool, or raw items of the pool's kind.
        head : str, optional
            One of :attr:`heads`; the one shown unless given.

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
        """Why an item gets the answer it gets: its doubt, the nearest labels, what would change its mind.

        Raises
        ------
        LabelError
            Unknown id.
        NotTrainedError
            Before the first label.
        """
        self._project.check_classes("s.explain", "Look at s.labels, and at what s.labeller suggests.")
        return explain(self._project, self._live, id)

    def watch(self, items: Iterable[Any], *, wait: bool = True) -> Any:
        """Score arriving items, look for drift, and offer them to :meth:`ask`.

        Parameters
        ----------
        items : iterable
            Raw items of the pool's kind, taken one by one; may be endless with ``wait=False``.
        wait : bool
            Return when all are through; else a job at once.  Ctrl-C while it waits cancels the rest: what has
            joined stays.

        Returns
        -------
        WatchReport, or Job with ``wait=False``
        """
        self._runtime.main_thread.drain()
        self._project.check_writable("take in arrivals")
        switch(wait, "wait", PoolError)
        return _awaited(self._stream.start(items), wait)

    def export(self, folder: str | Path, target: Any = "jetson") -> ExportReport:
        """Write the trained model as a bundle that runs without spin_nb, and verify it.

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

    def close(self) -> None:
        """Stop background work and close the files; everything labelled is on disk already."""
        self._runtime.close()
        self._live.pool_model.save_neighbours()
        self._project.store.close()

    # -- views --------------------------------------------------------------------------------------------

    @property
    def map(self) -> Any:
        """UMAP of the pool, coloured by class, uncertainty, label or any column; lasso = select."""
        view = self._view("map")
        # Its compilation must not hold up the first paint.
        view.when_drawn(lambda: self._live.pool_model.start_umap(self._runtime, self._label_log.lock))
        return view

    @property
    def labeller(self) -> Any:
        """The next items to label, by keyboard."""
        return self._view("labeller")

    @property
    def uncertainty(self) -> Any:
        """What the model does not know, and why: epistemic against aleatoric."""
        self._project.check_classes("s.uncertainty", "s.map and s.labeller show this project.")
        return self._view("uncertainty")

    @property
    def curves(self) -> Any:
        """Audited accuracy with its interval, calibration, labels per minute; live."""
        return self._view("curves")

    @property
    def calibration(self) -> Any:
        """Whether its probabilities can be believed: reliability, error by coverage; live."""
        self._project.check_classes("s.calibration", "s.map and s.labeller show this project.")
        return self._view("calibration")

    @property
    def drift(self) -> Any:
        """Whether what arrives is still what was learnt; live."""
        return self._view("drift")

    @property
    def workbench(self) -> Any:
        """Map, labeller and curves on one page."""
        return self._view("workbench")

    # -- what views ask for -------------------------------------------------------------------------------

    def queue_cards(self, n: int, have: Sequence[str] = ()) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Cards for the labeller's queue; see :class:`~spin_nb.session.labeller.channel.Channel`.  Any thread."""
        return self._channel.queue.cards(n, have)

    def apply(self, client: str, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Apply the labeller's entries exactly once and in order; see ``Channel``.  Any thread."""
        return self._channel.entries.apply(client, entries)

    def card(self, id: str) -> tuple[dict[str, Any], list[bytes]]:
        """One item as a view shows it, with its prediction and label."""
        return self._channel.inspection.card(id)

    def past(self, kind: str, n: int, skip: int = 0) -> list[dict[str, Any]]:
        """The last events "undo" or "redo" would take; see ``Channel``.  Any thread."""
        return self._channel.entries.past(kind, n, skip)

    def suggestions(self, tokens: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        """What would be pre-filled now on cards of the queue; see ``Channel``.  Any thread."""
        return self._channel.queue.suggestions(tokens)

    def likeliest(self, tokens: Sequence[str]) -> dict[str, list[tuple[str, float | None]]]:
        """The classes on the first keys of queued cards, where there are more classes than keys.  Any thread."""
        return self._channel.queue.likeliest(tokens)

    def value(self, id: str) -> Any | None:
        """The item's label now, or None; any thread."""
        if not isinstance(id, str):
            self.pool.row(id)  # raises what is wrong with it
        return self._label_log.value(id)

    def frame(self, id: str, number: int, part: str | None = None) -> tuple[dict[str, Any], list[bytes]]:
        """One frame of a video; see :mod:`~spin_nb.session.labeller.cards`.  Any thread."""
        return self._channel.inspection.frame(id, number, part)

    def detail(
        self, id: str, box: Box, size: int, part: str | None = None
    ) -> tuple[dict[str, Any], list[bytes]]:
        """A piece of a picture, (x, y, width, height), at most ``size`` pixels a side.  Any thread."""
        return self._channel.inspection.detail(id, box, size, part)

    # -- inside -------------------------------------------------------------------------------------------

    def _view(self, word: str) -> Any:
        if word not in self._views:
            self._views[word] = resolve("view", word)(self)
        return self._views[word]

    def _label(self, acts: list[tuple[str, str, Any]]) -> None:
        self._runtime.main_thread.drain()
        self._project.check_writable("label")
        if not acts:
            raise LabelError("no label was given.", "Pass an id and a value, or a mapping id -> value.")

        def step() -> list[Change]:
            changes = self._label_log.commit(self._label_log.events(acts))
            self._live.follow(changes)
            return changes

        changes = self._label_log.patiently(step)
        self._runtime.announcer.labelled(changes, [item for _, item, _ in acts])

    def _revert(self, kind: str) -> str:
        self._runtime.main_thread.drain()
        self._project.check_writable(kind)

        def step() -> tuple[list[str], list[Change]]:
            items, changes = self._label_log.revert(kind)
            self._live.follow(changes)
            return items, changes

        items, changes = self._label_log.patiently(step)
        self._runtime.announcer.labelled(changes, items)
        return items[0]

    def _follow_curve(self, *_: object) -> None:
        self._curve.follow()

    def _model_landed(self) -> None:
        self._curve.follow()
        self._stream.new_model()


def _awaited(job: Job, wait: bool) -> Any:
    """What came of it, once it is there; without ``wait`` the job itself."""
    if not wait:
        return job
    try:
        return job.result()
    except KeyboardInterrupt:  # nobody has the job to cancel it with
        job.cancel()
        raise
