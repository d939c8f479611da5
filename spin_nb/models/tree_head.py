"""Trees as a member of the mean, where labels held out are likelier with them."""

from __future__ import annotations

import numpy as np

from spin_nb.bayes.trees import Trees
from spin_nb.models.fitted_model import Source
from spin_nb.models.head_selection import MIN_LABELS_FOR_CV
from spin_nb.types import Float, Ints

NAME = "trees"
MIN_POWER = 0.15  # below, to ask a large pool's items of them costs more than they say


def grow_trees(
    features: Source, rows: Ints, y: Ints, n_classes: int, *, seed: int
) -> tuple[Trees, Float] | None:
    """Grow trees on the labels.

    Every tree leaves out about a third of them: those are the ones held out.

    Parameters
    ----------
    features : callable
        Rows -> the encoder's features (m, d).
    rows, y : int (m,)
        Labelled rows and their class indices.
    n_classes : int

    Returns
    -------
    (Trees, float32 (m, C)) or None
        With log-probabilities of the labels held out; from five labels of two classes on.
    """
    if len(y) < MIN_LABELS_FOR_CV or len(np.unique(y)) < 2:
        return None
    trees = Trees(seed=seed).fit(features(rows), y, n_classes=n_classes)
    assert trees.held_out is not None
    return trees, np.log(trees.held_out)
