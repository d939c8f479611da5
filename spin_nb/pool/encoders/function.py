"""A person's own function as an encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.types import Float
from spin_nb.words import said_by


class FunctionEncoder:
    """``function(items) -> (n, d)`` as an encoder.

    It learns nothing and cannot be exported.

    Parameters
    ----------
    function : callable
        Takes a list of loaded items, returns one row of numbers an item.

    Examples
    --------
    >>> FunctionEncoder(lambda items: [[len(item)] for item in items]).encode(["ab", "abc"])
    array([[2.],
           [3.]], dtype=float32)
    """

    own_code = True
    fit_items = 32  # it learns nothing: no need to load thousands of files first

    def __init__(self, function: Callable[[Sequence[Any]], Any]) -> None:
        self.function = function
        self.name = f"function {getattr(function, '__qualname__', type(function).__name__)}"

    @property
    def settings(self) -> dict[str, Any]:
        """Hash of the function's own code.

        An edited function is a new encoder.
        """
        return {"code": code_digest(self.function)}

    def fit(self, items: Sequence[Any]) -> FunctionEncoder:
        """Learn nothing."""
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d).

        Raises
        ------
        PoolError
            When the function raises, or does not return one row of numbers an item.
        """
        try:
            result = self.function(list(items))
        except Exception as problem:
            raise PoolError(
                f"the encoder ({self.name}) raised {said_by(problem)}.",
                "Mend the function; it takes a list of loaded items.",
            ) from problem
        try:
            with np.errstate(over="ignore"):  # what turns infinite is refused where features are checked
                features = np.asarray(result, dtype=np.float32)
        except (TypeError, ValueError) as problem:
            raise PoolError(
                f"the encoder returned no numbers: {problem}.", "Return an array (n, d)."
            ) from None
        if features.ndim != 2 or len(features) != len(items):
            raise PoolError(
                f"the encoder returned shape {features.shape} for {len(items)} items.",
                "Return an array (n, d).",
            )
        return features

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Nothing to keep."""
        return {}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: FunctionEncoder) -> FunctionEncoder:
        """Return ``unfitted``: its function is all there is."""
        return unfitted


def code_digest(function: object) -> str:
    """sha256 of a function's own code.

    It is not of what the function closes over.
    """
    code = getattr(function, "__code__", None)
    parts = (code.co_code, repr([c for c in code.co_consts if not hasattr(c, "co_code")])) if code else ()
    return hashlib.sha256(repr(parts).encode()).hexdigest()
