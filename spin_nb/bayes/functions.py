"""A posterior known by its functions: networks drawn from it, each applied to every item."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from threading import Lock

import numpy as np

from spin_nb.bayes.predictive import RowsPredictive, decompose, softmax, zero_one
from spin_nb.types import Float, Ints

ITEMS_PER_RUN = 2048  # items that go through the networks at once

Functions = Callable[[Float], Float]


class FunctionsPredictive(RowsPredictive):
    """A predictive from networks instead of a formula, streamed over items.

    Parameters
    ----------
    inputs : float32 (n, ...)
        What the networks take, one row per item.
    every : callable
        ``every(x) -> (M, len(x), C)``: logits of the functions that mean and uncertainties are averages over.
    draw : callable
        ``draw(S, seed)`` gives a callable like ``every`` of ``S`` functions; same seed, same functions.

    Examples
    --------
    >>> two_minds = lambda x: np.stack([np.c_[x, -x], np.c_[-x, x]])
    >>> p = FunctionsPredictive(np.full((3, 1), 9, np.float32), two_minds, lambda S, seed: two_minds)
    >>> p.mean[0].tolist(), round(float(p.epistemic[0]), 3)
    ([0.5, 0.5], 0.693)
    """

    def __init__(self, inputs: Float, every: Functions, draw: Callable[[int, int], Functions]) -> None:
        self._inputs, self._every, self._draw = inputs, every, draw
        self._lock = Lock()  # a network may be altered while it is applied: masks, weights
        self.marginal_logits, self.joint_logits = self._marginal, self._joint

    def __len__(self) -> int:
        return len(self._inputs)

    @property
    def mean(self) -> Float:
        """Class probabilities (n, C), the average over the functions."""
        return self._summary[0]

    @property
    def _parts(self) -> tuple[Float, Float]:  # type: ignore[override]
        return self._summary[1], self._summary[2]

    @property
    def _zero_one(self) -> Float:  # type: ignore[override]
        return self._summary[3]

    @cached_property
    def _summary(self) -> list[Float]:
        starts = range(0, max(len(self), 1), ITEMS_PER_RUN)
        parts = [_summarise(self._apply(self._every, self._inputs[at : at + ITEMS_PER_RUN])) for at in starts]
        return [np.concatenate(columns) for columns in zip(*parts, strict=True)]

    def _marginal(self, start: int, stop: int) -> Float:
        return np.moveaxis(self._apply(self._every, self._inputs[start:stop]), -1, 0)

    def _joint(self, rows: Ints, S: int, seed: int) -> Float:
        functions = self._draw(S, seed)
        starts = range(0, max(len(rows), 1), ITEMS_PER_RUN)
        parts = [self._apply(functions, self._inputs[rows[at : at + ITEMS_PER_RUN]]) for at in starts]
        return np.concatenate(parts, axis=1)

    def _apply(self, functions: Functions, x: Float) -> Float:
        with self._lock:
            return functions(x)


def _summarise(logits: Float) -> tuple[Float, Float, Float, Float]:
    """Mean, aleatoric, epistemic and zero-one epistemic of logits (M, n, C)."""
    probs = softmax(logits)
    mean = probs.mean(axis=0)
    _, aleatoric, epistemic = decompose(probs)
    return mean, aleatoric, epistemic, zero_one(probs.max(axis=2), mean.max(axis=1))


def member_order(n_members: int, S: int, seed: int) -> Ints:
    """Assign a member to each of ``S`` draws.

    Every member is there equally often, to within one, in random order.

    Examples
    --------
    >>> sorted(member_order(3, 6, seed=1).tolist())
    [0, 0, 1, 1, 2, 2]
    """
    rng = np.random.default_rng(seed)
    turns = [rng.permutation(n_members) for _ in range(-(-S // n_members))]
    return np.concatenate(turns)[:S]
