"""Checks that every head makes of its arrays, with errors that say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.types import Float, Ints
from spin_nb.words import shown


def check_features(features: ArrayLike, *, width: int | None = None) -> Float:
    """Return ``features`` as a finite float32 (n, d) array.

    Raises
    ------
    ModelError
        Not two-dimensional, no columns, another width than the model's, NaN or infinite values.
    """
    array = np.asarray(features)
    if array.ndim != 2 or array.dtype.kind not in "fiub":
        raise ModelError(
            f"features must be a numeric (n, d) array, not {array.dtype} of shape {array.shape}.",
            "Pass one row of numbers per item.",
        )
    if not array.shape[1]:
        raise ModelError(
            f"features of shape {array.shape} hold no numbers.", "Pass at least one column per item."
        )
    if width is not None and array.shape[1] != width:
        raise ModelError(
            f"features have {array.shape[1]} columns, the model was made for {width}.",
            "Encode the items with the encoder this model was trained with.",
        )
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ModelError(f"features hold NaN or infinity, first in row {row}.", "Repair or drop those items.")
    return array


def check_inputs(inputs: ArrayLike, *, shape: tuple[int, ...] | None = None) -> Float:
    """Return a network's inputs as a finite float32 (n, ...) array.

    Raises
    ------
    ModelError
        Not numbers, no axis of features, rows of another shape than the network was trained on, NaN or infinity.
    """
    array = np.asarray(inputs)
    if array.ndim < 2 or array.dtype.kind not in "fiub":
        raise ModelError(
            f"inputs must be a numeric (n, ...) array, not {array.dtype} of shape {array.shape}.",
            "Pass one row of features, or one picture, per item.",
        )
    if shape is not None and array.shape[1:] != shape:
        raise ModelError(
            f"each item has shape {array.shape[1:]}, the model was made for {shape}.",
            "Prepare the items as those this model was trained with.",
        )
    array = np.ascontiguousarray(array, np.float32)
    check_features(array.reshape(len(array), int(np.prod(array.shape[1:]))))
    return array


def check_count(value: object, least: int, what: str, do: str) -> None:
    """Raise :class:`ModelError` where ``value`` is no whole number, or below ``least``."""
    if not _is_count(value, least):
        raise ModelError(f"{what} cannot be {shown(value)}.", do)


def check_between(value: object, low: float, high: float, what: str, do: str) -> None:
    """Raise :class:`ModelError` where ``value`` is no number strictly between ``low`` and ``high``."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (is_number and low < value < high):  # type: ignore[operator]
        raise ModelError(f"{what} cannot be {shown(value)}.", do)


def check_classes(n_classes: object) -> None:
    """Raise :class:`ModelError` where ``n_classes`` is no whole number of two or more."""
    if not _is_count(n_classes, 2):
        raise ModelError(
            f"a classifier needs two classes or more, not {shown(n_classes)}.",
            "Name more classes; n_classes= is how many, a whole number.",
        )


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


def check_labels(y: ArrayLike, n: int, n_classes: int) -> Ints:
    """Return ``y`` as int64 (n,) class indices.

    Raises
    ------
    ModelError
        Another length than the features, not integers, out of range, fewer than two classes.
    """
    array = np.asarray(y)
    check_classes(n_classes)
    if array.shape == (n,) and array.dtype.kind == "f" and n:
        raise ModelError(
            f"this posterior tells classes apart; labels of {array.dtype} are numbers to regress.",
            "Pass class indices, or fit a spin_nb.bayes.LastLayerRegression.",
        )
    if array.shape != (n,) or (array.dtype.kind not in "iu" and array.size):
        raise ModelError(
            f"labels must be {n} class indices, not {array.dtype} of shape {array.shape}.",
            "Pass one integer per row of features.",
        )
    if array.size and (array.min() < 0 or array.max() >= n_classes):
        bad = array[(array < 0) | (array >= n_classes)][0]
        raise ModelError(
            f"class index {bad} is not in 0..{n_classes - 1}.", "Check n_classes and the labels."
        )
    return array.astype(np.int64, copy=False)


