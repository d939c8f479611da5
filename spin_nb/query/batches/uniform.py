"""Asking at random, what every other strategy is measured against."""

from __future__ import annotations

import numpy as np

from spin_nb.query._checks import check_k, check_labelled, check_probs, unlabelled
from spin_nb.query.mixture import make_picked, sample_proportional
from spin_nb.types import Float, Picked, Rows


def uniform(probs: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0) -> Picked:
    """Draw rows uniformly, whatever the model says.

    The word for it is "random".

    Parameters
    ----------
    probs : float32 (n, C)
        Only their number counts.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: never picked.
    seed : int

    Returns
    -------
    Picked
        Scores of 0, ``q`` = 1 / rows left.

    Raises
    ------
    QueryError
        Rows that are not probabilities, ``k`` outside 1..rows left.

    Examples
    --------
    >>> uniform(np.full((4, 2), 0.5), 2).q.round(3).tolist()
    [0.25, 0.333]
    """
    n = len(check_probs(probs))
    left = unlabelled(n, check_labelled(labelled_rows, n))
    k = check_k(k, n_left := int(left.sum()))
    rng, rows, chances = np.random.default_rng(seed), [], []
    for _ in range(k):
        row, chance = sample_proportional(np.zeros(n), left, rng)
        left[row] = False
        rows.append(row)
        chances.append(chance)
    return make_picked(rows, [0.0] * k, n_left, "drawn uniformly", q=chances)
