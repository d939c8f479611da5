"""Pools that a person puts together: time series, and several things at once for one item."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from spin_nb.errors import PoolError
from spin_nb.pool.pool_data import check_ids
from spin_nb.pool.sources.masks import refuse_masked
from spin_nb.words import said_by, shown

_SHAPES = "(n, length), (n, channels, length), or a list of (length,) or (channels, length)"


class TimeSeries:
    """Time series to label: ``pool=spin.TimeSeries(...)``.

    Parameters
    ----------
    values : array (n, length) or (n, channels, length), or list of arrays (length,) or (channels, length)
        Numbers; kept as float32.  A list may hold different lengths, with the same channels.
    channels : sequence of str, optional
        Their names.
    step : float
        Time between two points, in ``unit``.
    start : float
        Time of the first point, in ``unit``.
    unit : str
        Of time, such as "s".
    ids : sequence of str, optional
        One stable id a series.
    labels : sequence of str, optional
        Known class of each; read only with ``labels_from="series"``.

    Raises
    ------
    PoolError
        When these are no series, or names, ids or labels do not fit them.

    Examples
    --------
    >>> len(TimeSeries(np.zeros((3, 2, 50)), channels=["left", "right"], step=0.01, unit="s"))
    3
    """

    def __init__(
        self,
        values: object,
        *,
        channels: Sequence[str] | None = None,
        step: float = 1.0,
        start: float = 0.0,
        unit: str = "",
        ids: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        self.values = [
            refuse_masked(value) for value in _split_series(refuse_masked(values), channels is not None)
        ]
        self.channels = _names(channels)
        self.step, self.start, self.unit = _number("step", step), _number("start", start), str(unit)
        if self.step <= 0:
            raise PoolError(f"step={shown(step)} is no time between two points.", "Pass a number above 0.")
        self.ids = None if ids is None else check_ids(_as_list("ids", ids))
        self.labels = None if labels is None else _as_list("labels", labels)
        for word, column in (("ids", self.ids), ("labels", self.labels)):
            if column is not None and len(column) != len(self.values):
                raise PoolError(
                    f"{len(column)} {word} for {len(self.values)} series.",
                    f"Give one of the {word} a series.",
                )

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"TimeSeries({len(self)} of them)"


class Multimodal:
    """Items that are several things at once.

    They are passed as ``pool=spin.Multimodal(photo="photos/", words=texts)``.

    Parameters
    ----------
    **parts
        The name of each part, and anything else a pool can be; all of one length.  Parts that bring ids of their
        own (files, frames with a column "id", series with ids) are paired by them, a file's without its ending;
        anything else goes with them in order, files sorted by path.

    Raises
    ------
    PoolError
        When there is no part, a name is empty, or a part is several things itself.

    Examples
    --------
    >>> Multimodal(reading=np.zeros((2, 4)), words=["one text", "another"])
    Multimodal(reading, words)
    """

    def __init__(self, **parts: object) -> None:
        if not parts:
            raise PoolError("Multimodal() has no part.", "Name them: Multimodal(photo=..., words=...).")
        for name, part in parts.items():
            if not name.strip() or not name.isprintable():
                raise PoolError(
                    f"{shown(name)} cannot be the name of a part.", "Give it a short printable name."
                )
            if isinstance(part, Multimodal):
                raise PoolError(
                    f"the part {name!r} is several things itself.", "Name all parts side by side."
                )
        self.parts = parts

    def __repr__(self) -> str:
        return f"Multimodal({', '.join(self.parts)})"


def _split_series(values: object, has_channels: bool) -> list[Any]:
    if isinstance(values, np.ndarray):
        if values.ndim not in (2, 3) and values.dtype != object:
            raise PoolError(f"an array of shape {values.shape} holds no series.", f"Pass {_SHAPES}.")
        if values.ndim == 3 and values.shape[1] > values.shape[2] and not has_channels:
            raise PoolError(
                f"an array of shape {values.shape} has {values.shape[1]} channels of {values.shape[2]} points each.",
                "Channels come before time: np.swapaxes(x, 1, 2); or name them with channels= to have it so.",
            )
    elif not isinstance(values, (list, tuple)):
        raise PoolError(f"a {type(values).__name__} holds no series.", f"Pass {_SHAPES}.")
    if not len(values):
        raise PoolError("the list of series is empty.", "Pass at least one.")
    if all(isinstance(value, (int, float)) for value in values[:2]):
        raise PoolError("a list of numbers is one series, not several.", f"Pass {_SHAPES}.")
    return list(values)


def _names(channels: Sequence[str] | None) -> list[str]:
    if channels is None:
        return []
    try:
        names = [channels] if isinstance(channels, str) else [str(name) for name in channels]
    except Exception:
        names = []
    if not names or len(set(names)) < len(names):
        raise PoolError(f"channels={shown(channels)} are no names.", "Give every channel its own name.")
    return names


def _as_list(word: str, values: Iterable[Any]) -> list[Any]:
    try:
        return list(values)
    except Exception as error:
        raise PoolError(
            f"{word}={shown(values)} cannot be read: {said_by(error)}.", "Pass a list."
        ) from error


def _number(word: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not math.isfinite(value):
        raise PoolError(f"{word}={shown(value)} is no number.", "Pass one, in the unit of time.")
    return float(value)
