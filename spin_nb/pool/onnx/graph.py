"""ONNX files: read whole, looked into by name, run on the CPU up to any tensor."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import PoolError
from spin_nb.io import open_regular
from spin_nb.pool.onnx.run import EXPORT, Runner, as_bytes
from spin_nb.words import shown

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import ModelProto

_MAX_NAMES_LISTED = 12
_CHANNELS_FIRST = ("Conv", "Pool", "BatchNormalization", "InstanceNormalization")
"""What operators are called, in part, that ONNX defines channels first."""


def read_onnx(path: Path | str) -> OnnxGraph:
    """Read a file with all its weights.

    Weights in other files must lie in or below its folder.

    Raises
    ------
    PoolError
        When it is missing, is no ONNX file, or its weights are missing or lie elsewhere.
    """
    import onnx

    if not isinstance(path, str | Path):
        raise PoolError(f"{shown(path)} is no ONNX file.", "Pass its path.")
    path = Path(path)
    try:
        path = path.expanduser()
        with open_regular(path) as stream:
            model = onnx.load_from_string(stream.read())
    except FileNotFoundError:
        raise PoolError(f"there is no file {shown(str(path))}.", "Check the path.") from None
    except Exception as problem:  # a damaged file raises whatever protobuf, or the system, does
        raise PoolError(f"{shown(str(path))} cannot be read as ONNX: {problem!s:.200}.", EXPORT) from None
    _take_in(model, path)
    return OnnxGraph(as_bytes(model, path.name), path.name)


_SINGLE = "Export a model with one input of numbers, items along its first axis."


class OnnxGraph:
    """An ONNX graph with its weights inside; never changes.

    Attributes
    ----------
    content : bytes
        The file.
    file : str
        Its name, for messages.
    digest : str
        sha256 of ``content``.
    input : str
        Name of its one input.
    shape : tuple of int or None
        Of the input, items first; None where it is free.
    dtype : numpy.dtype
        Of the input.
    outputs, tensors : list of str
        Names of its outputs, and of everything its nodes compute.

    Raises
    ------
    PoolError
        When it is no ONNX model with one input of numbers.
    """

    def __init__(self, content: bytes, file: str) -> None:
        import onnx

        self.content, self.file = content, file
        self.digest = hashlib.sha256(content).hexdigest()
        graph = self.model().graph
        weight_names = {weights.name for weights in graph.initializer}
        inputs = [value for value in graph.input if value.name not in weight_names]
        if not graph.node:
            raise PoolError(f"{file!r} holds no ONNX graph.", EXPORT)
        if len(inputs) != 1:
            names = ", ".join(value.name for value in inputs) or "none"
            raise PoolError(f"{file!r} has {len(inputs)} inputs: {names:.200}.", _SINGLE)
        tensor = inputs[0].type.tensor_type
        self.input: str = inputs[0].name
        self.shape = tuple(axis.dim_value or None for axis in tensor.shape.dim)
        if not self.shape or tensor.elem_type in (0, onnx.TensorProto.STRING):
            raise PoolError(f"the input {self.input!r} of {file!r} holds no items of numbers.", _SINGLE)
        self.dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
        self.outputs = [value.name for value in graph.output]
        self.tensors = [name for node in graph.node for name in node.output if name]
        self._runners: dict[tuple[str, ...], Runner] = {}

    def __deepcopy__(self, memo: object) -> OnnxGraph:
        return self

    def model(self) -> ModelProto:
        """A fresh onnx.ModelProto.

        Raises
        ------
        PoolError
            When the bytes are no ONNX model, or refer to weights elsewhere.
        """
        import onnx

        try:
            model = onnx.load_from_string(self.content)
        except Exception as problem:  # protobuf has several errors, by version
            raise PoolError(f"{self.file!r} is no ONNX model: {problem!s:.200}.", EXPORT) from None
        if next(_outside(model), None) is not None:
            raise PoolError(f"{self.file!r} does not hold all its weights.", "Save it again, as one file.")
        return model

    def layout(self) -> tuple[tuple[int | None, ...] | None, bool]:
        """Size (c, h, w) of the pictures the input takes, None where free or unknown; whether channels come last."""
        shape = self.shape
        if len(shape) == 4 and shape[1] in (1, 3):
            return shape[1:], False
        if len(shape) == 4 and shape[3] in (1, 3):
            return (shape[3], *shape[1:3]), True
        return ((1, *shape[1:]), False) if len(shape) == 3 else (None, False)

    def require(self, name: str) -> str:
        """``name``, if a tensor of the graph is called so.

        Raises
        ------
        PoolError
            With the names there are.
        """
        if name in self.tensors:
            return name
        near = difflib.get_close_matches(str(name), self.tensors, n=4, cutoff=0.4)
        candidates = list(dict.fromkeys([*near, *self.outputs, *reversed(self.tensors)]))
        more = (
            f" and {len(candidates) - _MAX_NAMES_LISTED} more" if len(candidates) > _MAX_NAMES_LISTED else ""
        )
        raise PoolError(
            f"{self.file!r} computes no {shown(name, 100)}.",
            f"Its outputs are {', '.join(map(repr, self.outputs))}; "
            f"use one of {', '.join(map(repr, candidates[:_MAX_NAMES_LISTED]))}{more}.",
        )

    def feed(self, array: NDArray[Any], *, unit: bool) -> NDArray[Any]:
        """Items (n, ...) as the input wants them.

        ``unit`` says that they are pictures in [0, 1], which become 0 to 255 for integers.

        Raises
        ------
        PoolError
            When they do not fit.
        """
        if array.ndim == len(self.shape) + 1 and 1 in (array.shape[1], array.shape[-1]):
            array = array.squeeze(1 if array.shape[1] == 1 else -1)
        sides = zip(array.shape[1:], self.shape[1:], strict=False)
        if array.ndim != len(self.shape) or any(want not in (None, side) for side, want in sides):
            expected = ", ".join("any" if side is None else str(side) for side in self.shape)
            raise PoolError(
                f"{self.file!r} takes ({expected}), the items are {('n', *array.shape[1:])}.".replace(
                    "'n'", "n"
                ),
                "Pass prepare=, a function items -> array of that shape.",
            )
        if unit and array.ndim > 2 and self.dtype.kind in "ui":
            array = np.rint(array * 255)
        return np.ascontiguousarray(array, self.dtype)

    def run(self, names: Sequence[str], items: NDArray[Any]) -> list[NDArray[Any]]:
        """Tensors by name, each (n, ...), of fed items.

        Raises
        ------
        PoolError
            When the graph fails on them.
        """
        key = tuple(names)
        if key not in self._runners:
            self._runners[key] = Runner(self.model(), self.input, key, self.shape[0], self.file)
        return self._runners[key](items)

    def channels_last(self, name: str) -> bool:
        """Tell whether a tensor (n, ., ., .) has channels last.

        Nodes of ONNX work channels first, others as before.
        """
        node_of_output = {out: node for node in self.model().graph.node for out in node.output}
        while name in node_of_output:
            node = node_of_output[name]
            if any(word in node.op_type for word in _CHANNELS_FIRST):
                return False
            if node.op_type == "Transpose":
                order = [list(a.ints) for a in node.attribute if a.name == "perm"]
                return order == [[0, 2, 3, 1]]
            name = next((tensor for tensor in node.input if tensor in node_of_output), "")
        return self.layout()[1]


def _take_in(model: ModelProto, path: Path) -> None:
    """Read weights that lie in other files.

    They are read from the model's own folder only.
    """
    from onnx.external_data_helper import load_external_data_for_model

    folder = path.parent.resolve()
    is_external = False
    for tensor in _outside(model):
        is_external = True
        where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        if Path(where).is_absolute() or not (folder / where).resolve().is_relative_to(folder):
            raise PoolError(
                f"{path.name!r} wants its weights from outside its folder: {shown(where, 200)}.",
                "Take a model whose files lie together.",
            )
        if not (folder / where).is_file():
            raise PoolError(
                f"{path.name!r} lacks its weights {shown(where, 200)}.", "Put that file beside it."
            )
    if is_external:
        try:
            load_external_data_for_model(model, str(folder))
        except Exception as problem:  # damaged entries raise anything
            raise PoolError(
                f"the weights of {path.name!r} cannot be read: {problem!s:.200}.", "Save the model again."
            ) from None


def _outside(message: Message) -> Iterator[Any]:
    """Every tensor whose data lies in another file."""
    import onnx

    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                yield from _outside(part)
