"""A change noticed as soon as a stated number of false alarms allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log, log1p, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.errors import ModelError
from spin_nb.monitor._checks import check_numbers

RISES = (0.05, 0.1, 0.2, 0.4)
"""Sizes of a change that are watched for: shares of the way from the reference to 1."""
N_REMEMBERED = 4096
"""Latest items among which the moment of a change is looked for."""
ITEMS_PER_FALSE_ALARM = 10_000
LEAST_REFERENCE, MOST_REFERENCE = 1e-3, 0.999


@dataclass(frozen=True, slots=True)
class Alarm:
    """A change that was noticed.

    Attributes
    ----------
    at : int
        Item at which it was noticed, 0 for the first.
    since : int
        Item from which on the evidence speaks for it most.
    earliest, latest : int
        The same with 95 % of the evidence; no earlier than the 4,096 items before it.
    mean : float
        Of the signal from ``since`` on.
    """

    at: int
    since: int
    earliest: int
    latest: int
    mean: float


def reference_of(signal: ArrayLike) -> float:
    """Mean of a signal before any change, and one standard error more: what a detector is given.

    Parameters
    ----------
    signal : float (n,)
        In [0, 1], of items known to be as before, such as the errors of audits.

    Raises
    ------
    ModelError
        If it is empty, not finite or leaves [0, 1].

    Notes
    -----
    A reference that is too low by chance makes false alarms, one that is too high makes alarms late.  With ``n`` items
    one standard error, of Laplace's estimate, costs 266 instead of 168 items where .2 rises to .3 (n = 500).

    Examples
    --------
    >>> round(reference_of([0, 0, 0, 0, 1] * 100), 3)
    0.219
    """
    (values,) = check_numbers(signal=signal)
    if values.min() < 0 or values.max() > 1:
        raise ModelError(
            f"the signal goes from {values.min():.3g} to {values.max():.3g}.", "Scale it to lie in [0, 1]."
        )
    mean = (values.sum() + 1) / (len(values) + 2)
    return float(min(MOST_REFERENCE, mean + sqrt(mean * (1 - mean) / len(values))))


class EDetector:
    """Watches a signal in [0, 1] for a rise of its mean, one item at a time.

    Falls are rises of one minus the signal.  It costs the same however long the stream is.

    Parameters
    ----------
    reference : float
        Mean before a change, or a bound on it, in (0, 1): :func:`reference_of`.
    items_per_false_alarm : float
        Items that pass between two false alarms, on average and at least.

    Attributes
    ----------
    drift_detected : bool
        True at the item at which a change was noticed; then it starts again.
    alarm : Alarm or None
        The last change that was noticed.
    n_items : int
        Items seen.

    Raises
    ------
    ModelError
        If a parameter lies outside its range.

    Notes
    -----
    An e-detector (Shin, Ramdas and Rinaldo 2023, arXiv 2203.03532).  For each rise ``d`` the statistic of Shiryaev and
    Roberts, ``M = L (M + 1)``, ``L = 1 + d (x - r) / r`` with reference ``r``: of errors the likelihood ratio of mean
    ``r + d (1 - r)`` to ``r``.  ``L`` has a mean of at most 1 while the signal's is at most ``r``, whatever its
    distribution in [0, 1], so ``M`` grows by at most one an item on average, and the mean of all ``M`` reaches ``A``
    after ``A`` items on average or later.  That asks that
    each item has, given those before it, a mean of at most ``r``; a signal that wanders by itself breaks it.
    ``M`` is a sum over moments at which a change may have begun; the shares of these are the evidence for each.

    Examples
    --------
    >>> detector = EDetector(0.2, items_per_false_alarm=1000)
    >>> errors = [0, 0, 0, 0, 1] * 60 + [0, 1, 1, 0, 1] * 20
    >>> for error in errors:
    ...     detector.update(error)
    ...     if detector.drift_detected:
    ...         break
    >>> detector.alarm
    Alarm(at=312, since=299, earliest=88, latest=306, mean=0.6428571428571429)
    """

    def __init__(self, reference: float, *, items_per_false_alarm: float = ITEMS_PER_FALSE_ALARM) -> None:
        if not 0 <= reference < 1:
            raise ModelError(
                f"a reference of {reference} leaves no room for a rise.", "Pass a mean from 0 to below 1."
            )
        if not (isfinite(items_per_false_alarm) and items_per_false_alarm > 1):
            raise ModelError(
                f"{items_per_false_alarm} items per false alarm cannot be kept.",
                "Pass a number above 1, such as 10,000.",
            )
        self.reference = min(max(float(reference), LEAST_REFERENCE), MOST_REFERENCE)
        self.items_per_false_alarm = float(items_per_false_alarm)
        self.drift_detected = False
        self.alarm: Alarm | None = None
        self.n_items = 0
        self._slopes = [rise / self.reference for rise in RISES]
        self._evidence = [0.0] * len(RISES)
        self._recent: deque[float] = deque(maxlen=N_REMEMBERED)

    def update(self, x: float) -> None:
        """Take in the next item.

        Raises
        ------
        ModelError
            It is no number from 0 to 1; the detector has not seen it then.
        """
        if not 0 <= x <= 1:
            raise ModelError(f"item {self.n_items} of the signal is {x}.", "Pass numbers from 0 to 1.")
        surprise = float(x) - self.reference
        self._recent.append(float(x))
        self._evidence = [
            (1 + slope * surprise) * (evidence + 1)
            for slope, evidence in zip(self._slopes, self._evidence, strict=True)
        ]
        self.n_items += 1
        self.drift_detected = sum(self._evidence) / len(RISES) >= self.items_per_false_alarm
        if self.drift_detected:
            self.alarm = self._locate()
            self._forget()

    @property
    def share_of_alarm(self) -> float:
        """Evidence for a change now, from 0 to 1 where it is an alarm, on a scale of logarithms."""
        return min(1.0, log1p(sum(self._evidence) / len(RISES)) / log1p(self.items_per_false_alarm))

    def to_json(self) -> dict[str, Any]:
        """Return all it remembers, as plain JSON."""
        return {
            "reference": self.reference,
            "items_per_false_alarm": self.items_per_false_alarm,
            "n_items": self.n_items,
            "evidence": list(self._evidence),
            "recent": list(self._recent),
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> EDetector:
        """Go on where another left off.

        Raises
        ------
        ModelError
            They are not what :meth:`to_json` wrote.
        """
        try:
            detector = cls(
                float(fields["reference"]), items_per_false_alarm=float(fields["items_per_false_alarm"])
            )
            detector.n_items = int(fields["n_items"])
            evidence, recent = [float(e) for e in fields["evidence"]], [float(x) for x in fields["recent"]]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise _not_a_state() from None
        sound = len(evidence) == len(RISES) and all(isfinite(e) and e >= 0 for e in evidence)
        if not sound or detector.n_items < len(recent) or not all(0 <= x <= 1 for x in recent):
            raise _not_a_state()
        detector._evidence, detector._recent = evidence, deque(recent, N_REMEMBERED)
        return detector

    def _forget(self) -> None:
        self._evidence = [0.0] * len(RISES)
        self._recent.clear()

    def _locate(self) -> Alarm:
        """Weigh the moments at which the change may have begun."""
        signal = np.array(self._recent)
        sizes = np.array(self._slopes)[:, None]
        grown = np.cumsum(np.log1p(sizes * (signal - self.reference)), axis=1)
        # Evidence since item s is what the statistic would be had it begun there.
        since = grown[:, -1:] - np.hstack([np.zeros((len(sizes), 1)), grown[:, :-1]])
        weights = np.exp(since - since.max()).sum(axis=0)
        first, shares = self.n_items - len(signal), np.cumsum(weights) / weights.sum()
        best = int(weights.argmax())
        return Alarm(
            at=self.n_items - 1,
            since=first + best,
            earliest=first + int(np.searchsorted(shares, 0.025)),
            latest=first + min(int(np.searchsorted(shares, 0.975)), len(signal) - 1),
            mean=float(signal[best:].mean()),
        )


def _not_a_state() -> ModelError:
    return ModelError("this is no state of a detector.", "Pass what EDetector.to_json() returned.")


def items_to_alarm(
    reference: float, mean: float, items_per_false_alarm: float = ITEMS_PER_FALSE_ALARM
) -> float:
    """About how many items pass until a change is noticed.

    Parameters
    ----------
    reference, mean : float
        Mean of the signal before and after, in (0, 1).
    items_per_false_alarm : float
        As :class:`EDetector`.

    Returns
    -------
    float
        Infinity where ``mean`` is not above ``reference``.

    Notes
    -----
    ``log(1 + A D) / D`` with ``D`` the divergence of Kullback and Leibler between errors of the two means: the evidence
    grows by ``D`` an item, from about ``1 / D`` moments at which the change may have begun, to ``A``.

    Examples
    --------
    >>> round(items_to_alarm(0.2, 0.4))
    66
    """
    p, r = float(mean), float(reference)
    if not (0 < r < 1 and 0 <= p <= 1):
        raise ModelError(f"means of {r} and {p} are none of a signal.", "Pass means between 0 and 1.")
    if p <= r:
        return float("inf")
    divergence = p * log(p / r) + ((1 - p) * log((1 - p) / (1 - r)) if p < 1 else 0.0)
    return log1p(items_per_false_alarm * divergence) / divergence
