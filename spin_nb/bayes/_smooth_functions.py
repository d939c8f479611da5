"""The smoothest functions on a neighbour graph, without exact eigenpairs and in little more memory than their own.

A block of random functions goes through a Chebyshev filter, a few at a time; the smoothest functions of their span are
found by Rayleigh-Ritz, from sums of products alone (Zhou, Saad, Tiago & Chelikowsky 2006).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Float, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

FILTER_DEGREE = 12
OVERSAMPLING = 1.2  # random functions for each one wanted
FUNCTIONS_PER_BLOCK = 32  # functions filtered at once
ROWS_PER_BLOCK = 2**16
RIDGE_SHARE = 1e-9  # of the mean squared length: functions that the filter made alike stay solvable


@dataclass(frozen=True, eq=False)
class Smooth:
    """The smoothest functions, orthonormal: ``blocks @ rotation``.

    Attributes
    ----------
    values : float64 (m,)
        Eigenvalues of ``I - S``, about, rising.
    blocks : list of float32 (n, b)
        What the filter left of random functions.
    rotation : float64 (width, m)
    """

    values: NDArray[np.float64]
    blocks: list[Float]
    rotation: NDArray[np.float64]

    def rows(self, some: slice, weights: NDArray[np.float64]) -> Float:
        """Evaluate the functions, times a weight each, at some items (r, m)."""
        block = np.concatenate([functions[some] for functions in self.blocks], axis=1)
        return block @ (self.rotation * weights).astype(np.float32)


def normalised_graph(idx: Ints, weights: Float) -> csr_matrix:
    """``D^-1/2 W D^-1/2`` of the symmetric graph, as a scipy CSR matrix."""
    from scipy import sparse

    n, k = idx.shape
    indptr = np.arange(0, n * k + 1, k)
    one_way = sparse.csr_matrix((weights.ravel(), idx.ravel(), indptr), shape=(n, n))
    both = one_way.maximum(one_way.T).tocsr()
    inverse = 1 / np.sqrt(np.asarray(both.sum(axis=1)).ravel())
    both.data *= np.repeat(inverse, np.diff(both.indptr)) * inverse[both.indices]
    return both.astype(np.float32)


def smooth_functions(operator: csr_matrix, m: int, damped_interval: tuple[float, float], seed: int) -> Smooth:
    """Approximate the ``m`` smoothest functions on the graph of ``operator``.

    ``damped_interval`` holds the eigenvalues to suppress.
    """
    from scipy.linalg import eigh

    n = operator.shape[0]
    width = min(n, int(OVERSAMPLING * m) + 1)
    rng = np.random.default_rng(seed)
    blocks = [
        _filter(
            operator,
            rng.standard_normal((n, min(FUNCTIONS_PER_BLOCK, width - at)), dtype=np.float32),
            damped_interval,
        )
        for at in range(0, width, FUNCTIONS_PER_BLOCK)
    ]
    lengths = _products(blocks, blocks)
    lengths += RIDGE_SHARE * np.trace(lengths) / width * np.eye(width)
    operator_products = np.concatenate(
        [_products(blocks, [operator @ functions]) for functions in blocks], axis=1
    )
    values, rotation = eigh((operator_products + operator_products.T) / 2, lengths)
    return Smooth(np.clip(1 - values[::-1][:m], 0, 2), blocks, rotation[:, ::-1][:, :m])


def _products(some: list[Float], others: list[Float]) -> NDArray[np.float64]:
    """Inner products of all functions of two lists of blocks, float64."""
    products = np.zeros((sum(f.shape[1] for f in some), sum(f.shape[1] for f in others)))
    for rows in chunks(len(some[0])):
        left, right = (
            np.concatenate([functions[rows] for functions in blocks], axis=1).astype(np.float64)
            for blocks in (some, others)
        )
        products += left.T @ right
    return products


def chunks(n: int) -> Iterator[slice]:
    """The rows 0..n-1, some at a time."""
    return (slice(start, min(start + ROWS_PER_BLOCK, n)) for start in range(0, n, ROWS_PER_BLOCK))


def _filter(operator: csr_matrix, start: Float, damped_interval: tuple[float, float]) -> Float:
    """Chebyshev polynomial of ``S`` applied to ``start``: small on ``damped_interval``, steep above it."""
    centre, half = (
        np.float32(sum(damped_interval) / 2),
        np.float32((damped_interval[1] - damped_interval[0]) / 2),
    )
    before = start
    now = (operator @ start - centre * start) / half
    for _ in range(FILTER_DEGREE - 1):
        following = operator @ now
        following -= centre * now
        following *= 2 / half
        following -= before
        before, now = now, following
    return now
