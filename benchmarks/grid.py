"""Many labels by one gesture, and the grid scrolled in a real JupyterLab.

    python -m benchmarks.grid [bulk] [scroll] [--items 100000] [--seconds 8]

bulk: 10,000 of 20,000 items labelled by one gesture, taken back, brought again; seconds until it is in the store and
the model has followed, the median of fresh projects, and processor seconds, which other work on the machine changes
little.  Target: 2 s.

scroll: 100,000 small pictures in headless Chromium without a GPU, a wheel turned for some seconds, then jumps to
anywhere; milliseconds between two frames of the page (target at the 95th percentile: 33), tiles that stood empty when
the wheel rested and for how long, and what page and kernel hold after each turn.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import spin_nb as spin
from benchmarks.labeller import chromium, lab, open_and_run, run_code, write_notebook

N_LABELS = 10_000
OPEN = """\
import resource, numpy as np, spin_nb as spin
digits, rng, n = spin.samples.digits(), np.random.default_rng(0), {items}
rows = rng.integers(0, len(digits), n)
noisy = digits.items[rows] + rng.normal(0, 20, (n, 8, 8))
s = spin.open("grid.spin", pool=np.clip(noisy, 0, 255).astype(np.uint8), classes=digits.classes)
s.label({{id: digits.labels[rows[i]] for i, id in enumerate(s.pool.ids[:200])}})"""
FRAMES = """async (seconds) => {
  const list = document.querySelector(".spin-grid-scroll");
  list.scrollIntoView({ block: "end" });
  const gaps = [];
  const until = performance.now() + 1000 * seconds;
  let last = performance.now();
  await new Promise((done) => {
    const frame = (now) => {
      gaps.push(now - last);
      last = now;
      list.scrollTop += 40; // a wheel turned fast: 2,400 pixels a second
      if (now < until) requestAnimationFrame(frame); else done();
    };
    requestAnimationFrame(frame);
  });
  return gaps.slice(5);
}"""
LOADING = "[...document.querySelectorAll('.spin-tile')].some((tile) => tile.ariaLabel === 'loading')"
JUMP = """(share) => {
  const list = document.querySelector(".spin-grid-scroll");
  list.scrollTop = share * list.scrollHeight;
}"""


def bulk(n_runs: int = 3) -> None:
    """Label many at once, in fresh projects."""
    rng = np.random.default_rng(0)
    times: dict[str, list[tuple[float, float]]] = {}
    for _ in range(n_runs):
        with tempfile.TemporaryDirectory() as folder:
            pool = rng.normal(size=(2 * N_LABELS, 16)).astype(np.float32)
            with spin.open(Path(folder) / "bulk.spin", pool=pool, classes=["a", "b", "c"]) as s:
                s.label({s.pool.ids[0]: "a", s.pool.ids[1]: "b"})
                ids = s.pool.ids[100 : 100 + N_LABELS]
                for word, act in (
                    ("label", lambda s=s, ids=ids: s.label(ids, "c")),
                    ("undo", s.undo),
                    ("redo", s.redo),
                ):
                    start = time.perf_counter(), time.process_time()
                    act()
                    end = time.perf_counter(), time.process_time()
                    times.setdefault(word, []).append((end[0] - start[0], end[1] - start[1]))
                assert len(s.values) == N_LABELS + 2
    print(f"{N_LABELS:,} labels by one gesture, median of {n_runs}: seconds, processor seconds")
    for word, pairs in times.items():
        wall, processor = np.median(pairs, axis=0)
        print(f"  {word:8}{wall:7.2f}{processor:7.2f}")


def scroll(items: int, seconds: float, turns: int = 3) -> None:
    """Scroll the grid, and jump in it."""
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder)) as url, chromium() as browser:
        file = write_notebook(Path(folder) / "grid.ipynb", [OPEN.format(items=items), "s.grid"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(300_000)
        open_and_run(page, url, file.name)
        page.wait_for_selector(".spin-tile canvas")
        print(
            f"{items:,} items scrolled: ms a frame p50, p95, max; ms to the last tile; MB of page, kernel",
            flush=True,
        )
        page.wait_for_timeout(5000)
        for turn in range(turns):
            gaps = np.array(page.evaluate(FRAMES, seconds))
            report(page, f"turn {turn + 1}, {len(gaps)} frames", gaps)
        waits = []
        for share in np.random.default_rng(1).random(20):
            page.evaluate(JUMP, float(share))
            start = time.perf_counter()
            page.wait_for_timeout(60)
            page.wait_for_function(f"!{LOADING}")
            waits.append(1000 * (time.perf_counter() - start))
        print(
            f"  20 jumps: all tiles there after {np.median(waits):.0f} ms, p95 {np.percentile(waits, 95):.0f}"
        )
        report(page, "after the jumps", np.zeros(1))


def report(page: Any, name: str, gaps: np.ndarray) -> None:
    """Print one line."""
    start = time.perf_counter()
    page.wait_for_function(f"!{LOADING}")
    rest = 1000 * (time.perf_counter() - start)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"] / 2**20
    kernel = int(run_code(page, "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)")) / 2**10
    p50, p95 = np.percentile(gaps, [50, 95])
    print(f"  {name:24}{p50:6.0f}{p95:6.0f}{gaps.max():6.0f}{rest:8.0f}{heap:8.0f}{kernel:7.0f}", flush=True)


def main() -> None:
    """Run what is named, or both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=["bulk", "scroll"], default=["bulk", "scroll"])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    if "bulk" in arguments.parts:
        bulk()
    if "scroll" in arguments.parts:
        scroll(arguments.items, arguments.seconds)
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MB")


if __name__ == "__main__":
    main()
