"""The temperature of the mean of the heads, fitted to labels that none of them learns from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spin_nb.monitor.temperature import inverse_temperature
from spin_nb.types import Float, Ints

ALMOST_ONE = 0.05  # of a power's distance from 1 that nobody would see


@dataclass(frozen=True, eq=False)
class Calibration:
    """The power that all of the mean's probabilities are raised to: one over its temperature.

    Without labels, it leaves them as they are.

    Attributes
    ----------
    power : float
        Above 1 it sharpens.
    rows : int64 (n,)
        Of the labels it was fitted to.
    powers_without : float64 (n,)
        The power without each of them.
    """

    power: float = 1.0
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    powers_without: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @classmethod
    def fit(cls, probs: Float, rows: Ints, y: Ints) -> Calibration:
        """Fit it to the mean's probabilities (n, C) of labelled rows (n,), as they are without it."""
        power, powers_without = inverse_temperature(probs, y)
        return cls(power, rows, powers_without)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return in_words(self.power, len(self))

    def powers_at(self, rows: Ints) -> NDArray[np.float64]:
        """The power that each row's own label has no part in, float64 (m,)."""
        of_row = dict(zip(self.rows.tolist(), self.powers_without.tolist(), strict=True))
        return np.array([of_row.get(row, self.power) for row in rows.tolist()], np.float64)


def in_words(power: float, n_labels: int) -> str:
    """Say what a power does.

    Examples
    --------
    >>> in_words(1.3, 34)
    'sharpened by 1.30 from 34 audits'
    >>> in_words(0.8, 20)
    'softened by 1.25 from 20 audits'
    >>> in_words(1.01, 20)
    'left as they are by 20 audits'
    """
    if not n_labels:
        return "as they are"
    if abs(np.log(power)) < ALMOST_ONE:
        return f"left as they are by {n_labels} audits"
    verb, factor = ("sharpened", power) if power > 1 else ("softened", 1 / power)
    return f"{verb} by {factor:.2f} from {n_labels} audits"
