"""BatchBALD: the batch whose labels together tell most about the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import check_draws, check_k, check_labelled, unlabelled
from spin_nb.query.batches._distances import Doubles
from spin_nb.query.batches._greedy import LazyGreedy
from spin_nb.query.mixture import make_picked
from spin_nb.threads import blocks, each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

TINY = np.float32(1e-30)
TIE_NATS = 1e-9  # nats: gains that differ by less tie
FLOAT32_ERROR_NATS = (
    1e-5  # nats: what float32 may be off; rows so close to the best are computed again in float64
)
MAX_EXACT_WORK, MAX_DOUBT_WORK = 3 * 10**8, 3 * 10**7  # rows x combinations x classes looked at for one pick
N_REFINED = 128
CHUNK_COMBINATIONS, CHUNK_NUMBERS = 128, 2**17  # looked at together: 512 kB stay in a core's own cache
MAX_LACK_OF_CERTAINTY = 1e-6  # of the posterior over draws: what one draw may lack of certainty


class Joint(NamedTuple):
    """Label combinations of the rows picked so far.

    It has the posterior over draws under each, and its probability.

    Those that leave one draw only are not kept: under them no label tells anything.
    """

    posterior: Float  # (M, S), rows sum to 1
    chance: Float  # (M,)
    exact: bool


@one_thread()
def batchbald(
    draws: Float, k: int, *, labelled_rows: Rows | None = None, combinations: int = 10_000, seed: int = 0
) -> Picked:
    """Pick rows that tell most about the model together.

    They are picked greedily by ``I(y_1..y_k; model)``, so that no pick repeats another (Kirsch, van Amersfoort & Gal
    2019).  What a row adds is its mutual information with the model, given labels of those picked, in the mean over
    these labels: exact while there are at most ``combinations`` of them (the first 5 picks of 10 classes, or more),
    then over as many sampled ones.  Published is the entropy of the labels alone, whose expectation differs by a
    constant and whose noise is larger.  Gains only fall (the sum is submodular), so each is an upper bound of itself
    later, BALD the first; only rows whose bound beats the best are computed again.

    Batches of 1 are BALD; 10 is where it beats BALD's near-duplicates most.  With ``S`` draws no batch can tell
    more than ``log S`` nats: for batches of 50 pass 100 draws or more.  When the draws are told apart the rest are the
    highest in BALD, and ``reason`` says so.

    Exact while rows left x combinations x classes stay below 3e8 (3,000 rows of 10 classes throughout).  In larger
    pools 128 rows are computed in full: those of most BALD times the share of the variance of their probabilities that
    the labels picked leave over, in the mean over all combinations.

    Parameters
    ----------
    draws : float32 (S, n, C)
        Class probabilities; draw ``s`` is one model applied to all rows.
    k : int
    labelled_rows : int (m,), optional
        Rows that are labelled already, never picked.
    combinations : int
        Of labels of the rows picked, counted or sampled.
    seed : int
        Of the sampled ones.

    Returns
    -------
    Picked
        Scores are what each adds, nats.

    Raises
    ------
    QueryError
        Draws that are not (S, n, C) probabilities, ``k`` outside 1..rows left, no combinations.

    Examples
    --------
    Rows 0 and 1 are the same question; 2 is another, less disputed:

    >>> a, b = [1.0, 0.0], [0.0, 1.0]
    >>> draws = np.array([[a, a, [0.9, 0.1]], [a, a, [0.1, 0.9]], [b, b, [0.9, 0.1]], [b, b, [0.1, 0.9]]])
    >>> batchbald(draws, 2).indices.tolist()
    [0, 2]
    """
    draws = check_draws(draws)
    n = draws.shape[1]
    left = unlabelled(n, check_labelled(labelled_rows, n))
    k = check_k(k, n_left := int(left.sum()))
    if combinations < 1:
        raise QueryError(f"{combinations} label combinations are none.", "Use the default of 10,000.")
    rng = np.random.default_rng(seed)
    gains = _Gains(draws)
    joint = gains.nothing_known
    bounds = np.where(left, gains.bald, 0)
    greedy = LazyGreedy(bounds, left, TIE_NATS)
    rows: list[int] = []
    scores: list[float] = []
    while len(rows) < k and len(joint.chance):
        row, gain = _next(greedy, gains, joint, np.flatnonzero(left))
        rows.append(row)
        scores.append(gain)
        left[row] = False
        if len(rows) < k:
            joint = _with(joint, np.maximum(draws[:, row], TINY), combinations, rng)
    reason = "their labels together tell most about the model"
    reason += " (exact)" if joint.exact else f" (over {combinations:,} sampled label combinations)"
    if more := k - len(rows):
        reason += f", all of it after {len(rows)}; then by BALD"
        rows += [int(row) for row in np.argsort(np.where(left, -bounds, np.inf), kind="stable")[:more]]
        scores += [0.0] * more
    return make_picked(rows, np.maximum(scores, 0), n_left, reason)


def _next(greedy: LazyGreedy, gains: _Gains, joint: Joint, rows: Ints) -> tuple[int, float]:
    """The row that adds most.

    It is the one of all ``rows`` where that is promised, or where few are left in doubt; else of those that
    promise most.
    """
    row_work = len(joint.chance) * gains.n_classes
    if not joint.exact or len(rows) * row_work > MAX_EXACT_WORK:
        promising = rows[_largest(gains.estimate(joint)[rows], N_REFINED)]
        best = greedy.best_of(promising, lambda some: gains.exactly(joint, some))
        if len(greedy.above(best[1])) * row_work > MAX_DOUBT_WORK:
            return best
    return greedy.best(lambda some: gains.exactly(joint, some))


def _largest(values: Doubles, most: int) -> Ints:
    """Places of the largest values, falling; of equal ones the first."""
    if len(values) > most:
        places = np.flatnonzero(values >= np.partition(values, -most)[-most])
    else:
        places = np.arange(len(values))
    return places[np.argsort(-values[places], kind="stable")[:most]]


class _Gains:
    """Information that rows add to a batch, nats."""

    def __init__(self, draws: Float) -> None:
        self._draws = draws
        self.n_classes = draws.shape[2]
        self._single = np.empty(draws.shape[:2], np.float32)

        def work(block: slice) -> None:
            self._single[:, block] = _entropies(draws[:, block])

        each_block(work, blocks(draws.shape[1], draws[:, 0].size))
        S = len(draws)
        self.nothing_known = Joint(np.full((1, S), 1 / S, np.float32), np.ones(1, np.float32), True)
        self.bald = self(self.nothing_known, np.arange(draws.shape[1]))
        self._bald_by_variance: Doubles | None = None

    def __call__(self, joint: Joint, rows: Ints) -> Doubles:
        return (
            self._entropy(joint, rows, np.float32) - (joint.chance @ joint.posterior) @ self._single[:, rows]
        )

    def estimate(self, joint: Joint) -> Doubles:
        """BALD of every row times the share of the variance of its probabilities that is left."""
        if self._bald_by_variance is None:
            self._bald_by_variance = self.bald / np.maximum(self._variance(self.nothing_known), TINY)
        return self._bald_by_variance * self._variance(joint)

    def _variance(self, joint: Joint) -> Doubles:
        """Variance of every row's probabilities, summed over classes, in the mean over the combinations.

        The mean covariance of the draws over all combinations is one (S, S) matrix: no row looks at each of them.
        """
        weighted = joint.posterior * joint.chance[:, None]
        covariance = np.diag(weighted.sum(axis=0)) - weighted.T @ joint.posterior
        S, n, C = self._draws.shape
        out = np.empty(n)

        def work(block: slice) -> None:
            p = self._draws[:, block].reshape(S, -1)
            spread = covariance @ p
            spread *= p
            out[block] = spread.sum(axis=0).reshape(-1, C).sum(axis=1)

        each_block(work, blocks(n, S * C))
        return out

    def exactly(self, joint: Joint, rows: Ints) -> Doubles:
        """Gains, of the rows close to the best in double precision."""
        gains = self(joint, rows)
        close = gains >= gains.max() - FLOAT32_ERROR_NATS
        weight = joint.chance.astype(np.float64) @ joint.posterior
        single = _entropies(self._draws[:, rows[close]].astype(np.float64))
        gains[close] = self._entropy(joint, rows[close], np.float64) - weight @ single
        return gains

    def _entropy(self, joint: Joint, rows: Ints, dtype: DTypeLike) -> Doubles:
        """Mean entropy of each row's label over the combinations."""
        posterior, chance = joint.posterior.astype(dtype), joint.chance.astype(dtype)
        out, S = np.empty(len(rows)), len(self._draws)

        def work(block: slice) -> None:
            p = np.maximum(self._draws[:, rows[block]], TINY).astype(dtype, copy=False).reshape(S, -1)
            entropy = np.zeros(p.shape[1])
            # Written over again and again: new memory takes longer to get than the logarithms that go into it.
            averages = np.empty((min(len(chance), CHUNK_COMBINATIONS), p.shape[1]), dtype)
            logs = np.empty_like(averages)
            for start in range(0, len(chance), CHUNK_COMBINATIONS):
                some = posterior[start : start + CHUNK_COMBINATIONS]
                average, log = averages[: len(some)], logs[: len(some)]
                np.matmul(some, p, out=average)
                np.log(average, out=log)
                log *= average
                entropy -= chance[start : start + CHUNK_COMBINATIONS] @ log
            out[block] = entropy.reshape(-1, self.n_classes).sum(axis=1)

        each_block(work, blocks(len(rows), CHUNK_COMBINATIONS * self.n_classes, CHUNK_NUMBERS))
        return out


