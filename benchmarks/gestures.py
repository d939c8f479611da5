"""What labels given many at a time do to the rest: ``python -m benchmarks.gestures [set ...] [--seeds 3]``.

After some asks a simulated person gives one class to many items at once.  "region": the nearest items of one item of
the class, as with a lasso on the map; "class": any of its items; "pool": random items of the whole pool, one gesture a
class, so that the gestures' sizes do reflect it.  Sets named ``..._skewed`` are made unbalanced: class k is kept with
probability 1/(1 + k).

Each line: accuracy on the other classes, on the class, on all, and negative log likelihood (nats) on all; of the graph
and of the linear head; from what was asked alone, with every label of a gesture counted fully, and as a session counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks._sets import SETS, Split, load, split
from spin_nb.bayes.laplace import LastLayerLaplace
from spin_nb.models.ask import ask
from spin_nb.models.bulk_label_weights import bulk_label_weights
from spin_nb.models.learner import Learner
from spin_nb.types import Float, Ints

FIRST_SEED = 100
SIZES = (30, 300, 3000)
SET_NAMES = ("digits", "digits_skewed", "fashion", "ag_news", "fsdd", "fsdd_skewed", "ai4i")


def region(data: Split, free: Ints, of: int, n: int, rng: np.random.Generator) -> list[Ints]:
    """Select the ``n`` items of a class nearest to one."""
    members = free[data.y[free] == of]
    centre = data.pool[rng.choice(members)]
    return [members[np.argsort(((data.pool[members] - centre) ** 2).sum(axis=1))[:n]]]


def any_of(data: Split, free: Ints, of: int, n: int, rng: np.random.Generator) -> list[Ints]:
    """Draw ``n`` items of a class at random."""
    members = free[data.y[free] == of]
    return [rng.choice(members, min(n, len(members)), replace=False)]


def of_pool(data: Split, free: Ints, of: int, n: int, rng: np.random.Generator) -> list[Ints]:
    """Draw ``n`` items at random, a gesture a class."""
    some = rng.choice(free, min(n, len(free)), replace=False)
    return [some[data.y[some] == each] for each in range(data.n_classes)]


KINDS: dict[str, Callable[[Split, Ints, int, int, np.random.Generator], list[Ints]]] = {
    "region": region,
    "class": any_of,
    "pool": of_pool,
}


def load_set(name: str, seed: int) -> Split:
    """Load a set, unbalanced where its name says so."""
    plain = name.removesuffix("_skewed")
    data = load(plain, seed)
    if plain == name:
        return data
    rng = np.random.default_rng(seed)
    few, few_test = (np.flatnonzero(rng.random(len(y)) < 1 / (1 + y)) for y in (data.y, data.y_test))
    return split(data.pool[few], data.y[few], data.test[few_test], data.y_test[few_test])


def ask_rows(learner: Learner, data: Split, n: int, seed: int) -> Ints:
    """Ask rows as a session would, one by one."""
    left = np.ones(len(data.pool), bool)
    for number in range(n):
        row = int(ask(learner, 1, np.flatnonzero(left), seed=seed * 1000 + number).indices[0])
        left[row] = False
        learner.label(row, int(data.y[row]))
    return learner.graph.rows


def judge(probs: Float, data: Split, of: int) -> list[float]:
    right, is_of = probs.argmax(axis=1) == data.y_test, data.y_test == of
    likelihood = np.log(np.maximum(probs[np.arange(len(probs)), data.y_test], 1e-6))
    return [right[~is_of].mean(), right[is_of].mean(), right.mean(), -float(likelihood.mean())]


def line(learner: Learner, data: Split, of: int, rows: Ints, weights: Float | None) -> list[float]:
    """Judge both heads."""
    y = data.y[rows]
    learner.reset(rows, y, weights)
    linear = LastLayerLaplace().fit(data.pool[rows], y, n_classes=data.n_classes, weights=weights)
    graph = learner.predict(data.test, *data.hood, "graph")
    return [
        number
        for predictive in (graph, linear.predict(data.test))
        for number in judge(predictive.mean, data, of)
    ]


def report(name: str, seeds: range, n_asked: int, sizes: list[int]) -> None:
    """Print one set's tables."""
    lines: dict[tuple[str, int], list[list[list[float]]]] = {}
    for seed in seeds:
        data, rng = load_set(name, seed), np.random.default_rng(seed)
        learner = Learner(data.pool, *data.graph, data.n_classes, seed=seed)
        alone = ask_rows(learner, data, n_asked, seed)
        free, of = np.setdiff1d(np.arange(len(data.pool)), alone), int(rng.integers(data.n_classes))
        counts = np.bincount(data.y[alone], minlength=data.n_classes)
        for kind, gestures in KINDS.items():
            for n in sizes:
                gesture_rows = np.concatenate(gestures(data, free, of, n, rng))
                rows, y = np.concatenate([alone, gesture_rows]), data.y[gesture_rows]
                each = bulk_label_weights(counts, np.bincount(y, minlength=data.n_classes))
                weights = np.concatenate([np.ones(len(alone)), each[y]])
                ways = ((alone, None), (rows, None), (rows, weights))
                lines.setdefault((kind, n), []).append([line(learner, data, of, *way) for way in ways])
    for (kind, n), runs in lines.items():
        print(f"\n{name}: {n_asked} asked, {kind} of {n}, {len(seeds)} seeds from {seeds[0]}")
        print(f"{'':<22}{'graph: others class   all   NLL':<36}{'linear: others class   all   NLL'}")
        for word, numbers in zip(
            ("asked alone", "each counted fully", "as a session counts"), np.mean(runs, axis=0), strict=True
        ):
            print(
                f"{word:<26}"
                + "   ".join("".join(f"{x:7.3f}" for x in half) for half in np.split(numbers, 2)),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--asked", type=int, default=60)
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES))
    arguments = parser.parse_args()
    for name in arguments.sets or SET_NAMES:
        if name.removesuffix("_skewed") not in SETS:
            parser.error(f"no set is called {name}; there are: {', '.join(SET_NAMES)}")
        report(name, range(FIRST_SEED, FIRST_SEED + arguments.seeds), arguments.asked, arguments.sizes)


if __name__ == "__main__":
    main()
