"""Trees as a candidate head: shown where labels held out are likelier under them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.trees import Trees
from spin_nb.errors import Cancelled
from spin_nb.models.fitted_model import FittedModel, Source
from spin_nb.models.fitting import predict_all
from spin_nb.models.head_selection import MIN_LABELS_FOR_CV, Fit, Progress, within
from spin_nb.types import Ints

Array = NDArray[np.float64]

NAME = "trees"
MAX_CHANCE_LABELS = 1  # held-out labels by which two heads may differ without a reason


def consider_trees(
    fit: Fit,
    features: Source,
    rows: Ints,
    y: Ints,
    n_classes: int,
    n: int,
    *,
    seed: int,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    weights: Array | None = None,
) -> Fit:
    """Grow trees on the labels, and show them where they beat every head.

    They do where the labels held out are likelier under them.  Likelihood and not accuracy, because with a rare class
    whoever says "never" is right most of the time; but no more than one label may be lost.  Every tree leaves out
    about a third of the labels: those are the ones held out.

    Parameters
    ----------
    fit : Fit
        Of the heads that are always there.
    features : callable
        Rows -> the encoder's features (m, d).
    rows, y : int (m,)
        Labelled rows and their class indices.
    n_classes : int
    n : int
        Size of the pool.
    weights : float64 (m,), optional
        How many labels each counts as, one without.

    Returns
    -------
    Fit
        ``validation`` has the trees too, from five labels of two classes on.

    Raises
    ------
    Cancelled
    """
    if len(y) < MIN_LABELS_FOR_CV or len(np.unique(y)) < 2:
        progress(1.0, "too few labels for trees")
        return fit
    if is_cancelled():
        raise Cancelled
    progress(0.0, f"growing trees on {len(y)} labels")
    trees = Trees(seed=seed).fit(features(rows), y, n_classes=n_classes, weights=weights)
    accuracy = held_out_accuracy(trees, y, weights)
    others = fit.validation
    fit = replace(fit, validation={**others, NAME: accuracy})
    total = len(y) if weights is None else float(weights.sum())
    n_behind = round((max(others.values()) - accuracy) * total)
    if n_behind > MAX_CHANCE_LABELS or _likelihood(trees, y, weights) <= max(fit.likelihood.values()):
        progress(1.0, "heads compared")
        return fit
    model = FittedModel(NAME, trees, None, n_classes)
    predictive = predict_all(model, features, n, progress=within(progress, 0.3, 1), is_cancelled=is_cancelled)
    return replace(fit, head=NAME, predictive=predictive)


def held_out_accuracy(trees: Trees, y: Ints, weights: Array | None = None) -> float:
    """Share of its labels that the trees which did not see them get right."""
    assert trees.held_out is not None
    return float(np.average(trees.held_out.argmax(axis=1) == y, weights=weights))


def _likelihood(trees: Trees, y: Ints, weights: Array | None) -> float:
    assert trees.held_out is not None
    return float(np.average(np.log(trees.held_out[np.arange(len(y)), y]), weights=weights))
