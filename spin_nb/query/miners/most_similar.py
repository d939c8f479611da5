"""Items most like one: exact, two passes over the features, nothing kept between calls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.query._checks import check_features
from spin_nb.query.miners._nearest import Metric, check_metric
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints

N_SPARE = 8  # candidates beyond those wanted: exact distances decide among them


def most_similar(
    features: Float, item: Float, k: int, *, metric: Metric = "cosine", without: int | None = None
) -> tuple[Ints, Float]:
    """Find the ``k`` rows most like one item, nearest first.

    Single precision finds candidates, differences in double precision put them in order: duplicates are at 0.

    Parameters
    ----------
    features : float32 (n, d)
        The pool.
    item : float32 (d,)
    k : int
        All rows where they are fewer.
    metric : {"cosine", "euclidean"}
        Cosine distance is ``1 - cos``, 0 to 2; it is 1 to a row of zeros.
    without : int, optional
        Row that is passed over: the item itself.

    Returns
    -------
    int64 (k,)
        Rows.
    float32 (k,)
        Distances.

    Raises
    ------
    QueryError
        Shapes that do not fit, an item with NaN, no such metric.

    Examples
    --------
    >>> rows, distances = most_similar(np.array([[1.0, 0], [2, 0], [0, 1]]), np.array([3.0, 0]), 2)
    >>> rows.tolist(), distances.tolist()
    ([0, 1], [0.0, 0.0])
    """
    check_metric(metric)
    query = check_features(np.atleast_2d(item), name="item", d=np.shape(features)[-1])[0]
    distances = _distances(features, query, metric)
    if without is not None:
        distances[without] = np.inf
    n = len(distances) - (without is not None)
    count = min(k + N_SPARE, n)
    candidates = np.sort(np.argpartition(distances, count - 1)[:count]) if count else np.empty(0, np.int64)
    exact = _exact_distances(features[candidates], query, metric)
    order = np.argsort(exact, kind="stable")[:k]  # ties go to the lowest row
    return candidates[order].astype(np.int64), exact[order].astype(np.float32)


def _distances(features: Float, query: Float, metric: Metric) -> Float:
    """Distances (n,) in single precision, monotone in the true ones."""
    out = np.empty(len(features), np.float32)
    points_nowhere = metric == "cosine" and not query.any()
    for block in blocks(*features.shape):
        rows = np.asarray(features[block], np.float32)
        if points_nowhere:
            out[block] = rows.any(axis=1)
            continue
        with np.errstate(over="ignore", invalid="ignore"):  # what is that far away is not near
            squares, products = np.einsum("nd,nd->n", rows, rows), rows @ query
            if metric == "cosine":
                out[block] = -products / np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny))
            else:
                out[block] = squares - 2 * products
    return np.nan_to_num(out, nan=np.inf, copy=False)


def _exact_distances(rows: Float, query: Float, metric: Metric) -> NDArray[np.float64]:
    x, q = np.asarray(rows, np.float64), np.asarray(query, np.float64)
    if metric == "cosine":
        x, q = _unit(x), _unit(q[None])[0]
        is_zero = ~x.any(axis=1) != (not q.any())
        return np.where(is_zero, 1.0, np.sum((x - q) ** 2, axis=1) / 2)
    return np.asarray(np.sqrt(np.sum((x - q) ** 2, axis=1)))


def _unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(lengths > 0, lengths, 1))
