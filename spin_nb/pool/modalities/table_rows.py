"""Loaded rows of a frame, each a dict only when somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import polars as pl

SLICE_CELLS = 2**18  # made dicts of at a time


class TableRows(Sequence[Any]):
    """Rows of a frame as a sequence of loaded items; what reads whole columns takes ``frame``.

    A thousand rows of 20,000 columns are 160 MB of numbers, and 2 GB as dicts.

    Parameters
    ----------
    frame : polars.DataFrame
    load : callable
        Makes an item of a row's dict.

    Examples
    --------
    >>> import polars as pl
    >>> rows = TableRows(pl.DataFrame({"size": [1, 4]}), dict)
    >>> rows[1], len(rows[:1])
    ({'size': 4}, 1)
    """

    def __init__(self, frame: pl.DataFrame, load: Callable[[dict[str, Any]], Any]) -> None:
        self.frame = frame
        self._load = load

    def __len__(self) -> int:
        return self.frame.height

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> TableRows: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return TableRows(self.frame[place], self._load)
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._load(self.frame.row(place, named=True))

    def __iter__(self) -> Iterator[Any]:
        for part in self.frame.iter_slices(SLICE_CELLS // max(1, self.frame.width) + 1):
            yield from map(self._load, part.to_dicts())
