"""The posteriors' speed: ``python -m benchmarks.posterior``.

The last-layer Laplace against laplace-torch, which is given the same weights and prior precision; then every word
of ``s.train(posterior=...)``.  Ours and theirs take turns, and each is worth its best time: what else the machine does
then slows neither or both.  Features are MNIST's pixels by PCA, from SPIN_DATA_DIR, default ../shared/data; without it
they are random numbers, and the first line printed says so.  MNIST has no 62 classes: there a class is the nearest of
62 images drawn at random.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb.bayes import LastLayerLaplace
from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.protocols import Predictive
from spin_nb.registry import resolve, words
from spin_nb.types import Float, Ints

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("SPIN_DATA_DIR", ROOT / ".." / "shared" / "data"))
MNIST = DATA / "mnist" / "mnist.npz"
BATCH = 500  # of laplace-torch: its memory grows with batch x classes^2 x features
TRAIN, N_CHECKED, LABELS = 5000, 1000, 300
TURNS, AT_ONCE = 3, 5  # times theirs is asked; times ours is before each
PROBABILITY, SECONDS, MEGABYTES = 1e-5, 0.5, 1000  # asked: at most
FIT_ASKED, SHARE = 10, 0.7  # asked: ratios, within 30 %


@dataclass(frozen=True)
class Case:
    """A head to compare.

    laplace-torch is asked for ``points`` of 10,000, ``batch`` at a time.
    """

    structure: str
    n_classes: int
    width: int
    points: int
    batch: int
    target_ratio: float


CASES = (
    Case("full", 10, 128, 10_000, BATCH, 90),
    Case("kron", 10, 128, 10_000, BATCH, 250),
    Case("kron", 62, 256, 50, 25, 5000),
)


@dataclass(frozen=True)
class Features:
    """Rows to train on, and 10,000 others.

    Both have 256 columns, in order of variance.
    """

    train: Float
    y: Ints
    test: Float
    y_test: Ints
    source: str


def time_call(act: Callable[[], Any], times: int = 1) -> tuple[Any, float]:
    """Call ``act``; return its result and least time.

    It is in wall seconds.
    """
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        result = act()
        seconds.append(time.perf_counter() - start)
    return result, min(seconds)


def load() -> Features:
    if not MNIST.exists():
        rng = np.random.default_rng(0)
        x = rng.standard_normal((70_000, 256), np.float32) * np.geomspace(2, 0.02, 256, dtype=np.float32)
        y = nearest_of(x, 10)
        source = f"random features: no {MNIST} (set SPIN_DATA_DIR)"
        return Features(x[:60_000], y[:60_000], x[60_000:], y[60_000:], source)
    with np.load(MNIST) as arrays:
        train, test = (arrays[f"x_{part}"].reshape(-1, 784) / np.float32(255) for part in ("train", "test"))
        y, y_test = arrays["y_train"].astype(int), arrays["y_test"].astype(int)
    mean = train.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(train[:20_000].T))
    axes = axes[:, ::-1][:, :256].astype(np.float32)
    return Features((train - mean) @ axes, y, (test - mean) @ axes, y_test, "MNIST, PCA of its pixels")


def nearest_of(x: Float, n_classes: int) -> Ints:
    """Make up classes (n,).

    A row's class says which of ``n_classes`` rows drawn at random is the nearest.
    """
    centres = x[np.random.default_rng(1).choice(len(x), n_classes, replace=False)]
    return np.argmin((centres**2).sum(axis=1) - 2 * x @ centres.T, axis=1)


def reference(ours: LastLayerLaplace, x: Float, y: Ints, dtype: str) -> tuple[Any, float]:
    """Run laplace-torch with our weights and prior precision.

    It returns the seconds its own part took, too.
    """
    import torch

    layer = torch.nn.Linear(ours.weight.shape[1], len(ours.bias), dtype=getattr(torch, dtype))
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(ours.weight))
        layer.bias.copy_(torch.from_numpy(ours.bias))
    prior = torch.tensor([ours.prior_precision, ours.bias_precision], dtype=layer.weight.dtype)
    if ours.structure == "full":
        prior = prior.repeat_interleave(torch.tensor([ours.weight.size, len(ours.bias)]))
    pairs = torch.utils.data.TensorDataset(torch.from_numpy(x.astype(dtype)), torch.from_numpy(y))
    theirs = import_laplace().Laplace(
        torch.nn.Sequential(torch.nn.Identity(), layer),
        "classification",
        subset_of_weights="last_layer",
        hessian_structure=ours.structure,
        prior_precision=prior,
    )

    def fit() -> None:
        theirs.fit(torch.utils.data.DataLoader(pairs, batch_size=BATCH))
        if ours.structure == "full":
            theirs.posterior_covariance  # noqa: B018  computed on first use, which is not to count as predicting

    return theirs, time_call(fit)[1]


def asked_of(theirs: Any, x: Float, batch: int) -> Float:
    """Ask laplace-torch for probabilities (n, C)."""
    import torch

    with torch.no_grad():
        parts = [theirs(part, link_approx="probit") for part in torch.from_numpy(x).split(batch)]
        return np.asarray(torch.cat(parts).numpy())


def compare(case: Case, features: Features) -> str:
    """Compare a head with laplace-torch; one line.

    Differences are of double and single precision, times of single.
    """
    x = np.ascontiguousarray(features.train[:TRAIN, : case.width])
    y = features.y[:TRAIN] if case.n_classes == 10 else nearest_of(x, case.n_classes)
    test = np.ascontiguousarray(features.test[:, : case.width])
    ours = LastLayerLaplace(case.structure).fit(x, y, n_classes=case.n_classes)
    some, few = test[: min(case.points, N_CHECKED)].astype("float64"), test[: case.points]
    exact = asked_of(reference(ours, x, y, "float64")[0], some, case.batch)
    theirs = reference(ours, x, y, "float32")[0]
    asked_of(theirs, few[:10], 10)
    times: dict[str, list[float]] = {"probit": [], "contrast": [], "theirs": []}
    for _ in range(TURNS):
        for link in ("probit", "contrast"):
            times[link].append(time_call(lambda link=link: ours.predict(test, link=link).mean, AT_ONCE)[1])
        other, seconds = time_call(lambda: asked_of(theirs, few, case.batch))
        times["theirs"].append(seconds * len(test) / len(few))
    probit, contrast, their = (min(times[name]) for name in ("probit", "contrast", "theirs"))
    mine = ours.predict(test, link="probit").mean
    differences = [float(np.abs(mine[: len(probs)] - probs).max()) for probs in (exact, other)]
    outcome = verdict(differences[0] <= PROBABILITY, their / probit >= SHARE * case.target_ratio)
    return (
        f"{f'{case.structure} {case.n_classes} x {case.width}':<16}{differences[0]:>10.1e}{differences[1]:>10.1e}"
        f"{probit:>10.4f}{their:>15.2f}{'*' if len(few) < len(test) else ' '}{their / probit:>8,.0f}x"
        f"{case.asked:>7,.0f}x  {outcome:<7}{contrast:>9.4f}{their / contrast:>9,.0f}x"
    )


def fit_lines(features: Features) -> list[str]:
    """Time fitting 60,000 x 128, full.

    It times the posterior alone, and all of ours.
    """
    x, y = np.ascontiguousarray(features.train[:, :128]), features.y
    ours, fitting = time_call(lambda: LastLayerLaplace("full").fit(x, y, n_classes=10))
    layer = LastLayerLaplace.around(ours.weight, ours.bias, "full")

    def posterior() -> None:
        layer.fit(x, y, n_classes=10, precision=ours.bias_precision)

    _, before = time_call(posterior, 2)
    _, their = reference(ours, x, y, "float32")
    alone = min(before, time_call(posterior, 2)[1])
    ratio = their / alone
    return [
        f"{'posterior, given weights and prior':<36}{alone:>10.2f}{their:>15.2f}"
        f"{ratio:>9.1f}x{FIT_ASKED:>7}x  {verdict(ratio >= SHARE * FIT_ASKED)}",
        f"{'weights, prior precision, posterior':<36}{fitting:>10.2f}",
    ]


def mean_lines(features: Features) -> list[str]:
    """Judge the mean on few labels, by either link.

    It stands beside 1,000 draws.
    """
    lines = []
    digits = np.arange(10)
    for label, classes, n in (
        ("ten digits", digits, 100),
        ("ten digits", digits, 1000),
        ("3 or 8", digits[[3, 8]], 20),
    ):
        x, test = (np.ascontiguousarray(part[:, :64]) for part in (features.train, features.test))
        train_rows = np.flatnonzero(np.isin(features.y, classes))[:n]
        rows = np.flatnonzero(np.isin(features.y_test, classes))[:1000]
        y, truth = (
            np.searchsorted(classes, labels) for labels in (features.y[train_rows], features.y_test[rows])
        )
        head = LastLayerLaplace().fit(x[train_rows], y, n_classes=len(classes))
        draw_mean = head.predict(test[rows]).draws(np.arange(len(rows)), 1000, 0).mean(axis=0)
        means = [head.predict(test[rows], link=link).mean for link in ("contrast", "probit")]
        losses = [f"{-np.log(p[np.arange(len(rows)), truth]).mean():>10.3f}" for p in (*means, draw_mean)]
        off = [f"{np.abs(p - draw_mean).max():>10.3f}" for p in means]
        lines.append(f"{f'{label}, {n} labels':<26}{''.join(losses)}{''.join(off)}")
    return lines


def verdict(*checks: bool) -> str:
    return "ok" if all(checks) else "MISSED"


def peak_mb() -> float:
    """Measure this process's peak memory, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # a child's ru_maxrss starts at its parent's on Linux
        return float(status.read_text().split("VmHWM:")[1].split()[0]) / 1000
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def large(features: Features, structure: str) -> str:
    """Predict 100,000 points in a process of its own.

    The line says what it held before, and at its peak.
    """
    x = np.ascontiguousarray(features.train[:, :128])
    head = LastLayerLaplace(structure).fit(x[:2000], features.y[:2000], n_classes=10)
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "head.npz", **head.to_arrays())
        np.save(Path(folder) / "x.npy", np.resize(x, (100_000, 128)))
        command = [sys.executable, __file__, "large", folder]
        output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    mean, mean_mb, both, both_mb = (float(value) for value in output)
    outcome = verdict(mean <= SECONDS and both_mb <= MEGABYTES)
    return (
        f"{f'{structure} 10 x 128':<16}{mean:>16.3f}{mean_mb:>10.0f}{both:>16.3f}{both_mb:>10.0f}  {outcome}"
    )


