"""How many labels it takes: ``python -m benchmarks.labels [--sets wine,digits] [--seeds 10] [--batch 1] [--audits 0]``.

A simulated annotator answers what is asked and trains after every ten labels; test accuracy (ai4i: average precision)
is taken along the way.  "auto" is what a session does by default: its question, its epsilon share of uniform picks, its
choice of head.  Beside it, on the same features: random asks with the same heads; logistic regression on random asks,
on smallest margin, and on TypiClust (first 2 C labels) then smallest margin.  Its features are centred and of root mean
square norm 1 over the pool, its C is chosen by cross-validated likelihood whenever ten labels came, and it is fitted
again before every ask.  Every label counts; of auto's a share ``--audits`` is drawn by chance and never learnt from.

Area: trapezoid over all counts measured, from 20 to 200 and from 20 to the last.  Bands are half-widths of 95 % over
seeds; "auto less best" is paired by seed, beside the recipe with logistic regression whose mean is highest, for the
area one recipe, for each count that count's.  ``--heads`` adds what every head says on the labels that auto asked.

``--encoder efficientnet-lite`` takes a pretrained encoder's features, ``--encoder quick+efficientnet-lite`` both;
``--encoder auto`` begins with both and lets the labels choose between quick, pretrained and both at each training, as a
session does (pictures and texts; the recipes get both).

``--runs FOLDER`` keeps every seed's curve there and makes none twice: a table of many hours may be killed, and several
processes may share it.  Another version of the code wants another folder.

Cost of a seed in tens with ``--heads``, without "random, our heads", on two cores at a load of six to ten: wine 13 s,
ItalyPower 70 s, blood cells 90 s, hand signs 2 min, AG News 3 min; the last column has the seconds of each recipe.  All
sets, ten seeds, one ask at a time take many hours: run a part, ``--sets wine --seeds 2 --batch 10``.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks._bands import half
from benchmarks._heads import COUNTS, qualities, report_heads
from benchmarks._logistic import choose_c, fit, predict, scale
from benchmarks._runs import Point, Run, file_name, stored
from benchmarks._sets import DATA, QUICK, SETS, Split, base_of, is_there, load
from spin_nb.models.ask import ask
from spin_nb.models.encoder_evidence import evidence, likeliest
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.query import margin, typiclust
from spin_nb.types import Float

FIRST_SEED = 2000
TRAIN_EVERY = 10  # labels after which the simulated person presses "train"
ALL_COUNTS = (20, 30, 40, 60, 80, 100, 120, 160, 200, 240, 300, 320)
MAX_BEHIND_AREA, MAX_BEHIND = 0.005, 0.02
LAST_OF_SHORT_AREA = 200


@dataclass(frozen=True)
class Plan:
    """Counts at which a set is judged, and targets.

    What was asked for is (target, labels), and how many items of the rare class are found.
    """

    counts: tuple[int, ...] = ALL_COUNTS
    targets: tuple[tuple[float, int], ...] = ()
    rare: int = 0


Curve = Iterator[Point]


def up_to(last: int) -> tuple[int, ...]:
    """Counts that a small pool allows."""
    return tuple(count for count in ALL_COUNTS if count <= last)


PLANS = {
    "digits": Plan(targets=((0.90, 20), (0.95, 30))),
    "mnist": Plan(targets=((0.95, 40), (0.965, 60), (0.97, 200))),
    "fashion": Plan(targets=((0.73, 80), (0.775, 200))),
    "ag_news": Plan(targets=((0.75, 80), (0.80, 200))),
    "banking77": Plan(targets=((0.44, 160), (0.53, 320))),
    "fsdd": Plan(targets=((0.90, 80), (0.95, 160))),
    "gunpoint": Plan(up_to(80), targets=((0.95, 40),)),
    "ai4i": Plan(targets=((0.70, 300),), rare=115),
    "osu_leaf": Plan(up_to(240)),
    "wine": Plan(up_to(80)),
}
"""What differs from :class:`Plan`; ``targets``: accuracy (ai4i: average precision) and the labels it may take."""


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


def ours(
    data: Split, plan: Plan, seed: int, batch: int, audits: float, strategy: str, with_heads: bool = False
) -> Curve:
    """Measure our heads; ``strategy`` "auto" or "random"."""
    rng, features = np.random.default_rng(seed), Features(data, seed)
    learner = features.learner
    is_free, n = np.ones(len(data.pool), bool), 0
    while n < plan.counts[-1]:
        free, k = np.flatnonzero(is_free), min(batch, plan.counts[-1] - n)
        chance = rng.random(k) < audits
        audit_rows = rng.choice(free, int(chance.sum()), replace=False)
        is_free[audit_rows] = False
        if k > len(audit_rows):
            candidates = np.flatnonzero(is_free)
            picks = ask(learner, k - len(audit_rows), candidates, strategy=strategy, seed=seed * 1000 + n)
            is_free[picks.indices] = False
            for row in picks.indices:
                learner.label(int(row), int(data.y[row]))
        n += k
        reached = [count for count in plan.counts if n - k < count <= n]
        if reached or (strategy == "auto" and n % TRAIN_EVERY < k):
            learner, data = features.choose()
            learner.adopt(fit_heads(learner, learner.graph.rows, learner.graph.y))
        for count in reached:
            probs = learner.predict(data.test, *data.hood).mean
            heads = qualities(learner, data) if with_heads and count in COUNTS else None
            yield Point(score(probs, data), int(np.sum(learner.graph.y == 1)), heads)


class Features:
    """The features that a simulated session works with: of a split, or of what its labels choose from."""

    def __init__(self, data: Split, seed: int) -> None:
        self._splits = {"": data, **data.alternatives}
        self._learners = {
            name: Learner(split.pool, *split.graph, split.n_classes, seed=seed)
            for name, split in self._splits.items()
        }
        self.name = ""

    @property
    def learner(self) -> Learner:
        """Learner over the features chosen last."""
        return self._learners[self.name]

    def choose(self) -> tuple[Learner, Split]:
        """Choose by the labels so far; return the learner with these labels, and its split."""
        rows, y = self.learner.graph.rows, self.learner.graph.y
        if len(self._learners) > 1:
            by_encoder = {name: evidence(learner, rows, y) for name, learner in self._learners.items()}
            name = likeliest({name: one for name, one in by_encoder.items() if one is not None}, self.name)
            if name != self.name:
                self.name = name
                self.learner.reset(rows, y)
        return self.learner, self._splits[self.name]


def logistic(data: Split, plan: Plan, seed: int, batch: int, recipe: str) -> Curve:
    """Measure scikit-learn's logistic regression.

    ``recipe`` is "random", "margin" or "typiclust" (then margin).
    """
    rng, rows, model, c = np.random.default_rng(seed), np.empty(0, np.int64), None, None
    pool, test = scale(data.pool, data.test)
    while len(rows) < plan.counts[-1]:
        free = np.setdiff1d(np.arange(len(pool)), rows)
        k = min(batch, plan.counts[-1] - len(rows))
        if recipe == "typiclust" and len(rows) < 2 * data.n_classes:
            new = typiclust(pool, k, labelled_rows=rows, seed=seed).indices
        elif recipe == "random" or model is None:
            new = rng.choice(free, k, replace=False)
        else:
            new = free[np.argsort(-margin(model.predict_proba(pool[free])), kind="stable")[:k]]
        before, rows = len(rows), np.concatenate([rows, new])
        y, n_counts = data.y[rows], sum(before < count <= len(rows) for count in plan.counts)
        if n_counts or recipe != "random":
            if n_counts or c is None or before // TRAIN_EVERY < len(rows) // TRAIN_EVERY:
                c = choose_c(pool[rows], y, c)
            model = fit(pool[rows], y, c, model)
        for _ in range(n_counts):
            yield Point(score(predict(model, test, data.n_classes), data), int(np.sum(y == 1)))


RECIPES = {
    "random, logistic": "random",
    "margin, logistic": "margin",
    "TypiClust then margin, logistic": "typiclust",
}
"""Recipes that "auto" is measured against."""


def curves_of(batch: int, audits: float, with_heads: bool) -> dict[str, Callable[[Split, Plan, int], Curve]]:
    """Name the function that makes each recipe's curve of one seed."""
    return {
        "auto": lambda d, p, s: ours(d, p, s, batch, audits, "auto", with_heads),
        "random, our heads": lambda d, p, s: ours(d, p, s, batch, 0, "random"),
    } | {
        name: (lambda d, p, s, recipe=recipe: logistic(d, p, s, batch, recipe))
        for name, recipe in RECIPES.items()
    }


