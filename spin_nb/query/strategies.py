"""The strategies a word stands for: a score, asked through the mixture that keeps every ``q`` above 0.

Each takes ``probs`` (n, C) and ``draws`` (S, n, C) of the candidates, ``k`` and a seed, and returns
:class:`~spin_nb.types.Picked`; see :class:`spin_nb.protocols.Strategy`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from spin_nb.errors import QueryError, SpinError
from spin_nb.query import scores
from spin_nb.query.mixture import mixed
from spin_nb.types import Float, Picked


def ask_entropy(probs: Float, draws: Float, k: int, *, seed: int) -> Picked:
    """Ask the items with the highest predictive entropy (nats)."""
    return replace(mixed(scores.entropy(probs), k, seed=seed), reason="highest predictive entropy")


def ask_margin(probs: Float, draws: Float, k: int, *, seed: int) -> Picked:
    """Ask the items whose two most probable classes are closest."""
    return replace(mixed(scores.margin(probs), k, seed=seed), reason="two classes closest to a tie")


def ask_bald(probs: Float, draws: Float, k: int, *, seed: int) -> Picked:
    """Ask the items the posterior draws disagree on most (nats)."""
    return replace(mixed(scores.bald(draws), k, seed=seed), reason="posterior draws disagree most")


def ask_random(probs: Float, draws: Float, k: int, *, seed: int) -> Picked:
    """Ask uniformly at random: ``q`` = 1 / items left."""
    uniform = np.zeros(len(scores.check_probs(probs)), np.float32)
    return replace(mixed(uniform, k, epsilon=1.0, seed=seed), reason="drawn uniformly")


WITHOUT_DRAWS = (ask_entropy, ask_margin, ask_random)
"""Strategies that never look at ``draws``: they may be given none."""


def by_contract(strategy: Any, probs: Float, draws: Float, k: int, *, seed: int) -> Picked:
    """Call anyone's strategy and check what it returns.

    Parameters
    ----------
    strategy : callable
        Of the :class:`~spin_nb.protocols.Strategy` contract.
    probs, draws, k, seed
        As the contract has them.

    Raises
    ------
    QueryError
        It is no function, fails, or returns anything but ``k`` different rows with ``q`` in (0, 1].
    """
    name = getattr(strategy, "__name__", type(strategy).__name__)
    contract = "Write f(probs, draws, k, *, seed) -> Picked; spin_nb.testing.check_strategy(f) helps."
    if not callable(strategy):
        raise QueryError(f"{strategy!r:.60} is no strategy.", f"Pass a word such as 'entropy'. {contract}")
    try:
        picked = strategy(probs, draws, k, seed=seed)
    except SpinError:
        raise
    except Exception as error:
        raise QueryError(
            f"the strategy {name!r} failed: {type(error).__name__}: {error}.", contract
        ) from error
    if not isinstance(picked, Picked):
        raise QueryError(f"the strategy {name!r} returned {picked!r:.60}, not Picked.", contract)
    rows, q = np.asarray(picked.indices), np.asarray(picked.q, np.float64)
    inside = rows.ndim == 1 and rows.dtype.kind in "iu" and bool(((rows >= 0) & (rows < len(probs))).all())
    if not inside or len(rows) != k or len(np.unique(rows)) != k:
        raise QueryError(f"the strategy {name!r} did not pick {k} different rows of {len(probs)}.", contract)
    if q.shape != rows.shape or not ((q > 0) & (q <= 1)).all():
        raise QueryError(f"the strategy {name!r} returned q outside (0, 1].", contract)
    return picked
