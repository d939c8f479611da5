"""The linear head: its prior precision and temperature are those under which labels held out are likeliest.

Not the marginal likelihood: it is flat on few labels, and the precision it finds starves the head where the asked rows
are outliers.  Features are measured against the pool's median item, which no outlier moves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spin_nb.bayes._held_out_linear import Moments, held_out_logits
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.types import Float, Ints

PRECISIONS = (1e-3, 1e-2, 1e-1, 1.0)  # tried, for features of the median item's norm
TEMPERATURES = (0.01, 0.03, 0.1)
# Before any label: log-normal about the second of each.
EXPECTED_PRECISION, EXPECTED_TEMPERATURE = 1e-2, 0.03
LOG_SD = 2.0


def typical_length(features: Float) -> float:
    """Median distance of the pool's items from their mean, which a few outliers do not move.

    Examples
    --------
    >>> x = np.array([[1.0], [-1.0], [1.0], [-1.0], [1000.0], [-1000.0]], np.float32)
    >>> typical_length(x)
    1.0
    """
    centre = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    starts = range(0, len(features), ROWS_PER_BLOCK)
    lengths = [np.linalg.norm(features[start : start + ROWS_PER_BLOCK] - centre, axis=1) for start in starts]
    return float(np.median(np.concatenate(lengths))) or 1.0


ROWS_PER_BLOCK = 8192


def fit_linear(
    features: Float,
    y: Ints,
    n_classes: int,
    length: float,
    *,
    folds: Ints | None = None,
    step: Callable[[float], None] = lambda fraction: None,
) -> tuple[LastLayerLaplace, Float | None]:
    """Fit the linear head to labelled rows.

    Parameters
    ----------
    features : float32 (m, d)
    y : int (m,)
    n_classes : int
    length : float
        :func:`typical_length` of the pool.
    folds : int (m,), optional
        The part each label is held out with; without it the precision and the temperature expected are taken.
    step : callable, optional
        Hears the fraction done before every fit.

    Returns
    -------
    head : LastLayerLaplace
        Fitted to all labels, cooled.
    held_out : float32 (m, C) or None
        Log-probabilities of the labels held out.
    """
    precision, temperature, held_out = EXPECTED_PRECISION, EXPECTED_TEMPERATURE, None
    if folds is not None:
        moments = held_out_logits(
            features,
            y,
            folds,
            n_classes=n_classes,
            precisions=PRECISIONS,
            length=length,
            step=step,
        )
        precision, temperature, held_out = _likeliest(moments, y)
    head = LastLayerLaplace().fit(features, y, n_classes=n_classes, precision=precision, length=length)
    return head.cool(temperature), held_out


def _likeliest(moments: dict[float, Moments], y: Ints) -> tuple[float, float, Float]:
    """Precision, temperature and log-probabilities of the labels held out that are likeliest."""
    best: tuple[float, float, float, Float] | None = None
    for precision, (logits, contrast) in moments.items():
        for temperature in TEMPERATURES:
            log_probs = log_probabilities(logits, temperature * contrast)
            value = float(log_probs[np.arange(len(y)), y].sum()) + _log_prior(precision, temperature)
            if best is None or value > best[0]:
                best = value, precision, temperature, log_probs
    assert best is not None
    return best[1:]


def _log_prior(precision: float, temperature: float) -> float:
    gaps = np.log([precision / EXPECTED_PRECISION, temperature / EXPECTED_TEMPERATURE])
    return -float(np.sum((gaps / LOG_SD) ** 2)) / 2


def log_probabilities(logits: Float, variance: Float) -> Float:
    """Logarithms (n, C) of :func:`~spin_nb.bayes.predictive.probit_softmax`, variances (n,)."""
    from scipy.special import log_softmax

    return np.asarray(log_softmax(logits / np.sqrt(1 + np.pi / 8 * variance)[:, None], axis=1), np.float32)
