"""The peers' side of ``benchmarks/query.py``: run by the interpreter that has them, one strategy a process.

``python _query_peers.py strategy folder k timed`` reads the arrays in ``folder`` and prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from pathlib import Path

import numpy as np

MEMORY = 14 * 2**30  # bytes a peer may take: past it, it is counted as out of memory


def main(name, folder, k, is_timed):
    arrays = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    y = np.full(len(arrays["features"]), np.nan)
    y[arrays["labelled_rows"]] = arrays["labels"]
    query = globals()[name](arrays, arrays["features"], y, k)
    limit()
    seconds, rows = [], None
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        while not seconds or (is_timed and sum(seconds) < 4 and len(seconds) < 5):
            start = time.perf_counter()
            rows = query()
            seconds.append(time.perf_counter() - start)
    return {"seconds": float(np.median(seconds)), "indices": [int(row) for row in rows]}


def limit():
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def stub(arrays, n_unlabelled):
    """Make a fitted classifier of given probabilities.

    The peers' time is not to hold a classifier's.
    """
    from skactiveml.base import SkactivemlClassifier

    class FixedProbabilities(SkactivemlClassifier):
        def fit(self, X, y, sample_weight=None):
            return self

        def predict_proba(self, X):
            labelled_rows = arrays["labelled_rows"]
            rows = (
                labelled_rows
                if len(X) == len(labelled_rows)
                else np.setdiff1d(np.arange(len(arrays["probs"])), labelled_rows)
            )
            return arrays["probs"][rows].astype(np.float64)

    return FixedProbabilities(classes=np.arange(arrays["probs"].shape[1]))


def kcenter(arrays, x, y, k):
    from skactiveml.pool import CoreSet

    return lambda: CoreSet(random_state=0).query(x, y, batch_size=k)


def kmeans_pp(arrays, x, y, k):
    from sklearn.cluster import kmeans_plusplus

    return lambda: kmeans_plusplus(x, k, random_state=0)[1]


def typiclust(arrays, x, y, k):
    from skactiveml.pool import TypiClust
    from sklearn.cluster import KMeans

    if "member" not in arrays:
        return lambda: TypiClust(random_state=0, k=20).query(x, y, batch_size=k)

    class Same(KMeans):
        def fit_predict(self, X, y=None, sample_weight=None):
            return arrays["member"]

    return lambda: TypiClust(random_state=0, k=20, cluster_algo=Same).query(x, y, batch_size=k)


def probcover(arrays, x, y, k):
    from skactiveml.pool import ProbCover

    deltas = [float(arrays["radius"])] if "radius" in arrays else None
    return lambda: ProbCover(random_state=0, n_classes=10, deltas=deltas).query(x, y, batch_size=k)


def max_herding(arrays, x, y, k):
    from skactiveml.pool import MaxHerding

    return lambda: MaxHerding(random_state=0, metric_dict={"gamma": 1.0}).query(x, y, batch_size=k)


def clue(arrays, x, y, k):
    from skactiveml.pool import Clue
    from sklearn.cluster import KMeans

    clf = stub(arrays, len(x))
    if "centres" not in arrays:
        return lambda: Clue(random_state=0).query(x, y, clf, fit_estimator=False, batch_size=k)

    class Same(KMeans):
        def fit_transform(self, X, y=None, sample_weight=None):
            return np.sqrt(((X[:, None] - arrays["centres"]) ** 2).sum(axis=2))

    return lambda: Clue(random_state=0, cluster_algo=Same).query(x, y, clf, fit_estimator=False, batch_size=k)


def falcun(arrays, x, y, k):
    from skactiveml.pool import Falcun

    clf = stub(arrays, len(x))
    return lambda: Falcun(random_state=0).query(x, y, clf, fit_clf=False, batch_size=k)


def badge(arrays, x, y, k):
    from skactiveml.pool import Badge

    clf = stub(arrays, len(x))
    return lambda: Badge(random_state=0).query(x, y, clf, fit_clf=False, batch_size=k)


def contrastive(arrays, x, y, k):
    from skactiveml.pool import ContrastiveAL

    clf, near = stub(arrays, len(x)), {"n_neighbors": 10}
    ask = ContrastiveAL(random_state=0, nearest_neighbors_dict=near)
    return lambda: ask.query(x, y, clf, fit_clf=False, batch_size=k)


def logistic(classes, **settings):
    from skactiveml.classifier import SklearnClassifier
    from sklearn.linear_model import LogisticRegression

    return SklearnClassifier(LogisticRegression(**settings), classes=classes)


def discriminative(arrays, x, y, k):
    from skactiveml.pool import DiscriminativeAL

    standard_x = (x - x.mean(axis=0)) / x.std(axis=0)
    tell = logistic([0, 1], class_weight="balanced", tol=1e-6, max_iter=500)
    return lambda: DiscriminativeAL(random_state=0).query(standard_x, y, tell, batch_size=k)


def drop_query(arrays, x, y, k):
    from skactiveml.pool import DropQuery

    clf = logistic(np.arange(10))
    return lambda: DropQuery(random_state=0, n_dropout_samples=3).query(x, y, clf, batch_size=k)


def batchbald_redux(arrays, x, y, k):
    import torch
    from batchbald_redux.batchbald import get_batchbald_batch

    logs = torch.from_numpy(np.log(np.maximum(arrays["draws"].astype(np.float64), 1e-30))).transpose(0, 1)
    torch.manual_seed(0)
    return lambda: get_batchbald_batch(logs, k, num_samples=10_000, dtype=torch.double).indices


def batchbald(arrays, x, y, k):
    from skactiveml.pool import batch_bald

    def query():
        utilities = batch_bald(arrays["draws"].astype(np.float64), k, random_state=0)
        return np.nanargmax(utilities, axis=1)

    return query


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    try:
        result = main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "timed")
    except MemoryError:
        result = {"failed": f"out of {MEMORY >> 30} GB"}
    print(json.dumps(result))
