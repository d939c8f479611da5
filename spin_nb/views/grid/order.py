"""Which items a grid shows, and in which order: by what the model says of them, by their labels, by a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import LabelError, UnknownWordError
from spin_nb.session.arguments import sequence_of, whole_number
from spin_nb.types import Ints
from spin_nb.views.session_like import SessionLike
from spin_nb.words import listing, shown

if TYPE_CHECKING:
    from polars import Series

    from spin_nb.protocols import Predictive

Keys = NDArray[np.float64]
"""What items are sorted by, float64 (n,); NaN comes last."""
OF_MODEL = {
    "epistemic": "Uncertainty (epistemic)",
    "aleatoric": "Ambiguity (aleatoric)",
    "margin": "Margin between the two likeliest",
}
OF_LABEL = {"label": "Label", "time": "Time of the label"}
DESCENDING_FIRST = ("epistemic", "aleatoric", "time")


@dataclass(frozen=True, eq=False)
class Order:
    """Items in the order of a grid.

    Attributes
    ----------
    version : int
        Grows with every order of a grid.
    ids : list of str
        Ids of the pool, by row, as they were then.
    rows : int64 (n,)
        Rows in that list.
    source : str
        What picked these items, for the history; "" for the whole pool.
    """

    version: int
    ids: list[str]
    rows: Ints
    source: str = ""

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, place: int) -> str:
        """Id of the item at a place.

        Raises
        ------
        LabelError
            There is no such place.
        """
        if not 0 <= place < len(self.rows):
            raise LabelError(f"the grid has no item {place}.", "Reload the page.")
        return self.ids[self.rows[place]]

    def ids_of(self, ranges: object) -> list[str]:
        """Ids of the items in ranges of places, [[from, to], ...], ``to`` left out.

        Raises
        ------
        LabelError
            They are no ranges.
        """
        ids: list[str] = []
        for each in sequence_of(ranges, "ranges"):
            ends = sequence_of(each, "range")
            if len(ends) != 2:
                raise LabelError(f"{shown(each)} is no range.", "Pass [from, to].")
            first, end = (whole_number(place, "place") for place in ends)
            ids += [self.ids[row] for row in self.rows[first:end].tolist()]
        return ids


def choices(session: SessionLike) -> list[dict[str, str]]:
    """List all that items can be sorted by: ``word``, ``title`` and ``group`` of each.

    Columns are "column:<name>", probabilities "class:<name>", so that no name is taken for something else.
    """
    words = [("pool", "Pool order", "")]
    if session.learns_classes:
        words += [(word, title, "") for word, title in OF_MODEL.items()]
    words += [(word, title, "") for word, title in OF_LABEL.items()]
    if session.learns_classes:
        words += [(f"class:{name}", name, "Probability of") for name in session.classes]
    columns = session.pool.columns
    if columns is not None:
        words += [(f"column:{name}", name, "Column") for name in columns.columns]
    return [{"word": word, "title": title, "group": group} for word, title, group in words]


def check_word(session: SessionLike, word: object) -> str:
    """Check a word of :func:`choices`.

    Raises
    ------
    UnknownWordError
    """
    words = [choice["word"] for choice in choices(session)]
    if not isinstance(word, str) or word not in words:
        raise UnknownWordError(f"a grid is not sorted by {shown(word)}.", f"Use one of: {listing(words)}.")
    return word


def sorted_rows(session: SessionLike, rows: Ints, word: str, descending: bool) -> Ints:
    """Rows (n,) int64, sorted by a word of :func:`choices`.

    Ties stay in the order they came in; what has no value comes last, either way.
    """
    if word == "pool":
        return rows[::-1] if descending else rows
    keys = keys_of(session, rows, word)
    return rows[np.argsort(-keys if descending else keys, kind="stable")]


def keys_of(session: SessionLike, rows: Ints, word: str) -> Keys:
    """Make the keys that rows are sorted by, float64 (n,)."""
    kind, _, name = word.partition(":")
    if kind == "column":
        columns = session.pool.columns
        assert columns is not None, "a word of a column names one of them"
        return _values_of(column_keys(columns[name]), rows)
    if kind == "label":
        return _label_keys(session, rows)
    if kind == "time":
        return _time_keys(session, rows)
    predictive = session.predictive
    if predictive is None:
        return np.full(len(rows), np.nan)
    keys = _values_of(_model_keys(session, predictive, kind, name), rows)
    # The place of what is being asked would tell what the model thinks of it.
    is_asked, ids = session.is_asked, session.pool.ids
    keys[[at for at, row in enumerate(rows.tolist()) if is_asked(ids[row])]] = np.nan
    return keys


def _model_keys(session: SessionLike, predictive: Predictive, kind: str, name: str) -> NDArray[Any]:
    if kind == "class":
        return np.asarray(predictive.mean[:, session.classes.index(name)])
    if kind == "margin":
        likeliest = np.sort(np.asarray(predictive.mean), axis=1)[:, -2:]
        return likeliest[:, -1] - likeliest[:, 0]
    return np.asarray(getattr(predictive, kind))


def _label_keys(session: SessionLike, rows: Ints) -> Keys:
    if session.learns_classes:
        index = _values_of(session.label_index, rows, -1)
        return np.where(index < 0, np.nan, index)
    ids, value, describe = session.pool.ids, session.value, session.task.describe
    values = [value(ids[row]) for row in rows.tolist()]
    return _ranks([None if each is None else describe(each) for each in values])


def _time_keys(session: SessionLike, rows: Ints) -> Keys:
    ids, decision = session.pool.ids, session.decision
    current = (decision(ids[row]) for row in rows.tolist())
    return np.array([np.nan if each is None else each.time.timestamp() for each in current], np.float64)


def column_keys(values: Series) -> Keys:
    """Numbers that sort a column (a polars series) as its values sort; missing ones are NaN.

    Examples
    --------
    >>> import polars as pl
    >>> column_keys(pl.Series(["b", None, "a", "b"])).tolist()
    [1.0, nan, 0.0, 1.0]
    """
    if values.dtype.is_temporal():
        values = values.to_physical()
    if values.dtype.is_numeric() or str(values.dtype) == "Boolean":
        return values.cast(float).to_numpy().astype(np.float64)
    return _ranks([None if value is None else str(value) for value in values.to_list()])


def _ranks(words: Sequence[str | None]) -> Keys:
    names = {name: rank for rank, name in enumerate(sorted({word for word in words if word is not None}))}
    return np.array([np.nan if word is None else names[word] for word in words], np.float64)


def _values_of(values: NDArray[Any], rows: Ints, missing: float = np.nan) -> Keys:
    """Values of rows; those that came after the values have none."""
    keys = np.full(len(rows), missing, np.float64)
    is_there = rows < len(values)
    keys[is_there] = values[rows[is_there]]
    return keys


def all_rows(session: SessionLike) -> Ints:
    """Every row of the pool, int64 (n,)."""
    return np.arange(len(session.pool), dtype=np.int64)


def rows_of(session: SessionLike, ids: Sequence[str]) -> Ints:
    """Rows of items, int64 (n,), each once.

    Raises
    ------
    LabelError
        Unknown items.
    """
    row: Callable[[str], int] = session.pool.row
    return np.array([row(id) for id in dict.fromkeys(ids)], np.int64)
