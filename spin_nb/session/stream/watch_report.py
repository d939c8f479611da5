"""The result of watching a stream: what joined, what drifted, what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spin_nb.monitor.drift import DriftPoint
from spin_nb.types import Broken
from spin_nb.words import HtmlRepr


@dataclass(frozen=True)
class WatchReport(HtmlRepr):
    """Result of watching a stream.

    Attributes
    ----------
    n : int
        Arrivals scored by this call.
    alarms : tuple of (int, str)
        Index of the arrival at which a detector fired, and the signal: "uncertainty" or "distance".
    ids : tuple of str
        Ids under which they joined the pool.
    broken : tuple of Broken
        Items that could not be read, by their number in the stream, and why.
    """

    n: int
    alarms: tuple[tuple[int, str], ...]
    ids: tuple[str, ...]
    broken: tuple[Broken, ...] = ()

    def __repr__(self) -> str:
        unreadable = f"; {len(self.broken)} could not be read (.broken says why)" if self.broken else ""
        return f"Watched {self.n} arrivals; drift found: {alarms_in_words(self.alarms)}{unreadable}"


def alarms(points: list[DriftPoint]) -> Iterator[tuple[int, str]]:
    """Yield the arrival and the signal of every alarm."""
    for point in points:
        if point.drift_uncertainty:
            yield point.index, "uncertainty"
        if point.drift_distance:
            yield point.index, "distance"


def total(reports: list[WatchReport]) -> WatchReport:
    """Sum of the reports of a stream's chunks."""
    return WatchReport(
        sum(report.n for report in reports),
        tuple(alarm for report in reports for alarm in report.alarms),
        tuple(id for report in reports for id in report.ids),
        tuple(item for report in reports for item in report.broken),
    )


def alarms_in_words(alarms: Iterable[tuple[int, str]]) -> str:
    """Text of alarms, "none" for none."""
    return ", ".join(f"{signal} at arrival {index}" for index, signal in alarms) or "none"
