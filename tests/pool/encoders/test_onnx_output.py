"""Any tensor of an ONNX file as features, whatever wrote the file."""

from __future__ import annotations

import copy

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.onnx_output import OnnxOutput
from spin_nb.pool.encoders.saved import load_encoder, save_encoder
from spin_nb.pool.features.cache import features
from spin_nb.pool.onnx.graph import OnnxGraph, read_onnx
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool
from spin_nb.testing import check_encoder

ITEMS = list(samples.digits().items[:41])
UNIT = np.stack(ITEMS).astype(np.float32) / 255


def centred(numbers):
    return numbers - numbers.mean(axis=0)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 10)).eval()


def by_torch(part):
    with torch.no_grad():
        return part(torch.from_numpy(UNIT[:, None])).numpy()


@pytest.mark.parametrize("dynamic", [True, False])
def test_an_output_of_torch(net, save_torch, dynamic):
    path = save_torch(net, torch.zeros(1, 1, 8, 8), dynamic=dynamic)
    found = spin.encoders.OnnxOutput(path, "logits").fit(ITEMS).encode(ITEMS)
    np.testing.assert_allclose(found, centred(by_torch(net)), atol=1e-5)


def test_a_static_batch_that_the_items_do_not_fill(net, save_torch):
    path = save_torch(net, torch.zeros(16, 1, 8, 8), dynamic=False)
    encoder = OnnxOutput(path, "logits").fit(ITEMS)
    np.testing.assert_allclose(encoder.encode(ITEMS), centred(by_torch(net)), atol=1e-5)
    assert encoder.encode([]).shape == (0, 10)


def test_a_tensor_inside_is_averaged_over_positions(net, save_torch):
    path = save_torch(net, torch.zeros(1, 1, 8, 8))
    before = path.read_bytes()
    inside = next(node.output[0] for node in onnx.load(path).graph.node if node.op_type == "Relu")
    found = OnnxOutput(path, inside).fit(ITEMS).encode(ITEMS)
    np.testing.assert_allclose(found, centred(by_torch(net[:2]).mean(axis=(2, 3))), atol=1e-5)
    assert path.read_bytes() == before


@pytest.mark.parametrize("batch", [0, 1, 8])
def test_keras_with_channels_last(keras, batch):
    file = keras(batch=batch)
    pictures = UNIT[..., None]
    for name, wanted in {
        "probs": file.probs(pictures),
        "pooled": file.features(pictures),
        "relu": file.features(pictures),  # channels first inside, and averaged
        "back": file.features(pictures),  # channels last, and averaged
    }.items():
        found = OnnxOutput(file.path, name).fit(ITEMS).encode(ITEMS)
        np.testing.assert_allclose(found, centred(wanted), atol=1e-5, err_msg=name)


def test_it_keeps_the_contract(keras):
    path = keras().path
    check_encoder(lambda: OnnxOutput(path, "pooled"), ITEMS)


def test_grey_becomes_rgb_and_takes_the_declared_size(keras):
    encoder = OnnxOutput(keras(channels=3, side=12).path, "pooled").fit(ITEMS)
    assert encoder._spec(ITEMS).shape == (41, 12, 12, 3)


def small(nodes, inputs, *, kind=TensorProto.FLOAT, weights=(), output="y", opset=16):
    """A graph of a few nodes with one input "x"."""
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", kind, inputs)],
        [helper.make_empty_tensor_value_info(output)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in dict(weights).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return OnnxGraph(model.SerializeToString(), "small.onnx")


def test_integers_are_fed_0_to_255_and_three_axes_are_grey():
    graph = small(
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], ["n", 8, 8], kind=TensorProto.UINT8
    )
    found = OnnxOutput(graph, "y").fit(ITEMS).encode(ITEMS)
    np.testing.assert_allclose(found, centred(np.stack(ITEMS).reshape(41, -1).astype(float)), atol=1e-4)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_floats_become_float32(kind):
    graph = small([helper.make_node("Neg", ["x"], ["y"])], ["n", 1, None, None], kind=kind)
    found = OnnxOutput(graph, "y").fit(ITEMS).encode(ITEMS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], centred(-UNIT.mean(axis=(1, 2))), atol=1e-3)


def test_vectors_and_prepare():
    graph = small([helper.make_node("Neg", ["x"], ["y"])], ["n", 3])
    vectors = [np.arange(3, dtype=np.float32), np.ones(3, np.float32)]
    np.testing.assert_array_equal(
        OnnxOutput(graph, "y").fit(vectors).encode(vectors), centred(-np.stack(vectors))
    )
    encoder = OnnxOutput(graph, "y", prepare=lambda items: [[len(item), 1, 2] for item in items])
    np.testing.assert_array_equal(encoder.fit(["ab"]).encode(["ab", "abc"]), [[0, 0, 0], [-1, 0, 0]])
    assert encoder.to_onnx() is None
    with pytest.raises(PoolError, match=r"takes \(any, 3\), the items are \(n, 1, 8, 8\)") as caught:
        OnnxOutput(graph, "y").fit(ITEMS)
    assert "prepare=" in caught.value.do


