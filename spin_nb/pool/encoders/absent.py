"""An encoder whose weights are gone: what it made of the pool is read, nothing new is encoded."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, NoReturn, Self

from numpy.typing import NDArray

from spin_nb.errors import PoolError


class AbsentEncoder:
    """Stands in for a project's encoder that cannot be made on this machine.

    Its name and settings are that encoder's, so features that the project keeps are found; whatever needs the weights
    raises ``problem``.

    Parameters
    ----------
    name : str
    settings : dict
    problem : PoolError
        Why it cannot be made, and what to do.

    Examples
    --------
    >>> encoder = AbsentEncoder("panns", {}, PoolError("the file is gone.", "Bring it back."))
    >>> encoder.encode([])
    Traceback (most recent call last):
    ...
    spin_nb.errors.PoolError: the file is gone.
      -> Bring it back.
    """

    def __init__(self, name: str, settings: dict[str, Any], problem: PoolError) -> None:
        self.name, self.settings, self._problem = name, settings, problem
        self._arrays: dict[str, NDArray[Any]] = {}

    def fit(self, items: Sequence[Any]) -> NoReturn:
        """Raise the problem."""
        raise self._problem

    def encode(self, items: Sequence[Any]) -> NoReturn:
        """Raise the problem."""
        raise self._problem

    def encode_texts(self, texts: Sequence[str]) -> NoReturn:
        """Raise the problem."""
        raise self._problem

    def remarks(self) -> list[str]:
        """Line for a person: what still works, and what to do."""
        return [
            f"{self._problem.what} Features that the project keeps are used; new items cannot be encoded.\n"
            f"  -> {self._problem.do}"
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Arrays that it was rebuilt from."""
        return self._arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self) -> Self:
        """Take what the encoder had learnt; ``unfitted`` stays as it is."""
        encoder = copy(unfitted)
        encoder._arrays = dict(arrays)
        return encoder
