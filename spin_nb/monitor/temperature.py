"""One number that makes probabilities less sure, or surer, without changing any answer."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import TINY, Real, check_judged, check_rows

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
"""Temperatures looked at: where every label agrees with the argmax, the likelihood alone would choose 0."""


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


def apply_temperature(probs: ArrayLike, T: float) -> NDArray[np.float32]:
    """``softmax(log p / T)``, float32 (n, C).

    The order of the classes stays.

    Raises
    ------
    ModelError
        If rows are no probabilities or ``T`` is not positive.
    """
    if not 0 < T < np.inf:
        raise ModelError(f"temperature {T} is not positive.", "Pass the T that temperature() found.")
    return _softmax(np.log(np.maximum(check_rows(probs), TINY)) / T).astype(np.float32)


def _softmax(logits: Real) -> Real:
    e: Real = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
