"""Candidate encoders of a session, compared by its labels."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from spin_nb.words import HtmlRepr, short


@dataclass(frozen=True)
class EncoderRow:
    """One encoder.

    Attributes
    ----------
    name : str
    log_likelihood : float
        Of a label held out, on average, nats; 0 is the best there is.
    accuracy : float
        Share of the labels held out that the graph over its features predicts right.
    """

    name: str
    log_likelihood: float
    accuracy: float

    @property
    def probability(self) -> float:
        """Probability that a label held out gets, the geometric mean."""
        return math.exp(self.log_likelihood)


@dataclass(frozen=True, repr=False)
class EncoderComparison(HtmlRepr):
    """Encoders, by labels held out of each.

    Attributes
    ----------
    encoder : str
        Name of the one that the labels choose.
    n_labels : int
        Held out, each in its turn; 0 before there are five.
    rows : tuple of EncoderRow
        Empty before there are five labels.
    current : str
        Name of the one the session works with, where that is another: the next training moves over.

    Examples
    --------
    >>> rows = EncoderRow("photo", -1.2, 0.5), EncoderRow("photo + efficientnet-lite", -0.2, 0.95)
    >>> EncoderComparison("photo + efficientnet-lite", 40, rows)
    features: photo + efficientnet-lite, by 40 labels held out
      photo + efficientnet-lite: 95 % right, the right class gets 82 % (in use)
      photo: 50 % right, the right class gets 30 %
    """

    encoder: str
    n_labels: int = 0
    rows: tuple[EncoderRow, ...] = ()
    current: str = ""

    def __repr__(self) -> str:
        in_use = self.current or self.encoder
        if not self.rows:
            return f"features: {short(in_use)}; five labels compare the encoders"
        lines = [f"features: {short(in_use)}, by {self.n_labels:,} labels held out"]
        if self.current:
            lines = [
                f"features: {short(in_use)}; labels speak for {short(self.encoder)}: s.train() moves over"
            ]
        for row in sorted(self.rows, key=lambda row: -row.log_likelihood):
            text = f"{short(row.name)}: {row.accuracy:.0%} right, the right class gets {row.probability:.0%}"
            lines.append(f"{text.replace('%', ' %')}{' (in use)' if row.name == in_use else ''}")
        return "\n  ".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Any) -> EncoderComparison | None:
        """Rebuild from :meth:`to_json`; None where it is something else: a project may come from anybody."""
        try:
            rows = tuple(_row(row) for row in facts["rows"])
            return cls(str(facts["encoder"]), int(facts["n_labels"]), rows)
        except (TypeError, KeyError, ValueError, OverflowError):
            return None


def _row(facts: Any) -> EncoderRow:
    log_likelihood, accuracy = float(facts["log_likelihood"]), float(facts["accuracy"])
    if not (log_likelihood <= 0 and 0 <= accuracy <= 1):
        raise ValueError("no likelihood, or no share")
    return EncoderRow(str(facts["name"]), log_likelihood, accuracy)
