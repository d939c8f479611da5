"""A label of which there is reason to doubt it, a person's or a machine's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spin_nb.project.fold import Current
from spin_nb.project.records import Suggestion


@dataclass(frozen=True)
class Doubt:
    """A label that may be reviewed.

    Attributes
    ----------
    item : str
    seq : int or None
        The event that gave the label; None of a machine label.
    label : JSON value
    annotator : str or None
        Who gave it.
    time : datetime or None
        When, UTC.
    doubt : float
        Probability that it is wrong; of two labels that contradict each other at least a half.
    reasons : tuple of str
        Why it is doubted, the weightiest first.
    """

    item: str
    seq: int | None
    label: Any
    annotator: str | None
    time: datetime | None
    doubt: float
    reasons: tuple[str, ...]

    @property
    def token(self) -> str:
        """Name of its card: a label that is given anew is another card."""
        return f"machine-{self.item}" if self.seq is None else f"review-{self.seq}"


def doubt_of(label: Current, doubt: float, reasons: list[str]) -> Doubt:
    """Doubt about the label that an item has now."""
    return Doubt(
        label.item, label.seq, label.value, label.annotator, label.time, round(doubt, 6), tuple(reasons)
    )


def doubt_of_machine(item: str, suggestion: Suggestion) -> Doubt:
    """Doubt about a machine label: what its probability leaves."""
    value, p = suggestion
    reason = "a machine label" if p is None else f"a machine label ({p:.0%})"
    return Doubt(item, None, value, None, None, round(1 - (p or 0.0), 6) if p else 0.0, (reason,))
