"""What an ONNX graph computes, as features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.encoders.from_model import FromModel
from spin_nb.pool.inputs.spec import InputSpec, Prepare, infer_input_spec
from spin_nb.pool.onnx.graph import OnnxGraph, read_onnx
from spin_nb.types import Float


class OnnxOutput(FromModel):
    """Features from an ONNX model of any framework.

    They are found by the name of an output or of any tensor inside.

    Runs in onnxruntime on the CPU.  Size, order of axes and type of the pictures are those its input declares; output
    (b, c, h, w), or (b, h, w, c), is averaged over positions, any other flattened; features are what is left when their
    mean over the pool is taken off.

    Parameters
    ----------
    model : str, Path or OnnxGraph
        The file.
    output : str
        Name of a tensor of the graph.
    prepare : callable, optional
        Function of a list of loaded items that returns the model's input (n, ...).  Without it pictures are float
        in [0, 1], or 0 to 255 where the input is of integers.

    Raises
    ------
    PoolError
        When the file cannot be read, or computes nothing of this name, with the names there are.

    Examples
    --------
    >>> import spin_nb as spin
    >>> encoder = spin.encoders.OnnxOutput("net.onnx", "features")   # doctest: +SKIP
    >>> s = spin.open("x.spin", pool="photos/", encoder=encoder)   # doctest: +SKIP
    """

    def __init__(self, model: Path | str | OnnxGraph, output: str, *, prepare: Prepare | None = None) -> None:
        self.graph = model if isinstance(model, OnnxGraph) else read_onnx(model)
        self.output = self.graph.require(output)
        self.name = f"{output} of {self.graph.file}"
        super().__init__(prepare, {"output": output, "graph": self.graph.digest})
        self.own_code = prepare is not None
        self._channels_last = self.graph.channels_last(output)

    def _learn(self, items: Sequence[Any]) -> InputSpec:
        size, last = self.graph.layout()
        return infer_input_spec(items, size=size, last=last, prepare=self._prepare)

    def _run(self, inputs: Float) -> Float:
        feed = self.graph.feed(inputs, unit=not self.own_code)
        return as_features(self.graph.run([self.output], feed)[0], self._channels_last)

    def to_onnx(self) -> tuple[bytes, str] | None:
        """The graph and the name of the output.

        There is none with ``prepare``, which cannot be kept.
        """
        return None if self.own_code else (self.graph.content, self.output)


def as_features(output: NDArray[Any], channels_last: bool) -> Float:
    """A tensor (n, ...) as float32 (n, d).

    It is averaged over positions where there are some, else flattened.
    """
    if output.ndim > 3:
        output = output.mean(
            axis=tuple(range(1, output.ndim - 1) if channels_last else range(2, output.ndim))
        )
    return np.ascontiguousarray(output.reshape(len(output), math.prod(output.shape[1:])), np.float32)
