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
from spin_nb.protocols import Predictive
from spin_nb.types import Float, Ints

DRAWS_PER_ITEM = 200
MAX_DRAWN_ITEMS = 300  # items drawn at once: bounds (S, n, C), as MAX_ARRAY_VALUES does for many classes
MAX_FORMULA_ITEMS = 2000
MAX_ARRAY_VALUES = 2_000_000
LABELS_PER_OTHER_ITEM = 6  # labels supposed for each other item, the likeliest
LABELS_OF_ITEM = 20  # and for the item itself
# Below, a label would be a surprise: nobody waits for it, and few draws speak of it.
MIN_LABEL_PROBABILITY = 0.05
MIN_SUPPORTING_DRAWS = 20  # draws that must speak for a label
MIN_DISTINCT_FUNCTIONS = 40  # and different functions there must be at all
MARGIN_STANDARD_ERRORS = 3.0
MIN_GAIN_NATS = 0.1
MAX_FLIPS = 3
# Draws of one item against those of another, moved on by so many: no function in common.
SHUFFLE_OFFSETS = (1, 7, 31, 63)


@dataclass(frozen=True)
class Flip:
    """Answer of one item if ``row`` were ``label``.

    It holds indices, and probabilities.
    """

    row: int
    label: int
    chance: float
    answer: int
    becomes: int
    now: float
    after: float


@dataclass(frozen=True, eq=False)
class WhatIf:
    """Effects of hypothetical labels.

    Attributes
    ----------
    draws : float32 (S, C)
        Class probabilities of the item itself under ``S`` posterior samples.
    flips : tuple of Flip
        Those that change the answer; else the one that shakes it most, if any does.
    n_tried : int
        Items supposed to be labelled.
    effect : tuple of int
        Items its own label is expected to teach, of how many unlabelled, how many of them were looked at.
    functions : int or None
        Different functions among the draws it rests on; None where it follows from a formula.
    """

    draws: Float
    flips: tuple[Flip, ...]
    n_tried: int
    effect: tuple[int, int, int]
    functions: int | None = None


@dataclass(frozen=True, eq=False)
class _Others:
    rows: Ints  # all that are supposed to be labelled
    sample: Ints  # positions in ``rows`` of those drawn uniformly
    of: int


