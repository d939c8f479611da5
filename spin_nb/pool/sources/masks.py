"""Masked arrays of numpy: what is masked is missing, and must not pass for the number that lies under it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spin_nb.errors import PoolError

_MAX_ROWS_LISTED = 5


def refuse_masked(values: object) -> Any:
    """The plain array of a masked one that masks nothing; anything else as it is.

    Raises
    ------
    PoolError
        When an entry is masked, with the first rows that have one.

    Examples
    --------
    >>> refuse_masked(np.ma.masked_equal([1, 2], 5))
    array([1, 2])
    """
    if isinstance(values, dict):
        return {name: refuse_masked(value) for name, value in dict.items(values)}
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return np.asarray(values.data)
    rows = (
        np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))[:_MAX_ROWS_LISTED].tolist()
        if mask.ndim > 1
        else []
    )
    where = f" in rows {rows}" if rows else ""
    raise PoolError(
        f"{int(mask.sum()):,} of {mask.size:,} values are masked{where}: they are missing.",
        "Fill them, array.filled(...), or leave these items out.",
    )
