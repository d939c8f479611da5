"""Which labels of other items would change the answer for one item, and what its own label would teach them.

The graph head answers in closed form, with what the session would show after that very label.  Any other posterior is
asked through its joint draws, and only what stands out from their Monte Carlo error is told: an answer counts as
changed where the new class leads by three standard errors, an item as taught where it gains more than any item seems
to when the draws are shuffled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.fantasy import (
    expected_gain,
    given_labels,
    given_labels_on_graph,
    standard_error,
    support,
)
from spin_nb.bayes.graph import LiveGraph
from spin_nb.types import Float, Ints

DRAWS = 200
DRAWN_ROWS = 300  # items drawn at once: bounds (S, n, C), as VALUES does for many classes
FORMULA_ROWS = 2000
VALUES = 2_000_000
LABELS = 6  # labels supposed for each other item, the likeliest
OWN_LABELS = 20  # and for the item itself
LIKELY = 0.05  # below, a label would be a surprise: nobody waits for it, and few draws speak of it
SUPPORT = 20  # draws that must speak for a label
FUNCTIONS = 40  # and different functions there must be at all
ERRORS = 3.0
LEARNT = 0.1  # nats
MOST = 3
SHUFFLES = (
    1,
    7,
    31,
    63,
)  # draws of one item against those of another, moved on by so many: no function in common


@dataclass(frozen=True)
class Flip:
    """Item ``row`` labelled ``label``: the answer ``answer`` becomes ``becomes``; indices, and probabilities."""

    row: int
    label: int
    chance: float
    answer: int
    becomes: int
    now: float
    after: float


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What supposing labels has shown.

    Attributes
    ----------
    draws : float32 (S, C)
        Class probabilities of the item itself under ``S`` posterior samples.
    flips : tuple of Flip
        Those that change the answer; else the one that shakes it most, if any does.
    tried : int
        Items supposed to be labelled.
    taught : tuple of int
        Items its own label is expected to teach, of how many unlabelled, how many of them were looked at.
    functions : int or None
        Different functions among the draws it rests on; None where it follows from a formula.
    """

    draws: Float
    flips: tuple[Flip, ...]
    tried: int
    taught: tuple[int, int, int]
    functions: int | None = None


@dataclass(frozen=True, eq=False)
class _Others:
    rows: Ints  # all that are supposed to be labelled
    sample: Ints  # positions in ``rows`` of those drawn uniformly
    of: int


