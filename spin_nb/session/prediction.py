"""What ``s.predict`` returns: probabilities with their uncertainty, in the order of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spin_nb.types import Float, Ints


@dataclass(frozen=True)
class Prediction:
    """Posterior predictive of some items.

    Attributes
    ----------
    mean : float32 (n, C)
        Class probabilities; rows sum to 1; columns in the order of ``classes``.
    epistemic : float32 (n,)
        What more labels would resolve, nats.
    aleatoric : float32 (n,)
        What they would not, nats.
    classes : list of str
        Class names.
    """

    mean: Float
    epistemic: Float
    aleatoric: Float
    classes: list[str]
    source: Any
    rows: Ints

    @classmethod
    def of(cls, predictive: Any, rows: Ints, classes: list[str]) -> Prediction:
        """Rows of a larger predictive."""
        picked = predictive.epistemic[rows], predictive.aleatoric[rows]
        return cls(predictive.mean[rows], *picked, classes, predictive, rows)

    @classmethod
    def all(cls, predictive: Any, classes: list[str]) -> Prediction:
        """All rows of a predictive."""
        return cls.of(predictive, np.arange(len(predictive.mean)), classes)

    def draws(self, S: int, seed: int = 0) -> Float:
        """Posterior draws, float32 (S, n, C): draw ``s`` is one posterior sample applied to every item."""
        drawn: Float = self.source.draws(self.rows, S, seed)
        return drawn

    @property
    def labels(self) -> list[str]:
        """Most probable class of each item."""
        return [self.classes[i] for i in self.mean.argmax(1)]

    def __len__(self) -> int:
        return len(self.mean)

    def __repr__(self) -> str:
        lines = [
            f"  {self.classes[row.argmax()]!r} {row.max():.1%}  epistemic {e:.3f}  aleatoric {a:.3f} nats"
            for row, e, a in zip(self.mean[:8], self.epistemic, self.aleatoric, strict=False)
        ]
        more = f"\n  ... and {len(self) - 8} more" if len(self) > 8 else ""
        return f"Prediction of {len(self)} items over {len(self.classes)} classes\n" + "\n".join(lines) + more
