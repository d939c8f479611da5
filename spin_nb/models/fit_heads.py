"""Fit the heads of a learner, and a model of the person's choice beside them, to the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_labels
from spin_nb.bayes.mixture import stacking_powers
from spin_nb.errors import ModelError
from spin_nb.models.bulk_label_weights import thin
from spin_nb.models.fitted_model import FittedModel
from spin_nb.models.fitting import fit_model, predict_all
from spin_nb.models.head_selection import (
    HEADS,
    MIN_LABELS_FOR_CV,
    Fit,
    Progress,
    held_out_graph,
    held_out_heads,
    mixed,
    report_step,
    split,
    within,
)
from spin_nb.models.learner import Learner
from spin_nb.models.linear_head import fit_linear
from spin_nb.models.model_spec import ModelSpec
from spin_nb.models.tree_head import MIN_POWER, NAME, grow_trees
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints


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
    """Fit the heads and weigh them by labels held out; the learner stays as it is.

    Parameters
    ----------
    rows : int (m,)
        Labelled rows, m >= 1.
    y : int (m,)
        Class index of each.
    spec : ModelSpec, optional
        To fit and show instead of the mean of the heads; see
        :func:`~spin_nb.models.model_spec.parse_model_spec`.
    rival : ModelSpec, optional
        Compared with ``spec``, on the same labels held out; it is not fitted to all of them.
    progress : callable, optional
        Hears ``(fraction, words)``.
    is_cancelled : callable, optional
        Asked between steps; :class:`Cancelled` is raised when it says True.
    weights : float64 (m,), optional
        How many labels each counts as, one without.  All but the graph count every label as one and get
        :func:`some of them <spin_nb.models.bulk_label_weights.thin>`.

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
    sample = thin(y, weights)
    labels = _Labels(learner, rows, y, weights, sample)
    share = 0.7 if spec is None else 0.1 if spec.begin else 1
    fit, log_probs = _fit_always(labels, within(report, 0, share), stop)
    if spec is None:
        return _with_trees(labels, fit, log_probs, within(report, share, 1), stop)[0]
    if spec.begin is None:
        return replace(fit, head=spec.name, comparison=dict(fit.validation), n_held_out=len(sample))
    return _fit_model(learner, fit, spec, rival, rows[sample], y[sample], report, stop)


@one_thread()
def fit_and_hold_out(
    learner: Learner, rows: Ints, y: Ints, *, progress: Progress, is_cancelled: Callable[[], bool]
) -> tuple[Fit, Float | None]:
    """Fit the heads, each label counting as one, and say what their mean says of each label held out.

    Parameters are those of :func:`fit_heads`.

    Returns
    -------
    Fit
    float (m, C) or None
        Probabilities; None below five labels, of which none can be held out.
    """
    labels = _Labels(learner, rows, y, None, np.arange(len(rows)))
    fit, log_probs = _fit_always(labels, within(progress, 0, 0.7), is_cancelled)
    fit, log_probs = _with_trees(labels, fit, log_probs, within(progress, 0.7, 1), is_cancelled)
    return fit, np.exp(mixed(log_probs, fit.powers)) if log_probs else None


@dataclass(frozen=True, eq=False)
class _Labels:
    """A learner's labels.

    Rows (m,), class indices (m,), how many labels each counts as, and those that stand for all where each counts as
    one: a linear head that separates the labels, and trees, hardly hear of weights.
    """

    learner: Learner
    rows: Ints
    y: Ints
    weights: NDArray[np.float64] | None
    sample: Ints


def _fit_always(
    labels: _Labels, progress: Progress, is_cancelled: Callable[[], bool]
) -> tuple[Fit, dict[str, Float]]:
    """Fit the heads that are always there; and what they say of labels held out, logarithms (len(sample), C)."""
    learner, rows, y, sample = labels.learner, labels.rows, labels.y, labels.sample
    report_step(progress, is_cancelled, 0.0, f"fitting the linear head to {len(y)} labels")
    folds = split(len(sample), learner.seed) if len(sample) >= MIN_LABELS_FOR_CV else None
    linear, logs_of_linear = fit_linear(
        learner.features[rows[sample]],
        y[sample],
        learner.n_classes,
        learner.length,
        folds=folds,
        step=lambda fraction: report_step(
            progress, is_cancelled, fraction, "cross-validating the linear head"
        ),
    )
    if folds is None or logs_of_linear is None:
        report_step(progress, is_cancelled, 1.0, "too few labels to compare heads")
        return Fit("graph", linear, {}, len(y)), {}
    parts = np.full(len(y), -1)
    parts[sample] = folds
    phi, noise = learner.graph.phi[rows], learner.graph.noise
    graph = held_out_graph(phi, y, learner.n_classes, parts, noise, labels.weights)
    log_probs = {"graph": graph[sample], "linear": logs_of_linear}
    fit = _weigh(Fit("mean", linear, n_labels=len(y)), log_probs, y[sample])
    report_step(progress, is_cancelled, 1.0, "heads compared")
    return fit, log_probs


def _weigh(fit: Fit, log_probs: dict[str, Float], y: Ints) -> Fit:
    """Weigh the heads of the mean by the labels held out, and score all of them."""
    powers = dict(zip(log_probs, stacking_powers(list(log_probs.values()), y).tolist(), strict=True))
    every = log_probs | {"mean": mixed(log_probs, powers)}
    return replace(
        fit,
        powers=powers,
        validation={head: float(np.mean(logs.argmax(axis=1) == y)) for head, logs in every.items()},
        likelihood={head: float(np.mean(logs[np.arange(len(y)), y])) for head, logs in every.items()},
    )


def _with_trees(
    labels: _Labels,
    fit: Fit,
    log_probs: dict[str, Float],
    progress: Progress,
    is_cancelled: Callable[[], bool],
) -> tuple[Fit, dict[str, Float]]:
    """Grow trees, and let them count in the mean as far as the labels held out warrant.

    Returns the fit, and what each head that counts says of labels held out.
    """
    learner, sample = labels.learner, labels.sample
    y = labels.y[sample]
    report_step(progress, is_cancelled, 0.0, f"growing trees on {len(y)} labels")
    grown = grow_trees(learner.features_of, labels.rows[sample], y, learner.n_classes, seed=learner.seed)
    if grown is None or not log_probs:
        progress(1.0, "too few labels for trees")
        return fit, log_probs
    trees, logs_of_trees = grown
    every = log_probs | {NAME: logs_of_trees}
    with_trees = _weigh(fit, every, y)
    if with_trees.powers[NAME] < MIN_POWER:
        progress(1.0, "heads compared")
        return replace(fit, validation=fit.validation | {NAME: with_trees.validation[NAME]}), log_probs
    model = FittedModel(NAME, trees, None, learner.n_classes)
    predictive = predict_all(
        model, learner.features_of, len(learner), progress=within(progress, 0.3, 1), is_cancelled=is_cancelled
    )
    return replace(with_trees, predictive=predictive), every


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
    logs |= {"mean": mixed(logs, fit.powers)}
    heads = {head: float(np.mean(logs[head].argmax(axis=1) == truth)) for head in HEADS}
    report(1.0, "heads compared")
    validation = {**fit.validation, model.name: accuracies[model.name]}
    return replace(fit, validation=validation, comparison={**accuracies, **heads}, n_held_out=len(truth))
