"""Exploring a large pool: ``python -m benchmarks.explore [--only filters] [--items 100000 1000000]``.

Filters: ``s.where(...)``, and from there to ids, and to a frame of all columns.  The pool is a frame of random numbers
and a column "camera"; ten thousand items are labelled.  The model is stood in for by class probabilities that are new
each time, as after a label, so nothing computed from them is kept; what it takes to make such probabilities is in
``benchmarks.posterior``.  "Again" is a frame while no label comes, as when somebody goes from filter to filter: columns
computed once are kept then.  Peers: from the same conditions to ids on a frame of polars, and of pandas where that is
installed, in which every column is there already.  100,000 items have 16 columns, a million have 128 and no frames.

Similar: what ``s.similar(id, 24)`` computes, exact, of features 128 wide in 50 clusters; beside it an index of usearch,
up to 200,000 items, since it is built by one thread for minutes beyond, and how many of the nearest ten it finds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from spin_nb.bayes.predictive import MARGINAL_DRAWS, RowsPredictive, shared_noise, softmax
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.project.records import NewEvent, NewItem
from spin_nb.project.store import Store
from spin_nb.query.miners._nearest import METRICS, Metric
from spin_nb.query.miners.most_similar import most_similar
from spin_nb.session.labels.label_log import LabelLog
from spin_nb.session.table.pool_table import PoolTable
from spin_nb.session.table.slice import make_slice
from spin_nb.tasks import Classes
from spin_nb.types import Float

CLASSES = [f"class {c}" for c in range(10)]
CAMERAS = ["north", "south", "east", "west", "gate"]
N_LABELS = 10_000
N_ROUNDS, N_FRAMES = 20, 20
COLUMNS = {100_000: 16, 1_000_000: 128}
MAX_ITEMS_OF_FRAMES = 200_000
AGAIN_LIMIT_MS = {100_000: 150}  # of "again"
SIMILAR_LIMIT_MS = {100_000: 200}
N_QUERIES, WIDTH, N_SIMILAR, N_RECALL = 50, 128, 24, 10
MAX_ITEMS_OF_INDEX = 200_000
SLICE_LIMIT_MS = {1_000_000: 1000}  # of ``s.where(...)``

FILTERS: dict[str, list[pl.Expr]] = {
    "a column of the pool": [pl.col("camera") == "north"],
    "a number of the pool": [pl.col("x0") > 1.5],
    "without a label": [pl.col("label").is_null()],
    "small margins": [pl.col("margin") < 0.05],
    "these three at once": [
        pl.col("camera") == "north",
        pl.col("label").is_null(),
        pl.col("margin") < 0.05,
    ],
    "a predicted class": [pl.col("predicted") == CLASSES[3], pl.col("probability") < 0.5],
}
PANDAS: dict[str, Callable[[Any], Any]] = {
    "a column of the pool": lambda f: f["camera"] == "north",
    "a number of the pool": lambda f: f["x0"] > 1.5,
    "without a label": lambda f: f["label"].isna(),
    "small margins": lambda f: f["margin"] < 0.05,
    "these three at once": lambda f: (f["camera"] == "north") & f["label"].isna() & (f["margin"] < 0.05),
    "a predicted class": lambda f: (f["predicted"] == CLASSES[3]) & (f["probability"] < 0.5),
}


def random_pool(folder: Path, n: int, n_columns: int) -> Pool:
    """Store a pool of random numbers, with a column of words."""
    rng = np.random.default_rng(0)
    numbers = {f"x{i}": rng.standard_normal(n, np.float32) for i in range(n_columns)}
    cameras = pl.Series(CAMERAS).gather(pl.Series(rng.integers(0, len(CAMERAS), n)))
    return Pool.save(folder, read_pool(pl.DataFrame({**numbers, "camera": cameras})))


def label_some(store: Store, pool: Pool) -> None:
    """Label items at random."""
    rng = np.random.default_rng(1)
    ids = [pool.ids[row] for row in rng.choice(len(pool), N_LABELS, replace=False)]
    store.add_items([NewItem(id, None, "table") for id in ids])
    store.append([NewEvent("label", id, CLASSES[i % 10], annotator="ada") for i, id in enumerate(ids)])


def predictives(n: int) -> Iterator[RowsPredictive]:
    """Yield class probabilities, others each time."""
    logits = np.random.default_rng(2).standard_normal((n, len(CLASSES)), np.float32)
    noise = shared_noise((MARGINAL_DRAWS, len(CLASSES))).T[:, :, None]
    while True:
        logits = np.roll(logits, 1, axis=0)
        columns = np.ascontiguousarray(logits.T)

        def draw(start: int, stop: int, columns: Float = columns) -> Float:
            return columns[:, None, start:stop] + noise

        yield RowsPredictive(softmax(logits), draw, _not_drawn)


def _not_drawn(*_: object) -> Any:
    raise NotImplementedError("no column is drawn jointly")


class Live:
    """Labels, and the probabilities that stand in for a model."""

    def __init__(self, label_log: LabelLog, n: int) -> None:
        self.label_log = label_log
        self.pool_model = SimpleNamespace(ready=True)
        self._predictives = predictives(n)
        self.new_probabilities()

    def new_probabilities(self) -> None:
        """Answer otherwise from now on, as after a label."""
        self.predictive = next(self._predictives)
        self.label_log.revision += 1  # columns of labels are looked at anew, too

    def wait_where_labelled(self) -> None:
        """Nothing to wait for."""

    def try_to_catch_up(self) -> None:
        """Look for events of other sessions, as a session does."""
        self.label_log.sync()


def milliseconds(
    step: Callable[[], object], before: Callable[[], object], n_rounds: int
) -> tuple[float, float]:
    """Median and 95th percentile of some calls, ms."""
    times = []
    for _ in range(n_rounds):
        before()
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    median, most = np.percentile(times, [50, 95])
    return float(median), float(most)


def filters(folder: Path, n: int, n_columns: int) -> bool:
    """Print what filters take; returns whether they keep to the limits."""
    pool, task = random_pool(folder, n, n_columns), Classes(CLASSES)
    with Store.create(folder / "store", {"task": task.to_json()}) as store:
        label_some(store, pool)
        live = Live(LabelLog(store, task, pool, "ada"), n)
        project = SimpleNamespace(pool=pool, task=task, classes=CLASSES, learns_classes=True)
        table = PoolTable(project, live, None, None, None)  # type: ignore[arg-type]
        names = dict.fromkeys(name for each in FILTERS.values() for e in each for name in e.meta.root_names())
        ready = table.frame(["item", *names])
        in_pandas = ready.to_pandas() if can_use_pandas() else None
        print(f"\n{n:,} items x {n_columns}: p50 / p95 ms")
        print(
            f"{'':<22}"
            + "".join(
                f"{word:>14}" for word in ("s.where", "ids", "frame", "again", "polars ids", "pandas ids")
            )
        )
        is_within = True
        for word, conditions in FILTERS.items():
            times = own_times(table, conditions, live.new_probabilities, n)
            times += [milliseconds(lambda c=conditions: ready.filter(*c)["item"].to_list(), int, N_ROUNDS)]
            if in_pandas is not None:
                mask = PANDAS[word]
                times += [
                    milliseconds(lambda m=mask: in_pandas["item"][m(in_pandas)].tolist(), int, N_ROUNDS)
                ]
            print(
                f"{word:<22}" + "".join(map(in_words, times)),
                flush=True,
            )
            is_within &= times[0][1] <= SLICE_LIMIT_MS.get(n, np.inf)
            is_within &= n > MAX_ITEMS_OF_FRAMES or times[3][1] <= AGAIN_LIMIT_MS.get(n, np.inf)
    return is_within


def own_times(
    table: PoolTable, conditions: list[pl.Expr], before: Callable[[], object], n: int
) -> list[tuple[float, float]]:
    """Times of a slice, of its ids, of its frame and of its frame again."""
    times = [
        milliseconds(lambda: make_slice(table, conditions), before, N_ROUNDS),
        milliseconds(lambda: make_slice(table, conditions).ids, before, N_ROUNDS),
    ]
    if n > MAX_ITEMS_OF_FRAMES:
        return [*times, (np.nan, np.nan), (np.nan, np.nan)]
    return times + [
        milliseconds(lambda: make_slice(table, conditions).table, what_before, N_FRAMES)
        for what_before in (before, int)
    ]


def similar(n: int) -> bool:
    """Print what looking for similar items takes; returns whether it keeps to the limit."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, WIDTH), np.float32)
    features += 3 * rng.standard_normal((50, WIDTH), np.float32)[rng.integers(0, 50, n)]
    rows = iter(np.resize(rng.choice(n, N_QUERIES, replace=False), 4 * N_QUERIES).tolist())

    def search(metric: Metric) -> None:
        row = next(rows)
        most_similar(features, features[row], N_SIMILAR, metric=metric, without=row)

    print(f"\n{n:,} items x {WIDTH}, the {N_SIMILAR} most like one: p50 / p95 ms")
    times = {metric: milliseconds(partial(search, metric), int, N_QUERIES) for metric in METRICS}
    for metric, of_metric in times.items():
        print(f"{'exact, ' + metric:<22}{in_words(of_metric)}", flush=True)
    if n <= MAX_ITEMS_OF_INDEX:
        by_index(features, [next(rows) for _ in range(N_QUERIES)])
    return max(most for _, most in times.values()) <= SIMILAR_LIMIT_MS.get(n, np.inf)