# -- what is refused ------------------------------------------------------------------------------------------


def test_a_missing_output_lists_what_there_is(keras):
    with pytest.raises(PoolError, match="computes no 'prob'") as caught:
        OnnxOutput(keras().path, "prob")
    assert "'probs'" in caught.value.do
    assert "'pooled'" in caught.value.do


@pytest.mark.parametrize(
    "content", [b"", b"no ONNX at all", b"PK\x03\x04" + bytes(200)], ids=["empty", "text", "zip"]
)
def test_a_file_that_is_no_onnx(tmp_path, content):
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(PoolError) as caught:
        read_onnx(tmp_path / "x.onnx")
    assert "tf2onnx" in caught.value.do


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none.onnx", tmp_path):
        with pytest.raises(PoolError):
            read_onnx(path)


def test_a_cut_file_is_refused(keras, tmp_path):
    content = keras().path.read_bytes()
    (tmp_path / "cut.onnx").write_bytes(content[: len(content) // 2])
    with pytest.raises(PoolError):
        OnnxOutput(tmp_path / "cut.onnx", "probs").fit(ITEMS)


def test_several_inputs_are_named():
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "two",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "ab"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    )
    with pytest.raises(PoolError, match="2 inputs: a, b"):
        OnnxGraph(helper.make_model(graph).SerializeToString(), "two.onnx")


def test_an_operator_nobody_knows_is_told():
    graph = small([helper.make_node("Conjure", ["x"], ["y"])], ["n", 3])
    with pytest.raises(PoolError, match="cannot load"):
        OnnxOutput(graph, "y").fit([np.ones(3, np.float32)])


def test_a_tensor_without_a_row_an_item_is_told():
    graph = small([helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], ["n", 3])
    with pytest.raises(PoolError, match="row an item"):
        OnnxOutput(graph, "y").fit([np.ones(3, np.float32)])


def test_nan_features_name_the_items(tmp_path):
    graph = small([helper.make_node("Log", ["x"], ["y"])], ["n", 2])
    pool = Pool.save(tmp_path, read_pool(np.array([[1.0, 2.0], [-1.0, 3.0]])))
    with pytest.raises(PoolError, match="item-000001"):
        features(pool, OnnxOutput(graph, "y"))


def external(folder, location):
    weights = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8)
    held = model.graph.initializer[0]
    content = bytes(held.raw_data)
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value=str(location))
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder / "model.onnx", content


def test_weights_beside_the_file_are_taken_in(tmp_path):
    path, content = external(tmp_path / "net", "weights.bin")
    (path.parent / "weights.bin").write_bytes(content)
    graph = read_onnx(path)
    (path.parent / "weights.bin").unlink()
    np.testing.assert_array_equal(graph.run(["y"], np.ones((1, 3), np.float32))[0], [[3, 3]])


def test_weights_from_outside_the_folder_are_refused(tmp_path):
    (tmp_path / "secret.bin").write_bytes(np.ones((3, 2), np.float32).tobytes())
    for location in ("../secret.bin", tmp_path / "secret.bin"):
        path, _ = external(tmp_path / "net", location)
        with pytest.raises(PoolError, match="outside its folder"):
            read_onnx(path)
    path, _ = external(tmp_path / "net", "link.bin")
    (path.parent / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(PoolError, match="outside its folder"):
        read_onnx(path)
    with pytest.raises(PoolError, match="does not hold all its weights"):
        OnnxGraph(path.read_bytes(), "model.onnx")


def test_missing_and_short_weights_are_told(tmp_path):
    path, content = external(tmp_path / "net", "weights.bin")
    with pytest.raises(PoolError, match="lacks its weights"):
        read_onnx(path)
    (path.parent / "weights.bin").write_bytes(content[:5])
    with pytest.raises(PoolError):
        OnnxOutput(path, "y").fit([np.ones(3, np.float32)])


# -- project --------------------------------------------------------------------------------------------------


def test_it_is_kept_and_found_again_without_the_file(keras, tmp_path):
    file = keras()
    encoder = OnnxOutput(file.path, "pooled").fit(ITEMS)
    (tmp_path / "pool").mkdir()
    save_encoder(encoder, tmp_path)
    file.path.unlink()
    kept = load_encoder(encoder.name, tmp_path).fit(ITEMS)
    np.testing.assert_array_equal(kept.encode(ITEMS), encoder.encode(ITEMS))
    assert kept.settings == encoder.settings


def test_another_file_or_output_is_another_cache(keras):
    one = OnnxOutput(keras().path, "pooled").settings
    assert one != OnnxOutput(keras().path, "dense").settings
    assert one != OnnxOutput(keras(n_classes=4, name="b.onnx").path, "pooled").settings
    assert one == OnnxOutput(keras(name="c.onnx").path, "pooled").settings


def test_a_graph_survives_copying(keras):
    graph = read_onnx(keras().path)
    graph.run(["probs"], UNIT[..., None])
    assert copy.deepcopy(graph) is graph
