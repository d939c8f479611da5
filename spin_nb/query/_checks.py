"""What every score and strategy asks of its arrays, with errors that name both shapes and say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import QueryError
from spin_nb.threads import blocks
from spin_nb.types import Float, Ints, Rows
from spin_nb.words import shown

MAX_PLAUSIBLE_DRAWS = 1000  # more than this, and many more than items, and the axes are taken for swapped


def check_probs(probs: ArrayLike, *, n: int | None = None, classes: int | None = None) -> Float:
    """Return ``probs`` as float32 (n, C), C >= 2.

    Its rows sum to 1.

    Parameters
    ----------
    probs : array (n, C)
    n, classes : int, optional
        Rows and columns there must be.

    Raises
    ------
    QueryError
        Another shape, no rows, one class, NaN, negative numbers (logits?), rows that do not sum to 1.
    """
    probs = _numbers(probs, "probs")
    if probs.ndim != 2 or not len(probs):
        raise QueryError(f"probs are (n, C), not {probs.shape}.", "Pass predictive.mean.")
    if probs.shape[1] < 2:
        raise QueryError(f"probs of shape {probs.shape} hold a single class.", "Name two classes or more.")
    _expect("probs", probs.shape, 0, n)
    _expect("probs", probs.shape, 1, classes)
    if not _sums_to_one(probs):
        raise QueryError(
            f"these are no probabilities: rows of probs {probs.shape} must be non-negative and sum to 1.",
            "Pass predictive.mean; turn logits into probabilities with a softmax first.",
        )
    return probs


def check_draws(
    draws: ArrayLike,
    *,
    name: str = "draws",
    n: int | None = None,
    like: tuple[int, ...] | None = None,
) -> Float:
    """Return ``draws`` as float32 (S, n, C).

    They are class probabilities under ``S`` posterior samples.

    Parameters
    ----------
    draws : array (S, n, C)
    name : str
        What the error calls it.
    n : int, optional
        Items there must be.
    like : tuple of int, optional
        Shape of other draws ``(S, _, C)`` that were made by the same samples.

    Raises
    ------
    QueryError
        Another number of axes, axes in another order, nothing in it, one class, rows that do not sum to 1, another
        number of items, samples or classes than the arrays beside it.
    """
    draws = check_outputs(draws, name=name, n=n)
    if not all(_sums_to_one(draw) for draw in draws):
        raise QueryError(
            f"these are no probabilities: {name} {draws.shape} must be non-negative, their last axis sums to 1.",
            f"{name} are (S, n, C): pass predictive.draws(rows, S, seed); softmax logits first.",
        )
    S, _, C = draws.shape
    if C < 2:
        raise QueryError(f"{name} of shape {draws.shape} hold a single class.", "Name two classes or more.")
    if like is not None and (like[0], like[2]) != (S, C):
        raise QueryError(
            f"{name} of shape {draws.shape} do not fit draws of shape {like}: samples and classes must agree.",
            "Draw both with the same S and seed from one model; draws are (S, n, C).",
        )
    return draws


def check_outputs(draws: ArrayLike, *, name: str = "draws", n: int | None = None) -> Float:
    """Return ``draws`` as finite float32 (S, n, C).

    They are regressed numbers or probabilities under ``S`` samples.

    Raises
    ------
    QueryError
        Another number of axes, axes in another order, nothing in it, NaN, another number of items.
    """
    draws = _numbers(draws, name)
    if draws.ndim != 3 or not draws.size:
        raise QueryError(
            f"{name} are (S, n, C), not {draws.shape}.",
            f"{name} are (S, n, C): pass predictive.draws(rows, S, seed).",
        )
    if not all(np.isfinite(draw).all() for draw in draws):
        raise QueryError(
            f"{name} of shape {draws.shape} hold NaN or infinity.", "Check the model's predictions."
        )
    axis = _class_axis(draws)
    if axis != 2:
        raise QueryError(
            f"{name} of shape {draws.shape} sum to 1 along axis {axis}, not along the last.",
            f"{name} are (S, n, C): move axis {axis} to the end with np.moveaxis.",
        )
    S, items, _ = draws.shape
    is_transposed = n == S != items if n is not None else max(MAX_PLAUSIBLE_DRAWS, 10 * items) < S
    if is_transposed:
        raise QueryError(
            f"{name} of shape {draws.shape} hold {S} draws of {items} items.",
            f"{name} are (S, n, C), not (n, S, C): pass np.swapaxes(draws, 0, 1), or {MAX_PLAUSIBLE_DRAWS:,} draws"
            " at most.",
        )
    _expect(name, draws.shape, 1, n)
    return draws


def _class_axis(draws: Float) -> int:
    """The axis along which these are probabilities.

    It is the last one where none is.
    """
    corner = draws[:64, :64, :64]
    if corner.min() < 0 or np.allclose(draws[:64, :64].sum(axis=2), 1, atol=1e-3):
        return 2
    for axis, size in enumerate(draws.shape[:2]):
        sums = np.moveaxis(draws, axis, 0)[:, :64, :64].sum(axis=0)
        if size > 1 and sums.size > 1 and np.allclose(sums, 1, atol=1e-3):
            return axis
    return 2


def check_features(
    features: ArrayLike, *, name: str = "features", n: int | None = None, d: int | None = None
) -> Float:
    """Return ``features`` as finite float32 (n, d), n >= 1.

    Raises
    ------
    QueryError
        Another number of axes, nothing in it, NaN or infinity, other rows or columns than ``n`` and ``d``.
    """
    features = _numbers(features, name)
    if features.ndim != 2 or not features.size:
        raise QueryError(f"{name} are (n, d), not {features.shape}.", "Pass one row of numbers an item.")
    _expect(name, features.shape, 0, n)
    _expect(name, features.shape, 1, d)
    for rows in blocks(len(features), features.shape[1]):
        if not np.isfinite(features[rows]).all():
            first = rows.start + int(np.flatnonzero(~np.isfinite(features[rows]).all(axis=1))[0])
            raise QueryError(
                f"{name} hold NaN or infinity, first in row {first}.", "Repair or drop those items."
            )
    return features


def check_values(values: ArrayLike, name: str, *, n: int | None = None, least: float | None = None) -> Float:
    """Return ``values`` as finite float32 (n,).

    There is one number an item, and n >= 1.

    Raises
    ------
    QueryError
        Another shape, nothing in it, NaN or infinity, a value below ``least``.
    """
    values = _numbers(values, name)
    if values.ndim != 1 or not len(values):
        raise QueryError(f"{name} must be (n,), not {values.shape}.", "Pass one number an item.")
    _expect(name, values.shape, 0, n)
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise QueryError(
            f"{name} hold NaN or infinity, first in row {first}.", "Check the model's predictions."
        )
    if least is not None and values.min() < least:
        raise QueryError(
            f"{name} must be at least {least:g}, not {values.min():g}.", "Check the model's predictions."
        )
    return values


def check_scores(scores: ArrayLike, *, n: int | None = None) -> Float:
    """Return ``scores`` as float32 (n,), without NaN.

    n >= 1; infinity is allowed.

    Raises
    ------
    QueryError
        Nothing to choose from, a wrong shape, NaN.
    """
    scores = _numbers(scores, "scores")
    if scores.ndim != 1 or not len(scores):
        raise QueryError(
            f"nothing to choose from: scores are (n,), not {scores.shape}.", "Pass at least one candidate."
        )
    _expect("scores", scores.shape, 0, n)
    if np.isnan(scores).any():
        raise QueryError(f"{int(np.isnan(scores).sum())} scores are NaN.", "Check the model's probabilities.")
    return scores


def check_labelled(labelled_rows: Rows | None, n: int) -> Ints:
    """Return ``labelled_rows`` as int64 (m,).

    They are different rows of a pool of ``n``, in the order given; None is none.

    Raises
    ------
    QueryError
        Not integers (a mask?), out of range, the same row twice.
    """
    if labelled_rows is None:
        return np.zeros(0, np.int64)
    rows = np.asarray(labelled_rows)
    if rows.ndim == 1 and not rows.size:
        return np.zeros(0, np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise QueryError(
            f"labelled holds rows (m,) of the {n} items, not {rows.dtype} of shape {rows.shape}.",
            "Pass row numbers; np.flatnonzero turns a mask into them.",
        )
    if rows.min() < 0 or rows.max() >= n:
        bad = rows[(rows < 0) | (rows >= n)][0]
        raise QueryError(f"labelled row {bad} is not in 0..{n - 1}.", f"Pass rows of the same {n} items.")
    if len(np.unique(rows)) != len(rows):
        values, counts = np.unique(rows, return_counts=True)
        raise QueryError(f"row {values[counts > 1][0]} is labelled twice.", "Pass each labelled row once.")
    return rows.astype(np.int64, copy=False)


def check_labels(labels: Rows | None, labelled_rows: Ints, classes: int | None = None) -> Ints:
    """Return ``labels`` as int64 (m,).

    There is one class index for each labelled row.

    Raises
    ------
    QueryError
        Another length than ``labelled_rows``, not integers, outside the classes.
    """
    y = np.asarray(labels)
    if y.shape != labelled_rows.shape or (y.dtype.kind not in "iu" and y.size):
        raise QueryError(
            f"labels are {y.dtype} of shape {y.shape}, labelled rows are {labelled_rows.shape}.",
            "Pass one class index for each labelled row.",
        )
    if y.size and (y.min() < 0 or (classes is not None and y.max() >= classes)):
        raise QueryError(
            f"class indices run from {y.min()} to {y.max()}, not 0..{'C - 1' if classes is None else classes - 1}.",
            "Pass indices into the classes of probs.",
        )
    return y.astype(np.int64, copy=False)


def unlabelled(n: int, labelled_rows: Ints) -> NDArray[np.bool_]:
    """Mask (n,) of the rows that may be picked.

    Raises
    ------
    QueryError
        Every row is labelled.
    """
    left = np.ones(n, bool)
    left[labelled_rows] = False
    if not left.any():
        raise QueryError(f"nothing is left to ask: all {n} rows are labelled.", "Add items to the pool.")
    return left


def check_k(k: object, left: int) -> int:
    """Return ``k`` as int, 1 to ``left``.

    Raises
    ------
    QueryError
        Not an integer, 0 or less, more than are left.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer):
        raise QueryError(f"k must be a whole number, not {shown(k)}.", f"Ask for 1 to {left}.")
    if not left:
        raise QueryError("nothing is left to ask.", "Every item is labelled, pending or set aside.")
    if not 1 <= k <= left:
        raise QueryError(f"cannot ask {k} of {left} items.", f"Ask for 1 to {left}.")
    return int(k)


