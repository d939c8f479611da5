"""How long a pool takes from what is passed to a graph and a first map: ``python -m benchmarks.pool``.

Real sets are found through SPIN_DATA_DIR (default ../shared/data); what is missing is left out and said.
Wall seconds depend on what else the machine does; CPU seconds are printed beside them.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.pool.features.cache import features
from spin_nb.pool.features.layout import pca_layout
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SPIN_DATA_DIR", ROOT / ".." / "shared" / "data"))
QUERIES = 5_000


def time_call(act: Callable[[], Any]) -> tuple[Any, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def array(name: str, part: str) -> Any:
    with np.load(DATA / name / f"{name}.npz") as arrays:
        return arrays[part]


def csv(path: str) -> Any:
    import polars as pl

    return pl.read_csv(DATA / path)


SETS: dict[str, Callable[[], Any]] = {
    "digits": samples.digits,
    "Fashion-MNIST 10k": lambda: array("fashion_mnist", "x_test"),
    "sign language photos": lambda: DATA / "sign_language_digits" / "images",
    "blood cell photos": lambda: DATA / "bccd" / "JPEGImages",
    "Banking77 texts": lambda: csv("banking77/train.csv"),
    "AI4I table": lambda: csv("ai4i2020/ai4i2020.csv"),
    "MNIST 60k": lambda: array("mnist", "x_train"),
}


def measure(name: str, pool: Any) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        data, read, _ = time_call(lambda: read_pool(pool))
        store, save, _ = time_call(lambda: Pool.save(folder, data))
        _, reopen, _ = time_call(lambda: Pool.open(folder))
        (encoder, rows), wall, cpu = time_call(lambda: features(store))
        _, graph, graph_cpu = time_call(lambda: neighbours(rows))
        _, layout, _ = time_call(lambda: pca_layout(rows))
        _, show, _ = time_call(
            lambda: [store.show(row) for row in range(0, len(store), max(1, len(store) // 200))]
        )
        print(
            f"{name:22}{len(store):>7,} {encoder.name:11}{rows.shape[1]:>4} {read:>7.2f} {save:>6.2f} {reopen:>6.2f}"
            f" {wall:>6.2f} ({cpu:>5.2f}) {graph:>6.2f} ({graph_cpu:>5.2f}) {layout:>6.3f} {show * 5:>6.2f}",
            flush=True,
        )
        return np.array(rows)


def against_sklearn(rows: np.ndarray) -> None:
    from sklearn.neighbors import NearestNeighbors

    queries = rows[:QUERIES]
    (ours, _), wall, cpu = time_call(lambda: nearest(rows, queries, 16))
    brute = NearestNeighbors(n_neighbors=16, algorithm="brute").fit(rows)
    theirs, reference, reference_cpu = time_call(lambda: brute.kneighbors(queries, return_distance=False))
    print(
        f"\n16 nearest of {len(rows):,} x {rows.shape[1]} for {len(queries):,} queries: {wall:.2f} s (CPU {cpu:.2f}); "
        f"scikit-learn brute force {reference:.2f} s (CPU {reference_cpu:.2f}): ratio {reference / wall:.1f}; "
        f"same neighbours: {(ours == theirs).mean():.4%}"
    )


def main() -> None:
    import torch

    torch.zeros(1)
    print("seconds; CPU in brackets; show: milliseconds an item\n")
    print(
        f"{'pool':22}{'items':>7} {'encoder':11}{'d':>4} {'read':>7} {'save':>6} {'reopen':>6}"
        f" {'features':>14} {'15-NN graph':>14} {'PCA':>6} {'show':>6}"
    )
    rows = None
    for name, load in SETS.items():
        try:
            pool = load()
        except FileNotFoundError as missing:
            print(f"{name:22} not measured: {missing.filename} is not there")
            continue
        if isinstance(pool, Path) and not pool.exists():
            print(f"{name:22} not measured: {pool} is not there")
            continue
        rows = measure(name, pool)
    if rows is not None:
        against_sklearn(rows)


if __name__ == "__main__":
    main()
