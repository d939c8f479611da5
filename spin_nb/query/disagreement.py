"""How far posterior draws, or the members of a committee, disagree on each item: (S, n, C) in, higher = ask first.

The pool is read in blocks of items, so memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spin_nb.query._checks import check_draws
from spin_nb.query.scores import entropies, highest
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints


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
        Another shape or axis order, no draws, rows that are not probabilities.

    Examples
    --------
    >>> bald(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).round(3).tolist()
    [0.6930000185966492]
    """
    return _by_items(_information, draws)


def mean_kl(draws: Float) -> Float:
    """Mean divergence of the members from their consensus, ``mean_s KL(p_s || E p)``, nats (McCallum & Nigam 1998).

    It is :func:`bald` under another name: the two formulas are equal.

    Parameters
    ----------
    draws : float32 (S, n, C)

    Returns
    -------
    float32 (n,)
        0 (all agree) to ``log min(S, C)``.

    Raises
    ------
    QueryError
        Another shape or axis order, rows that are not probabilities.

    Examples
    --------
    >>> mean_kl(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).round(3).tolist()
    [0.6930000185966492]
    """
    return bald(draws)


def consensus_entropy(draws: Float) -> Float:
    """Entropy of the members' mean, ``H[E p]``, nats.

    It is :func:`bald` and the label's own noise together.

    Parameters
    ----------
    draws : float32 (S, n, C)

    Returns
    -------
    float32 (n,)
        0 to ``log C``.

    Raises
    ------
    QueryError
        Another shape or axis order, rows that are not probabilities.

    Examples
    --------
    >>> consensus_entropy(np.array([[[0.5, 0.5]], [[0.5, 0.5]]])).round(3).tolist()
    [0.6930000185966492]
    """
    return _by_items(lambda p: entropies(p.mean(axis=0)), draws)


def vote_entropy(draws: Float) -> Float:
    """Entropy of the members' votes, nats.

    Each votes for its most probable class (Engelson & Dagan 1996).

    Parameters
    ----------
    draws : float32 (S, n, C)

    Returns
    -------
    float32 (n,)
        0 (one class has every vote) to ``log min(S, C)``.

    Raises
    ------
    QueryError
        Another shape or axis order, rows that are not probabilities.

    Examples
    --------
    >>> vote_entropy(np.array([[[0.9, 0.1]], [[0.4, 0.6]]])).round(3).tolist()
    [0.6930000185966492]
    """
    return _by_items(_vote_entropy, draws)


def variation_ratio(draws: Float) -> Float:
    """Share of members that vote otherwise.

    They do not vote for the most voted class (Freeman 1965; Beluch et al. 2018).

    Parameters
    ----------
    draws : float32 (S, n, C)

    Returns
    -------
    float32 (n,)
        0 (unanimous) to ``1 - 1/C``.

    Raises
    ------
    QueryError
        Another shape or axis order, rows that are not probabilities.

    Examples
    --------
    >>> variation_ratio(np.array([[[0.9, 0.1]], [[0.4, 0.6]]])).tolist()
    [0.5]
    """
    return _by_items(_lost_votes, draws)


def zero_one(draws: Float) -> Float:
    """Epistemic part of the error rate, ``E max_c p_c - max_c E p_c``, a probability.

    It is what knowing the right model would take off the chance of a wrong answer: :func:`bald` for the
    zero-one loss instead of the logarithmic one.  It is consistently the better of the two for active
    learning in Hofman, Sale & Huellermeier 2025 (arXiv 2512.12341).

    Parameters
    ----------
    draws : float32 (S, n, C)

    Returns
    -------
    float32 (n,)
        0 (all draws name the same class) to ``1 - 1/min(S, C)``.

    Raises
    ------
    QueryError
        Another shape or axis order, rows that are not probabilities.

    Examples
    --------
    >>> zero_one(np.array([[[1.0, 0.0]], [[0.0, 1.0]]])).tolist()
    [0.5]
    """
    return _by_items(_settled_error, draws)


def _information(p: Float) -> Float:
    return np.maximum(entropies(p.mean(axis=0)) - entropies(p).mean(axis=0), 0)


def _settled_error(p: Float) -> Float:
    return np.maximum(highest(p).mean(axis=0) - highest(p.mean(axis=0)), 0)


def _lost_votes(p: Float) -> Float:
    return 1 - _votes(p).max(axis=1) / np.float32(len(p))


def _votes(p: Float) -> Ints:
    """Number of votes (n, C)."""
    _, n, C = p.shape
    cell = p.argmax(axis=2) + C * np.arange(n)
    return np.bincount(cell.ravel(), minlength=n * C).reshape(n, C)


def _vote_entropy(p: Float) -> Float:
    """Entropy of the votes, in float64.

    Votes that tie but for the names of the classes must tie to the last bit.
    """
    share = np.arange(len(p) + 1) / len(p)
    terms = -share * np.log(np.maximum(share, 1e-300))
    return terms[_votes(p)].sum(axis=1).astype(np.float32) + np.float32(0)


def _by_items(score: Callable[[Float], Float], draws: Float) -> Float:
    draws = check_draws(draws)
    S, n, C = draws.shape
    out = np.empty(n, np.float32)
    for items in blocks(n, S * C):
        out[items] = score(draws[:, items])
    return out
