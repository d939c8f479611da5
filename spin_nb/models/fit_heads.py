"""Fit the heads of a learner, and a model of the person's choice beside them, to the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_labels
from spin_nb.errors import ModelError
from spin_nb.models.bulk_label_weights import thin
from spin_nb.models.fitting import fit_model, predict_all
from spin_nb.models.head_selection import HEADS, Fit, Progress, held_out_heads, select_head, within
from spin_nb.models.learner import Learner
from spin_nb.models.model_spec import ModelSpec
from spin_nb.models.tree_head import consider_trees
from spin_nb.threads import one_thread
from spin_nb.types import Ints


@one_thread()
def fit_heads(
    learner: Learner,
    rows: Ints,
    y: Ints,
    *,
    spec: ModelSpec | None = None,
    rival: ModelSpec | None = None,
    progress: Callable[[float, str], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Fit:
    """Fit the heads, judge them on labels held out and choose; the learner stays as it is.

    Parameters
    ----------
    rows : int (m,)
        Labelled rows, m >= 1.
    y : int (m,)
        Class index of each.
    spec : ModelSpec, optional
        To fit and show instead of the head cross-validation chooses; see
        :func:`~spin_nb.models.model_spec.parse_model_spec`.
    rival : ModelSpec, optional
        Compared with ``spec``, on the same labels held out; it is not fitted to all of them.
    progress : callable, optional
        Hears ``(fraction, words)``.
    is_cancelled : callable, optional
        Asked between steps; :class:`Cancelled` is raised when it says True.
    weights : float64 (m,), optional
        How many labels each counts as, one without.  A model of the person's choice, which counts every label as
        one, gets :func:`some of them <spin_nb.models.bulk_label_weights.thin>`.

    Returns
    -------
    Fit
        For :meth:`Learner.adopt <spin_nb.models.learner.Learner.adopt>`.

    Raises
    ------
    ModelError
        No labels; rows or class indices out of range; the model asked for cannot be fitted.
    Cancelled
    """
    rows = np.asarray(rows, np.int64).reshape(-1)
    y = check_labels(y, len(rows), learner.n_classes)
    if not len(rows):
        raise ModelError("there is nothing to train on: no labels.", "Label an item first.")
    if rows.min() < 0 or rows.max() >= len(learner):
        raise ModelError(f"a labelled row lies outside the pool of {len(learner)}.", "Pass rows of the pool.")
    report, stop = progress or (lambda fraction, words: None), is_cancelled or (lambda: False)
    share = 0.7 if spec is None else 0.1 if spec.begin else 1
    fit = select_head(
        learner.features[rows],
        learner.graph.phi[rows],
        y,
        learner.n_classes,
        noise=learner.graph.noise,
        seed=learner.seed,
        weights=weights,
        progress=within(report, 0, share),
        is_cancelled=stop,
    )
    if spec is None:
        return consider_trees(
            fit,
            learner.features_of,
            rows,
            y,
            learner.n_classes,
            len(learner),
            seed=learner.seed,
            weights=weights,
            progress=within(report, share, 1),
            is_cancelled=stop,
        )
    sample = thin(y, weights)
    if spec.begin is None:
        return replace(fit, head=spec.name, comparison=dict(fit.validation), n_held_out=len(sample))
    return _fit_model(learner, fit, spec, rival, rows[sample], y[sample], report, stop)


def _fit_model(
    learner: Learner,
    fit: Fit,
    spec: ModelSpec,
    rival: ModelSpec | None,
    rows: Ints,
    y: Ints,
    report: Progress,
    stop: Callable[[], bool],
) -> Fit:
    """Fit a model of the person's choice beside the heads, and compare all of them on the same labels."""
    model, accuracies, parts = fit_model(
        spec,
        learner.inputs_of,
        learner.features_of,
        rows,
        y,
        learner.n_classes,
        seed=learner.seed,
        rival=rival,
        progress=within(report, 0.1, 0.65),
        is_cancelled=stop,
    )
    predictive = predict_all(
        model, learner.source(model), len(learner), progress=within(report, 0.65, 0.9), is_cancelled=stop
    )
    fit = replace(fit, head=model.name, predictive=predictive)
    if parts is None:
        report(1.0, "too few labels to compare heads")
        return fit
    logs = held_out_heads(
        learner.features[rows],
        learner.graph.phi[rows],
        y,
        learner.n_classes,
        parts,
        fit.linear,
        noise=learner.graph.noise,
        progress=within(report, 0.9, 1),
        is_cancelled=stop,
    )
    truth = y[parts >= 0]
    heads = {head: float(np.mean(logs[head].argmax(axis=1) == truth)) for head in HEADS}
    report(1.0, "heads compared")
    validation = {**fit.validation, model.name: accuracies[model.name]}
    return replace(fit, validation=validation, comparison={**accuracies, **heads}, n_held_out=len(truth))
