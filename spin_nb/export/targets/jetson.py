"""Target "jetson": one ONNX graph from prepared input to probabilities and epistemic uncertainty, with its proof.

A bundle is five files: ``model.onnx``, ``manifest.json``, ``golden.npz`` (inputs and the notebook's own answers),
``run.py`` (Python 3.8, numpy, onnxruntime) and ``README.md``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ExportError
from spin_nb.export import manifest as manifests
from spin_nb.export.bundle_folder import staged_folder
from spin_nb.export.onnx_graph import OUTPUTS, bundle_module, uncertainty, write_onnx
from spin_nb.export.tensorrt import check_graph
from spin_nb.io import checksum
from spin_nb.types import ExportReport

if TYPE_CHECKING:
    from spin_nb.models.snapshot import Snapshot

MAX_GOLDEN_ITEMS = 32
MAX_DIFFERENCE = {"probs": 1e-4, "epistemic": 1e-4, "logits": 1e-3}
"""Largest absolute difference allowed; logits are not bounded by 1, so theirs grows with their size."""


def export(model: Snapshot, example: Sequence[object], folder: Path) -> ExportReport:
    """Write a bundle that runs without this package, and prove it.

    The proof is against the notebook's own answers.

    Parameters
    ----------
    model : spin_nb.models.snapshot.Snapshot
        Its encoder must be :class:`~spin_nb.protocols.Exportable`; its linear head is what is exported.
    example : sequence of loaded items
        Real items; up to 32 of them, evenly spread, become the golden inputs.
    folder : Path
        New, empty, or an older bundle, which is then replaced as a whole.

    Returns
    -------
    ExportReport
        Files with their sha256, largest difference per output, agreement with the shown head, what was not checked.

    Raises
    ------
    ExportError
        If the encoder cannot be exported, the graph does not suit TensorRT 8.5, an answer differs from the
        notebook's by more than the tolerance, or the folder holds anything else.  Nothing is written then.

    Examples
    --------
    >>> s.export("bundle/", target="jetson")   # doctest: +SKIP
    """
    _check(model, example)
    rows = np.unique(np.linspace(0, len(example) - 1, MAX_GOLDEN_ITEMS).astype(int))
    inputs, answers = _answers(model, [example[int(row)] for row in rows])
    with staged_folder(Path(folder)) as fresh:
        write_onnx(
            bundle_module(model), inputs, fresh / "model.onnx", metadata={"model_id": str(model.model_id)}
        )
        graph = _check_onnx(fresh / "model.onnx")
        tolerance = _tolerance(answers)
        parity = _parity(fresh / "model.onnx", inputs, answers, tolerance)
        np.savez_compressed(fresh / "golden.npz", **{"input": inputs, **answers})  # type: ignore[arg-type]
        _copy_runner(fresh)
        facts = manifests.describe(
            model, inputs.shape, graph=graph, uncertainty=uncertainty(), parity=parity, tolerance=tolerance
        )
        facts["sha256"] = {path.name: checksum(path) for path in sorted(fresh.iterdir())}
        (fresh / "manifest.json").write_bytes(manifests.seal_manifest(facts))
        _replay(fresh)
        digests = {path.name: checksum(path) for path in sorted(fresh.iterdir())}
    return ExportReport(
        folder=Path(folder),
        target="jetson",
        files=digests,
        parity=parity,
        agreement=float(model.agreement),
        notes=_notes(model),
    )


def _check(model: Snapshot, example: Sequence[object]) -> None:
    missing = [name for name in ("prepare", "describe", "module") if not hasattr(model.encoder, name)]
    if missing:
        name = getattr(model.encoder, "name", "a function")
        raise ExportError(
            f"the encoder {name!r} has no {', '.join(missing)}: it cannot go into an ONNX graph.",
            "A bundle takes pictures, texts and table rows by a built-in encoder: open the project with one, or give "
            "yours prepare, describe and module.",
        )
    if not len(example):
        raise ExportError(
            "there is no example item to prove the bundle with.", "Pass 8 to 32 items of the pool."
        )


def _answers(
    model: Snapshot, items: list[object]
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Prepared inputs, and what the notebook itself answers for the same items."""
    inputs = np.ascontiguousarray(model.encoder.prepare(items), dtype=np.float32)
    features = np.asarray(model.encoder.encode(items), dtype=np.float32)
    predictive = model.linear.predict(features)
    logits = features @ np.asarray(model.linear.weight).T + np.asarray(model.linear.bias)
    answers = {"probs": predictive.mean, "epistemic": predictive.epistemic, "logits": logits}
    for name, values in {"input": inputs, **answers}.items():
        if len(values) != len(items) or not np.isfinite(values).all():
            raise ExportError(
                f"{name} of the example items is not finite, or not one row per item: {values.shape}.",
                "Check the example items and the encoder.",
            )
    return inputs, {name: np.asarray(answers[name], dtype=np.float32) for name in OUTPUTS}


def _tolerance(answers: dict[str, NDArray[np.float32]]) -> dict[str, float]:
    size = max(1.0, float(np.abs(answers["logits"]).max()) / 10)
    return {name: MAX_DIFFERENCE[name] * (size if name == "logits" else 1.0) for name in OUTPUTS}


def _check_onnx(path: Path) -> dict[str, Any]:
    import onnx

    model = onnx.load(path)
    return {
        "operators": check_graph(model),
        "opset": max(imported_opset.version for imported_opset in model.opset_import),
        "ir_version": model.ir_version,
        "precision": "float32",
    }


def _parity(
    path: Path,
    inputs: NDArray[np.float32],
    answers: dict[str, NDArray[np.float32]],
    tolerance: dict[str, float],
) -> dict[str, float]:
    """Largest difference of each output.

    Rows are run together and one by one.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    together = session.run(list(OUTPUTS), {"input": inputs})
    singles = [session.run(list(OUTPUTS), {"input": inputs[i : i + 1]}) for i in range(len(inputs))]
    alone = [np.concatenate(arrays) for arrays in zip(*singles, strict=True)]
    parity = {
        name: float(max(np.abs(a - answers[name]).max(), np.abs(b - answers[name]).max()))
        for name, a, b in zip(OUTPUTS, together, alone, strict=True)
    }
    for name, difference in parity.items():
        if not difference <= tolerance[name]:
            raise ExportError(
                f"{name} of the exported graph differs from the notebook's by {difference:.3g}, "
                f"allowed is {tolerance[name]:.3g}.",
                "The encoder's module and encode disagree: make both compute the same features.",
            )
    return parity


def _copy_runner(folder: Path) -> None:
    for name in ("run.py", "README.md"):
        text = files("spin_nb.export").joinpath("runner", name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")


def _replay(folder: Path) -> None:
    """Run the bundle's own check the way a device would: in another process, without this package."""
    process = subprocess.run(
        [sys.executable, "run.py", "--verify"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if process.returncode:
        raise ExportError(
            f"the finished bundle does not verify: {(process.stderr or process.stdout).strip()[-500:]}.",
            "Report this with the message above; nothing was written.",
        )


def _notes(model: Snapshot) -> tuple[str, ...]:
    notes = tuple(f"not run on {what}" for what in manifests.NOT_VERIFIED)
    if model.head == "linear":
        return notes
    return (f"the shown head {model.head!r} was distilled into a linear one", *notes)
