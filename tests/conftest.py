"""Real data sets where they are, ONNX files that tests make themselves, and the Chromium that page tests drive."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from tests.waiting import PATIENCE_SECONDS

# The same examples everywhere, however slow the machine: a test that passes here passes there.
hypothesis.settings.register_profile(
    "patient", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

# No test fetches weights: what it needs it makes, or finds in the cache of the Hugging Face hub.
os.environ["HF_HUB_OFFLINE"] = "1"

SCREENSHOTS = Path(__file__).resolve().parents[1] / "screenshots"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    # Without a GPU, WebGL2 still works, and frames come ten times faster than with GL flags.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DATA = Path(os.environ.get("SPIN_DATA_DIR", Path(__file__).parents[1] / ".." / "shared" / "data")).resolve()


@pytest.fixture(scope="session")
def real():
    """Path of a real data set below SPIN_DATA_DIR; skips where it is not there."""

    def path(name: str) -> Path:
        if not (DATA / name).exists():
            pytest.skip(f"real data {name!r} is not in {DATA} (set SPIN_DATA_DIR)")
        return DATA / name

    return path


@pytest.fixture(autouse=True)
def quick_features(request, monkeypatch):
    """Keep sessions with the quick features, whatever is installed: pretrained ones would be made beside every test.

    Those marked ``weighs_encoders`` let them choose.
    """
    if request.node.get_closest_marker("weighs_encoders") is None:
        monkeypatch.setattr("spin_nb.session.project_encoder.candidates", lambda pool: [])


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, started once for all tests of this process that drive a page.

    The path is ``SPIN_CHROMIUM``, else the first one on the path.  Of a test that fails,
    :func:`pytest_runtest_makereport` keeps what its pages show and what their consoles said.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("SPIN_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    with sync_api.sync_playwright() as driver:
        try:
            chromium = driver.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        except sync_api.Error as error:
            pytest.skip(f"no Chromium starts here (install one or set SPIN_CHROMIUM to its path): {error}")
        open_context = chromium.new_context
        chromium.new_context = lambda **how: _with_console(open_context(**how))
        yield chromium
        chromium.close()


# What a page was told by hand, and who had the keyboard: a key that goes astray leaves no other trace.
NOTE_KEYS = """window.keyNotes = [];
{ const note = ({ type, key = "", target, timeStamp }) => {
    const line = `[${(timeStamp / 1000).toFixed(2)} s] ${type} ${key} ${target.tagName} ${String(target.className)}`;
    window.keyNotes = [...window.keyNotes.slice(-59), line.slice(0, 100)];
};
for (const name of ["keydown", "focusin", "focusout"]) window.addEventListener(name, note, true); }"""


def _with_console(context):
    """A patient browser context that remembers what its pages' consoles said, in ``context.console``."""
    context.set_default_timeout(1000 * PATIENCE_SECONDS)
    context.add_init_script(NOTE_KEYS)
    context.console = []
    context.on("console", lambda message: context.console.append(f"[{message.type}] {message.text}"))
    context.on(
        "weberror", lambda error: context.console.append(f"[uncaught] {error.error.stack or error.error}")
    )
    return context


def _without_running_loop():
    """Hide the event loop that Playwright's driver leaves marked as running in this thread; returns it."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    return loop


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Tests that drive no page must not find the driver's event loop: a session would queue its work on it."""
    loop = None if "browser" in item.fixturenames else _without_running_loop()
    try:
        return (yield)
    finally:
        if loop is not None:
            asyncio._set_running_loop(loop)


