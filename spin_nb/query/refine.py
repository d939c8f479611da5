"""What "auto" asks once a committee of trees is the head shown: the narrowest decisions.

Trees know nothing of the pool's shape, so there is no variance to look ahead with: the item they are least decided
about is asked, as far from the others of its batch as their neighbours are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spin_nb.query._checks import askable, check_k, check_rows
from spin_nb.query.mixture import EPSILON, sample_with
from spin_nb.query.rare import Rare
from spin_nb.query.scores import margin
from spin_nb.types import Float, Ints, Picked

N_CANDIDATES = 1000  # items, beside the batch's size, that are looked at


def refine(
    probs: Float,
    features: Float,
    scales: Float,
    candidates: Ints,
    k: int,
    *,
    pending: Sequence[int] = (),
    rare: Rare | None = None,
    head: str = "the trees are",
    seed: int = 0,
    epsilon: float = EPSILON,
) -> Picked:
    """Ask the smallest margins, no near-duplicates in one batch.

    An item closer to a pick, or to an item that waits for its label, than to its own seventh neighbour is passed over
    as long as there are others.

    Parameters
    ----------
    probs : float32 (n, C)
        Of every pool item, by the head shown.
    features : float32 (n, d)
    scales : float32 (n,)
        Distance of each item to its seventh neighbour.
    candidates : int64 (m,)
        Pool rows that may be asked.
    k : int
    pending : sequence of int
        Pool rows asked and not yet answered.
    rare : Rare, optional
        Whose turn comes in between; see :mod:`spin_nb.query.rare`.
    head : str
        The head shown, with its verb, for the reason.
    seed : int
    epsilon : float
        Share of uniform picks (:func:`~spin_nb.query.epsilon_greedy`).

    Returns
    -------
    Picked
        Pool rows; scores are :func:`~spin_nb.query.scores.margin`'s.

    Raises
    ------
    QueryError
        Nothing left to ask, ``k`` outside 1..candidates left.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.5, 0.5], [0.52, 0.48], [0.7, 0.3]], np.float32)
    >>> x = np.array([[0.0], [1.0], [1.01], [3.0]], np.float32)
    >>> refine(p, x, np.full(4, 0.5, np.float32), np.arange(4), 2).indices.tolist()
    [1, 3]
    """
    probs, features = np.asarray(probs), np.asarray(features)
    check_rows(len(features), probs=probs, scales=scales)
    left, waiting = askable(len(probs), candidates, pending)
    free = np.flatnonzero(left)
    k = check_k(k, len(free))
    scores = np.zeros(len(probs), np.float32)
    scores[free] = margin(probs[free])
    narrow = _highest(scores, free, k)
    near = _Near(features, scales, narrow)
    for row in waiting:
        near.add(int(row))

    def best() -> int:
        if rare is not None and rare.turn():
            return rare.likeliest(left)
        waiting = left[narrow]
        apart = waiting & ~near.mask
        return int(narrow[np.argmax(apart if apart.any() else waiting)])

    batch = sample_with(
        best, lambda row: float(scores[row]), left, k, epsilon=epsilon, seed=seed, after_pick=near.add
    )
    reason = f"refining: {head} least decided here"
    return Picked(
        batch.indices, batch.scores, batch.q, reason if rare is None else f"{reason}; {rare.reason}"
    )


class _Near:
    """Rows too close to what is being asked already."""

    def __init__(self, features: Float, scales: Float, rows: Ints) -> None:
        self._features, self._x, self._scales = features, features[rows], np.asarray(scales)[rows]
        self.mask = np.zeros(len(rows), bool)

    def add(self, row: int) -> None:
        gaps = self._x - self._features[row]
        self.mask |= np.einsum("nd,nd->n", gaps, gaps) < self._scales**2


def _highest(values: Float, free: Ints, k: int) -> Ints:
    """Free rows by value, as many as are looked at.

    They come from the highest down, ties by lowest row.
    """
    most = min(len(free), k + N_CANDIDATES)
    least = np.partition(values[free], len(free) - most)[len(free) - most]
    some = free[values[free] >= least]
    return some[np.argsort(-values[some], kind="stable")][:most]
