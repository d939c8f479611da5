"""Ranked batches: far from what is labelled first, uncertain more and more."""

from __future__ import annotations

import numpy as np

from spin_nb.query._checks import check_features, check_k, check_labelled, check_probs, unlabelled
from spin_nb.query.batches._distances import Doubles, Nearest, middle
from spin_nb.query.mixture import make_picked
from spin_nb.query.scores import least_confident
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints, Picked, Rows


@one_thread()
def ranked_batch(
    probs: Float, features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0
) -> Picked:
    """Pick rows that are new first, uncertain later.

    It goes by ``a (1 - similarity) + (1 - a) uncertainty``, where ``a`` is the unlabelled share (Cardoso et
    al. 2017).

    Similarity is ``1 / (1 + distance)`` to the nearest row labelled or picked, uncertainty is one minus the highest
    probability.  With nothing labelled it begins at the row nearest to the mean.

    ``a`` is nearly 1 in any large pool (0.999 at 50 labels of 50,000), and there this is :func:`kcenter` with its
    weakness for outliers in batches of 1 and 10 (:mod:`spin_nb.query.batches`); the distances' unit decides the rest.
    It is what modAL ships; for a batch that is uncertain and diverse take :func:`diverse` margins.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    seed : int
        Nothing is drawn: every seed gives the same batch.

    Returns
    -------
    Picked
        Scores as above, 0 to 1.

    Raises
    ------
    QueryError
        Arrays that do not fit, ``k`` outside 1..rows left.

    Examples
    --------
    >>> probs = np.array([[1.0, 0], [1, 0], [1, 0], [0.5, 0.5]])
    >>> ranked_batch(probs, np.array([[0.0], [1], [3], [3]]), 2, labelled_rows=[0]).indices.tolist()
    [3, 1]
    """
    probs = check_probs(probs)
    n = len(probs)
    features = check_features(features, n=n)
    labelled_rows = check_labelled(labelled_rows, n)
    left = unlabelled(n, labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    uncertain = least_confident(probs).astype(np.float64)
    nearest = Nearest(features, labelled_rows)
    rows: list[int] = []
    scores: list[float] = []
    while len(rows) < k:
        share = (n_left - len(rows)) / n

        def score(distances: Doubles | Float, some: Ints | slice, share: float = share) -> Doubles:
            return np.asarray(
                share * (1 - 1 / (1 + distances.astype(np.float64))) + (1 - share) * uncertain[some]
            )

        if rows or len(labelled_rows):
            row, value = nearest.best(left, score)
        else:
            row = middle(features, left)
            value = float(score(np.array([np.inf]), np.array([row]))[0])
        rows.append(row)
        scores.append(value)
        left[row] = False
        nearest.add(row)
    return make_picked(rows, scores, n_left, "unlike what is labelled, and uncertain")
