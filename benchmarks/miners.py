"""Miners on planted strangers, and on a million rows, beside scikit-learn: ``python -m benchmarks.miners``.

First how well each tells what does not belong: pools of real items, one in twenty of another kind (another set, classes
held out), features by the project's own quick encoder fitted to that pool, nothing labelled but 500 items of the known
kind, apart from the pool.  What is printed is the area under the ROC curve, the mean of three seeds; scikit-learn's
isolation forest and one-class machine are fitted to the known items, its local outlier factors to what ours are.  Then
seconds and peak memory at 1,000,000 x 128, each in a process of its own; ``python -m benchmarks.miners auroc`` and
``... million novelty`` run a part.  Real data is found in ``SPIN_DATA_DIR``; without it two sets are left.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks._collections import collect
from benchmarks._sets import _some, is_there
from benchmarks.query import peak_mb, run
from spin_nb import query
from spin_nb.query.miners import local_outlier_factor
from spin_nb.query.miners._nearest import Reference
from spin_nb.types import Float, Ints

SEEDS = 3
MAX_POOL, MAX_KNOWN, PLANTED_SHARE = 3000, 500, 0.05
MILLION, WIDTH, N_KNOWN, SMALL = 1_000_000, 128, 1000, 20_000
MEGABYTES = 4000  # asked of every miner, the million rows (512) among them


@dataclass(frozen=True)
class Case:
    """Items that belong, and others planted among them.

    ``planted`` is another set, or the classes held out of the same one.
    """

    name: str
    known: str
    planted: str | tuple[int, ...]


CASES = (
    Case("digits 8, 9 among 0 to 7", "digits", (8, 9)),
    Case("malignant among benign", "breast_cancer", (0,)),
    Case("MNIST 8, 9 among 0 to 7", "mnist", (8, 9)),
    Case("clothes among MNIST", "mnist", "fashion"),
    Case("hand signs 7 to 9 among 0 to 6", "sign_digits", (7, 8, 9)),
    Case("spoken 8, 9 among 0 to 7", "fsdd", (8, 9)),
    Case("AG News among 77 intents", "banking77", "ag_news"),
    Case("7 intents among 70", "banking77", tuple(range(70, 77))),
    Case("failures among machine records", "ai4i", (1,)),
)


def features_of(case: Case, seed: int) -> tuple[Float, Float, Ints]:
    """Features of the pool and of the known items, and which of the pool are planted."""
    known, rng = collect(case.known), np.random.default_rng(seed)
    is_other = (
        np.isin(known.y, case.planted) if not isinstance(case.planted, str) else np.zeros(len(known.y), bool)
    )
    inside = rng.permutation(np.flatnonzero(~is_other))
    n_known = min(MAX_KNOWN, len(inside) // 3)
    n_inside = min(MAX_POOL, len(inside) - n_known)
    others: Sequence[Any] = known.items
    strangers = np.flatnonzero(is_other)
    if isinstance(case.planted, str):
        others = collect(case.planted).items
        strangers = np.arange(len(others))
    n_planted = min(len(strangers), max(5, round(PLANTED_SHARE * n_inside)))
    strangers = rng.choice(strangers, n_planted, replace=False)
    items = [known.items[row] for row in inside[: n_known + n_inside]] + [others[row] for row in strangers]
    pool: Any = items[n_known:]
    given: Any = items[:n_known]
    if isinstance(known.items, np.ndarray):
        pool, given = np.stack(pool), np.stack(given)
    encoder = known.encoder()
    encoder.fit(_some(pool, encoder))
    y = np.r_[np.zeros(n_inside, int), np.ones(n_planted, int)]
    return encoder.encode(pool), encoder.encode(given), y


def isolation_forest(pool: Float, known: Float) -> Float:
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=0).fit(known).score_samples(pool)


def one_class(pool: Float, known: Float) -> Float:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import OneClassSVM

    return -make_pipeline(StandardScaler(), OneClassSVM()).fit(known).decision_function(pool)


def sklearn_novelty(pool: Float, known: Float) -> Float:
    from sklearn.neighbors import LocalOutlierFactor

    return -LocalOutlierFactor(novelty=True).fit(known).score_samples(pool)


def sklearn_outlier(pool: Float, known: Float) -> Float:
    from sklearn.neighbors import LocalOutlierFactor

    return -LocalOutlierFactor().fit(pool).negative_outlier_factor_


COLUMNS: dict[str, Callable[[Float, Float], Float]] = {
    "distance": lambda pool, known: query.embedding_distance(pool, reference=known),
    "d. cosine": lambda pool, known: query.embedding_distance(pool, reference=known, metric="cosine"),
    "novelty": lambda pool, known: query.novelty(pool, reference=known),
    "n. cosine": lambda pool, known: query.novelty(pool, reference=known, metric="cosine"),
    "sk. novelty": sklearn_novelty,
    "sk. forest": isolation_forest,
    "sk. 1-class": one_class,
    "outlier": lambda pool, known: query.outlier(pool),
    "o. cosine": lambda pool, known: query.outlier(pool, metric="cosine"),
    "sk. outlier": sklearn_outlier,
    "activation": lambda pool, known: query.activation(pool),
}


def auroc() -> None:
    from sklearn.metrics import roc_auc_score

    print(
        f"area under the ROC curve, mean of {SEEDS} seeds; known: {MAX_KNOWN} items at most, planted: 5 %\n"
    )
    print(f"{'planted':<32}" + "".join(f"{name:>12}" for name in COLUMNS))
    for case in CASES:
        if not all(is_there(name) for name in (case.known, case.planted) if isinstance(name, str)):
            print(f"{case.name:<32}  left out: its files are not in SPIN_DATA_DIR")
            continue
        areas = np.empty((SEEDS, len(COLUMNS)))
        for seed in range(SEEDS):
            pool, known, y = features_of(case, seed)
            areas[seed] = [roc_auc_score(y, score(pool, known)) for score in COLUMNS.values()]
        print(f"{case.name:<32}" + "".join(f"{area:>12.3f}" for area in areas.mean(axis=0)), flush=True)


def clusters(n: int) -> Float:
    """Features of ``n`` rows in 50 clusters."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, WIDTH), np.float32)
    features *= 0.5
    centres = rng.standard_normal((50, WIDTH), np.float32)
    for start in range(0, n, 100_000):
        part = features[start : start + 100_000]
        part += centres[rng.integers(0, 50, len(part))]
    return features


