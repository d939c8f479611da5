"""The map: every item a point in [-1, 1] x [-1, 1]; principal components at once, UMAP when it is ready."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.features._checks import check_features
from spin_nb.types import Float, Ints

MAX_DENSE_WIDTH = 512  # features beyond which d^3 operations take longer than a few passes over the data
_FEWEST = 16
"""UMAP of fewer points than this is left to the first layout."""


def pca_layout(features: Float) -> Float:
    """First two principal components, in [-1, 1].

    It is float32 (n, 2).

    The larger end of each axis is positive, so that the picture does not flip between runs.

    Raises
    ------
    ModelError
        When features are not (n, d), not finite, or there are none.

    Examples
    --------
    >>> pca_layout(np.array([[0.0, 1.0], [1.0, 1.0], [4.0, 1.0]], np.float32))[:, 0].round(2).tolist()
    [-1.0, -0.5, 1.0]
    """
    check_features(features)
    if not len(features):
        raise ModelError("features of no items have no layout.", "Pass features of one item or more.")
    deviations = features - features.mean(axis=0, dtype=np.float64).astype(np.float32)
    leading = _leading_axes(deviations)
    points = np.zeros((len(features), 2), np.float32)
    points[:, : leading.shape[1]] = deviations @ leading
    ends = np.abs(points.max(axis=0)) - np.abs(points.min(axis=0))
    return _to_unit_square(points * np.where(ends < 0, -1, 1).astype(np.float32))


def _leading_axes(deviations: Float) -> Float:
    """First two principal axes, (d, 2): all eigenvectors of the covariance, or of what is wide these two alone."""
    d = deviations.shape[1]
    if d <= MAX_DENSE_WIDTH:
        _, vectors = np.linalg.eigh((deviations.T @ deviations).astype(np.float64))
        return np.asarray(vectors[:, ::-1][:, :2], np.float32)
    if not deviations.any():  # every item is the same
        return np.zeros((d, 2), np.float32)
    from scipy.sparse.linalg import LinearOperator, eigsh

    def covariance(v: NDArray[Any]) -> NDArray[Any]:
        return deviations.T @ (deviations @ v.astype(np.float32))

    operator = LinearOperator((d, d), matvec=covariance, dtype=np.float32)
    start = np.random.default_rng(0).standard_normal(d, np.float32)  # not by chance, and along no axis
    _, vectors = eigsh(operator, k=2, v0=start, tol=1e-4)
    return np.asarray(vectors[:, ::-1], np.float32)


def umap_layout(
    features: Float,
    indices: Ints,
    distances: Float,
    init: Float,
    *,
    seed: int = 0,
    progress: Callable[[float, str], Any] | None = None,
) -> Float:
    """UMAP of a k-NN graph, in [-1, 1].

    It is float32 (n, 2).

    Runs in the calling thread; the first call in a process compiles for 20 s or more.

    Parameters
    ----------
    features : float32 (n, d)
        What the graph was computed from.
    indices, distances : int32, float32 (n, k)
        As from :func:`spin_nb.pool.features.neighbours.neighbours`.
    init : float32 (n, 2)
        Where points start, usually :func:`pca_layout`.
    seed : int
        Equal seeds, equal maps.
    progress : callable, optional
        Called with (fraction, words).

    References
    ----------
    McInnes, Healy & Melville 2018, UMAP (umap-learn).
    """
    tell = progress or (lambda fraction, words: None)
    n, k = indices.shape
    if n < _FEWEST or k < 2:
        tell(1.0, "too few items for UMAP")
        return init
    tell(0.0, "UMAP: starting (the first one compiles for about half a minute)")
    from umap import UMAP

    itself = np.arange(n, dtype=np.int32)[:, None]
    graph = (np.hstack([itself, indices]), np.hstack([np.zeros((n, 1), np.float32), distances]))
    with warnings.catch_warnings():
        # A seed means one thread; separate groups; no search index: all meant.
        warnings.simplefilter("ignore")
        tell(0.1, "UMAP: running")
        reducer = UMAP(
            n_neighbors=k + 1,
            precomputed_knn=graph,
            init=np.array(init, np.float32) * 10,
            force_approximation_algorithm=True,
            random_state=seed,
            n_jobs=1,
        )
        points = reducer.fit_transform(np.asarray(features))
    tell(1.0, "UMAP ready")
    return _to_unit_square(np.asarray(points, np.float32))


def place(layout: Float, indices: Ints, distances: Float) -> Float:
    """Positions of new items, float32 (m, 2).

    Each is the weighted mean of the neighbours' positions.

    Weights are ``exp(-(d / s)^2)`` with ``s`` the distance to the item's own middle neighbour.

    Parameters
    ----------
    layout : float32 (n, 2)
        Positions of the pool.
    indices, distances : int32, float32 (m, k)
        As from :func:`spin_nb.pool.features.neighbours.nearest`.

    Examples
    --------
    >>> line = np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32)
    >>> place(line, np.array([[0, 1]]), np.array([[1.0, 1.0]], np.float32))
    array([[0., 0.]], dtype=float32)
    """
    nearest = distances[:, :1]
    spread = np.maximum(np.median(distances, axis=1, keepdims=True), 1e-12)
    weights = np.exp(-(distances**2 - nearest**2) / spread**2)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkc->mc", weights, layout[indices]).astype(np.float32)


def _to_unit_square(points: Float) -> Float:
    low, high = points.min(axis=0), points.max(axis=0)
    points = points - (low + high) / 2
    largest = float(np.abs(points).max())
    return points / largest if largest > 0 else points