def large_child(folder: Path) -> None:
    x = np.load(folder / "x.npy")
    with np.load(folder / "head.npz") as arrays:
        head = LastLayerLaplace.from_arrays(dict(arrays))
    head.predict(x[:1000]).epistemic  # noqa: B018  computed on first use: imports and threads are not to count
    before = peak_mb()
    predictive, mean = time_call(lambda: head.predict(x))
    after_mean = peak_mb()
    _, more = time_call(lambda: predictive.epistemic)
    print(mean, after_mean - before, mean + more, peak_mb() - before)


def every_word(features: Features) -> list[str]:
    """Fit every posterior to 300 labels.

    They are of the 10,000 other rows, 64 wide.
    """
    x, y = np.ascontiguousarray(features.test[:, :64]), features.y_test
    rows = np.random.default_rng(0).choice(len(x), LABELS, replace=False)
    rest = np.setdiff1d(np.arange(len(x)), rows)
    lines = []
    for word in words("posterior"):
        new_posterior = resolve("posterior", word)()
        posterior, fitting = time_call(
            lambda new_posterior=new_posterior: new_posterior.fit(x[rows], y[rows], n_classes=10)
        )
        predictive, first = time_call(lambda posterior=posterior: first_mean(posterior.predict(x)))
        _, more = time_call(lambda predictive=predictive: predictive.epistemic)
        right = (predictive.mean[rest].argmax(axis=1) == y[rest]).mean()
        lines.append(f"{word:<26}{fitting:>6.2f}{first:>16.3f}{first + more:>16.3f}{right:>10.1%}")
    return lines