pytest_runtest_call = pytest_runtest_setup


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Keep a picture of every page of a test that failed and what its console said; the report says where."""
    report = yield
    chromium = item.funcargs.get("browser") if hasattr(item, "funcargs") else None
    if report.when == "call" and report.failed and chromium is not None:
        name = re.sub(r"[^\w-]+", "-", item.name)[:80]
        lines = [line for context in chromium.contexts for line in _keep_failure(context, name)]
        report.sections.append(("what the browser showed", "\n".join(lines)))
    return report


def _keep_failure(context, name: str):
    SCREENSHOTS.mkdir(exist_ok=True)
    log = SCREENSHOTS / f"failed-{name}.log"
    lines = list(getattr(context, "console", []))
    yield f"console, keys and focus: {log}"
    for number, page in enumerate(context.pages):
        picture = SCREENSHOTS / f"failed-{name}-{number}.png"
        try:
            page.screenshot(path=picture, timeout=10_000)
            lines += [f"page {number}, keys and focus:", *page.evaluate("window.keyNotes ?? []")]
        except Exception as error:  # the page itself may be what failed
            yield f"no picture of {page.url}: {error}"
        else:
            yield f"picture: {picture}"
    log.write_text("\n".join(lines))


@pytest.fixture
def save_torch(tmp_path):
    """Write a network with torch.onnx.export; ``dynamic``: the batch is free."""

    def save(net, example, *, name="net.onnx", dynamic=True, outputs=("logits",)) -> Path:
        import torch

        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            axes = {key: {0: "n"} for key in ("input", *outputs)} if dynamic else None
            torch.onnx.export(
                net,
                (example,),
                str(tmp_path / name),
                dynamo=False,
                opset_version=16,
                input_names=["input"],
                output_names=list(outputs),
                dynamic_axes=axes,
            )
        return tmp_path / name

    return save


@dataclass
class Keras:
    """A file as Keras would write it, and the same numbers by numpy."""

    path: Path
    kernel: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """Valid 3 x 3 convolution of (n, h, w, c), rectified, averaged over positions: (n, 6)."""
        patches = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(1, 2))
        maps = np.einsum("nhwcij,ocij->nhwo", patches, self.kernel)
        return np.maximum(maps, 0).mean(axis=(1, 2))

    def probs(self, pictures: np.ndarray) -> np.ndarray:
        """Softmax of the dense layer."""
        logits = self.features(pictures) @ self.weight + self.bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def keras(tmp_path):
    """(n, 8, 8, 1) -> Transpose, Conv, Relu, Transpose, ReduceMean, MatMul + Add, Softmax; ``batch``: 0 is free."""
    from onnx import TensorProto, helper, numpy_helper, save

    def make(n_classes=3, batch=0, side=8, channels=1, name="keras.onnx") -> Keras:
        rng = np.random.default_rng(0)
        kernel = rng.normal(0, 0.5, (6, channels, 3, 3)).astype(np.float32)
        weight = rng.normal(0, 2.0, (6, n_classes)).astype(np.float32)
        bias = rng.normal(0, 0.5, n_classes).astype(np.float32)
        nodes = [
            helper.make_node("Transpose", ["image"], ["first"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["first", "kernel"], ["conv2d"]),
            helper.make_node("Relu", ["conv2d"], ["relu"]),
            helper.make_node("Transpose", ["relu"], ["back"], perm=[0, 2, 3, 1]),
            helper.make_node("ReduceMean", ["back"], ["pooled"], axes=[1, 2], keepdims=0),
            helper.make_node("MatMul", ["pooled", "weight"], ["matmul"]),
            helper.make_node("Add", ["matmul", "bias"], ["dense"]),
            helper.make_node("Softmax", ["dense"], ["probs"], axis=-1),
        ]
        n = batch or "n"
        arrays = {"kernel": kernel, "weight": weight, "bias": bias}
        graph = helper.make_graph(
            nodes,
            "keras",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [n, side, side, channels])],
            [helper.make_tensor_value_info("probs", TensorProto.FLOAT, [n, n_classes])],
            [numpy_helper.from_array(array, key) for key, array in arrays.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
        save(model, tmp_path / name)
        return Keras(tmp_path / name, kernel, weight, bias)

    return make
