"""Information density: uncertain, and like the others."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_probs
from spin_nb.query.scores import entropies
from spin_nb.threads import blocks
from spin_nb.types import Float


def density(probs: Float, features: Float, *, beta: float = 1.0) -> Float:
    """Score by information density.

    It is entropy times mean similarity to the pool (Settles & Craven 2008).

    Keeps outliers, uncertain as they are, from being asked first.  Similarity is the cosine, so its mean over the pool
    is one product with the mean direction: exact, and linear in ``n`` instead of quadratic.  An item that points away
    from the pool as a whole (mean cosine below 0) scores 0.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
        Rows of zeros are similar to nothing.
    beta : float
        Weight of the density, 0 (entropy alone) or more.

    Returns
    -------
    float32 (n,)
        Nats, times a similarity in [0, 1].

    Raises
    ------
    QueryError
        Rows that are not probabilities, features of other items, NaN, a negative ``beta``.

    Examples
    --------
    >>> density(np.full((3, 2), 0.5), np.array([[1.0, 0], [1, 0], [0, 1]])).round(3).tolist()
    [0.4620000123977661, 0.4620000123977661, 0.23100000619888306]
    """
    probs = check_probs(probs)
    features = check_features(features, n=len(probs))
    if not (np.isfinite(beta) and beta >= 0):
        raise QueryError(f"beta must be 0 or more, not {beta}.", "Use 1: entropy times density.")
    lengths = np.maximum(_lengths(features), np.float32(1e-12))
    direction = ((1 / lengths) @ features) / np.float32(len(features))
    similarity = np.clip(features @ direction / lengths, 0, 1)
    out = np.empty(len(probs), np.float32)
    for rows in blocks(*probs.shape):
        out[rows] = entropies(probs[rows])
    out *= similarity ** np.float32(beta)
    return out


def _lengths(features: Float) -> Float:
    return np.sqrt(np.einsum("nd,nd->n", features, features))
