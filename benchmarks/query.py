"""The batches' speed, memory and picks beside their peers': ``python -m benchmarks.query``.

50,000 rows of 128 features, 10 classes, 20 labelled, batches of 10; then k-centre for 100 of 100,000 and BatchBALD for
10 of 3,000 with 20 draws.  Every strategy runs in a process of its own, on arrays made here and saved in a temporary
folder.  The peers (scikit-activeml, batchbald_redux, scikit-learn) run in the interpreter named by ``SPIN_PEERS``,
on the same arrays; without it they are not measured.  Whether the picks are the same is looked at on 3,000 rows, where
every strategy is exact; k-means is then run once and its clusters are given to both, and strategies that draw their
picks by chance are not compared.  Last, every score, and "auto", on a million rows.
"""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spin_nb import query
from spin_nb.query.batches.kmeans import clusters
from spin_nb.query.batches.probcover import pure_radius
from spin_nb.types import Float

ROOT = Path(__file__).parents[1]
PEERS = os.environ.get("SPIN_PEERS")
ROWS, WIDTH, CLASSES, DRAWS, N_LABELLED, PICKS = 50_000, 128, 10, 20, 20, 10
SMALL = 3000
SECONDS, MEGABYTES = 1.0, 2000.0  # asked of every batch
PATIENCE = 600  # seconds a peer may take
SKACTIVEML = "scikit-activeml"


@dataclass(frozen=True)
class Case:
    """A strategy, and its peer.

    ``compare`` says how their picks are compared, "" not at all.
    """

    name: str
    peer: str = ""
    compare: str = ""
    rows: int = ROWS
    k: int = PICKS
    function: str = ""  # of the peer, where it has another name
    ratio: float = 1.0  # asked: at least so many times as fast
    unlike: bool = False  # draws of which no two rows have anything in common


CASES = (
    Case("kcenter", SKACTIVEML, "rows"),
    Case("kcenter", SKACTIVEML, "rows", 100_000, 100, ratio=5),
    Case("batchbald", SKACTIVEML),
    Case("batchbald", SKACTIVEML, unlike=True),
    Case("batchbald", "batchbald_redux", "first 5", SMALL, function="batchbald_redux", ratio=100),
    Case("typiclust", SKACTIVEML, "rows"),
    Case("probcover", SKACTIVEML, "rows"),
    Case("max_herding", SKACTIVEML, "rows"),
    Case("clue", SKACTIVEML, "set"),
    Case("contrastive", SKACTIVEML, "rows"),
    Case("discriminative", SKACTIVEML),  # whose probabilities round to 1: it draws among those that tie
    Case("badge", SKACTIVEML, "first 1"),
    Case("falcun", SKACTIVEML),
    Case("drop_query", SKACTIVEML),
    Case("kmeans_pp", "scikit-learn"),
    Case("dcom"),
    Case("ranked_batch"),
    Case("class_balanced"),
    Case("diversify"),
    Case("power"),
    Case("gibbs"),
    Case("softrank"),
    Case("power_bald"),
)
SCORES = (
    *(
        "least_confident",
        "margin",
        "entropy",
        "variation_ratio",
        "vote_entropy",
        "mean_kl",
        "consensus_entropy",
    ),
    *(
        "bald",
        "zero_one",
        "epig",
        "expected_error",
        "density",
        "activation",
        "egl",
        "vopt",
        "sigma_opt",
        "model_change",
    ),
)


def make_arrays(n: int, folder: Path, *, unlike: bool = False) -> None:
    """Save the arrays of ``n`` rows.

    They are blobs, a linear head that half tells them apart, and draws around it; or, ``unlike``, draws of a flat
    Dirichlet distribution, where a strategy finds no structure to save time by.
    """
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, n)
    y[:N_LABELLED] = np.arange(N_LABELLED) % CLASSES
    centres = rng.standard_normal((CLASSES, WIDTH), np.float32) / 2
    features = centres[y] + rng.standard_normal((n, WIDTH), np.float32)
    arrays = {"features": features, "labelled_rows": np.arange(N_LABELLED), "labels": y[:N_LABELLED]}
    arrays["probs"] = softmax(features @ centres.T / 4)
    noise = rng.standard_normal((DRAWS, CLASSES, WIDTH), np.float32) / 20
    arrays["draws"] = np.stack([softmax(features @ (centres / 4 + some).T) for some in noise])
    if unlike:
        arrays["draws"] = rng.dirichlet(np.ones(CLASSES), (DRAWS, n)).astype(np.float32)
    if n == SMALL:
        arrays["member"] = clusters(features, N_LABELLED + PICKS, seed=0).member
        arrays["radius"] = np.float64(pure_radius(features, CLASSES, seed=0))
        left, weights = features[N_LABELLED:], query.entropy(arrays["probs"])[N_LABELLED:]
        clustering = clusters(left, PICKS, seed=0, weights=weights)
        arrays["centres"] = clustering.centres.x + (left[0] - clustering.every.x[0])
    for name, array in arrays.items():
        np.save(folder / name, array)


