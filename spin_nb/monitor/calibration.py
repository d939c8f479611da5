"""Do the probabilities mean what they say?  Measured on labels that were not chosen and never trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.monitor._checks import TINY, Real, check_judged
from spin_nb.monitor.audit import wilson

N_BINS = 15


def nll(probs: ArrayLike, y: ArrayLike) -> float:
    """Mean negative log-likelihood ``-mean log p[y]`` (Good 1952).

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
    return float(losses(probs, y)[0].mean())


def brier(probs: ArrayLike, y: ArrayLike) -> float:
    """Mean Brier score ``sum_k (p_k - 1[y = k])^2`` (Brier 1950).

    Parameters, Raises
        As :func:`nll`.

    Returns
    -------
    float
        0 (certain and right) to 2 (certain and wrong).

    Examples
    --------
    >>> round(brier([[0.8, 0.2]], [1]), 3)
    1.28
    """
    return float(losses(probs, y)[1].mean())


def losses(probs: ArrayLike, y: ArrayLike) -> tuple[Real, Real]:
    """Log loss and Brier score of each item.

    Both are float64 (n,), the log loss in nats; it raises as :func:`nll`.
    """
    p, y = check_judged(probs, y)
    true = p[np.arange(len(y)), y]
    squares = (p * p).sum(axis=1) - 2 * true + 1
    return np.maximum(-np.log(np.maximum(true, TINY)), 0), np.maximum(squares, 0)


def ece(probs: ArrayLike, y: ArrayLike, *, bins: int = N_BINS) -> float:
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
        Sum over bins of ``n_b/n |accuracy_b - confidence_b|``, 0..1 (Naeini et al. 2015; Guo et al. 2017, eq. 5).
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
    confidence, right = confidences(probs, y)
    return _gap(even_bins(confidence, bins), right - confidence, bins)


def adaptive_ece(probs: ArrayLike, y: ArrayLike, *, bins: int = N_BINS) -> float:
    """Expected calibration error over bins of equal size.

    It is the ACE of Nixon et al. 2019 (Nguyen and O'Connor 2015).

    Parameters, Returns, Raises
        As :func:`ece`; items of equal confidence share a bin, so bins may differ in size where there are ties.

    Examples
    --------
    >>> round(adaptive_ece([[0.6, 0.4], [0.9, 0.1]], [1, 0], bins=2), 3)
    0.35
    """
    confidence, right = confidences(probs, y)
    return _gap(equal_bins(confidence, bins), right - confidence, bins)


def classwise_ece(probs: ArrayLike, y: ArrayLike, *, bins: int = N_BINS) -> float:
    """Calibration error of every class's probability, averaged over classes.

    Parameters, Raises
        As :func:`ece`.

    Returns
    -------
    float
        ``1/C sum_c sum_b n_bc/n |share of class c in bin b - mean p_c in bin b|``, 0..1 (Kull et al. 2019, eq. 3).
        Sees what :func:`ece` cannot: a class other than the first choice that is given too much.

    Examples
    --------
    >>> round(classwise_ece([[0.8, 0.2], [0.8, 0.2]], [0, 1]), 3)
    0.3
    """
    p, y = check_judged(probs, y)
    gaps = [_gap(even_bins(p[:, c], bins), (y == c) - p[:, c], bins) for c in range(p.shape[1])]
    return float(np.mean(gaps))


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram.

    It has one entry per bin that holds an item.

    Attributes
    ----------
    confidence : float64 (B,)
        Mean probability of the predicted class.
    accuracy : float64 (B,)
        Share of those predictions that were right.
    low, high : float64 (B,)
        95 % Wilson interval of that share.
    count : int64 (B,)
        Items in the bin.
    """

    confidence: Real
    accuracy: Real
    low: Real
    high: Real
    count: NDArray[np.int64]


def reliability(
    probs: ArrayLike, y: ArrayLike, *, bins: int = N_BINS, equal_size: bool = False
) -> Reliability:
    """Confidence against accuracy, bin by bin (DeGroot and Fienberg 1983).

    Parameters
    ----------
    probs, y
        As :func:`nll`.
    bins : int
        How many at most.
    equal_size : bool
        Bins of (about) equal size, as :func:`adaptive_ece`; else of equal width, as :func:`ece`.

    Raises
    ------
    ModelError
        As :func:`nll`.

    Examples
    --------
    >>> found = reliability([[0.8, 0.2], [0.8, 0.2]], [0, 1])
    >>> found.confidence.round(2).tolist(), found.accuracy.tolist(), found.count.tolist()
    ([0.8], [0.5], [2])
    """
    confidence, right = confidences(probs, y)
    bin_of = equal_bins(confidence, bins) if equal_size else even_bins(confidence, bins)
    count = np.bincount(bin_of, minlength=bins)
    has_items = count > 0
    share = np.bincount(bin_of, weights=right, minlength=bins)[has_items]
    mean = np.bincount(bin_of, weights=confidence, minlength=bins)[has_items] / count[has_items]
    count = count[has_items]
    spans = [wilson(round(correct), int(n)) for correct, n in zip(share, count, strict=True)]
    low, high = (np.array([getattr(span, end) for span in spans]) for end in ("low", "high"))
    return Reliability(mean, share / count, low, high, count)


def confidences(probs: ArrayLike, y: ArrayLike) -> tuple[Real, Real]:
    """Confidence and correctness of each item.

    They are the probability of the predicted class, and 1.0 where it is the true one, float64 (n,) each.
    """
    p, y = check_judged(probs, y)
    return p.max(axis=1), (p.argmax(axis=1) == y).astype(np.float64)


def even_bins(values: Real, bins: int) -> NDArray[np.int64]:
    """Bin of each value in [0, 1].

    Bins are of equal width, closed on the right.
    """
    return np.clip(np.ceil(values * bins).astype(np.int64) - 1, 0, bins - 1)


def equal_bins(values: Real, bins: int) -> NDArray[np.int64]:
    """Bin of each value: equal numbers, ties together."""
    ends = np.sort(values)[[len(values) * b // bins - 1 for b in range(1, bins) if len(values) * b >= bins]]
    return np.searchsorted(ends, values, side="left").astype(np.int64)


def _gap(bin_of: NDArray[np.int64], gap: NDArray[Any], bins: int) -> float:
    return float(np.abs(np.bincount(bin_of, weights=gap, minlength=bins)).sum() / len(gap))
