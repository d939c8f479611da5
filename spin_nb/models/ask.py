"""Choose the items to ask: by "auto", or by a strategy that gets the arrays its parameters name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.graph import LiveGraph
from spin_nb.models.bulk_label_weights import thin
from spin_nb.protocols import STRATEGY_ARRAYS, Predictive, Strategy
from spin_nb.query.auto import auto
from spin_nb.query.call import ask_by, parameters_of
from spin_nb.query.disagreement import bald
from spin_nb.query.rare import Rare, rarest
from spin_nb.query.refine import refine
from spin_nb.registry import resolve
from spin_nb.threads import one_thread
from spin_nb.types import Float, Ints, Picked

DRAWS_PER_ITEM = 32
MAX_CANDIDATES_WITH_DRAWS = 4000  # bounds draws (S, n, C)
MAX_TARGET_ITEMS = 200  # that stand for the pool
ASKS_PER_EXPLORING_ASK = 8  # of which the graph explores one while a head that asks by margin is shown

__all__ = ["LearnerState", "StrategyInputs", "ask"]


class LearnerState(Protocol):
    """State of a learner that asking reads.

    It holds ``features`` (n, d) and ``scales`` (n,) of the pool, the live ``graph``, the ``predictive`` of
    the head shown, and how "auto" ``asks_by`` for it.
    """

    features: Float
    scales: Float
    n_classes: int
    graph: LiveGraph

    def __len__(self) -> int: ...
    @property
    def head(self) -> str:
        """Name of the head shown."""

    @property
    def asks_by(self) -> str:
        """Measure that "auto" asks by: "variance" or "margin"."""

    def predictive(self) -> Predictive:
        """Return the predictive over the pool."""


@one_thread()
def ask(
    learner: LearnerState,
    k: int,
    candidates: Ints,
    *,
    strategy: str | Strategy = "auto",
    pending: Sequence[int] = (),
    seed: int = 0,
) -> Picked:
    """Choose ``k`` items to label.

    Parameters
    ----------
    learner : LearnerState
    k : int
    candidates : int (m,)
        Pool rows that may be asked.
    strategy : str or callable
        "auto", a word of the registry, or a :class:`~spin_nb.protocols.Strategy`.
    pending : sequence of int
        Rows asked and not answered yet: never picked; "auto" counts them as labelled.
    seed : int

    Returns
    -------
    Picked
        ``indices`` are pool rows.

    Raises
    ------
    QueryError
        Nothing left to ask, ``k`` out of range.
    UnknownWordError
        No such strategy.
    """
    if isinstance(strategy, str) and strategy == "auto":
        return _auto(learner, k, candidates, pending, seed)
    function = resolve("strategy", strategy, also=("auto",))
    free = np.setdiff1d(np.asarray(candidates, np.int64), np.asarray(pending, np.int64))
    names = parameters_of(function)
    size = max(k, MAX_CANDIDATES_WITH_DRAWS)
    if {"draws", "scores"} & set(names) and len(free) > size:
        # Any subset drawn without looking leaves weights by q unbiased: q is given the subset.
        free = np.sort(np.random.default_rng(seed).choice(free, size, replace=False))
    labelled_rows = (
        np.asarray([*learner.graph.rows, *pending], np.int64) if "labelled_rows" in names else free[:0]
    )
    rows = np.concatenate([free, labelled_rows])
    inputs = StrategyInputs(learner, rows, len(free), len(learner.graph.rows), seed)
    picked = ask_by(function, inputs, len(rows), k, free=np.arange(len(free)), seed=seed)
    return replace(picked, indices=rows[picked.indices])


def _auto(learner: LearnerState, k: int, candidates: Ints, pending: Sequence[int], seed: int) -> Picked:
    """By the look ahead; where the head shown asks by margin, by that, but for every eighth ask.

    Trees that have found one kind of a rare class ask for more of it and never learn of the others: of ten runs on
    machine failures one did not find a failure in a hundred asks.  The graph goes on exploring for them.
    """
    graph = learner.graph
    sample = thin(graph.y, graph.weights_of_labels)
    rare_class = rarest(graph.y[sample], learner.n_classes)
    probs = learner.predictive().mean
    # A session counts its asks in the seed: turns go on from one call to the next.
    rare = None if rare_class is None else Rare(probs[:, rare_class], seed)
    state = (graph.phi, graph.covariance, graph.variance, graph.scores)
    if learner.asks_by != "margin":
        return auto(
            *state,
            candidates,
            k,
            probs=probs,
            n_labels=len(sample),
            pending=pending,
            noise=graph.noise,
            rare=rare,
            seed=seed,
        )
    margins = (probs, learner.features, learner.scales)
    head = "the trees are" if learner.head == "trees" else f"{learner.head!r} is"
    n_exploring = sum((seed + at) % ASKS_PER_EXPLORING_ASK == 1 for at in range(k))
    if not n_exploring:
        return refine(*margins, candidates, k, pending=pending, rare=rare, head=head, seed=seed)
    exploring = auto(*state, candidates, n_exploring, pending=pending, noise=graph.noise, seed=seed)
    if n_exploring == k:
        return exploring
    waiting = [*pending, *exploring.indices.tolist()]
    rest = refine(*margins, candidates, k - n_exploring, pending=waiting, rare=rare, head=head, seed=seed)
    return _concatenate(exploring, rest)


def _concatenate(first: Picked, second: Picked) -> Picked:
    """Join two batches, the second drawn after the first."""
    return Picked(
        np.concatenate([first.indices, second.indices]),
        np.concatenate([first.scores, second.scores]),
        np.concatenate([first.q, second.q]),
        second.reason,
    )


class StrategyInputs:
    """The arrays of :data:`~spin_nb.protocols.STRATEGY_ARRAYS`, each computed when it is named."""

    def __init__(self, learner: LearnerState, rows: Ints, n_free: int, n_labels: int, seed: int) -> None:
        self._learner, self._rows, self._seed = learner, rows, seed
        self._n_free, self._n_labels = n_free, n_labels

    def __call__(self, name: str) -> object:
        """Return the array of a name."""
        assert name in STRATEGY_ARRAYS
        return getattr(self, name)

    @cached_property
    def _predictive(self) -> Predictive:
        return self._learner.predictive()

    @property
    def probs(self) -> Float:
        """Class probabilities (n, C)."""
        return np.asarray(self._predictive.mean[self._rows])

    @property
    def draws(self) -> Float:
        """Joint posterior draws (S, n, C)."""
        return np.asarray(self._predictive.draws(self._rows, DRAWS_PER_ITEM, self._seed))

    @property
    def scores(self) -> Float:
        """BALD of each row (n,)."""
        return bald(self.draws)

    @property
    def target_draws(self) -> Float:
        """Draws (S, t, C) of items drawn uniformly from the whole pool."""
        n = len(self._learner)
        rows = np.random.default_rng(self._seed + 1).choice(n, min(n, MAX_TARGET_ITEMS), replace=False)
        return np.asarray(self._predictive.draws(rows, DRAWS_PER_ITEM, self._seed))

    @property
    def features(self) -> Float:
        """Features of the encoder (n, d)."""
        return self._learner.features[self._rows]

    @property
    def labelled_rows(self) -> Ints:
        """Labelled rows; those that wait for an answer are among them: a batch keeps clear of them too."""
        return np.arange(self._n_free, len(self._rows))

    @property
    def pool_rows(self) -> Ints:
        """Row of the pool of each (n,)."""
        return self._rows

    @property
    def labels(self) -> Ints:
        """Class indices; of rows that wait for an answer those predicted."""
        waiting = self._rows[self._n_free + self._n_labels :]
        predictions = np.asarray(self._predictive.mean[waiting]).argmax(axis=1) if len(waiting) else waiting
        return np.concatenate([self._learner.graph.y, predictions])

    @property
    def phi(self) -> Float:
        """Features of the graph posterior (n, D)."""
        return self._learner.graph.phi[self._rows]

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the graph posterior (D, D)."""
        return self._learner.graph.covariance

    @property
    def variance(self) -> Float:
        """Variance of scores under the graph (n,)."""
        return self._learner.graph.variance[self._rows]

    @property
    def score_means(self) -> Float:
        """Mean of scores under the graph (n, C)."""
        return self._learner.graph.scores[self._rows]

    @property
    def noise(self) -> float:
        """Standard deviation of a label under the graph."""
        return self._learner.graph.noise
