"""Whole networks: fine-tuned from the same beginning, a posterior on their features, what goes wrong is said."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import LastLayerLaplace
from spin_nb.errors import Cancelled, ModelError, NotTrainedError, UnknownWordError
from spin_nb.models.network import Network

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    y = np.arange(45) % 3
    x = rng.normal(0, 0.3, (45, 1, 8, 8))
    for c, area in enumerate([np.s_[:4, :4], np.s_[4:, :4], np.s_[:4, 4:]]):
        x[(y == c, 0, *area)] += 2
    return x.astype(np.float32), y


def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 3))


@pytest.mark.parametrize(
    "posterior", ["laplace", "graph", "dropout", "ensemble", lambda: LastLayerLaplace("diag")]
)
@pytest.mark.parametrize("net", ["mlp", "cnn", small])
def test_any_posterior_goes_on_any_network(pictures, net, posterior):
    x, y = pictures
    predictive = Network(net, posterior, steps=60).fit(x, y, n_classes=3).predict(x)
    testing.check_predictive(predictive, 45, 3)
    assert (predictive.mean.argmax(axis=1) == y).mean() > 0.9


@pytest.mark.parametrize("posterior", ["laplace-all", "laplace-subnet"])
def test_laplace_over_all_weights_is_over_those_of_the_network_itself(pictures, posterior):
    x, y = pictures
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 3))
    network = Network(net, posterior, steps=60).fit(x, y, n_classes=3)
    assert network.posterior is None
    predictive = network.predict(x)
    testing.check_predictive(predictive, 45, 3)
    with torch.no_grad():
        logits = network._fit_result[0](torch.from_numpy(x)).numpy()
    drawn = predictive.joint_logits(np.arange(45), 64, 0)
    assert np.allclose(drawn.mean(axis=0), logits, atol=1e-4), "antithetic draws about the network as trained"
    testing.check_model(lambda: Network(nn.Sequential(nn.Flatten(), nn.Linear(64, 4)), posterior, steps=60))


@pytest.mark.parametrize("posterior", ["laplace", "dropout", "ensemble"])
@pytest.mark.parametrize("net", ["mlp", "cnn", small])
def test_a_network_keeps_the_contract_of_a_model(net, posterior):
    if net is small:
        net = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 4))
    testing.check_model(lambda: Network(net, posterior, steps=60))


def test_a_posterior_on_top_may_be_an_object_or_a_classifier(pictures):
    from sklearn.linear_model import LogisticRegression

    x, y = pictures
    mine = LastLayerLaplace("diag")
    for posterior in (mine, LogisticRegression()):
        network = Network("mlp", posterior, steps=40).fit(x, y, n_classes=3)
        testing.check_predictive(network.predict(x), 45, 3)
    assert mine.weight.size == 0, "the person's own object is not fitted"
    with pytest.raises(ModelError, match="no posterior"):
        Network("mlp", 3)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ModelError, match="no device 'cuda:99'"):
        Network("mlp", device="cuda:99")
    assert str(Network("mlp", device="cpu")._device) == "cpu"


def test_the_features_are_what_the_last_layer_sees(pictures):
    x, y = pictures
    network = Network(small, steps=20).fit(x, y, n_classes=3)
    net = network._fit_result[0]
    with torch.no_grad():
        assert np.allclose(net[:-1](torch.from_numpy(x)).numpy(), network.features(x), atol=1e-5)
    assert np.allclose(network.features(x[4:5]), network.features(x)[4:5], atol=1e-5), (
        "batch norm is in eval mode"
    )


def test_every_round_begins_anew(pictures):
    x, y = pictures
    mine = small()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    network = Network(mine, steps=30)
    first = network.fit(x, y, n_classes=3).features(x)
    with torch.no_grad():
        mine[1].weight.zero_()  # what becomes of the person's own network does not matter
    assert np.array_equal(network.fit(x, y, n_classes=3).features(x), first)
    assert all(
        (value == before[name]).all() for name, value in mine.state_dict().items() if name != "1.weight"
    )
    made = []
    network = Network(lambda: made.append(1) or small(), steps=5)
    network.fit(x, y, n_classes=3)
    network.fit(x, y, n_classes=3)
    assert len(made) == 2


@pytest.mark.parametrize("paired", [False, True])
def test_a_torch_data_set_is_an_array(pictures, paired):
    x, y = pictures
    tensors = [torch.from_numpy(x), torch.from_numpy(y)]
    items = torch.utils.data.TensorDataset(*tensors[: 1 + paired])
    network = Network(small, steps=10)
    from_array = network.fit(x, y, n_classes=3).predict(x).mean
    assert np.array_equal(network.fit(items, y, n_classes=3).predict(items).mean, from_array)
    assert np.array_equal(network.predict(tensors[0]).mean, from_array)


def test_progress_is_told_and_a_person_may_cancel(pictures):
    x, y = pictures
    heard = []
    network = Network(small, steps=20)
    network.fit(x, y, n_classes=3, progress=lambda part, words: heard.append((part, words)))
    parts = [part for part, _ in heard]
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
    assert "45 labels" in heard[0][1]
    good = network.predict(x).mean
    with pytest.raises(Cancelled):
        network.fit(x, y, n_classes=3, is_cancelled=lambda: True)
    assert np.array_equal(network.predict(x).mean, good), "the last good model stays"


def test_a_loss_that_is_not_finite_leaves_the_last_good_model(pictures):
    x, y = pictures
    rounds = []

    def factory():
        net = small()
        rounds.append(1)
        if len(rounds) > 1:
            with torch.no_grad():
                net[-1].bias.fill_(float("nan"))
        return net

    network = Network(factory, steps=10)
    good = network.fit(x, y, n_classes=3).predict(x).mean
    with pytest.raises(ModelError, match="loss became nan"):
        network.fit(x, y, n_classes=3)
    assert np.array_equal(network.predict(x).mean, good)


@pytest.mark.parametrize("n", [1, 3])
def test_one_label_or_one_class_only(pictures, n):
    x, _ = pictures
    predictive = Network(small, steps=10).fit(x[:n], np.full(n, 2), n_classes=3).predict(x)
    testing.check_predictive(predictive, 45, 3)


def test_bad_input_is_refused(pictures):
    x, y = pictures
    cases = [
        (nn.Sequential(*small(), nn.Tanh()), "not linear"),
        (nn.Sequential(nn.Flatten(), nn.LazyConv1d(3, 1)), "fails on inputs|not linear|gives"),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 7)), r"shape \(1, 7\) for 1 items"),
        (nn.Sequential(*small(), nn.Softmax(1)), "probabilities, logits are due"),
        (nn.Sequential(nn.Flatten(), nn.Linear(63, 3)), "fails on inputs"),
        (small().requires_grad_(False), "no parameter to train"),
        (lambda: 1 / 0, "division by zero"),
    ]
    for net, says in cases:
        with pytest.raises(ModelError, match=says):
            Network(net, steps=2).fit(x, y, n_classes=3)
    network = Network(small, steps=2)
    with pytest.raises(NotTrainedError):
        network.predict(x)
    with pytest.raises(ModelError, match="nothing to fit"):
        network.fit(x[:0], y[:0], n_classes=3)
    with pytest.raises(ModelError, match="NaN"):
        network.fit(np.full_like(x, np.nan), y, n_classes=3)
    with pytest.raises(ModelError, match="different shapes"):
        network.fit([x[0], x[1, :, :4]], y[:2], n_classes=3)
    with pytest.raises(ModelError, match="looked up"):
        network.fit(iter(x), y, n_classes=3)
    with pytest.raises(ModelError, match="made for"):
        network.fit(x, y, n_classes=3).predict(x[:, :, :4])
    with pytest.raises(ModelError, match="no pictures"):
        Network("cnn").fit(x[:, 0, 0], y, n_classes=3)
    with pytest.raises(UnknownWordError, match="did you mean 'cnn'"):
        Network("cn")
    with pytest.raises(ModelError, match="train nothing"):
        Network("mlp", steps=0)