def check_some(features: Float) -> None:
    """Raise :class:`ModelError` where there is no row."""
    if not len(features):
        raise ModelError("there is nothing to fit: no labelled rows.", "Label an item first.")


def check_training_labels(y: ArrayLike, features: Float, n_classes: int) -> Ints:
    """Return class indices to fit to, int64 (n,), one for each row of ``features``.

    Raises
    ------
    ModelError
        As :func:`check_labels`; no row.
    """
    labels = check_labels(y, len(features), n_classes)
    check_some(features)
    return labels


def check_soft_labels(y: ArrayLike, n: int, n_classes: int) -> NDArray[np.float64]:
    """Return ``y`` as (n, C) probabilities, float64.

    Class indices become one-hot rows.

    Raises
    ------
    ModelError
        As :func:`check_labels`; rows that are not probabilities.
    """
    check_classes(n_classes)
    array = np.asarray(y)
    if array.ndim != 2:
        return np.eye(n_classes)[check_labels(array, n, n_classes)]
    soft = array.astype(np.float64)
    if soft.shape != (n, n_classes) or not np.isfinite(soft).all() or (soft < 0).any():
        raise ModelError(
            f"soft labels of shape {soft.shape} are not ({n}, {n_classes}) probabilities.",
            "Pass one row of non-negative class probabilities per row of features.",
        )
    if n and np.abs(soft.sum(axis=1) - 1).max() > 1e-3:
        raise ModelError("soft labels do not sum to 1 in every row.", "Pass probabilities, not scores.")
    return soft


def check_draws(rows: ArrayLike, n_draws: int, n: int) -> Ints:
    """Return the rows of ``n`` items that draws are asked for, int64 (m,).

    Raises
    ------
    ModelError
        No draw, rows outside the items.
    """
    array = np.asarray(rows, np.int64).reshape(-1)
    if n_draws < 1:
        raise ModelError(f"cannot draw {n_draws} times.", "Ask for S >= 1.")
    if len(array) and (array.min() < 0 or array.max() >= n):
        raise ModelError(f"draws are asked for rows outside 0..{n - 1}.", "Pass rows of the pool.")
    return array


def not_fitted(what: str) -> NotTrainedError:
    """Build the error of a posterior that is asked before it is fitted."""
    return NotTrainedError(f"this {what} has not been fitted.", "Call fit(features, y, n_classes=C).")


def check_weights(weights: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Return the weight of each of ``n`` rows, float64.

    Each weighs one without ``weights``.

    Raises
    ------
    ModelError
        Another length, NaN, infinite or negative numbers, nothing but zeros.
    """
    if weights is None:
        return np.ones(n)
    weight = np.asarray(weights, np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ModelError(f"weights of shape {weight.shape} do not fit {n} rows.", "Pass n numbers >= 0.")
    return weight


def check_layer(weight: ArrayLike, bias: ArrayLike | None = None) -> tuple[Float, Float]:
    """Return weights (C, d) and bias (C,) of a linear layer, float32.

    No bias is a bias of zero.

    Raises
    ------
    ModelError
        Shapes that do not fit together, fewer than two classes, values that are no numbers or not finite.
    """
    matrix = np.asarray(weight)
    offset = np.zeros(len(matrix) if matrix.ndim else 0) if bias is None else np.asarray(bias)
    numeric = matrix.dtype.kind in "fiu" and offset.dtype.kind in "fiu"
    if (
        not numeric
        or matrix.ndim != 2
        or offset.shape != (len(matrix),)
        or len(matrix) < 2
        or not matrix.size
    ):
        raise ModelError(
            f"weights of shape {matrix.shape} and a bias of shape {offset.shape} are no last layer.",
            "Pass (C, d) and (C,) with C >= 2, one row per class (the transpose of an ONNX MatMul's weights).",
        )
    if not (np.isfinite(matrix).all() and np.isfinite(offset).all()):
        raise ModelError("this last layer holds NaN or infinity.", "Train it again, or load another file.")
    return matrix.astype(np.float32), offset.astype(np.float32)
