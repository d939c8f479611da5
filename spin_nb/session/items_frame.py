"""``s.items``: every item a project knows, and why some cannot be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.session.project import Project

if TYPE_CHECKING:
    import polars as pl

ABSENT = "not in this session's pool: it is gone, or another session added it; open the project again to see"
GONE = "its file is gone: put it back, or open the project with pool= again to go on without it"


def items_frame(project: Project) -> pl.DataFrame:
    """Return one row per item; the column ``broken`` says why one cannot be shown here."""
    import polars as pl

    pool = project.pool
    unreadable = pl.DataFrame(
        {"item": [item.id for item in pool.broken], "why": [item.reason for item in pool.broken]},
        schema={"item": pl.String, "why": pl.String},
    )
    items = project.store.items().join(unreadable, on="item", how="left", maintain_order="left")
    present, gone = (pl.Series(ids, dtype=pl.String).implode() for ids in (pool.ids, pool.missing_ids))
    absent = pl.when(~pl.col("item").is_in(present)).then(pl.lit(ABSENT))
    lost = pl.when(pl.col("item").is_in(gone)).then(pl.lit(GONE))
    return items.with_columns(pl.coalesce("broken", "why", absent, lost).alias("broken")).drop("why")
