"""Label to next item on screen, and label to acknowledged, in a real JupyterLab, of 100,000 items.

The time runs from the keydown's own ``event.timeStamp`` to a MessageChannel message posted in the next animation
frame: the next item has been handed over for painting.  "saved": to the acknowledgement that the label is on disk;
"queue dry": keys that had to wait for an item.  Digits with noise, headless Chromium, no GPU; training runs follow one
another; each scenario has a kernel of its own, on one project.  Targets, labeller alone, p95: 50 ms, training 100 ms.

    python benchmarks/labeller.py [--items 100000] [--labelled 2000] [--labels 120] [--every 250]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")

MAKE = """\
import threading
import numpy as np, spin_nb as spin
digits, rng, n = spin.samples.digits(), np.random.default_rng(0), {items}
rows = rng.integers(0, len(digits), n)
noisy = digits.items[rows] + rng.normal(0, 20, (n, 8, 8))
s = spin.open("bench.spin", pool=np.clip(noisy, 0, 255).astype(np.uint8), classes=digits.classes)
drawn = threading.Event()
s.events.layout.connect(lambda word: drawn.set())
ids = [*s.ask(30).ids, *rng.permutation(s.pool.ids)[:{labelled}].tolist()]
s.label({{id: digits.labels[rows[s.pool.row(id)]] for id in ids}})
run = s.train()
s.map
while not drawn.wait(0.5):
    run.status  # without an event loop results land when one looks
s.close()"""
OPEN = """\
import spin_nb as spin
s = spin.open("bench.spin")
s.train(wait=True);"""
TRAIN = """\
runs, on = [0], [True]
def again(report=None):
    runs[0] += 1
    if on[0]:
        s.train()
s.events.trained.connect(again)
again()"""
BESIDE = """\
import ipywidgets
s.map.layout.width, s.labeller.layout.width = "50%", "50%"
ipywidgets.HBox([s.map, s.labeller])"""
SCENARIOS = {
    "idle kernel": ["s.labeller"],
    "training": [TRAIN, "s.labeller"],
    "training, map beside": [TRAIN, BESIDE],
}

MEASURE = """() => {
  const root = document.querySelector(".spin-labeller");
  const name = () => root.querySelector(".spin-name").textContent;
  window.painted = []; window.saved = []; let open = [];
  document.addEventListener("keydown", (event) => {
    const before = name(), from = event.timeStamp;
    open.push(from);
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => { if (name() !== before) window.painted.push(performance.now() - from); };
      after.port2.postMessage(0);
    });
  }, true);
  new MutationObserver(() => {
    if (root.dataset.pending !== "0") return;
    window.saved.push(...open.map((from) => performance.now() - from));
    open = [];
  }).observe(root, { attributes: true, attributeFilter: ["data-pending"] });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=120, help="keys pressed in each scenario")
    parser.add_argument("--every", type=int, default=250, help="milliseconds between keys")
    parser.add_argument("--items", type=int, default=100_000, help="size of the pool")
    parser.add_argument("--labelled", type=int, default=2000, help="labels before the first key")
    arguments = parser.parse_args()
    print(
        f"{arguments.items:,} items, {arguments.labelled:,} labelled; "
        f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )
    print(
        f"{'ms':22}{'n':>5}{'next item p50':>15}{'p95':>6}{'max':>6}{'saved p50':>12}{'p95':>6}{'queue dry':>11}"
    )
    with tempfile.TemporaryDirectory() as folder, lab(Path(folder)) as url, chromium() as browser:
        subprocess.run(
            [sys.executable, "-c", MAKE.format(items=arguments.items, labelled=arguments.labelled)],
            cwd=folder,
            check=True,
        )
        for name, cells in SCENARIOS.items():
            times = measure(browser, url, Path(folder), name, cells, arguments.labels, arguments.every)
            paint_ms, save_ms = np.array(times["painted"]), np.array(times["saved"])
            p = [*np.percentile(paint_ms, [50, 95]), paint_ms.max(), *np.percentile(save_ms, [50, 95])]
            print(
                f"{name:22}{len(paint_ms):5}{p[0]:15.0f}{p[1]:6.0f}{p[2]:6.0f}{p[3]:12.0f}{p[4]:6.0f}"
                f"{times['dry']:11}   {times['note']}",
                flush=True,
            )


