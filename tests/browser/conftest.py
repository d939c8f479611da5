"""A real JupyterLab in a temporary folder and a headless Chromium that looks at it.

Everything of Jupyter's (settings, workspaces, kernels' run-time files) lives in the temporary folder, so a
person's own JupyterLab is neither read nor touched.  Pictures go to ``screenshots/``, which git ignores.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"adaptive-theme": False},
    # It runs by the clock: where a test has taken the server away, its dialog comes on top of the others.
    "docmanager-extension/plugin": {"autosave": False},
}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Server:
    """A running JupyterLab: its address, the folder it serves, and where it keeps people's settings."""

    url: str
    folder: Path
    settings: Path

    def reset_settings(self) -> None:
        """Forget what a test before has chosen: a theme is kept by the server, not by the page."""
        shutil.rmtree(self.settings, ignore_errors=True)
        for name, value in SETTINGS.items():
            file = self.settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(value))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(home: Path) -> dict[str, str]:
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    for path in places.values():
        (home / path).mkdir(parents=True)
    return {**os.environ, **{name: str(home / path) for name, path in places.items()}}


def _wait_until_up(url: str, process: subprocess.Popen, log: Path, seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/api/status", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@contextmanager
def jupyterlab(home: Path) -> Iterator[Server]:
    """Start a JupyterLab that serves a copy of ``notebooks/``; all of it lies below ``home``."""
    folder = home / "work"
    folder.mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    port, log = _free_port(), home / "lab.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"]
    command += ["--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"]
    with log.open("w") as out:
        process = subprocess.Popen(command, env=_environment(home), cwd=folder, stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(url, process, log)
        yield Server(url, folder, home / "settings")
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory, browser):
    """JupyterLab, started once for all browser tests, where there is a browser."""
    with jupyterlab(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


def _of_box_drawn_anew(stack: str) -> bool:
    """Whether ipywidgets' own box stumbled over being drawn anew before its children were made.

    JupyterLab draws a cell twice that ran before its widget manager had looked for old widgets.
    """
    return "reading 'widgets'" in stack and "@jupyter-widgets" in stack and "blob:" not in stack


@pytest.fixture
def page(browser):
    """A fresh browser page, 1500 x 1000 pixels; ``page.problems`` lists what went wrong in its scripts."""
    context = browser.new_context(viewport={"width": 1500, "height": 1000})
    page = context.new_page()
    page.problems = []

    def note(error):
        if not _of_box_drawn_anew(error.stack or ""):
            page.problems.append(error.stack or str(error))

    page.on("pageerror", note)
    yield page
    context.close()


@pytest.fixture
def lab(page, server):
    """What a person does with a notebook; see :class:`Lab`."""
    return Lab(page, server)


class Lab:
    """Commands on the notebook that is open in the browser, as a person would give them.

    JupyterLab is as it comes, in its light theme: what a test before has chosen is forgotten.
    """

    def __init__(self, page, server: Server) -> None:
        server.reset_settings()
        self.page = page
        self.server = server

    def write_notebook(self, name: str, sources: list[str]) -> None:
        """Put a notebook with these code cells where the server serves."""
        empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{**empty, "id": f"cell-{i}", "source": source} for i, source in enumerate(sources)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        (self.server.folder / name).write_text(json.dumps(notebook))

    def open_notebook(self, name: str) -> None:
        """Open ``name`` in an otherwise empty JupyterLab and wait for its kernel."""
        self.page.goto(f"{self.server.url}/lab/tree/{name}?reset")
        self.page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext")
        self.page.evaluate("jupyterapp.shell.collapseLeft()")
        self.wait_kernel_idle()

    def wait_kernel_idle(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the kernel is connected and idle (the indicator on the page alone races)."""
        self.page.wait_for_function(
            """() => { const kernel = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
                       return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'; }""",
            timeout=1000 * seconds,
        )

    def run_all(self, seconds: float = 2 * PATIENCE_SECONDS) -> None:
        """Run every cell and wait; fail with the traceback if a cell failed."""
        self._command("notebook:run-all-cells", seconds)
        self._fail_on_errors()

    def run_cell(self, source: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Run the code cell whose source holds ``source``, and scroll to it; its views may still be on their way."""
        self.scroll_to(source)
        self._command("notebook:run-cell", seconds)
        self._fail_on_errors()
        self.scroll_to(source)

    def scroll_to(self, source: str) -> None:
        """Choose the code cell whose source holds ``source`` and put it at the top of the page."""
        self.page.evaluate(
            """async source => { const { content } = jupyterapp.shell.currentWidget;
                 const found = content.widgets.findIndex(
                     cell => cell.model.type === 'code' && cell.model.sharedModel.source.includes(source));
                 if (found < 0) throw new Error('no cell holds ' + source);
                 content.activeCellIndex = found;
                 await content.scrollToItem(found, 'start'); }""",
            source,
        )

    def run_code(self, code: str) -> str:
        """Run ``code`` in the notebook's kernel, outside any cell; return what it printed."""
        return self.page.evaluate(
            """async code => { const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                 const future = kernel.requestExecute({ code, store_history: false });
                 let text = '', error = null;
                 future.onIOPub = ({ header, content }) => {
                     if (header.msg_type === 'stream') text += content.text;
                     if (header.msg_type === 'error') error = content.traceback.join('\\n'); };
                 await future.done;
                 if (error) throw new Error(error);
                 return text; }""",
            code,
        )

    def restart_kernel(self) -> None:
        """Restart the kernel (and say yes when JupyterLab asks)."""
        self.page.evaluate(
            """() => { window.isRestarted = false;
                 jupyterapp.commands.execute('kernelmenu:restart').then(() => { window.isRestarted = true; }); }"""
        )
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_function("window.isRestarted")
        self.wait_kernel_idle()

    def set_theme(self, name: str) -> None:
        """Switch to "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)
        self.page.wait_for_timeout(500)

    def shown_by_cell(self, selector: str):
        """What the chosen cell shows; a view of another cell that matches as well is none of it."""
        return self.page.locator(f".jp-Notebook-cell.jp-mod-active .jp-OutputArea {selector}")

    def show(self, selector: str):
        """Scroll the first visible match into view and return its locator."""
        target = self.page.locator(selector).first
        target.scroll_into_view_if_needed()
        return target

    def screenshot(self, name: str) -> Path:
        """Save what the page shows as ``screenshots/<name>.png``."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def _command(self, command: str, seconds: float) -> None:
        self.page.evaluate(
            """([command, ms]) => Promise.race([
                 jupyterapp.commands.execute(command),
                 new Promise((_, no) => setTimeout(() => no(new Error(command + ' took too long')), ms))])""",
            [command, 1000 * seconds],
        )

    def _fail_on_errors(self) -> None:
        errors = self.page.evaluate(
            """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(cell =>
                 cell.type !== 'code' ? [] : cell.outputs.toJSON().filter(o => o.output_type === 'error')
                     .map(o => o.traceback.join('\\n')))"""
        )
        assert not errors, "\n".join(errors)
