"""Looks for the clusters of the map in the background, and keeps them until the map moves."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.pool.features.clusters import map_clusters, nearest_index
from spin_nb.session.model.live_model import LiveModel
from spin_nb.session.model.pool_model import PoolModel
from spin_nb.session.open_project import OpenProject
from spin_nb.session.runtime.jobs import Job
from spin_nb.session.runtime.progress_bar import result_in_sight
from spin_nb.session.runtime.runtime import Runtime
from spin_nb.types import Float, Ints

Basis = tuple[object, str]


class ClusterFinder:
    """Clusters of the map of one session, found once for each map."""

    def __init__(self, project: OpenProject, runtime: Runtime, live: LiveModel) -> None:
        self._project, self._runtime, self._live = project, runtime, live
        self._basis: Basis | None = None
        self._index: Ints = np.empty(0, np.int64)
        self._job: Job[None] | None = None
        self._basis_of_job: Basis | None = None

    @property
    def index(self) -> Ints | None:
        """Cluster of each row of the pool, int64 (n,), or -1; None where nobody has looked yet; any thread.

        What arrived since is where the nearest item of the map is.
        """
        with self._live.label_log.lock:
            pool_model, n = self._live.pool_model, len(self._project.pool)
            if not pool_model.ready or self._basis != _basis(pool_model):
                return None
            layout, base_index = pool_model.layout, self._index
        n_base = len(base_index)
        if n == n_base:
            return base_index
        arrivals = nearest_index(layout[:n_base], base_index, layout[n_base:n])
        return np.concatenate([base_index, arrivals])

    def start(self) -> Job[None]:
        """Look for the clusters of the map as it is; the main thread."""
        pool_model = self._live.pool_model
        basis = _basis(pool_model)
        if (
            self._job is not None
            and self._basis_of_job == basis
            and self._job.status in ("queued", "running")
        ):
            return self._job
        with self._live.label_log.lock:
            layout: Float = pool_model.layout[: pool_model.n_base]
        job: Job[None] = self._runtime.job("Clusters")

        def land(index: Ints) -> None:
            with self._live.label_log.lock:
                self._basis, self._index = basis, index
            self._runtime.announcer.emit("layout", pool_model.layout_name)

        self._job, self._basis_of_job = job, basis
        return self._runtime.start(
            "map",
            job,
            lambda job: map_clusters(layout, seed=self._project.seed, progress=job.report),
            land,
            lambda error: self._runtime.announcer.report(f"no clusters: {error}"),
        )

    def wait(self) -> Ints:
        """Cluster of each row of the pool; UMAP is made where it is not there yet.

        Raises
        ------
        QueryError
            On another thread than the main one, where nobody has looked yet: it cannot wait.
        """
        while (index := self.index) is None:
            if not self._runtime.main_thread.here:
                raise QueryError(
                    "the clusters of the map are not there yet.", "Call s.clusters in a cell, then again."
                )
            self._live.pool_model.wait()
            pool_model = self._live.pool_model
            pool_model.start_umap(self._runtime, self._live.label_log.lock)
            if pool_model.umap is not None:
                with suppress(
                    Exception
                ):  # it was told of; without UMAP the clusters are those of the first map
                    result_in_sight(pool_model.umap, "UMAP")
            result_in_sight(self.start(), "Clusters")
        return index


def _basis(pool_model: PoolModel) -> Basis:
    """The map that clusters are of: the model it belongs to, and the word of its layout."""
    return pool_model, pool_model.layout_name
