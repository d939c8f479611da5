"""CLUE: one row for each cluster of uncertain rows."""

from __future__ import annotations

import numpy as np

from spin_nb.query._checks import check_features, check_k, check_labelled, check_probs, unlabelled
from spin_nb.query.batches.kmeans import representatives
from spin_nb.query.mixture import make_picked
from spin_nb.query.scores import entropy
from spin_nb.threads import one_thread
from spin_nb.types import Float, Picked, Rows


@one_thread()
def clue(
    probs: Float, features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0
) -> Picked:
    """Pick rows at the centres of uncertain clusters.

    They are the rows nearest to the centres of ``k`` clusters weighted by entropy (Prabhu et al. 2021).

    k-means in which every row weighs its predictive entropy, so centres are drawn to where there is much uncertainty,
    not to where a row is uncertain by itself.  It is made for batches: a batch of 1 is the middle of all uncertainty,
    16 points worse than random on digits (:mod:`spin_nb.query.batches`); 10 and 50 spread.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: take no part, never picked.
    seed : int
        Of k-means.

    Returns
    -------
    Picked
        Scores are the shares of all uncertainty that each one's cluster holds; the largest first.

    Raises
    ------
    QueryError
        Arrays that do not fit, ``k`` outside 1..rows left.

    Examples
    --------
    >>> clue(np.full((4, 2), 0.5), np.array([[0.0], [1], [2], [9]]), 2).indices.tolist()
    [1, 3]
    """
    probs = check_probs(probs)
    features = check_features(features, n=len(probs))
    left = np.flatnonzero(unlabelled(len(probs), check_labelled(labelled_rows, len(probs))))
    k = check_k(k, len(left))
    weights = entropy(probs)[left]
    rows, shares = representatives(features[left], k, seed=seed, weights=weights if weights.any() else None)
    return make_picked(
        left[rows], shares.astype(np.float32), len(left), "amid the uncertain, one from each cluster"
    )
