"""Several scores in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import QueryError
from spin_nb.protocols import Strategy
from spin_nb.query._checks import check_values
from spin_nb.query.mixed._parts import Arrays, Part, free_rows, score_part, strategy_of
from spin_nb.types import Float
from spin_nb.words import shown

Score = Callable[..., Float]
Doubles = NDArray[np.float64]


def weighted(weights: Mapping[str | Strategy, float]) -> Score:
    """Mix scores by the weighted sum of their ranks.

    A weighted Borda count.  Ranks, and not values scaled to a range or to unit variance: a local outlier factor may
    be a thousand where the others are 1, and would either be all that counts or squeeze all others to 0.  A rank has
    no unit, and stays as it is under any rising function of the score.  It is the share of rows that may be asked
    with a lower score, half of those that tie among them, so 0 to 1.

    Parameters
    ----------
    weights : mapping of str or callable to float
        A score, by word or as a function -> its weight; below 0 what scores high is avoided.

    Returns
    -------
    callable
        A score, float32 (n,): 0 to the sum of the weights; labelled rows are last.

    Raises
    ------
    QueryError
        No scores, weights that are not finite or all 0, a part that chooses a batch.
    UnknownWordError
        No such word.

    Examples
    --------
    >>> ask = weighted({"margin": 1, "activation": 0.5})
    >>> ask.__name__
    'margin + 0.5 activation'
    >>> probs = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1]])
    >>> ask(probs=probs, features=np.array([[3.0], [2.0], [1.0]])).round(3).tolist()
    [0.9169999957084656, 0.75, 0.5830000042915344]
    """
    if not isinstance(weights, Mapping) or not weights:
        raise QueryError(
            f"{shown(weights)} weighs no scores.", "Pass some: weighted({'margin': 1, 'novelty': 0.5})."
        )
    for weight in weights.values():
        if isinstance(weight, bool) or not isinstance(weight, Real) or not np.isfinite(weight):
            raise QueryError(f"{shown(weight)} is no weight.", "Pass a finite number for each score.")
    if not any(weights.values()):
        raise QueryError("all weights are 0: nothing would be preferred.", "Weigh one score at least.")
    parts, factors = [score_part(strategy) for strategy in weights], [float(w) for w in weights.values()]
    lowest = sum(min(factor, 0.0) for factor in factors)

    def mix(arrays: Arrays) -> Float:
        return _of_ranks(arrays, parts, lambda places: np.tensordot(factors, places, axes=1), lowest)

    name = " + ".join(_term(part, factor) for part, factor in zip(parts, factors, strict=True))
    return strategy_of(mix, parts, name, "Weighted sum of ranks (:func:`weighted`).")


def product(*scores: str | Strategy) -> Score:
    """Mix scores by the product of their ranks.

    What is low in one is low in all of it: "and" where :func:`weighted` is more of an "or".  Ranks are those of
    :func:`weighted`, and their geometric mean is the score.

    Parameters
    ----------
    *scores : str or callable

    Returns
    -------
    callable
        A score, float32 (n,), 0 to 1; labelled rows are last.

    Raises
    ------
    QueryError
        No scores, or one that chooses a batch.
    UnknownWordError
        No such word.

    Examples
    --------
    >>> ask = product("margin", "activation")
    >>> probs = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1]])
    >>> ask(probs=probs, features=np.array([[3.0], [2.0], [1.0]])).round(2).tolist()
    [0.3700000047683716, 0.5, 0.3700000047683716]
    """
    if not scores:
        raise QueryError(
            "a product of no scores prefers nothing.", "Pass some: product('margin', 'density')."
        )
    parts = [score_part(score) for score in scores]

    def mix(arrays: Arrays) -> Float:
        return _of_ranks(arrays, parts, lambda places: np.exp(np.log(places).mean(axis=0)), 0.0)

    return strategy_of(
        mix, parts, " x ".join(part.word for part in parts), "Product of ranks (:func:`product`)."
    )


def per_cost(score: str | Strategy, cost: ArrayLike) -> Score:
    """Score by what an item teaches for its cost.

    The score is divided by the cost: return on investment (Settles, Craven & Friedland 2008).

    Parameters
    ----------
    score : str or callable
        Of 0 or more: nats, probabilities, distances.  Of others, ``weighted({"similar": 1})`` makes ranks.
    cost : float (N,)
        Of every row of the pool, above 0: seconds, words, money.

    Returns
    -------
    callable
        A score, float32 (n,), per unit of cost.  It takes ``pool_rows`` (n,), the rows of the pool that it scores.

    Raises
    ------
    QueryError
        Costs of 0 or less, NaN; a part that chooses a batch.  When it is called: a score below 0, fewer costs than the
        pool has rows.
    UnknownWordError
        No such word.

    Examples
    --------
    >>> ask = per_cost("margin", [10, 1, 1])
    >>> probs = np.array([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1]])
    >>> ask(probs=probs, pool_rows=np.arange(3)).round(2).tolist()
    [0.10000000149011612, 0.800000011920929, 0.20000000298023224]
    """
    part, costs = score_part(score), check_values(cost, "costs")
    if costs.min() <= 0:
        raise QueryError(f"costs must be above 0, not {costs.min():g}.", "Pass what each item costs.")

    def mix(arrays: Arrays) -> Float:
        scores, rows = part.scores(arrays), np.asarray(arrays["pool_rows"])
        if rows.max() >= len(costs):
            raise QueryError(
                f"there are {len(costs):,} costs, and the pool has a row {rows.max():,}.",
                "Pass one cost for every row of the pool, arrivals too.",
            )
        if scores.min() < 0:
            raise QueryError(
                f"{part.word} is below 0, which no cost divides.",
                f"Divide its ranks: per_cost(weighted({{{part.word!r}: 1}}), cost).",
            )
        with np.errstate(over="ignore"):
            return np.minimum(scores / costs[rows], np.finfo(np.float32).max)

    return strategy_of(
        mix, [part], f"{part.word} per cost", "Score per unit of cost (:func:`per_cost`).", "pool_rows"
    )


def _of_ranks(arrays: Arrays, parts: list[Part], mix: Callable[[Doubles], Doubles], lowest: float) -> Float:
    """A mix of the parts' ranks among the rows that may be asked; ``lowest`` for the labelled."""
    scores = [part.scores(arrays) for part in parts]
    rows = free_rows(arrays, len(scores[0]))
    out = np.full(len(scores[0]), lowest, np.float32)
    out[rows] = mix(np.stack([ranks(values[rows]) for values in scores]))
    return out


def ranks(scores: Float) -> Doubles:
    """Ranks of scores, in (0, 1).

    The share of rows with a lower score, half of those that tie among them.

    Examples
    --------
    >>> ranks(np.array([5.0, 1e9, 5.0])).round(2).tolist()
    [0.33, 0.83, 0.33]
    """
    from scipy.stats import rankdata

    return np.asarray((rankdata(scores) - 0.5) / len(scores), np.float64)


def _term(part: Part, weight: float) -> str:
    return part.word if weight == 1 else f"{weight:g} {part.word}"