def report(name: str, seeds: range, arguments: argparse.Namespace) -> list[str]:
    """Print one set's tables, and return what is missed."""
    plan = PLANS.get(base_of(name)[0], Plan())
    places = [at for at, count in enumerate(plan.counts) if count in COUNTS]
    counts = tuple(plan.counts[at] for at in places)
    print(
        f"\n{name}: features {arguments.encoder}, batches of {arguments.batch}, audit share {arguments.audits:g}, "
        f"{len(seeds)} seeds from {seeds[0]}; mean ± half-width of 95 %"
    )
    limits = sorted({min(LAST_OF_SHORT_AREA, plan.counts[-1]), plan.counts[-1]})
    areas = "".join(f"{f'area {plan.counts[0]}-{limit}':>17}" for limit in limits)
    print(f"{'labels':<33}" + "".join(f"{count:>8}" for count in counts) + areas + f"{'s a seed':>10}")
    scores: dict[str, Float] = {}
    misses: list[str] = []
    for recipe, curve in curves_of(arguments.batch, arguments.audits, arguments.heads).items():
        if arguments.only and recipe not in arguments.only:
            continue
        runs = [
            stored(_path(name, recipe, seed, arguments), partial(_run, curve, name, plan, seed, arguments))
            for seed in seeds
        ]
        points, seconds = [run.points for run in runs], float(np.mean([run.seconds for run in runs]))
        scores[recipe] = np.array([[point.score for point in run] for run in points])
        _print_curve(recipe, scores[recipe], plan, places, limits, f"{seconds:10.1f}")
        if plan.rare:
            _print_rare(plan, recipe, points)
        if recipe == "auto":
            _print_targets(plan, scores[recipe])
            if arguments.heads:
                heads = [[point.heads for point in run if point.heads] for run in points]
    if "auto" in scores and scores.keys() & RECIPES.keys():
        misses += [f"{name}: {miss}" for miss in compare(scores, plan, places, limits)]
    if "auto" in scores and arguments.heads:
        misses += report_heads(name, counts, heads)
    return misses


