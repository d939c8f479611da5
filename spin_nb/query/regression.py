"""Spread of predicted numbers over posterior draws; probabilities are numbers too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_outputs
from spin_nb.threads import blocks
from spin_nb.types import Float


def variance(draws: Float) -> Float:
    """Variance over the draws, summed over outputs.

    It is the trace of the predictive covariance (MacKay 1992).

    Parameters
    ----------
    draws : float32 (S, n, C)
        Regressed numbers, or class probabilities, under ``S`` >= 2 posterior samples.

    Returns
    -------
    float32 (n,)
        In the squared unit of the outputs; at most ``1 - 1/C`` for probabilities.

    Raises
    ------
    QueryError
        Another shape or axis order, a single draw, NaN.

    Examples
    --------
    >>> variance(np.array([[[1.0], [5.0]], [[3.0], [5.0]]])).tolist()
    [1.0, 0.0]
    """
    return _by_items(lambda squares: squares.sum(axis=1), draws)


def mean_std(draws: Float) -> Float:
    """Standard deviation over draws, averaged over outputs.

    Kampffmeyer et al. 2016; Gal et al. 2017.

    Parameters
    ----------
    draws : float32 (S, n, C)
        Regressed numbers, or class probabilities, under ``S`` >= 2 posterior samples.

    Returns
    -------
    float32 (n,)
        In the unit of the outputs; at most 0.5 for probabilities.

    Raises
    ------
    QueryError
        Another shape or axis order, a single draw, NaN.

    Examples
    --------
    >>> mean_std(np.array([[[1.0], [5.0]], [[3.0], [5.0]]])).tolist()
    [1.0, 0.0]
    """
    return _by_items(lambda squares: np.sqrt(squares).mean(axis=1), draws)


def _by_items(score: Callable[[Float], Float], draws: ArrayLike) -> Float:
    draws = check_outputs(draws)
    if len(draws) < 2:
        raise QueryError(f"draws of shape {draws.shape} are a single sample: no spread.", "Draw two or more.")
    S, n, C = draws.shape
    out = np.empty(n, np.float32)
    for items in blocks(n, S * C):
        out[items] = score(draws[:, items].var(axis=0))
    return out
