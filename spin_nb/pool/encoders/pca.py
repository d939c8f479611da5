"""Principal components, by the cheapest exact or near-exact route for the shape."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.threads import one_thread
from spin_nb.types import Float

_NEARLY_ORTHOGONAL = 0.5
"""Sum of a column's cosines with the others, at most: the Gram matrix has eigenvalues from one half to three halves."""
_WIDE, _SMALL = 2048, 512
"""Columns beyond which no matrix of their square is made; up to which all eigenvectors cost less than an import."""


def principal(X: NDArray[Any], limit: int, keep: float) -> tuple[Float, Float]:
    """Mean and leading principal components.

    Parameters
    ----------
    X : (n, D)
        One row an item.
    limit : int
        Most components kept.
    keep : float
        Share of the variance after which components are dropped.

    Returns
    -------
    mean : float32 (D,)
    components : float32 (D, d)
        Orthonormal columns by falling variance, d <= limit; the largest entry of each is positive.

    Notes
    -----
    Fewer rows than columns: eigenvectors of the Gram matrix.  Else, up to 2,048 columns: of the covariance.
    Beyond: a randomised SVD (Halko, Martinsson & Tropp 2011) with a fixed seed.

    Examples
    --------
    >>> mean, components = principal(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), 2, 0.99)
    >>> mean, components
    (array([2., 1.], dtype=float32), array([[1.],
           [0.]], dtype=float32))
    """
    X = np.asarray(X, dtype=np.float32)
    n, D = X.shape
    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    X = X - mean
    total = float(np.einsum("ij,ij->", X, X, dtype=np.float64))
    if n < D and n <= _WIDE:
        values, left = _leading_eigenvectors(X @ X.T, limit)
        product = _transposed_product(X, left)
        with one_thread() if n > _SMALL else nullcontext():
            vectors = _orthonormal(product)
    elif D <= _WIDE:
        values, vectors = _leading_eigenvectors(X.T @ X, limit)
    else:
        from sklearn.utils.extmath import randomized_svd

        _, singular, right = randomized_svd(X, min(limit, D), random_state=0)
        values, vectors = singular**2, right.T
    return mean, _leading(values, vectors, total, min(limit, n, D), keep)


def _leading_eigenvectors(matrix: Float, limit: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest eigenvalues (d,), falling, and their vectors (D, d)."""
    D = len(matrix)
    if D <= _SMALL:
        values, vectors = np.linalg.eigh(matrix.astype(np.float64))
        return values[::-1][:limit], vectors[:, ::-1][:, :limit]
    from scipy.linalg import eigh

    largest = (max(0, D - limit), D - 1)
    with one_thread():
        values, vectors = eigh(matrix.astype(np.float64), subset_by_index=largest, check_finite=False)
    return values[::-1], vectors[:, ::-1]


def _transposed_product(X: Float, left: NDArray[np.float64]) -> NDArray[np.float64]:
    """``X.T @ left`` in float64, some columns at a time: they may be 40,000."""
    product = np.empty((X.shape[1], left.shape[1]))
    for start in range(0, X.shape[1], _WIDE):
        columns = slice(start, start + _WIDE)
        product[columns] = X[:, columns].T.astype(np.float64) @ left
    return product


def _orthonormal(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Q of the QR decomposition of tall columns that are nearly orthogonal, but for signs.

    By Cholesky's factor of their Gram matrix, which is near one: twenty times as fast as reflections, and as exact
    (Yamazaki, Tomov & Dongarra 2015).  By reflections where some columns are of rounding only.
    """
    from scipy.linalg import solve_triangular

    lengths = np.sqrt(np.einsum("ij,ij->j", columns, columns))
    if lengths.all():
        units = columns / lengths
        gram = units.T @ units
        if np.abs(gram - np.eye(len(gram))).sum(axis=0).max(initial=0) < _NEARLY_ORTHOGONAL:
            factor = np.linalg.cholesky(gram)
            orthonormal: NDArray[np.float64] = solve_triangular(
                factor, units.T, lower=True, check_finite=False
            ).T
            return orthonormal
    return np.linalg.qr(columns)[0]


def _leading(values: NDArray[Any], vectors: NDArray[Any], total: float, limit: int, keep: float) -> Float:
    explained_variance = np.cumsum(np.maximum(values, 0)) / max(total, 1e-30)
    real = max(1, int((values > 1e-7 * max(total, 1e-30)).sum()))
    d = min(limit, real, int(np.searchsorted(explained_variance, keep)) + 1)
    leading = vectors[:, :d]
    signs = np.sign(leading[np.abs(leading).argmax(axis=0), np.arange(d)])
    return np.ascontiguousarray(leading * np.where(signs == 0, 1, signs), dtype=np.float32)