def softmax(logits: Float) -> Float:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(p / p.sum(axis=1, keepdims=True), np.float32)


def ours(name: str, folder: Path, k: int) -> dict[str, Any]:
    """Measure our strategy, for a process of its own.

    It returns seconds, megabytes above the arrays, and picks.
    """
    arrays = {path.stem: np.load(path) for path in folder.glob("*.npy")}
    strategy = getattr(query, name)
    arrays["scores"] = query.entropy(arrays["probs"])
    names = [word for word in inspect.signature(strategy).parameters if word in arrays]
    few = {
        word: x if word in ("labelled_rows", "labels") else x[..., :400, :]
        for word, x in arrays.items()
        if x.ndim > 1
    }
    few |= {
        "scores": arrays["scores"][:400],
        "labelled_rows": arrays["labelled_rows"],
        "labels": arrays["labels"],
    }
    if name == "probcover" and "radius" not in arrays:
        few["radius"] = 1.0
    strategy(
        **{word: few.get(word, arrays[word]) for word in names}, k=2
    )  # imports and threads are not to count
    before, seconds = peak_mb(), []
    while len(seconds) < 5 and sum(seconds) < 6:
        start = time.perf_counter()
        batch = strategy(**{word: arrays[word] for word in names}, k=k)
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": float(np.median(seconds)),
        "mb": peak_mb() - before,
        "indices": batch.indices.tolist(),
    }


def peak_mb() -> float:
    """Measure this process's peak memory, MB."""
    status = Path("/proc/self/status")
    if status.exists():  # a child's ru_maxrss starts at its parent's on Linux
        return float(status.read_text().split("VmHWM:")[1].split()[0]) / 1000
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def run(command: list[str], patience: int = PATIENCE) -> dict[str, Any]:
    """Run a process, for so many seconds at most; return the JSON it prints last.

    Where there is none, it says what became of it.
    """
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, cwd=ROOT, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"over {patience} s"}
    if process.returncode:
        return {"failed": (process.stderr.strip().splitlines() or [f"exit {process.returncode}"])[-1][:60]}
    return dict(json.loads(process.stdout.strip().splitlines()[-1]))


def run_ours(name: str, folder: Path, k: int) -> dict[str, Any]:
    return run([sys.executable, __file__, "ours", name, str(folder), str(k)])


def run_peer(case: Case, folder: Path, mode: str) -> dict[str, Any]:
    script = Path(__file__).with_name("_query_peers.py")
    return run([str(PEERS), str(script), case.function or case.name, str(folder), str(case.k), mode])


def line(case: Case, folders: Callable[..., Path]) -> str:
    folder = folders(case.rows, unlike=case.unlike)
    mine = run_ours(case.name, folder, case.k)
    theirs = run_peer(case, folder, "timed") if PEERS and case.peer else {}
    label = case.name + ("" if (case.rows, case.k) == (ROWS, PICKS) else f" {case.k} of {case.rows:,}")
    label += " of unlike rows" if case.unlike else ""
    if "failed" in mine:
        return f"{label:<26}{mine['failed']}"
    is_ok = mine["seconds"] <= SECONDS and mine["mb"] <= MEGABYTES
    if case.rows != ROWS:
        is_ok = True
    text = f"{label:<26}{mine['seconds']:>8.3f}{mine['mb']:>9.0f}  {case.peer:<17}"
    if "seconds" in theirs:
        ratio = theirs["seconds"] / mine["seconds"]
        is_ok &= ratio >= case.ratio
        text += f"{theirs['seconds']:>9.2f}{ratio:>9,.1f}x  {same(case, folders):<14}"
    else:
        text += f"{theirs.get('failed', 'not measured' if case.peer else ''):>20}  {'':<14}"
    return text + ("ok" if is_ok else "MISSED")


def same(case: Case, folders: Callable[..., Path]) -> str:
    """Count the picks that agree on the small arrays."""
    if not case.compare:
        return "drawn"
    mine, theirs = (
        result.get("indices", [])
        for result in (run_ours(case.name, folders(SMALL), case.k), run_peer(case, folders(SMALL), "once"))
    )
    if case.compare == "set":
        return f"{len(set(mine) & set(theirs))} of {case.k}"
    many = int(case.compare.removeprefix("first ")) if case.compare != "rows" else case.k
    return f"{sum(a == b for a, b in zip(mine[:many], theirs, strict=False))} of {many}"


