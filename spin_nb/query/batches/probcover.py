"""ProbCover: cover as much of the pool as possible with balls of one radius."""

from __future__ import annotations

import numpy as np

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query.batches._coverage import cover
from spin_nb.query.batches._distances import Points
from spin_nb.query.batches.kmeans import clusters
from spin_nb.query.mixture import make_picked
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

PURITY = 0.95
N_MEASURED = 1000  # balls whose purity is looked at


@one_thread()
def probcover(
    features: Float,
    k: int,
    *,
    labelled_rows: Rows | None = None,
    radius: float | None = None,
    n_classes: int = 10,
    seed: int = 0,
) -> Picked:
    """Pick rows whose balls cover most.

    Each is the row whose ball covers most rows that no labelled or picked row covers (Yehuda et al. 2022,
    algorithm 1).

    Greedy, so within ``1 - 1/e`` of the best coverage.  Made for the first labels.  The radius decides: too small and
    every row covers only itself, too large and one pick covers all (Bae, Noh & Sutherland 2024 find that the estimate
    below often fails; their :func:`max_herding` needs none).  When everything is covered, early for batches of 50, the
    published code goes on with row 0; here the rows farthest from all before follow, and ``reason`` says so.

    Exact up to 7,000 rows left; of more, a uniform sample of 7,000 is picked from and covered, so that memory and time
    do not grow with the square of the pool.

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: what they cover counts for nothing, never picked.
    radius : float, optional
        Balls are ``distance < radius``, Euclidean.  None: the largest at which 95 % of the balls are pure, that is hold
        one cluster of k-means only, as published.
    n_classes : int
        Clusters for that estimate: the number of classes expected.
    seed : int
        Of k-means and of the sample.

    Returns
    -------
    Picked
        Scores are the shares of the rows left that each covers anew.

    Raises
    ------
    QueryError
        Not (n, d), NaN, ``k`` outside 1..rows left, a radius of 0 or less, fewer than 2 classes.

    Examples
    --------
    >>> probcover(np.array([[0.0], [1], [2], [9]]), 2, radius=1.5).indices.tolist()
    [1, 3]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    left = unlabelled(len(features), labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    radius = pure_radius(features, n_classes, seed=seed) if radius is None else check_radius(radius)
    square = np.float32(radius) ** 2
    rows, shares, covering = cover(
        features, labelled_rows, left, k, lambda d: np.less(d, square, out=d), seed
    )
    reason = f"covers most rows within {radius:.3g}"
    if covering < k:
        reason += f", all of them after {covering}; then the farthest"
    return make_picked(rows, shares, n_left, reason)


def check_radius(radius: float) -> float:
    """Return ``radius``, above 0.

    Raises
    ------
    QueryError
        It is not.
    """
    if not radius > 0:
        raise QueryError(
            f"a radius of {radius} covers nothing.", "Pass a distance above 0, or None to estimate it."
        )
    return radius


def pure_radius(features: Float, n_classes: int, *, seed: int) -> float:
    """The largest radius at which balls are pure.

    95 % of the balls hold rows of one k-means cluster only.

    A ball is pure as long as it is smaller than the distance to the nearest row of another cluster, so the answer
    is a quantile of those distances: no grid of radii, and no n x n distances.
    """
    if n_classes < 2:
        raise QueryError(
            f"a radius cannot be estimated for {n_classes} classes.", "Pass n_classes=2, or radius."
        )
    clustering = clusters(features, min(n_classes, len(features)), seed=seed)
    order = np.argsort(clustering.member, kind="stable")
    member, every = clustering.member[order], clustering.every.take(order)
    some = np.arange(len(order))
    if len(some) > N_MEASURED:
        some = np.sort(np.random.default_rng(seed).choice(len(some), N_MEASURED, replace=False))
    apart = np.concatenate(
        [_to_others(every, member, some[member[some] == c], c) for c in np.unique(member[some])]
    )
    apart.sort()
    return max(float(np.sqrt(apart[int((1 - PURITY) * len(apart))])), 1e-15)


def _to_others(every: Points, member: Ints, rows: Ints, cluster: int) -> Float:
    """Squared distance to the nearest row of another cluster.

    Rows are sorted by cluster.
    """
    start, stop = np.searchsorted(member, [cluster, cluster + 1])
    out = np.full(len(rows), np.inf, np.float32)
    for others in (slice(0, start), slice(stop, None)):
        targets = every.take(others).targets()
        if len(targets):

            def work(block: slice, targets: Float = targets) -> None:
                out[block] = np.minimum(
                    out[block], every.take(rows[block]).squared_distances(targets).min(axis=1)
                )

            each_block(work, blocks(len(rows), len(targets)))
    return out
