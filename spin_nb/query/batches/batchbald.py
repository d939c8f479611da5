"""BatchBALD: the batch whose labels together tell most about the model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from spin_nb.errors import QueryError
from spin_nb.query._checks import blocks, check_draws, check_k, check_labelled, unlabelled
from spin_nb.query.batches._distances import Doubles
from spin_nb.query.batches._greedy import LazyGreedy
from spin_nb.query.mixture import make_picked
from spin_nb.threads import each_block, one_thread
from spin_nb.types import Float, Ints, Picked, Rows

TINY = np.float32(1e-30)
TIE_NATS = 1e-9  # nats: gains that differ by less tie
FLOAT32_ERROR_NATS = (
    1e-5  # nats: what float32 may be off; rows so close to the best are computed again in float64
)
MAX_EXACT_WORK, MAX_SAMPLED_WORK = (
    3 * 10**8,
    3 * 10**7,
)  # rows x combinations x classes looked at for one pick
N_REFINED = 128
MAX_LACK_OF_CERTAINTY = 1e-6  # of the posterior over draws: what one draw may lack of certainty


class Joint(NamedTuple):
    """Label combinations of the rows picked so far.

    The posterior over draws under each, and its probability.

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

    Greedily by ``I(y_1..y_k; model)``, so that no pick repeats another (Kirsch, van Amersfoort & Gal 2019).

    Model)``, so that no pick repeats another (Kirsch, van Amersfoort & Gal 2019).

    What a row adds is its mutual information with the model, given labels of those picked, in the mean over these
    labels: exact while there are at most ``combinations`` of them (the first 5 picks of 10 classes, or more), then over
    as many sampled ones.  Published is the entropy of the labels alone, whose expectation differs by a constant and
    whose noise is larger.  Gains only fall (the sum is submodular), so each is an upper bound of itself later, BALD the
    first; only rows whose bound beats the best are computed again.

    Batches of 1 are BALD; 10 is where it beats BALD's near-duplicates most.  With ``S`` draws no batch can tell
    more than ``log S`` nats: for batches of 50 pass 100 draws or more.  When the draws are told apart the rest are the
    highest in BALD, and ``reason`` says so.

    Exact while rows left x combinations x classes stay below 3e8 (3,000 rows of 10 classes throughout).  In larger
    pools a row is dropped on a few sampled combinations, and the 128 best are computed in full.

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
    S, n, _ = draws.shape
    left = unlabelled(n, check_labelled(labelled_rows, n))
    k = check_k(k, n_left := int(left.sum()))
    if combinations < 1:
        raise QueryError(f"{combinations} label combinations are none.", "Use the default of 10,000.")
    rng = np.random.default_rng(seed)
    gains = _Gains(draws)
    joint = Joint(np.full((1, S), 1 / S, np.float32), np.ones(1, np.float32), True)
    bounds = np.zeros(n)
    bounds[left] = gains(joint, np.flatnonzero(left))
    greedy = LazyGreedy(bounds, left, TIE_NATS)
    rows: list[int] = []
    scores: list[float] = []
    while len(rows) < k and len(joint.chance):
        row, gain = _next(greedy, gains, joint, rng)
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


def _next(greedy: LazyGreedy, gains: _Gains, joint: Joint, rng: np.random.Generator) -> tuple[int, float]:
    """The row that adds most.

    Of all where that is little work, else of those that a few combinations leave over.
    """
    likely = greedy.highest(N_REFINED)
    best = gains(joint, likely)
    greedy.bound(likely, best)
    others = greedy.above(float(best.max()))
    work = len(others) * len(joint.chance) * gains.n_classes
    if work > (MAX_EXACT_WORK if joint.exact else MAX_SAMPLED_WORK):
        fewer = max(16, MAX_SAMPLED_WORK * len(joint.chance) // work)
        total = joint.chance.sum(dtype=np.float64)
        some = rng.choice(len(joint.chance), fewer, p=joint.chance / total)
        rough = Joint(joint.posterior[some], np.full(fewer, total / fewer, np.float32), False)
        greedy.bound(others, gains(rough, others))
        return greedy.best_of(greedy.highest(N_REFINED), lambda rows: gains.exactly(joint, rows))
    return greedy.best(lambda rows: gains.exactly(joint, rows))


class _Gains:
    """Information that rows add to a batch, nats."""

    def __init__(self, draws: Float) -> None:
        self._draws = draws
        self.n_classes = draws.shape[2]
        self._single = np.empty(draws.shape[:2], np.float32)
        for block in blocks(draws.shape[1], draws[:, 0].size):
            self._single[:, block] = _entropies(draws[:, block])

    def __call__(self, joint: Joint, rows: Ints) -> Doubles:
        return (
            self._entropy(joint, rows, np.float32) - (joint.chance @ joint.posterior) @ self._single[:, rows]
        )

    def exactly(self, joint: Joint, rows: Ints) -> Doubles:
        """Gains with those close to the best in double precision.

        Those close to the best in double precision.
        """
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
            average = posterior @ p
            logs = np.log(average)
            logs *= average
            out[block] = -(chance @ logs).reshape(-1, self.n_classes).sum(axis=1)

        each_block(work, blocks(len(rows), len(chance) * self.n_classes))
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
