"""Is what arrives still what was learnt?

Each arrival gives two numbers: the model's uncertainty and the distance to the pool.  Both are turned into
their rank among the pool's own values (0 below all, 1 above all) before a detector sees them, because ADWIN's
bound holds for numbers in [0, 1] and depends on their scale.  The detectors see the pool's ranks first, so a
stream that differs from its first item on is noticed too.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spin_nb.errors import ModelError
from spin_nb.protocols import DriftDetector

MAX_REFERENCE_VALUES = 1000
"""Pool values that a detector sees first."""


def adwin(delta: float = 0.002) -> Any:
    """ADWIN as river has it, checking after every item.

    Parameters
    ----------
    delta : float
        Chance of a false alarm, in (0, 1) (Bifet & Gavaldà 2007).

    Returns
    -------
    river.drift.ADWIN
        ``update(x)``, then ``drift_detected``.

    Notes
    -----
    river looks for a cut every 32 items only; a person who watches a few dozen arrivals would wait too long.

    Examples
    --------
    >>> detector = adwin()
    >>> for x in [0.1] * 200 + [0.9] * 30:
    ...     detector.update(x)
    ...     if detector.drift_detected:
    ...         print("changed")
    ...         break
    changed
    """
    from river.drift import ADWIN

    return ADWIN(delta=delta, clock=1)


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """One arrival, as the drift monitor saw it.

    Attributes
    ----------
    index : int
        0 for the first arrival.
    uncertainty : float
        As given to ``update``.
    distance : float
        As given to ``update``.
    drift_uncertainty, drift_distance : bool
        Whether the detector found a change at this arrival.
    uncertainty_rank, distance_rank : float
        Share of the pool's own values below this one, 0..1; about .5 on average while nothing has changed.
    """

    index: int
    uncertainty: float
    distance: float
    drift_uncertainty: bool
    drift_distance: bool
    uncertainty_rank: float = nan
    distance_rank: float = nan


class DriftMonitor:
    """Watches uncertainty and distance of arriving items, one at a time.

    Parameters
    ----------
    reference_uncertainty : float (n,)
        The model's uncertainty of the pool's items.
    reference_distance : float (n,)
        Distance of each pool item to the rest of the pool, measured as for arrivals.
    detectors : pair of DriftDetector, optional
        Fresh detectors for (uncertainty, distance); two :func:`adwin` unless given.
    seed : int
        Order in which the detectors see the pool's values.

    Raises
    ------
    ModelError
        If a reference is empty or holds a number that is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> monitor = DriftMonitor(rng.random(500), rng.random(500))
    >>> points = [monitor.update(rng.random(), 2 + rng.random()) for _ in range(40)]
    >>> any(p.drift_distance for p in points), any(p.drift_uncertainty for p in points)
    (True, False)
    """

    def __init__(
        self,
        reference_uncertainty: ArrayLike,
        reference_distance: ArrayLike,
        *,
        detectors: tuple[DriftDetector, DriftDetector] | None = None,
        seed: int = 0,
    ) -> None:
        uncertainty, distance = detectors or (adwin(), adwin())
        self._seed = seed
        # A river detector cannot be told to forget; a copy taken before the first number can be used again.
        self._fresh_detector = deepcopy(uncertainty)
        self._uncertainty = _RankDetector("uncertainty", reference_uncertainty, uncertainty, seed)
        self._distance = _RankDetector("distance", reference_distance, distance, seed)
        self._n_arrivals = 0

    def update(self, uncertainty: float, distance: float) -> DriftPoint:
        """Take in one arrival.

        Raises
        ------
        ModelError
            If a number is not finite; neither detector has seen this arrival then.
        """
        for name, value in (("uncertainty", uncertainty), ("distance", distance)):
            if not isfinite(value):
                raise ModelError(
                    f"the {name} of arrival {self._n_arrivals} is {value}.",
                    "Check its features for NaN or infinity.",
                )
        uncertainty_rank, drift_uncertainty = self._uncertainty.update(float(uncertainty))
        distance_rank, drift_distance = self._distance.update(float(distance))
        point = DriftPoint(
            index=self._n_arrivals,
            uncertainty=float(uncertainty),
            distance=float(distance),
            drift_uncertainty=drift_uncertainty,
            drift_distance=drift_distance,
            uncertainty_rank=uncertainty_rank,
            distance_rank=distance_rank,
        )
        self._n_arrivals += 1
        return point

    def new_model(self, reference_uncertainty: ArrayLike) -> None:
        """Start the uncertainty detector afresh after training.

        A new model changes every uncertainty, which says nothing about the stream; distances stand.

        Parameters
        ----------
        reference_uncertainty : float (n,)
            The new model's uncertainty of the pool's items.

        Raises
        ------
        ModelError
            As the constructor; the old reference stays then.
        """
        detector = deepcopy(self._fresh_detector)
        self._uncertainty = _RankDetector("uncertainty", reference_uncertainty, detector, self._seed)


class _RankDetector:
    """A detector on ranks among reference values."""

    def __init__(self, name: str, reference: ArrayLike, detector: DriftDetector, seed: int) -> None:
        values = np.sort(np.asarray(reference, dtype=np.float64).ravel())
        if not len(values) or not np.isfinite(values).all():
            raise ModelError(
                f"the reference for {name} is empty or not finite ({len(values)} values).",
                "Pass the pool's own values, all finite.",
            )
        self._values: NDArray[np.float64] = values
        self._detector = detector
        # Shuffled: the pool may be sorted by class, which the detector would take for a change.
        for value in np.random.default_rng(seed).permutation(values)[:MAX_REFERENCE_VALUES]:
            detector.update(self._rank(value))

    def _rank(self, value: float) -> float:
        low = np.searchsorted(self._values, value, side="left")
        high = np.searchsorted(self._values, value, side="right")
        return float(low + high) / (2 * len(self._values))

    def update(self, value: float) -> tuple[float, bool]:
        rank = self._rank(value)
        self._detector.update(rank)
        return rank, bool(self._detector.drift_detected)
