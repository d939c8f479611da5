"""The last linear layer of an ONNX graph: where it is, and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.onnx.graph import OnnxGraph
from spin_nb.pool.onnx.run import Runner
from spin_nb.types import Float

if TYPE_CHECKING:
    import onnx

MAX_FEATURES = 8192  # numbers an item beyond which a posterior over the last layer takes over 500 MB
MAX_RELATIVE_ERROR = 1e-4  # of logits that are linear in the features
_UNIT_VECTORS_PER_RUN = 512
_SOFTMAX = ("Softmax", "LogSoftmax")
_ON_THE_WAY = (*_SOFTMAX, "Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten")
_WITH_CONSTANT = ("Add", "Sub", "Mul", "Div", "BatchNormalization")


def find_logits(graph: OnnxGraph, name: str | None = None) -> str:
    """Find the name of the logits.

    It is ``name``, or the one output behind a linear layer; before its softmax, if it has one.

    Raises
    ------
    PoolError
        No tensor is called ``name``.
    ModelError
        Several outputs may be meant, or none.
    """
    if name is None:
        outputs = graph.outputs
        candidates = [output for output in outputs if find_features(graph, output) is not None] or outputs
        if len(candidates) > 1:
            raise ModelError(
                f"{graph.file!r} has several outputs: {', '.join(map(repr, outputs))}.",
                "Name one: logits=...",
            )
        name = candidates[0]
    name = graph.require(name)
    nodes = _nodes_by_output(graph)
    at: str | None = name
    while at is not None and at in nodes and nodes[at].op_type in _ON_THE_WAY:
        if nodes[at].op_type in _SOFTMAX:
            return str(nodes[at].input[0])
        at = nodes[at].input[0]
    return name


def find_features(graph: OnnxGraph, logits: str) -> str | None:
    """Find the name of what the last linear layer is given; None where there is none."""
    nodes, constants = _nodes_by_output(graph), _constants(graph)
    at = logits
    while at in nodes:
        node = nodes[at]
        variables = [name for name in node.input if name and name not in constants]
        if node.op_type in ("Gemm", "MatMul"):
            return variables[0] if len(variables) == 1 else None
        if node.op_type in _WITH_CONSTANT and len(variables) != 1:
            return None
        if node.op_type not in (*_ON_THE_WAY, *_WITH_CONSTANT):
            return None
        at = variables[0]
    return None


def last_layer(graph: OnnxGraph, features: str, logits: str, example: NDArray[Any]) -> tuple[Float, Float]:
    """Compute weights (C, d) and biases (C,) of ``logits = features W' + b``.

    The piece of the graph between the two is run on zeros and on unit vectors, which gives both exactly whatever the
    layer is written as, and on random vectors, which shows whether it is linear.

    Parameters
    ----------
    graph : OnnxGraph
    features, logits : str
    example : (n, ...)
        What the graph gave for ``features``.

    Raises
    ------
    ModelError
        The logits do not follow from the features alone, or not linearly; too many features.
    PoolError
        onnxruntime cannot run the piece.
    """
    shape = example.shape[1:]
    width = int(np.prod(shape))
    if max(shape, default=0) < width or width > MAX_FEATURES:
        raise ModelError(
            f"{features!r} has shape {shape} an item; a posterior takes (d,), d up to {MAX_FEATURES:,}.",
            "Name what the last linear layer is given: features=...",
        )
    piece = Runner(_between(graph, features, logits, example), features, [logits], graph.shape[0], graph.file)

    def run(x: Float) -> Float:
        output = piece(x.reshape(len(x), *shape).astype(example.dtype))[0]
        return output.reshape(len(x), -1).astype(np.float64)

    bias = run(np.zeros((1, width), np.float32))[0]
    units = (
        np.eye(width, dtype=np.float32)[at : at + _UNIT_VECTORS_PER_RUN]
        for at in range(0, width, _UNIT_VECTORS_PER_RUN)
    )
    weight = np.concatenate([run(block) for block in units]).T - bias[:, None]
    size = float(np.sqrt(np.mean(np.square(example, dtype=np.float64)))) or 1.0
    random = size * np.random.default_rng(0).standard_normal((16, width), dtype=np.float32)
    logits_of_random = run(random)
    gap = np.abs(logits_of_random - (random @ weight.T + bias)).max()
    if not gap <= MAX_RELATIVE_ERROR * np.abs(logits_of_random).max():
        raise ModelError(
            f"{logits!r} is not a linear function of {features!r} (off by {gap:.2g}).", _advice(graph, logits)
        )
    return weight.astype(np.float32), bias.astype(np.float32)


def _advice(graph: OnnxGraph, logits: str) -> str:
    last = find_features(graph, logits)
    learn = "pass posterior=spin_nb.bayes.LastLayerLaplace, which learns a last layer of its own"
    if last is None:
        return f"Name the logits and what their linear layer is given, or {learn}."
    return f"Leave features= out (the last linear layer is given {last!r}), or {learn}."


def _between(graph: OnnxGraph, features: str, logits: str, example: NDArray[Any]) -> onnx.ModelProto:
    """The piece of the graph that makes logits of features, as a model of its own."""
    import onnx

    model = graph.model()
    node_of = {name: node for node in model.graph.node for name in node.output if name}
    queue, names = [logits], set()
    while queue:
        name = queue.pop()
        if name == features or name in names:
            continue
        names.add(name)
        if name == graph.input:
            raise ModelError(f"{logits!r} does not follow from {features!r} alone.", _advice(graph, logits))
        queue.extend(source for source in (node_of[name].input if name in node_of else ()) if source)
    nodes = [node for node in model.graph.node if names & set(node.output)]
    weights = [tensor for tensor in model.graph.initializer if tensor.name in names]
    kind = onnx.helper.np_dtype_to_tensor_dtype(example.dtype)
    sides = [graph.shape[0] or "n", *example.shape[1:]]
    source = onnx.helper.make_tensor_value_info(features, kind, sides)
    for part in (model.graph.node, model.graph.initializer, model.graph.input, model.graph.value_info):
        del part[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(weights)
    model.graph.input.append(source)
    return model


def _nodes_by_output(graph: OnnxGraph) -> dict[str, onnx.NodeProto]:
    return {name: node for node in graph.model().graph.node for name in node.output if name}


def _constants(graph: OnnxGraph) -> set[str]:
    """Names of weights and of what is computed from weights alone."""
    proto = graph.model().graph
    constants = {tensor.name for tensor in proto.initializer}
    for node in proto.node:
        if constants.issuperset(name for name in node.input if name):
            constants.update(node.output)
    return constants
