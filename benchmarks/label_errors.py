"""Wrong labels found: ``python -m benchmarks.label_errors [--sets digits,fashion] [--seeds 3] [--labels 1000]``.

A share of the labels of a random part of each pool is planted wrong: any other class, by chance.  "ours" is what
``s.model.label_errors()`` says; cleanlab's ``find_label_issues`` gets what its tutorials do, probabilities by five-fold
logistic regression on the same features, C chosen by cross-validation; "cleanlab, our probabilities" what the heads say
instead.  Average precision and R-precision judge the order, precision and recall what is called wrong (F1: both).
"ours, as many as cleanlab" calls the first of our order wrong, as many as cleanlab does.

"mnist suspects": all 10,000 test labels of MNIST; how many of the hundred that five people each looked at, and of the
fifteen for which fewer than three agreed, are among the first 200 (Northcutt, Athalye & Mueller 2021).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings

import numpy as np
from numpy.typing import NDArray

from benchmarks._collections import DATA
from benchmarks._logistic import choose_c, scale
from benchmarks._sets import NEIGHBOURS, Split, is_there, load
from spin_nb.models.label_errors import LabelErrors, find_label_errors
from spin_nb.models.learner import Learner
from spin_nb.pool.features.neighbours import neighbours
from spin_nb.types import Float, Ints

FIRST_SEED = 2000
RATES = (0.05, 0.1)
SETS_BY_DEFAULT = ("digits", "fashion", "ag_news", "fsdd")
N_SUSPECTS_SHOWN = 200
COLUMNS = ("AP", "R-prec", "precision", "recall", "F1")


def planted(split: Split, n: int, rate: float, seed: int) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Rows of the pool, their labels, and which of these are wrong."""
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(len(split.pool), min(n, len(split.pool)), replace=False))
    is_wrong = rng.random(len(rows)) < rate
    others = rng.integers(1, split.n_classes, len(rows))
    return rows, np.where(is_wrong, (split.y[rows] + others) % split.n_classes, split.y[rows]), is_wrong


def by_logistic(x: Float, y: Ints) -> Float:
    """Probabilities of each item by logistic regression on the other four fifths."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(C=choose_c(x, y), max_iter=300)
    probs: Float = cross_val_predict(model, x, y, cv=5, method="predict_proba")
    return probs


def quality(is_called: NDArray[np.bool_], doubt: Float, is_wrong: NDArray[np.bool_]) -> list[float]:
    """The five :data:`COLUMNS`."""
    from sklearn.metrics import average_precision_score

    n_right = np.sum(is_called & is_wrong)
    precision, recall = n_right / max(is_called.sum(), 1), n_right / is_wrong.sum()
    first = np.argsort(-doubt, kind="stable")[: is_wrong.sum()]
    f1 = 2 * n_right / (is_called.sum() + is_wrong.sum())
    return [average_precision_score(is_wrong, doubt), float(is_wrong[first].mean()), precision, recall, f1]


def judge(split: Split, n: int, rate: float, seed: int) -> tuple[dict[str, list[float]], list[float]]:
    """Quality of each way, and the seconds of ours and cleanlab's."""
    from cleanlab.filter import find_label_issues

    rows, y, is_wrong = planted(split, n, rate, seed)
    learner = Learner(split.pool, *split.graph, split.n_classes, seed=seed)
    learner.reset(rows, y)
    start = time.perf_counter()
    errors = find_label_errors(learner, rows, y)
    middle = time.perf_counter()
    probs = by_logistic(scale(split.pool)[0][rows], y)
    issues = find_label_issues(y, probs, n_jobs=1)
    end = time.perf_counter()
    as_many = np.zeros(len(y), bool)
    as_many[np.argsort(-errors.wrong, kind="stable")[: issues.sum()]] = True
    places = np.arange(len(y))
    theirs_on_ours = find_label_issues(y, errors.probs.astype(np.float64), n_jobs=1)
    return {
        "ours": quality(errors.wrong > 0.5, errors.wrong, is_wrong),
        "ours, as many as cleanlab": quality(as_many, errors.wrong, is_wrong),
        "cleanlab": quality(issues, -probs[places, y], is_wrong),
        "cleanlab, our probabilities": quality(theirs_on_ours, -errors.probs[places, y], is_wrong),
    }, [middle - start, end - middle]


def report(name: str, n: int, seeds: range) -> None:
    for rate in RATES:
        results = [judge(load(name, seed), n, rate, seed) for seed in seeds]
        seconds = np.mean([seconds for _, seconds in results], axis=0)
        print(
            f"\n{name}: up to {n:,} labels, {rate:.0%} planted wrong, {len(seeds)} seeds; "
            f"{seconds[0]:.1f} s, cleanlab with its models {seconds[1]:.1f} s"
        )
        print(f"{'':<30}" + "".join(f"{column:>10}" for column in COLUMNS))
        for way in results[0][0]:
            values = np.mean([qualities[way] for qualities, _ in results], axis=0)
            print(f"{way:<30}" + "".join(f"{value:10.3f}" for value in values), flush=True)


def mnist_suspects() -> None:
    with np.load(DATA / "mnist" / "mnist.npz") as arrays:
        images, y = arrays["x_test"], arrays["y_test"].astype(np.int64)
    votes = json.loads((DATA / "mnist" / "mnist_mturk.json").read_text(encoding="utf-8"))
    suspects = {int(item["id"]): item for item in votes}
    features = _components(images.reshape(len(images), -1).astype(np.float32) / 255)
    learner = Learner(features, *neighbours(features, NEIGHBOURS), 10)
    learner.reset(np.arange(len(y)), y)
    start = time.perf_counter()
    errors: LabelErrors = find_label_errors(learner, np.arange(len(y)), y)
    seconds = time.perf_counter() - start
    first = {int(row) for row in np.argsort(-errors.wrong, kind="stable")[:N_SUSPECTS_SHOWN]}
    disputed = {row for row, item in suspects.items() if _agreement(item) < 3}
    print(
        f"\nmnist suspects: {len(y):,} labels, {seconds:.0f} s; among the first {N_SUSPECTS_SHOWN}: "
        f"{len(first & suspects.keys())} of {len(suspects)} that people looked at, "
        f"{len(first & disputed)} of {len(disputed)} that they disagreed with; "
        f"{np.sum(errors.wrong > 0.5)} called wrong, noise rate {errors.noise_rate:.2%}"
    )


def _agreement(item: dict[str, object]) -> int:
    votes = item["mturk"]
    assert isinstance(votes, dict)
    return int(votes["given"])


def _components(x: Float, width: int = 60) -> Float:
    from sklearn.decomposition import PCA

    components: Float = PCA(width, random_state=0).fit_transform(x).astype(np.float32)
    return components


def main() -> None:
    warnings.filterwarnings("ignore", module="sklearn")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(SETS_BY_DEFAULT))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--labels", type=int, default=1000)
    parser.add_argument("--suspects", action="store_true", help="the hundred suspects of MNIST alone")
    arguments = parser.parse_args()
    for name in [] if arguments.suspects else arguments.sets:
        if is_there(name):
            report(name, arguments.labels, range(FIRST_SEED, FIRST_SEED + arguments.seeds))
        else:
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")
    if (DATA / "mnist" / "mnist_mturk.json").exists():
        mnist_suspects()


if __name__ == "__main__":
    main()
