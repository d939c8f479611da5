"""How many labels it takes: ``python -m benchmarks.labels [set ...] [--seeds 10] [--batch 1] [--audits 0]``.

A simulated annotator answers what is asked and trains after every ten labels; test accuracy (ai4i: average precision)
is taken along the way.  "auto" is what a session does by default: its question, its epsilon share of uniform picks, its
choice of head.  Beside it, on the same features: random asks with the same heads; logistic regression on random asks,
on smallest margin, and on TypiClust (first 2 C labels) then smallest margin.  Every label counts, audits too.  Area:
trapezoid over the counts.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks._sets import DATA, Split, load
from spin_nb.models.ask import ask
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.query import margin, typiclust
from spin_nb.types import Float

FIRST_SEED = 2000
TRAIN_EVERY = 10  # labels after which the simulated person presses "train"


@dataclass(frozen=True)
class Plan:
    """Counts at which a set is judged, and targets.

    What the issue asks is (target, labels), and how many items of the rare class are found.
    """

    counts: tuple[int, ...]
    targets: tuple[tuple[float, int], ...] = ()
    rare: int = 0


Point = tuple[float, int]
"""Score, and labelled items of class 1."""

PLANS = {
    "digits": Plan(
        (10, 15, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 310), ((0.90, 20), (0.95, 30))
    ),
    "mnist": Plan((20, 30, 40, 50, 60, 80, 100, 150, 200), ((0.95, 40), (0.965, 60), (0.97, 200))),
    "fashion": Plan((20, 30, 40, 60, 80, 100, 120, 160, 200), ((0.73, 80), (0.775, 200))),
    "ag_news": Plan((20, 30, 40, 60, 80, 100, 120, 160, 200), ((0.75, 80), (0.80, 200))),
    "banking77": Plan((40, 80, 120, 160, 200, 240, 280, 320), ((0.44, 160), (0.53, 320))),
    "fsdd": Plan((10, 20, 30, 40, 60, 80, 100, 120, 160, 200), ((0.90, 80), (0.95, 160))),
    "gunpoint": Plan((5, 10, 15, 20, 25, 30, 35, 40, 50), ((0.95, 40),)),
    "ai4i": Plan((50, 100, 150, 200, 250, 300), ((0.70, 300),), rare=115),
}
"""A set's counts; ``targets``: accuracy (ai4i: average precision) and the labels it may take."""


def score(probs: Float, data: Split) -> float:
    """Score predictions by accuracy, or average precision.

    The latter is that of the rare class, where there are two classes and one is rare.
    """
    if rare(data):
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(data.y_test, probs[:, 1]))
    return float(np.mean(probs.argmax(axis=1) == data.y_test))


def rare(data: Split) -> bool:
    """Say whether class 1 of two is rare."""
    return data.n_classes == 2 and bool(data.y.mean() < 0.1)


def ours(data: Split, plan: Plan, seed: int, batch: int, audits: float, strategy: str) -> Iterator[Point]:
    """Measure our heads; ``strategy`` "auto" or "random"."""
    rng = np.random.default_rng(seed)
    learner = Learner(data.pool, *data.graph, data.n_classes, seed=seed)
    left, n = np.ones(len(data.pool), bool), 0
    while n < plan.counts[-1]:
        free, k = np.flatnonzero(left), min(batch, plan.counts[-1] - n)
        chance = rng.random(k) < audits
        audit_rows = rng.choice(free, int(chance.sum()), replace=False)
        left[audit_rows] = False
        if k > len(audit_rows):
            picks = ask(
                learner, k - len(audit_rows), np.flatnonzero(left), strategy=strategy, seed=seed * 1000 + n
            )
            left[picks.indices] = False
            for row in picks.indices:
                learner.label(int(row), int(data.y[row]))
        n += k
        n_counts = sum(n - k < count <= n for count in plan.counts)
        if n_counts or (strategy == "auto" and n % TRAIN_EVERY < k):
            learner.adopt(fit_heads(learner, learner.graph.rows, learner.graph.y))
        for _ in range(n_counts):
            yield score(learner.predict(data.test, *data.hood).mean, data), int(np.sum(learner.graph.y == 1))


