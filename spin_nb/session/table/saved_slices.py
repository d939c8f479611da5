"""Slices that a project keeps by name: ``s.slices``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from spin_nb.errors import QueryError
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.open_project import OpenProject
from spin_nb.session.table.pool_table import PoolTable
from spin_nb.session.table.slice import Slice, make_slice
from spin_nb.words import HtmlRepr, listing, shown

if TYPE_CHECKING:
    import polars as pl

META_KEY = "slices"
MAX_NAME_CHARACTERS = 100


class SavedSlices(HtmlRepr):
    """Slices by name, kept in the project (``s.slices``).

    What is kept is their filters: a slice follows labels and models, in this session and the next.

    Examples
    --------
    >>> s.slices["night"] = s.where(pl.col("camera") == "b")             # doctest: +SKIP
    >>> s.slices.table                                                   # doctest: +SKIP
    """

    def __init__(self, project: OpenProject, label_log: LabelLog, table: PoolTable) -> None:
        self._project = project
        self._label_log = label_log
        self._table = table

    def __getitem__(self, name: str) -> Slice:
        filters = self._filters_by_name().get(name)
        if filters is None:
            raise QueryError(
                f"no slice is called {shown(name)}.",
                f"There are: {listing(list(self), 40)}."
                if self
                else 's.slices["night"] = s.where(...) makes one.',
            )
        return make_slice(self._table, filters)

    def __setitem__(self, name: str, value: Slice) -> None:
        is_name = (
            isinstance(name, str) and 0 < len(name.strip()) <= MAX_NAME_CHARACTERS and name.isprintable()
        )
        if not is_name:
            raise QueryError(
                f"{shown(name)} is no name for a slice.",
                f"One line of text, 1 to {MAX_NAME_CHARACTERS} characters.",
            )
        if not isinstance(value, Slice):
            raise QueryError(f"{shown(value)} is no slice.", f"s.slices[{shown(name)}] = s.where(...).")
        self._store({**self._filters_by_name(), name: list(value.filters)})

    def __delitem__(self, name: str) -> None:
        self[name]
        self._store({other: filters for other, filters in self._filters_by_name().items() if other != name})

    def __iter__(self) -> Iterator[str]:
        return iter(self._filters_by_name())

    def __len__(self) -> int:
        return len(self._filters_by_name())

    def __contains__(self, name: object) -> bool:
        return name in self._filters_by_name()

    @property
    def table(self) -> pl.DataFrame:
        """One row per slice, what is surely worst first.

        Columns: slice, items, labelled, audits, accuracy (null where too few audits are in it), low, high (of the 95 %
        interval, null without audits), problem (why a slice cannot be looked up now).  In the order of ``high``: where
        even that is low, the model is bad and it is sure.
        """
        import polars as pl

        rows = [self._row(name) for name in self]
        schema = {
            "slice": pl.String,
            "items": pl.Int64,
            "labelled": pl.Int64,
            "audits": pl.Int64,
            "accuracy": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "problem": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row").sort("high", "low", nulls_last=True)

    def _row(self, name: str) -> tuple[object, ...]:
        import polars as pl

        try:
            part = self[name]
            n_labelled = len(part.where(pl.col("label").is_not_null()))  # of all columns, one is looked at
            accuracy = part.accuracy
        except QueryError as error:  # a column has gone since
            return name, None, None, None, None, None, None, error.what
        interval = (accuracy.low, accuracy.high) if accuracy.n else (None, None)
        return name, len(part), n_labelled, accuracy.n, accuracy.value, *interval, None

    def __repr__(self) -> str:
        if not self:
            return 'No slices yet: s.slices["night"] = s.where(...) keeps one'
        lines = [
            f"  {row['slice']!r}: {row['problem']}"
            if row["problem"]
            else f"  {row['slice']!r}: {row['items']:,} items, {row['labelled']:,} labelled, "
            f"audited accuracy {self[row['slice']].accuracy!r}"
            for row in self.table.iter_rows(named=True)
        ]
        return "\n".join([f"{len(self)} slices, what is surely worst first", *lines])

    def _filters_by_name(self) -> dict[str, list[str]]:
        filters: dict[str, list[str]] = self._project.store.meta.get(META_KEY, {})
        return filters

    def _store(self, filters_by_name: dict[str, list[str]]) -> None:
        self._project.check_writable("keep a slice")
        self._label_log.retry_while_busy(partial(self._project.store.set_meta, META_KEY, filters_by_name))