def check_pool_rows(rows: Rows | None, name: str, n: int) -> Ints:
    """Return rows of a pool of ``n`` as int64 (m,).

    Raises
    ------
    QueryError
        Not whole numbers (a mask is none), outside 0..n-1.
    """
    array = np.asarray(rows)
    if not array.size:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise QueryError(
            f"{name} must be row numbers, not {array.dtype} of shape {array.shape}.",
            "Pass np.flatnonzero(mask) for a mask.",
        )
    if array.min() < 0 or array.max() >= n:
        raise QueryError(f"{name} hold rows outside 0..{n - 1}.", "Pass rows of the pool.")
    return array.astype(np.int64, copy=False)


def askable(n: int, candidates: Rows | None, pending: Rows | None) -> tuple[NDArray[np.bool_], Ints]:
    """Mask (n,) of askable candidates, and the pending rows.

    A candidate is askable where it waits for no answer.  Pending rows come each once, in the order given.

    Raises
    ------
    QueryError
        As :func:`check_pool_rows`.
    """
    waiting = check_pool_rows(pending, "pending", n)
    left = np.zeros(n, bool)
    left[check_pool_rows(candidates, "candidates", n)] = True
    left[waiting] = False
    return left, np.array(list(dict.fromkeys(waiting.tolist())), np.int64)


def check_rows(n: int, **arrays: ArrayLike) -> None:
    """Check that every array has ``n`` rows.

    The error names both shapes.
    """
    for name, array in arrays.items():
        if np.shape(array)[:1] != (n,):
            raise QueryError(
                f"{name} of shape {np.shape(array)} do not fit {n} items.",
                "Pass a row for every item of the pool.",
            )


def _numbers(array: ArrayLike, name: str) -> Float:
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise QueryError(f"{name} must be numbers, not {array.dtype}.", "Pass a float32 array.")
    return array.astype(np.float32, copy=False)


def _expect(name: str, shape: tuple[int, ...], axis: int, size: int | None) -> None:
    if size is not None and shape[axis] != size:
        expected_shape = tuple(size if at == axis else there for at, there in enumerate(shape))
        raise QueryError(
            f"{name} of shape {shape} do not fit the arrays beside them, which want {expected_shape}.",
            "Pass arrays over the same items and classes, in the same order.",
        )


def _sums_to_one(probs: Float) -> bool:
    sums = probs @ np.ones(probs.shape[-1], np.float32)
    return bool(np.isfinite(sums).all() and probs.min() >= 0 and np.abs(sums - 1).max() <= 1e-3)
