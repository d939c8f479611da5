"""Clusters of the map: where its points lie dense, by HDBSCAN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from spin_nb.pool.features._checks import check_features
from spin_nb.types import Float, Ints

MIN_SHARE, FEWEST = 0.01, 5
"""Share of the points, and number, that a cluster has at least."""
N_CORE = 5  # points near which it is dense
MAX_CLUSTERED = 20_000
"""Points that HDBSCAN looks at, which takes time with their square: some 4 s of these."""


def map_clusters(
    layout: Float, *, seed: int = 0, progress: Callable[[float, str], Any] | None = None
) -> Ints:
    """Cluster the points of a map, int64 (n,); -1 of a point in no cluster.

    HDBSCAN (Campello, Moulavi & Sander 2013; scikit-learn), the leaves of its tree: small and pure clusters rather
    than few large ones.  A cluster has a hundredth of the points or more, and at least five.  Of more than 20,000
    points a uniform sample is clustered, and each of the others is where the nearest of the sample is.

    Parameters
    ----------
    layout : float32 (n, 2)
    seed : int
        Draws the sample.
    progress : callable, optional
        Called with (fraction, words).

    Returns
    -------
    int64 (n,)
        0 is the largest cluster, then 1; ties go to the one whose first point comes first.

    Raises
    ------
    ModelError
        Not (n, d), NaN or infinity.

    Examples
    --------
    >>> layout = np.concatenate([np.zeros((9, 2)), np.ones((6, 2)), [[0.0, 9.0]]]).astype(np.float32)
    >>> layout += np.linspace(0, 0.01, 16, dtype=np.float32)[:, None]
    >>> map_clusters(layout).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, -1]
    """
    check_features(layout)
    tell = progress or (lambda fraction, words: None)
    n = len(layout)
    if n < 2 * FEWEST:
        return np.full(n, -1, np.int64)
    tell(0.0, "clusters: looking for what lies dense")
    if n <= MAX_CLUSTERED:
        index = _hdbscan(layout)
    else:
        rows = np.sort(np.random.default_rng(seed).choice(n, MAX_CLUSTERED, replace=False))
        index = _hdbscan(layout[rows])
        tell(0.8, "clusters: where the others belong")
        index = nearest_index(layout[rows], index, layout)
    tell(1.0, "clusters ready")
    return _largest_first(index)


def nearest_index(layout: Float, index: Ints, points: Float) -> Ints:
    """Cluster of the nearest point of a layout for each of ``points`` (m, 2), int64 (m,)."""
    from scipy.spatial import KDTree

    return np.asarray(index[KDTree(layout).query(points)[1]], np.int64)


def _hdbscan(layout: Float) -> Ints:
    from sklearn.cluster import HDBSCAN

    clustering = HDBSCAN(
        min_cluster_size=max(FEWEST, round(MIN_SHARE * len(layout))),
        min_samples=N_CORE,
        cluster_selection_method="leaf",
        algorithm="kd_tree",
        copy=True,
    )
    return np.asarray(clustering.fit(np.asarray(layout, np.float64)).labels_, np.int64)


def _largest_first(index: Ints) -> Ints:
    clusters, first_rows, counts = np.unique(index, return_index=True, return_counts=True)
    is_cluster = clusters >= 0
    order = np.lexsort((first_rows[is_cluster], -counts[is_cluster]))
    number = np.full(len(order) + 1, -1, np.int64)  # the last is that of no cluster, -1
    number[clusters[is_cluster][order]] = np.arange(len(order))
    return number[index]