def by_index(features: Float, rows: list[int]) -> None:
    """Print what an index takes, and how many of the nearest it finds."""
    from usearch.index import Index

    start = time.perf_counter()
    index = Index(ndim=WIDTH, metric="l2sq", dtype="f32")
    index.add(np.arange(len(features)), features, copy=False, threads=1)
    seconds = time.perf_counter() - start
    queries = iter(rows)
    times = milliseconds(lambda: index.search(features[next(queries)], N_SIMILAR), int, len(rows))
    near = [
        set(most_similar(features, features[row], N_RECALL, metric="euclidean", without=row)[0].tolist())
        for row in rows
    ]
    hits = [
        near_rows & set(index.search(features[row], N_RECALL + 1).keys.tolist())
        for row, near_rows in zip(rows, near, strict=True)
    ]
    recall = np.mean([len(each) / N_RECALL for each in hits])
    print(
        f"{'usearch, euclidean':<22}{in_words(times)}   built in {seconds:.0f} s, recall@{N_RECALL} {recall:.3f}"
    )


def in_words(times: tuple[float, float]) -> str:
    words = "-" if np.isnan(times[0]) else f"{times[0]:.0f} / {times[1]:.0f}"
    return f"{words:>14}"


def can_use_pandas() -> bool:
    return find_spec("pandas") is not None and find_spec("pyarrow") is not None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=["filters", "similar"])
    parser.add_argument("--items", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args()
    is_within = True
    for n in options.items:
        if options.only != "filters":
            is_within &= similar(n)
        if options.only == "similar":
            continue
        with tempfile.TemporaryDirectory() as folder:
            is_within &= filters(Path(folder), n, COLUMNS.get(n, 16))
    print("\nwithin the limits" if is_within else "\nbeyond a limit")
    return 0 if is_within else 1


if __name__ == "__main__":
    raise SystemExit(main())
