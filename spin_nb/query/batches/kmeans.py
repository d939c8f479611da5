"""k-means: seeding that is a batch by itself, and the clusters that other batches rest on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spin_nb.query._checks import check_features, check_k, check_labelled, unlabelled
from spin_nb.query._squared import First, squared_sampling
from spin_nb.query.batches._distances import RELATIVE_ROUNDING, Doubles, Points, middle, sample, to_one
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

MIN_ROWS_TO_LEARN = 10_000
"""Rows that centres are moved by; the others only choose among them at the end."""
MAX_ROUNDS = 50


def kmeans_pp(features: Float, k: int, *, labelled_rows: Rows | None = None, seed: int = 0) -> Picked:
    """Draw rows far from each other by k-means++.

    Each is drawn by its squared distance from what is labelled or drawn (Arthur & Vassilvitskii 2007).

    Softer than :func:`kcenter`: far rows are likely, not certain, and dense regions count by their number.  With
    nothing labelled it begins at the row nearest to the mean.  Without a model's uncertainty it is little better than
    random on digits, at batches of 1, 10 and 50 alike (:mod:`spin_nb.query.batches`).

    Parameters
    ----------
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already: the first centres, never picked.
    seed : int

    Returns
    -------
    Picked
        Scores are squared distances to the nearest centre before, ``q`` the chance by which each was drawn.

    Raises
    ------
    QueryError
        Not (n, d), NaN, ``k`` outside 1..rows left.

    Examples
    --------
    >>> kmeans_pp(np.array([[0.0], [0], [9]]), 1, labelled_rows=[0]).indices.tolist()
    [2]
    """
    features = check_features(features)
    labelled_rows = check_labelled(labelled_rows, len(features))
    left = unlabelled(len(features), labelled_rows)
    k = check_k(k, int(left.sum()))
    every = Points.about_mean(features)
    start: First | Float = First(middle(features, left), 0.0)
    if len(labelled_rows):
        member, start = assign(every, every.take(labelled_rows))
        start[start < RELATIVE_ROUNDING * (every.lengths + every.lengths[labelled_rows[member]])] = (
            0  # duplicates, up to rounding
        )
    reason = "far from what is labelled, drawn by squared distance"
    return squared_sampling(lambda row: to_one(every, row), left, k, start=start, seed=seed, reason=reason)


class Clusters(NamedTuple):
    """Centres (k, d), nearest centres and distances.

    The centres are about the middle of all rows; every row has its nearest centre and how far it is.
    """

    every: Points
    centres: Points
    member: Ints
    distances: Float


@one_thread()
def clusters(features: Float, k: int, *, seed: int, weights: Float | None = None) -> Clusters:
    """k-means by Lloyd's rounds from k-means++.

    Weights count as in Prabhu et al. 2021.

    Centres are learned from at most :data:`MIN_ROWS_TO_LEARN` rows, drawn uniformly; all rows then move them once more.
    ``k`` at most the number of rows; a cluster that loses its rows keeps its centre.
    """
    rng = np.random.default_rng(seed)
    every, n = Points.about_mean(features), len(features)
    weights = np.ones(n, np.float32) if weights is None else weights
    some = sample(np.ones(n, bool), max(MIN_ROWS_TO_LEARN, 4 * k), rng)
    subset, subset_weights = every.take(some), weights[some]
    centres = subset.take(_seed_rows(subset, subset_weights, k, rng))
    before = np.inf
    for _ in range(MAX_ROUNDS):
        member, distances = assign(subset, centres)
        inertia = float(subset_weights @ distances)
        if inertia > before * (1 - 1e-4):
            break
        before = inertia
        centres = _means(subset, subset_weights, member, centres)
    if len(some) < n:
        centres = _means(every, weights, assign(every, centres)[0], centres)
    return Clusters(every, centres, *assign(every, centres))


def assign(rows: Points, centres: Points) -> tuple[Ints, Float]:
    """The nearest centre of every row and its squared distance."""
    member, distances = np.empty(len(rows), np.int64), np.empty(len(rows), np.float32)
    targets = centres.targets()

    def work(block: slice) -> None:
        apart = rows.take(block).squared_distances(targets)
        member[block] = apart.argmin(axis=1)
        distances[block] = apart[np.arange(len(apart)), member[block]]

    each_block(work, blocks(len(rows), len(centres)))
    return member, distances


def representatives(
    features: Float, k: int, *, seed: int, weights: Float | None = None
) -> tuple[Ints, NDArray[np.float64]]:
    """``k`` rows nearest to the centres of clusters.

    They are all different, and come with the clusters' shares of the weight.

    The heaviest cluster chooses first.
    """
    if k == len(features):
        shares = np.ones(k) if weights is None else weights.astype(np.float64)
        order = np.argsort(-shares, kind="stable")
        return order, shares[order] / max(float(shares.sum()), 1e-30)
    clustering = clusters(features, k, seed=seed, weights=weights)
    mass = np.bincount(clustering.member, weights, minlength=k).astype(np.float64)
    order = np.argsort(-mass, kind="stable")
    is_taken = np.zeros(len(features), bool)
    rows = np.empty(k, np.int64)
    for at, cluster in enumerate(order):
        one = clustering.centres.take(slice(cluster, cluster + 1))
        apart = clustering.every.squared_distances(one.targets())[:, 0]
        apart[is_taken] = np.inf
        rows[at] = apart.argmin()
        is_taken[rows[at]] = True
    return rows, mass[order] / max(float(mass.sum()), 1e-30)


def _seed_rows(rows: Points, weights: Float, k: int, rng: np.random.Generator) -> Ints:
    """``k`` different rows by weighted k-means++."""
    rows_of_seeds = np.empty(k, np.int64)
    far: Doubles = np.asarray(weights, np.float64)
    nearest = np.full(len(rows), np.inf, np.float32)
    for at in range(k):
        total = np.cumsum(far)
        if total[-1] > 0:
            rows_of_seeds[at] = min(
                int(np.searchsorted(total, rng.random() * total[-1], "right")), len(far) - 1
            )
        else:  # duplicates of what is chosen, or rows without weight
            free = np.ones(len(rows), bool)
            free[rows_of_seeds[:at]] = False
            rows_of_seeds[at] = rng.choice(np.flatnonzero(free))
        np.minimum(nearest, to_one(rows, int(rows_of_seeds[at])), out=nearest)
        far = nearest.astype(np.float64) * weights
    return rows_of_seeds


def _means(rows: Points, weights: Float, member: Ints, centres: Points) -> Points:
    """Centres at the weighted means of their rows."""
    from scipy.sparse import csr_matrix

    n, k = len(rows), len(centres)
    membership = csr_matrix((weights, member, np.arange(n + 1)), shape=(n, k))
    mass = np.bincount(member, weights, minlength=k).astype(np.float32)
    sums = np.asarray(membership.T @ rows.x, np.float32)
    x = np.where(mass[:, None] > 0, sums / np.maximum(mass, np.float32(1e-30))[:, None], centres.x)
    return Points.of(x)
