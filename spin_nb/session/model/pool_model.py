"""Everything computed from the pool: features, neighbour graph, learner, map layout."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.errors import PoolError, StorageError
from spin_nb.growing import Growing
from spin_nb.io import is_intact, load_array, write_sealed
from spin_nb.models.fitted_model import ModelPredictive
from spin_nb.models.head_selection import within
from spin_nb.models.learner import Extension, Learner
from spin_nb.pool.features.arrival_neighbours import nearest_to_arrivals, save_nearest
from spin_nb.pool.features.layout import pca_layout, place, umap_layout
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.pool.inputs.inputs import Inputs
from spin_nb.pool.pool import Pool
from spin_nb.project.class_table import ClassTable
from spin_nb.project.folder import FEATURES, inside
from spin_nb.protocols import Encoder, Predictive
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.progress_bar import progress_bar
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Float, Ints

_REDRAW_SECONDS = 0.2
NEIGHBOURS_PER_ITEM = 15  # UMAP's default; the graph posterior uses the first ten
LABELLED_AND_NOT = 2  # what is told apart where labels are no classes
REFERENCE_ITEMS = 1000  # pool items that stand for the pool when arrivals are judged


Progress = Callable[[float, str], None]


class PoolModel:
    """Features of the pool, graph, learner, layout.

    Parameters
    ----------
    pool : Pool
    compute : callable
        Progress -> the fitted encoder, and its features of every row of the pool, float32 (n, d).
    classes : ClassTable or None
        That it tells apart; None where labels are no classes, but labelled and not.
    seed : int
    folder : Path
        The project, where the map's layout is kept; None where nothing may be written.
    """

    def __init__(
        self,
        pool: Pool,
        compute: Callable[[Progress | None], tuple[Encoder, Float]],
        *,
        classes: ClassTable | None,
        seed: int,
        folder: Path | None,
    ) -> None:
        self.pool = pool
        self._compute: Callable[[Progress | None], tuple[Encoder, Float]] | None = compute
        self._classes, self._seed, self._folder = classes, seed, folder
        self._learner: Learner | None = None
        self._inputs: Inputs | None = None
        self._graph: tuple[Ints, Float] | None = None
        self._preparation: Job[None] | None = None
        self._features_ready, self._preparation_over = threading.Event(), threading.Event()
        self._umap: Job[None] | None = None
        self._growing = {name: Growing() for name in ("layout", "rows", "far")}
        self._digest: str | None = None
        self._arrival_neighbours: Ints = np.empty((0, 0), np.int32)
        self._arrival_distances: Float = np.empty((0, 0), np.float32)
        self._arrival_file: Path | None = None
        self._n_saved = 0
        self.is_deferred = False  # the features are computed while the project is open

    def beside(self, compute: Callable[[Progress | None], tuple[Encoder, Float]]) -> PoolModel:
        """Make another of the same pool, with other features."""
        return PoolModel(self.pool, compute, classes=self._classes, seed=self._seed, folder=self._folder)

    # -- features -----------------------------------------------------------------------------------------

    @property
    def has_features(self) -> bool:
        """True once the features are there."""
        return self._features_ready.is_set()

    def compute_features(self, progress: Progress | None = None) -> None:
        """Compute the features, once."""
        if self._compute is None:
            return
        self.encoder, self.features = self._compute(progress)
        self._compute = None
        self.n_base = self.pool.n_base
        self._layout_file, self._arrival_file = (
            self._beside(".map.npy"),
            self._beside(f".late{NEIGHBOURS_PER_ITEM}.safetensors"),
        )
        # What lies nearest to an arrival is looked for once, as long as the project lasts.
        arrivals = self.features[self.n_base :]
        neighbours, self._n_saved = nearest_to_arrivals(
            self._base, arrivals, NEIGHBOURS_PER_ITEM, self._arrival_file
        )
        self._arrival_neighbours, self._arrival_distances = neighbours
        self._layout, self._layout_name = self._first_layout()
        self._features_ready.set()
        self.save_neighbours()

    def save_neighbours(self) -> None:
        """Save the neighbours found for arrivals.

        It does so where these are more than were kept before.
        """
        if self._folder is None or not self._folder.is_dir():  # nothing is made anew where it was deleted
            return
        if (
            self.has_features
            and self._arrival_file is not None
            and len(self._arrival_neighbours) > self._n_saved
        ):
            save_nearest(
                self._arrival_file,
                self.features[self.n_base :],
                (self._arrival_neighbours, self._arrival_distances),
            )
            self._n_saved = len(self._arrival_neighbours)

    def _wait_for_features(self) -> None:
        if not self.has_features:
            assert self._preparation is not None
            while not self._features_ready.wait(0.1):
                if self._preparation_over.is_set():
                    self._preparation.result()  # raises what went wrong

    @property
    def layout(self) -> Float:
        """Map coordinates, float32 (n, 2); waits for the features."""
        self._wait_for_features()
        return self._layout

    @property
    def layout_name(self) -> str:
        """Word of the layout; waits for the features."""
        self._wait_for_features()
        return self._layout_name

    def _beside(self, suffix: str) -> Path | None:
        """Path of a cache that follows from the features.

        They are those of the pool as it was made.
        """
        if self._folder is None:
            return None
        if self._digest is None:
            base = np.ascontiguousarray(self.features[: self.n_base])
            self._digest = hashlib.sha256(base.tobytes()).hexdigest()[:32]
        return inside(self._folder, FEATURES, self._digest + suffix)

    # -- learner ------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """True once the learner stands."""
        return self._learner is not None

    @property
    def learner(self) -> Learner:
        """The learner; only once ``ready``."""
        assert self._learner is not None
        return self._learner

    def begin(self, job: Job[None]) -> None:
        """Note the job that will build the learner.

        Who waits for the learner waits for that.
        """
        self._preparation, self.is_deferred = job, not self.has_features

    @contextmanager
    def signal_end(self) -> Iterator[None]:
        """Wake waiters when the job ends, however."""
        try:
            yield
        finally:
            self._preparation_over.set()

    def build(self, progress: Callable[[float, str], None]) -> Learner:
        """Make features, graph and learner; holds no lock.

        Features are made only where they are not there.
        """
        if not self.has_features:
            self.compute_features(within(progress, 0, 0.7))
        base = self._base
        graph = neighbours(base, NEIGHBOURS_PER_ITEM, progress=within(progress, 0.7, 1))
        n_classes = LABELLED_AND_NOT if self._classes is None else len(self._classes.names)
        learner = Learner(base, *graph, n_classes, seed=self._seed, inputs_of=self.inputs)
        if len(self.features) > self.n_base:
            learner.extend(self.features[self.n_base :], self._arrival_neighbours, self._arrival_distances)
        self._graph = graph
        return learner

    def install(self, learner: Learner) -> None:
        """Let everybody ask this learner; under the lock."""
        self._learner = learner
        if len(self.features) > self.n_base:
            self.features = learner.features  # one copy of the two

    @property
    def classes(self) -> ClassTable | None:
        """Classes that it tells apart; None where labels are none."""
        return self._classes

    def take_classes(self, classes: ClassTable) -> bool:
        """Tell these classes apart from now on; under the lock.

        Returns whether the learner is another, which has no labels yet.  What was trained stays where classes were only
        called otherwise.
        """
        before = self._classes
        if before is None or classes is before:
            return False
        self._classes = classes
        if self._learner is None or classes.tells_apart_as(before):
            return False
        self._learner = self._learner.with_classes(len(classes.names))
        return True

    def wait(self) -> Learner:
        """Wait for the learner; never under the lock."""
        if self._learner is None:
            assert self._preparation is not None
            self._wait_for_end(self._preparation)
            if self._learner is None:
                self._preparation.result()  # raises what went wrong
        return self.learner

    def _wait_for_end(self, job: Job[None]) -> None:
        """Wait for the end of the preparation; a person who waits for a large pool sees how long that takes."""
        is_watched = self.is_deferred and threading.current_thread() is threading.main_thread()
        show = progress_bar("Features") if is_watched else None
        while not self._preparation_over.wait(None if show is None else _REDRAW_SECONDS):
            if show is not None:
                show(job.progress, job.message)
        if show is not None:
            show(1.0, job.message)

    def inputs(self, model: object, shape: tuple[int, ...] | None = None) -> Inputs | None:
        """Describe what an unfitted model takes, or None.

        It is None where the model takes the encoder's features.

        A person's own network sees the items themselves where they are pictures or numbers; those that come with
        spin_nb see pictures.  Anything else is seen through the encoder, which brings numbers to one scale.

        Parameters
        ----------
        model : Model or Posterior
        shape : tuple of int, optional
            Of one item, where it was trained before.

        Raises
        ------
        PoolError
            Another model that wants items, where they are no numbers.
        """
        if getattr(model, "inputs", "features") == "features":
            return None
        encoded_modalities = getattr(model, "encoded_modalities", None)
        if encoded_modalities is None:
            return Inputs(self.pool, **getattr(model, "form", {}))
        if self.pool.modality in encoded_modalities:
            return None
        if self._inputs is None:
            try:
                self._inputs = Inputs(self.pool, size=shape)
            except PoolError:
                if self.pool.modality == "image":
                    raise
                return None  # words among the numbers
        return self._inputs

    def predict(self, items: Iterable[Any], head: str | None, learner: Learner) -> Predictive:
        """Predict raw items that are not in the pool."""
        loaded_items = self.pool.read(items)
        model = learner.fitted_model(head)
        if model is not None:
            return model.predict_items(loaded_items, self.encoder.encode)
        features = self.encoder.encode(loaded_items)
        return learner.predict(features, *nearest(self._base, features, NEIGHBOURS_PER_ITEM), head)

    def reference(self) -> tuple[Float, Float]:
        """Score pool items as arrivals: uncertainty, distance (m,).

        The uncertainty is epistemic, the distance is to the pool.

        From its neighbours alone, like an arrival: its own place in the graph would make it look better known.  Where
        wide features were reduced, items that the axes were not learnt from, for the same reason.
        """
        assert self._graph is not None
        held_out = getattr(self.encoder, "held_out", None)
        rows = np.arange(self.n_base) if held_out is None or not len(held_out) else held_out
        rows = np.random.default_rng(self._seed).permutation(rows)[:REFERENCE_ITEMS]
        return np.asarray(self.as_arrivals(rows).epistemic), self._graph[1][rows].mean(1)

    @property
    def base(self) -> Float:
        """Features of the original pool, float32 (n_base, d)."""
        return self._base

    @property
    def graph(self) -> tuple[Ints, Float]:
        """Nearest rows of the original pool and their distances, int32 and float32 (n, k), for arrivals too.

        Only once ``ready``, and under the lock where there may be arrivals.
        """
        assert self._graph is not None
        if not len(self._arrival_neighbours):
            return self._graph
        k = self._graph[0].shape[1]
        return (
            np.concatenate([self._graph[0], self._arrival_neighbours[:, :k]]),
            np.concatenate([self._graph[1], self._arrival_distances[:, :k]]),
        )

    def look_alikes(self, row: int, features: Float) -> Ints:
        """Rows nearest to ``row`` in the original pool.

        They come from the graph, or are searched for an arrival.
        """
        if row < self.n_base and self._graph is not None:
            return np.asarray(self._graph[0][row], np.int64)
        rows, _ = nearest(features[: self.n_base], features[row : row + 1], NEIGHBOURS_PER_ITEM)
        return rows[0].astype(np.int64)

    def as_arrivals(self, rows: Ints, head: str | None = None) -> Predictive:
        """Predict rows as if they had just arrived.

        Each is predicted from its neighbours alone.
        """
        if self.learner.fitted_model(head) is not None:  # it knows nothing of neighbours
            predictive = self.learner.predictive(head)
            assert isinstance(predictive, ModelPredictive)
            return predictive.at(rows)
        assert self._graph is not None
        at = np.minimum(rows, self.n_base - 1)
        neighbour_rows, distances = self._graph[0][at], self._graph[1][at]
        is_arrival = rows >= self.n_base
        if is_arrival.any():
            arrivals = rows[is_arrival] - self.n_base
            neighbour_rows[is_arrival], distances[is_arrival] = (
                self._arrival_neighbours[arrivals],
                self._arrival_distances[arrivals],
            )
        return self.learner.predict(self.features[rows], neighbour_rows, distances, head)

    def extension(
        self, features: Float, rows: Ints, distances: Float, predictive: ModelPredictive | None = None
    ) -> tuple[Extension, Float, Ints, Float]:
        """Prepare what :meth:`take` lets join.

        It does all that may fail, and changes nothing; it runs under the session's lock.
        """
        layout = place(self._layout[: self.n_base], rows, distances)
        longer = self.learner.extension(features, rows, distances, predictive)
        return (
            longer,
            self._growing["layout"].after(self._layout, layout),
            self._growing["rows"].after(self._arrival_neighbours, rows),
            self._growing["far"].after(self._arrival_distances, distances),
        )

    def take(self, extension: tuple[Extension, Float, Ints, Float]) -> None:
        """Join arrivals after all other rows.

        It runs under the same lock as :meth:`extension`.
        """
        longer, self._layout, self._arrival_neighbours, self._arrival_distances = extension
        self.learner.take(longer)
        self.features = self.learner.features

    def catch_up(self, features: Float) -> None:
        """Take arrivals that joined the pool, before anybody else sees this model.

        Parameters
        ----------
        features : float32 (m, d)
        """
        self.take(self.extension(features, *nearest(self._base, features, NEIGHBOURS_PER_ITEM)))

    # -- map ----------------------------------------------------------------------------------------------

    def _first_layout(self) -> tuple[Float, str]:
        if self._layout_file is not None and is_intact(self._layout_file):
            with suppress(ValueError, OSError):  # a map that cannot be read is made anew
                layout = load_array(self._layout_file)
                if layout.shape == (self.n_base, 2) and np.isfinite(layout).all():
                    return self._with_arrivals(layout.astype(np.float32)), "umap"
        return self._with_arrivals(pca_layout(self._base)), "pca"

    @property
    def _base(self) -> Float:
        return self.features if len(self.features) == self.n_base else self.features[: self.n_base]

    def _with_arrivals(self, layout: Float) -> Float:
        if not len(self._arrival_neighbours):
            return layout
        return np.concatenate([layout, place(layout, self._arrival_neighbours, self._arrival_distances)])

    @property
    def umap_was_asked_for(self) -> bool:
        """True once somebody wants to see UMAP."""
        return self._umap is not None or (self.has_features and self._layout_name == "umap")

    @property
    def umap(self) -> Job[None] | None:
        """The job that computes UMAP, None where nobody asked for it, or it was there."""
        return self._umap

    def start_umap(self, runtime: Runtime, lock: AbstractContextManager[Any]) -> None:
        """Compute UMAP in the background, once."""
        if self._umap is not None or self.layout_name == "umap":
            return
        # umap and plotly both import it, on threads of their own: its modules import each other, and would deadlock.
        with suppress(ImportError):
            import_module("narwhals.stable.v2")
        umap = runtime.job("UMAP")

        def work(job: Job[None]) -> Float:
            self.wait()
            assert self._graph is not None
            first = self._layout[: self.n_base]
            return umap_layout(self._base, *self._graph, first, seed=self._seed, progress=job.report)

        def land(layout: Float) -> None:
            with lock:
                self._layout, self._layout_name = self._with_arrivals(layout), "umap"
            self._save_layout(layout)
            runtime.announcer.emit("layout", "umap")

        self._umap = runtime.start(
            "map", umap, work, land, lambda error: runtime.announcer.report(f"UMAP failed: {error}")
        )

    def _save_layout(self, layout: Float) -> None:
        if self._layout_file is None:
            return
        with suppress(StorageError):  # only a cache: it is computed again next time
            write_sealed(self._layout_file, lambda half: np.save(half, layout, allow_pickle=False))
