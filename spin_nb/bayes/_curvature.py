"""Gaussian posteriors over the weights of a softmax regression: Kronecker-factored, diagonal, and full.

Each is built from inputs ``x`` (n, d), probabilities (n, C) and sample weights, and knows: the variance of every
logit, the contrast variance (:mod:`spin_nb.bayes._logit_contrasts`), noise that is right item by item (C, S, n), and
noise that is one function over all items.  ``prior`` is the pair (precision of the weights, precision of the biases).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._full_covariance import Full
from spin_nb.bayes._logit_contrasts import basis, contrasts, deviations
from spin_nb.bayes._map_estimate import curvature
from spin_nb.types import Float

Array = NDArray[np.float64]
Prior = tuple[float, float]
ROWS_PER_BLOCK = 4096  # inputs converted to float64 at once


class Kron:
    """``(A (x) B + prior)^-1``, biases a block of their own.

    ``A = sum x x'``, ``B = mean(diag p - p p')``.
    """

    names = ("moments", "rotation", "curvature", "classes", "size")

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.moments, self.rotation, self.curvature, self.classes, size = (arrays[n] for n in self.names)
        self.size = float(size)

    @classmethod
    def build(cls, x: Float, probs: Array, weight: Array, prior: Prior) -> Kron:
        moments, rotation = np.linalg.eigh(second_moment(x, weight))
        values, classes = curvature(probs, weight)
        parts = (np.maximum(moments, 0), rotation, values, classes, np.array(weight.sum()))
        # In C order, so that what is kept and read back is multiplied in the same order.
        return cls({n: np.array(part, order="C") for n, part in zip(cls.names, parts, strict=True)}, prior)

    def rescale(self, size: float) -> Kron:
        """Return the curvature of ``size`` observations instead."""
        parts = {"moments": self.moments * (size / self.size), "size": np.array(float(size))}
        return Kron({**self.arrays, **parts}, self.prior)

    def cool(self, temperature: float) -> Kron:
        """Return the posterior whose covariance is ``temperature`` times this one's."""
        parts = {"moments": self.moments / temperature, "size": np.array(self.size / temperature)}
        return Kron({**self.arrays, **parts}, (self.prior[0] / temperature, self.prior[1] / temperature))

    def spread(self) -> tuple[Array, Array]:
        """Variances in the eigenbasis: of the weights (d, C), of the biases (C,)."""
        weights = 1 / (np.outer(self.moments, self.curvature) + self.prior[0])
        return weights, 1 / (self.size * self.curvature + self.prior[1])

    def variance(self, x: Float) -> Float:
        weights, biases = self.spread()
        class_squares = self.classes.T**2
        return self._squares(x, weights @ class_squares, biases @ class_squares)

    def contrast(self, x: Float) -> Float:
        weights, biases = self.spread()
        share = contrasts(self.classes)[:, None]
        return self._squares(x, weights @ share, biases @ share)

    def _squares(self, x: Float, spread: Array, bias: Array) -> Float:
        projection = x @ self.rotation.astype(np.float32)
        projection *= projection
        out: Float = projection @ spread.astype(np.float32) + bias.astype(np.float32)
        return out

    def marginal(self, x: Float, noise: Float) -> Float:
        weights, biases = (part.astype(np.float32) for part in self.spread())
        projection = x @ self.rotation.astype(np.float32)
        deviation = np.sqrt((projection * projection) @ weights + biases).T
        noise_by_class = np.ascontiguousarray(deviation)[:, None, :] * noise.T[:, :, None]
        out = self.classes.astype(np.float32) @ noise_by_class.reshape(len(noise_by_class), -1)
        return out.reshape(noise_by_class.shape)

    def sample(self, noise: Array) -> tuple[Array, Array]:
        weights, biases = self.spread()
        weight_deviations = self.classes @ (noise[..., :-1] * np.sqrt(weights.T)) @ self.rotation.T
        return weight_deviations, (noise[..., -1] * np.sqrt(biases)) @ self.classes.T


class Diag:
    """Only the diagonal of the curvature."""

    names = ("weights", "biases")

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.weights, self.biases = 1 / (arrays["weights"] + prior[0]), 1 / (arrays["biases"] + prior[1])

    @classmethod
    def build(cls, x: Float, probs: Array, weight: Array, prior: Prior) -> Diag:
        each = weight[:, None] * probs * (1 - probs)
        return cls({"weights": each.T @ (x * x), "biases": each.sum(axis=0)}, prior)

    def variance(self, x: Float) -> Float:
        out: Float = (x * x) @ self.weights.T.astype(np.float32) + self.biases.astype(np.float32)
        return out

    def contrast(self, x: Float) -> Float:
        share = 1 / (len(self.biases) - 1)
        weights = (share * self.weights.sum(axis=0)).astype(np.float32)
        out: Float = (x * x) @ weights[:, None] + np.float32(share * self.biases.sum())
        return out

    def marginal(self, x: Float, noise: Float) -> Float:
        directions = basis(len(self.biases))
        return deviations(
            np.einsum("nc,ca,cb->nab", self.variance(x), directions, directions, optimize=True), noise
        )

    def sample(self, noise: Array) -> tuple[Array, Array]:
        return noise[..., :-1] * np.sqrt(self.weights), noise[..., -1] * np.sqrt(self.biases)


def second_moment(x: Float, weight: Array) -> Array:
    """Compute ``sum_n weight_n x_n x_n'`` (d, d) in float64, block by block."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROWS_PER_BLOCK):
        part = x[start : start + ROWS_PER_BLOCK] * np.sqrt(weight[start : start + ROWS_PER_BLOCK, None])
        total += part.T @ part
    return total


STRUCTURES: dict[str, type[Kron] | type[Full] | type[Diag]] = {"kron": Kron, "full": Full, "diag": Diag}
