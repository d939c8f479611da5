"""The smoothest functions on a neighbour graph, without exact eigenpairs and in little more memory than their own.

A block of random functions goes through a Chebyshev filter, a few at a time; the smoothest functions of their span are
found by Rayleigh-Ritz, from sums of products alone (Zhou, Saad, Tiago & Chelikowsky 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Float, Ints

FILTER_DEGREE = 12
SPARE = 1.2  # random functions for each one wanted
TOGETHER = 32  # functions filtered at once
ROWS = 2**16
RIDGE = 1e-9  # of the mean squared length: functions that the filter made alike stay solvable


@dataclass(frozen=True)
class Smooth:
    """The smoothest functions, orthonormal: ``spanned @ rotation``.

    Attributes
    ----------
    values : float64 (m,)
        Eigenvalues of ``I - S``, about, rising.
    spanned : list of float32 (n, b)
        What the filter left of random functions.
    rotation : float64 (width, m)
    """

    values: NDArray[np.float64]
    spanned: list[Float]
    rotation: NDArray[np.float64]

    def rows(self, some: slice, weights: NDArray[np.float64]) -> Float:
        """The functions, times a weight each, at some items: float32 (r, m)."""
        block = np.concatenate([functions[some] for functions in self.spanned], axis=1)
        return block @ (self.rotation * weights).astype(np.float32)


def normalised_graph(idx: Ints, weights: Float) -> Any:
    """``D^-1/2 W D^-1/2`` of the symmetric graph, as a scipy CSR matrix."""
    from scipy import sparse

    n, k = idx.shape
    indptr = np.arange(0, n * k + 1, k)
    one_way = sparse.csr_matrix((weights.ravel(), idx.ravel(), indptr), shape=(n, n))
    both = one_way.maximum(one_way.T).tocsr()
    inverse = 1 / np.sqrt(np.asarray(both.sum(axis=1)).ravel())
    both.data *= np.repeat(inverse, np.diff(both.indptr)) * inverse[both.indices]
    return both.astype(np.float32)


def smooth_functions(operator: Any, m: int, damped: tuple[float, float], seed: int) -> Smooth:
    """About the ``m`` smoothest functions on the graph of ``operator``; ``damped`` are the eigenvalues to suppress."""
    from scipy.linalg import eigh

    n = operator.shape[0]
    width = min(n, int(SPARE * m) + 1)
    rng = np.random.default_rng(seed)
    spanned = [
        _filtered(operator, rng.standard_normal((n, min(TOGETHER, width - at)), dtype=np.float32), damped)
        for at in range(0, width, TOGETHER)
    ]
    lengths = _products(spanned, spanned)
    lengths += RIDGE * np.trace(lengths) / width * np.eye(width)
    moved = np.concatenate([_products(spanned, [operator @ functions]) for functions in spanned], axis=1)
    values, rotation = eigh((moved + moved.T) / 2, lengths)
    return Smooth(np.clip(1 - values[::-1][:m], 0, 2), spanned, rotation[:, ::-1][:, :m])


def _products(some: list[Float], others: list[Float]) -> NDArray[np.float64]:
    """Inner products of all functions of two lists of blocks; float64, some rows at a time."""
    found = np.zeros((sum(f.shape[1] for f in some), sum(f.shape[1] for f in others)))
    for rows in chunks(len(some[0])):
        left, right = (
            np.concatenate([functions[rows] for functions in blocks], axis=1).astype(np.float64)
            for blocks in (some, others)
        )
        found += left.T @ right
    return found


def chunks(n: int) -> Iterator[slice]:
    """The rows 0..n-1, some at a time."""
    return (slice(start, min(start + ROWS, n)) for start in range(0, n, ROWS))


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
