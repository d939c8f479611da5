"""How much is there to learn from each item: plain functions, arrays in, one number an item out, higher = ask first."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.types import Float


def entropy(probs: Float) -> Float:
    """Predictive entropy ``-sum p log p``, nats (Shannon 1948; Settles 2009, eq. 2).

    Parameters
    ----------
    probs : float32 (n, C)

    Returns
    -------
    float32 (n,)
        0 (sure) to ``log C``.

    Raises
    ------
    QueryError
        Rows that are not probabilities.

    Examples
    --------
    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
    [0.6930999755859375, 0.0]
    """
    return _entropy(check_probs(probs))


def margin(probs: Float) -> Float:
    """One minus the gap between the two most probable classes, a probability (Scheffer et al. 2001).

    Parameters
    ----------
    probs : float32 (n, C)

    Returns
    -------
    float32 (n,)
        0 (sure) to 1 (a tie).

    Raises
    ------
    QueryError
        Rows that are not probabilities.

    Examples
    --------
    >>> margin(np.array([[0.5, 0.25, 0.25]])).tolist()
    [0.75]
    """
    two = np.partition(check_probs(probs), -2, axis=1)[:, -2:]
    return 1 - (two[:, 1] - two[:, 0])


def least_confident(probs: Float) -> Float:
    """One minus the highest probability (Lewis & Gale 1994).

    Parameters
    ----------
    probs : float32 (n, C)

    Returns
    -------
    float32 (n,)
        0 (sure) to ``1 - 1/C``.

    Raises
    ------
    QueryError
        Rows that are not probabilities.

    Examples
    --------
    >>> least_confident(np.array([[0.75, 0.25]])).tolist()
    [0.25]
    """
    return 1 - check_probs(probs).max(axis=1)


def bald(draws: Float) -> Float:
    """Mutual information between label and model, ``H[E p] - E H[p]``, nats (Houlsby et al. 2011, eq. 2).

    Parameters
    ----------
    draws : float32 (S, n, C)
        Class probabilities under ``S`` posterior samples.

    Returns
    -------
    float32 (n,)
        0 (all draws agree) to the entropy of their mean.

    Raises
    ------
    QueryError
        Another shape, no draws, rows that are not probabilities.

    Examples
    --------
    >>> bald(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).round(3).tolist()
    [0.6930000185966492]
    """
    draws = np.asarray(draws, np.float32)
    if draws.ndim != 3 or not len(draws):
        raise QueryError(
            f"BALD needs draws of shape (S, n, C), not {draws.shape}.",
            "Pass predictive.draws(rows, S, seed).",
        )
    check_probs(draws.reshape(-1, draws.shape[-1]))
    return np.maximum(_entropy(draws.mean(axis=0)) - _entropy(draws).mean(axis=0), 0)


def check_probs(probs: Float) -> Float:
    """Return ``probs`` as float32 (n, C) whose rows sum to 1.

    Raises
    ------
    QueryError
        Another shape, NaN, negative numbers (logits?), rows that do not sum to 1.
    """
    probs = np.asarray(probs, np.float32)
    if probs.ndim != 2 or probs.shape[1] < 2 or not len(probs):
        raise QueryError(f"probabilities must be (n, C), not {probs.shape}.", "Pass predictive.mean.")
    sums = probs.sum(axis=1)
    if not np.isfinite(sums).all() or probs.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise QueryError(
            "these are no probabilities: rows must be non-negative and sum to 1.",
            "Pass predictive.mean; turn logits into probabilities with a softmax first.",
        )
    return probs


def _entropy(p: Float) -> Float:
    return np.maximum(-np.sum(p * np.log(np.maximum(p, np.float32(1e-30))), axis=-1), 0)
