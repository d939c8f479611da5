"""A posterior's predictions: class probabilities, and how much of the doubt more labels would remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_draws
from spin_nb.errors import ModelError
from spin_nb.types import Float, Ints

Real = NDArray[np.floating[Any]]
MARGINAL_DRAWS = 32
LOGITS_PER_CHUNK = 2**18  # logits decomposed at once: what a core keeps in its cache


def entropy(p: Float) -> Float:
    """Shannon entropy of each row, in nats.

    Parameters
    ----------
    p : float (..., C)
        Probabilities.

    Returns
    -------
    float32 (...)
        Between 0 and ``log C``.

    Raises
    ------
    ModelError
        Values that are no probabilities: logits.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
    [0.6930999755859375, 0.0]
    """
    p = np.asarray(p, np.float32)
    if p.size and not (p.min() >= -1e-3 and p.max() <= 1 + 1e-3):
        raise ModelError(
            f"these are no probabilities: they go from {p.min():.3g} to {p.max():.3g}.",
            "Pass a softmax of them if they are logits; leave out NaN.",
        )
    return np.maximum(-np.sum(p * np.log(np.maximum(p, np.float32(1e-30))), axis=-1), 0)


def decompose(draws: Float) -> tuple[Float, Float, Float]:
    """Split predictive entropy into what the item keeps and what labels would remove.

    ``total = H[E p]``, ``aleatoric = E H[p]``, ``epistemic = total - aleatoric`` (BALD; Houlsby et al. 2011).

    Parameters
    ----------
    draws : float32 (S, n, C)
        Class probabilities under ``S`` posterior samples.

    Returns
    -------
    total, aleatoric, epistemic : float32 (n,)
        In nats, each >= 0; ``total = aleatoric + epistemic``.

    Raises
    ------
    ModelError
        ``draws`` is not three-dimensional or holds no draw.

    Examples
    --------
    >>> two_minds = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    >>> [round(float(part[0]), 3) for part in decompose(two_minds)]
    [0.693, 0.0, 0.693]
    """
    draws = np.asarray(draws, np.float32)
    if draws.ndim != 3 or not len(draws):
        raise ModelError(f"draws must be (S, n, C) with S >= 1, not {draws.shape}.", "Draw at least once.")
    aleatoric = entropy(draws).mean(axis=0)
    # Rounding can leave the mean's entropy a hair below the mean entropy; Jensen says it is not.
    total = np.maximum(entropy(draws.mean(axis=0)), aleatoric)
    return total, aleatoric, total - aleatoric


def softmax(logits: Real) -> Float:
    """Rows of probabilities from logits, along the last axis; float32."""
    # Classes first while summing: reductions over a short last axis are several times slower.
    z = np.array(np.moveaxis(logits, -1, 0), dtype=np.float32, order="C")
    z -= z.max(axis=0)
    np.exp(z, out=z)
    z /= z.sum(axis=0)
    return np.ascontiguousarray(np.moveaxis(z, 0, -1))


def probit_softmax(logits: Real, variance: Real) -> Float:
    """``softmax(f / sqrt(1 + pi/8 v))``: the mean of a softmax under Gaussian logits, approximately.

    Parameters
    ----------
    logits : float (n, C)
    variance : float (n, 1) or (n, C)
        One number an item, its contrast variance: MacKay's (1992, eq. 10) answer for two classes, for more of them one
        temperature an item.  Or one number a logit.

    Returns
    -------
    float32 (n, C)
    """
    return softmax(logits / np.sqrt(1 + np.pi / 8 * variance))


def shared_noise(shape: tuple[int, ...], seed: int = 0) -> Float:
    """Standard normal noise (S, ...), spread over its quantiles.

    It comes in antithetic pairs along the first axis.  In every column each of ``S`` equally likely intervals is met
    once (Latin hypercube sampling; McKay, Beckman & Conover 1979), and few enough columns are all but uncorrelated
    (Iman & Conover 1982): with few draws an average over them is far closer than with independent ones.

    Examples
    --------
    >>> shared_noise((4, 1)).astype(float).round(2).ravel().tolist()
    [0.38, -1.36, -0.38, 1.36]
    """
    pairs, columns = (shape[0] + 1) // 2, int(np.prod(shape[1:]))
    sizes = np.array([NormalDist().inv_cdf(0.5 + (i + 0.5) / (2 * pairs)) for i in range(pairs)])
    sizes /= np.sqrt(np.mean(sizes**2))
    half = np.random.default_rng(seed).standard_normal((pairs, columns))
    if columns <= pairs:
        left, _, right = np.linalg.svd(half, full_matrices=False)
        half = left @ right
    half = np.sign(half) * sizes[np.argsort(np.argsort(np.abs(half), axis=0), axis=0)]
    return np.concatenate([half, -half])[: shape[0]].astype(np.float32).reshape(shape)


class RowsPredictive:
    """A predictive made of its mean and two ways to draw logits.

    Parameters
    ----------
    mean : float32 (n, C) or None
        None: ``probit_softmax`` of the Gaussian logits, when somebody wants to know; a mixture does not.
    marginal : callable
        ``marginal(start, stop) -> (C, S, stop - start)``: logits that are right item by item (cheap; the same
        noise for every item), classes first.  Epistemic and aleatoric come from these.
    joint : callable
        ``joint(rows, S, seed) -> (S, len(rows), C)``: each draw one function over all items.
    """

    gaussian: tuple[Float, Float] | None = None
    """Gaussian logits (n, C) and their variance, where there are any."""

    def __init__(
        self,
        mean: Float | None,
        marginal: Callable[[int, int], Float],
        joint: Callable[[Ints, int, int], Float],
    ) -> None:
        self._mean, self.marginal_logits, self.joint_logits = mean, marginal, joint

    @classmethod
    def of_gaussian(
        cls,
        logits: Float,
        variance: Float,
        marginal: Callable[[int, int], Float],
        joint: Callable[[Ints, int, int], Float],
    ) -> RowsPredictive:
        """Make one from Gaussian logits (n, C) and the variance ``probit_softmax`` takes."""
        predictive = cls(None, marginal, joint)
        predictive.gaussian = (logits, variance)
        return predictive

    def __len__(self) -> int:
        return self._shape[0]

    @property
    def _shape(self) -> tuple[int, int]:
        n, n_classes = (self.mean if self.gaussian is None else self.gaussian[0]).shape
        return n, n_classes

    @property
    def mean(self) -> Float:
        """Class probabilities (n, C), rows sum to 1."""
        if self._mean is None:
            assert self.gaussian is not None
            self._mean = probit_softmax(*self.gaussian)
        return self._mean

    @property
    def epistemic(self) -> Float:
        """Doubt that labels would remove (n,), nats."""
        return self._parts[1]

    @property
    def aleatoric(self) -> Float:
        """Doubt that stays (n,), nats."""
        return self._parts[0]

    @property
    def total(self) -> Float:
        """Doubt altogether (n,), nats: epistemic plus aleatoric, the entropy of the draws' mean."""
        return self.epistemic + self.aleatoric

    @property
    def zero_one(self) -> Float:
        """Epistemic doubt as a probability (n,): ``E max p - max E p``.

        It is what knowing the right function would take off the chance of a wrong answer, between 0 and 1.
        """
        return self._zero_one

    @cached_property
    def _parts(self) -> tuple[Float, Float]:
        aleatoric, epistemic = self._stream(_decompose_logits)
        return aleatoric, epistemic

    @cached_property
    def _zero_one(self) -> Float:
        return self._stream(_zero_one_logits)[0]

    def _stream(self, part: Callable[[Float], Sequence[Float]]) -> list[Float]:
        """``part`` of the marginal logits (C, S, n), some items at a time."""
        n, n_classes = self._shape
        rows = max(1, LOGITS_PER_CHUNK // (MARGINAL_DRAWS * n_classes))
        starts = range(0, max(n, 1), rows)
        parts = [part(self.marginal_logits(start, min(start + rows, n))) for start in starts]
        return [np.concatenate(columns) for columns in zip(*parts, strict=True)]

    def uncertainty_of(self, row: int) -> tuple[float, float]:
        """Epistemic and aleatoric of one item, nats, without computing them for all."""
        aleatoric, epistemic = _decompose_logits(self.marginal_logits(row, row + 1))
        return float(epistemic[0]), float(aleatoric[0])

    def marginal(self, start: int, stop: int) -> Float:
        """Draws (S, stop - start, C) of a run of rows, right item by item.

        Every item has the same noise.
        """
        return softmax(np.moveaxis(self.marginal_logits(start, stop), 0, -1))

    def draws(self, rows: Ints, S: int, seed: int) -> Float:
        """Joint posterior draws (S, len(rows), C).

        The same seed draws the same functions, whichever rows are asked for.
        """
        rows = check_draws(rows, S, len(self))
        return softmax(self.joint_logits(rows, S, seed))


def _decompose_logits(logits: Float) -> tuple[Float, Float]:
    """Aleatoric and epistemic part, as :func:`decompose` has them, of logits (C, S, n).

    Classes lie on the first axis because sums over a short last axis are five times slower; the entropy of a
    draw is ``log Z - E z``, one logarithm instead of ``C``.
    """
    logits = logits - logits.max(axis=0)
    weights = np.exp(logits)
    total = weights.sum(axis=0)
    logits *= weights
    aleatoric: Float = (np.log(total) - logits.sum(axis=0) / total).mean(axis=0)
    weights /= total
    mean = weights.mean(axis=1)
    total_entropy: Float = -np.sum(mean * np.log(np.maximum(mean, np.float32(1e-30))), axis=0)
    return aleatoric, np.maximum(total_entropy - aleatoric, 0)


def _zero_one_logits(logits: Float) -> tuple[Float]:
    """``E max p - max E p`` of logits (C, S, n)."""
    probs = logits - logits.max(axis=0)
    np.exp(probs, out=probs)
    probs /= probs.sum(axis=0)
    return (zero_one(probs.max(axis=0), probs.mean(axis=1).max(axis=0)),)


def zero_one(surest: Float, mean_surest: Float) -> Float:
    """Mean of the draws' largest probabilities (S, n), less their mean's largest (n,)."""
    return np.maximum(surest.mean(axis=0) - mean_surest, 0)
