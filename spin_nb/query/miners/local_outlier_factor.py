"""The local outlier factor: how much thinner it is round an item than round its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features
from spin_nb.query.miners._nearest import (
    LARGEST,
    Metric,
    Nearest,
    Reference,
    check_metric,
    check_n_neighbours,
    reference_of,
)
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints, Rows

N_NEIGHBOURS = 20  # of Breunig et al.'s 10 to 50, as scikit-learn has it
SMALLEST_REACH = 1e-10  # that of duplicates, as scikit-learn has it

Doubles = NDArray[np.float64]


def novelty(
    features: Float,
    *,
    labelled_rows: Rows | None = None,
    reference: Float | None = None,
    n_neighbours: int = N_NEIGHBOURS,
    metric: Metric = "euclidean",
) -> Float:
    """Score by the local outlier factor beside what is known.

    Densities are those of the known rows; how much thinner they lie at an item than at its nearest among them (Breunig
    et al. 2000).  The same as scikit-learn's ``-LocalOutlierFactor(novelty=True).score_samples``.

    Unlike :func:`embedding_distance` it has no unit: where known items lie far apart, far is not novel.  An item that
    is itself among the known ones counts as its own nearest.

    Exact up to 10^10 pairs of rows: a million beside ten thousand.  Beyond, by an index whose recall is measured.

    Parameters
    ----------
    features : float32 (n, d)
        The pool.
    labelled_rows : int (m,), optional
        Its labelled rows: the reference, unless one is given.
    reference : float32 (m, d), optional
        What is known, two rows or more.
    n_neighbours : int
        All other known rows where there are fewer.
    metric : {"euclidean", "cosine"}

    Returns
    -------
    float32 (n,)
        About 1 where it is as dense as around the known, larger where thinner.

    Raises
    ------
    QueryError
        Fewer than two known rows, shapes that do not fit, NaN, no such metric.

    Examples
    --------
    >>> novelty(np.array([[0.5], [9.0]]), reference=np.arange(4.0)[:, None], n_neighbours=2).round(2).tolist()
    [1.0, 4.329999923706055]
    """
    features = check_features(features)
    n_neighbours = check_n_neighbours(n_neighbours)
    reference_rows = reference_of(features, reference, labelled_rows, "novelty", metric)
    if len(reference_rows) < 2:
        raise QueryError(
            "novelty needs two known rows to tell how dense they lie: there is one.",
            "Label more, or use embedding_distance.",
        )
    rows = Reference(reference_rows, metric)
    among = rows.nearest_others(n_neighbours)
    density = _density(among, reach := among.distances[:, -1])
    near = rows.nearest_to(features, min(n_neighbours, len(reference_rows) - 1))
    return _factor(near, _density(near, reach), density)


def outlier(features: Float, *, n_neighbours: int = N_NEIGHBOURS, metric: Metric = "euclidean") -> Float:
    """Score by the local outlier factor within the pool.

    How much thinner it is round an item than round its neighbours (Breunig et al. 2000).  The same as scikit-learn's
    ``-LocalOutlierFactor().fit(features).negative_outlier_factor_``.

    It finds broken items, and single ones of a kind; a kind of which there are more than ``n_neighbours`` is dense and
    no outlier.  Rows that come more than ``n_neighbours`` times are infinitely dense, and what lies beside them gets
    scores of any size: drop duplicates first.

    Exact up to 100,000 rows; beyond, by an index whose recall is measured on 200 rows and raised to 99.5 %, or told.

    Parameters
    ----------
    features : float32 (n, d)
    n_neighbours : int
        All others where there are fewer.
    metric : {"euclidean", "cosine"}

    Returns
    -------
    float32 (n,)
        About 1 inside, larger outside; 1 for the only row.

    Raises
    ------
    QueryError
        Not (n, d), NaN, no such metric.

    Examples
    --------
    >>> outlier(np.array([[0.0], [1], [2], [3], [9]]), n_neighbours=2).round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 4.329999923706055]
    """
    features = check_features(features)
    n_neighbours = check_n_neighbours(n_neighbours)
    check_metric(metric)
    if len(features) == 1:
        return np.ones(1, np.float32)
    near = Reference(features, metric).nearest_others(n_neighbours)
    density = _density(near, near.distances[:, -1])
    return _factor(near, density, density)


def outlier_of_neighbours(indices: Ints, distances: Float) -> Float:
    """Score by the local outlier factor, from neighbours that are there already.

    Parameters
    ----------
    indices : int32 (n, k)
        Nearest other rows of each row, nearest first.  A row that is nobody's neighbour is scored beside the
        others, as :func:`novelty` does.
    distances : float32 (n, k)

    Returns
    -------
    float32 (n,)
        As :func:`outlier` with ``n_neighbours=k``.

    Examples
    --------
    >>> near, far = np.array([[1, 2], [0, 2], [1, 0], [2, 1]]), np.array([[1, 2], [1, 1], [1, 2], [7, 8.0]])
    >>> [round(float(factor), 2) for factor in outlier_of_neighbours(near, far)]
    [0.88, 1.33, 0.88, 4.38]
    """
    near = Nearest(indices.astype(np.int32, copy=False), distances)
    density = _density(near, distances[:, -1])
    return _factor(near, density, density)


def _density(near: Nearest, reach: Float) -> Doubles:
    """Local reachability density: one over the mean distance, each at least the neighbour's own reach."""
    density = np.empty(len(near.rows))
    for block in blocks(*near.rows.shape):
        reach_distances = np.maximum(near.distances[block], reach[near.rows[block]])
        density[block] = 1 / (reach_distances.mean(axis=1, dtype=np.float64) + SMALLEST_REACH)
    return density


def _factor(near: Nearest, density: Doubles, density_of_neighbours: Doubles) -> Float:
    """Mean density of the neighbours over the row's, finite."""
    factor = np.empty(len(near.rows), np.float32)
    for block in blocks(*near.rows.shape):
        mean = density_of_neighbours[near.rows[block]].mean(axis=1)
        factor[block] = np.minimum(mean / density[block], LARGEST)
    return factor
