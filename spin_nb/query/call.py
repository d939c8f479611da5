"""Call a strategy, ours or a person's, with what its parameters name, and mix chance in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError, SpinError
from spin_nb.protocols import STRATEGY_ARRAYS, wants
from spin_nb.query.mixture import epsilon_greedy, epsilon_greedy_batch
from spin_nb.types import Ints, Picked
from spin_nb.words import said_by, short, shown

CONTRACT = (
    "Write f(probs, k, *, seed) -> Picked, or f(probs) -> scores (n,); besides probs it may name "
    f"{', '.join(name for name in STRATEGY_ARRAYS if name != 'probs')}. spin_nb.testing.check_strategy(f) helps."
)


def ask_by(
    strategy: Callable[..., object], inputs: Callable[[str], object], n: int, k: int, *, free: Ints, seed: int
) -> Picked:
    """Ask a strategy for ``k`` of the ``free`` rows.

    Parameters
    ----------
    strategy : callable
        A score, ``f(arrays) -> (n,)``, higher = ask first; or a batch, ``f(arrays, k, *, seed) -> Picked``.  Which
        arrays it gets is said by the names of its parameters (:data:`~spin_nb.protocols.STRATEGY_ARRAYS`).
    inputs : callable
        Name -> array.
    n : int
        Rows of those arrays.
    k : int
    free : int (m,)
        Rows that may be asked.
    seed : int

    Returns
    -------
    Picked
        Rows of the arrays, with the probability of each pick: the epsilon-uniform mixture was really drawn.

    Raises
    ------
    QueryError
        It is no function, names what there is not, fails, or returns neither scores nor a batch.
    """
    names, name = parameters_of(strategy), name_of(strategy)
    arguments: dict[str, Any] = {word: inputs(word) for word in names if word in STRATEGY_ARRAYS}
    arguments |= {word: value for word, value in (("k", k), ("seed", seed)) if word in names}
    try:
        answer = strategy(**arguments)
    except SpinError:
        raise
    except Exception as error:
        what = f"the strategy {name!r} failed: {said_by(error)}."
        raise QueryError(what, CONTRACT) from error
    if "k" not in names:
        return _by_score(answer, name, n, k, free, seed)
    batch = _check_batch(answer, name, n, k, free)
    return batch if batch.is_sampled else epsilon_greedy_batch(batch, free, seed=seed)


def name_of(strategy: object) -> str:
    """A strategy's own name, short enough for a message."""
    return short(str(getattr(strategy, "__name__", type(strategy).__name__)))


def parameters_of(strategy: object) -> tuple[str, ...]:
    """Names of a strategy's parameters that are passed to it.

    Raises
    ------
    QueryError
        It is no function, or names what there is not.
    """
    if not callable(strategy):
        raise QueryError(f"{shown(strategy)} is no strategy.", f"Pass a word such as 'entropy'. {CONTRACT}")
    try:
        return tuple(wants(strategy))
    except (
        TypeError,
        ValueError,
    ) as error:  # ValueError: of some built-in functions Python knows no parameters
        raise QueryError(
            f"the strategy {name_of(strategy)!r} cannot be called: {said_by(error)}.", CONTRACT
        ) from error


def _by_score(answer: object, name: str, n: int, k: int, free: Ints, seed: int) -> Picked:
    scores = np.asarray(answer)
    if scores.shape != (n,) or scores.dtype.kind not in "fiu":
        what = f"shape {scores.shape}" if scores.dtype.kind in "fiu" else shown(answer)
        raise QueryError(
            f"the strategy {name!r} returned {what}, not a score for each of {n} rows.", CONTRACT
        )
    batch = epsilon_greedy(scores[free], k, seed=seed)
    return replace(batch, indices=free[batch.indices], reason=f"highest {name.replace('_', ' ')}")


def _check_batch(batch: object, name: str, n: int, k: int, free: Ints) -> Picked:
    if not isinstance(batch, Picked):
        raise QueryError(f"the strategy {name!r} returned {shown(batch)}, not Picked.", CONTRACT)
    rows, q = np.asarray(batch.indices), np.asarray(batch.q, np.float64)
    are_rows = rows.ndim == 1 and rows.dtype.kind in "iu"
    is_valid = are_rows and bool(_within(rows, free, n).all())
    if not is_valid or len(rows) != k or len(np.unique(rows)) != k:
        raise QueryError(f"the strategy {name!r} did not pick {k} different rows of {len(free)}.", CONTRACT)
    if q.shape != rows.shape or not ((q > 0) & (q <= 1)).all():
        raise QueryError(f"the strategy {name!r} returned q outside (0, 1].", CONTRACT)
    return batch


def _within(rows: NDArray[Any], free: Ints, n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, bool)
    mask[free] = True
    inside = (rows >= 0) & (rows < n)
    return inside & mask[np.where(inside, rows, 0)]
