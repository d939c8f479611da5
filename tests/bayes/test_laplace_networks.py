"""Laplace over all weights and over a subnetwork, held against laplace-torch's own predictive."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import LaplaceAll, LaplaceSubnet
from spin_nb.errors import ModelError, NotTrainedError

torch = pytest.importorskip("torch")
nn = torch.nn
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + np.eye(3, 5)[y] * 1.5
    return x.astype(np.float32), y


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 5), nn.Linear(5, 3)

    def forward(self, x):
        return self.last(x + torch.relu(self.first(x)))


def normed():
    return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )


@pytest.mark.parametrize("make", [LaplaceAll, LaplaceSubnet])
def test_draws_have_the_variance_laplace_torch_states(blobs, make):
    x, y = blobs
    posterior = make(n_hidden=12).fit(x, y, n_classes=3)
    drawn = posterior.predict(x[:6]).joint_logits(np.arange(6), 4000, 1)
    scaled = torch.from_numpy(x[:6] * posterior._scale)
    mean, covariance = posterior.laplace._glm_predictive_distribution(scaled)
    stated = torch.diagonal(covariance, dim1=1, dim2=2).detach().numpy()
    assert np.allclose(drawn.mean(axis=0), mean.detach().numpy(), atol=1e-3), "moves come in opposite pairs"
    assert np.allclose(drawn.var(axis=0), stated, rtol=0.12)


@pytest.mark.parametrize(
    ("net", "route"),
    [(None, ("BackPackGGN", "kron")), (Residual, ("AsdlGGN", "kron")), (normed, ("BackPackGGN", "diag"))],
)
def test_every_network_finds_a_backend(blobs, net, route):
    x, y = blobs
    posterior = LaplaceAll(net).fit(x, y, n_classes=3)
    assert posterior.route == route
    predictive = posterior.predict(x)
    testing.check_predictive(predictive, 60, 3)
    assert (predictive.mean.argmax(axis=1) == y).mean() > 0.7


@pytest.mark.parametrize("make", [LaplaceAll, LaplaceSubnet])
def test_pictures_through_a_convolution(make):
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    x = rng.normal(0, 0.3, (30, 1, 6, 6)).astype(np.float32)
    x[y == 1, 0, :3] += 2
    x[y == 2, 0, :, :3] += 2
    mine = cnn()
    before = mine[0].weight.clone()
    predictive = make(mine).fit(x, y, n_classes=3).predict(x)
    testing.check_predictive(predictive, 30, 3)
    assert (mine[0].weight == before).all(), "the network passed is copied"
    assert not mine[0]._forward_hooks, "and no backend leaves a hook on it"


def test_only_the_subnetwork_moves(blobs):
    x, y = blobs
    posterior = LaplaceSubnet(n_hidden=10, n_weights=7).fit(x, y, n_classes=3)
    moved = (posterior.laplace.sample(50) - posterior.laplace.mean).abs().max(0).values > 0
    assert int(moved.sum()) == 7
    weights = posterior.laplace.mean.abs()
    assert weights[moved].min() >= weights[~moved].max()


def test_the_global_random_numbers_are_left_alone(blobs):
    x, y = blobs
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = LaplaceAll().fit(x, y, n_classes=3).predict(x).mean
    assert (torch.rand(3) == expected).all()
    assert np.array_equal(first, LaplaceAll().fit(x, y, n_classes=3).predict(x).mean)


class Stubborn(nn.Module):
    """Its weights take part in a way no backend follows."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5, 3))

    def forward(self, x):
        return torch.from_numpy((x.detach() @ self.weight.detach()).numpy()) + self.weight.sum() * 0


def test_bad_input_is_refused(blobs):
    x, y = blobs
    with pytest.raises(NotTrainedError):
        LaplaceAll().predict(x)
    with pytest.raises(ModelError, match="nothing to fit"):
        LaplaceAll().fit(x[:0], y[:0], n_classes=3)
    with pytest.raises(ModelError, match="3,000"):
        LaplaceSubnet(n_weights=0)
    with pytest.raises(ModelError, match="numbers to regress"):
        LaplaceAll().fit(x, y.astype(float), n_classes=3)
    with pytest.raises(ModelError, match="no curvature for Stubborn"):
        LaplaceAll(Stubborn).fit(x, y, n_classes=3)
    with pytest.raises(ModelError, match="made for"):
        LaplaceAll().fit(x, y, n_classes=3).predict(x[:, :4])
