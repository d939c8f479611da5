"""Fit the linear head and choose the head to show, by cross-validation on the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._regression import held_out
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.models.fitted_model import OwnPredictive
from spin_nb.types import Float, Ints

HEADS = ("graph", "linear", "mean")
LEAVE_ONE_OUT = 40  # up to here every label is a fold of its own; above, five folds
FOLDS = 5
FEWEST = 5  # below, cross-validation says nothing: the graph head is shown


Progress = Callable[[float, str], None]


class Cancelled(Exception):
    """The person cancelled the run."""


@dataclass(frozen=True)
class Fit:
    """What one training run made.

    Attributes
    ----------
    head : str
        The head to show: "graph", "linear", "mean", or the name of an own model: of ``own``, or of one before it.
    linear : LastLayerLaplace
        Fitted to all labels.
    validation : dict
        Head -> cross-validated accuracy on the labels; empty below five labels.
    n_labels : int
    own : OwnPredictive or None
        What a model of the person's choice, fitted to all labels, says of the pool; ``head`` is its name where it is
        shown.
    likelihood : dict
        Head -> mean log-probability of the labels held out, nats; empty below five labels.
    compared : dict
        What was asked for, and every head, -> accuracy on the labels that was held out of it, each of them fitted to
        the others; empty where nothing was asked for or nothing could be held out.
    n_compared : int
        Those labels.
    learnt : frozenset of str
        Ids of the items whose labels it learnt from: none of them may judge it.
    """

    head: str
    linear: LastLayerLaplace
    validation: dict[str, float] = field(default_factory=dict)
    n_labels: int = 0
    own: OwnPredictive | None = None
    likelihood: dict[str, float] = field(default_factory=dict)
    compared: dict[str, float] = field(default_factory=dict)
    n_compared: int = 0
    learnt: frozenset[str] = frozenset()


def choose(
    features: Float,
    phi: Float,
    y: Ints,
    n_classes: int,
    *,
    noise: float,
    seed: int,
    progress: Progress,
    cancelled: Callable[[], bool],
    weights: NDArray[np.float64] | None = None,
) -> Fit:
    """Fit and choose from the labelled rows of both feature matrices.

    ``weights`` (m,): how many labels each row counts as, one without; in judging the heads, too.

    Raises
    ------
    Cancelled
    """
    _step(progress, cancelled, 0.0, f"fitting the linear head to {len(y)} labels")
    linear = LastLayerLaplace().fit(features, y, n_classes=n_classes, weights=weights)
    if len(y) < FEWEST:
        _step(progress, cancelled, 1.0, "too few labels to compare heads")
        return Fit("graph", linear, {}, len(y))
    parts, told = split(len(y), seed), within(progress, 0.3, 1)
    logs = held_out_heads(
        features,
        phi,
        y,
        n_classes,
        parts,
        linear,
        noise=noise,
        progress=told,
        cancelled=cancelled,
        weights=weights,
    )
    count = np.ones(len(y)) if weights is None else weights
    correct = {head: float(count @ (logs[head].argmax(axis=1) == y)) for head in HEADS}
    validation = {head: number / float(count.sum()) for head, number in correct.items()}
    _step(progress, cancelled, 1.0, "heads compared")
    likely = {head: float(np.average(logs[head][np.arange(len(y)), y], weights=weights)) for head in HEADS}
    return Fit(best_head(correct), linear, validation, len(y), likelihood=likely)


def held_out_heads(
    features: Float,
    phi: Float,
    y: Ints,
    n_classes: int,
    parts: Ints,
    linear: LastLayerLaplace,
    *,
    noise: float,
    progress: Progress,
    cancelled: Callable[[], bool],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, Float]:
    """Log-probabilities (m, C) under every head of the labels held out, each from the labels of the other parts.

    Parameters
    ----------
    features, phi : float32 (n, d), (n, D)
        Of the labelled rows.
    y : int (n,)
    n_classes : int
    parts : int (n,)
        The part each label is held out with, -1 for never: those are no rows of what is returned.
    linear : LastLayerLaplace
        Fitted to all labels: its prior is taken.
    noise : float
    weights : float64 (n,), optional
        How many labels each row counts as, one without.

    Raises
    ------
    Cancelled
    """
    judged = parts >= 0
    n_parts = int(parts.max()) + 1
    # The graph's sharpness is fitted to what is held out: labels that never are get parts of their own for that.
    every = np.where(judged, parts, n_parts + np.arange(len(y)) % (FOLDS - 1))
    graph = held_out(phi, y, n_classes, every, noise, weights)[judged]
    probs: Float = np.empty((len(y), n_classes), np.float32)
    for part in range(n_parts):
        _step(progress, cancelled, part / n_parts, f"cross-validating: part {part + 1} of {n_parts}")
        out = parts == part
        refit = LastLayerLaplace("diag")
        some = None if weights is None else weights[~out]
        refit.fit(
            features[~out],
            y[~out],
            n_classes=n_classes,
            weights=some,
            precision=linear.bias_precision,
            start=linear,
        )
        probs[out] = refit.predict(features[out]).mean
    held: dict[str, Float] = {"graph": graph, "linear": probs[judged]}
    logs: dict[str, Float] = {head: np.log(np.maximum(p, 1e-12)) for head, p in held.items()}
    return logs | {"mean": normalised((logs["graph"] + logs["linear"]) / 2)}


def normalised(logs: NDArray[Any]) -> Float:
    """Log-probabilities of rows that sum to 1."""
    from scipy.special import log_softmax

    found: Float = log_softmax(logs, axis=1)
    return found


def best_head(correct: dict[str, float]) -> str:
    """The head with most held-out labels right; within one label of it the graph wins, then the mean.

    Examples
    --------
    >>> best_head({"graph": 7, "linear": 8, "mean": 7}), best_head({"graph": 6, "linear": 8, "mean": 7})
    ('graph', 'mean')
    """
    enough = max(correct.values()) - 1  # one label more or less is chance
    return next(head for head in ("graph", "mean", "linear") if correct[head] >= enough)


def split(n: int, seed: int) -> NDArray[np.int64]:
    """Fold of each of ``n`` labels: leave-one-out while they are few, then five folds."""
    if n <= LEAVE_ONE_OUT:
        return np.arange(n)
    return np.random.default_rng(seed).permutation(np.arange(n) % FOLDS)


def within(progress: Progress, low: float, high: float) -> Progress:
    """The same progress, told as a part of a longer one.

    Examples
    --------
    >>> within(lambda part, words: print(part, words), 0.5, 1)(0.5, "halfway")
    0.75 halfway
    """
    return lambda part, words: progress(low + (high - low) * part, words)


def _step(progress: Progress, cancelled: Callable[[], bool], fraction: float, words: str) -> None:
    if cancelled():
        raise Cancelled
    progress(fraction, words)