def closed_form(graph: LiveGraph, predictive: Any, row: int, near: Ints, free: Ints) -> WhatIf:
    """In closed form, for the graph head.

    Parameters
    ----------
    graph : LiveGraph
        Of which ``predictive`` is; a frozen copy, because labels go on arriving.
    predictive : Predictive
    row : int
        The item.
    near, free : int (k,), (m,)
        Its nearest items; all items without a label.
    """
    known: dict[str, Any] = {
        "weights": graph.weights,
        "covariance": graph.covariance,
        "noise": graph.noise,
        "sharpness": graph.sharpness,
    }
    phi, mean = graph.phi, np.asarray(predictive.mean)
    own = mean[row]
    others = _others(row, near, free, min(FORMULA_ROWS, max(30, VALUES // (LABELS * len(own)))))
    chance, labels = _likeliest(mean[others.rows], LABELS)
    after = given_labels_on_graph(phi[others.rows], labels, phi[[row]], **known)[:, :, 0]
    flips = _flips(own, others.rows, labels, chance, after, np.zeros(chance.shape))
    sample = others.rows[others.sample]
    told, supposed = _likeliest(own[None], OWN_LABELS)
    then = given_labels_on_graph(phi[[row]], supposed, phi[sample], **known)
    learns = expected_gain(mean[sample], told, then)[0] >= LEARNT
    draws = np.asarray(predictive.draws(np.array([row]), DRAWS, 0))[:, 0]
    return WhatIf(draws, flips, len(others.rows), _taught(learns, others.of))


def from_draws(predictive: Any, row: int, near: Ints, free: Ints) -> WhatIf:
    """By Bayes' rule on joint draws, for any posterior; parameters as for :func:`closed_form`."""
    own = np.asarray(predictive.mean[row])
    others = _others(row, near, free, min(DRAWN_ROWS, max(30, VALUES // (DRAWS * len(own)))))
    drawn = np.asarray(predictive.draws(np.concatenate([[row], others.rows]), DRAWS, 0))
    draws = drawn[:, 0]
    # Ten networks drawn two hundred times are ten functions: what they agree on by chance is no knowledge.
    drawn = np.unique(drawn, axis=0)
    if len(drawn) < FUNCTIONS:
        return WhatIf(draws, (), 0, (0, 0, 0), len(drawn))
    mine, given = drawn[:, :1], drawn[:, 1:]
    chance, labels = _likeliest(given.mean(axis=0), LABELS)
    # The mean shown may be a formula's, not that of these draws: their change is put on what is shown.
    after = given_labels(given, labels, mine)[:, :, 0] * (own / np.maximum(mine[:, 0].mean(axis=0), 1e-6))
    after /= after.sum(axis=-1, keepdims=True)
    becomes, answer = after.argmax(axis=-1), int(own.argmax())
    compared = mine[:, 0][:, becomes] - mine[:, 0, answer, None, None] * (becomes != answer)
    margin = ERRORS * standard_error(given, labels, compared)
    margin[support(given, labels) < SUPPORT] = np.inf
    flips = _flips(own, others.rows, labels, chance, after, margin)
    learns = _stands_out(mine, given[:, others.sample])
    return WhatIf(draws, flips, len(others.rows), _taught(learns, others.of), len(drawn))


def _others(row: int, near: Ints, free: Ints, most: int) -> _Others:
    """Its nearest unlabelled items, and a uniform sample of the unlabelled ones."""
    free = free[free != row]
    sample = free if len(free) <= most else np.random.default_rng(0).choice(free, most, replace=False)
    rows = np.union1d(sample, near[np.isin(near, free, kind="table")])
    return _Others(rows, np.searchsorted(rows, np.sort(sample)), len(free))


def _likeliest(probs: Float, most: int) -> tuple[Float, Ints]:
    """The likeliest classes of each row and their probabilities, (J, K) both."""
    labels = np.argsort(-probs, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(probs, labels, axis=1), labels


def _flips(
    own: Float, rows: Ints, labels: Ints, chance: Float, after: Float, margin: NDArray[Any]
) -> tuple[Flip, ...]:
    """The labels worth telling of; ``margin`` (J, K): what a difference of probabilities must exceed to be told."""
    answer = int(own.argmax())
    becomes = after.argmax(axis=-1)
    lead = after.max(axis=-1) - after[..., answer]
    told = (chance >= LIKELY) & (becomes != answer) & (lead > margin)
    direct = told & (
        becomes == labels
    )  # a label may also tip the scales towards a third class: hard to believe
    worth = np.where(direct if direct.any() else told, chance * lead, 0)
    most = MOST
    if not worth.any():
        loss = own[answer] - after[..., answer]
        worth = np.where(
            (chance >= LIKELY) & (becomes == answer) & (loss > np.maximum(margin, 0.05)), loss, 0
        )
        most = 1
    return tuple(
        Flip(
            int(rows[j]),
            int(labels[j, k]),
            float(chance[j, k]),
            answer,
            int(becomes[j, k]),
            float(own[becomes[j, k]]),
            float(after[j, k, becomes[j, k]]),
        )
        for j, k in _best(worth, labels, most)
    )


def _best(worth: NDArray[Any], labels: Ints, most: int) -> list[tuple[int, int]]:
    """At most one label an item, the worthiest first; different labels before the same one again."""
    top = worth.argmax(axis=1) if worth.size else np.zeros(0, np.int64)
    order = [j for j in np.argsort(-worth.max(axis=1, initial=0), kind="stable") if worth[j].max() > 0]
    first = {int(labels[j, top[j]]): j for j in reversed(order)}  # the worthiest item for each label
    chosen = [*sorted(first.values(), key=order.index), *(j for j in order if j not in first.values())][:most]
    return [(int(j), int(top[j])) for j in sorted(chosen, key=order.index)]


def _taught(learns: NDArray[np.bool_], of: int) -> tuple[int, int, int]:
    return (round(float(learns.mean()) * of) if len(learns) else 0, of, len(learns))


def _stands_out(mine: Float, given: Float) -> NDArray[np.bool_]:
    """Which items gain more from the label of one than chance would make it seem."""
    told, supposed = _likeliest(mine.mean(axis=0), OWN_LABELS)
    now = given.mean(axis=0)

    def gain(drawn: Float) -> Float:
        return expected_gain(now, told, given_labels(drawn, supposed, given))[0]

    shuffled = max((float(gain(np.roll(mine, by, axis=0)).max(initial=0)) for by in SHUFFLES), default=0.0)
    return np.asarray(gain(mine) >= max(LEARNT, shuffled))
