"""Operators that TensorRT 8.5 parses (JetPack 5, the last for Xavier); everything newer reads them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.errors import ExportError

if TYPE_CHECKING:
    import onnx

OPSET = 16
"""Above it torch writes LayerNormalization, which TensorRT 8.5 lacks."""
IR_VERSION = 8
"""onnxruntime of JetPack 5 reads no more than 9."""

# What onnx-tensorrt's docs/operators.md marks "Y" for TensorRT 8.4.  Left out on purpose:
# control flow, random numbers (TensorRT ignores their seed) and what it calls experimental.
_NAMES = (
    "Abs Add ArgMax ArgMin AveragePool BatchNormalization Cast Clip Concat Constant "
    "ConstantOfShape Conv ConvTranspose Div Elu Equal Erf Exp Expand Flatten Gather Gemm "
    "GlobalAveragePool GlobalMaxPool Greater HardSigmoid Identity InstanceNormalization "
    "LeakyRelu Less Log LogSoftmax MatMul Max MaxPool Min Mul Neg Pad Pow PRelu ReduceL2 "
    "ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape Shape Sigmoid "
    "Slice Softmax Softplus Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where"
)
ALLOWED_OPERATORS = frozenset(_NAMES.split())


def check_graph(model: onnx.ModelProto) -> list[str]:
    """Check an ONNX model for the oldest target.

    Parameters
    ----------
    model : onnx.ModelProto
        Weights inside, no external data.

    Returns
    -------
    list of str
        The operators it uses, sorted.

    Raises
    ------
    ExportError
        With everything that does not fit: opset above 16, IR above 8, another domain than ONNX's own, an
        operator off the list, a dynamic axis other than the batch, an input or output that is not float32.
    """
    import onnx

    onnx.checker.check_model(model, full_check=True)
    operators = sorted({node.op_type for node in model.graph.node})
    problems = [
        *_versions(model),
        *[f"operator {name}" for name in operators if name not in ALLOWED_OPERATORS],
        *[problem for value in model.graph.input for problem in _tensor(value, "input")],
        *[problem for value in model.graph.output for problem in _tensor(value, "output")],
        *[
            f"64-bit weights {w.name}"
            for w in model.graph.initializer
            if w.data_type == onnx.TensorProto.DOUBLE
        ],
    ]
    if problems:
        raise ExportError(
            f"the graph would not run on TensorRT 8.5: {'; '.join(problems)}.",
            "Use a built-in encoder, or one whose module keeps to spin_nb.export.tensorrt.ALLOWED_OPERATORS.",
        )
    return operators


def _versions(model: onnx.ModelProto) -> list[str]:
    problems = []
    if model.ir_version > IR_VERSION:
        problems.append(f"IR version {model.ir_version}, above {IR_VERSION}")
    for opset in model.opset_import:
        if opset.domain not in ("", "ai.onnx"):
            problems.append(f"operators of domain {opset.domain!r}")
        elif opset.version > OPSET:
            problems.append(f"opset {opset.version}, above {OPSET}")
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node) or model.functions:
        problems.append("operators that are not ONNX's own")
    return problems


def _tensor(value: onnx.ValueInfoProto, kind: str) -> list[str]:
    import onnx

    tensor = value.type.tensor_type
    problems = []
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        problems.append(
            f"{kind} {value.name} is {onnx.TensorProto.DataType.Name(tensor.elem_type)}, not FLOAT"
        )
    if any(not axis.HasField("dim_value") for axis in tensor.shape.dim[1:]):
        problems.append(f"{kind} {value.name} has a dynamic axis beside the batch")
    return problems
