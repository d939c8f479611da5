"""How soon is a change noticed, and how often in vain?  ``python -m benchmarks.drift [--seeds 50]``.

Errors of a model, 0 or 1: 1,000 items at one rate, then 1,000 at another.  Delay: items from the change to the first
alarm, mean over the runs that noticed it.  False: alarms in 1,000 items of streams of 20,000 without a change; "AR":
the error rate wanders about its mean (a first-order autoregression of .99 on the logit scale, standard deviation .5),
which no bound for independent items covers.

Ours knows the error rate before ("known") or has it from 500 audits; river's detectors learn it from the stream.
"every 100" looks at nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from spin_nb.monitor import EDetector, EveryHundred, evaluate_drift, reference_of
from spin_nb.types import Float

BEFORE, N_BEFORE, N_AFTER, N_AUDITS = 0.2, 1000, 1000, 500
RATES = (0.3, 0.4, 0.6)
N_STATIONARY, N_STREAMS = 20_000, 10
WANDERING, SPREAD = 0.99, 0.5


def errors(rng: np.random.Generator, n: int, rate: float) -> Float:
    """``n`` errors at one rate."""
    return (rng.random(n) < rate).astype(np.float64)


def wandering(rng: np.random.Generator, n: int) -> Float:
    """``n`` errors at a rate that wanders about :data:`BEFORE`."""
    from scipy.signal import lfilter

    noise = rng.standard_normal(n) * SPREAD * np.sqrt(1 - WANDERING**2)
    logit = np.log(BEFORE / (1 - BEFORE)) + lfilter([1.0], [1.0, -WANDERING], noise)
    return (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.float64)


def detectors(seed: int) -> dict[str, Callable[[], Any]]:
    """Name -> what makes a fresh one."""
    from river import drift
    from river.drift import binary

    audited = reference_of(errors(np.random.default_rng(10_000 + seed), N_AUDITS, BEFORE))
    return {
        "ours, known": partial(EDetector, BEFORE),
        f"ours, {N_AUDITS} audits": partial(EDetector, audited),
        "ours, known, 1,000": partial(EDetector, BEFORE, items_per_false_alarm=1000),
        "ADWIN": drift.ADWIN,
        "PageHinkley": drift.PageHinkley,
        "DDM": binary.DDM,
        "EDDM": binary.EDDM,
        "HDDM_A": binary.HDDMA,
        "HDDM_W": binary.HDDMW,
        "every 100": EveryHundred,
    }


def delays(name: str, n_seeds: int) -> list[str]:
    """Delay, changes missed and false alarms for each of :data:`RATES`."""
    cells = []
    for rate in RATES:
        scores = []
        for seed in range(n_seeds):
            rng = np.random.default_rng(seed)
            stream = np.concatenate([errors(rng, N_BEFORE, BEFORE), errors(rng, N_AFTER, rate)])
            scores.append(evaluate_drift(detectors(seed)[name], stream, [N_BEFORE]))
        noticed = [delay for score in scores for delay in score.delays]
        missed = sum(score.n_missed for score in scores)
        cells.append(f"{np.mean(noticed) if noticed else np.nan:5.0f} ({missed:2d})")
    return cells


def in_vain(name: str, stream_of: Callable[[np.random.Generator], Float]) -> float:
    """False alarms in 1,000 items of streams without a change."""
    scores = [
        evaluate_drift(detectors(seed)[name], stream_of(np.random.default_rng(500 + seed)))
        for seed in range(N_STREAMS)
    ]
    return float(np.mean([score.false_per_1000 for score in scores]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=50)
    args = parser.parse_args()
    heads = "".join(f"{f'{BEFORE} -> {rate}':>14s}" for rate in RATES)
    print(
        f"items to the alarm (changes missed of {args.seeds}); false alarms in 1,000 items of {N_STREAMS} streams"
    )
    print(f"{'':22s}{heads}{'stationary':>12s}{'AR':>8s}")
    for name in detectors(0):
        cells = "".join(f"{cell:>14s}" for cell in delays(name, args.seeds))
        stationary = in_vain(name, lambda rng: errors(rng, N_STATIONARY, BEFORE))
        moving = in_vain(name, lambda rng: wandering(rng, N_STATIONARY))
        print(f"{name:22s}{cells}{stationary:12.2f}{moving:8.2f}", flush=True)


if __name__ == "__main__":
    main()
