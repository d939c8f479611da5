"""Columns of what a label does not say: tags and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spin_nb.session.labels.label_log import LabelLog

if TYPE_CHECKING:
    import polars as pl

MARK_COLUMNS = ("tags", "note")


def mark_column(name: str, label_log: LabelLog) -> pl.Series:
    """Column "tags", lists of text, or "note", text or null; one row an item, under the lock.

    An item without a tag has an empty list.
    """
    import polars as pl

    pool = label_log.pool
    marks = {pool.row(id): marks for id, marks in label_log.state.marks.items() if pool.has(id)}
    places = np.full(len(pool), len(marks))
    places[list(marks)] = np.arange(len(marks))
    if name == "tags":
        values = pl.Series([*(list(mark.tags) for mark in marks.values()), []], dtype=pl.List(pl.String))
    else:
        values = pl.Series([*(mark.note or None for mark in marks.values()), None], dtype=pl.String)
    return values.gather(pl.Series(places)).alias(name)
