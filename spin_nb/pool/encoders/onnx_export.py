"""A torch module from items to features, written as ONNX."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def export_features(module: torch.nn.Module, example: torch.Tensor) -> bytes:
    """ONNX file, opset 17, of a module with one input, "input", and one output, "features".

    The batch is its only free axis.  What torch cannot trace it refuses with errors of many kinds.

    Parameters
    ----------
    module : torch.nn.Module
        (b, ...) -> (b, d).
    example : torch.Tensor
        Two items or more: a batch of one would be traced as a constant.
    """
    import torch

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            f"{folder}/features.onnx",
            dynamo=False,
            opset_version=17,
            input_names=["input"],
            output_names=["features"],
            dynamic_axes={"input": {0: "batch"}, "features": {0: "batch"}},
        )
        return Path(folder, "features.onnx").read_bytes()
