"""Columns of a frame that say what a model predicts: the same ones in ``s.table`` and of ``s.predict``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from spin_nb.threads import blocks
from spin_nb.types import Float

if TYPE_CHECKING:
    import polars as pl

CLASS_COLUMNS = ("predicted", "probability", "margin", "epistemic", "aleatoric")
MAX_CLASSES_ONE_BY_ONE = 32  # numpy sorts a short last axis more slowly than it compares its columns
NUMBERS_AT_ONCE = 2**17  # what a core keeps in its cache


class ClassProbabilities(Protocol):
    """Class probabilities of items, with their doubt."""

    @property
    def mean(self) -> Float:
        """Probabilities (n, C)."""

    @property
    def epistemic(self) -> Float:
        """Doubt that labels would remove (n,), nats."""

    @property
    def aleatoric(self) -> Float:
        """Doubt that stays (n,), nats."""


def class_column(name: str, prediction: ClassProbabilities, classes: Sequence[str]) -> pl.Series:
    """Column ``name`` of :data:`CLASS_COLUMNS`, one row an item.

    "predicted" is the likeliest class, "probability" its probability, "margin" its lead over the second: near 0
    where the two are a tie.  "epistemic" and "aleatoric" are in nats.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> doubt = np.zeros(2, np.float32)
    >>> mean = np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)
    >>> prediction = SimpleNamespace(mean=mean, epistemic=doubt, aleatoric=doubt)
    >>> [class_column(name, prediction, ["a", "b"]).to_list() for name in ("predicted", "probability", "margin")]
    [['a', 'a'], [0.75, 0.5], [0.5, 0.0]]
    """
    import polars as pl

    if name == "predicted":
        best = pl.Series(name, prediction.mean.argmax(axis=1))
        return pl.Series(name, classes, pl.String).gather(best)
    if name in ("epistemic", "aleatoric"):
        return pl.Series(name, np.asarray(getattr(prediction, name), np.float32))
    first, second = _two_largest(prediction.mean)
    return pl.Series(name, first if name == "probability" else first - second)


def _two_largest(p: Float) -> tuple[Float, Float]:
    """Largest and second largest of each row, (n,)."""
    first, second = np.empty(len(p), p.dtype), np.empty(len(p), p.dtype)
    for rows in blocks(len(p), p.shape[1], NUMBERS_AT_ONCE):
        first[rows], second[rows] = _two_largest_of_few(p[rows])
    return first, second


def _two_largest_of_few(p: Float) -> tuple[Float, Float]:
    if p.shape[1] > MAX_CLASSES_ONE_BY_ONE:
        two = np.partition(p, -2, axis=1)[:, -2:]
        return two[:, 1], two[:, 0]
    columns = np.ascontiguousarray(p.T)
    first, second = columns[0].copy(), np.zeros(len(p), p.dtype)
    for column in columns[1:]:
        np.maximum(second, np.minimum(first, column), out=second)
        np.maximum(first, column, out=first)
    return first, second