def _run(
    curve: Callable[[Split, Plan, int], Curve],
    name: str,
    plan: Plan,
    seed: int,
    arguments: argparse.Namespace,
) -> Run:
    data = load(name, seed, arguments.encoder)
    start = time.perf_counter()
    points = list(curve(data, plan, seed))
    return Run(points, time.perf_counter() - start)


def _path(name: str, recipe: str, seed: int, arguments: argparse.Namespace) -> Path | None:
    """File of a run in the folder asked for; recipes do not hear of audits nor of heads."""
    if arguments.runs is None:
        return None
    words: list[object] = [name, arguments.encoder, arguments.batch]
    if recipe == "auto":
        words += [arguments.audits, "heads" if arguments.heads else "curve"]
    return arguments.runs / file_name([*words, recipe, seed])


def compare(scores: dict[str, Float], plan: Plan, places: list[int], limits: list[int]) -> list[str]:
    """Print "auto" less the best recipe, paired by seed, and return where it is too far behind."""
    misses, cells, bands = [], [], []
    rivals = [name for name in RECIPES if name in scores]
    for at in places:
        best = max(rivals, key=lambda name: scores[name][:, at].mean())
        difference = scores["auto"][:, at] - scores[best][:, at]
        cells.append(f"{difference.mean():>+8.3f}")
        bands.append(f"{f'±{half(difference):.3f}':>8}")
        if not difference.mean() >= -np.fmax(MAX_BEHIND, half(difference)):
            misses.append(
                f"at {plan.counts[at]} labels {difference.mean():+.3f} ± {half(difference):.3f} beside {best}"
            )
    for limit in limits:
        best = max(rivals, key=lambda name: areas(scores[name], plan, limit).mean())
        difference = areas(scores["auto"], plan, limit) - areas(scores[best], plan, limit)
        cells.append(f"{difference.mean():>+9.4f} ±{half(difference):.4f}")
        if not difference.mean() >= -MAX_BEHIND_AREA:
            misses.append(f"area to {limit} {difference.mean():+.4f} ± {half(difference):.4f} beside {best}")
    print(f"{'auto less best recipe':<33}" + "".join(cells))
    print(f"{'':<33}" + "".join(bands))
    return misses


