"""Encoder, linear head and uncertainty as one torch module, and that module as ONNX.

An engine cannot draw random numbers it could be held to, so the draws behind the epistemic output are baked in:
the notebook's own noise, the same for every item.  The device therefore shows the notebook's number, not an
estimate of it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._logit_contrasts import contrasts
from spin_nb.bayes.predictive import MARGINAL_DRAWS, shared_noise
from spin_nb.errors import ExportError
from spin_nb.export.tensorrt import OPSET

OUTPUTS = ("probs", "epistemic", "logits")


@dataclass(frozen=True)
class HeadTerms:
    """The linear head's posterior as constants of a graph.

    In the eigenbasis of the Kronecker factors the deviation of the logits from their mean is
    ``(sqrt((x rotation)^2 spread + bias_spread) * noise) classes'``; the contrast variance, which sets the temperature
    of the probabilities, is ``((x rotation)^2 spread + bias_spread) contrasts`` (Ritter, Botev & Barber 2018;
    MacKay 1992).

    Attributes
    ----------
    weight : (C, d)
    bias : (C,)
    rotation : (d, d)
    spread : (d, C)
    bias_spread : (C,)
    classes : (C, C)
    contrasts : (C,)
    noise : (S, C)
        The draws that the notebook's epistemic uncertainty is made of.
    """

    weight: NDArray[Any]
    bias: NDArray[Any]
    rotation: NDArray[Any]
    spread: NDArray[Any]
    bias_spread: NDArray[Any]
    classes: NDArray[Any]
    contrasts: NDArray[Any]
    noise: NDArray[Any]


def head_terms(linear: Any) -> HeadTerms:
    """Constants of a fitted :class:`~spin_nb.bayes.laplace.LastLayerLaplace` with Kronecker structure.

    Raises
    ------
    ExportError
        For another structure.
    """
    if linear.structure != "kron":
        raise ExportError(
            f"a head with structure {linear.structure!r} has no exported form.",
            "Fit it with structure='kron'.",
        )
    posterior = {
        name.removeprefix("posterior."): array
        for name, array in linear.to_arrays().items()
        if name.startswith("posterior.")
    }
    curvature = posterior["curvature"]
    return HeadTerms(
        weight=linear.weight,
        bias=linear.bias,
        rotation=posterior["rotation"],
        spread=1 / (np.outer(posterior["moments"], curvature) + linear.prior_precision),
        bias_spread=1 / (linear.n_observations * curvature + linear.bias_precision),
        classes=posterior["classes"],
        contrasts=contrasts(posterior["classes"]),
        noise=shared_noise((MARGINAL_DRAWS, len(linear.bias))),
    )


def uncertainty() -> dict[str, Any]:
    """How probabilities and the epistemic output are computed, for the manifest."""
    return {
        "posterior": "last-layer Laplace, Kronecker-factored curvature, prior precision by marginal likelihood",
        "probs": "softmax(logits / sqrt(1 + pi/8 v)), v the contrast variance of the item (MacKay's probit mean)",
        "epistemic": "mutual information of class and weights, H[mean p] - mean H[p], over fixed draws in the graph",
        "unit": "nats",
        "draws": MARGINAL_DRAWS,
        "seed": 0,
        "random_on_device": False,
    }


def bundle_module(model: Any) -> Any:
    """``torch.nn.Module``: prepared input (b, ...) -> probs (b, C), epistemic (b,) in nats, logits (b, C).

    Parameters
    ----------
    model : Snapshot
        Its encoder's ``module()`` and its linear head are joined.

    Raises
    ------
    ExportError
        As :func:`head_terms`.
    """
    from spin_nb.export.bundle_module import Joined

    return Joined(model.encoder.module(), head_terms(model.linear)).eval()


def write_onnx(module: Any, inputs: NDArray[np.float32], path: Path, metadata: dict[str, str]) -> None:
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
        If torch cannot say the module in ONNX.
    """
    import onnx
    import torch

    # Two rows: a batch of one would be traced as a constant.
    traced = torch.from_numpy(np.resize(inputs, (2, *inputs.shape[1:])))
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            # The newer exporter ignores the opset asked for and writes LayerNormalization (opset 18).
            torch.onnx.export(
                module,
                (traced,),
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
