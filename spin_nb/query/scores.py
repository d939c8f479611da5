"""How unsure the model is of each item: class probabilities in, one number an item out, higher = ask first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spin_nb.query._checks import check_probs
from spin_nb.threads import blocks
from spin_nb.types import Float


def entropy(probs: Float) -> Float:
    """Predictive entropy ``-sum p log p``, nats.

    Shannon 1948; Settles 2009, eq. 2.

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
    return _by_rows(entropies, check_probs(probs))


def margin(probs: Float) -> Float:
    """One minus the gap between the two likeliest classes.

    It is a probability (Scheffer et al. 2001).

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
    return _by_rows(_one_less_gap, check_probs(probs))


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
    return 1 - highest(check_probs(probs))


def entropies(p: Float) -> Float:
    """``-sum p log p`` over the last axis, nats, of arrays already known to be probabilities."""
    logs = np.log(np.maximum(p, np.float32(1e-30)))
    return np.maximum(-np.einsum("...c,...c->...", p, logs), 0)


def highest(p: Float) -> Float:
    """Maximum over the last axis, class by class.

    Numpy's own over a short axis took 4 to 20 times as long.
    """
    if p.shape[-1] > 32:
        return p.max(axis=-1)
    top = p[..., 0].copy()
    for c in range(1, p.shape[-1]):
        np.maximum(top, p[..., c], out=top)
    return top


def _one_less_gap(probs: Float) -> Float:
    two = np.partition(probs, -2, axis=1)[:, -2:]
    return 1 - (two[:, 1] - two[:, 0])


def _by_rows(score: Callable[[Float], Float], probs: Float) -> Float:
    out = np.empty(len(probs), np.float32)
    for rows in blocks(*probs.shape):
        out[rows] = score(probs[rows])
    return out