def measured(name: str, n: int) -> dict[str, Any]:
    """Score ``n`` rows, for a process of its own; seconds, peak memory, recall of the index."""
    features, references = clusters(n), []

    def remembered(x: Float, metric: Any) -> Reference:
        references.append(Reference(x, metric))
        return references[-1]

    local_outlier_factor.Reference = remembered  # type: ignore[misc, assignment]
    known = features[:N_KNOWN]
    functions: dict[str, Callable[[], Any]] = {
        "embedding_distance": partial(query.embedding_distance, features, reference=known),
        "similar": partial(query.similar, features, reference=known),
        "novelty": partial(query.novelty, features, reference=known),
        "outlier": partial(query.outlier, features),
        "activation": partial(query.activation, features),
        "sklearn novelty": partial(sklearn_novelty, features, known),
        "sklearn outlier": partial(sklearn_outlier, features, known),
    }
    print("arrays made", file=sys.stderr, flush=True)
    before, start = peak_mb(), time.perf_counter()
    functions[name]()
    result = {"seconds": time.perf_counter() - start, "mb": peak_mb(), "before": before}
    return result | {"recall": references[-1].recall if references else 1.0}


def million(names: Sequence[str]) -> None:
    peers = {"novelty": "sklearn novelty", "outlier": "sklearn outlier"}
    print(f"{'rows':>9}  {'miner':<20}{'seconds':>9}{'peak MB':>9}{'recall':>8}  scikit-learn")
    for n in (SMALL, MILLION):
        for name in names:
            mine = run([sys.executable, "-m", "benchmarks.miners", "measured", name, str(n)])
            if "failed" in mine:
                print(f"{n:>9,}  {name:<20}{mine['failed']}", flush=True)
                continue
            text = f"{n:>9,}  {name:<20}{mine['seconds']:>9.1f}{mine['mb']:>9.0f}{mine['recall']:>8.4f}  "
            text += beside(peers.get(name, ""), n, mine)
            print(text + ("" if mine["mb"] <= MEGABYTES else "  MISSED"), flush=True)


def beside(peer: str, n: int, mine: dict[str, Any]) -> str:
    """Measure the peer and say how many times longer, and larger, it is."""
    if not peer:
        return ""
    if peer == "sklearn outlier" and n == MILLION:
        return "not run: all pairs, hours"
    theirs = run([sys.executable, "-m", "benchmarks.miners", "measured", peer, str(n)])
    if "failed" in theirs:
        return str(theirs["failed"])
    seconds, megabytes = theirs["seconds"] / mine["seconds"], theirs["mb"] / mine["mb"]
    return f"{theirs['seconds']:.1f} s, {theirs['mb']:.0f} MB: {seconds:.1f} x the time, {megabytes:.1f} x the memory"


def main(arguments: list[str]) -> None:
    part, names = (arguments or [""])[0], arguments[1:]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores, load {load:.1f}\n")
    if part in ("", "auroc"):
        auroc()
    if part in ("", "million"):
        million(names or ["activation", "embedding_distance", "similar", "novelty", "outlier"])


if __name__ == "__main__":
    if sys.argv[1:2] == ["measured"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
    else:
        main(sys.argv[1:])
