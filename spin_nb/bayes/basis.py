"""The pool's own shape as features: smooth functions on its neighbour graph, beside the plain linear features.

A label then speaks for the whole cluster it lies in, not only for its surroundings in feature space.

References
----------
Zhu, Ghahramani & Lafferty (2003), *Semi-supervised learning using Gaussian fields and harmonic functions*.
Zelnik-Manor & Perona (2004), *Self-tuning spectral clustering* (the local scaling).
Rahimi & Recht (2007), *Random features for large-scale kernel machines* (the local part).
Zhou, Saad, Tiago & Chelikowsky (2006), *Self-consistent-field calculations using Chebyshev-filtered subspace
iteration* (the filter).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spin_nb.bayes._checks import check_features
from spin_nb.bayes._smooth_functions import Smooth, chunks, normalised_graph, smooth_functions
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

EDGES_PER_ITEM = 10  # edges per item: more blurs small clusters
NEARNESS_POWER = 4  # power of the weights of a new item's neighbours: the nearest count most
SCALE_NEIGHBOUR = 7  # the neighbour whose distance is an item's own length scale
SPECTRAL_RIDGE = 0.1  # ridge and power of the spectral prior (lambda + ridge)^-power
SPECTRAL_POWER = 1.5
LINEAR_SHARE = 0.2  # prior variance given to the plain linear model
LOCAL_SHARE = 0.2  # prior variance given to local detail, finer than the graph functions
N_WAVES = 100  # random Fourier features of that detail
LOCAL_LENGTH_SCALES = 3.0  # its length scale, in median distances to the seventh neighbour
GRAPH_PART = np.float32(np.sqrt(1 - LINEAR_SHARE - LOCAL_SHARE))
MIN_ROW_LENGTH = 0.3  # rows shorter than this are outliers: not blown up to full length
# Eigenvalues of S the filter suppresses: the smoothest functions come out sharp.
DAMPED_INTERVAL = (-0.6, 0.9)
# With many classes finer functions must survive (measured on 77 intents).
DAMPED_INTERVAL_OF_MANY_CLASSES = (-0.6, 0.85)
MANY_CLASSES = 20
MIN_GRAPH_FUNCTIONS = 10  # graph functions of a tiny pool: fewer may miss a cluster altogether
MIN_WEIGHT = 1e-6  # keeps every vertex connected when exp() underflows


@dataclass(frozen=True, eq=False)
class Frame:
    """Part of ``phi`` from an item's features alone.

    Attributes
    ----------
    centre : float32 (d,)
        Mean of the pool's features.
    length : float
        Root mean square norm of the centred features.
    waves, phase : float32 (d, r), (r,)
        Random Fourier features of a Gaussian kernel of three median length scales.
    """

    centre: Float
    length: float
    waves: Float
    phase: Float

    @classmethod
    def of(cls, features: Float, scales: Float, seed: int) -> Frame:
        """The frame of a pool."""
        centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        squares = sum(float(np.sum((features[rows] - centre) ** 2)) for rows in chunks(len(features)))
        rng = np.random.default_rng(seed)
        waves = rng.standard_normal((features.shape[1], N_WAVES), dtype=np.float32)
        waves /= np.float32(LOCAL_LENGTH_SCALES * np.median(scales))
        phase = rng.uniform(0, 2 * np.pi, N_WAVES).astype(np.float32)
        return cls(centre, float(np.sqrt(squares / max(len(features), 1))) or 1.0, waves, phase)

    @property
    def width(self) -> int:
        """Columns of ``phi`` that this makes."""
        return len(self.centre) + 1 + N_WAVES

    def join(self, graph_part: Float, features: Float) -> Float:
        """Join ``phi`` (n, D) from its graph part (n, m) and features (n, d)."""
        x = features - self.centre
        return np.concatenate(
            [
                graph_part,
                x * np.float32(np.sqrt(LINEAR_SHARE / 2) / self.length),
                np.full((len(x), 1), np.sqrt(LINEAR_SHARE / 2), np.float32),
                np.cos(x @ self.waves + self.phase) * np.float32(np.sqrt(2 * LOCAL_SHARE / N_WAVES)),
            ],
            axis=1,
        )


@dataclass(frozen=True, eq=False)
class GraphBasis:
    """Features ``phi`` of pool items and new ones.

    Attributes
    ----------
    phi : float32 (n, D)
        ``[sqrt(1-w-r) g / max(|g|, .3), sqrt(w) x, sqrt(r) cos(waves x + phase)]``; ``g`` are smooth functions on the
        graph, mean squared row norm 1; prior variance of a score is ``|phi|^2``.
    scales : float32 (n,)
        Length scale of each item: the distance to its seventh neighbour.
    frame : Frame
    """

    phi: Float
    scales: Float
    frame: Frame

    def extend(self, neighbours: Ints, distances: Float, features: Float) -> Float:
        """Compute ``phi`` of items outside the pool.

        The graph part is their neighbours', weighted by nearness.

        Parameters
        ----------
        neighbours : int (m, k)
            Pool rows of the nearest items, nearest first.
        distances : float32 (m, k)
            Euclidean distances to them.
        features : float32 (m, d)

        Returns
        -------
        float32 (m, D)

        Raises
        ------
        ModelError
            Shapes that do not fit the pool; values that are not finite.
        """
        features = check_features(features, width=len(self.frame.centre))
        idx, dist = _check_neighbours(neighbours, distances, len(features), len(self.phi))
        own_scales = length_scales(dist, floor=float(self.scales.min()))
        weights = _weights(idx, dist, own_scales, self.scales) ** NEARNESS_POWER
        weights /= weights.sum(axis=1, keepdims=True)
        phi = np.empty((len(features), self.phi.shape[1]), np.float32)
        for rows in chunks(len(features)):
            phi[rows] = self.frame.join(self._graph_part(idx[rows], weights[rows]), features[rows])
        return phi

    def _graph_part(self, idx: Ints, weights: Float) -> Float:
        """Graph part of ``phi``: the neighbours' mean.

        It is as long as theirs are, so that its prior variance is theirs.
        """
        near = self.phi[idx, : self.phi.shape[1] - self.frame.width]
        mean = np.einsum("mk,mkj->mj", weights, near, optimize=True)
        length = np.einsum("mk,mk->m", weights, np.linalg.norm(near, axis=2))
        return mean * (length / np.maximum(np.linalg.norm(mean, axis=1), np.float32(1e-9)))[:, None]


def graph_basis(
    neighbours: Ints, distances: Float, features: Float, n_classes: int, seed: int = 0
) -> GraphBasis:
    """Build the features of the graph posterior from a k-nearest-neighbour graph.

    Parameters
    ----------
    neighbours : int (n, k)
        Rows of the nearest items, nearest first, without the item itself.
    distances : float32 (n, k)
        Euclidean distances to them.
    features : float32 (n, d)
    n_classes : int
        Sets the number of graph functions: ``max(200, 2 C)``, at most ``n / 3`` (but ten where there are ten items).
    seed : int

    Returns
    -------
    GraphBasis

    Raises
    ------
    ModelError
        Shapes that do not fit together; values that are not finite.

    Examples
    --------
    >>> x = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
    >>> d = np.abs(x - x.T) + np.eye(12, dtype=np.float32) * 9
    >>> idx = np.argsort(d, axis=1)[:, :3]
    >>> graph_basis(idx, np.take_along_axis(d, idx, 1), x, n_classes=2).phi.shape
    (12, 112)
    """
    features = check_features(features)
    n = len(features)
    idx, dist = _check_neighbours(neighbours, distances, n, n)
    scales = length_scales(dist)
    m = min(max(200, 2 * n_classes), max(n // 3, min(n, MIN_GRAPH_FUNCTIONS)))
    graph: Smooth | None = None
    if m and idx.shape[1]:
        operator = normalised_graph(idx, _weights(idx, dist, scales, scales))
        graph = smooth_functions(
            operator,
            m,
            DAMPED_INTERVAL if n_classes <= MANY_CLASSES else DAMPED_INTERVAL_OF_MANY_CLASSES,
            seed,
        )
    frame = Frame.of(features, scales, seed)
    return GraphBasis(_join_features(graph, frame, features), scales, frame)


def _join_features(graph: Smooth | None, frame: Frame, features: Float) -> Float:
    """Compute ``phi`` (n, D), some rows at a time: it is the largest array of all."""
    n, m = len(features), 0 if graph is None else len(graph.values)
    phi = np.empty((n, m + frame.width), np.float32)
    if graph is not None:
        weights = (graph.values + SPECTRAL_RIDGE) ** -SPECTRAL_POWER
        weights /= np.sqrt(np.sum(weights**2) / n)  # the functions are orthonormal: mean squared row norm 1
    for rows in chunks(n):
        g = np.zeros((rows.stop - rows.start, 0), np.float32) if graph is None else graph.rows(rows, weights)
        length = np.maximum(np.linalg.norm(g, axis=1, keepdims=True), np.float32(MIN_ROW_LENGTH))
        phi[rows] = frame.join(g * (GRAPH_PART / length), features[rows])
    return phi


def _check_neighbours(neighbours: Ints, distances: Float, rows: int, pool: int) -> tuple[Ints, Float]:
    idx, dist = np.asarray(neighbours)[:, :EDGES_PER_ITEM], np.asarray(distances)[:, :EDGES_PER_ITEM]
    if idx.shape != dist.shape or len(idx) != rows:
        raise ModelError(
            f"neighbours {idx.shape} and distances {dist.shape} do not fit {rows} rows of features.",
            "Pass both as (n, k) arrays from the same neighbour search.",
        )
    if idx.size and (idx.min() < 0 or idx.max() >= pool):
        raise ModelError(f"a neighbour lies outside the {pool} pool rows.", "Search the neighbours again.")
    return idx.astype(np.int64, copy=False), dist.astype(np.float32, copy=False)


def length_scales(distances: Float, floor: float = 0.0) -> Float:
    """Distance of each item to its seventh neighbour (n,), at least ``floor``."""
    n, k = distances.shape
    if not k:
        return np.ones(n, np.float32)
    own_scales = distances[:, min(SCALE_NEIGHBOUR, k) - 1]
    positive = own_scales[own_scales > 0]
    # Exact duplicates have length scale 0: the floor keeps them a tight cluster instead of a division by zero.
    least = floor or (1e-3 * float(np.median(positive)) if len(positive) else 1.0)
    return np.maximum(own_scales, np.float32(least))


def _weights(idx: Ints, dist: Float, own_scales: Float, scales: Float) -> Float:
    weights = np.exp(-(dist**2) / (own_scales[:, None] * scales[idx]))
    return np.maximum(weights, MIN_WEIGHT).astype(np.float32, copy=False)
