"""Real data sets as items, labels, the encoder that reads them and the way they divide into pool and test part.

scikit-learn's come with the dependencies; the others are found in ``SPIN_DATA_DIR`` (default ../shared/data).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.pool.encoders.convolutions import Convolutions
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.encoders.photo import Photo
from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.encoders.sound import ShapeAndTexture
from spin_nb.pool.encoders.table import Columns
from spin_nb.pool.encoders.text import TfidfSVD
from spin_nb.pool.media.decoded_images import Pixels
from spin_nb.pool.modalities import AudioModality, ImageModality
from spin_nb.pool.sources import samples
from spin_nb.types import Float, Ints

DATA = Path(os.environ.get("SPIN_DATA_DIR", Path(__file__).parents[1] / ".." / "shared" / "data"))
Rows = tuple[Ints, Ints]
"""Rows of the pool, and of the test part."""

WINDOW, STRIDE = 30, 10  # cycles of a flight engine; of the next window's start
REMAINING_CYCLES = (50, 125)  # limits of the classes: published work takes an engine for new above 125
SMALLEST_CROP = 32  # pixels a side; what is smaller takes what lies around it along
ELEC_POOL, ELEC_TEST = 5000, 2000


@dataclass(frozen=True, eq=False)
class Collection:
    """A set as it was read.

    ``divide`` takes a seed; sets with an official test part pay no heed to it (``is_fixed``).
    """

    items: Sequence[Any]
    y: Ints
    encoder: Callable[[], Any]
    divide: Callable[[int], Rows]
    is_fixed: bool = False


class Components:
    """Principal components of small grey pictures, those of the first 20,000."""

    def fit(self, items: Pixels) -> Components:
        self.mean, self.axes = principal(_flat(items[:20_000]), 60, 1.0)
        return self

    def encode(self, items: Pixels) -> Float:
        return (_flat(items) - self.mean) @ self.axes


def shuffled(n: int, n_pool: int, n_test: int | None = None) -> Callable[[int], Rows]:
    """Divide by chance, as the seed has it."""

    def divide(seed: int) -> Rows:
        order = np.random.default_rng(seed).permutation(n)
        return order[:n_pool], order[n_pool : None if n_test is None else n_pool + n_test]

    return divide


def official(n_pool: int, n: int) -> Callable[[int], Rows]:
    """Divide where the publishers did."""
    return lambda seed: (np.arange(n_pool), np.arange(n_pool, n))


def by_group(groups: Ints, pool_share: float) -> Callable[[int], Rows]:
    """Divide groups by chance: what belongs together is on one side."""

    def divide(seed: int) -> Rows:
        names = np.random.default_rng(seed).permutation(np.unique(groups))
        in_pool = np.isin(groups, names[: round(pool_share * len(names))])
        return np.flatnonzero(in_pool), np.flatnonzero(~in_pool)

    return divide


def digits() -> Collection:
    """1,000 / 797 digits."""
    sample = samples.digits()
    y = np.array([sample.classes.index(label) for label in sample.labels])
    return Collection(list(sample.items), y, PixelsPCA, shuffled(len(y), 1000))


def mnist() -> Collection:
    """60,000 / 10,000 digits, PCA to 60."""
    items, y = _idx("mnist/mnist.npz")
    return Collection(items, y, Components, official(60_000, len(y)), is_fixed=True)


def fashion() -> Collection:
    """10,000 of the training images / 10,000 pictures of clothes, PCA to 60."""
    items, y = _idx("fashion_mnist/fashion_mnist.npz")

    def divide(seed: int) -> Rows:
        rows = np.random.default_rng(seed).choice(60_000, 10_000, replace=False)
        return np.sort(rows), np.arange(60_000, len(y))

    return Collection(items, y, Components, divide)


def sign_digits() -> Collection:
    """1,400 / 660 photos of hands that show a digit."""
    files = sorted((DATA / "sign_language_digits" / "images").glob("*/*.JPG"))
    y = np.array([int(file.parent.name) for file in files])
    photos = [ImageModality().load(file) for file in files]
    return Collection(photos, y, Photo, shuffled(len(y), 1400))


def bccd() -> Collection:
    """Some 750 / 380 blood cells, cut out of photos; the commonest of three classes thinned to 400.

    All cells of a photo are on one side: they share its light.
    """
    cells, names, photos = [], [], []
    for at, file in enumerate(sorted((DATA / "bccd" / "Annotations").glob("*.xml"))):
        for name, crop in _cells(file):
            cells.append(crop)
            names.append(name)
            photos.append(at)
    y = np.unique(names, return_inverse=True)[1].astype(np.int64)
    red = np.flatnonzero(y == sorted(set(names)).index("RBC"))
    chosen = np.random.default_rng(0).choice(red, 400, replace=False)
    rows = np.union1d(np.setdiff1d(np.arange(len(y)), red), chosen)
    divide = by_group(np.array(photos)[rows], 2 / 3)
    return Collection([cells[row] for row in rows], y[rows], Photo, divide)


def ag_news() -> Collection:
    """5,600 / 2,000 news, all of the upstream test part."""
    import polars as pl

    frame = pl.read_parquet(DATA / "ag_news_test" / "ag_news_test.parquet")
    texts = (frame["title"] + ". " + frame["description"]).to_list()
    return Collection(texts, frame["label"].to_numpy().astype(np.int64), TfidfSVD, shuffled(len(texts), 5600))


def banking77() -> Collection:
    """10,003 / 3,080 questions of 77 intents."""
    import polars as pl

    parts = [pl.read_csv(DATA / "banking77" / f"{part}.csv") for part in ("train", "test")]
    frame = pl.concat(parts)
    y = np.unique(frame["category"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    return Collection(frame["text"].to_list(), y, TfidfSVD, official(len(parts[0]), len(y)), is_fixed=True)


def fsdd() -> Collection:
    """2,700 / 300 spoken digits; the first five takes of each are the test part."""
    files = sorted((DATA / "fsdd" / "recordings").glob("*.wav"))
    y = np.array([int(file.stem.split("_")[0]) for file in files], np.int64)
    is_test = np.array([int(file.stem.split("_")[2]) < 5 for file in files])
    rows = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    return Collection(
        [AudioModality().load(file) for file in files], y, ShapeAndTexture, lambda seed: rows, True
    )


def gunpoint() -> Collection:
    """100 / 100 series, official parts joined."""
    return _ucr("GunPoint", 100)


def italy_power() -> Collection:
    """700 / 396 days of electric power, official parts joined."""
    return _ucr("ItalyPowerDemand", 700)


def osu_leaf() -> Collection:
    """300 / 142 outlines of leaves of six species, official parts joined."""
    return _ucr("OSULeaf", 300)


def cmapss() -> Collection:
    """Some 1,400 / 350 windows of 30 cycles of engines that run to failure: how many cycles remain.

    Classes: 125 or more, where an engine counts as new; 50 to 124; fewer than 50 after the window's last cycle.
    Windows start every ten cycles, so they overlap: all of an engine are on one side, 80 engines in the pool.
    Sensors that never change are left out.
    """
    import polars as pl

    frame = pl.read_parquet(DATA / "cmapss_fd001" / "train_FD001.parquet")
    sensors = [name for name in frame.columns if name.startswith("s") and not name.startswith("set")]
    sensors = [name for name in sensors if frame[name].n_unique() > 2]
    windows, y, units = [], [], []
    for (unit,), run in frame.sort("unit", "cycle").group_by("unit", maintain_order=True):
        values = run.select(sensors).to_numpy().T.astype(np.float32)
        for start in range(0, len(run) - WINDOW + 1, STRIDE):
            windows.append(np.ascontiguousarray(values[:, start : start + WINDOW]))
            remaining = len(run) - start - WINDOW
            y.append(len(REMAINING_CYCLES) - int(np.searchsorted(REMAINING_CYCLES, remaining, side="right")))
            units.append(unit)
    return Collection(windows, np.array(y), Convolutions, by_group(np.array(units), 0.8))


def ai4i() -> Collection:
    """7,000 / 3,000 machine records.

    3.4 % are failures; the columns that leak the target are left out.
    """
    import polars as pl

    frame = pl.read_csv(DATA / "ai4i2020" / "ai4i2020.csv")
    y = frame["Machine failure"].to_numpy().astype(np.int64)
    rows = frame.drop("UDI", "Product ID", "Machine failure", "TWF", "HDF", "PWF", "OSF", "RNF").to_dicts()
    return Collection(rows, y, Columns, shuffled(len(y), 7000))


def wine() -> Collection:
    """118 / 60 wines of three growers, 13 measurements."""
    from sklearn.datasets import load_wine

    return _measurements(load_wine(), 118)


def breast_cancer() -> Collection:
    """400 / 169 tumours, benign or not, 30 measurements."""
    from sklearn.datasets import load_breast_cancer

    return _measurements(load_breast_cancer(), 400)


def elec2() -> Collection:
    """5,000 / 2,000 half hours of one stretch of an electricity market: does the price rise?

    The seed says where the stretch begins.  Within it pool and test part are drawn by chance: somebody labels some of
    a record and wants the rest.  Neighbours in time are alike, so this says nothing of the hours that follow.
    """
    import polars as pl

    frame = pl.read_parquet(DATA / "drift_streams" / "elec.parquet")
    y = frame["class"].to_numpy().astype(np.int64)

    def divide(seed: int) -> Rows:
        rng = np.random.default_rng(seed)
        order = rng.integers(len(y) - ELEC_POOL - ELEC_TEST) + rng.permutation(ELEC_POOL + ELEC_TEST)
        return order[:ELEC_POOL], order[ELEC_POOL:]

    return Collection(frame.drop("class").to_dicts(), y, Columns, divide)


READERS: dict[str, Callable[[], Collection]] = {
    read.__name__: read
    for read in (
        digits,
        mnist,
        fashion,
        ag_news,
        banking77,
        fsdd,
        gunpoint,
        ai4i,
        sign_digits,
        bccd,
        italy_power,
        osu_leaf,
        cmapss,
        wine,
        breast_cancer,
        elec2,
    )
}
WITHOUT_FILES = ("digits", "wine", "breast_cancer")
"""Sets that come with the dependencies."""


@cache
def collect(name: str) -> Collection:
    """Read a set, once."""
    return READERS[name]()


def _idx(file: str) -> tuple[Pixels, Ints]:
    with np.load(DATA / file) as arrays:
        pixels = np.concatenate([arrays["x_train"], arrays["x_test"]])
        y = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64)
    return pixels, y


def _flat(pictures: Pixels) -> Float:
    return pictures.reshape(len(pictures), -1) / np.float32(255)


def _ucr(name: str, n_pool: int) -> Collection:
    with np.load(DATA / "ucr_subset" / f"{name}.npz") as arrays:
        series = np.concatenate([arrays["x_train"], arrays["x_test"]]).astype(np.float32)
        words = np.concatenate([arrays["y_train"], arrays["y_test"]])
    y = np.unique(words, return_inverse=True)[1].astype(np.int64)
    return Collection(list(series), y, Convolutions, shuffled(len(y), n_pool))


def _measurements(bunch: Any, n_pool: int) -> Collection:
    items = list(bunch.data.astype(np.float32))
    return Collection(items, bunch.target.astype(np.int64), Columns, shuffled(len(items), n_pool))


def _cells(file: Path) -> list[tuple[str, Any]]:
    """Name and pixels of every cell of a photo; boxes without an area are left out."""
    from xml.etree import ElementTree

    photo = ImageModality().load(DATA / "bccd" / "JPEGImages" / f"{file.stem}.jpg")
    root = ElementTree.parse(file).getroot()
    scale = photo.shape[1] / int(root.findtext("size/width", ""))
    cells = []
    for box in root.iter("object"):
        left, top, right, bottom = (
            float(box.findtext(f"bndbox/{side}", "")) * scale for side in ("xmin", "ymin", "xmax", "ymax")
        )
        if right > left and bottom > top:
            rows, columns = (
                _grown(low, high, size)
                for low, high, size in ((top, bottom, photo.shape[0]), (left, right, photo.shape[1]))
            )
            cells.append((box.findtext("name", ""), np.ascontiguousarray(photo[rows, columns])))
    return cells


def _grown(low: float, high: float, size: int) -> slice:
    """A side of a box in whole pixels, no shorter than :data:`SMALLEST_CROP`, inside the picture."""
    length = min(max(round(high - low), SMALLEST_CROP), size)
    start = min(max(round((low + high - length) / 2), 0), size - length)
    return slice(start, start + length)
