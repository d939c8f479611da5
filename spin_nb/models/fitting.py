"""Fit a model of the person's choice, and measure it on labels it has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import Cancelled, ModelError, SpinError
from spin_nb.models.fitted_model import FittedModel, ModelPredictive, Source
from spin_nb.models.head_selection import MIN_LABELS_FOR_CV, N_FOLDS, Progress, split, within
from spin_nb.models.model_spec import ModelSpec
from spin_nb.protocols import Model, Posterior
from spin_nb.types import Float, Ints
from spin_nb.words import said_by, shown

if TYPE_CHECKING:
    from spin_nb.pool.inputs.inputs import Inputs

MIN_LABELS_FOR_HOLDOUT = 20  # below, a fifth of them says nothing
MAX_SECONDS_FOR_CV = 60.0  # of one fit; beyond, it is fitted once more only, to be judged


def fit_model(
    spec: ModelSpec,
    inputs_of: Callable[[Model | Posterior], Inputs | None],
    features: Source,
    rows: Ints,
    y: Ints,
    n_classes: int,
    *,
    seed: int,
    progress: Progress,
    is_cancelled: Callable[[], bool],
    rival: ModelSpec | None = None,
) -> tuple[FittedModel, dict[str, float], NDArray[np.int64] | None]:
    """Fit a model to labelled rows, and score it and a rival on labels held out.

    Parameters
    ----------
    spec : ModelSpec
        With ``begin``.
    inputs_of : callable
        Unfitted model -> :class:`~spin_nb.pool.inputs.inputs.Inputs`, or None where it takes the encoder's features.
    features : callable
        Rows -> the encoder's features.
    rows, y : int (m,)
    n_classes, seed : int
    rival : ModelSpec, optional
        Judged on the same labels; one that fails is left out.

    Returns
    -------
    model : FittedModel
    accuracies : dict
        Name -> accuracy on the labels held out, of both; empty where none can be.
    parts : int (m,) or None
        As :func:`validation_parts`.

    Raises
    ------
    SpinError
        Whatever goes wrong, the person's own code included.
    Cancelled
    """
    assert spec.begin is not None
    new_model = spec.begin()
    inputs = inputs_of(new_model)
    x = features(rows) if inputs is None else inputs.rows(rows)
    began = time.monotonic()
    model = FittedModel(
        spec.name, _fit(new_model, x, y, n_classes, within(progress, 0, 0.5), is_cancelled), inputs, n_classes
    )
    parts = validation_parts(new_model, len(y), seed, slow=time.monotonic() - began > MAX_SECONDS_FOR_CV)
    if parts is None:
        return model, {}, None
    reports: dict[str, Any] = {"progress": within(progress, 0.5, 0.8), "is_cancelled": is_cancelled}
    accuracies = {model.name: held_out_accuracy(spec, x, y, n_classes, parts, **reports)}
    if rival is not None and rival.begin is not None and rival.name != model.name:
        reports["progress"] = within(progress, 0.8, 1)
        with suppress(SpinError):  # the person did not ask for it: its failure is none of theirs
            inputs = inputs_of(rival.begin())
            x = features(rows) if inputs is None else inputs.rows(rows)
            accuracies[rival.name] = held_out_accuracy(rival, x, y, n_classes, parts, **reports)
    return model, accuracies, parts


def validation_parts(model: object, n: int, seed: int, *, slow: bool = False) -> NDArray[np.int64] | None:
    """Assign each of ``n`` labels the part it is held out with, -1 for never; None where nothing is held out.

    A model says how by ``validation``, see :class:`~spin_nb.protocols.Posterior`: "loo" has every label alone up to
    40, five folds above, as the heads; "folds" has five; "holdout", and whatever is ``slow``, is fitted once more,
    without a fifth of the labels, and not below 20 labels.

    Examples
    --------
    >>> from spin_nb.bayes.graph import GraphPosterior
    >>> validation_parts(GraphPosterior(), 6, 0).tolist(), sorted(validation_parts(object(), 20, 0).tolist())[-5:]
    ([0, 1, 2, 3, 4, 5], [-1, 0, 0, 0, 0])
    """
    validation = getattr(model, "validation", "holdout")
    if validation == "loo":
        return split(n, seed) if n >= MIN_LABELS_FOR_CV else None
    order = np.random.default_rng(seed).permutation(n)
    if validation == "folds" and not slow:
        return order % N_FOLDS if n >= MIN_LABELS_FOR_CV else None
    return np.where(order < n // 5, 0, -1) if n >= MIN_LABELS_FOR_HOLDOUT else None


def held_out_accuracy(
    spec: ModelSpec,
    x: Float,
    y: Ints,
    n_classes: int,
    parts: NDArray[np.int64],
    *,
    progress: Progress,
    is_cancelled: Callable[[], bool],
) -> float:
    """Measure the accuracy on labels held out, each predicted by a model fitted to the others.

    Raises
    ------
    SpinError, Cancelled
        As :func:`fit_model`.
    """
    assert spec.begin is not None
    n_parts, n_right = int(parts.max()) + 1, 0
    for part in range(n_parts):
        progress_of_part = within(progress, part / n_parts, (part + 1) / n_parts)
        progress_of_part(0, f"judging {spec.name} on labels held out: part {part + 1} of {n_parts}")
        if is_cancelled():
            raise Cancelled
        out = parts == part
        model = _fit(spec.begin(), x[~out], y[~out], n_classes, progress_of_part, is_cancelled)
        probs = FittedModel(spec.name, model, None, n_classes).predict_all(_rows(x[out]), int(out.sum())).mean
        n_right += int((probs.argmax(axis=1) == y[out]).sum())
    return n_right / int((parts >= 0).sum())


def predict_all(
    model: FittedModel, source: Source, n: int, *, progress: Progress, is_cancelled: Callable[[], bool]
) -> ModelPredictive:
    """Predict ``n`` rows of a pool; takes as long as the model does.

    Raises
    ------
    SpinError
        It fails, or gives anything but probabilities.
    Cancelled
    """

    def step(fraction: float) -> None:
        if is_cancelled():
            raise Cancelled
        progress(fraction, f"{model.name}: {round(fraction * n):,} of {n:,} items")

    return model.predict_all(source, n, step)


def _rows(x: Float) -> Source:
    return lambda rows: x[rows]


def _fit(
    model: Model | Posterior,
    x: Float,
    y: Ints,
    n_classes: int,
    progress: Progress,
    is_cancelled: Callable[[], bool],
) -> Model | Posterior:
    """``model.fit``; whatever a person's own code raises becomes an error that says what to do."""
    name = type(model).__name__
    progress(0.0, f"fitting {name} to {len(y)} labels")
    if is_cancelled():
        raise Cancelled
    # A posterior is fitted in one go; a whole model tells how far it is.
    reports: dict[str, Any] = (
        {"progress": progress, "is_cancelled": is_cancelled} if hasattr(model, "inputs") else {}
    )
    try:
        fitted_model = model.fit(x, y, n_classes=n_classes, **reports)
    except (SpinError, Cancelled):
        raise
    except Exception as error:
        raise ModelError(
            f"{name} failed on {len(y)} labels: {said_by(error)}",
            "Mend it, or train another model; the last good one stays.",
        ) from error
    if not hasattr(fitted_model, "predict"):
        raise ModelError(f"fit of {name} returned {shown(fitted_model)}.", "Let it return self.")
    return fitted_model
