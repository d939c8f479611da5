"""``s.items``: every item a project knows, and why some cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.session.open_project import OpenProject
from spin_nb.session.table.pool_columns import FILE_MISSING

if TYPE_CHECKING:
    import polars as pl

NOT_IN_POOL = (
    "not in this session's pool: it is gone, or another session added it; open the project again to see"
)


def items_frame(project: OpenProject) -> pl.DataFrame:
    """Build the table of items.

    The column ``broken`` says why one cannot be shown here.
    """
    import polars as pl

    pool = project.pool
    unreadable = pl.DataFrame(
        {"item": [item.id for item in pool.broken], "why": [item.reason for item in pool.broken]},
        schema={"item": pl.String, "why": pl.String},
    )
    items = project.store.items().join(unreadable, on="item", how="left", maintain_order="left")
    pool_ids, missing_ids = (
        pl.Series(ids, dtype=pl.String).implode() for ids in (pool.ids, pool.missing_ids)
    )
    not_in_pool = pl.when(~pl.col("item").is_in(pool_ids)).then(pl.lit(NOT_IN_POOL))
    file_missing = pl.when(pl.col("item").is_in(missing_ids)).then(pl.lit(FILE_MISSING))
    return items.with_columns(pl.coalesce("broken", "why", not_in_pool, file_missing).alias("broken")).drop(
        "why"
    )
