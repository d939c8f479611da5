"""Time series as a pool: arrays of one or many channels, of one length or of many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.pool.modalities.time_series import check_series
from spin_nb.pool.pool_data import PoolData, as_labels, default_ids, fingerprint
from spin_nb.pool.sources.user_pools import TimeSeries
from spin_nb.types import Broken, Float
from spin_nb.words import shown


@dataclass(frozen=True, eq=False)
class RaggedSeries:
    """Series of different lengths in one array.

    That is what is stored.

    Attributes
    ----------
    values : float32 (total,)
        Series after series, each (channels, length) in C order.
    ends : int64 (n,)
        Where each ends in ``values``.
    channels : int
    """

    values: Float = field(repr=False)
    ends: NDArray[np.int64] = field(repr=False)
    channels: int

    @classmethod
    def of(cls, values: Float, ends: NDArray[np.int64], channels: int) -> RaggedSeries:
        """Join the arrays that were stored.

        Raises
        ------
        ValueError
            When it does not fit together.
        """
        lengths = np.diff(ends, prepend=0)
        if values.ndim != 1 or ends.ndim != 1 or (lengths <= 0).any() or (lengths % channels).any():
            raise ValueError("the series do not fit their ends")
        if len(ends) and ends[-1] != len(values):
            raise ValueError(f"{len(values)} values for series of {ends[-1]}")
        return cls(values, ends, channels)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, row: int) -> Float:
        start = self.ends[row - 1] if row else 0
        return self.values[start : self.ends[row]].reshape(self.channels, -1)


def read_series(series: TimeSeries, *, labels_from: str | None = None) -> PoolData:
    """Series that can be labelled.

    One that holds NaN, is too short or has other channels goes to ``broken``.

    Raises
    ------
    PoolError
        When there is not a single good one.
    """
    if labels_from not in (None, "series") or (labels_from and series.labels is None):
        raise PoolError(
            f"labels_from={shown(labels_from)} does not go with a TimeSeries.",
            'Use labels_from="series" with TimeSeries(labels=...), or neither.',
        )
    ids = series.ids or default_ids(len(series))
    count = len(series.channels) or _commonest(series.values)
    good, broken = _check_all(series.values, ids, count)
    if not good:
        raise PoolError(
            f"none of the {len(series)} series can be labelled; the first: {broken[0].reason}.",
            "Pass finite numbers, two or more a series.",
        )
    arrays = list(good.values())
    data = RaggedSeries(
        np.concatenate([array.ravel() for array in arrays]),
        np.cumsum([array.size for array in arrays]),
        count,
    )
    names, metadata = [ids[row] for row in good], _metadata(series, count)
    return PoolData(
        ids=names,
        sources=[{"row": row} for row in good],
        modality="series",
        container="series",
        items=data,
        metadata=metadata,
        broken=broken,
        labels=as_labels(names, [series.labels[row] for row in good])
        if labels_from and series.labels
        else {},
        fingerprint=fingerprint("series", names, metadata, data.values.tobytes(), data.ends.tobytes()),
        all_ids=ids,
    )


def _check_all(values: Sequence[Any], ids: list[str], count: int) -> tuple[dict[int, Float], list[Broken]]:
    """Row -> good series, and the others with their reasons."""
    good: dict[int, Float] = {}
    broken: list[Broken] = []
    for row, value in enumerate(values):
        try:
            good[row] = check_series(value, count)
        except PoolError as problem:
            broken.append(Broken(ids[row], problem.what.rstrip(".")))
    return good, broken


def _commonest(values: Sequence[Any]) -> int:
    """Channels that most of them have."""
    counts = Counter(_channels(values))
    return counts.most_common(1)[0][0] if counts else 1


def _channels(values: Sequence[Any]) -> Iterator[int]:
    for value in values:
        try:
            yield len(check_series(value))
        except PoolError:
            continue


def _metadata(series: TimeSeries, count: int) -> dict[str, Any]:
    default = ["value"] if count == 1 else [f"channel {number + 1}" for number in range(count)]
    return {
        "channels": series.channels or default,
        "step": series.step,
        "start": series.start,
        "unit": series.unit,
    }
