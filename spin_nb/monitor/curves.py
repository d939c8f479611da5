"""What the curves show, point by point, and the pace of labelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.types import Estimate

N_RECENT_LABELS = 30
"""Labels that count as the present pace."""
MIN_PAUSE_SECONDS = 60.0
"""Seconds without a label that are a pause, not slow labelling."""
CLOCK_SECONDS = 1e-6
"""No clock tells moments apart that are nearer."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of the learning curves.

    Attributes
    ----------
    time : float
        Seconds since the epoch (UTC).
    n_labels : int
        Labels so far, audit labels included.
    n_audits : int
        Audit labels among them.
    accuracy : Estimate
        Audited accuracy of the head shown at that moment.
    nll : float or None
        Mean negative log-likelihood of the audit labels, nats; None without audits.
    ece : float or None
        Expected calibration error on the audit labels, 0..1; None without audits.
    labels_per_minute : float
        Pace at that moment.
    """

    time: float
    n_labels: int
    n_audits: int
    accuracy: Estimate
    nll: float | None
    ece: float | None
    labels_per_minute: float

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> CurvePoint:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        TypeError, KeyError, ValueError
            It is no point: a project may be damaged, or come from somebody else.
        """
        point = cls(**{**fields, "accuracy": Estimate(**fields["accuracy"])})
        a = point.accuracy
        counts = (point.n_labels, point.n_audits, a.n, a.unanswered, a.flagged)
        numbers = (point.time, point.labels_per_minute, a.low, a.high, *counts)
        optional = (x for x in (a.value, point.nll, point.ece) if x is not None)
        if not all(map(is_number, (*numbers, *optional))):
            raise TypeError("a point of the curve holds what is no number")
        if not (isinstance(a.method, str) and isinstance(a.of, str)):
            raise TypeError("a point of the curve holds what is no text")
        return point


def is_number(x: Any) -> bool:
    """Say whether a float has room for a number.

    Whole numbers from a file come in any length.
    """
    if not isinstance(x, (int, float)):
        return False
    try:
        float(x)
    except OverflowError:
        return False
    return True


def labels_per_minute(times: ArrayLike) -> float:
    """Present labelling pace.

    The last 30 labels count; gaps of more than a minute are pauses and are left out.

    Parameters
    ----------
    times : float (n,)
        When each label was given, seconds, in any order.

    Returns
    -------
    float
        Labels per minute; 0.0 while no two labels lie apart in time.

    Examples
    --------
    >>> labels_per_minute([0.0, 2.0, 4.0, 3600.0, 3602.0])
    30.0
    """
    gaps = np.diff(np.sort(np.asarray(times, dtype=np.float64).ravel())[-N_RECENT_LABELS:])
    work_gaps = gaps[gaps <= MIN_PAUSE_SECONDS]
    seconds = work_gaps.sum()
    return float(60.0 * len(work_gaps) / seconds) if seconds > CLOCK_SECONDS else 0.0