def areas(curves: Float, plan: Plan, limit: int) -> Float:
    """Mean score between the first count and ``limit``, (seeds,)."""
    counts = np.array([count for count in plan.counts if count <= limit])
    return np.trapezoid(curves[:, : len(counts)], counts, axis=1) / (counts[-1] - counts[0])


def _print_curve(
    recipe: str, curves: Float, plan: Plan, places: list[int], limits: list[int], end: str
) -> None:
    line = "".join(f"{value:8.3f}" for value in curves[:, places].mean(axis=0))
    for limit in limits:
        values = areas(curves, plan, limit)
        line += f"{values.mean():9.4f} ±{half(values):.4f}"
    print(f"{recipe:<33}{line}{end}", flush=True)
    bands = "".join(f"{f'±{half(curves[:, at]):.3f}':>8}" for at in places)
    print(f"{'':<33}{bands}")


def _print_targets(plan: Plan, curves: Float) -> None:
    for target, labels in plan.targets:
        at = curves[:, plan.counts.index(labels)]
        word = "reached" if at.mean() >= target else "MISSED"
        print(f"{'':<6}asked {target:.3f} at {labels}: {at.mean():.3f} ± {half(at):.3f} {word}")


def _print_rare(plan: Plan, recipe: str, points: list[list[Point]]) -> None:
    n_rare = np.array([run[-1].n_rare for run in points])
    word = "" if recipe != "auto" else " reached" if n_rare.mean() >= plan.rare else " MISSED"
    print(
        f"{'':<6}of the rare class found (asked {plan.rare}): {n_rare.mean():.0f} ± {half(n_rare):.0f}{word}"
    )


def main() -> None:
    warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(SETS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--audits", type=float, default=0.0)
    parser.add_argument("--encoder", default=QUICK)
    parser.add_argument("--heads", action="store_true")
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.sets if base_of(name)[0] not in SETS]:
        parser.error(f"no set is called {', '.join(unknown)}; there are: {', '.join(SETS)}")
    recipes = [*curves_of(1, 0, False)]
    if unknown := [name for name in arguments.only if name not in recipes]:
        parser.error(f"no recipe is called {', '.join(unknown)}; there are: {'; '.join(recipes)}")
    if arguments.seeds < 1 or arguments.batch < 1 or not 0 <= arguments.audits < 1:
        parser.error("--seeds and --batch are 1 or more, --audits is 0 or more and below 1")
    misses: list[str] = []
    for name in arguments.sets:
        if is_there(name):
            misses += report(name, range(arguments.first, arguments.first + arguments.seeds), arguments)
        else:
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")
            misses.append(f"{name}: not measured")
    print("\nfalls short:" if misses else "\nnothing falls short")
    print("\n".join(misses))


if __name__ == "__main__":
    main()
