"""What TensorRT 8.5 (JetPack 5, the last for Xavier) can parse; everything newer reads it too."""

from __future__ import annotations

from typing import Any

from spin_nb.errors import ExportError

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
ALLOWED = frozenset(_NAMES.split())


def check_graph(model: Any) -> list[str]:
    """Check an ONNX model against what the oldest target reads.

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
    found = [
        *_versions(model),
        *[f"operator {name}" for name in operators if name not in ALLOWED],
        *[problem for value in model.graph.input for problem in _tensor(value, "input")],
        *[problem for value in model.graph.output for problem in _tensor(value, "output")],
        *[
            f"64-bit weights {w.name}"
            for w in model.graph.initializer
            if w.data_type == onnx.TensorProto.DOUBLE
        ],
    ]
    if found:
        raise ExportError(
            f"the graph would not run on TensorRT 8.5: {'; '.join(found)}.",
            "Use a built-in encoder, or one whose module keeps to the operators in spin_nb.export.tensorrt.ALLOWED.",
        )
    return operators


def _versions(model: Any) -> list[str]:
    found = []
    if model.ir_version > IR_VERSION:
        found.append(f"IR version {model.ir_version}, above {IR_VERSION}")
    for used in model.opset_import:
        if used.domain not in ("", "ai.onnx"):
            found.append(f"operators of domain {used.domain!r}")
        elif used.version > OPSET:
            found.append(f"opset {used.version}, above {OPSET}")
    if any(node.domain not in ("", "ai.onnx") for node in model.graph.node) or model.functions:
        found.append("operators that are not ONNX's own")
    return found


def _tensor(value: Any, kind: str) -> list[str]:
    import onnx

    tensor = value.type.tensor_type
    found = []
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        found.append(f"{kind} {value.name} is {onnx.TensorProto.DataType.Name(tensor.elem_type)}, not FLOAT")
    if any(not axis.HasField("dim_value") for axis in tensor.shape.dim[1:]):
        found.append(f"{kind} {value.name} has a dynamic axis beside the batch")
    return found
