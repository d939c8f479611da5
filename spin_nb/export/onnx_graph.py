"""Encoder, linear head and uncertainty as one torch module, and that module as ONNX.

An engine cannot draw random numbers it could be held to, so the draws behind the epistemic output are baked in:
the notebook's own noise, the same for every item.  The device therefore shows the notebook's number, not an
estimate of it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes.predictive import MARGINAL_DRAWS
from spin_nb.errors import ExportError
from spin_nb.export.head_terms import head_terms
from spin_nb.export.tensorrt import OPSET

if TYPE_CHECKING:
    import torch

    from spin_nb.models.snapshot import Snapshot

OUTPUTS = ("probs", "epistemic", "logits")


def uncertainty() -> dict[str, Any]:
    """Describe the computation of probabilities and the epistemic output."""
    return {
        "posterior": "last-layer Laplace, Kronecker-factored curvature, prior precision by marginal likelihood",
        "probs": "softmax(logits / sqrt(1 + pi/8 v)), v the contrast variance of the item (MacKay's probit mean)",
        "epistemic": "mutual information of class and weights, H[mean p] - mean H[p], over fixed draws in the graph",
        "unit": "nats",
        "draws": MARGINAL_DRAWS,
        "seed": 0,
        "random_on_device": False,
    }


def bundle_module(model: Snapshot) -> torch.nn.Module:
    """Join encoder and linear head in one module.

    It maps prepared input (b, ...) to probs (b, C), epistemic (b,) in nats, logits (b, C).

    Parameters
    ----------
    model : Snapshot
        Its encoder has a ``module()``.

    Raises
    ------
    ExportError
        As :func:`head_terms`.
    """
    from spin_nb.export.bundle_module import BundleModule

    return BundleModule(model.encoder.module(), head_terms(model.linear)).eval()


def write_onnx(
    module: torch.nn.Module, inputs: NDArray[np.float32], path: Path, metadata: dict[str, str]
) -> None:
    """Write the module as one ONNX file, opset 16, the batch its only dynamic axis.

    Parameters
    ----------
    module : torch.nn.Module
    inputs : float32 (n, ...)
        Prepared inputs to trace with.
    path : Path
    metadata : dict of str
        For the model's own properties.

    Raises
    ------
    ExportError
        If torch cannot write the module as ONNX.
    """
    import onnx
    import torch

    # Two rows: a batch of one would be traced as a constant.
    example = torch.from_numpy(np.resize(inputs, (2, *inputs.shape[1:])))
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            # The newer exporter ignores the opset asked for and writes LayerNormalization (opset 18).
            torch.onnx.export(
                module,
                (example,),
                str(path),
                dynamo=False,
                opset_version=OPSET,
                input_names=["input"],
                output_names=list(OUTPUTS),
                dynamic_axes={name: {0: "batch"} for name in ("input", *OUTPUTS)},
            )
    except (RuntimeError, TypeError, ValueError) as error:
        raise ExportError(
            f"the model cannot be written as ONNX: {str(error)[:300]}.",
            "Use a built-in encoder, or torch operations that ONNX opset 16 has.",
        ) from error
    model = onnx.load(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, path)
