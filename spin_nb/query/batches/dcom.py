"""DCoM: coverage while the model knows little, its margins once it covers the pool."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spin_nb.query._checks import (
    check_features,
    check_k,
    check_labelled,
    check_labels,
    check_probs,
    unlabelled,
)
from spin_nb.query.batches._coverage import MAX_SAMPLE_ROWS
from spin_nb.query.batches._distances import Doubles, Points, sample
from spin_nb.query.batches.probcover import check_radius, pure_radius
from spin_nb.query.mixture import make_picked
from spin_nb.query.scores import margin
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

COMPETENCE_CENTRE, COMPETENCE_STEEPNESS = 0.8, 50  # of the competence score, as published


@one_thread()
def dcom(
    probs: Float,
    features: Float,
    k: int,
    *,
    labelled_rows: Rows | None = None,
    labels: Rows | None = None,
    radius: float | None = None,
    seed: int = 0,
) -> Picked:
    """Pick by coverage first, by margin once competent.

    It goes by ``S margin + (1 - S) new coverage``, where ``S`` is the model's competence (Mishal & Weinshall
    2024).

    Every labelled row has a ball: the largest within ``radius`` of which a share of at least ``0.4 + 0.2 coverage`` is
    predicted to be of its class.  Competence is a logistic function of the coverage by these balls, about 0 below 70 %
    and 1 above 90 %; new coverage counts rows within the mean of their radii.  So it is :func:`probcover` at first and
    margin sampling at last.  Rows that a pick covers count no more, so batches of 10 and 50 spread while competence is
    low; once it is high they are the top of the margins, near-duplicates and all.

    As published, but for: radii are those of the present model, for all labelled rows (the published code keeps those
    of the model that was trained when they were new), and are not searched in steps of 0.05.  Coverage is counted on a
    uniform sample of 4.9e7 / n rows (1,000 at least) where n is above 7,000.

    Parameters
    ----------
    probs : float32 (n, C)
    features : float32 (n, d)
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    labels : int (m,), optional
        Their classes.
    radius : float, optional
        Largest ball, Euclidean.  None: estimated as :func:`probcover` does.
    seed : int
        Of that estimate and of the sample.

    Returns
    -------
    Picked
        Scores are the mixture above, both terms scaled to 0..1 over the pool.

    Raises
    ------
    QueryError
        Arrays that do not fit, labels without rows, ``k`` outside 1..rows left, a radius of 0 or less.

    Examples
    --------
    >>> probs = np.full((4, 2), 0.5)
    >>> dcom(probs, np.array([[0.0], [1], [2], [9]]), 2, radius=1.5).indices.tolist()
    [1, 3]
    """
    probs = check_probs(probs)
    n, C = probs.shape
    features = check_features(features, n=n)
    labelled_rows = check_labelled(labelled_rows, n)
    y = check_labels(np.zeros(0, np.int64) if labels is None else labels, labelled_rows, C)
    left = unlabelled(n, labelled_rows)
    k = check_k(k, n_left := int(left.sum()))
    radius = pure_radius(features, C, seed=seed) if radius is None else check_radius(radius)
    every = Points.about_mean(features)
    judges = sample(np.ones(n, bool), max(1000, MAX_SAMPLE_ROWS**2 // n), np.random.default_rng(seed))
    balls = _Balls(every, judges, probs.argmax(axis=1), labelled_rows, y, radius)
    is_covered, reach = balls.is_covered, balls.reach
    competence = _competence(float(is_covered.mean()))

    def counts(of: Ints) -> Float:
        """Number of judges that each row would cover."""
        targets, out = every.take(judges[of]).targets(), np.zeros(n, np.float32)

        def work(block: slice) -> None:
            out[block] = np.count_nonzero(every.take(block).squared_distances(targets) < reach, axis=1)

        each_block(work, blocks(n, len(of)))
        return out

    degree = np.where(left, counts(np.flatnonzero(~is_covered)), 0)
    unsure = _to_unit(margin(probs))
    unsure[labelled_rows] = 0
    rows: list[int] = []
    scores: list[float] = []
    for _ in range(k):
        rank = competence * _to_unit(unsure) + (1 - competence) * _to_unit(degree)
        row = int(np.argmax(np.where(left, rank, -1)))
        rows.append(row)
        scores.append(float(rank[row]))
        left[row], unsure[row] = False, 0
        new = ~is_covered & (
            every.take(judges).squared_distances(every.take(np.array([row])).targets())[:, 0] < reach
        )
        is_covered |= new
        degree -= counts(np.flatnonzero(new))
        degree[row] = 0
    reason = (
        f"competence {competence:.0%}: {'close margins' if competence > 0.5 else 'covers most that is new'}"
    )
    return make_picked(rows, scores, n_left, reason)


class _Balls:
    """Coverage (m_judges,) by balls about the labelled rows.

    It has the squared mean radius of the balls, too.
    """

    def __init__(
        self, every: Points, judges: Ints, classes: Ints, labelled_rows: Ints, y: Ints, radius: float
    ) -> None:
        self.is_covered = np.zeros(len(judges), bool)
        self.reach = np.float32(radius**2)
        self._every, self._judges, self._classes = every, judges, classes[judges]
        if not len(labelled_rows):
            return
        coverage = 0.0
        for _ in range(2):  # the purity asked for depends on the coverage that it gives
            radii, self.is_covered = self._at(0.4 + 0.2 * coverage, labelled_rows, y, np.float32(radius**2))
            coverage = float(self.is_covered.mean())
        self.reach = np.float32(np.sqrt(radii).mean() ** 2)

    def _at(
        self, purity: float, labelled_rows: Ints, y: Ints, largest: np.float32
    ) -> tuple[Doubles, NDArray[np.bool_]]:
        targets = self._every.take(self._judges).targets()
        radii, is_covered = np.empty(len(labelled_rows)), np.zeros(len(self._judges), bool)
        for block in blocks(len(labelled_rows), len(self._judges)):
            apart = self._every.take(labelled_rows[block]).squared_distances(targets)
            apart[labelled_rows[block, None] == self._judges] = 0
            order = np.argsort(apart, axis=1, kind="stable")
            sizes = np.arange(1, order.shape[1] + 1)
            pure = np.cumsum(self._classes[order] == y[block, None], axis=1) >= purity * sizes
            rising = np.take_along_axis(apart, order, axis=1)
            pure &= rising < largest
            inside = np.where(pure.any(axis=1), order.shape[1] - np.argmax(pure[:, ::-1], axis=1), 0)
            beyond = np.minimum(inside, order.shape[1] - 1)
            edge = np.take_along_axis(rising, beyond[:, None], axis=1)[:, 0]
            radii[block] = np.where(inside > beyond, largest, np.minimum(edge, largest))
            is_covered |= (apart < radii[block, None]).any(axis=0)
        return radii, is_covered


def _competence(coverage: float) -> float:
    top = 1 + np.exp(-COMPETENCE_STEEPNESS * (1 - COMPETENCE_CENTRE))
    return float(top / (1 + np.exp(-COMPETENCE_STEEPNESS * (coverage - COMPETENCE_CENTRE))))


def _to_unit(values: Float | Doubles) -> Doubles:
    """Scaled to 0..1; all 0 where all are equal."""
    low, high = float(values.min()), float(values.max())
    return np.asarray((values - low) / max(high - low, 1e-30), np.float64)
