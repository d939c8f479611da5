"""Test accuracy by label count on scikit-learn's digits: ``python -m benchmarks.digits [seeds]``.

Each seed splits 1,000 pool / 797 test, fits the encoder on the pool, and asks one item at a time of a simulated
annotator, strategy "auto" with its epsilon share of uniform picks.  "10 % audits": of every ten labels one is
drawn uniformly and never trains; it counts as a label.  Baselines: logistic regression (scikit-learn) on the same
features, items drawn at random or by smallest margin, without audits, one at a time.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np

from benchmarks._sets import Split
from benchmarks._sets import digits as split
from spin_nb.models.ask import ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.query import margin

COUNTS = (10, 20, 30, 40, 60, 80, 100)
HEADS = ("graph", "linear", "shown")
FIRST_SEED = 1000


def ours(data: Split, seed: int, audits: bool) -> list[dict[str, float]]:
    """Measure each head's accuracy at every count."""
    rng = np.random.default_rng(seed)
    learner = Learner(data.pool, *data.graph, 10, seed=seed)
    left, curve, turn = np.ones(1000, bool), [], 0
    for n in range(1, COUNTS[-1] + 1):
        if n % 10 == 1:
            turn = int(rng.integers(10))
        free = np.flatnonzero(left)
        if audits and n % 10 == turn:
            left[rng.choice(free)] = False
        else:
            row = int(ask(learner, 1, free, seed=seed * 1000 + n).indices[0])
            left[row] = False
            learner.label(row, int(data.y[row]))
        if n in COUNTS:
            learner.adopt(fit_heads(learner, learner.graph.rows, learner.graph.y))
            curve.append({head: accuracy(learner, data, head) for head in HEADS})
    return curve


def accuracy(learner: Learner, data: Split, head: str) -> float:
    predictive = learner.predict(data.test, *data.hood, None if head == "shown" else head)
    return float(np.mean(predictive.mean.argmax(axis=1) == data.y_test))


def baseline(data: Split, seed: int, active: bool) -> list[float]:
    """Measure logistic regression's accuracy at every count.

    Items are asked by margin, or at random.
    """
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    rows = rng.choice(1000, 2, replace=False).tolist()
    curve = []
    for n in range(2, COUNTS[-1] + 1):
        several = len(set(data.y[rows])) > 1
        if several and (active or n in COUNTS):
            model = LogisticRegression(max_iter=1000).fit(data.pool[rows], data.y[rows])
        if n in COUNTS:
            curve.append(float(model.score(data.test, data.y_test)))
        free = np.setdiff1d(np.arange(1000), rows)
        if active and several:
            rows.append(int(free[margin(model.predict_proba(data.pool[free])).argmax()]))
        else:
            rows.append(int(rng.choice(free)))
    return curve


def line(name: str, curves: list[list[float]]) -> str:
    mean, sd = np.mean(curves, axis=0), np.std(curves, axis=0, ddof=1)
    return f"{name:<34}" + "".join(f"{m:6.1%} ±{s:4.1%} " for m, s in zip(mean, sd, strict=True))


def main(n_seeds: int = 5) -> None:
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
    seeds = range(FIRST_SEED, FIRST_SEED + n_seeds)
    splits = [split(seed) for seed in seeds]
    print(f"digits, test accuracy, mean ± sd over {n_seeds} seeds (from {FIRST_SEED})")
    print(f"{'labels (audits included)':<34}" + "".join(f"{n:>8}      " for n in COUNTS))
    for audits in (True, False):
        curves = [ours(data, seed, audits) for data, seed in zip(splits, seeds, strict=True)]
        for head in HEADS:
            name = f"auto, {'10 % audits' if audits else 'no audits'}, head {head}"
            print(line(name, [[point[head] for point in curve] for curve in curves]), flush=True)
    for active, name in ((True, "margin + logistic regression"), (False, "random + logistic regression")):
        print(line(name, [baseline(d, s, active) for d, s in zip(splits, seeds, strict=True)]), flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
