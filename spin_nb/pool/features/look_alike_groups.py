"""Groups of items that look alike, however few there are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.features._checks import check_features
from spin_nb.types import Float, Ints

FEWEST = 3  # items of a group
MAX_GROUPS = 10
MAX_ITEMS = 2_000  # all pairs are compared
N_CLOUDS = 5  # clouds without groups that a cut is compared with
MIN_DEVIATIONS = 3  # standard deviations by which it must be better


def look_alike_groups(features: Float) -> list[Ints]:
    """Group items by their features; what lies alone, or with one other, is in no group.

    Ward's hierarchical clustering (scipy), cut into as many groups, ten at most, as make the mean silhouette (Rousseeuw
    1987) exceed that of normal clouds with the items' covariance most, as Tibshirani, Walther & Hastie (2001) compare
    clusterings; into one where it does not exceed them by three standard deviations.  Of more than 2,000 items the last
    are looked at.

    Parameters
    ----------
    features : float32 (n, d)

    Returns
    -------
    list of int64 (k,)
        Rows of each group, the largest group first; in a group the one nearest to its middle first.

    Raises
    ------
    ModelError
        Not (n, d), NaN or infinity.

    Examples
    --------
    >>> x = np.array([[0, 0], [0.1, 0], [0, 0.1], [9, 9], [9, 9.1], [9.1, 9], [9, 9.05], [40, -7]], np.float32)
    >>> [sorted(group.tolist()) for group in look_alike_groups(x)]
    [[3, 4, 5, 6], [0, 1, 2]]
    """
    check_features(features)
    first = max(0, len(features) - MAX_ITEMS)
    x = features[first:]
    if len(x) < FEWEST:
        return []
    index = _best_cut(x)
    groups = [np.flatnonzero(index == number) for number in range(index.max() + 1)]
    by_middle = [
        rows[np.argsort(np.linalg.norm(x[rows] - x[rows].mean(axis=0), axis=1), kind="stable")]
        for rows in groups
        if len(rows) >= FEWEST
    ]
    return [first + rows for rows in sorted(by_middle, key=len, reverse=True)]


def _best_cut(x: Float) -> Ints:
    """Group of each item, int64 (n,)."""
    from scipy.cluster.hierarchy import fcluster

    centred = x.astype(np.float64) - x.mean(axis=0)
    one_group = np.zeros(len(x), np.int64)
    if not centred.any():
        return one_group
    tree, silhouettes = _silhouettes(centred)
    rng = np.random.default_rng(0)
    # Normal draws with the covariance of the items: one cloud, and no groups.
    clouds = [rng.standard_normal((len(x), len(x))) @ centred / np.sqrt(len(x)) for _ in range(N_CLOUDS)]
    of_clouds = np.array([_silhouettes(cloud)[1] for cloud in clouds])
    gain = silhouettes - of_clouds.mean(axis=0)
    best = int(gain.argmax())
    if gain[best] <= MIN_DEVIATIONS * of_clouds[:, best].std():
        return one_group
    return np.asarray(fcluster(tree, best + 2, "maxclust") - 1, np.int64)


def _silhouettes(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Tree of Ward's clustering, and the mean silhouette of its cuts into 2, 3, ... groups."""
    from scipy.cluster.hierarchy import fcluster, ward
    from scipy.spatial.distance import pdist, squareform
    from sklearn.metrics import silhouette_score

    distances = pdist(x)
    tree, square = ward(distances), squareform(distances)
    silhouettes = []
    for n_groups in range(2, max(3, min(MAX_GROUPS, len(x) - 1) + 1)):
        cut = fcluster(tree, n_groups, "maxclust")
        is_cut = 1 < len(np.unique(cut)) < len(x)
        silhouettes.append(silhouette_score(square, cut, metric="precomputed") if is_cut else -1.0)
    return tree, np.array(silhouettes)
