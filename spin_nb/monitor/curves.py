"""What the curves show: accuracy, calibration and labelling speed, point by point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.types import Estimate

RECENT = 30
"""Labels that count as the present pace."""
BREAK = 60.0
"""Seconds without a label that are a pause, not slow labelling."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of the learning curves.

    Attributes
    ----------
    time : float
        Seconds since the epoch (UTC).
    n_labels : int
        Labels so far, audit labels included.
    n_audits : int
        Audit labels among them.
    accuracy : Estimate
        Audited accuracy of the head shown at that moment.
    nll : float or None
        Mean negative log-likelihood of the audit labels, nats; None without audits.
    ece : float or None
        Expected calibration error on the audit labels, 0..1; None without audits.
    labels_per_minute : float
        Pace at that moment.
    """

    time: float
    n_labels: int
    n_audits: int
    accuracy: Estimate
    nll: float | None
    ece: float | None
    labels_per_minute: float


def labels_per_minute(times: ArrayLike) -> float:
    """Present labelling pace.

    The last 30 labels count; gaps of more than a minute are pauses and are left out.

    Parameters
    ----------
    times : float (n,)
        When each label was given, seconds, in any order.

    Returns
    -------
    float
        Labels per minute; 0.0 while no two labels lie apart in time.

    Examples
    --------
    >>> labels_per_minute([0.0, 2.0, 4.0, 3600.0, 3602.0])
    30.0
    """
    gaps = np.diff(np.sort(np.asarray(times, dtype=np.float64).ravel())[-RECENT:])
    worked = gaps[gaps <= BREAK]
    seconds = worked.sum()
    return float(60.0 * len(worked) / seconds) if seconds > 0 else 0.0


def nll(probs: ArrayLike, y: ArrayLike) -> float:
    """Mean negative log-likelihood.

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities, rows sum to 1.
    y : int (n,)
        True class indices.

    Returns
    -------
    float
        Nats, >= 0; a true class with probability 0 counts as the smallest positive float32.

    Raises
    ------
    ModelError
        If the shapes do not match, rows do not sum to 1, ``n`` is 0 or an index is no class.

    Examples
    --------
    >>> round(nll([[0.5, 0.5]], [1]), 4)
    0.6931
    """
    p, y = _probabilities(probs, y)
    true = np.maximum(p[np.arange(len(y)), y], np.finfo(np.float32).tiny)
    return max(0.0, float(-np.log(true).mean()))


def ece(probs: ArrayLike, y: ArrayLike, *, bins: int = 15) -> float:
    """Expected calibration error of the predicted class.

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities, rows sum to 1.
    y : int (n,)
        True class indices.
    bins : int
        Equal-width confidence bins, each closed on the right.

    Returns
    -------
    float
        Sum over bins of n_b/n |accuracy_b - confidence_b|, 0..1 (Naeini et al. 2015; Guo et al. 2017, eq. 5).
        Biased upwards for small ``n``.

    Raises
    ------
    ModelError
        As :func:`nll`.

    Examples
    --------
    >>> round(ece([[0.8, 0.2], [0.8, 0.2]], [0, 1]), 3)
    0.3
    """
    p, y = _probabilities(probs, y)
    confidence = p.max(axis=1)
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = (p.argmax(axis=1) == y) - confidence
    return float(np.abs(np.bincount(bin_of, weights=gap, minlength=bins)).sum() / len(y))


def _probabilities(probs: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    p, classes = np.asarray(probs, dtype=np.float64), np.asarray(y)
    if p.ndim != 2 or classes.shape != p.shape[:1] or not len(p):
        raise ModelError(
            f"probabilities of shape {p.shape} do not match {classes.shape} true classes.",
            "Pass probabilities (n, C) and class indices (n,), n >= 1.",
        )
    off = float(np.abs(p.sum(axis=1) - 1).max())
    if not off < 1e-3 or p.min() < 0:
        raise ModelError(
            f"a row of probabilities is off 1 by {off:.3g}.", "Pass probabilities, not logits: softmax first."
        )
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0 or classes.max() >= p.shape[1]:
        raise ModelError(
            f"class indices {classes.min()}..{classes.max()} do not fit {p.shape[1]} classes.",
            "Pass whole numbers from 0 to C - 1, audited items only.",
        )
    return p, classes.astype(np.int64)
