"""Gaussian posteriors over the weights of a softmax regression: Kronecker-factored, full and diagonal.

Each is built from inputs ``x`` (n, d), probabilities (n, C) and sample weights, and knows: the variance of every
logit, noise that is right item by item (C, S, n), and noise that is one function over all items.  ``prior`` is the pair
(precision of the weights, precision of the biases).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._map import curvature
from spin_nb.errors import ModelError
from spin_nb.types import Float

Array = NDArray[np.float64]
Prior = tuple[float, float]
FULL_LIMIT = 6000  # parameters: a full covariance above this takes over 300 MB


class Kron:
    """``(A (x) B + prior)^-1`` with ``A = sum x x'``, ``B = mean(diag p - p p')``; biases a block of their own."""

    names = ("moments", "rotation", "curvature", "classes", "size")

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.moments, self.rotation, self.curvature, self.classes, size = (arrays[n] for n in self.names)
        self.size = float(size)

    @classmethod
    def build(cls, x: Array, probs: Array, weight: Array, prior: Prior) -> Kron:
        moments, rotation = np.linalg.eigh((x * weight[:, None]).T @ x)
        values, classes = curvature(probs, weight)
        parts = (np.maximum(moments, 0), rotation, values, classes, np.array(weight.sum()))
        return cls(dict(zip(cls.names, parts, strict=True)), prior)

    def rescaled(self, size: float) -> Kron:
        """The curvature of ``size`` observations instead."""
        parts = {"moments": self.moments * (size / self.size), "size": np.array(float(size))}
        return Kron({**self.arrays, **parts}, self.prior)

    def spread(self) -> tuple[Array, Array]:
        """Variances in the eigenbasis: of the weights (d, C), of the biases (C,)."""
        weights = 1 / (np.outer(self.moments, self.curvature) + self.prior[0])
        return weights, 1 / (self.size * self.curvature + self.prior[1])

    def terms(self) -> tuple[Float, Float, Float]:
        weights, biases = self.spread()
        squared = self.classes.T**2
        parts = self.rotation, weights @ squared, biases @ squared
        rotation, spread, bias = (part.astype(np.float32) for part in parts)
        return rotation, spread, bias

    def variance(self, x: Float) -> Float:
        rotation, spread, bias = self.terms()
        moved = x @ rotation
        out: Float = (moved * moved) @ spread + bias
        return out

    def marginal(self, x: Float, noise: Float) -> Float:
        weights, biases = (part.astype(np.float32) for part in self.spread())
        moved = x @ self.rotation.astype(np.float32)
        deviation = np.sqrt((moved * moved) @ weights + biases).T
        drawn = np.ascontiguousarray(deviation)[:, None, :] * noise.T[:, :, None]
        out = self.classes.astype(np.float32) @ drawn.reshape(len(drawn), -1)
        return out.reshape(drawn.shape)

    def sample(self, noise: Array) -> tuple[Array, Array]:
        weights, biases = self.spread()
        moved = self.classes @ (noise[..., :-1] * np.sqrt(weights.T)) @ self.rotation.T
        return moved, (noise[..., -1] * np.sqrt(biases)) @ self.classes.T


class Diag:
    """Only the diagonal of the curvature."""

    names = ("weights", "biases")

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.weights, self.biases = 1 / (arrays["weights"] + prior[0]), 1 / (arrays["biases"] + prior[1])

    @classmethod
    def build(cls, x: Array, probs: Array, weight: Array, prior: Prior) -> Diag:
        each = weight[:, None] * probs * (1 - probs)
        return cls({"weights": each.T @ (x * x), "biases": each.sum(axis=0)}, prior)

    def terms(self) -> tuple[Float, Float, Float]:
        identity = np.eye(self.weights.shape[1], dtype=np.float32)
        return identity, self.weights.T.astype(np.float32), self.biases.astype(np.float32)

    def variance(self, x: Float) -> Float:
        out: Float = (x * x) @ self.weights.T.astype(np.float32) + self.biases.astype(np.float32)
        return out

    def marginal(self, x: Float, noise: Float) -> Float:
        deviation = np.ascontiguousarray(np.sqrt(self.variance(x)).T)
        return deviation[:, None, :] * noise.T[:, :, None]

    def sample(self, noise: Array) -> tuple[Array, Array]:
        return noise[..., :-1] * np.sqrt(self.weights), noise[..., -1] * np.sqrt(self.biases)


class Full:
    """The whole curvature; parameters in order class by class, each weights then bias."""

    names = ("covariance",)

    def __init__(self, arrays: dict[str, NDArray[Any]], prior: Prior) -> None:
        self.arrays, self.prior = arrays, prior
        self.covariance = arrays["covariance"]

    @classmethod
    def build(cls, x: Array, probs: Array, weight: Array, prior: Prior) -> Full:
        x = np.hstack([x, np.ones((len(x), 1))])
        n_classes, width = probs.shape[1], x.shape[1]
        if n_classes * width > FULL_LIMIT:
            raise ModelError(
                f"a full covariance of {n_classes * width:,} parameters does not fit in memory.",
                "Use structure='kron'.",
            )
        hessian = np.zeros((n_classes, width, n_classes, width))
        for c in range(n_classes):
            for other in range(c, n_classes):
                shared = weight * probs[:, c] * ((c == other) - probs[:, other])
                hessian[c, :, other] = hessian[other, :, c] = (x * shared[:, None]).T @ x
        flat = hessian.reshape(n_classes * width, -1)
        flat[np.diag_indices_from(flat)] += np.tile(
            np.append(np.full(width - 1, prior[0]), prior[1]), n_classes
        )
        return cls({"covariance": np.linalg.inv(flat)}, prior)

    def terms(self) -> tuple[Float, Float, Float]:
        raise ModelError("a full covariance has no per-feature variance terms.", "Use structure='kron'.")

    def variance(self, x: Float) -> Float:
        width = x.shape[1] + 1
        n_classes = len(self.covariance) // width
        blocks = self.covariance.reshape(n_classes, width, n_classes, width)
        inputs = np.hstack([x.astype(np.float64), np.ones((len(x), 1))])
        columns = [np.einsum("nd,nd->n", inputs @ blocks[c, :, c], inputs) for c in range(n_classes)]
        return np.stack(columns, axis=1).astype(np.float32)

    def marginal(self, x: Float, noise: Float) -> Float:
        """One function over all items: dearer than needed, but right item by item too."""
        width = x.shape[1] + 1
        shape = (len(noise), len(self.covariance) // width, width)
        weight, bias = self.sample(np.random.default_rng(0).standard_normal(shape))
        out: Float = np.einsum("nd,scd->csn", x, weight.astype(np.float32), optimize=True)
        out += bias.T[:, :, None].astype(np.float32)
        return out

    def sample(self, noise: Array) -> tuple[Array, Array]:
        root = np.linalg.cholesky(self.covariance)
        moved = (noise.reshape(len(noise), -1) @ root.T).reshape(noise.shape)
        return moved[..., :-1], moved[..., -1]


STRUCTURES: dict[str, type[Kron] | type[Full] | type[Diag]] = {"kron": Kron, "full": Full, "diag": Diag}
