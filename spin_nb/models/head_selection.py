"""Fit the linear head and choose the head to show by cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._regression import held_out
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.errors import Cancelled
from spin_nb.models.fitted_model import ModelPredictive
from spin_nb.types import Float, Ints

HEADS = ("graph", "linear", "mean")
MAX_LABELS_FOR_LEAVE_ONE_OUT = 40  # up to here every label is a fold of its own; above, five folds
N_FOLDS = 5
MIN_LABELS_FOR_CV = 5  # below, cross-validation says nothing: the graph head is shown
MIN_PROBABILITY = 1e-12  # whose logarithm is still taken


Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Fit:
    """Result of one training run.

    Attributes
    ----------
    head : str
        The head to show: "graph", "linear", "mean", or the name of a model of the person's choice: of
        ``predictive``, or of one before it.
    linear : LastLayerLaplace
        Fitted to all labels.
    validation : dict
        Head -> cross-validated accuracy on the labels; empty below five labels.
    n_labels : int
    predictive : ModelPredictive or None
        Of a model of the person's choice, fitted to all labels, over the pool; ``head`` is its name where it is
        shown.
    likelihood : dict
        Head -> mean log-probability of the labels held out, nats; empty below five labels.
    comparison : dict
        What was asked for, and every head, -> accuracy on the labels that was held out of it, each of them fitted to
        the others; empty where nothing was asked for or nothing could be held out.
    n_held_out : int
        Those labels.
    training_ids : frozenset of str
        Ids of the items whose labels it learnt from: none of them may judge it.
    """

    head: str
    linear: LastLayerLaplace
    validation: dict[str, float] = field(default_factory=dict)
    n_labels: int = 0
    predictive: ModelPredictive | None = None
    likelihood: dict[str, float] = field(default_factory=dict)
    comparison: dict[str, float] = field(default_factory=dict)
    n_held_out: int = 0
    training_ids: frozenset[str] = frozenset()


def select_head(
    features: Float,
    phi: Float,
    y: Ints,
    n_classes: int,
    *,
    noise: float,
    seed: int,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    weights: NDArray[np.float64] | None = None,
) -> Fit:
    """Fit the heads to labelled rows and choose one.

    ``features`` and ``phi`` are those of the encoder and of the graph.  ``weights`` (m,): how many labels each row
    counts as, one without; in judging the heads, too.

    Raises
    ------
    Cancelled
    """
    _step(progress, is_cancelled, 0.0, f"fitting the linear head to {len(y)} labels")
    linear = LastLayerLaplace().fit(features, y, n_classes=n_classes, weights=weights)
    if len(y) < MIN_LABELS_FOR_CV:
        _step(progress, is_cancelled, 1.0, "too few labels to compare heads")
        return Fit("graph", linear, {}, len(y))
    parts = split(len(y), seed)
    logs = held_out_heads(
        features,
        phi,
        y,
        n_classes,
        parts,
        linear,
        noise=noise,
        progress=within(progress, 0.3, 1),
        is_cancelled=is_cancelled,
        weights=weights,
    )
    count = np.ones(len(y)) if weights is None else weights
    n_correct = {head: float(count @ (logs[head].argmax(axis=1) == y)) for head in HEADS}
    validation = {head: number / float(count.sum()) for head, number in n_correct.items()}
    _step(progress, is_cancelled, 1.0, "heads compared")
    likelihood = {
        head: float(np.average(logs[head][np.arange(len(y)), y], weights=weights)) for head in HEADS
    }
    return Fit(best_head(n_correct), linear, validation, len(y), likelihood=likelihood)


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
    is_cancelled: Callable[[], bool],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, Float]:
    """Log-probabilities (m, C) of labels held out, by head.

    Each is predicted from the labels of the other parts.

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
    is_judged = parts >= 0
    n_parts = int(parts.max()) + 1
    # The graph's sharpness is fitted to what is held out: labels that never are get parts of their own for that.
    graph_parts = np.where(is_judged, parts, n_parts + np.arange(len(y)) % (N_FOLDS - 1))
    graph = held_out(phi, y, n_classes, graph_parts, noise, weights)[is_judged]
    probs: Float = np.empty((len(y), n_classes), np.float32)
    for part in range(n_parts):
        _step(progress, is_cancelled, part / n_parts, f"cross-validating: part {part + 1} of {n_parts}")
        out = parts == part
        refit = LastLayerLaplace("diag")
        weights_of_part = None if weights is None else weights[~out]
        refit.fit(
            features[~out],
            y[~out],
            n_classes=n_classes,
            weights=weights_of_part,
            precision=linear.bias_precision,
            start=linear,
        )
        probs[out] = refit.predict(features[out]).mean
    probs_of: dict[str, Float] = {"graph": graph, "linear": probs[is_judged]}
    logs: dict[str, Float] = {head: np.log(np.maximum(p, MIN_PROBABILITY)) for head, p in probs_of.items()}
    return logs | {"mean": _normalise((logs["graph"] + logs["linear"]) / 2)}


def _normalise(logs: NDArray[Any]) -> Float:
    """Log-probabilities of rows that sum to 1."""
    from scipy.special import log_softmax

    normal: Float = log_softmax(logs, axis=1)
    return normal


def best_head(n_correct: dict[str, float]) -> str:
    """The head with most held-out labels right.

    Within one label of it the graph wins, then the mean.

    Examples
    --------
    >>> best_head({"graph": 7, "linear": 8, "mean": 7}), best_head({"graph": 6, "linear": 8, "mean": 7})
    ('graph', 'mean')
    """
    enough = max(n_correct.values()) - 1  # one label more or less is chance
    return next(head for head in ("graph", "mean", "linear") if n_correct[head] >= enough)


def split(n: int, seed: int) -> NDArray[np.int64]:
    """Assign a fold to each of ``n`` labels."""
    if n <= MAX_LABELS_FOR_LEAVE_ONE_OUT:
        return np.arange(n)
    return np.random.default_rng(seed).permutation(np.arange(n) % N_FOLDS)


def within(progress: Progress, low: float, high: float) -> Progress:
    """Report progress as a part of a longer one.

    Examples
    --------
    >>> within(lambda part, words: print(part, words), 0.5, 1)(0.5, "halfway")
    0.75 halfway
    """
    return lambda part, words: progress(low + (high - low) * part, words)


def _step(progress: Progress, is_cancelled: Callable[[], bool], fraction: float, words: str) -> None:
    if is_cancelled():
        raise Cancelled
    progress(fraction, words)
