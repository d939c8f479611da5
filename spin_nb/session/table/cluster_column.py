"""Column of the cluster of the map that an item is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.types import Ints

if TYPE_CHECKING:
    import polars as pl

CLUSTER = "cluster"


def cluster_column(index: Ints) -> pl.Series:
    """Number of each row's cluster, Int32; null in none, where ``index`` (n,) is -1."""
    import polars as pl

    return pl.select(pl.when(pl.lit(pl.Series(CLUSTER, index)) >= 0).then(pl.Series(CLUSTER, index)))[
        CLUSTER
    ].cast(pl.Int32)
