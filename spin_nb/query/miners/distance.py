"""How far an item is from what is known."""

from __future__ import annotations

import numpy as np

from spin_nb.query._checks import check_features
from spin_nb.query.miners._nearest import Metric, Reference, check_n_neighbours, reference_of
from spin_nb.types import Float, Rows


def embedding_distance(
    features: Float,
    *,
    labelled_rows: Rows | None = None,
    reference: Float | None = None,
    n_neighbours: int = 1,
    metric: Metric = "euclidean",
) -> Float:
    """Score by distance to the ``n_neighbours``-th nearest known row.

    Deep nearest neighbours (Sun et al. 2022, "Out-of-distribution detection with deep nearest neighbors").  Not the
    distance to a class's centre (Lee et al. 2018): that takes every class for one round cluster, which few labels of
    features that no label has shaped are not.  The first neighbour is what core-set covers by
    (Sener & Savarese 2018), and what few labels allow; the published rule is one neighbour in a thousand.

    Exact up to 10^10 pairs of rows: a million beside ten thousand.  Beyond, by an index whose recall is measured.

    Parameters
    ----------
    features : float32 (n, d)
        The pool.
    labelled_rows : int (m,), optional
        Its labelled rows: the reference, unless one is given.
    reference : float32 (m, d), optional
        What is known.
    n_neighbours : int
        The farthest known row where there are fewer.
    metric : {"euclidean", "cosine"}
        Cosine distance is ``1 - cos``, 0 to 2.

    Returns
    -------
    float32 (n,)
        Distances, in the unit of the features.

    Raises
    ------
    QueryError
        Nothing known, shapes that do not fit, NaN, no such metric.

    Examples
    --------
    >>> embedding_distance(np.array([[0.0], [1], [5], [9]]), labelled_rows=[0, 2]).tolist()
    [0.0, 1.0, 0.0, 4.0]
    """
    features = check_features(features)
    n_neighbours = check_n_neighbours(n_neighbours)
    reference_rows = reference_of(features, reference, labelled_rows, "embedding_distance", metric)
    return np.ascontiguousarray(
        Reference(reference_rows, metric).nearest_to(features, n_neighbours).distances[:, -1]
    )


def similar(
    features: Float,
    *,
    labelled_rows: Rows | None = None,
    reference: Float | None = None,
    metric: Metric = "cosine",
) -> Float:
    """Score by similarity to the nearest of some items.

    It is minus their distance: "more like these".

    With the labelled rows as the items it asks what is nearest to them: quick to confirm, and little news.

    Parameters
    ----------
    features : float32 (n, d)
        The pool.
    labelled_rows : int (m,), optional
        Its labelled rows: the items, unless some are given.
    reference : float32 (m, d), optional
        The items to resemble.
    metric : {"euclidean", "cosine"}

    Returns
    -------
    float32 (n,)
        0 (the same) and below.

    Raises
    ------
    QueryError
        No items, shapes that do not fit, NaN, no such metric.

    Examples
    --------
    >>> similar(np.array([[1.0, 0], [2, 0], [0, 1]]), reference=np.array([[3.0, 0]])).tolist()
    [0.0, 0.0, -1.0]
    """
    features = check_features(features)
    items = reference_of(features, reference, labelled_rows, "similar", metric)
    return 0 - Reference(items, metric).nearest_to(features, 1).distances[:, -1]
