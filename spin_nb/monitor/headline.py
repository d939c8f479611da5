"""The three numbers of calibration, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spin_nb.monitor._checks import Real
from spin_nb.monitor.audit import MIN_AUDITS_TO_SHOW
from spin_nb.monitor.calibration import N_BINS, confidences, ece, even_bins, losses

N_RESAMPLES = 500
WEIGHTS_PER_BLOCK = 2**20  # weights held at once


@dataclass(frozen=True)
class Measure:
    """A number in its own unit, with its interval.

    Attributes
    ----------
    name, unit : str
        What it is; "nats", or "" for a plain number.
    value : float or None
        Point estimate; None under 20 audits.
    low, high : float
        The 95 % interval.
    n : int
        Audits.
    """

    name: str
    unit: str
    value: float | None
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        span = f"{self.low:.2f} to {self.high:.2f}"
        return (
            f"{self.name} {span}{unit}"
            if self.value is None
            else f"{self.name} {self.value:.2f}{unit} ({span})"
        )

    def __repr__(self) -> str:
        return f"{self} (n={self.n}, bootstrap 95% interval)"


@dataclass(frozen=True)
class Headline:
    """Scores of the probabilities, with their intervals.

    Attributes
    ----------
    nll, brier, ece : Measure
        Log loss in nats, Brier score 0..2, expected calibration error 0..1.
    chance : float
        The ECE that perfectly calibrated probabilities would stay below 95 times in 100, with as many audits.
    """

    nll: Measure
    brier: Measure
    ece: Measure
    chance: float


def headline(probs: ArrayLike, y: ArrayLike, *, seed: int = 0) -> Headline:
    """NLL, Brier score and ECE of the audit labels.

    Each has a 95 % bootstrap interval (Efron and Tibshirani 1993).

    Parameters
    ----------
    probs : float (n, C)
        Predicted probabilities of the audited items.
    y : int (n,)
        Their true classes.

    Returns
    -------
    Headline
        No point estimates under 20 audits: they would be believed more than they deserve.

    Raises
    ------
    ModelError
        As :func:`~spin_nb.monitor.nll`.

    Notes
    -----
    NLL and Brier: percentile interval.  ECE is biased upwards and more so on resamples, so a percentile interval
    misses the truth (always, where it is 0): the basic interval ``2 v - q`` takes the bias out, and reaches down to
    0 where chance explains the ECE found (consistency resampling: Bröcker and Smith 2007).  In simulation with 20
    to 400 audits it held the truth 86 to 95 times in 100.

    Examples
    --------
    >>> scores = headline([[0.9, 0.1]] * 30, [0] * 27 + [1] * 3)
    >>> scores.ece.low
    0.0
    >>> scores.brier
    Brier 0.18 (0.02 to 0.34) (n=30, bootstrap 95% interval)
    """
    log_loss, square = losses(probs, y)
    confidence, right = confidences(probs, y)
    bin_of = np.eye(N_BINS)[even_bins(confidence, N_BINS)]
    parts = np.column_stack([log_loss, square, bin_of * (right - confidence)[:, None]])
    rng = np.random.default_rng(seed)
    means = _resample(parts, rng)
    n = len(right)
    ece_of_all = ece(probs, y)
    chance = _chance(confidence, bin_of, rng)
    errors = np.percentile(np.abs(means[:, 2:]).sum(axis=1), [2.5, 97.5])
    low = 0.0 if ece_of_all <= chance else max(0.0, 2 * ece_of_all - float(errors[1]))
    high = max(ece_of_all, min(1.0, 2 * ece_of_all - float(errors[0])))
    return Headline(
        _percentile("NLL", "nats", float(log_loss.mean()), means[:, 0], n),
        _percentile("Brier", "", float(square.mean()), means[:, 1], n),
        Measure("ECE", "", ece_of_all if n >= MIN_AUDITS_TO_SHOW else None, low, high, n),
        chance,
    )


def _percentile(name: str, unit: str, value: float, means: Real, n: int) -> Measure:
    low, high = np.percentile(means, [2.5, 97.5])
    return Measure(name, unit, value if n >= MIN_AUDITS_TO_SHOW else None, float(low), float(high), n)


def _resample(parts: Real, rng: np.random.Generator) -> Real:
    """Means (N_RESAMPLES, k) of resampled rows of ``parts`` (n, k)."""
    n = len(parts)
    block = max(1, WEIGHTS_PER_BLOCK // n)
    even = np.full(n, 1 / n)
    sizes = [min(block, N_RESAMPLES - start) for start in range(0, N_RESAMPLES, block)]
    return np.concatenate([rng.multinomial(n, even, size) @ parts for size in sizes]) / n


def _chance(confidence: Real, bin_of: Real, rng: np.random.Generator) -> float:
    """95th percentile of the ECE if each prediction were right with exactly its confidence."""
    n = len(confidence)
    block = max(1, WEIGHTS_PER_BLOCK // n)
    samples = []
    for start in range(0, N_RESAMPLES, block):
        size = min(block, N_RESAMPLES - start)
        gaps = (rng.random((size, n)) < confidence) - confidence
        samples.append(np.abs(gaps @ bin_of).sum(axis=1) / n)
    return float(np.percentile(np.concatenate(samples), 95))
