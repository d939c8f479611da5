"""Discriminative active learning: rows that are easiest to tell from what is labelled."""

from __future__ import annotations

from typing import Any

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query.batches._distances import sample
from spin_nb.query.mixture import make_picked
from spin_nb.threads import one_thread
from spin_nb.types import Float, Picked, Rows

MAX_UNLABELLED_ROWS = 5000  # unlabelled rows
FITS_PER_BATCH = 10  # a batch; the published code has 10 to 20


@one_thread()
def discriminative(features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0) -> Picked:
    """Pick the rows most probably unlabelled.

    A classifier tells labelled from unlabelled (Gissin & Shalev 2019).

    Logistic regression on the features scaled to variance 1, both sides weighing the same, fitted again after every
    tenth of the batch with its picks counted as labelled (all of them in batches of 10 or fewer).  The published
    discriminator is a network, which separates a large pool perfectly and then ranks by noise; a linear one only looks
    for directions that labels have not reached, and cheaply.  Like :func:`kcenter` it never looks at the model,
    and extremes come first.  In batches of 50 five rows are picked by each fit and resemble each other: on digits
    (:mod:`spin_nb.query.batches`) that is no better than random.

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,)
        Rows that are labelled already: at least one, never picked.
    seed : int
        Of the 5,000 unlabelled rows that it is fitted to where there are more.

    Returns
    -------
    Picked
        Scores are the log-odds of being unlabelled; the probabilities themselves round to 1 and tie.

    Raises
    ------
    QueryError
        Nothing labelled, features not (n, d), ``k`` outside 1..rows left.

    Examples
    --------
    >>> discriminative(np.array([[0.0], [1], [9], [3]]), 1, labelled_rows=[0]).indices.tolist()
    [2]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    left = unlabelled(len(features), labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    if not len(labelled_rows):
        raise QueryError(
            "discriminative tells labelled from unlabelled: nothing is labelled.",
            "Label a few items first, chosen by 'typiclust' or at random.",
        )
    spread = features.std(axis=0, dtype=np.float64).astype(np.float32)
    x = (features - features.mean(axis=0, dtype=np.float64).astype(np.float32)) / np.where(
        spread > 0, spread, 1
    )
    tell, rng = _classifier(), np.random.default_rng(seed)
    rows: list[int] = []
    scores: list[float] = []
    while len(rows) < k:
        positives, others = (
            np.append(labelled_rows, rows).astype(np.int64),
            sample(left, MAX_UNLABELLED_ROWS, rng),
        )
        if spread.any():
            tell.fit(
                np.concatenate([x[positives], x[others]]), np.repeat([0, 1], [len(positives), len(others)])
            )
        value = tell.decision_function(x) if spread.any() else np.zeros(len(x))
        best = np.argsort(np.where(left, -value, np.inf), kind="stable")[
            : min(-(-k // FITS_PER_BATCH), k - len(rows))
        ]
        rows += [int(row) for row in best]
        scores += value[best].tolist()
        left[best] = False
    return make_picked(rows, scores, n_left, "easiest to tell from what is labelled")


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(solver="newton-cholesky", class_weight="balanced", warm_start=True)
