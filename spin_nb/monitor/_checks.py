"""What the measures ask of their arrays, with errors that say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError

Real = NDArray[np.float64]
TINY = float(np.finfo(np.float32).tiny)
"""What a probability of 0 counts as under a logarithm."""


def check_rows(probs: ArrayLike) -> Real:
    """Return ``probs`` as float64 (n, C) rows that sum to 1.

    Raises
    ------
    ModelError
        If it is not two-dimensional, or a row is no probability: NaN, negative, or logits.
    """
    p = np.asarray(probs, dtype=np.float64)
    if p.ndim != 2:
        raise ModelError(f"probabilities of shape {p.shape} are not (n, C).", "Pass one row per item.")
    if not len(p):
        return p
    off = float(np.abs(p.sum(axis=1) - 1).max())
    if not off < 1e-3 or p.min() < 0:
        raise ModelError(
            f"a row of probabilities is off 1 by {off:.3g}.", "Pass probabilities, not logits: softmax first."
        )
    return p


def check_judged(probs: ArrayLike, y: ArrayLike) -> tuple[Real, NDArray[np.int64]]:
    """Return probabilities float64 (n, C) and true classes int64 (n,), n >= 1.

    Raises
    ------
    ModelError
        As :func:`check_rows`; if the shapes do not match, ``n`` is 0 or an index is no class.
    """
    p, classes = np.asarray(probs, dtype=np.float64), np.asarray(y)
    if p.ndim != 2 or classes.shape != p.shape[:1] or not len(p):
        raise ModelError(
            f"probabilities of shape {p.shape} do not match {classes.shape} true classes.",
            "Pass probabilities (n, C) and class indices (n,), n >= 1.",
        )
    p = check_rows(p)
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0 or classes.max() >= p.shape[1]:
        raise ModelError(
            f"class indices {classes.min()}..{classes.max()} do not fit {p.shape[1]} classes.",
            "Pass whole numbers from 0 to C - 1, audited items only.",
        )
    return p, classes.astype(np.int64)


def check_numbers(**arrays: ArrayLike) -> list[Real]:
    """Return each array as finite float64 (n,), all of one length n >= 1.

    Raises
    ------
    ModelError
        Naming the array that does not fit.
    """
    numbers = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    first = next(iter(numbers.values()))
    for name, values in numbers.items():
        if values.ndim != 1 or not len(values) or len(values) != len(first):
            raise ModelError(
                f"{name} has shape {values.shape}, not ({first.size},) with at least one number.",
                "Pass one number per item in every array.",
            )
        if not np.isfinite(values).all():
            raise ModelError(f"{name} holds NaN or infinity.", "Leave those items out.")
    return list(numbers.values())
