"""The pool's own shape as features: smooth functions on its neighbour graph, beside the plain linear features.

A label then speaks for the whole cluster it lies in, not only for its surroundings in feature space.

References
----------
Zhu, Ghahramani & Lafferty (2003), *Semi-supervised learning using Gaussian fields and harmonic functions*.
Zelnik-Manor & Perona (2004), *Self-tuning spectral clustering* (the local scaling).
Zhou, Saad, Tiago & Chelikowsky (2006), *Self-consistent-field calculations using Chebyshev-filtered subspace
iteration* (the filter).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_features
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

NEIGHBOURS = 10  # edges per item: more blurs small clusters
SCALE_NEIGHBOUR = 7  # the neighbour whose distance is an item's own length scale
SMOOTHNESS = 0.1  # ridge and power of the spectral prior (lambda + ridge)^-power
POWER = 1.5
LINEAR_SHARE = 0.2  # prior variance given to the plain linear model
SHORTEST_ROW = 0.3  # rows shorter than this are outliers: not blown up to full length
FILTER_DEGREE = 12
DAMPED = (-0.6, 0.9)  # eigenvalues of S the filter suppresses: the smoothest functions come out sharp
DAMPED_MANY = (-0.6, 0.85)  # with many classes finer functions must survive (measured on 77 intents)
MANY = 20  # classes
FEWEST = 10  # graph functions of a tiny pool: fewer may miss a cluster altogether
SMALLEST_WEIGHT = 1e-6  # keeps every vertex connected when exp() underflows


@dataclass(frozen=True)
class GraphBasis:
    """Features ``phi`` of every pool item, and what is needed to give new items theirs.

    Attributes
    ----------
    phi : float32 (n, D)
        ``[sqrt(1-w) g / max(|g|, .3), sqrt(w) x]``; prior variance of a score is ``|phi|^2``.
    graph : float32 (n, m)
        ``g``: smooth graph functions, mean squared row norm 1.
    scales : float32 (n,)
        Length scale of each item: the distance to its seventh neighbour.
    centre : float32 (d,)
        Mean of the pool's features.
    length : float32
        Root mean square norm of the centred features.
    """

    phi: Float
    graph: Float
    scales: Float
    centre: Float
    length: np.float32

    def extend(self, neighbours: Ints, distances: Float, features: Float) -> Float:
        """Features of items outside the pool: the neighbour-weighted mean of ``g``, then as for the pool.

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
        features = check_features(features, width=len(self.centre))
        idx, dist = _check_neighbours(neighbours, distances, len(features), len(self.graph))
        own = length_scales(dist, floor=float(self.scales.min()))
        weights = _weights(idx, dist, own, self.scales)
        weights /= weights.sum(axis=1, keepdims=True)
        g = np.einsum("mk,mkj->mj", weights, self.graph[idx], optimize=True)
        return _join(g, features, self.centre, float(self.length))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything needed by :meth:`restore`, by name."""
        return {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def restore(cls, arrays: dict[str, NDArray[Any]]) -> GraphBasis:
        """Rebuild from :meth:`arrays`."""
        phi, graph, scales, centre = (arrays[name] for name in ("phi", "graph", "scales", "centre"))
        return cls(phi, graph, scales, centre, np.float32(arrays["length"]))


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
        Sets the number of graph functions: ``max(100, 2 C)``, at most ``n / 3`` (but ten where there are ten items).
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
    (12, 12)
    """
    features = check_features(features)
    n = len(features)
    idx, dist = _check_neighbours(neighbours, distances, n, n)
    scales = length_scales(dist)
    m = min(max(100, 2 * n_classes), max(n // 3, min(n, FEWEST)))
    if m and idx.shape[1]:
        operator = _normalised_graph(idx, _weights(idx, dist, scales, scales))
        values, vectors = _smooth_functions(operator, m, DAMPED if n_classes <= MANY else DAMPED_MANY, seed)
        g = vectors * (values + SMOOTHNESS).astype(np.float32) ** -POWER
        g /= max(float(np.sqrt(np.mean(np.sum(g * g, axis=1)))), 1e-12)
    else:
        g = np.zeros((n, 0), np.float32)
    centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = float(np.mean(np.sum((features - centre) ** 2, axis=1, dtype=np.float64)))
    length = np.float32(np.sqrt(spread) or 1.0)
    return GraphBasis(_join(g, features, centre, float(length)), g, scales, centre, length)


def _check_neighbours(neighbours: Ints, distances: Float, rows: int, pool: int) -> tuple[Ints, Float]:
    idx, dist = np.asarray(neighbours)[:, :NEIGHBOURS], np.asarray(distances)[:, :NEIGHBOURS]
    if idx.shape != dist.shape or len(idx) != rows:
        raise ModelError(
            f"neighbours {idx.shape} and distances {dist.shape} do not fit {rows} rows of features.",
            "Pass both as (n, k) arrays from the same neighbour search.",
        )
    if idx.size and (idx.min() < 0 or idx.max() >= pool):
        raise ModelError(f"a neighbour lies outside the {pool} pool rows.", "Search the neighbours again.")
    return idx.astype(np.int64, copy=False), dist.astype(np.float32, copy=False)


def length_scales(distances: Float, floor: float = 0.0) -> Float:
    """Distance of each item to its seventh neighbour (n,), from those to its nearest (n, k); at least ``floor``."""
    n, k = distances.shape
    if not k:
        return np.ones(n, np.float32)
    own = distances[:, min(SCALE_NEIGHBOUR, k) - 1]
    positive = own[own > 0]
    # Exact duplicates have length scale 0: the floor keeps them a tight cluster instead of a division by zero.
    least = floor or (1e-3 * float(np.median(positive)) if len(positive) else 1.0)
    return np.maximum(own, np.float32(least))


def _weights(idx: Ints, dist: Float, own: Float, scales: Float) -> Float:
    weights = np.exp(-(dist**2) / (own[:, None] * scales[idx]))
    return np.maximum(weights, SMALLEST_WEIGHT).astype(np.float32, copy=False)


def _normalised_graph(idx: Ints, weights: Float) -> Any:
    """``D^-1/2 W D^-1/2`` of the symmetric graph, as a scipy CSR matrix."""
    from scipy import sparse

    n, k = idx.shape
    indptr = np.arange(0, n * k + 1, k)
    one_way = sparse.csr_matrix((weights.ravel(), idx.ravel(), indptr), shape=(n, n))
    both = one_way.maximum(one_way.T).tocsr()
    inverse = 1 / np.sqrt(np.asarray(both.sum(axis=1)).ravel())
    both.data *= np.repeat(inverse, np.diff(both.indptr)) * inverse[both.indices]
    return both.astype(np.float32)


def _smooth_functions(
    operator: Any, m: int, damped: tuple[float, float], seed: int
) -> tuple[NDArray[np.float64], Float]:
    """About the ``m`` smoothest functions: eigenvalues of ``I - S`` (m,), vectors (n, m)."""
    n = operator.shape[0]
    width = min(n, int(1.2 * m) + 1)
    start = np.random.default_rng(seed).standard_normal((n, width), dtype=np.float32)
    basis = np.linalg.qr(_filtered(operator, start, damped))[0]
    small = basis.T @ (operator @ basis)
    values, rotation = np.linalg.eigh((small + small.T).astype(np.float64) / 2)
    keep = np.argsort(values)[::-1][:m]
    return np.clip(1 - values[keep], 0, 2), basis @ rotation[:, keep].astype(np.float32)


def _filtered(operator: Any, start: Float, damped: tuple[float, float]) -> Float:
    """Chebyshev polynomial of ``S`` applied to ``start``: small on ``damped``, steep above it."""
    centre, half = np.float32(sum(damped) / 2), np.float32((damped[1] - damped[0]) / 2)
    before = start
    now = (operator @ start - centre * start) / half
    for _ in range(FILTER_DEGREE - 1):
        following = operator @ now
        following -= centre * now
        following *= 2 / half
        following -= before
        before, now = now, following
    return now


def _join(g: Float, features: Float, centre: Float, length: float) -> Float:
    norms = np.linalg.norm(g, axis=1, keepdims=True)
    graph_part = np.sqrt(1 - LINEAR_SHARE) * g / np.maximum(norms, SHORTEST_ROW)
    linear_part = (features - centre) * np.float32(np.sqrt(LINEAR_SHARE / 2) / length)
    bias = np.full((len(features), 1), np.sqrt(LINEAR_SHARE / 2), np.float32)
    return np.concatenate([graph_part.astype(np.float32), linear_part, bias], axis=1)
