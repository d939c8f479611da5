"""A part of an ONNX graph in onnxruntime, on the CPU, whatever batch it insists on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError

if TYPE_CHECKING:
    from onnx import ModelProto

ROWS = 64
"""Items that go through a graph at once, where its batch is free."""
EXPORT = "Write the model with torch.onnx.export, or with tf2onnx for Keras and TensorFlow."
"""What to do about a file that is no ONNX model."""


class Runner:
    """A part of a graph in onnxruntime.

    It is called ``runner(items) -> [tensor (n, ...), ...]``.

    Parameters
    ----------
    model : onnx.ModelProto
        Changed: it computes the tensors asked for and no other from now on.
    source : str
        Name of its input.
    names : sequence of str
        Of the tensors to compute.
    batch : int or None
        Items it insists on at once.
    file : str
        For messages.
    """

    def __init__(
        self, model: ModelProto, source: str, names: Sequence[str], batch: int | None, file: str
    ) -> None:
        import onnx
        import onnxruntime

        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what matters comes back as an exception
        self._source, self._names, self._batch, self._file = source, list(names), batch, file
        content = as_bytes(model, file)
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as problem:  # its exceptions share no base of their own
            raise PoolError(f"onnxruntime cannot load {file!r}: {problem!s:.300}.", EXPORT) from None

    def __call__(self, items: NDArray[Any]) -> list[NDArray[Any]]:
        """Tensors of items, in the order of the names.

        Raises
        ------
        PoolError
            When the graph fails, or a tensor has no row an item.
        """
        step = self._batch or ROWS
        parts = [self._run(items[start : start + step]) for start in range(0, max(1, len(items)), step)]
        return [np.concatenate(tensors) for tensors in zip(*parts, strict=True)]

    def _run(self, items: NDArray[Any]) -> list[NDArray[Any]]:
        n = len(items)
        if n < (self._batch or 1):  # an empty call too learns the shapes, from an item of zeros
            fill = items[-1:] if n else np.zeros((1, *items.shape[1:]), items.dtype)
            items = np.concatenate([items, np.repeat(fill, (self._batch or 1) - n, axis=0)])
        try:
            outputs = [np.asarray(part) for part in self._session.run(self._names, {self._source: items})]
        except Exception as problem:  # as above
            raise PoolError(
                f"{self._file!r} fails on items of shape {items.shape[1:]}: {problem!s:.300}.",
                "Pass prepare=, a function items -> array as the model was trained on.",
            ) from None
        for name, part in zip(self._names, outputs, strict=True):
            if not part.ndim or len(part) != len(items) or part.dtype.kind not in "fiub":
                raise PoolError(
                    f"{name!r} of {self._file!r} is {part.dtype} {part.shape} for {len(items)} items.",
                    "Name a tensor of numbers with one row an item.",
                )
        return [part[:n] for part in outputs]


def as_bytes(model: ModelProto, file: str) -> bytes:
    """An onnx.ModelProto as bytes.

    Raises
    ------
    PoolError
        When it is too large for one file.
    """
    try:
        return bytes(model.SerializeToString())
    except Exception:  # protobuf has several errors, by version
        raise PoolError(f"{file!r} takes more than 2 GB.", "Use a smaller model.") from None