def first_mean(predictive: Predictive) -> Predictive:
    """Return ``predictive`` with its mean computed."""
    predictive.mean  # noqa: B018
    return predictive


def main() -> None:
    features = load()
    print(f"{features.said}; wall seconds, {os.cpu_count()} cores; head trained on {TRAIN:,}\n")
    print(f"{'':<16}{'largest difference':>20}{'10,000 points':>24}{'the default link':>53}")
    title = f"{'last layer':<16}{'float64':>10}{'float32':>10}{'probit':>10}{'laplace-torch':>15}"
    print(f"{title}{'ratio':>10}{'asked':>8}{'contrast':>18}{'ratio':>10}")
    for case in CASES:
        print(compare(case, features), flush=True)
    print("laplace-torch in float64 is held to equal answers, in float32 timed; * 50 points, scaled")
    title = (
        f"\n{'fit 60,000 x 128 x 10, full':<36}{'seconds':>10}{'laplace-torch':>15}{'ratio':>10}{'asked':>8}"
    )
    print(title)
    print("\n".join(fit_lines(features)), flush=True)
    title = (
        f"{'100,000 points':<16}{'probabilities':>16}{'extra MB':>10}{'and epistemic':>16}{'extra MB':>10}"
    )
    print(f"\n{title}   asked: {SECONDS} s for probabilities, {MEGABYTES:,} MB")
    for structure in ("full", "kron"):
        print(large(features, structure), flush=True)
    title = f"{'log loss of the mean':<26}{'contrast':>10}{'probit':>10}{'draws':>10}"
    print(f"\n{title}   largest difference from the draws: contrast, probit")
    print("\n".join(mean_lines(features)), flush=True)
    title = f"{f'10,000 x 64, {LABELS} labels':<26}{'fit':>6}{'probabilities':>16}"
    print(f"\n{title}{'and epistemic':>16}{'accuracy':>10}")
    print("\n".join(every_word(features)))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # laplace-torch's and those of what it imports
    if sys.argv[1:2] == ["large"]:
        large_child(Path(sys.argv[2]))
    else:
        main()
