"""An ONNX model of any framework: its own features, its own logits, a posterior about its own last layer."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from spin_nb.bayes import LastLayerLaplace
from spin_nb.bayes.predictive import softmax
from spin_nb.errors import Cancelled, ModelError, NotTrainedError, PoolError, SpinError, UnknownWordError
from spin_nb.models.onnx import OnnxModel
from spin_nb.models.onnx_last_layer import find_features, find_logits, last_layer
from spin_nb.pool.inputs.inputs import Inputs
from spin_nb.pool.onnx.graph import OnnxGraph, read_onnx
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.pool.sources.samples import digits
from spin_nb.testing import check_model

X = digits().items[:300, None].astype(np.float32) / 255
Y = np.array([int(label) for label in digits().labels[:300]])


class Net(nn.Module):
    """Convolution, then a linear layer; ``forward`` gives the logits."""

    def __init__(self, n_classes=10, ending=None):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.head = nn.Linear(8 * 3 * 3, n_classes)
        self.ending = ending or nn.Identity()

    def forward(self, x):
        return self.ending(self.head(self.body(x)))


@pytest.fixture(scope="module")
def net():
    """Trained on the first 200 digits, so that its logits mean something."""
    made = Net()
    step = torch.optim.Adam(made.parameters(), 0.01)
    for _ in range(60):
        step.zero_grad()
        nn.functional.cross_entropy(made(torch.from_numpy(X[:200])), torch.from_numpy(Y[:200])).backward()
        step.step()
    return made.eval()


def numbers(module, x):
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize(
    "ending", [None, nn.Softmax(1), nn.LogSoftmax(1)], ids=["logits", "softmax", "log-softmax"]
)
def test_features_and_last_layer_are_those_of_the_torch_network(net, save_torch, dynamic, ending):
    net = copy.deepcopy(net)
    net.ending = ending or nn.Identity()
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8), dynamic=dynamic))
    model.fit(X[200:230], Y[200:230], n_classes=10)
    np.testing.assert_allclose(model.features(X), numbers(net.body, X), atol=1e-5)
    np.testing.assert_allclose(model.posterior.weight, net.head.weight.detach(), atol=1e-5)
    np.testing.assert_allclose(model.posterior.bias, net.head.bias.detach(), atol=1e-6)


def test_the_mean_follows_the_models_own_logits(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8))).fit(X[200:], Y[200:], n_classes=10)
    own, mean = softmax(numbers(net, X)), model.predict(X).mean
    assert (own.argmax(1) == Y).mean() > 0.9
    np.testing.assert_array_equal(mean.argmax(1), own.argmax(1))
    more = OnnxModel(model.graph).fit(np.tile(X, (9, 1, 1, 1)), np.tile(Y, 9), n_classes=10).predict(X)
    assert np.abs(more.mean - own).mean() < np.abs(mean - own).mean(), (
        "with more labels it is the model's own"
    )
    assert more.epistemic.mean() < model.predict(X).epistemic.mean()


def test_the_laplace_is_that_about_the_given_layer(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8))).fit(X[200:], Y[200:], n_classes=10)
    weight, bias = (part.detach().numpy() for part in (net.head.weight, net.head.bias))
    wanted = LastLayerLaplace.around(weight, bias).fit(numbers(net.body, X[200:]), Y[200:], n_classes=10)
    found, wanted = model.predict(X), wanted.predict(numbers(net.body, X))
    np.testing.assert_allclose(found.mean, wanted.mean, atol=1e-4)
    np.testing.assert_allclose(found.epistemic, wanted.epistemic, atol=1e-4)


@pytest.mark.parametrize("batch", [0, 1, 32])
def test_keras_with_channels_last_and_a_softmax(keras, batch):
    file = keras(batch=batch)
    model = OnnxModel(file.path)
    assert model.form == {"size": (1, 8, 8), "last": True, "prepare": None}
    pictures = np.moveaxis(X, 1, 3)
    y = file.probs(pictures).argmax(1)
    model.fit(pictures[:40], y[:40], n_classes=3)
    np.testing.assert_allclose(model.features(pictures), file.features(pictures), atol=1e-5)
    np.testing.assert_allclose(model.posterior.weight, file.weight.T, atol=1e-5)
    np.testing.assert_allclose(model.posterior.bias, file.bias, atol=1e-5)
    np.testing.assert_array_equal(model.predict(pictures).mean.argmax(1), y)


def test_inputs_prepared_by_its_form_fit_it(keras, tmp_path):
    model = OnnxModel(keras(channels=3, side=10).path)
    inputs = Inputs(Pool.save(tmp_path, read_pool(digits())), **model.form)
    assert inputs.shape == (10, 10, 3)
    assert model.features(inputs.rows([0, 1])).shape == (2, 6)


def test_it_keeps_the_contract_of_a_model(save_torch):
    from spin_nb.testing import _pictures

    x, y = _pictures()
    made = Net(4)
    step = torch.optim.Adam(made.parameters(), 0.01)
    for _ in range(60):
        step.zero_grad()
        nn.functional.cross_entropy(made(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        step.step()
    path = save_torch(made.eval(), torch.zeros(1, 1, 8, 8))
    check_model(lambda: OnnxModel(path))
    check_model(lambda: OnnxModel(path, posterior="graph"))


def test_another_posterior_is_learnt_on_the_features(net, save_torch):
    path = save_torch(net, torch.zeros(1, 1, 8, 8))
    parity = OnnxModel(path, posterior=LastLayerLaplace).fit(X[:200], Y[:200] % 2, n_classes=2)
    assert (parity.predict(X[200:]).mean.argmax(1) == Y[200:] % 2).mean() > 0.85
    named = OnnxModel(path, features=find_features(parity.graph, "logits"), posterior="graph")
    assert named.fit(X[:50], Y[:50], n_classes=10).predict(X[:5]).mean.shape == (5, 10)


def test_other_classes_than_the_models_are_refused_with_a_way_on(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8)))
    with pytest.raises(SpinError, match="10 logits, the project 3 classes") as caught:
        model.fit(X[:9], Y[:9] % 3, n_classes=3)
    assert "LastLayerLaplace" in caught.value.do


def test_a_fit_that_fails_leaves_the_last_good_one(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8))).fit(X[:50], Y[:50], n_classes=10)
    before = model.predict(X).mean
    for x, y, n_classes in (
        (X[:5], Y[:5] % 3, 3),
        (X[:5] * np.nan, Y[:5], 10),
        (X[:0], Y[:0], 10),
        (X[:5], Y[:4], 10),
    ):
        with pytest.raises(SpinError):
            model.fit(x, y, n_classes=n_classes)
    with pytest.raises(Cancelled):
        model.fit(X[:5], Y[:5], n_classes=10, is_cancelled=lambda: True)
    np.testing.assert_array_equal(model.predict(X).mean, before)


def test_a_batch_of_one_and_one_class_only(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8))).fit(X[:1], Y[:1], n_classes=10)
    assert np.isfinite(model.predict(X[:1]).mean).all()
    assert model.predict(X[:0]).mean.shape == (0, 10)


def test_what_was_not_fitted_says_so(net, save_torch):
    with pytest.raises(NotTrainedError):
        OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8))).predict(X)


def test_items_of_another_shape_are_told(net, save_torch):
    model = OnnxModel(save_torch(net, torch.zeros(1, 1, 8, 8)))
    with pytest.raises(PoolError, match="takes") as caught:
        model.fit(X[:3, :, :5], Y[:3], n_classes=10)
    assert "prepare=" in caught.value.do


# -- finding the last layer -----------------------------------------------------------------------------------


def graph_of(nodes, weights, *, inputs=("n", 4), outputs=("y",), opset=16):
    values = [helper.make_empty_tensor_value_info(name) for name in outputs]
    tensors = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    source = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(inputs))
    graph = helper.make_graph(nodes, "g", [source], values, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return OnnxGraph(model.SerializeToString(), "g.onnx")


RNG = np.random.default_rng(1)
W, B = RNG.normal(size=(4, 3)).astype(np.float32), RNG.normal(size=3).astype(np.float32)
TANH = helper.make_node("Tanh", ["x"], ["f"])
LAYERS = {
    "MatMul and Add": [
        helper.make_node("MatMul", ["f", "W"], ["m"]),
        helper.make_node("Add", ["b", "m"], ["y"]),
    ],
    "Gemm": [helper.make_node("Gemm", ["f", "W", "b"], ["y"])],
    "transposed Gemm": [
        helper.make_node("Transpose", ["W"], ["T"], perm=[1, 0]),
        helper.make_node("Gemm", ["f", "T", "b"], ["y"], transB=1),
    ],
    "through a shape": [
        helper.make_node("MatMul", ["f", "W"], ["m"]),
        helper.make_node("Unsqueeze", ["m", "two"], ["u"]),
        helper.make_node("Squeeze", ["u", "two"], ["s"]),
        helper.make_node("Add", ["s", "b"], ["y"]),
    ],
}


@pytest.mark.parametrize("nodes", LAYERS.values(), ids=LAYERS)
def test_weights_are_found_however_the_layer_is_written(nodes):
    graph = graph_of([TANH, *nodes], {"W": W, "b": B, "two": np.array([2])})
    logits = find_logits(graph)
    assert find_features(graph, logits) == "f"
    weight, bias = last_layer(graph, "f", logits, np.ones((1, 4), np.float32))
    np.testing.assert_allclose(weight, W.T, atol=1e-6)
    np.testing.assert_allclose(bias, B, atol=1e-6)


def test_a_layer_without_biases_has_zeros():
    graph = graph_of([TANH, helper.make_node("MatMul", ["f", "W"], ["y"])], {"W": W})
    assert (last_layer(graph, "f", "y", np.ones((1, 4), np.float32))[1] == 0).all()


def test_features_that_are_not_before_the_last_layer_are_refused(net, save_torch):
    graph = read_onnx(save_torch(net, torch.zeros(1, 1, 8, 8)))
    tanh = graph_of(
        [
            helper.make_node("MatMul", ["x", "V"], ["early"]),
            helper.make_node("Relu", ["early"], ["late"]),
            helper.make_node("MatMul", ["late", "W"], ["y"]),
        ],
        {"V": np.eye(4, dtype=np.float32), "W": W},
    )
    with pytest.raises(ModelError, match="not a linear function of 'early'") as caught:
        OnnxModel(tanh, features="early").fit(np.ones((2, 4), np.float32), [0, 1], n_classes=3)
    assert "'late'" in caught.value.do
    first = graph.tensors[0]
    with pytest.raises(ModelError, match="shape"):
        OnnxModel(graph, features=first).fit(X[:5], Y[:5], n_classes=10)


def test_logits_that_see_past_the_features_are_refused():
    graph = graph_of(
        [TANH, helper.make_node("MatMul", ["f", "W"], ["m"]), helper.make_node("MatMul", ["x", "W"], ["skip"]),
         helper.make_node("Add", ["m", "skip"], ["y"])],
        {"W": W},
    )  # fmt: skip
    with pytest.raises(ModelError, match="no linear layer") as caught:
        OnnxModel(graph)
    assert "'f'" in caught.value.do
    with pytest.raises(ModelError, match="does not follow from 'f' alone"):
        OnnxModel(graph, features="f").fit(np.ones((2, 4), np.float32), [0, 1], n_classes=3)


def test_missing_names_list_what_there_is(keras):
    for given in ({"features": "pool"}, {"logits": "logit"}):
        with pytest.raises(PoolError, match="computes no") as caught:
            OnnxModel(keras().path, **given)
        assert "'pooled'" in caught.value.do
    with pytest.raises(UnknownWordError):
        OnnxModel(keras().path, posterior="laplas")


def test_several_outputs_need_a_name_unless_one_alone_ends_in_a_layer():
    nodes = [
        TANH,
        helper.make_node("Gemm", ["f", "W", "b"], ["y"]),
        helper.make_node("Gemm", ["f", "W"], ["z"]),
    ]
    both = graph_of(nodes, {"W": W, "b": B}, outputs=("y", "z"))
    with pytest.raises(ModelError, match="'y', 'z'"):
        OnnxModel(both)
    x = np.ones((2, 4), np.float32)
    assert OnnxModel(both, logits="z").fit(x, [0, 1], n_classes=3).posterior.bias.tolist() == [0, 0, 0]
    with_features = graph_of(nodes, {"W": W, "b": B}, outputs=("f", "y"))
    np.testing.assert_allclose(
        OnnxModel(with_features).fit(x, [0, 1], n_classes=3).posterior.bias, B, atol=1e-6
    )


def test_nan_features_are_told():
    graph = graph_of(
        [helper.make_node("Log", ["x"], ["f"]), helper.make_node("MatMul", ["f", "W"], ["y"])], {"W": W}
    )
    with pytest.raises(ModelError, match="NaN"):
        OnnxModel(graph).fit(-np.ones((2, 4), np.float32), [0, 1], n_classes=3)


def test_it_comes_back_from_its_arrays(keras):
    file = keras()
    pictures = np.moveaxis(X, 1, 3)
    model = OnnxModel(file.path).fit(pictures[:40], file.probs(pictures[:40]).argmax(1), n_classes=3)
    again = OnnxModel.from_arrays(
        model.to_arrays(), LastLayerLaplace.from_arrays(model.posterior.to_arrays())
    )
    np.testing.assert_array_equal(again.predict(pictures).mean, model.predict(pictures).mean)
    assert OnnxModel(file.path, prepare=lambda items: items).to_arrays() == {}
    np.testing.assert_array_equal(copy.deepcopy(model).predict(pictures).mean, model.predict(pictures).mean)
