"""Columns that stay until what they follow from is another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

Columns = Mapping[str, "pl.Series"]
Basis = tuple[object, ...]


class ColumnCache:
    """Columns by name, all of one basis.

    A basis is the objects that the columns follow from: the same objects, and equal numbers, give the same columns.

    Examples
    --------
    >>> import polars as pl
    >>> cache, labels = ColumnCache(), ["a"]
    >>> make = lambda name: {name: pl.Series(labels)}
    >>> first = cache.get((labels, 1), "label", make)
    >>> cache.get((labels, 1), "label", make) is first, cache.get((labels, 2), "label", make) is first
    (True, False)
    """

    def __init__(self) -> None:
        self._basis: Basis = ()
        self._columns: dict[str, pl.Series] = {}

    def get(self, basis: Basis, name: str, make: Callable[[str], Columns]) -> pl.Series:
        """Return a column; ``make(name)`` gives it, and may give others with it."""
        columns = self._columns
        if not _same(basis, self._basis):
            columns = {}
            self._basis, self._columns = basis, columns
        if name not in columns:
            columns.update(make(name))
        return columns[name]


def _same(basis: Basis, other: Basis) -> bool:
    return len(basis) == len(other) and all(
        a is b or (isinstance(a, int) and a == b) for a, b in zip(basis, other, strict=True)
    )
