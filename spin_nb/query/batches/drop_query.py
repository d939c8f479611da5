"""DropQuery: one row for each cluster of rows whose label does not survive the loss of features."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_k, check_labelled, check_labels, unlabelled
from spin_nb.query.batches.kmeans import representatives
from spin_nb.query.mixture import make_picked
from spin_nb.threads import blocks, one_thread
from spin_nb.types import Float, Ints, Picked, Rows


@one_thread()
def drop_query(
    features: Float,
    k: int,
    *,
    labelled_rows: Rows | None = None,
    labels: Rows | None = None,
    rate: float = 0.75,
    passes: int = 3,
    seed: int = 0,
) -> Picked:
    """Pick diverse rows whose class hangs on single features.

    The rows whose class changes when features are dropped are clustered, one of each is picked (Gupte et al. 2024).

    A linear classifier is fitted to the labelled features (logistic regression, as published).  A row is a candidate
    when, with ``rate`` of its features set to 0, it gets another class in more than half of ``passes``; where fewer
    than ``k`` do, those that change most often.  Candidates are clustered by k-means and the row nearest to each
    centre is picked.  With fewer than two classes labelled every row is a candidate, which makes it k-means.

    It is made for batches: a batch of 1 is the middle of the candidates, 16 points worse than random on digits
    (:mod:`spin_nb.query.batches`); 10 and 50 spread.

    Parameters
    ----------
    features : float32 (n, d)
        Ready for a linear classifier: from a trained encoder.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    labels : int (m,), optional
        Their classes.
    rate : float
        Share of features dropped, inside (0, 1).
    passes : int
    seed : int

    Returns
    -------
    Picked
        Scores are the shares of the candidates that each one's cluster holds; the largest first.

    Raises
    ------
    QueryError
        Arrays that do not fit, ``k`` outside 1..rows left, a rate outside (0, 1), no passes.

    Examples
    --------
    >>> x = np.array([[-9.0, 0], [9, 0], [-8, 8], [1, -9], [8, 8]])
    >>> drop_query(x, 1, labelled_rows=[0, 1], labels=[0, 1]).indices.tolist()
    [3]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    y = check_labels(np.zeros(0, np.int64) if labels is None else labels, labelled_rows)
    left = np.flatnonzero(unlabelled(len(features), labelled_rows))
    k = check_k(k, len(left))
    if not 0 < rate < 1 or passes < 1:
        raise QueryError(
            f"rate {rate} and passes {passes} drop nothing, or all.", "Use the published 0.75 and 3."
        )
    candidates, reason = (
        left,
        "one from each cluster (two labelled classes are needed to see which labels are fragile)",
    )
    if len(np.unique(y)) > 1:
        changes = _changes(features, left, labelled_rows, y, rate, passes, np.random.default_rng(seed))
        order = np.argsort(-changes, kind="stable")
        candidates = left[np.sort(order[: max(k, int((changes > passes / 2).sum()))])]
        reason = (
            f"one from each cluster of the {len(candidates):,} whose class changes when features are dropped"
        )
    rows, shares = representatives(features[candidates], k, seed=seed)
    return make_picked(candidates[rows], shares.astype(np.float32), len(left), reason)


def _changes(
    features: Float,
    left: Ints,
    labelled_rows: Ints,
    y: Ints,
    rate: float,
    passes: int,
    rng: np.random.Generator,
) -> Ints:
    """Number of passes in which each row's class changes."""
    from sklearn.linear_model import LogisticRegression

    scale = np.sqrt(np.mean(np.square(features[labelled_rows]))) or np.float32(1)
    probe = LogisticRegression(tol=1e-3, max_iter=200).fit(features[labelled_rows] / scale, y)
    weight, bias = (np.asarray(part, np.float32) for part in (probe.coef_ / scale, probe.intercept_))
    if len(weight) == 1:  # two classes share one row of weights
        weight, bias = np.concatenate([-weight, weight]), np.concatenate([-bias, bias])
    out = np.zeros(len(left), np.int64)
    for block in blocks(len(left), features.shape[1]):
        x = features[left[block]]
        whole = (x @ weight.T + bias).argmax(axis=1)
        for _ in range(passes):
            masked = x * (rng.random(x.shape, np.float32) >= rate)
            out[block] += (masked @ weight.T / np.float32(1 - rate) + bias).argmax(axis=1) != whole
    return out
