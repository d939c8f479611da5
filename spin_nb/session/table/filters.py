"""Filters: polars expressions that travel as JSON, and nothing else.

polars writes a Python function inside an expression as a pickle, and a plugin as the path of a library; whoever reads
that runs it.  Both are refused before polars reads anything, in what a person passes and in what comes from a file.
"""

from __future__ import annotations

import difflib
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import QueryError
from spin_nb.words import listing, said_by, short, shown

if TYPE_CHECKING:
    import polars as pl

EXAMPLE = 's.where(pl.col("margin") < 0.1)'
# Nodes of a polars expression that hold a pickle, a library or a whole query.
_RUNS_CODE = re.compile(r"Anonymous|Plugin|Python|FoldHorizontal|ReduceHorizontal|SubPlan|^Rename")
MIN_PICKLE_BYTES = 8  # fewer cannot name a function


def to_json(expression: object) -> str:
    """Text of one filter.

    Raises
    ------
    QueryError
        It is no polars expression, or one that runs a Python function or a plugin.

    Examples
    --------
    >>> import polars as pl
    >>> text = to_json(pl.col("camera") == "b")
    >>> text == to_json(from_json(text))
    True
    """
    import polars as pl

    if isinstance(expression, str):
        from_json(expression)
        return expression
    if not isinstance(expression, pl.Expr):
        kind = type(expression).__name__
        raise QueryError(
            f"{shown(expression)} is a {kind}, no filter.", f"Pass a polars expression: {EXAMPLE}."
        )
    try:
        text = expression.meta.serialize(format="json")
    except Exception as problem:  # polars raises anything of what it cannot write
        raise QueryError(
            f"the filter {words(expression)} cannot be written as data: {said_by(problem)}.",
            f"Compare columns with plain values: {EXAMPLE}.",
        ) from problem
    from_json(text)
    return text


def from_json(text: str) -> pl.Expr:
    """Filter that :func:`to_json` wrote, after a look at what is in it.

    Raises
    ------
    QueryError
        The text is no filter, or would run a Python function or a plugin.
    """
    import polars as pl

    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise QueryError(
            f"{shown(text)} is no filter.",
            f"Pass a polars expression, or a text of Slice.filters: {EXAMPLE}.",
        )
    if _runs_code(tree):
        raise QueryError(
            "the filter runs a Python function or a plugin, and filters are data.",
            "Write it with polars' own expressions, or compute ids in Python: "
            's.where(pl.col("item").is_in(ids)).',
        )
    try:
        # Written anew: of a key that is there twice polars reads what was looked at.
        return pl.Expr.deserialize(io.BytesIO(json.dumps(tree).encode()), format="json")
    except Exception as problem:
        raise QueryError(
            f"polars cannot read the filter {shown(text)}: {said_by(problem)}.",
            "Write it anew; a long chain of | is shorter as is_in([...]) or pl.any_horizontal(...).",
        ) from problem


def _runs_code(tree: dict[str, Any]) -> bool:
    """Tell whether any node is more than polars' own arithmetic on columns.

    Bytes are values in a literal and a pickle anywhere else.
    """
    nodes: list[Any] = [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if any(_RUNS_CODE.search(key) for key in node):
                return True
            nodes += [value for key, value in node.items() if key != "Literal"]
        elif isinstance(node, list):
            if len(node) >= MIN_PICKLE_BYTES and all(isinstance(value, int) for value in node):
                return True
            nodes += node
    return False


def words(expression: pl.Expr, most: int = 200) -> str:
    """Expression in words, on one line."""
    return short(str(expression), most)


def column_names(expressions: Iterable[pl.Expr], table_names: Sequence[str]) -> list[str]:
    """Columns that filters look at, each once.

    Raises
    ------
    QueryError
        One is not in the table, or an expression stands for several columns.
    """
    names: dict[str, None] = {}
    for expression in expressions:
        if expression.meta.has_multiple_outputs():
            raise QueryError(
                f"the filter {words(expression)} stands for several columns.",
                "Name one, or join them: pl.any_horizontal(pl.col(name) > 0, ...).",
            )
        names.update(dict.fromkeys(expression.meta.root_names()))
    for name in names:
        if name not in table_names:
            raise unknown_column(name, table_names)
    return list(names)


def unknown_column(name: str, table_names: Sequence[str]) -> QueryError:
    """Build the error of a column that is not there."""
    close = difflib.get_close_matches(name[:100], table_names, n=1, cutoff=0.5)
    hint = f"; did you mean {shown(close[0])}?" if close else "."
    return QueryError(f"there is no column {shown(name)}{hint}", f"Columns are: {listing(table_names, 40)}.")


def mask_of(expressions: Sequence[pl.Expr], frame: pl.DataFrame) -> NDArray[np.bool_]:
    """Mask the rows for which all expressions are true, bool (n,).

    Null is not true.

    Raises
    ------
    QueryError
        An expression that is no condition, or that polars cannot compute.
    """
    mask = np.ones(frame.height, bool)
    for expression in expressions:
        mask &= _values(expression, frame).fill_null(False).to_numpy()
    return mask


def _values(expression: pl.Expr, frame: pl.DataFrame) -> pl.Series:
    import polars as pl

    try:
        values = frame.with_columns(expression.alias("filter"))["filter"]
    except (Exception, pl.exceptions.PanicException) as problem:
        raise QueryError(
            f"the filter {words(expression)} cannot be computed: {said_by(problem)}.",
            "Compare a column with values of its own type: s.table.schema lists them.",
        ) from problem
    if values.dtype != pl.Boolean:
        raise QueryError(
            f"the filter {words(expression)} gives {values.dtype}, not true or false.",
            f"Compare it with something: {EXAMPLE}.",
        )
    return values
