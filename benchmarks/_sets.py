"""Real data sets as features and labels, split into a pool to label and a test part, for the benchmarks.

scikit-learn's digits come with the dependencies; the others are found in ``SPIN_DATA_DIR`` (default ../shared/data).
Where a set has an official split it is used, else the seed splits it.  All go through the project's own encoders,
fitted on the pool; MNIST and Fashion-MNIST through its principal components alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from spin_nb.pool.encoders.convolutions import Convolutions
from spin_nb.pool.encoders.log_mel import LogMel
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.encoders.table import Columns
from spin_nb.pool.encoders.text import TfidfSVD
from spin_nb.pool.features.neighbours import nearest, neighbours
from spin_nb.pool.modalities import AudioModality
from spin_nb.pool.sources import samples
from spin_nb.types import Float, Ints

DATA = Path(os.environ.get("SPIN_DATA_DIR", Path(__file__).parents[1] / ".." / "shared" / "data"))
NEIGHBOURS = 15


@dataclass(frozen=True)
class Split:
    """Features and labels of pool and test part.

    The neighbours of both parts are rows of the pool.
    """

    pool: Float
    y: Ints
    graph: tuple[Ints, Float]
    test: Float
    y_test: Ints
    hood: tuple[Ints, Float]
    n_classes: int


def load(name: str, seed: int) -> Split:
    """Load one of :data:`SETS`.

    It is split by ``seed`` where it has no official split.
    """
    return SETS[name](seed)


def digits(seed: int) -> Split:
    """Load 1,000 / 797 digits."""
    sample = samples.digits()
    y = np.array([sample.classes.index(label) for label in sample.labels])
    order = np.random.default_rng(seed).permutation(len(y))
    images = [sample.items[i] for i in order]
    encoder = PixelsPCA().fit(images[:1000])
    return split(
        encoder.encode(images[:1000]), y[order[:1000]], encoder.encode(images[1000:]), y[order[1000:]]
    )


def mnist(seed: int) -> Split:
    """Load 60,000 / 10,000 digits, PCA to 60."""
    return _pictures("mnist/mnist.npz", 60_000, 0)


def fashion(seed: int) -> Split:
    """Load 10,000 / 10,000 pictures of clothes, PCA to 60.

    The pool is drawn from the training images.
    """
    return _pictures("fashion_mnist/fashion_mnist.npz", 10_000, seed)


def ag_news(seed: int) -> Split:
    """Load 5,600 / 2,000 news, TF-IDF and SVD.

    All of them are of the upstream test part.
    """
    import polars as pl

    frame = pl.read_parquet(DATA / "ag_news_test" / "ag_news_test.parquet")
    texts = (frame["title"] + ". " + frame["description"]).to_list()
    y = frame["label"].to_numpy().astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(y))
    return _texts(
        [texts[i] for i in order[:5600]], y[order[:5600]], [texts[i] for i in order[5600:]], y[order[5600:]]
    )


def banking77(seed: int) -> Split:
    """Load 10,003 / 3,080 questions of 77 intents.

    Their features are TF-IDF and SVD.
    """
    return _banking77()


@cache
def _banking77() -> Split:
    import polars as pl

    train, test = (pl.read_csv(DATA / "banking77" / f"{part}.csv") for part in ("train", "test"))
    names = sorted(train["category"].unique().to_list())
    y, y_test = (
        np.array([names.index(name) for name in part["category"]], np.int64) for part in (train, test)
    )
    return _texts(train["text"].to_list(), y, test["text"].to_list(), y_test)


def fsdd(seed: int) -> Split:
    """Load 2,700 / 300 spoken digits.

    Their features are log-mel, PCA to 60.
    """
    return _fsdd()


@cache
def _fsdd() -> Split:
    files = sorted((DATA / "fsdd" / "recordings").glob("*.wav"))
    y = np.array([int(file.stem.split("_")[0]) for file in files], np.int64)
    is_test = np.array([int(file.stem.split("_")[2]) < 5 for file in files])
    sounds = [AudioModality().load(file) for file in files]
    encoder = LogMel().fit([sound for sound, late in zip(sounds, is_test, strict=True) if not late])
    X = encoder.encode(sounds)
    return split(X[~is_test], y[~is_test], X[is_test], y[is_test])


def gunpoint(seed: int) -> Split:
    """Load 100 / 100 of all 200 series.

    Their features are the shares of time at which random convolutions exceed a threshold.
    """
    with np.load(DATA / "ucr_subset" / "GunPoint.npz") as arrays:
        X = np.concatenate([arrays["x_train"], arrays["x_test"]]).astype(np.float32)
        words = np.concatenate([arrays["y_train"], arrays["y_test"]])
    y = np.unique(words, return_inverse=True)[1].astype(np.int64)
    order = np.random.default_rng(seed).permutation(len(y))
    series, y = list(X[order]), y[order]
    X = Convolutions().fit(series[:100]).encode(series)
    return split(X[:100], y[:100], X[100:], y[100:])


def ai4i(seed: int) -> Split:
    """Load 7,000 / 3,000 machine records.

    3.4 % are failures; the columns that leak the target are left out.
    """
    import polars as pl

    frame = pl.read_csv(DATA / "ai4i2020" / "ai4i2020.csv")
    y = frame["Machine failure"].to_numpy().astype(np.int64)
    rows = frame.drop("UDI", "Product ID", "Machine failure", "TWF", "HDF", "PWF", "OSF", "RNF").to_dicts()
    order = np.random.default_rng(seed).permutation(len(y))
    encoder = Columns().fit([rows[i] for i in order[:7000]])
    X = encoder.encode([rows[i] for i in order])
    return split(X[:7000], y[order[:7000]], X[7000:], y[order[7000:]])


SETS: dict[str, Callable[[int], Split]] = {
    "digits": digits,
    "mnist": mnist,
    "fashion": fashion,
    "ag_news": ag_news,
    "banking77": banking77,
    "fsdd": fsdd,
    "gunpoint": gunpoint,
    "ai4i": ai4i,
}


def split(pool: Float, y: Ints, test: Float, y_test: Ints) -> Split:
    """Split a set, with the parts' neighbours in the pool."""
    pool, test = (np.ascontiguousarray(part, np.float32) for part in (pool, test))
    graph, hood = neighbours(pool, NEIGHBOURS), nearest(pool, test, NEIGHBOURS)
    return Split(pool, y, graph, test, y_test, hood, int(max(y.max(), y_test.max())) + 1)


@cache
def _pictures(file: str, size: int, seed: int) -> Split:
    with np.load(DATA / file) as arrays:
        train, test = (arrays[f"x_{part}"].reshape(-1, 784) / np.float32(255) for part in ("train", "test"))
        y, y_test = (arrays[f"y_{part}"].astype(np.int64) for part in ("train", "test"))
    if size < len(train):
        rows = np.sort(np.random.default_rng(seed).choice(len(train), size, replace=False))
        train, y = train[rows], y[rows]
    mean, axes = principal(train[:20_000], 60, 1.0)
    return split((train - mean) @ axes, y, (test - mean) @ axes, y_test)


def _texts(texts: list[str], y: Ints, test: list[str], y_test: Ints) -> Split:
    encoder = TfidfSVD().fit(texts)
    return split(encoder.encode(texts), y, encoder.encode(test), y_test)
