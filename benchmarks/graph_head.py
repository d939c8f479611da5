"""What one label costs at 60,000 items: ``python -m benchmarks.graph_head [labels]``.

MNIST (official training images, PCA to 60) from SPIN_DATA_DIR, default ../shared/data.  First under the graph alone,
then under the mean of all heads, trained after every ten labels, with forty audits for its temperature.  A label =
update of mean and variance of all rows + class probabilities of all rows + the next "auto" query.  Wall milliseconds
depend on what else the machine does; CPU milliseconds (all threads) stand beside them.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.bayes import graph_basis
from spin_nb.models.ask import ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.pool.features.neighbours import nearest, neighbours

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SPIN_DATA_DIR", ROOT / ".." / "shared" / "data"))
BUDGET_MS = 50.0
TRAIN_EVERY = 10  # labels


def time_call(act: Callable[[], Any]) -> tuple[Any, np.ndarray]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return result, 1000 * np.array([time.perf_counter() - wall, time.process_time() - cpu])


def mnist() -> tuple[Any, ...]:
    """Load features and labels of both parts of MNIST.

    These are 60,000 training and 10,000 test images.
    """
    with np.load(DATA / "mnist" / "mnist.npz") as arrays:
        train, test = (arrays[f"x_{part}"].reshape(-1, 784) / np.float32(255) for part in ("train", "test"))
        y, y_test = arrays["y_train"].astype(int), arrays["y_test"].astype(int)
    mean = train.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(train[:20_000].T))
    axes = axes[:, ::-1][:, :60].astype(np.float32)
    return (train - mean) @ axes, y, (test - mean) @ axes, y_test


def main(labels: int = 60) -> None:
    if not (DATA / "mnist" / "mnist.npz").exists():
        print(f"skipped: no {DATA / 'mnist' / 'mnist.npz'} (set SPIN_DATA_DIR)")
        return
    x, y, x_test, y_test = mnist()
    graph, duration = time_call(lambda: neighbours(x, 15))
    print(
        f"neighbour graph 60,000 x 60, k = 15   {duration[0] / 1000:7.1f} s wall  {duration[1] / 1000:7.1f} s CPU"
    )
    _, duration = time_call(lambda: graph_basis(*graph, x, 10, seed=0))
    print(
        f"graph basis                           {duration[0] / 1000:7.1f} s wall  {duration[1] / 1000:7.1f} s CPU"
    )
    learner, hood = Learner(x, *graph, 10, seed=0), nearest(x, x_test, 15)
    is_free = np.ones(len(x), bool)
    for head in ("graph", "mean"):
        report(head, label(learner, y, is_free, labels, head))
        right = learner.predict(x_test, *hood).mean.argmax(axis=1) == y_test
        print(f"test accuracy at {len(learner.graph):3d} labels            {right.mean():7.1%}")


def label(
    learner: Learner, y: np.ndarray, is_free: np.ndarray, labels: int, head: str
) -> dict[str, np.ndarray]:
    """Ask and answer ``labels`` items; milliseconds of each part, (labels, 2)."""
    parts: dict[str, list[np.ndarray]] = {"update": [], "probabilities": [], "query": [], "epistemic": []}
    audits = np.random.default_rng(0).choice(np.flatnonzero(is_free), 40, replace=False)
    for n in range(labels):
        if head == "mean" and n % TRAIN_EVERY == 0:
            learner.adopt(fit_heads(learner, learner.graph.rows, learner.graph.y))
            learner.calibrate(audits, y[audits])
            learner.predictive()  # whose doubt over the pool is made once a training
        batch, duration = time_call(lambda n=n: ask(learner, 1, np.flatnonzero(is_free), seed=n))
        parts["query"].append(duration)
        row = int(batch.indices[0])
        is_free[row] = False
        parts["update"].append(time_call(lambda row=row: learner.label(row, int(y[row])))[1])
        predictive, duration = time_call(learner.predictive)
        _, reading = time_call(lambda p=predictive: p.mean)
        parts["probabilities"].append(duration + reading)
        parts["epistemic"].append(time_call(lambda p=predictive: p.epistemic)[1])
    return {name: np.array(values) for name, values in parts.items()}


def report(head: str, parts: dict[str, np.ndarray]) -> None:
    parts["one label"] = parts["query"] + parts["update"] + parts["probabilities"]
    print(f"\n{head + ', ms':<16}{'wall p50':>10}{'p95':>8}{'CPU p50':>10}{'p95':>8}")
    for name, values in parts.items():
        p50, p95 = np.percentile(values, [50, 95], axis=0)
        print(f"{name:<16}{p50[0]:>10.1f}{p95[0]:>8.1f}{p50[1]:>10.1f}{p95[1]:>8.1f}")
    p50, p95 = np.percentile(parts["one label"], [50, 95], axis=0)
    print(
        f"budget of {BUDGET_MS:.0f} ms / one label: wall p50 {BUDGET_MS / p50[0]:.1f}x, p95 {BUDGET_MS / p95[0]:.1f}x"
    )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
