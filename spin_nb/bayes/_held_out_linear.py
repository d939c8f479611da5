"""What softmax regression says of labels that were held out of it, without a fit of its own for every question.

All fits share one rotation of the inputs, into the span of all labelled rows, so nothing is lost in it, and every
matrix is as small as the labels are few.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._curvature import Kron
from spin_nb.bayes._evidence import rotate_problem
from spin_nb.bayes._map_estimate import maximise
from spin_nb.types import Float, Ints

Array = NDArray[np.float64]

DECREMENT = 1e-6  # shares of an observation: nobody sees more of a judge
Moments = tuple[Float, Float]
"""Logits (n, C) and contrast variances (n,)."""


def held_out_logits(
    features: Float,
    y: Ints,
    folds: Ints,
    *,
    n_classes: int,
    precisions: tuple[float, ...],
    length: float,
    step: Callable[[float], None] = lambda fraction: None,
) -> dict[float, Moments]:
    """Predict the labels of each fold from those of the others, under several prior precisions.

    Parameters
    ----------
    features : float32 (n, d)
    y : int (n,)
    folds : int (n,)
        The part each row is held out with, -1 for never: what is returned for it says nothing.
    n_classes : int
    precisions : tuple of float
        For features of norm ``length``.
    length : float
    step : callable, optional
        Hears the fraction done before every fit.

    Returns
    -------
    dict
        Precision -> logits (n, C) and contrast variances (n,) under the Kronecker-factored posterior.
    """
    problem, _, _ = rotate_problem(features, np.eye(n_classes)[y], np.ones(len(y)), length)
    inputs = problem.x_single[:, :-1]
    moments = {
        p: (np.zeros((len(y), n_classes), np.float32), np.zeros(len(y), np.float32)) for p in precisions
    }
    parts = np.unique(folds[folds >= 0])
    for at, part in enumerate(parts):
        out = folds == part
        rest = problem.without(out)
        theta: Array | None = None
        for number, precision in enumerate(
            sorted(precisions, reverse=True)
        ):  # the stiff ones converge at once
            step((at + number / len(precisions)) / len(parts))
            optimum = maximise(rest, precision, theta, decrement=DECREMENT)
            theta = optimum.theta
            posterior = Kron.build(inputs[~out], optimum.probs, rest.weight, (precision, precision))
            logits, contrast = moments[precision]
            logits[out] = problem.x[out] @ theta.T
            contrast[out] = posterior.contrast(inputs[out])[:, 0]
    return moments
