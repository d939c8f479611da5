"""Fit the linear head and choose the head to show, by cross-validation on the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._regression import held_out
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.models.own import OwnPredictive
from spin_nb.types import Float, Ints

HEADS = ("graph", "linear", "mean")
LEAVE_ONE_OUT = 40  # up to here every label is a fold of its own; above, five folds
FOLDS = 5
FEWEST = 5  # below, cross-validation says nothing: the graph head is shown


class Cancelled(Exception):
    """The person cancelled the run."""


@dataclass(frozen=True)
class Fit:
    """What one training run made.

    Attributes
    ----------
    head : str
        The head to show: "graph", "linear" or "mean".
    linear : LastLayerLaplace
        Fitted to all labels.
    validation : dict
        Head -> cross-validated accuracy on the labels; empty below five labels.
    n_labels : int
    own : OwnPredictive or None
        What a model of the person's choice, fitted to all labels, says of the pool; then ``head`` is its name.
    likelihood : dict
        Head -> mean log-probability of the labels held out, nats; empty below five labels.
    """

    head: str
    linear: LastLayerLaplace
    validation: dict[str, float] = field(default_factory=dict)
    n_labels: int = 0
    own: OwnPredictive | None = None
    likelihood: dict[str, float] = field(default_factory=dict)


def choose(
    features: Float,
    phi: Float,
    y: Ints,
    n_classes: int,
    *,
    noise: float,
    seed: int,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> Fit:
    """Fit and choose from the labelled rows of both feature matrices.

    Raises
    ------
    Cancelled
    """
    _step(progress, cancelled, 0.0, f"fitting the linear head to {len(y)} labels")
    linear = LastLayerLaplace().fit(features, y, n_classes=n_classes)
    if len(y) < FEWEST:
        _step(progress, cancelled, 1.0, "too few labels to compare heads")
        return Fit("graph", linear, {}, len(y))
    folds = split(len(y), seed)
    probs = {
        "graph": held_out(phi, y, n_classes, folds, noise),
        "linear": np.empty((len(y), n_classes), np.float32),
    }
    n_folds = int(folds.max()) + 1
    for fold in range(n_folds):
        _step(
            progress, cancelled, 0.3 + 0.7 * fold / n_folds, f"cross-validating: part {fold + 1} of {n_folds}"
        )
        out = folds == fold
        refit = LastLayerLaplace("diag")
        refit.fit(features[~out], y[~out], n_classes=n_classes, precision=linear.bias_precision, start=linear)
        probs["linear"][out] = refit.predict(features[out]).mean
    logs = {head: np.log(np.maximum(p, 1e-12)) for head, p in probs.items()}
    logs["mean"] = normalised((logs["graph"] + logs["linear"]) / 2)
    correct = {head: int(np.sum(logs[head].argmax(axis=1) == y)) for head in HEADS}
    validation = {head: count / len(y) for head, count in correct.items()}
    _step(progress, cancelled, 1.0, "heads compared")
    likely = {head: float(np.mean(logs[head][np.arange(len(y)), y])) for head in HEADS}
    return Fit(best_head(correct), linear, validation, len(y), likelihood=likely)


def normalised(logs: Float) -> Float:
    """Log-probabilities of rows that sum to 1."""
    from scipy.special import log_softmax

    found: Float = log_softmax(logs, axis=1)
    return found


def best_head(correct: dict[str, int]) -> str:
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


def _step(
    progress: Callable[[float, str], None], cancelled: Callable[[], bool], fraction: float, words: str
) -> None:
    if cancelled():
        raise Cancelled
    progress(fraction, words)
