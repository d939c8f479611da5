"""Columns of the pool itself: ids, what came with the items, why one cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.pool.pool import Pool

if TYPE_CHECKING:
    import polars as pl

FILE_MISSING = "its file is gone: put it back, or open the project with pool= again to go on without it"


def item_column(pool: Pool) -> pl.Series:
    """Ids, in row order."""
    import polars as pl

    return pl.Series("item", pool.ids, pl.String)


def broken_column(pool: Pool) -> pl.Series:
    """Reason why an item cannot be shown now, else null."""
    import polars as pl

    reasons = pl.Series("broken", [None], pl.String).new_from_index(0, len(pool))
    rows = sorted(pool.row(id) for id in pool.missing_ids if pool.has(id))
    return reasons.scatter(rows, FILE_MISSING) if rows else reasons
