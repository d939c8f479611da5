"""The graph check: what TensorRT 8.5 could not read is found and named."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from spin_nb.errors import ExportError
from spin_nb.export.tensorrt import check_graph


def graph(op="Relu", *, opset=16, ir=8, domain="", shape=("batch", 4), dtype=TensorProto.FLOAT, **attributes):
    x = helper.make_tensor_value_info("input", dtype, shape)
    y = helper.make_tensor_value_info("probs", dtype, shape)
    node = helper.make_node(op, ["input"], ["probs"], domain=domain, **attributes)
    imports = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]), opset_imports=imports)
    model.ir_version = ir
    return model


def test_a_plain_graph_passes_and_its_operators_are_listed():
    assert check_graph(graph()) == ["Relu"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (graph(opset=18), "opset 18, above 16"),
        (graph(ir=10), "IR version 10, above 8"),
        (graph("Mish2", domain="com.example"), "domain 'com.example'"),
        (graph("RandomUniformLike"), "operator RandomUniformLike"),
        (graph("Reciprocal"), "operator Reciprocal"),
        (graph(shape=("batch", "width")), "dynamic axis beside the batch"),
        (graph(shape=("batch", None)), "dynamic axis beside the batch"),
        (graph(dtype=TensorProto.DOUBLE), "is DOUBLE, not FLOAT"),
    ],
)
def test_what_does_not_fit_is_named(model, words):
    with pytest.raises(ExportError, match=words):
        check_graph(model)


def test_layer_normalization_is_found():
    model = graph(opset=17)
    scale = onnx.numpy_helper.from_array(np.ones(4, np.float32), "scale")
    model.graph.initializer.append(scale)
    model.graph.node[0].CopyFrom(helper.make_node("LayerNormalization", ["input", "scale"], ["probs"]))
    with pytest.raises(ExportError, match="operator LayerNormalization"):
        check_graph(model)


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ExportError) as caught:
        check_graph(graph("Reciprocal", opset=18, ir=10))
    assert all(words in caught.value.what for words in ("opset 18", "IR version 10", "Reciprocal"))