def logistic(data: Split, plan: Plan, seed: int, batch: int, recipe: str) -> Iterator[Point]:
    """Measure scikit-learn's logistic regression.

    ``recipe`` is "random", "margin" or "typiclust" (then margin).
    """
    from sklearn.linear_model import LogisticRegression

    rng, rows, model = np.random.default_rng(seed), np.empty(0, np.int64), None
    while len(rows) < plan.counts[-1]:
        free = np.setdiff1d(np.arange(len(data.pool)), rows)
        k = min(batch, plan.counts[-1] - len(rows))
        if recipe == "typiclust" and len(rows) < 2 * data.n_classes:
            new = typiclust(data.pool, k, labelled_rows=rows, seed=seed).indices
        elif recipe == "random" or model is None:
            new = rng.choice(free, k, replace=False)
        else:
            new = free[np.argsort(-margin(model.predict_proba(data.pool[free])), kind="stable")[:k]]
        before, rows = len(rows), np.concatenate([rows, new])
        n_counts = sum(before < count <= len(rows) for count in plan.counts)
        if len(np.unique(data.y[rows])) > 1 and (n_counts or recipe != "random"):
            model = LogisticRegression(max_iter=1000).fit(data.pool[rows], data.y[rows])
        for _ in range(n_counts):
            yield score(_columns(model, data), data), int(np.sum(data.y[rows] == 1))


def _columns(model: Any, data: Split) -> Float:
    probs = np.zeros((len(data.test), data.n_classes), np.float32)
    if model is None:
        return probs
    probs[:, model.classes_] = model.predict_proba(data.test)
    return probs


def recipes(batch: int, audits: float) -> dict[str, Callable[[Split, Plan, int], Iterator[Point]]]:
    """Name each recipe's curve of one seed."""
    return {
        "auto": lambda d, p, s: ours(d, p, s, batch, audits, "auto"),
        "random, our heads": lambda d, p, s: ours(d, p, s, batch, 0, "random"),
        "random, logistic": lambda d, p, s: logistic(d, p, s, batch, "random"),
        "margin, logistic": lambda d, p, s: logistic(d, p, s, batch, "margin"),
        "TypiClust then margin, logistic": lambda d, p, s: logistic(d, p, s, batch, "typiclust"),
    }


def report(name: str, seeds: range, batch: int, audits: float, only: list[str]) -> None:
    """Print one set's table."""
    plan = PLANS[name]
    print(
        f"\n{name}: batches of {batch}, audit share {audits:g}, {len(seeds)} seeds from {seeds[0]}; "
        "mean ± half-width of 95 %"
    )
    print(f"{'labels':<33}" + "".join(f"{n:>7}" for n in plan.counts) + f"{'area':>15}{'s':>6}")
    for recipe, curve in recipes(batch, audits).items():
        if only and recipe not in only:
            continue
        start = time.perf_counter()
        points = np.array([list(curve(load(name, seed), plan, seed)) for seed in seeds])
        curves, n_rare = points[..., 0], points[:, -1, 1]
        areas = np.trapezoid(curves, plan.counts, axis=1) / (plan.counts[-1] - plan.counts[0])
        line = "".join(f"{value:7.3f}" for value in curves.mean(axis=0))
        seconds = (time.perf_counter() - start) / len(seeds)
        print(f"{recipe:<33}{line}{areas.mean():8.4f} ±{half(areas):.4f}{seconds:6.1f}", flush=True)
        if recipe == "auto":
            _print_targets(plan, curves)
        if plan.rare:
            word = "" if recipe != "auto" else " reached" if n_rare.mean() >= plan.rare else " MISSED"
            print(
                f"{'':<6}of the rare class found (asked {plan.rare}): {n_rare.mean():.0f} ± {half(n_rare):.0f}{word}"
            )


def half(values: Float) -> float:
    """Half-width of a mean's 95 % interval (t)."""
    from scipy.stats import t

    return (
        float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
        if len(values) > 1
        else np.nan
    )


def _print_targets(plan: Plan, curves: Float) -> None:
    for target, labels in plan.targets:
        at = curves[:, plan.counts.index(labels)]
        word = "reached" if at.mean() >= target else "MISSED"
        print(f"{'':<6}asked {target:.3f} at {labels}: {at.mean():.3f} ± {half(at):.3f} {word}")


def main() -> None:
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
    parser = argparse.ArgumentParser()
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--audits", type=float, default=0.0)
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    for name in arguments.sets or PLANS:
        if name != "digits" and not DATA.exists():
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")
            continue
        report(
            name,
            range(arguments.first, arguments.first + arguments.seeds),
            arguments.batch,
            arguments.audits,
            arguments.only,
        )


if __name__ == "__main__":
    main()
