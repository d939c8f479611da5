"""A committee of trees among the heads a session chooses from: shown where labels held out say that it is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spin_nb.bayes.trees import Trees
from spin_nb.models.choice import FEWEST, Cancelled, Fit
from spin_nb.models.fitting import Progress, survey, within
from spin_nb.models.own import Own, Source
from spin_nb.types import Ints

NAME = "trees"
ENOUGH = 2  # held-out labels more than the best head gets right: one is chance


def with_trees(
    fit: Fit,
    features: Source,
    rows: Ints,
    y: Ints,
    n_classes: int,
    n: int,
    *,
    seed: int,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> Fit:
    """Grow trees on the labels and show them if they get at least two held-out labels more right than every head.

    Every tree leaves out about a third of the labels; those say how good the trees are without a second fit.

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

    Returns
    -------
    Fit
        ``validation`` has the trees too, from five labels of two classes on.

    Raises
    ------
    Cancelled
    """
    if len(y) < FEWEST or len(np.unique(y)) < 2:
        progress(1.0, "too few labels for trees")
        return fit
    if cancelled():
        raise Cancelled
    progress(0.0, f"growing trees on {len(y)} labels")
    trees = Trees(seed=seed).fit(features(rows), y, n_classes=n_classes)
    right = held_out_accuracy(trees, y)
    ahead = round((right - max(fit.validation.values())) * len(y))
    fit = replace(fit, validation={**fit.validation, NAME: right})
    if ahead < ENOUGH:
        progress(1.0, "heads compared")
        return fit
    own = Own(NAME, trees, None, n_classes)
    said = survey(own, features, n, progress=within(progress, 0.3, 1), cancelled=cancelled)
    return replace(fit, head=NAME, own=said)


def held_out_accuracy(trees: Trees, y: Ints) -> float:
    """Share of its labels that the trees which did not see them get right."""
    assert trees.held_out is not None
    return float(np.mean(trees.held_out.argmax(axis=1) == y))
