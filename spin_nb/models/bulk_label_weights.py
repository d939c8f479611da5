"""How much labels count that came many at a time: one gesture shall not speak for how frequent its class is.

Whoever gives one class to hundreds of items at once chose them: that so many labels are of this class says nothing of
the pool.  Learnt as they are, the model takes the class for as frequent as they make it, and gives it to items of the
others: a gesture of 300 took the accuracy of the other three topics of AG News from .77 to .50.  So the labels of
gestures count less, class by class, until none counts more through them than the class that was labelled most one by
one, and none more than twice what was labelled of it one by one; where most classes were labelled by gestures, all may
grow as the median one did.

References
----------
Manski & Lerman (1977), *The estimation of choice probabilities from choice based samples*: weights by class.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.types import Ints

Array = NDArray[np.float64]
MAX_GROWTH = 2  # factor by which gestures may multiply what a class counts
STEPS_PER_HALVING = 4  # of a weight
ROUNDING_SHARE = 1e-9


def bulk_label_weights(alone: Ints, together: Ints) -> Array:
    """Weigh each label of a gesture, class by class.

    Parameters
    ----------
    alone, together : int (C,)
        Labels of each class that were asked for or given one by one; those that came by gestures of one class.
        The label log asks only where more labels were asked for than given otherwise.

    Returns
    -------
    float64 (C,)
        Labels that each counts as: at most 1, in steps of a fifth, so that the next label seldom changes it.

    Examples
    --------
    >>> bulk_label_weights(np.array([6, 5, 4]), np.array([0, 0, 256])) * 256
    array([256., 256.,   2.])
    >>> bulk_label_weights(np.array([6, 5, 4]), np.array([100, 85, 90]))
    array([1., 1., 1.])
    """
    growth = np.sort((alone + together + 1) / (alone + 1))[(len(alone) - 1) // 2]
    most = np.minimum(alone.max(initial=0) + 1, MAX_GROWTH * (alone + 1))
    room = np.maximum(growth * most - 1 - alone, 1)
    share = room / np.maximum(together, 1) * (1 + ROUNDING_SHARE)
    return np.minimum(2 ** (np.floor(STEPS_PER_HALVING * np.log2(share)) / STEPS_PER_HALVING), 1.0)


def thin(y: Ints, weights: Array | None) -> Ints:
    """Choose labels that stand for all of them where a model counts each as one.

    Of the labels of a class that count less than one, it takes as many as they count together, spread evenly.

    Parameters
    ----------
    y : int (n,)
    weights : float64 (n,) or None
        How many labels each counts as; None for one each.

    Examples
    --------
    >>> thin(np.array([0, 1, 1, 1, 1]), np.array([1, 0.5, 0.5, 0.5, 0.5]))
    array([0, 1, 4])
    """
    if weights is None:
        return np.arange(len(y))
    positions = [np.flatnonzero(weights >= 1)]
    for label in np.unique(y[weights < 1]):
        rows = np.flatnonzero((y == label) & (weights < 1))
        n_positions = max(1, round(float(weights[rows].sum())))
        positions.append(rows[np.linspace(0, len(rows) - 1, n_positions).astype(np.int64)])
    return np.sort(np.concatenate(positions))
