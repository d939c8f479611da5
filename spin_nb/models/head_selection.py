"""What the heads say of labels held out: the evidence by which they are weighed.

Choosing one head by its accuracy on asked labels is no help: over 152 fits the mean of the heads was better than the
choice, which flips from one training to the next.  So the mean is shown, each head to the power that the labels held
out warrant (:mod:`spin_nb.bayes.mixture`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._held_out_linear import held_out_logits
from spin_nb.bayes._regression import held_out
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.errors import Cancelled
from spin_nb.models.fitted_model import ModelPredictive
from spin_nb.models.linear_head import log_probabilities
from spin_nb.types import Float, Ints

HEADS = ("graph", "linear", "mean")
EQUAL_POWERS = {"graph": 0.5, "linear": 0.5}  # of the mean, before any evidence
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
        Of a model of the person's choice, or of trees that count in the mean, fitted to all labels, over the pool;
        ``head`` is its name where it is shown.
    likelihood : dict
        Head -> mean log-probability of the labels held out, nats; empty below five labels.
    comparison : dict
        What was asked for, and every head, -> accuracy on the labels that was held out of it, each of them fitted to
        the others; empty where nothing was asked for or nothing could be held out.
    n_held_out : int
        Those labels.
    powers : dict
        Head -> the power it has in the mean; half each for graph and linear below five labels.
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
    powers: dict[str, float] = field(default_factory=EQUAL_POWERS.copy)
    training_ids: frozenset[str] = frozenset()


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
        Fitted to all labels: its prior and its temperature are taken.
    noise : float

    Raises
    ------
    Cancelled
    """
    is_judged = parts >= 0

    def step(fraction: float) -> None:
        report_step(progress, is_cancelled, fraction, "cross-validating the linear head")

    precision = linear.bias_precision * linear.temperature
    length = float(np.sqrt(linear.prior_precision / linear.bias_precision))
    moments = held_out_logits(
        features,
        y,
        parts,
        n_classes=n_classes,
        precisions=(precision,),
        length=length,
        step=step,
    )
    logits, contrast = moments[precision]
    logs_of_linear = log_probabilities(logits, linear.temperature * contrast)
    logs_of_graph = held_out_graph(phi, y, n_classes, parts, noise)
    return {"graph": logs_of_graph[is_judged], "linear": logs_of_linear[is_judged]}


def held_out_graph(
    phi: Float,
    y: Ints,
    n_classes: int,
    parts: Ints,
    noise: float,
    weights: NDArray[np.float64] | None = None,
) -> Float:
    """Log-probabilities (m, C) that the graph gives labels held out, as :func:`held_out_heads`."""
    # The graph's sharpness is fitted to what is held out: labels that never are get parts of their own for that.
    n_parts = int(parts.max()) + 1
    graph_parts = np.where(parts >= 0, parts, n_parts + np.arange(len(y)) % (N_FOLDS - 1))
    probs = held_out(phi, y, n_classes, graph_parts, noise, weights)
    return np.log(np.maximum(probs, MIN_PROBABILITY))


def mixed(log_probs: dict[str, Float], powers: dict[str, float]) -> Float:
    """Log-probabilities (m, C) of the mean, of those of its members."""
    from scipy.special import log_softmax

    logits = sum(np.float32(power) * log_probs[head] for head, power in powers.items())
    normal: Float = log_softmax(logits, axis=1)
    return normal


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


def report_step(progress: Progress, is_cancelled: Callable[[], bool], fraction: float, words: str) -> None:
    """Report a step, unless the work was cancelled.

    Raises
    ------
    Cancelled
    """
    if is_cancelled():
        raise Cancelled
    progress(fraction, words)
