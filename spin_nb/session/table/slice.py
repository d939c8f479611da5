"""A part of the pool that filters describe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.session.table.filters import from_json, to_json, words
from spin_nb.session.table.pool_table import PoolTable
from spin_nb.types import Estimate
from spin_nb.words import HtmlRepr

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Slice(HtmlRepr):
    """The items of the pool that pass some filters (``s.where``).

    A slice holds filters, no items: which items pass is looked up whenever it is asked, so that it follows labels,
    trainings and arrivals.  Take ``list(slice.ids)`` where it must stay as it is.

    Attributes
    ----------
    filters : tuple of str
        Polars expressions as JSON: data, without a pickle or a function of Python.  ``s.where(*slice.filters)`` makes
        the slice again, in another session, too.

    Examples
    --------
    >>> doubtful = s.where(pl.col("margin") < 0.1)                       # doctest: +SKIP
    >>> doubtful                                                         # doctest: +SKIP
    Slice of 188 of 1,797 items (10.5 %)
      where [(col("margin")) < (dyn float: 0.1)]
      audited accuracy 61.9% [40.9%, 79.2%] (n=21, audit sample, Wilson 95% interval)
    >>> s.ask(8, where=doubtful)                                         # doctest: +SKIP
    """

    filters: tuple[str, ...]
    _table: PoolTable = field(repr=False, compare=False)

    @property
    def ids(self) -> list[str]:
        """Ids of its items, in the order of the pool."""
        ids: list[str] = self._table.rows(self.filters, ["item"])["item"].to_list()
        return ids

    @property
    def mask(self) -> NDArray[np.bool_]:
        """Mask of its rows in the pool, bool (n,)."""
        return self._table.mask(self.filters)

    @property
    def table(self) -> pl.DataFrame:
        """Its rows of ``s.table``, with all columns, and those of outliers and novelty that a filter names."""
        return self._table.rows(self.filters)

    @property
    def accuracy(self) -> Estimate:
        """Audited accuracy of its items, with its interval.

        It rests on those audits of the pool that are among them: audits are drawn uniformly from the pool, so these
        are a uniform sample of the slice.  A filter that looks at labels changes what this speaks of: the items
        without a label are not in ``pl.col("label") == "7"``, and its audits say how often the model is right of
        whatever turns out to be a 7.  Fewer than 20 items are not judged.
        """
        return self._table.accuracy(self.filters)

    def where(self, *filters: pl.Expr | str | Slice) -> Slice:
        """Narrow it further; each filter looks at the whole table."""
        return make_slice(self._table, [self, *filters])

    def candidates(self) -> NDArray[np.bool_]:
        """Mask the rows to ask from, bool (n,).

        Raises
        ------
        QueryError
            There are none.
        """
        mask = self.mask
        if not mask.any():
            raise QueryError(
                f"no item passes {self._words() or 'a filter'}: there is nothing to ask.",
                "Widen the filter; s.table shows what its columns hold.",
            )
        return mask

    def __len__(self) -> int:
        return int(self.mask.sum())

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __repr__(self) -> str:
        mask = self.mask
        n, of = int(mask.sum()), len(mask)
        condition = f"\n  where {self._words()}" if self.filters else ""
        if not n:
            return f"Slice without items: none of {of:,} passes{condition}"
        return (
            f"Slice of {n:,} of {of:,} items ({n / of:.1%}){condition}\n  audited accuracy {self.accuracy!r}"
        )

    def _words(self) -> str:
        return " and ".join(words(from_json(text)) for text in self.filters)


def make_slice(table: PoolTable, filters: Sequence[pl.Expr | str | Slice]) -> Slice:
    """Describe the items of a table that pass filters; a slice stands for its own.

    Raises
    ------
    QueryError
        No filter, a column that is not there, an expression that is no condition.
    """
    texts = [
        text
        for condition in filters
        for text in (condition.filters if isinstance(condition, Slice) else [to_json(condition)])
    ]
    table.mask(texts)  # refused where it is said, not where it is used
    return Slice(tuple(texts), table)
