"""Bands of means over seeds."""

from __future__ import annotations

import numpy as np

from spin_nb.types import Float


def half(values: Float) -> float:
    """Half-width of a mean's 95 % interval (Student's t), NaN for one value.

    Examples
    --------
    >>> round(half(np.array([0.0, 1.0, 2.0])), 2)
    2.48
    """
    from scipy.stats import t

    if len(values) < 2:
        return float("nan")
    return float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5)
