"""Regression of what labels measure on the pool's graph: suggestions where a label is no class."""

from __future__ import annotations

import numpy as np

from spin_nb.bayes.linear_regression import LastLayerRegression
from spin_nb.errors import ModelError
from spin_nb.threads import one_thread
from spin_nb.types import Float

MIN_LABELS_FOR_REGRESSION = 5  # labels below which nothing is suggested


class GraphRegression:
    """Bayesian regression of targets on graph features; prior and noise by marginal likelihood.

    Parameters
    ----------
    phi : float32 (m, D)
        Graph features of the labelled items (:attr:`GraphBasis.phi <spin_nb.bayes.basis.GraphBasis>`).
    targets : float32 (m, k)
        NaN where a part of a label is not known: it counts as the mean of the others.

    Raises
    ------
    ModelError
        Fewer than five labels, shapes that do not fit.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    >>> mean, sd = GraphRegression(x, 0.5 + 0.2 * x).predict(np.array([[0.5]], np.float32))
    >>> mean.round(2).tolist()
    [[0.6000000238418579]]
    """

    @one_thread()
    def __init__(self, phi: Float, targets: Float) -> None:
        if len(phi) < MIN_LABELS_FOR_REGRESSION or np.ndim(targets) != 2 or len(phi) != len(targets):
            raise ModelError(
                f"features {np.shape(phi)} and targets {np.shape(targets)} cannot be learnt from.",
                f"Pass one row of targets per row of features, at least {MIN_LABELS_FOR_REGRESSION}.",
            )
        is_known = np.isfinite(targets)
        count = is_known.sum(axis=0)
        self._is_known = count > 0
        means = np.where(is_known, targets, 0).sum(axis=0) / np.maximum(count, 1)
        self._head = LastLayerRegression().fit(phi, np.where(is_known, targets, means)[:, self._is_known])

    @one_thread()
    def predict(self, phi: Float) -> tuple[Float, Float]:
        """Predict mean and standard deviation (n, k) of a person's answer; NaN where no label says."""
        predictive = self._head.predict(phi)
        mean = np.full((len(phi), len(self._is_known)), np.nan, np.float32)
        sd = mean.copy()
        mean[:, self._is_known], sd[:, self._is_known] = predictive.mean, np.sqrt(predictive.variance)
        return mean, sd
