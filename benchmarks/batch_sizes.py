"""What batch strategies are worth at batches of 1, 10 and 50: ``python -m benchmarks.batch_sizes``.

scikit-learn's digits, 20 random labels and then batches; mean accuracy over the rounds on a third held out, less that
of random batches from the same start, with its standard error over the seeds.  The model is the last-layer Laplace
posterior on pixels, fitted again every round: what is measured is the choice of labels, not ``auto``'s head.
"""

from __future__ import annotations

import inspect
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from spin_nb import query
from spin_nb.bayes import LastLayerLaplace
from spin_nb.types import Float, Ints

SIZES = {1: 60, 10: 12, 50: 5}  # batch -> rounds
SEEDS, START, DRAWS = 8, 20, 50
BATCHES = (
    *(
        "kcenter",
        "kmeans_pp",
        "typiclust",
        "probcover",
        "max_herding",
        "dcom",
        "falcun",
        "clue",
        "drop_query",
    ),
    *("ranked_batch", "class_balanced", "discriminative", "contrastive", "badge", "batchbald", "power_bald"),
)


def top(score: Callable[..., Float]) -> Callable[..., Ints]:
    """Pick the best of a score, as they come."""

    def strategy(labelled_rows: Ints, k: int, **arrays: Any) -> Ints:
        values = score(**{name: arrays[name] for name in inspect.signature(score).parameters})
        values[labelled_rows] = -np.inf
        return np.argsort(-values, kind="stable")[:k]

    return strategy


STRATEGIES: dict[str, Callable[..., Any]] = {
    "margin, the top": top(query.margin),
    "margin, diverse": query.diverse(query.margin),
    "BALD, the top": top(query.bald),
    "BALD, diverse": query.diverse(query.bald),
    **{name: getattr(query, name) for name in BATCHES},
}


def accuracy(strategy: Callable[..., Any] | None, x: Float, y: Ints, k: int, seed: int) -> float:
    """Average the accuracy over rounds.

    No strategy is random.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))
    test, pool = order[: len(x) // 3], order[len(x) // 3 :]
    labelled_rows, accuracies = rng.choice(len(pool), START, replace=False), []
    for step in range(SIZES[k] + 1):
        model = LastLayerLaplace().fit(x[pool[labelled_rows]], y[pool[labelled_rows]], n_classes=10)
        accuracies.append(float((model.predict(x[test]).mean.argmax(axis=1) == y[test]).mean()))
        if step < SIZES[k]:
            labelled_rows = np.append(
                labelled_rows,
                pick_rows(strategy, model, x[pool], y[pool], labelled_rows, k, seed + 100 * step),
            )
    return float(np.mean(accuracies))


def pick_rows(
    strategy: Callable[..., Any] | None,
    model: LastLayerLaplace,
    x: Float,
    y: Ints,
    labelled_rows: Ints,
    k: int,
    seed: int,
) -> Ints:
    if strategy is None:
        return np.random.default_rng(seed).choice(
            np.setdiff1d(np.arange(len(x)), labelled_rows), k, replace=False
        )
    predictive = model.predict(x)
    makers = {
        "probs": lambda: predictive.mean,
        "draws": lambda: predictive.draws(np.arange(len(x)), DRAWS, seed),
        "features": lambda: x,
        "labelled_rows": lambda: labelled_rows,
        "labels": lambda: y[labelled_rows],
        "seed": lambda: seed,
    }
    parameters = inspect.signature(strategy).parameters
    names = [name for name in makers if name in parameters or "arrays" in parameters]
    picks = strategy(**{name: makers[name]() for name in names}, k=k)
    return np.asarray(getattr(picks, "indices", picks))


def main(names: list[str]) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target.astype(np.int64)
    print(f"digits, {START} random labels, then batches; {SEEDS} seeds, {os.cpu_count()} cores")
    random = {k: [accuracy(None, x, y, k, seed) for seed in range(SEEDS)] for k in SIZES}
    print(f"{'points above random':<22}" + "".join(f"{f'{SIZES[k]} x {k}':>16}" for k in SIZES))
    print(f"{'random, accuracy':<22}" + "".join(f"{np.mean(random[k]):>16.1%}" for k in SIZES), flush=True)
    for name in names or list(STRATEGIES):
        start, cells = time.perf_counter(), []
        for k in SIZES:
            gains = 100 * (
                np.array([accuracy(STRATEGIES[name], x, y, k, s) for s in range(SEEDS)]) - random[k]
            )
            cells.append(f"{f'{gains.mean():+.1f} +- {gains.std() / SEEDS**0.5:.1f}':>16}")
        print(f"{name:<22}" + "".join(cells) + f"{time.perf_counter() - start:>9.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
