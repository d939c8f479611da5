"""Clusters of the map beside other ways to cluster: ``python -m benchmarks.clusters [set ...]``.

``s.clusters`` is HDBSCAN, the leaves of its tree, on the UMAP map.  Beside it the same on the map by excess of mass,
which scikit-learn does unless told otherwise, on the first two and ten principal components, and on all features where
the pool is small.  Printed are the number of clusters, the share of items in none, the share of the others that are of
their cluster's commonest class (purity), and adjusted mutual information with the classes, in which items in none are a
cluster of their own.  Features by the quick encoder; real data is found in ``SPIN_DATA_DIR``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_mutual_info_score

from benchmarks._sets import DATA, Split, is_there, load
from spin_nb.pool.features.clusters import FEWEST, MIN_SHARE, N_CORE, map_clusters
from spin_nb.pool.features.layout import pca_layout, umap_layout
from spin_nb.types import Float, Ints

SET_NAMES = ("digits", "sign_digits", "ag_news", "fashion")
MAX_ROWS_OF_FEATURES = 2000  # HDBSCAN of wide features compares all pairs


def umap(split: Split, seed: int) -> Float:
    """The map, as a session makes it."""
    return umap_layout(split.pool, *split.graph, pca_layout(split.pool), seed=seed)


def components(x: Float, d: int) -> Float:
    """First ``d`` principal components (n, d)."""
    deviations = x - x.mean(axis=0)
    _, axes = np.linalg.eigh(deviations.T @ deviations)
    return deviations @ axes[:, ::-1][:, :d]


def hdbscan(x: Float, method: str) -> Ints:
    """HDBSCAN with the numbers of ``s.clusters``, "leaf" or "eom"."""
    size = max(FEWEST, round(MIN_SHARE * len(x)))
    model = HDBSCAN(min_cluster_size=size, min_samples=N_CORE, cluster_selection_method=method, copy=True)
    return np.asarray(model.fit(x).labels_, np.int64)


def purity(index: Ints, y: Ints) -> float:
    """Share of the items in a cluster that are of its commonest class.

    Examples
    --------
    >>> purity(np.array([0, 0, 0, 1, -1]), np.array([4, 4, 2, 1, 1]))
    0.75
    """
    is_in = index >= 0
    counts = np.zeros((index.max(initial=0) + 1, y.max() + 1), np.int64)
    np.add.at(counts, (index[is_in], y[is_in]), 1)
    return float(counts.max(axis=1).sum() / max(is_in.sum(), 1))


def report(name: str, seed: int) -> None:
    split = load(name, seed)
    start = time.perf_counter()
    layout = umap(split, seed)
    print(
        f"\n{name}: {len(split.pool):,} items, {split.n_classes} classes; UMAP {time.perf_counter() - start:.0f} s"
    )
    ways: dict[str, Callable[[], Ints]] = {
        "s.clusters": lambda: map_clusters(layout),
        "map, excess of mass": lambda: hdbscan(layout, "eom"),
        "2 components": lambda: hdbscan(components(split.pool, 2), "leaf"),
        "10 components": lambda: hdbscan(components(split.pool, 10), "leaf"),
        "10 components, excess of mass": lambda: hdbscan(components(split.pool, 10), "eom"),
    }
    if len(split.pool) <= MAX_ROWS_OF_FEATURES:
        ways["all features, excess of mass"] = lambda: hdbscan(split.pool, "eom")
    print(f"{'':<32}clusters  in none  purity    AMI  seconds")
    for way, cluster in ways.items():
        start = time.perf_counter()
        index = cluster()
        seconds = time.perf_counter() - start
        information = adjusted_mutual_info_score(split.y, index)
        print(
            f"{way:<32}{index.max() + 1:8}{np.mean(index < 0):9.0%}{purity(index, split.y):8.3f}"
            f"{information:7.3f}{seconds:9.1f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SET_NAMES))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name in arguments.sets:
        if is_there(name):
            report(name, arguments.seed)
        else:
            print(f"{name}: skipped, no {DATA} (set SPIN_DATA_DIR)")


if __name__ == "__main__":
    main()