def million(name: str) -> dict[str, Any]:
    """Score a million rows, for a process of its own.

    It returns seconds and peak memory, arrays and all.
    """
    n, rng = 10**6, np.random.default_rng(0)
    if name == "auto":
        return million_asks(n, rng)
    score = getattr(query, name)
    names = inspect.signature(score).parameters
    arrays: dict[str, Any] = {"covariance": np.eye(WIDTH), "noise": 0.2}
    makers: dict[str, Callable[[], Any]] = {
        "features": lambda: rng.standard_normal((n, WIDTH), np.float32),
        "phi": lambda: rng.standard_normal((n, WIDTH), np.float32),
        "probs": lambda: softmax(rng.standard_normal((n, CLASSES), np.float32)),
        "score_means": lambda: rng.standard_normal((n, CLASSES), np.float32),
        "draws": lambda: np.stack(
            [softmax(rng.standard_normal((n, CLASSES), np.float32)) for _ in range(DRAWS)]
        ),
        "target_draws": lambda: np.stack([softmax(rng.standard_normal((100, CLASSES), np.float32))] * DRAWS),
    }
    arrays |= {word: make() for word, make in makers.items() if word in names}
    start = time.perf_counter()
    score(**{word: arrays[word] for word in names if word in arrays})
    return {"seconds": time.perf_counter() - start, "mb": peak_mb()}


def million_asks(n: int, rng: np.random.Generator) -> dict[str, Any]:
    """Ask a million items with "auto".

    It returns the same as :func:`million`, the session's learner and its graph included.

    An exact search of a million neighbours takes most of an hour here: items stand in a row of 50 clusters, and the
    seven before and the seven after each stand for its nearest.
    """
    from spin_nb.models.ask import ask
    from spin_nb.models.learner import Learner

    cluster = np.sort(rng.integers(0, 50, n))
    features = rng.standard_normal((n, WIDTH), np.float32)
    features += 2 * rng.standard_normal((50, WIDTH), np.float32)[cluster]
    steps = np.array([step for step in range(-7, 8) if step])
    near = ((np.arange(n)[:, None] + steps) % n).astype(np.int32)
    gaps = np.sort(rng.uniform(14, 16, near.shape).astype(np.float32), axis=1)
    learner = Learner(features, near, gaps, CLASSES)
    for seed in range(N_LABELLED):
        row = int(ask(learner, 1, np.arange(n), seed=seed).indices[0])
        learner.label(row, int(cluster[row]) % CLASSES)
    start = time.perf_counter()
    ask(learner, 1, np.arange(n), seed=N_LABELLED)
    return {"seconds": time.perf_counter() - start, "mb": peak_mb()}


def load() -> float:
    """Count the processes that want a core."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


def main() -> None:
    print(
        f"{os.cpu_count()} cores, load {load():.1f}; {ROWS:,} x {WIDTH} x {CLASSES}, {PICKS} picks, wall seconds"
    )
    print(f"asked: {SECONDS:.0f} s, {MEGABYTES:,.0f} MB; peers: {PEERS or 'not measured, set SPIN_PEERS'}\n")
    print(f"{'strategy':<26}{'ours s':>8}{'ours MB':>9}  {'peer':<17}{'peer s':>9}{'ratio':>10}  same picks")
    with tempfile.TemporaryDirectory() as folder:

        def folders(rows: int, *, unlike: bool = False) -> Path:
            path = Path(folder) / f"{rows}{' unlike' * unlike}"
            if not path.exists():
                path.mkdir()
                make_arrays(rows, path, unlike=unlike)
            return path

        folders(SMALL)
        for case in CASES:
            print(line(case, folders), flush=True)
    print(f"load at the end {load():.1f}\n")
    print(f"{'1,000,000 rows':<26}{'seconds':>8}{'peak MB':>9}  asked: 4,000 MB, arrays and all")
    for name in (*SCORES, "auto"):
        result = run([sys.executable, __file__, "million", name])
        text = result.get("failed") or f"{result['seconds']:>8.2f}{result['mb']:>9.0f}"
        print(f"{name:<26}{text}  {'ok' if result.get('mb', 9e9) <= 4000 else 'MISSED'}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        print(json.dumps(ours(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    elif sys.argv[1:2] == ["million"]:
        print(json.dumps(million(sys.argv[2])))
    else:
        main()
