"""The strategies a word stands for: a score, asked through the mixture that keeps every ``q`` above 0.

Each takes ``probs`` (n, C) and ``draws`` (S, n, C) of the candidates, ``k`` and a seed, and returns
:class:`~spin_nb.types.Picked`; see :class:`spin_nb.protocols.Strategy`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
