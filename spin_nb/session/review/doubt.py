"""A label of which there is reason to doubt it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spin_nb.project.fold import Current


@dataclass(frozen=True)
class Doubt:
    """A label that may be reviewed.

    Attributes
    ----------
    item : str
    seq : int
        The event that gave the label.
    label : JSON value
    annotator : str
        Who gave it.
    time : datetime
        When, UTC.
    doubt : float
        Probability that it is wrong; of two labels that contradict each other at least a half.
    reasons : tuple of str
        Why it is doubted, the weightiest first.
    """

    item: str
    seq: int
    label: Any
    annotator: str
    time: datetime
    doubt: float
    reasons: tuple[str, ...]


def doubt_of(label: Current, doubt: float, reasons: list[str]) -> Doubt:
    """Doubt about the label that an item has now."""
    return Doubt(
        label.item, label.seq, label.value, label.annotator, label.time, round(doubt, 6), tuple(reasons)
    )
