"""Carry what the graph knows over to a linear head, which runs anywhere."""

from __future__ import annotations

import numpy as np

from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.types import Float


def distil(features: Float, probs: Float, *, n_labels: int | None = None) -> tuple[LastLayerLaplace, float]:
    """Fit a linear head to soft labels over a pool (Hinton, Vinyals & Dean 2015).

    Parameters
    ----------
    features : float32 (n, d)
    probs : float32 (n, C)
        Class probabilities of the head shown.
    n_labels : int, optional
        Labels those rest on: the new head is as sure as they warrant, not as ``n`` labels would.

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
    same = head.logits(np.asarray(features, np.float32)).argmax(axis=1) == np.asarray(probs).argmax(axis=1)
    return (head.with_observations(n_labels) if n_labels else head), float(np.mean(same))


PRIOR_PRECISION = 0.1
"""With a whole pool of soft labels the prior hardly matters; searching for it would take minutes."""