def _entropies(p: Float | Doubles) -> Float | Doubles:
    """Over the last axis."""
    logs = np.log(np.maximum(p, TINY))
    logs *= p
    return -logs.sum(axis=-1)


def _with(joint: Joint, probs: Float, combinations: int, rng: np.random.Generator) -> Joint:
    """Label combinations with one more row.

    Its class probabilities under each draw are ``probs`` (S, C).
    """
    posterior, chance, exact = joint
    S, C = probs.shape
    if exact and len(chance) * C <= combinations:
        posterior = (posterior[:, None] * probs.T).reshape(-1, S)
        sums = posterior.sum(axis=1)
        chance = np.repeat(chance, C) * sums
    else:
        if exact:
            total = chance.sum(dtype=np.float64)
            posterior = posterior[rng.choice(len(chance), combinations, p=chance / total)]
            chance = np.full(combinations, total / combinations, np.float32)
        exact = False
        cumulative = np.cumsum(posterior @ probs, axis=1)
        label = (rng.random((len(posterior), 1), np.float32) * cumulative[:, -1:] >= cumulative).sum(axis=1)
        posterior = posterior * probs.T[np.minimum(label, C - 1)]
        sums = posterior.sum(axis=1)
    posterior = posterior / np.maximum(sums, TINY)[:, None]
    is_open = (chance > 0) & (posterior.max(axis=1, initial=0) < 1 - MAX_LACK_OF_CERTAINTY)
    return Joint(posterior[is_open], chance[is_open], exact)
