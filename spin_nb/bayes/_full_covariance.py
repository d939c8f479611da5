"""The Gaussian posterior over the weights of a softmax regression with every covariance between them.

All that grows with the number of items is float32 matrix products, a run of items at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._logit_contrasts import basis, deviations
from spin_nb.errors import ModelError
from spin_nb.types import Float

Array = NDArray[np.float64]
Prior = tuple[float, float]
Halves = list[Float]
MAX_PARAMETERS = 6000  # parameters: a full covariance above this takes over 300 MB
MAX_NUMBERS_PER_RUN = 2**21  # numbers of an intermediate result: what a core's cache holds beside the inputs


class Full:
    """The whole covariance (C, d + 1, C, d + 1), weights before the bias."""

    names = ("covariance",)

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.covariance = arrays["covariance"]

    @classmethod
    def build(cls, x: Float, probs: Array, weight: Array, prior: Prior) -> Full:
        n_classes, width = probs.shape[1], x.shape[1] + 1
        if n_classes * width > MAX_PARAMETERS:
            raise ModelError(
                f"a full covariance of {n_classes * width:,} parameters does not fit in memory.",
                "Use structure='kron'.",
            )
        # Among the inputs' own axes rounding is small where the inputs are small: no direction drowns in another's.
        rotation, inputs = np.eye(width), np.ones((len(x), width), np.float32)
        rotation[:-1, :-1] = np.linalg.eigh((x.T @ x).astype(np.float64))[1]
        np.matmul(x, rotation[:-1, :-1].astype(np.float32), out=inputs[:, :-1])
        precision = ggn(inputs, probs, weight).reshape(n_classes * width, -1)
        precision[np.diag_indices_from(precision)] += np.tile(
            [prior[0]] * (width - 1) + [prior[1]], n_classes
        )
        blocks = _inverse(precision).reshape(n_classes, width, n_classes, width)
        covariance = np.einsum("de,aebf->adbf", rotation, blocks, optimize=True) @ rotation.T
        return cls({"covariance": np.ascontiguousarray(covariance)}, prior)

    @cached_property
    def _by_class(self) -> Halves:
        return _roots([self.covariance[c, :, c] for c in range(len(self.covariance))])

    @cached_property
    def _by_contrast(self) -> Halves:
        n_classes = len(self.covariance)
        own_block, all_ = np.einsum("cdce->de", self.covariance), self.covariance.sum(axis=(0, 2))
        return _roots([(n_classes * own_block - all_) / (n_classes - 1) ** 2])

    def variance(self, x: Float) -> Float:
        return _squared_lengths(x, self._by_class)

    def contrast(self, x: Float) -> Float:
        return _squared_lengths(x, self._by_contrast)

    def marginal(self, x: Float, noise: Float) -> Float:
        inputs = np.hstack([x, np.ones((len(x), 1), np.float32)])
        blocks = self._between
        inner = np.empty((len(x), len(blocks), len(blocks)), np.float32)
        for a, row in enumerate(blocks):
            products = (inputs @ row[:, a:].reshape(len(row), -1)).reshape(len(x), -1, len(row))
            inner[:, a, a:] = inner[:, a:, a] = np.einsum("nbd,nd->nb", products, inputs)
        return deviations(inner, noise)

    @cached_property
    def _between(self) -> Float:
        """Covariance (C - 1, d + 1, C - 1, d + 1) without the direction all classes share."""
        directions = basis(len(self.covariance))
        between: Float = np.einsum(
            "ca,cdfe,fb->adbe", directions, self.covariance, directions, optimize=True
        ).astype(np.float32)
        return np.ascontiguousarray(between)

    def sample(self, noise: Array) -> tuple[Array, Array]:
        weight_deviations = (noise.reshape(len(noise), -1) @ self._factor.T).reshape(noise.shape)
        return weight_deviations[..., :-1], weight_deviations[..., -1]

    @cached_property
    def _factor(self) -> Array:
        size = self.covariance.shape[0] * self.covariance.shape[1]
        return np.linalg.cholesky(self.covariance.reshape(size, size))


def ggn(x: Float, probs: Array, weight: Array) -> Array:
    """Curvature of the negative log likelihood (C, d, C, d).

    It is ``sum_n weight (diag p - p p') (x) x x'``.  Only the blocks between different classes,
    ``-sum p_a p_b x x'``, are computed; the classes' probabilities sum to 1, so a class's own block is minus
    the sum of the others in its row, without any cancellation.

    Parameters
    ----------
    x : float32 (n, d)
    probs : float64 (n, C)
    weight : float64 (n,)
    """
    n_classes, width = probs.shape[1], x.shape[1]
    between = np.zeros((n_classes * width, n_classes * width))
    share = (np.sqrt(weight)[:, None] * probs).astype(np.float32)
    for rows in runs(len(x), n_classes * width):
        factors = (share[rows, :, None] * x[rows, None]).reshape(-1, n_classes * width)
        between += factors.T @ factors
    blocks = between.reshape(n_classes, width, n_classes, width)
    for c in range(n_classes):
        blocks[c, :, c] = 0
    own_block = blocks.sum(axis=2)
    np.negative(blocks, out=blocks)
    for c in range(n_classes):
        blocks[c, :, c] = own_block[c]
    return blocks


def runs(n: int, width: int) -> Iterator[slice]:
    """Slice ``n`` items into runs of which ``width`` numbers each fit into the cache."""
    rows = max(64, MAX_NUMBERS_PER_RUN // width)
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))


def _roots(covariances: list[Array]) -> Halves:
    """Cholesky roots (d + 1, d + 1) side by side, left halves and right ones."""
    roots = [np.linalg.cholesky(covariance) for covariance in covariances]
    half = max(1, len(roots[0]) // 2)
    left, right = [root[:, :half] for root in roots], [root[half:, half:] for root in roots]
    return [np.hstack(part).astype(np.float32) for part in (left, right) if part[0].shape[1]]


def _squared_lengths(x: Float, roots: Halves) -> Float:
    """``|root' (x, 1)|^2`` (n, k) for ``k`` roots by :func:`_roots`."""
    width = x.shape[1] + 1
    out = np.zeros((len(x), roots[0].shape[1] // max(1, width // 2)), np.float32)
    for rows in runs(len(x), roots[0].shape[1]):
        for root in roots:
            projection = x[rows, width - len(root) :] @ root[:-1]
            projection += root[-1]
            projection = projection.reshape(len(projection), out.shape[1], -1)
            out[rows] += np.einsum("ncd,ncd->nc", projection, projection)
    return out


def _inverse(precision: Array) -> Array:
    """Of a symmetric positive definite matrix, which is overwritten.

    Raises
    ------
    ModelError
        It is not positive definite.
    """
    from scipy.linalg import lapack

    factor, error_code = lapack.dpotrf(precision.T, lower=1, overwrite_a=1)
    if error_code:
        raise ModelError("rounding left a curvature that is not positive.", "Use structure='kron'.")
    lower = np.tril(lapack.dpotri(factor, lower=1, overwrite_c=1)[0])
    inverse: Array = lower + np.tril(lower, -1).T
    return inverse
