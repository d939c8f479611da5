"""Core-set: cover the pool with balls as small as possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query.batches._distances import Doubles, Nearest, middle
from spin_nb.query.mixture import make_picked
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints, Picked, Rows

N_FOLLOWED = 4096  # farthest rows whose distances are kept up to date


@one_thread()
def kcenter(features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0) -> Picked:
    """Pick the row farthest from all others, repeatedly.

    The others are all that is labelled or picked (Sener & Savarese 2018, algorithm 1).

    The greedy solution of the k-centre problem, within a factor 2 of the best (Gonzalez 1985), in ``n d`` a pick.
    With nothing labelled it begins at the row nearest to the mean.

    It looks at distances alone, so what it asks first are outliers.  With few labels it is worse than random in the
    literature (Hacohen, Dekel & Weinshall 2022; Mahmood et al. 2022) and on digits, in batches of 1 and 10
    (:mod:`spin_nb.query.batches`): it wants a trained feature space, and some labels, first.

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: the first centres, never picked.
    seed : int
        Nothing is drawn: every seed gives the same batch.

    Returns
    -------
    Picked
        Scores are the Euclidean distances to the nearest centre before.

    Raises
    ------
    QueryError
        Not (n, d), NaN, ``k`` outside 1..rows left.

    Examples
    --------
    >>> kcenter(np.array([[0.0], [1], [5], [9]]), 2, labelled_rows=[0]).indices.tolist()
    [3, 2]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    left = unlabelled(len(features), labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    nearest = Nearest(features, labelled_rows)
    rows, distances = farthest_first(
        nearest, left, k, start=None if len(labelled_rows) else middle(features, left)
    )
    return make_picked(rows, distances, n_left, "farthest from everything labelled or picked")


def farthest_first(
    nearest: Nearest, left: NDArray[np.bool_], k: int, *, start: int | None = None
) -> tuple[list[int], list[float]]:
    """Rows picked farthest first, and their distances.

    ``left`` and ``nearest`` are kept up to date.

    Distances only fall as rows are picked.  So only the farthest few thousand rows are followed, until the farthest of
    them is nearer than the others were: then these are brought up to date by one product for all picks since.

    ``start`` is picked first; it is at no distance from anything, and is given that of the second pick.
    """
    rows: list[int] = []
    distances: list[float] = []
    if start is not None:
        rows, distances = [start], [0.0]
        left[start] = False
        nearest.add(start)
    while len(rows) < k:
        several = _follow(nearest, left, k - len(rows)) or [nearest.best(left, _distance)]
        picked_now = [row for row, _ in several]
        left[picked_now] = False
        nearest.add_all(picked_now)
        rows += picked_now
        distances += [distance for _, distance in several]
    if start is not None and k > 1:
        distances[0] = distances[1]
    return rows, distances


def _follow(nearest: Nearest, left: NDArray[np.bool_], k: int) -> list[tuple[int, float]]:
    """Picks that the farthest rows alone decide.

    They are the next rows and their distances, perhaps none.
    """
    rows = np.flatnonzero(left)
    if len(rows) <= N_FOLLOWED:
        outside = -np.inf
    else:
        order = np.argpartition(-nearest.high[rows], N_FOLLOWED)
        outside = float(nearest.high[rows[order[N_FOLLOWED:]]].max())
        rows = np.sort(rows[order[:N_FOLLOWED]])
    part, free = nearest.among(rows), np.ones(len(rows), bool)
    picks: list[tuple[int, float]] = []
    while len(picks) < min(k, len(rows)):
        place, distance = part.best(free, _distance)
        if distance**2 <= outside:
            break
        picks.append((int(rows[place]), distance))
        free[place] = False
        part.add(place)
    return picks


def _distance(distances: Doubles | Float, rows: Ints | slice) -> Doubles | Float:
    return distances
