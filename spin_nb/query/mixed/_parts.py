"""Parts of a mix: called with what they name, and joined into one function that names it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import Parameter, Signature, signature
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.protocols import STRATEGY_ARRAYS
from spin_nb.query._checks import check_labelled, check_scores, unlabelled
from spin_nb.query.call import name_of, parameters_of
from spin_nb.registry import resolve
from spin_nb.types import Float, Picked
from spin_nb.words import shown

Arrays = dict[str, Any]
"""Names of :data:`~spin_nb.protocols.STRATEGY_ARRAYS`, ``k`` and ``seed`` -> what a session gives."""
PER_POSTERIOR = frozenset({"labels", "target_draws", "covariance", "noise"})
"""Arrays that have no row for each item."""


class Part(NamedTuple):
    """A strategy within a mix, and the names of what it takes."""

    call: Callable[..., Any]
    word: str
    names: tuple[str, ...]
    required_names: frozenset[str]

    @property
    def is_batch(self) -> bool:
        """True of one that chooses a batch; others score."""
        return "k" in self.names

    def __call__(self, arrays: Arrays) -> Any:
        """Call it with what it names."""
        return self.call(**{name: arrays[name] for name in self.names if name in arrays})

    def scores(self, arrays: Arrays) -> Float:
        """Its scores (n,), checked."""
        try:
            return check_scores(self(arrays), n=n_rows(arrays))
        except QueryError as error:
            raise QueryError(f"{self.word}: {error.what}", error.do) from error


def score_part(strategy: object) -> Part:
    """A part that scores.

    Raises
    ------
    QueryError
        It chooses a batch, or is no strategy.
    UnknownWordError
        No such word.
    """
    part = any_part(strategy)
    if part.is_batch:
        raise QueryError(
            f"{part.word!r} chooses a batch, it gives no scores to mix.",
            "Mix scores such as 'margin' or 'novelty'; best_then('margin', 500, 'kcenter') ends with a batch.",
        )
    return part


def any_part(strategy: object) -> Part:
    """A part: a word, or a function whose parameters name what it takes.

    Raises
    ------
    QueryError
        It is no strategy, or "auto", which chooses by itself.
    UnknownWordError
        No such word.
    """
    if isinstance(strategy, str) and strategy == "auto":
        raise QueryError("'auto' is no part of a mix: it decides by itself.", "Ask with it alone: s.ask(8).")
    call = resolve("strategy", strategy)
    names = parameters_of(call)
    parameters = signature(call).parameters
    required_names = frozenset(name for name in names if parameters[name].default is Parameter.empty)
    return Part(call, strategy if isinstance(strategy, str) else name_of(call), names, required_names)


def strategy_of(
    function: Callable[[Arrays], Any], parts: Iterable[Part], name: str, doc: str, *also: str
) -> Callable[..., Any]:
    """A strategy of several parts.

    Its parameters, by name only, are those of the parts and ``also``; required is what a part requires, and ``also``
    but for ``labelled_rows`` and ``seed``.
    """
    parts = tuple(parts)
    required_names = {*(name for part in parts for name in part.required_names), *also} - {
        "labelled_rows",
        "seed",
    }
    names = {*also, *(name for part in parts for name in part.names)}
    order = [name for name in (*STRATEGY_ARRAYS, "k", "seed") if name in names]

    def parameter(word: str) -> Parameter:
        default = Parameter.empty if word in required_names else 0 if word == "seed" else None
        return Parameter(word, Parameter.KEYWORD_ONLY, default=default)

    parameters = Signature([parameter(word) for word in order])

    def strategy(**arrays: object) -> Any:
        bound = parameters.bind(**arrays)
        bound.apply_defaults()
        return function({word: value for word, value in bound.arguments.items() if value is not None})

    strategy.__name__ = strategy.__qualname__ = name
    strategy.__doc__ = doc
    strategy.__signature__ = parameters  # type: ignore[attr-defined]
    return strategy


def n_rows(arrays: Arrays) -> int:
    """Rows that the arrays are of.

    Raises
    ------
    QueryError
        There is no array with a row for each item.
    """
    for name, array in arrays.items():
        if name in STRATEGY_ARRAYS and name not in PER_POSTERIOR and name != "labelled_rows":
            shape = np.shape(array)
            if len(shape) > (name == "draws"):
                return int(shape[name == "draws"])
    raise QueryError("no array has a row for each item.", f"Pass one of {shown(sorted(STRATEGY_ARRAYS))}.")


def free_rows(arrays: Arrays, n: int) -> NDArray[np.int64]:
    """Rows that may be asked: all but the labelled."""
    return np.flatnonzero(unlabelled(n, check_labelled(arrays.get("labelled_rows"), n)))


def only_rows(arrays: Arrays, rows: NDArray[np.int64]) -> Arrays:
    """The arrays of some free rows, followed by the labelled rows."""
    labelled_rows = check_labelled(arrays.get("labelled_rows"), n_rows(arrays))
    every = np.concatenate([rows, labelled_rows])
    out = dict(arrays)
    for name, array in arrays.items():
        if name == "draws":
            out[name] = np.asarray(array)[:, every]
        elif name == "labelled_rows":
            out[name] = np.arange(len(rows), len(every))
        elif name in STRATEGY_ARRAYS and name not in PER_POSTERIOR:
            out[name] = np.asarray(array)[every]
    return out


def check_batch(batch: object, part: Part) -> Picked:
    """Return the batch that a part chose.

    Raises
    ------
    QueryError
        It is none.
    """
    if not isinstance(batch, Picked):
        raise QueryError(f"{part.word!r} returned {shown(batch)}, not Picked.", "Let it return Picked.")
    return batch
