"""A wide table opened, beside scikit-learn's own way to the same features and map: ``python -m benchmarks.tables``.

1,000 rows of 500, of 2,000 and of 20,000 columns of numbers, a twentieth of them missing, and one of words.  The peer
imputes medians, marks what is missing, scales, makes words one-hot and takes two principal components.  Ours is
``spin.open``, which computes the same features, their principal components where they are many, and a first map, and
puts a project on disk; "asked" is when the first item has been asked for, with the neighbours of all items known.  Each
runs in a process of its own, from a frame in memory; imports do not count.  CPU seconds to open, of all threads, are
printed beside the wall's: they say on a busy machine what a quiet one takes at most.

    python -m benchmarks.tables
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

ROWS, WIDTHS = 1000, (500, 2_000, 20_000)
ASKED_SECONDS = {500: 3.0, 2_000: 3.0, 20_000: 30.0}
ROOT = Path(__file__).parents[1]


def make_table(width: int) -> pl.DataFrame:
    """Make a table of three classes that twenty of its columns tell apart."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, ROWS)
    numbers = rng.normal(size=(ROWS, width))
    numbers[:, :20] += y[:, None]
    numbers[rng.random(numbers.shape) < 0.05] = np.nan
    frame = pl.DataFrame({f"column {i}": numbers[:, i] for i in range(width)}).fill_nan(None)
    return frame.with_columns(pl.Series("word", np.array(["a", "b", "c"])[rng.integers(0, 3, ROWS)]))


def ours(frame: pl.DataFrame) -> tuple[float, float, float]:
    """Open the table and ask for an item; return the seconds to both, and the CPU seconds to open."""
    import spin_nb as spin

    with tempfile.TemporaryDirectory() as folder:
        # Imports, those of the worker that prepares the neighbours and of reduced features among them.
        with spin.open(Path(folder) / "small.spin", pool=frame[:600, :400], classes=["a", "b", "c"]) as s:
            s.ask(1)
        start, cpu = time.perf_counter(), time.process_time()
        with spin.open(Path(folder) / "wide.spin", pool=frame, classes=["a", "b", "c"]) as s:
            opened, cpu = time.perf_counter() - start, time.process_time() - cpu
            s.ask(1)
            return opened, time.perf_counter() - start, cpu


def theirs(frame: pl.DataFrame) -> tuple[float, float, float]:
    """Go scikit-learn's way to features and two axes; return the seconds, twice, and the CPU seconds."""
    from sklearn.compose import make_column_transformer
    from sklearn.decomposition import PCA
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    table = frame.to_pandas()
    numbers = [name for name in table.columns if name != "word"]
    start, cpu = time.perf_counter(), time.process_time()
    columns = make_column_transformer(
        (SimpleImputer(strategy="median", add_indicator=True), numbers),
        (OneHotEncoder(sparse_output=False), ["word"]),
    )
    make_pipeline(columns, StandardScaler(), PCA(2, random_state=0)).fit_transform(table)
    seconds = time.perf_counter() - start
    return seconds, seconds, time.process_time() - cpu


def peak_mb() -> float:
    """Measure this process's peak memory, MB."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def run(who: str, width: int) -> tuple[float, float, float, float]:
    """Measure in a process of its own: seconds to open and to ask, CPU seconds to open, peak MB."""
    command = [sys.executable, "-m", "benchmarks.tables", who, str(width)]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout
    opened, asked, cpu, mb = json.loads(answer.strip().splitlines()[-1])
    return opened, asked, cpu, mb


def main() -> None:
    print(
        f"{ROWS:,} rows: columns{'open s (CPU)':>17}{'asked s':>10}{'peak MB':>10}"
        f"{'scikit-learn s (CPU)':>23}{'ratio':>9}"
    )
    for width in WIDTHS:
        (opened, asked, cpu, mb), (peer, _, peer_cpu, _) = run("ours", width), run("theirs", width)
        is_ok = opened <= ASKED_SECONDS[width]
        print(
            f"{width:>19,}{opened:>9.2f} ({cpu:>5.2f}){asked:>10.2f}{mb:>10.0f}{peer:>15.2f} ({peer_cpu:>5.2f})"
            f"{peer / opened:>8.1f}x"
            f"  {'ok' if is_ok else 'MISSED'}: {ASKED_SECONDS[width]:.0f} s to open are asked",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:]:
        measure = {"ours": ours, "theirs": theirs}[sys.argv[1]]
        print(json.dumps([*measure(make_table(int(sys.argv[2]))), peak_mb()]))
    else:
        main()
