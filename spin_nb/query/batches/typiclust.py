"""TypiClust: the most typical row of the clusters that labels have not reached."""

from __future__ import annotations

import numpy as np

from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query.batches._distances import RELATIVE_ROUNDING, Doubles, Points
from spin_nb.query.batches.kmeans import clusters
from spin_nb.query.mixture import make_picked
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

MAX_CLUSTERS, MIN_CLUSTER_ROWS, N_NEIGHBOURS = 500, 5, 20  # as the published code has them
MAX_EXACT_ROWS = (
    2500  # rows of a cluster whose neighbours are all found; of a larger one, only those of the likely best
)
N_ROWS_SEARCHED, N_CANDIDATES = 1000, 300
N_FINALISTS = 64


@one_thread()
def typiclust(features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0) -> Picked:
    """Pick the most typical rows of unlabelled clusters.

    It picks from each cluster with fewest labels (Hacohen, Dekel & Weinshall 2022, algorithm 1).

    k-means makes as many clusters as there are labels and picks together, 500 at most.  Those of more than 5 rows are
    visited by number of labelled rows, fewest first, then by size, largest first, again from the start when the batch
    is longer.  Typicality is ``1 / mean distance`` to the 20 nearest unlabelled rows of the same cluster (half of
    them in a small one).  The published code takes the mean of squared distances, the paper of distances; so does this.

    Made for the first labels.  It never looks at the model: with many labels it falls behind uncertainty sampling, in
    the paper behind random picks too, so change over, as ``"auto"`` does.  Every pick of a batch comes from another
    cluster, so batches of 10 and 50 do not collapse; single picks cluster anew each time.

    Exact in clusters of up to 2,500 rows; in larger ones neighbours are first sought in a sample of 1,000, and all of
    them for the 300 rows that then look most typical.

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    seed : int
        Of k-means.

    Returns
    -------
    Picked
        Scores are typicalities, per unit of distance.

    Raises
    ------
    QueryError
        Not (n, d), NaN, ``k`` outside 1..rows left.

    Examples
    --------
    >>> x = np.array([0.0, 3, 4, 5, 8])
    >>> typiclust(np.concatenate([x, x + 50])[:, None], 2).indices.tolist()
    [2, 7]
    """
    features = check_features(features)
    n = len(features)
    labelled_rows = check_labelled(labelled_rows, n)
    left = unlabelled(n, labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    member = clusters(features, min(len(labelled_rows) + k, MAX_CLUSTERS, n), seed=seed).member
    rng = np.random.default_rng(seed)
    visits, small = visiting_order(member, labelled_rows)
    rows: list[int] = []
    scores: list[float] = []
    while len(rows) < k:
        before = len(rows)
        for cluster in visits:
            inside = np.flatnonzero(left & (member == cluster))
            if len(inside) and len(rows) < k:
                best, score = most_typical(features[inside], rng)
                rows.append(int(inside[best]))
                scores.append(score)
                left[rows[-1]] = False
        if len(rows) == before:
            visits = small
    return make_picked(rows, scores, n_left, "typical of clusters without labels")


def visiting_order(member: Ints, labelled_rows: Ints) -> tuple[Ints, Ints]:
    """Clusters of more than 5 rows, and the others.

    Those with fewest labelled rows come first, then the largest.

    Those that tie in both are visited in the order of their first rows.
    """
    cluster_ids, first, size = np.unique(member, return_index=True, return_counts=True)
    count = np.bincount(np.searchsorted(cluster_ids, member[labelled_rows]), minlength=len(cluster_ids))
    order = np.lexsort((first, -size, count))
    large = size[order] > MIN_CLUSTER_ROWS
    return cluster_ids[order[large]], cluster_ids[order[~large]]


def most_typical(x: Float, rng: np.random.Generator) -> tuple[int, float]:
    """The most typical row and its typicality.

    It is the row with the smallest mean distance to its nearest others, the lowest of those that tie; its
    typicality is the inverse.
    """
    n, near = len(x), min(N_NEIGHBOURS, len(x) // 2)
    if not near:
        return 0, 1e5
    every, likely = Points.about_mean(x), np.arange(n)
    if n > MAX_EXACT_ROWS:
        sample = every.take(rng.choice(n, N_ROWS_SEARCHED, replace=False)).targets()
        fewer = max(1, round(near * N_ROWS_SEARCHED / n))
        rough = np.empty(n)

        def roughly(block: slice) -> None:
            part = np.partition(every.take(block).squared_distances(sample), fewer, axis=1)[:, : fewer + 1]
            rough[block] = np.sqrt(part).sum(axis=1)

        each_block(roughly, blocks(n, N_ROWS_SEARCHED))
        likely = np.sort(np.argpartition(rough, N_CANDIDATES)[:N_CANDIDATES])
    means, targets = np.empty(len(likely)), every.targets()

    def work(block: slice) -> None:
        apart = every.take(likely[block]).squared_distances(targets)
        apart[np.arange(len(apart)), likely[block]] = 0
        means[block] = np.sqrt(np.partition(apart, near, axis=1)[:, : near + 1]).sum(axis=1) / near

    each_block(work, blocks(len(likely), n))
    # Rounding moves a mean by less than this: rows so close to the best are measured again in double precision.
    least, error = means.min(), 4 * RELATIVE_ROUNDING * every.lengths.max()
    finalists = likely[means <= 2 * np.sqrt(least**2 + error) - least]
    exact = np.array([_mean_distance(x, row, near) for row in finalists[:N_FINALISTS]])
    best = int(np.argmin(exact))
    return int(finalists[best]), float(1 / (exact[best] + 1e-5))


def _mean_distance(x: Float, row: int, near: int) -> float:
    """Mean distance from one row to its nearest others, in double precision."""
    apart: Doubles = np.square(x - x[row].astype(np.float64)).sum(axis=1)
    return float(np.sqrt(np.partition(apart, near)[: near + 1]).sum() / near)
