"""The choice of an encoder: candidates' features are made in the background, and labels choose between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from spin_nb.errors import Cancelled, ModelError, ProjectError, SpinError
from spin_nb.models.encoder_evidence import Evidence, evidence, likeliest
from spin_nb.models.head_selection import HEADS, within
from spin_nb.pool.encoders import make_encoder
from spin_nb.pool.encoders.joined import SEPARATOR
from spin_nb.pool.features.cache import are_features_kept, encode_rows
from spin_nb.pool.features.candidates import candidate_features, parts_of
from spin_nb.session.checks.weights import introduce_weights
from spin_nb.session.labels.training_data import training_data
from spin_nb.session.model.encoder_comparison import EncoderComparison, EncoderRow
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.pool_model import PoolModel, Progress
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job, outlast
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Float

if TYPE_CHECKING:
    from spin_nb.pool.pool import Pool
    from spin_nb.protocols import Encoder

Result = TypeVar("Result")
CHOICE = "encoders"
"""Meta entry of a project that chooses its encoder itself, with the comparison that chose last; else None."""
ENCODING_SHARE = 0.9
"""Of the work is to encode, which whoever needs the features first has to wait for."""


def all_together(words: Sequence[str]) -> str:
    """Name of several encoders joined."""
    return SEPARATOR.join(words)


class EncoderChoice:
    """Makes the features of candidate encoders, compares them by the labels, and moves the session over.

    It chooses on the worker that trains: no training ever lands on other features than it saw.

    Parameters
    ----------
    project : OpenProject
    runtime : Runtime
    live : LiveModel
    words : sequence of str
        Of the candidates, the quick one first; none where there is nothing to choose from.
    on_move : callable
        Called on the main thread when the features are others.

    Attributes
    ----------
    names : list of str
        Of the candidates: each encoder by itself, and all joined.
    job : Job or None
        It makes the features; None where there is nothing to choose from.
    comparison : EncoderComparison or None
        The one that chose last.
    """

    def __init__(
        self,
        project: OpenProject,
        runtime: Runtime,
        live: LiveModel,
        words: Sequence[str],
        *,
        on_move: Callable[[], None],
    ) -> None:
        self._project, self._runtime, self._live, self._words = project, runtime, live, list(words)
        self._on_move = on_move
        self._models: dict[str, PoolModel] = {}  # that the session may work with, by the encoder's name
        self.names = [*self._words, all_together(self._words)] if self._words else []
        self.job: Job[None] | None = None
        self.comparison = EncoderComparison.from_json(project.store.meta.get(CHOICE))
        self._are_kept = self.comparison is not None  # else features were never compared: they are made now

    def start(self, follow: Callable[[], Job[None]]) -> None:
        """Make the features of all candidates, in the background, and choose one of them.

        ``follow`` is called on the main thread once they are there: it begins what chooses, on the worker that trains.
        """
        if not self._words:
            return
        self.job = self._runtime.job("Better features", visible=True)

        def work(job: Job[None]) -> None:
            try:
                self._make_and_choose(job, follow)
            except SpinError:
                if job.cancelled:  # the session is closed, and so is what it needed
                    raise Cancelled from None
                raise

        self._runtime.start("encode", self.job, work, lambda _: None, self._report_failure)

    def _make_and_choose(self, job: Job[None], follow: Callable[[], Job[None]]) -> None:
        models = self._make(job)

        def begin_to_choose() -> Job[None]:
            self._models = models
            return follow()

        outlast(job, self._on_main_thread(begin_to_choose, lambda: job.cancelled))

    def words_for_a_person(self) -> str:
        """Line about the encoder, why it is that, and what is under way; "" where there is one encoder only."""
        if self.job is None:
            return ""
        if self.job.status in ("queued", "running"):
            encoder = self._live.pool_model.encoder.name if self._live.pool_model.has_features else "none yet"
            others = (
                "those of the other encoders are being read"
                if self._are_kept
                else "better ones are being made"
            )
            return f"features: {encoder}; {others}, {self.job.progress:.0%}: {self.job.message}"
        return repr(self.comparison) if self.comparison else ""

    def wait(self) -> None:
        """Wait for the features of all encoders.

        Raises
        ------
        ModelError
            There is one encoder only.
        SpinError
            They could not be made.
        """
        if self.job is None:
            raise ModelError(
                f"there is one encoder only: {self._live.pool_model.encoder.name}.",
                'For photos and texts install a pretrained one, pip install "spin_nb[photos]" or "spin_nb[text]", and '
                'open a project with encoder="auto".',
            )
        self.job.result()

    def _make(self, job: Job[None]) -> dict[str, PoolModel]:
        current, pool = self._live.pool_model, self._project.pool
        current.wait()  # from then on no row moves
        for word in self._words:
            self._runtime.main_thread.run(partial(self._introduce, make_encoder(word, pool), job))
        rows, models = pool.settled(), {current.encoder.name: current}
        self._are_kept = all(are_features_kept(rows, word, self._project.folder) for word in self._words)
        names = [name for name in self.names if name not in models]
        for at, name in enumerate(names):
            low, high = (0.0, ENCODING_SHARE) if at == 0 else (ENCODING_SHARE, 1.0)
            models[name] = self._model(rows, name, within(job.report, low, high))
        return models

    def _introduce(self, encoder: Encoder, job: Job[None]) -> None:
        if not job.cancelled:  # else the session may be closed
            introduce_weights(encoder, self._project.store)

    def _model(self, rows: Pool, name: str, report: Progress) -> PoolModel:
        words = parts_of(name, self._words)

        def compute(progress: Progress | None) -> tuple[Encoder, Float]:
            return candidate_features(rows, words, self._project.folder, progress=progress)

        model = self._live.pool_model.beside(compute)
        model.install(model.build(report))
        return model

    def _report_failure(self, error: BaseException) -> None:
        encoder = self._live.pool_model.encoder.name
        self._runtime.announcer.report(f"The session stays with the features of {encoder}: {error}")

    # -- choosing, in the worker that trains -------------------------------------------------------------------

    def choose(self, is_cancelled: Callable[[], bool]) -> None:
        """Move to the encoder for which the labels so far speak.

        While a model of the person's choice is shown the features stay: it has learnt from these.  They stay, too,
        where the others cannot be made of all items; that is reported, and no reason not to train.

        Raises
        ------
        Cancelled
        """
        if not self._models or self._live.pool_model.learner.head not in HEADS:
            return
        comparison = self.compare(is_cancelled)
        model = self._models[comparison.encoder]
        if model is not self._live.pool_model:
            try:
                self._move(model, is_cancelled)
            except SpinError as error:
                self._report_failure(error)
                return
            if model is not self._live.pool_model:
                return
        self.comparison = comparison = replace(comparison, current="")
        self._on_main_thread(partial(self._store, CHOICE, comparison.to_json()), is_cancelled)

    def compare(self, is_cancelled: Callable[[], bool] = lambda: False) -> EncoderComparison:
        """Compare the encoders by the labels so far.

        Raises
        ------
        Cancelled
        """
        with self._live.label_log.lock:
            rows, y, weights, _ = training_data(self._live.label_log)
            for model in self._models.values():
                if model is not self._live.pool_model:
                    model.take_classes(self._live.label_log.classes)
            learners = {name: model.learner for name, model in self._models.items()}
        is_base = rows < self._live.pool_model.n_base  # arrivals are not known to all of them
        rows, y, weights = rows[is_base], y[is_base], None if weights is None else weights[is_base]
        by_encoder: dict[str, Evidence] = {}
        for name, learner in learners.items():
            if is_cancelled():
                raise Cancelled
            evidence_for = evidence(learner, rows, y, weights)
            if evidence_for is not None:
                by_encoder[name] = evidence_for
        in_use = self._live.pool_model.encoder.name
        # Before labels say anything all are taken side by side: that is nowhere far from the best of them.
        expected = in_use if self.comparison or not self._models else self.names[-1]
        encoder = likeliest(by_encoder, expected) if by_encoder else expected
        rows_by_encoder = [
            EncoderRow(name, one.log_likelihood / one.n_labels, one.accuracy)
            for name, one in by_encoder.items()
        ]
        n_labels = max((one.n_labels for one in by_encoder.values()), default=0)
        current = "" if encoder == in_use else in_use
        return EncoderComparison(encoder, n_labels, tuple(rows_by_encoder), current)

    def _move(self, model: PoolModel, is_cancelled: Callable[[], bool]) -> None:
        pool, has_moved = self._project.pool, False
        while not has_moved:
            late = range(len(model.learner), len(pool))
            if late:
                model.catch_up(encode_rows(pool, model.encoder, late))
            has_moved = self._on_main_thread(partial(self._install, model), is_cancelled)

    def _install(self, model: PoolModel) -> bool:
        """Move over, on the main thread; False where items arrived in the meantime, and it must be tried again."""
        before = self._live.pool_model
        with self._live.label_log.lock:
            if before.learner.head not in HEADS:  # a training has put a model of the person's choice in front
                return True
            if len(model.learner) != len(self._project.pool):
                return False
            self._live.move_to(model)
        self._store("encoder", model.encoder.name)
        if before.umap_was_asked_for:
            model.start_umap(self._runtime, self._live.label_log.lock)
        self._on_move()
        self._runtime.announcer.emit("layout", model.layout_name)
        self._runtime.announcer.emit("labelled", ())
        return True

    def _on_main_thread(self, work: Callable[[], Result], is_cancelled: Callable[[], bool]) -> Result:
        """Have something done on the main thread; where the session is closed meanwhile, that is no failure."""
        try:
            results = self._runtime.main_thread.call(lambda: (work(),), is_cancelled)
        except ProjectError:
            if is_cancelled():
                raise Cancelled from None
            raise
        if results is None:
            raise Cancelled
        return results[0]

    def _store(self, key: str, value: object) -> None:
        self._live.label_log.retry_while_busy(partial(self._project.store.set_meta, key, value))
