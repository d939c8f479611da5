"""Fit what a person asked for, and say how well it does on labels it has not seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.committee import Committee
from spin_nb.bayes.graph import GraphPosterior
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.bayes.trees import Trees
from spin_nb.errors import ModelError, SpinError
from spin_nb.models.fitted_model import Own, OwnPredictive, Source
from spin_nb.models.head_selection import FEWEST, FOLDS, Cancelled, Progress, split, within
from spin_nb.models.model_spec import Wanted
from spin_nb.types import Float, Ints
from spin_nb.words import said_by, shown

SPLIT_FROM = 20  # labels below which one part of a fifth says nothing
SLOW = 60.0  # seconds of one fit beyond which it is fitted once more only, to be judged


def fit_own(
    wanted: Wanted,
    inputs_of: Callable[[Any], Any],
    features: Callable[[Ints], Float],
    rows: Ints,
    y: Ints,
    n_classes: int,
    *,
    seed: int,
    progress: Progress,
    cancelled: Callable[[], bool],
    rival: Wanted | None = None,
) -> tuple[Own, dict[str, float], NDArray[np.int64] | None]:
    """Fit it to labelled rows; how well it and a rival do on the same labels held out.

    Parameters
    ----------
    wanted : Wanted
        With ``begin``.
    inputs_of : callable
        Unfitted model -> :class:`~spin_nb.pool.inputs.inputs.Inputs`, or None where it takes the encoder's features.
    features : callable
        Rows -> the encoder's features.
    rows, y : int (m,)
    n_classes, seed : int
    rival : Wanted, optional
        Judged on the same labels; one that fails is left out.

    Returns
    -------
    own : Own
    accuracies : dict
        Name -> accuracy on the labels held out, of both; empty where none can be.
    parts : int (m,) or None
        As :func:`parts_of`.

    Raises
    ------
    SpinError
        Whatever goes wrong, the person's own code included.
    Cancelled
    """
    assert wanted.begin is not None
    model = wanted.begin()
    inputs = inputs_of(model)
    x = features(rows) if inputs is None else inputs.rows(rows)
    began = time.monotonic()
    fitted = _fitted(model, x, y, n_classes, within(progress, 0, 0.5), cancelled)
    own = Own(wanted.name, fitted, inputs, n_classes)
    parts = parts_of(model, len(y), seed, slow=time.monotonic() - began > SLOW)
    if parts is None:
        return own, {}, None
    told: dict[str, Any] = {"progress": within(progress, 0.5, 0.8), "cancelled": cancelled}
    accuracies = {own.name: held_out(wanted, x, y, n_classes, parts, **told)}
    if rival is not None and rival.begin is not None and rival.name != own.name:
        told["progress"] = within(progress, 0.8, 1)
        with suppress(SpinError):  # the person did not ask for it: its failure is none of theirs
            inputs = inputs_of(rival.begin())
            x = features(rows) if inputs is None else inputs.rows(rows)
            accuracies[rival.name] = held_out(rival, x, y, n_classes, parts, **told)
    return own, accuracies, parts


def parts_of(model: Any, n: int, seed: int, *, slow: bool = False) -> NDArray[np.int64] | None:
    """Which part each of ``n`` labels is held out with, -1 for never; None where nothing is held out.

    Posteriors that are fitted in closed form get the folds that the heads get: every label alone up to 40, five
    folds above.  A committee gets five.  What takes longer, networks and ensembles of them, is fitted once more,
    without a fifth of the labels, and not below 20 labels.

    Examples
    --------
    >>> parts_of(GraphPosterior(), 6, 0).tolist(), sorted(parts_of(object(), 20, 0).tolist())[-5:]
    ([0, 1, 2, 3, 4, 5], [-1, 0, 0, 0, 0])
    """
    if isinstance(model, (GraphPosterior, LastLayerLaplace)):
        return split(n, seed) if n >= FEWEST else None
    order = np.random.default_rng(seed).permutation(n)
    if isinstance(model, (Committee, Trees)) and not slow:
        return order % FOLDS if n >= FEWEST else None
    return np.where(order < n // 5, 0, -1) if n >= SPLIT_FROM else None


def held_out(
    wanted: Wanted,
    x: Float,
    y: Ints,
    n_classes: int,
    parts: NDArray[np.int64],
    *,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> float:
    """Share of the labels held out that a model fitted to the others gets right.

    Raises
    ------
    SpinError, Cancelled
        As :func:`fit_own`.
    """
    assert wanted.begin is not None
    n_parts, right = int(parts.max()) + 1, 0
    for part in range(n_parts):
        told = within(progress, part / n_parts, (part + 1) / n_parts)
        told(0, f"judging {wanted.name} on labels held out: part {part + 1} of {n_parts}")
        if cancelled():
            raise Cancelled
        out = parts == part
        model = _fitted(wanted.begin(), x[~out], y[~out], n_classes, told, cancelled)
        probs = Own(wanted.name, model, None, n_classes).survey(_rows(x[out]), int(out.sum())).mean
        right += int((probs.argmax(axis=1) == y[out]).sum())
    return right / int((parts >= 0).sum())


def survey(
    own: Own, source: Source, n: int, *, progress: Progress, cancelled: Callable[[], bool]
) -> OwnPredictive:
    """What a fitted model says of ``n`` rows of a pool; takes as long as the model does.

    Raises
    ------
    SpinError
        It fails, or gives anything but probabilities.
    Cancelled
    """

    def step(fraction: float) -> None:
        if cancelled():
            raise Cancelled
        progress(fraction, f"{own.name}: {round(fraction * n):,} of {n:,} items")

    return own.survey(source, n, step)


def _rows(x: Float) -> Callable[[Ints], Float]:
    return lambda rows: x[rows]


def _fitted(
    model: Any, x: Float, y: Ints, n_classes: int, progress: Progress, cancelled: Callable[[], bool]
) -> Any:
    """``model.fit``; whatever a person's own code raises becomes an error that says what to do."""
    name = type(model).__name__
    progress(0.0, f"fitting {name} to {len(y)} labels")
    if cancelled():
        raise Cancelled
    # A posterior is fitted in one go; a whole model tells how far it is.
    more = {"progress": progress, "cancelled": cancelled} if hasattr(model, "inputs") else {}
    try:
        fitted = model.fit(x, y, n_classes=n_classes, **more)
    except (SpinError, Cancelled):
        raise
    except Exception as error:
        raise ModelError(
            f"{name} failed on {len(y)} labels: {said_by(error)}",
            "Mend it, or train another model; the last good one stays.",
        ) from error
    if not hasattr(fitted, "predict"):
        raise ModelError(f"fit of {name} returned {shown(fitted)}.", "Let it return self.")
    return fitted
