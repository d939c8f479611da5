"""Asking: what a strategy may name, taken from the learner as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.bayes.trees import Trees
from spin_nb.models.gestures import thinned
from spin_nb.protocols import STRATEGY_ARRAYS
from spin_nb.query.auto import auto
from spin_nb.query.call import ask_by, named_by
from spin_nb.query.committee import bald
from spin_nb.query.rare import Rare, rarest
from spin_nb.query.refine import refine
from spin_nb.registry import resolve
from spin_nb.types import Float, Ints, Picked

if TYPE_CHECKING:
    from spin_nb.models.learner import Learner

DRAWS = 32
DRAWN_CANDIDATES = 4000  # candidates a strategy that needs draws looks at: bounds (S, n, C)
TARGETS = 200  # items that stand for the pool
EXPLORES = 8  # asks, of which the graph explores one while trees are shown

__all__ = ["ask"]


def ask(
    learner: Learner, k: int, candidates: Ints, *, strategy: Any, pending: Sequence[int], seed: int
) -> Picked:
    """Choose ``k`` pool rows; see :meth:`Learner.ask <spin_nb.models.learner.Learner.ask>`."""
    if isinstance(strategy, str) and strategy == "auto":
        return _auto(learner, k, candidates, pending, seed)
    found = resolve("strategy", strategy, also=("auto",))
    free = np.setdiff1d(np.asarray(candidates, np.int64), np.asarray(pending, np.int64))
    names = named_by(found)
    size = max(k, DRAWN_CANDIDATES)
    if {"draws", "scores"} & set(names) and len(free) > size:
        # Any subset drawn without looking leaves weights by q unbiased: q is given the subset.
        free = np.sort(np.random.default_rng(seed).choice(free, size, replace=False))
    labelled = np.asarray([*learner.graph.rows, *pending], np.int64) if "labelled" in names else free[:0]
    rows = np.concatenate([free, labelled])
    given = _Given(learner, rows, len(free), len(learner.graph.rows), seed)
    picked = ask_by(found, given, len(rows), k, free=np.arange(len(free)), seed=seed)
    return replace(picked, indices=rows[picked.indices])


def _auto(learner: Learner, k: int, candidates: Ints, pending: Sequence[int], seed: int) -> Picked:
    """By the graph's look ahead; where trees are the head shown, by where they are undecided, but for every eighth ask.

    Trees that have found one kind of a rare class ask for more of it and never learn of the others: of ten runs on
    machine failures one did not find a failure in a hundred asks.  The graph goes on exploring for them.
    """
    own, g = learner.own(), learner.graph
    sought = rarest(g.y[thinned(g.y, g.weights_of_labels)], learner.n_classes)
    # A session counts its asks in the seed: turns go on from one call to the next.
    rare = None if sought is None else Rare(learner.predictive().mean[:, sought], seed)
    state = (g.phi, g.covariance, g.variance, g.scores)
    if own is None or not isinstance(own.model, Trees):
        return auto(*state, candidates, k, pending=pending, noise=g.noise, rare=rare, seed=seed)
    said = (learner.predictive().mean, learner.features, learner.scales)
    n_explored = sum((seed + at) % EXPLORES == 1 for at in range(k))
    if not n_explored:
        return refine(*said, candidates, k, pending=pending, rare=rare, seed=seed)
    explored = auto(*state, candidates, n_explored, pending=pending, noise=g.noise, seed=seed)
    if n_explored == k:
        return explored
    waiting = [*pending, *explored.indices.tolist()]
    return _joined(explored, refine(*said, candidates, k - n_explored, pending=waiting, rare=rare, seed=seed))


def _joined(first: Picked, second: Picked) -> Picked:
    """One batch after another, drawn from what the first left."""
    return Picked(
        np.concatenate([first.indices, second.indices]),
        np.concatenate([first.scores, second.scores]),
        np.concatenate([first.q, second.q]),
        second.reason,
    )


class _Given:
    """The arrays of :data:`~spin_nb.protocols.STRATEGY_ARRAYS`, each made when it is named."""

    def __init__(self, learner: Learner, rows: Ints, n_free: int, n_labels: int, seed: int) -> None:
        self._learner, self._rows, self._seed = learner, rows, seed
        self._n_free, self._n_labels = n_free, n_labels

    def __call__(self, name: str) -> Any:
        assert name in STRATEGY_ARRAYS
        return getattr(self, name)

    @cached_property
    def _predictive(self) -> Any:
        return self._learner.predictive()

    @property
    def probs(self) -> Float:
        return np.asarray(self._predictive.mean[self._rows])

    @property
    def draws(self) -> Float:
        return np.asarray(self._predictive.draws(self._rows, DRAWS, self._seed))

    @property
    def scores(self) -> Float:
        return bald(self.draws)

    @property
    def target_draws(self) -> Float:
        """Of items drawn uniformly from the whole pool."""
        n = len(self._learner)
        rows = np.random.default_rng(self._seed + 1).choice(n, min(n, TARGETS), replace=False)
        return np.asarray(self._predictive.draws(rows, DRAWS, self._seed))

    @property
    def features(self) -> Float:
        return self._learner.features[self._rows]

    @property
    def labelled(self) -> Ints:
        """Rows asked and not answered yet are among them: a batch keeps clear of them too."""
        return np.arange(self._n_free, len(self._rows))

    @property
    def labels(self) -> Ints:
        """Of the rows that wait for an answer: what is predicted."""
        waiting = self._rows[self._n_free + self._n_labels :]
        expected = np.asarray(self._predictive.mean[waiting]).argmax(axis=1) if len(waiting) else waiting
        return np.concatenate([self._learner.graph.y, expected])

    @property
    def phi(self) -> Float:
        return self._learner.graph.phi[self._rows]

    @property
    def covariance(self) -> Any:
        return self._learner.graph.covariance

    @property
    def variance(self) -> Float:
        return self._learner.graph.variance[self._rows]

    @property
    def score_means(self) -> Float:
        return self._learner.graph.scores[self._rows]

    @property
    def noise(self) -> float:
        return self._learner.graph.noise
