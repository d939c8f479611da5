"""manifest.json: facts a device needs, and how far they were checked.

Class names and settings appear here only, as JSON strings: never in a path, a script or a README.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.errors import ExportError
from spin_nb.export.bundle_folder import FORMAT

if TYPE_CHECKING:
    from spin_nb.models.snapshot import Snapshot

SCHEMA = 1
NOT_VERIFIED = ("Jetson hardware", "TensorRT", "reduced precision (FP16, INT8)")


def canonical(manifest: dict[str, Any]) -> bytes:
    """Bytes that the digest covers.

    The runner computes the same.
    """
    rest = {key: value for key, value in manifest.items() if key != "self_sha256"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def seal_manifest(manifest: dict[str, Any]) -> bytes:
    """Write the manifest with its own digest.

    Raises
    ------
    ExportError
        If it holds what JSON cannot say.
    """
    try:
        # One round through JSON first, so that the digest is of what a reader will see.
        plain = json.loads(json.dumps(manifest, default=_plain, allow_nan=False))
        digest = hashlib.sha256(canonical(plain)).hexdigest()
        return json.dumps({**plain, "self_sha256": digest}, indent=1).encode("ascii") + b"\n"
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"the manifest cannot be written as JSON: {error}.",
            "Let the encoder's describe() return words, finite numbers, lists and dicts only.",
        ) from error


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def describe(
    model: Snapshot,
    shape: tuple[int, ...],
    *,
    graph: dict[str, Any],
    uncertainty: dict[str, Any],
    parity: dict[str, float],
    tolerance: dict[str, float],
) -> dict[str, Any]:
    """Describe the bundle: everything but the files' digests.

    Parameters
    ----------
    model : Snapshot
        What was exported.
    shape : tuple of int
        Of the golden inputs, (n, ...).
    graph : dict
        Operators, opset and IR version as found.
    uncertainty : dict
        How the epistemic output is computed.
    parity, tolerance : dict
        Output name -> largest difference found and allowed.
    """
    from spin_nb import __version__

    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "target": "jetson",
        "made_by": f"spin_nb {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": _origin(model),
        "classes": list(model.classes),
        "input": {
            "name": "input",
            "dtype": "float32",
            "shape": ["batch", *shape[1:]],
            "preprocessing": model.encoder.describe(),
        },
        "outputs": _outputs(len(model.classes), tolerance),
        "uncertainty": uncertainty,
        "metrics": metrics(model),
        "graph": graph,
        "parity": parity,
        "verified": [
            f"onnxruntime {version('onnxruntime')} on CPU: {shape[0]} golden inputs, together and one by one, "
            "against the notebook's own answers",
            "operators, opset and IR version against the list for TensorRT 8.5",
            "run.py --verify on the machine that exported",
        ],
        "not_verified": list(NOT_VERIFIED),
    }


def _origin(model: Snapshot) -> dict[str, Any]:
    return {
        "id": model.model_id,
        "shown_head": model.head,
        "exported_head": "linear",
        "distilled": model.head != "linear",
        "agreement": model.agreement,
        "temperature": model.temperature,
        "n_labels": model.n_labels,
    }


def _outputs(n_classes: int, tolerance: dict[str, float]) -> list[dict[str, Any]]:
    facts = {
        "probs": (["batch", n_classes], "probability"),
        "epistemic": (["batch"], "nats"),
        "logits": (["batch", n_classes], "log-odds, up to a constant per row"),
    }
    return [
        {"name": name, "dtype": "float32", "shape": shape, "unit": unit, "tolerance": tolerance[name]}
        for name, (shape, unit) in facts.items()
    ]


def metrics(model: Snapshot) -> dict[str, Any]:
    """Audited accuracy and cross-validation, each with its n.

    The former is there where the model's card gives one.
    """
    accuracies: dict[str, Any] = {
        "cross_validation": {
            "accuracy": dict(model.validation),
            "n": model.n_labels,
            "of": "labels trained on",
        }
    }
    audit = model.card().get("accuracy")
    if audit is not None:
        accuracies["audited_accuracy"] = {**audit, "of": "the head shown in the notebook"}
    return accuracies