def closed_form(graph: LiveGraph, predictive: Predictive, row: int, near: Ints, free: Ints) -> WhatIf:
    """Suppose labels in closed form; graph head only.

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
    graph_terms: dict[str, Any] = {
        "weights": graph.weights,
        "covariance": graph.covariance,
        "noise": graph.noise,
        "sharpness": graph.sharpness,
    }
    phi, mean = graph.phi, np.asarray(predictive.mean)
    item_mean = mean[row]
    others = _others(
        row,
        near,
        free,
        min(MAX_FORMULA_ITEMS, max(30, MAX_ARRAY_VALUES // (LABELS_PER_OTHER_ITEM * len(item_mean)))),
    )
    chance, labels = _likeliest(mean[others.rows], LABELS_PER_OTHER_ITEM)
    after = given_labels_on_graph(phi[others.rows], labels, phi[[row]], **graph_terms)[:, :, 0]
    flips = _flips(item_mean, others.rows, labels, chance, after, np.zeros(chance.shape))
    sample = others.rows[others.sample]
    own_chance, own_labels = _likeliest(item_mean[None], LABELS_OF_ITEM)
    others_after = given_labels_on_graph(phi[[row]], own_labels, phi[sample], **graph_terms)
    learns = expected_gain(mean[sample], own_chance, others_after)[0] >= MIN_GAIN_NATS
    draws = np.asarray(predictive.draws(np.array([row]), DRAWS_PER_ITEM, 0))[:, 0]
    return WhatIf(draws, flips, len(others.rows), _effect(learns, others.of))


def from_draws(predictive: Predictive, row: int, near: Ints, free: Ints) -> WhatIf:
    """Suppose labels by Bayes' rule on draws.

    It serves any posterior; the parameters are those of :func:`closed_form`.
    """
    item_mean = np.asarray(predictive.mean[row])
    others = _others(
        row, near, free, min(MAX_DRAWN_ITEMS, max(30, MAX_ARRAY_VALUES // (DRAWS_PER_ITEM * len(item_mean))))
    )
    draws = np.asarray(predictive.draws(np.concatenate([[row], others.rows]), DRAWS_PER_ITEM, 0))
    item_draws = draws[:, 0]
    # Ten networks drawn two hundred times are ten functions: what they agree on by chance is no knowledge.
    draws = np.unique(draws, axis=0)
    if len(draws) < MIN_DISTINCT_FUNCTIONS:
        return WhatIf(item_draws, (), 0, (0, 0, 0), len(draws))
    own_draws, other_draws = draws[:, :1], draws[:, 1:]
    chance, labels = _likeliest(other_draws.mean(axis=0), LABELS_PER_OTHER_ITEM)
    # The mean shown may be a formula's, not that of these draws: their change is put on what is shown.
    after = given_labels(other_draws, labels, own_draws)[:, :, 0] * (
        item_mean / np.maximum(own_draws[:, 0].mean(axis=0), 1e-6)
    )
    after /= after.sum(axis=-1, keepdims=True)
    becomes, answer = after.argmax(axis=-1), int(item_mean.argmax())
    lead_draws = own_draws[:, 0][:, becomes] - own_draws[:, 0, answer, None, None] * (becomes != answer)
    margin = MARGIN_STANDARD_ERRORS * standard_error(other_draws, labels, lead_draws)
    margin[support(other_draws, labels) < MIN_SUPPORTING_DRAWS] = np.inf
    flips = _flips(item_mean, others.rows, labels, chance, after, margin)
    learns = _stands_out(own_draws, other_draws[:, others.sample])
    return WhatIf(item_draws, flips, len(others.rows), _effect(learns, others.of), len(draws))


def _others(row: int, near: Ints, free: Ints, most: int) -> _Others:
    """Nearest unlabelled items, and a uniform sample."""
    free = free[free != row]
    sample = free if len(free) <= most else np.random.default_rng(0).choice(free, most, replace=False)
    rows = np.union1d(sample, near[np.isin(near, free, kind="table")])
    return _Others(rows, np.searchsorted(rows, np.sort(sample)), len(free))


def _likeliest(probs: Float, most: int) -> tuple[Float, Ints]:
    """Likeliest classes and probabilities of each row, (J, K)."""
    labels = np.argsort(-probs, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(probs, labels, axis=1), labels


def _flips(
    item_mean: Float, rows: Ints, labels: Ints, chance: Float, after: Float, margin: NDArray[Any]
) -> tuple[Flip, ...]:
    """Select the labels worth telling.

    ``margin`` (J, K) is what a difference of probabilities must exceed to be told.
    """
    answer = int(item_mean.argmax())
    becomes = after.argmax(axis=-1)
    lead = after.max(axis=-1) - after[..., answer]
    is_flip = (chance >= MIN_LABEL_PROBABILITY) & (becomes != answer) & (lead > margin)
    # A label may also tip the scales towards a third class: hard to believe.
    direct = is_flip & (becomes == labels)
    worth = np.where(direct if direct.any() else is_flip, chance * lead, 0)
    most = MAX_FLIPS
    if not worth.any():
        loss = item_mean[answer] - after[..., answer]
        worth = np.where(
            (chance >= MIN_LABEL_PROBABILITY) & (becomes == answer) & (loss > np.maximum(margin, 0.05)),
            loss,
            0,
        )
        most = 1
    return tuple(
        Flip(
            int(rows[j]),
            int(labels[j, k]),
            float(chance[j, k]),
            answer,
            int(becomes[j, k]),
            float(item_mean[becomes[j, k]]),
            float(after[j, k, becomes[j, k]]),
        )
        for j, k in _best(worth, labels, most)
    )


def _best(worth: NDArray[Any], labels: Ints, most: int) -> list[tuple[int, int]]:
    """Pick the worthiest label of the worthiest items.

    Different labels go before the same one again.
    """
    top = worth.argmax(axis=1) if worth.size else np.zeros(0, np.int64)
    order = [j for j in np.argsort(-worth.max(axis=1, initial=0), kind="stable") if worth[j].max() > 0]
    first = {int(labels[j, top[j]]): j for j in reversed(order)}  # the worthiest item for each label
    rows = [*sorted(first.values(), key=order.index), *(j for j in order if j not in first.values())][:most]
    return [(int(j), int(top[j])) for j in sorted(rows, key=order.index)]


def _effect(learns: NDArray[np.bool_], of: int) -> tuple[int, int, int]:
    return (round(float(learns.mean()) * of) if len(learns) else 0, of, len(learns))


def _stands_out(own_draws: Float, other_draws: Float) -> NDArray[np.bool_]:
    """Mask items that gain more than by chance."""
    own_chance, own_labels = _likeliest(own_draws.mean(axis=0), LABELS_OF_ITEM)
    other_mean = other_draws.mean(axis=0)

    def gain(draws: Float) -> Float:
        return expected_gain(other_mean, own_chance, given_labels(draws, own_labels, other_draws))[0]

    gain_by_chance = max(
        (float(gain(np.roll(own_draws, by, axis=0)).max(initial=0)) for by in SHUFFLE_OFFSETS), default=0.0
    )
    return np.asarray(gain(own_draws) >= max(MIN_GAIN_NATS, gain_by_chance))
