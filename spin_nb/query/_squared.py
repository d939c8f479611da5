"""k-means++ seeding: each pick drawn with probability proportional to its squared distance from those before."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spin_nb.query.mixture import make_picked, sample_proportional
from spin_nb.types import Float, Picked


class First(NamedTuple):
    """A first pick by score, and its score."""

    row: int
    score: float


def squared_sampling(
    from_row: Callable[[int], Float],
    left: NDArray[np.bool_],
    k: int,
    *,
    start: First | Float,
    seed: int,
    reason: str,
) -> Picked:
    """Draw ``k`` rows far from those drawn before.

    Each is drawn by its squared distance from the nearest of them (Arthur & Vassilvitskii 2007).

    Parameters
    ----------
    from_row : callable
        ``from_row(i)`` gives the squared distance of every row from row ``i``, a new float32 (n,).
    left : bool (n,)
        Rows that may be drawn; written to.
    k : int
        Checked against ``left`` already.
    start : First or float32 (n,)
        The first pick, or every row's squared distance from what is covered already (the labelled rows).
    seed : int
    reason : str

    Returns
    -------
    Picked
        Scores are the squared distances when drawn; where all are 0 (only duplicates left) every row is as likely.
    """
    rng = np.random.default_rng(seed)
    n_left, n = int(left.sum()), len(left)
    rows: list[int] = []
    scores: list[float] = []
    chances: list[float] = []
    if isinstance(start, First):
        distances = np.full(n, np.inf, np.float32)
        weight = np.zeros(n, np.float32)
        weight[start.row] = 1
    else:
        distances = weight = start.copy()
    while len(rows) < k:
        row, chance = sample_proportional(weight, left, rng)
        if not rows and isinstance(start, First):
            scores.append(start.score if row == start.row else np.nan)
        else:
            scores.append(float(distances[row]))
        rows.append(row)
        chances.append(chance)
        left[row] = False
        weight = np.minimum(distances, from_row(row), out=distances)
    return make_picked(rows, scores, n_left, reason, q=chances)
