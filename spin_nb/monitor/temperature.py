"""One number that makes probabilities less sure, or surer, without changing any answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import TINY, Real, check_judged, check_rows

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
"""Temperatures looked at: where every label agrees with the argmax, the likelihood alone would choose 0."""
PRIOR_LABELS = 20.0
"""Strength of the prior that probabilities are right as they are, in labels of one squared nat of curvature each.

Of 5, 10, 20 and 40 measured on twenty sets: fewer do harm to some of them, more correct less.
"""


def temperature(probs: ArrayLike, y: ArrayLike) -> tuple[float, NDArray[np.float32]]:
    """The one temperature that makes ``softmax(log p / T)`` most likely (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    probs, y
        As :func:`nll`.

    Returns
    -------
    T : float
        Above 1 where the probabilities are too sure; between 0.05 and 20.
    scaled_probs : float32 (n, C)
        The probabilities at that temperature; for others call :func:`apply_temperature`.

    Raises
    ------
    ModelError
        As :func:`nll`.

    Notes
    -----
    The NLL is convex in ``1/T``, so its slope ``mean(E_q[log p] - log p[y])`` is bisected.

    Examples
    --------
    >>> T, scaled_probs = temperature([[0.99, 0.01]] * 4, [0, 0, 0, 1])
    >>> round(T, 2), scaled_probs[0].round(2).tolist()
    (4.18, [0.75, 0.25])
    """
    p, y = check_judged(probs, y)
    logs = np.log(np.maximum(p, TINY))
    true = logs[np.arange(len(y)), y].mean()
    low, high = np.log(1 / MAX_TEMPERATURE), np.log(1 / MIN_TEMPERATURE)
    for _ in range(60):
        middle = (low + high) / 2
        scaled_probs = _softmax(np.exp(middle) * logs)
        if (scaled_probs * logs).sum(axis=1).mean() < true:
            low = middle
        else:
            high = middle
    T = float(np.exp(-(low + high) / 2))
    return T, apply_temperature(p, T)


def inverse_temperature(probs: ArrayLike, y: ArrayLike) -> tuple[float, Real]:
    """The power ``b = 1/T`` of ``softmax(b log p)`` that few labels warrant, and that without each of them.

    Maximises the log likelihood less ``20 (b - 1 - log b)``, a gamma prior about 1: convex, by Newton's method.

    Parameters
    ----------
    probs, y
        As :func:`nll`.

    Returns
    -------
    b : float
        Above 1 where the probabilities are too timid; between 0.05 and 20.
    b_without : float64 (n,)
        The same of all labels but one each, by one Newton step from ``b``.

    Raises
    ------
    ModelError
        As :func:`nll`.

    Notes
    -----
    Probabilities of a label's item must be judged at the power without it: at ``b``, which has seen it, they flatter
    (leave-one-out by one step: Rad and Maleki 2020).  The temperature is that of Guo et al. (2017, section 4.2).

    Examples
    --------
    >>> timid = [[0.7, 0.3]] * 40
    >>> b, b_without = inverse_temperature(timid, [0] * 38 + [1] * 2)
    >>> round(b, 2), b_without[[0, -1]].round(2).tolist()
    (1.43, [1.42, 1.48])
    """
    p, y = check_judged(probs, y)
    logs = np.log(np.maximum(p, TINY))
    true = logs[np.arange(len(y)), y]
    low, high = 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE
    b = 1.0
    for _ in range(100):
        slopes, curvatures = _likelihood_terms(logs, true, b)
        slope = slopes.sum() + PRIOR_LABELS * (1 - 1 / b)
        low, high = (b, high) if slope < 0 else (low, b)
        step = -slope / (curvatures.sum() + PRIOR_LABELS / b**2)
        # Newton, unless that leaves what is known to hold the minimum.
        after = float(b + step if low <= b + step <= high else np.sqrt(low * high))
        b, change = after, abs(after - b)
        if change < 1e-10 * b:
            break
    slopes, curvatures = _likelihood_terms(logs, true, b)
    curvature = curvatures.sum() + PRIOR_LABELS / b**2
    without = b + slopes / (curvature - curvatures)
    return b, np.clip(without, 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE)


def apply_temperature(probs: ArrayLike, T: float | Real) -> NDArray[np.float32]:
    """``softmax(log p / T)``, float32 (n, C).

    The order of the classes stays.

    Parameters
    ----------
    probs : float (n, C)
    T : float or float (n,)
        One for all, or one an item.

    Raises
    ------
    ModelError
        If rows are no probabilities or ``T`` is not positive.
    """
    temperatures = np.asarray(T, np.float64)
    if not ((temperatures > 0) & (temperatures < np.inf)).all():
        raise ModelError(f"temperature {T} is not positive.", "Pass the T that temperature() found.")
    logs = np.log(np.maximum(check_rows(probs), TINY))
    return _softmax(logs / (temperatures[:, None] if temperatures.ndim else temperatures)).astype(np.float32)


def _likelihood_terms(logs: Real, true: Real, power: float) -> tuple[Real, Real]:
    """First and second derivative by the power of each item's log loss, (n,) both."""
    scaled_probs = _softmax(power * logs)
    mean = (scaled_probs * logs).sum(axis=1)
    return mean - true, np.maximum((scaled_probs * logs**2).sum(axis=1) - mean**2, 0)


def _softmax(logits: Real) -> Real:
    e: Real = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
