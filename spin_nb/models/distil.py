"""Carry what the graph knows over to a linear head, which runs anywhere."""

from __future__ import annotations

import numpy as np

from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.types import Float

PRIOR_PRECISION = 0.1
"""With a whole pool of soft labels the prior hardly matters; searching for it would take minutes."""
MAX_ITEMS_FOR_SHARPNESS = 4096
MAX_LOG_POWER = 3.0


def distil(features: Float, probs: Float, *, n_labels: int | None = None) -> tuple[LastLayerLaplace, float]:
    """Fit a linear head to soft labels over a pool (Hinton, Vinyals & Dean 2015), as sure of them as they are.

    The doubt that goes with ``n_labels`` flattens its probabilities: its logits are multiplied by the one number that
    brings them nearest to ``probs`` in cross-entropy.

    Parameters
    ----------
    features : float32 (n, d)
    probs : float32 (n, C)
        Class probabilities of the head shown.
    n_labels : int, optional
        Labels those rest on: the new head has the epistemic doubt that they leave, not that of ``n`` labels.

    Returns
    -------
    head : LastLayerLaplace
    agreement : float
        Share of the pool on which both choose the same class.

    Raises
    ------
    ModelError
        Shapes that do not fit, values that are not finite, rows that are no probabilities.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 9, dtype=np.float32)[:, None]
    >>> p = np.hstack([1 - (x > 0), x > 0]).astype(np.float32)
    >>> distil(x, p, n_labels=4)[1]
    1.0
    """
    head = LastLayerLaplace().fit(
        features, probs, n_classes=np.asarray(probs).shape[-1], precision=PRIOR_PRECISION
    )
    features, probs = np.asarray(features, np.float32), np.asarray(probs, np.float32)
    same = head.logits(features).argmax(axis=1) == probs.argmax(axis=1)
    if n_labels:
        head = head.with_observations(n_labels)
    some = np.linspace(0, len(features) - 1, min(len(features), MAX_ITEMS_FOR_SHARPNESS)).astype(np.int64)
    return head.sharpen(_sharpness(head, features[some], probs[some])), float(np.mean(same))


def _sharpness(head: LastLayerLaplace, features: Float, probs: Float) -> float:
    """Find the number of times the logits at which the head's probabilities are nearest to ``probs``."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    gaussian = head.predict(features).gaussian
    assert gaussian is not None
    logits = gaussian[0] / np.sqrt(1 + np.pi / 8 * gaussian[1])

    def cross_entropy(log_power: float) -> float:
        return -float((probs * log_softmax(np.exp(log_power) * logits, axis=1)).sum())

    bounds = (-MAX_LOG_POWER, MAX_LOG_POWER)
    return float(np.exp(minimize_scalar(cross_entropy, bounds=bounds, method="bounded").x))
