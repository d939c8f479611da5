"""Columns that follow from labels and asks: label, annotator, when it was asked last, audit, split.

An item that is being asked looks the same whether it audits or not: that it does shows with its label, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from spin_nb.project.fold import Current
from spin_nb.project.records import VALUE_KINDS
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.tasks.number import Number
from spin_nb.types import Ints

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType

LABEL_COLUMNS = ("label", "annotator", "last_asked", "audit", "split")


def label_column(name: str, label_log: LabelLog) -> pl.Series:
    """Column ``name`` of :data:`LABEL_COLUMNS`, one row an item of the pool; under the lock."""
    return _COLUMNS[name](label_log).alias(name)


def _label(label_log: LabelLog) -> pl.Series:
    """Class, number or text of each label, as the task has it."""
    import polars as pl

    task = label_log.task
    labels = _labels(label_log)
    if is_number(task):
        return _at(label_log, _items(labels), [float(label.value) for label in labels], pl.Float64())
    in_words = str if task.learns == "classes" else task.describe
    return _at(label_log, _items(labels), [in_words(label.value) for label in labels], pl.String())


def is_number(task: object) -> bool:
    """Tell whether a label is one number."""
    return isinstance(task, Number)


def _annotator(label_log: LabelLog) -> pl.Series:
    import polars as pl

    labels = _labels(label_log)
    return _at(label_log, _items(labels), [label.annotator for label in labels], pl.String())


def _last_asked(label_log: LabelLog) -> pl.Series:
    import polars as pl

    times = label_log.shown_asks.last_shown
    return _at(label_log, list(times), list(times.values()), pl.Datetime("us", "UTC"))


def _audit(label_log: LabelLog) -> pl.Series:
    """True of audits that have a label.

    Those that are being asked, or were put aside, stay hidden.
    """
    import polars as pl

    mask = np.zeros(len(label_log.pool), bool)
    audits = [label.item for label in _labels(label_log) if label.item in label_log.audit_items]
    mask[label_log.rows(audits)] = True
    return pl.Series("audit", mask)


def _split(label_log: LabelLog) -> pl.Series:
    """Use of each label: "train", "audit", or null."""
    import polars as pl

    use = np.full(len(label_log.pool), 2)
    use[label_log.rows(label_log.training_set.trains)] = 0
    use[label_log.training_set.audits[0]] = 1
    return pl.Series("split", ["train", "audit", None], pl.String).gather(pl.Series(use))


_COLUMNS: dict[str, Callable[[LabelLog], pl.Series]] = {
    "label": _label,
    "annotator": _annotator,
    "last_asked": _last_asked,
    "audit": _audit,
    "split": _split,
}


def _labels(label_log: LabelLog) -> list[Current]:
    """Labels of items in the pool."""
    labels = label_log.state.current_by_seq.values()
    return [label for label in labels if label.kind in VALUE_KINDS and label_log.pool.has(label.item)]


def _items(labels: Sequence[Current]) -> list[str]:
    return [label.item for label in labels]


def _at(
    label_log: LabelLog, items: Sequence[str], values: Sequence[object], dtype: PolarsDataType
) -> pl.Series:
    """Values at the rows of their items, null elsewhere."""
    import polars as pl

    pool = label_log.pool
    pairs = [(pool.row(item), value) for item, value in zip(items, values, strict=True) if pool.has(item)]
    n = len(pairs)
    places: Ints = np.full(len(pool), n)
    places[[row for row, _ in pairs]] = np.arange(n)
    values_and_null = pl.Series([*(value for _, value in pairs), None], dtype=dtype)
    return values_and_null.gather(pl.Series(places))