def measure(
    browser: Any, url: str, folder: Path, name: str, cells: list[str], labels: int, every: int
) -> dict[str, Any]:
    """Press ``labels`` keys in one scenario; times in ms."""
    slug = name.replace(", ", "-").replace(" ", "-")
    file = write_notebook(folder / f"{slug}.ipynb", [OPEN, *cells])
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    open_and_run(page, url, file.name)
    page.wait_for_function("document.querySelector('.spin-name')?.textContent", timeout=240_000)
    page.locator(".spin-labeller").scroll_into_view_if_needed()
    page.wait_for_timeout(3000)
    page.evaluate(MEASURE)
    page.focus(".spin-labeller")
    dry = 0
    for i in range(labels):
        if not page.inner_text(".spin-name"):
            dry += 1
            page.wait_for_function("document.querySelector('.spin-name').textContent")
        page.keyboard.press("1234567890"[i % 10])
        page.wait_for_timeout(every)
    page.wait_for_function("document.querySelector('.spin-labeller').dataset.pending === '0'", timeout=60_000)
    page.wait_for_timeout(1000)
    times = page.evaluate("() => ({ painted: window.painted, saved: window.saved })")
    runs = run_code(page, "print(globals().get('runs', [0])[0])").strip()
    if len(times["saved"]) != labels:
        raise RuntimeError(f"{name}: {len(times['saved'])} of {labels} labels were acknowledged")
    run_code(page, "globals().get('on', [0])[0] = False")
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()
    times["dry"] = dry
    times["note"] = f"({runs} training runs meanwhile)" if TRAIN in cells else ""
    return times


def open_and_run(page: Any, url: str, name: str) -> None:
    """Open a notebook and run all its cells."""
    page.goto(f"{url}/lab/tree/{name}?reset")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=60_000)
    page.wait_for_function(
        """() => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session?.kernel;
                   return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; }""",
        timeout=60_000,
    )
    page.evaluate("jupyterapp.shell.collapseLeft()")
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    error_output = page.locator(
        ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']:has-text('Error')"
    )
    if error_output.count():
        raise RuntimeError(error_output.first.inner_text())


def run_code(page: Any, code: str) -> str:
    """Run code in the notebook's kernel, outside any cell.

    Returns what it printed.
    """
    return page.evaluate(
        """async (code) => {
             const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
             const future = kernel.requestExecute({ code, store_history: false });
             let text = "";
             future.onIOPub = ({ header, content }) => { if (header.msg_type === "stream") text += content.text; };
             await future.done;
             return text; }""",
        code,
    )


def write_notebook(file: Path, sources: list[str]) -> Path:
    """Write a notebook with these code cells."""
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**empty, "id": f"cell-{i}", "source": source} for i, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    file.write_text(
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
    )
    return file


@contextmanager
def lab(folder: Path) -> Iterator[str]:
    """Start a JupyterLab that serves ``folder``.

    It yields the address.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = folder / ".jupyter"
    places = {f"JUPYTER_{word}_DIR": word.lower() for word in ("CONFIG", "DATA", "RUNTIME")}
    places |= {f"JUPYTERLAB_{word}_DIR": word.lower() for word in ("SETTINGS", "WORKSPACES")}
    environment = {**os.environ, **{name: str(home / place) for name, place in places.items()}}
    news = home / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += [
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={folder}",
    ]
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(f"{url}/api/status", process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait_until_up(url: str, process: subprocess.Popen[bytes], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not start")


@contextmanager
def chromium() -> Iterator[Any]:
    """Find a headless Chromium.

    It is ``SPIN_CHROMIUM``, else the first on the path, else playwright's own.
    """
    from playwright.sync_api import sync_playwright

    path = os.environ.get("SPIN_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
