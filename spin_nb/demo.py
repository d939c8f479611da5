"""The whole loop in a terminal: ``python -m spin_nb.demo``.

scikit-learn's digits, 1,000 as the pool and 797 kept away as a test set.  A simulated annotator answers what
the session asks; the session sees no true label it did not ask for.  The table sets the accuracy that the
session *estimates* from its hidden audits beside the true accuracy on the test set.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import spin_nb as spin
from spin_nb.pool.sources.samples import Sample
from spin_nb.session.model.prediction import Prediction
from spin_nb.types import Asked, Estimate

POOL_ITEMS, SEED = 1000, 0
CHECKPOINTS = (10, 20, 30, 40, 60, 100, 150, 200, 250)
HEADS = ("linear", "graph")
BUNDLE = Path("bundle") / "demo"


def split(sample: Sample, n_pool: int = POOL_ITEMS, seed: int = SEED) -> tuple[Sample, Sample]:
    """Return a sample to label and a sample to test on, drawn at random and disjoint."""
    order = np.random.default_rng(seed).permutation(len(sample))
    return _rows(sample, order[:n_pool]), _rows(sample, order[n_pool:])


def _rows(sample: Sample, rows: np.ndarray) -> Sample:
    ids = [sample.ids[row] for row in rows]
    return replace(sample, items=sample.items[rows], ids=ids, labels=[sample.labels[row] for row in rows])


def annotate(
    ask: Callable[[int], Asked], label: Callable[[str, str], object], truth: dict[str, str], n: int
) -> None:
    """Answer ``n`` questions of a session truthfully, one by one."""
    for _ in range(n):
        for id in ask(1):
            label(id, truth[id])


def accuracy(prediction: Prediction, test: Sample) -> float:
    """Compute the true accuracy on the test set."""
    return float(
        np.mean([label == truth for label, truth in zip(prediction.labels, test.labels, strict=True)])
    )


def columns(estimate: Estimate) -> str:
    """Format point, interval and sample size."""
    point = "   -  " if estimate.value is None else f"{estimate.value:6.1%}"
    return f"{point}  [{estimate.low:6.1%}, {estimate.high:6.1%}]  {estimate.n:3}"


def main() -> int:
    """Run the demo; the exit status is the bundle's own verification."""
    start = time.monotonic()
    pool, test = split(spin.samples.digits())
    print(f"{len(pool):,} digits to label, {len(test)} kept as a test set; the annotator is simulated.\n")
    print("         head      audited accuracy (hidden sample)    true accuracy on the test set")
    print("labels   shown     point  95 % interval        n         shown   linear    graph")
    with tempfile.TemporaryDirectory(prefix="spin_nb-") as folder:
        s = spin.open(Path(folder) / "digits.spin", pool=pool)
        truth = dict(zip(pool.ids, pool.labels, strict=True))
        for n_labels in CHECKPOINTS:
            annotate(s.ask, s.label, truth, n_labels - s.labels.height)
            head = s.train(wait=True).head
            predictions = [s.predict(list(test.items), head=word) for word in (None, *HEADS)]
            true = "  ".join(f"{accuracy(prediction, test):7.1%}" for prediction in predictions)
            print(f"{n_labels:6}   {head:>7}   {columns(s.accuracy)}   {true}", flush=True)
        print("\nAudited labels never train; under 20 of them only the interval is shown.\n")
        print(s.export(BUNDLE, target="jetson"))
        s.close()
    print(f"\n$ python {BUNDLE / 'run.py'} --verify", flush=True)
    status = subprocess.run([sys.executable, BUNDLE / "run.py", "--verify"], check=False).returncode
    print(f"\n{time.monotonic() - start:.0f} s in all. The same loop by hand: make lab")
    return status


if __name__ == "__main__":
    sys.exit(main())
