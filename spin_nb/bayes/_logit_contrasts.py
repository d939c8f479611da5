"""What a softmax sees of its logits: their differences.  Covariances without the direction that all classes share.

The *contrast variance* of an item whose logits have covariance ``K`` is ``(C tr K - 1'K1) / (C - 1)^2``: half the mean
variance of a difference of two logits, times ``C / (C - 1)``.  For two classes it is the variance of their difference,
for many independent logits of one variance it is that variance.  Adding one number to all logits does not change it,
as it does not change a softmax; the variance of a logit by itself counts that direction, in which only the prior
speaks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Float

Array = NDArray[np.float64]
JITTER_SHARE = 1e-5  # of the total variance: above what float32 rounds away, below what anybody sees


def contrasts(directions: Array) -> Array:
    """Contrast variance (k,) that each direction over the classes adds, columns (C, k)."""
    n_classes = len(directions)
    squares = n_classes * np.sum(directions**2, axis=0) - directions.sum(axis=0) ** 2
    return np.maximum(squares, 0) / (n_classes - 1) ** 2


def basis(n_classes: int) -> Array:
    """Orthonormal directions over the classes, columns (C, C - 1) that sum to zero."""
    from scipy.linalg import helmert

    return np.ascontiguousarray(helmert(n_classes).T)


def deviations(covariance: NDArray[Any], noise: Float) -> Float:
    """Turn normal noise (S, C) into logits' deviations (C, S, n).

    Each item has a covariance (C - 1, C - 1) in the :func:`basis`.
    """
    n_classes = covariance.shape[1] + 1
    jitter = JITTER_SHARE * np.trace(covariance, axis1=1, axis2=2) + np.finfo(np.float32).tiny
    root = np.linalg.cholesky(
        covariance + jitter[:, None, None] * np.eye(n_classes - 1, dtype=covariance.dtype)
    )
    root_noise = root.astype(np.float32) @ noise[:, 1:].T
    flat = basis(n_classes).astype(np.float32) @ np.moveaxis(root_noise, 0, -1).reshape(n_classes - 1, -1)
    return flat.reshape(n_classes, len(noise), -1)
