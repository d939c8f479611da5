"""Judge a detector of change by streams of which the changes are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import nan

import numpy as np

from spin_nb.errors import ModelError
from spin_nb.protocols import DriftDetector


class EveryHundred:
    """A detector that looks at nothing and raises an alarm at every hundredth item.

    Whoever is judged by recall alone loses to it: it belongs beside every table.
    """

    def __init__(self) -> None:
        self._n_items = 0

    def update(self, x: float) -> None:
        """Count an item."""
        self._n_items += 1

    @property
    def drift_detected(self) -> bool:
        """Return whether this was a hundredth item."""
        return self._n_items > 0 and self._n_items % 100 == 0


@dataclass(frozen=True)
class DriftScores:
    """Alarms beside the changes that there were.

    Attributes
    ----------
    delays : tuple of int
        Items from each change that was noticed to its first alarm.
    n_missed : int
        Changes without an alarm before the next change, or the end.
    n_false : int
        All other alarms: before a change, or again in the time after one.
    n_items : int
        Items of the stream.
    """

    delays: tuple[int, ...]
    n_missed: int
    n_false: int
    n_items: int

    @property
    def delay(self) -> float:
        """Mean delay in items; NaN where no change was noticed."""
        return float(np.mean(self.delays)) if self.delays else nan

    @property
    def false_per_1000(self) -> float:
        """False alarms in a thousand items."""
        return 1000 * self.n_false / self.n_items if self.n_items else nan

    def __repr__(self) -> str:
        n_noticed, n = len(self.delays), len(self.delays) + self.n_missed
        delay = f", after {self.delay:.0f} items on average" if n_noticed else ""
        return f"{n_noticed} of {n} changes noticed{delay}; {self.false_per_1000:.2f} false alarms in 1,000 items"


def evaluate_drift(
    make: Callable[[], DriftDetector], stream: Iterable[float], changes: Sequence[int] = ()
) -> DriftScores:
    """Run a fresh detector over a stream and score its alarms.

    Parameters
    ----------
    make : callable
        Makes a detector: ``update(x)``, then ``drift_detected``.
    stream : iterable of float
    changes : sequence of int
        Items with which something else began, ascending; none for a stream without a change.

    Raises
    ------
    ModelError
        If the changes are not ascending items of the stream.

    Notes
    -----
    Recall by itself misleads: an alarm at every hundredth item misses nothing.  Put :class:`EveryHundred` beside it.

    Examples
    --------
    >>> stream = [0.0] * 250 + [1.0] * 150
    >>> evaluate_drift(EveryHundred, stream, [250])
    1 of 1 changes noticed, after 49 items on average; 7.50 false alarms in 1,000 items
    """
    detector, alarms, n_items = make(), [], 0
    for x in stream:
        detector.update(x)
        if detector.drift_detected:
            alarms.append(n_items)
        n_items += 1
    starts = [int(change) for change in changes]
    if starts != sorted(set(starts)) or (starts and not 0 <= starts[0] <= starts[-1] < n_items):
        raise ModelError(
            f"changes at {starts[:5]} are not ascending items of a stream of {n_items}.",
            "Pass the item with which each change began.",
        )
    delays = []
    for start, end in pairwise([*starts, n_items]):
        first = next((alarm for alarm in alarms if start <= alarm < end), None)
        if first is not None:
            delays.append(first - start)
    return DriftScores(tuple(delays), len(starts) - len(delays), len(alarms) - len(delays), n_items)
