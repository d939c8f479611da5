"""What a label would teach about the items that matter: candidates against targets, through joint predictions.

Both scores read the joint probability ``p(y, y*) = mean_s p_s(y|x) p_s(y*|x*)`` of a candidate's and a target's label,
one matrix product a block of candidates; neither (n, t) nor (S, n, C) is ever held twice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spin_nb.query._checks import check_draws
from spin_nb.query.scores import entropies
from spin_nb.threads import blocks
from spin_nb.types import Float


def epig(draws: Float, target_draws: Float) -> Float:
    """Expected predictive information gain (EPIG).

    It is the mean over targets t of I(y; y_t), in nats (Bickford Smith et al. 2023).

    How much an item's label tells about the labels of the targets: BALD also rewards what no prediction depends on,
    EPIG does not.  Exact given the draws, no sampling of labels.  Time grows with ``n t C^2 S``.

    Parameters
    ----------
    draws : float32 (S, n, C)
        Class probabilities of the candidates under ``S`` posterior samples.
    target_draws : float32 (S, t, C)
        The same samples on ``t`` items like those to be predicted, say 100 drawn from the pool.

    Returns
    -------
    float32 (n,)
        0 (tells nothing about any target) to ``log C``.

    Raises
    ------
    QueryError
        Another shape or axis order, other samples or classes in the targets, rows that are not probabilities.

    Examples
    --------
    >>> draws = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    >>> epig(draws, draws[:, :1]).round(3).tolist()
    [0.6930000185966492, 0.0]
    """
    draws, targets = _check_draws(draws, target_draws)
    of_targets = float(entropies(targets.mean(axis=0)).mean(dtype=np.float64))

    def score(joint: Float, own: Float) -> Float:
        together = np.maximum(joint, np.float32(1e-30))
        np.log(together, out=together)
        together *= joint
        of_both = -together.sum(axis=(1, 2, 3)) / joint.shape[3]
        return entropies(own) + np.float32(of_targets) - of_both

    return np.maximum(_against_targets(draws, targets, score), 0)


def expected_error(draws: Float, target_draws: Float) -> Float:
    """Expected fall of the error rate on the targets.

    It is a probability (Roy & McCallum 2001, zero-one loss).

    For every class the item's label may turn out to be, the posterior is updated by weighing its samples with their
    probability of that class, instead of training again:
    ``mean_t [sum_y max_y* p(y, y*_t) - max_y* p(y*_t)]``.  For the logarithmic loss the same quantity is :func:`epig`.
    With few samples chance agreement counts as information: take 50 or more.

    Parameters
    ----------
    draws : float32 (S, n, C)
        Class probabilities of the candidates under ``S`` posterior samples.
    target_draws : float32 (S, t, C)
        The same samples on ``t`` items like those to be predicted, say 100 drawn from the pool.

    Returns
    -------
    float32 (n,)
        0 (no decision would change) to ``1 - 1/C``.

    Raises
    ------
    QueryError
        Another shape or axis order, other samples or classes in the targets, rows that are not probabilities.

    Examples
    --------
    >>> draws = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    >>> expected_error(draws, draws[:, :1]).tolist()
    [0.5, 0.0]
    """
    draws, targets = _check_draws(draws, target_draws)
    right_now = targets.mean(axis=0).max(axis=1).mean(dtype=np.float64)

    def score(joint: Float, own: Float) -> Float:
        right_then = joint.max(axis=2).sum(axis=(1, 2)) / joint.shape[3]
        return right_then - np.float32(right_now)

    return np.maximum(_against_targets(draws, targets, score), 0)


def _check_draws(draws: Float, target_draws: Float) -> tuple[Float, Float]:
    draws = check_draws(draws)
    return draws, check_draws(target_draws, name="target_draws", like=draws.shape)


def _against_targets(draws: Float, targets: Float, score: Callable[[Float, Float], Float]) -> Float:
    """Apply ``score(joint (m, C, C, t), own (m, C))`` to blocks of ``m`` items."""
    S, n, C = draws.shape
    t = targets.shape[1]
    across = np.ascontiguousarray(targets.transpose(0, 2, 1)).reshape(S, C * t) / np.float32(S)
    out = np.empty(n, np.float32)
    for items in blocks(n, C * C * t):
        some = draws[:, items]
        joint = some.reshape(S, -1).T @ across
        out[items] = score(joint.reshape(-1, C, C, t), some.mean(axis=0))
    return out
