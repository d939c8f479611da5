"""A committee of trees among the heads a session chooses from: shown where labels held out say that it is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from spin_nb.bayes.trees import Trees
from spin_nb.models.choice import FEWEST, Cancelled, Fit, Progress, within
from spin_nb.models.fitting import survey
from spin_nb.models.own import Own, Source
from spin_nb.types import Ints

NAME = "trees"
CHANCE = 1  # held-out labels by which two heads may differ without a reason


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
    """Grow trees on the labels, and show them if the labels held out are likelier under them than under every head.

    Likelihood and not accuracy, because with a rare class whoever says "never" is right most of the time; but no more
    than one label may be lost.  Every tree leaves out about a third of the labels: those are the ones held out.

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
    known = fit.validation
    fit = replace(fit, validation={**known, NAME: right})
    behind = round((max(known.values()) - right) * len(y))
    if behind > CHANCE or _likelihood(trees, y) <= max(fit.likelihood.values()):
        progress(1.0, "heads compared")
        return fit
    own = Own(NAME, trees, None, n_classes)
    said = survey(own, features, n, progress=within(progress, 0.3, 1), cancelled=cancelled)
    return replace(fit, head=NAME, own=said)


def held_out_accuracy(trees: Trees, y: Ints) -> float:
    """Share of its labels that the trees which did not see them get right."""
    assert trees.held_out is not None
    return float(np.mean(trees.held_out.argmax(axis=1) == y))


def _likelihood(trees: Trees, y: Ints) -> float:
    assert trees.held_out is not None
    return float(np.mean(np.log(trees.held_out[np.arange(len(y)), y])))
