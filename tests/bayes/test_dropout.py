"""Monte Carlo dropout: one mask per draw for all items, a user's own network, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import MCDropout, dropout_predictive
from spin_nb.errors import ModelError, NotTrainedError

torch = pytest.importorskip("torch")
nn = torch.nn


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Dropout2d(0.3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(24, 3),
    )


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    y = np.arange(45) % 3
    x = rng.normal(0, 0.3, (45, 1, 8, 8))
    for c, area in enumerate([np.s_[:4, :4], np.s_[4:, :4], np.s_[:4, 4:]]):
        x[(y == c, 0, *area)] += 2
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + np.eye(3, 5)[y] * 1.5
    return x.astype(np.float32), y


def test_a_draw_leaves_out_the_same_units_for_every_item():
    net = nn.Sequential(nn.Dropout(0.5), nn.Identity())
    x = np.arange(1, 13, dtype=np.float32).reshape(3, 4) - 20
    drawn = dropout_predictive(net, x, 4).joint_logits(np.arange(3), 40, 3)
    left_out = drawn == 0
    assert (left_out == left_out[:, :1]).all()
    assert np.allclose(drawn[~left_out], np.broadcast_to(2 * x, drawn.shape)[~left_out])
    assert 0.35 < left_out.mean() < 0.65


def test_whole_channels_are_left_out_by_dropout2d():
    net = nn.Sequential(nn.Dropout2d(0.5), nn.Flatten())
    x = np.ones((5, 3, 2, 2), np.float32)
    drawn = dropout_predictive(net, x, 12).joint_logits(np.arange(5), 20, 0).reshape(20, 5, 3, 4)
    assert (drawn == drawn[:, :1, :, :1]).all()
    assert set(np.unique(drawn)) == {0.0, 2.0}


def test_ones_own_network_with_batch_norm(pictures):
    x, y = pictures
    mine = cnn()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    posterior = MCDropout(mine).fit(x, y, n_classes=3)
    predictive = posterior.predict(x)
    testing.check_predictive(predictive, 45, 3)
    assert (predictive.mean.argmax(axis=1) == y).mean() > 0.9
    assert all((value == before[name]).all() for name, value in mine.state_dict().items()), "it is copied"
    alone = posterior.predict(x[7:8]).mean
    assert np.allclose(alone, predictive.mean[7:8], atol=1e-5), "batch norm must not depend on the company"


def test_a_batch_of_one_with_batch_norm(pictures):
    x, _ = pictures
    predictive = MCDropout(cnn).fit(x[:1], np.array([1]), n_classes=3).predict(x)
    testing.check_predictive(predictive, 45, 3)


def test_the_global_random_numbers_are_left_alone(blobs):
    x, y = blobs
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = MCDropout().fit(x, y, n_classes=3).predict(x).mean
    assert (torch.rand(3) == expected).all()
    assert np.array_equal(first, MCDropout().fit(x, y, n_classes=3).predict(x).mean)


def test_a_pool_longer_than_a_chunk_sees_the_same_masks(blobs):
    x, y = blobs
    posterior = MCDropout(n_hidden=16).fit(x, y, n_classes=3)
    drawn = posterior.predict(np.tile(x, (70, 1))).draws(np.arange(4200), 3, 5)
    assert np.allclose(drawn.reshape(3, 70, 60, 3), drawn[:, None, :60], atol=1e-5)


def test_a_function_makes_the_network_anew(blobs):
    x, y = blobs
    made = []

    def factory():
        made.append(nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 3)))
        return made[-1]

    posterior = MCDropout(factory)
    posterior.fit(x, y, n_classes=3)
    posterior.fit(x, y, n_classes=3)
    assert len(made) == 2
    assert (posterior.predict(x).mean.argmax(axis=1) == y).mean() > 0.6


def broken(last):
    net = nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 3))
    with torch.no_grad():
        net[1].weight.fill_(last)
    return net


def test_bad_input_is_refused(blobs, pictures):
    x, y = blobs
    cases = [
        (nn.Linear(5, 3), "no dropout layer"),
        (nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)), "fails on inputs of shape"),
        (nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 7)), r"shape \(60, 7\) for 60 items and 3 classes"),
        (nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 3), nn.Softmax(1)), "probabilities, logits are due"),
        (broken(float("nan")), "loss became nan"),
        (broken(float("inf")), "loss became"),
        (len, "no torch network"),
        (lambda: 3, "it made 3"),
    ]
    for net, says in cases:
        with pytest.raises(ModelError, match=says):
            MCDropout(net).fit(x, y, n_classes=3)
    with pytest.raises(NotTrainedError):
        MCDropout().predict(x)
    with pytest.raises(ModelError, match="0 < p < 1"):
        MCDropout(p=0.0)
    with pytest.raises(ModelError, match="nothing to fit"):
        MCDropout().fit(x[:0], y[:0], n_classes=3)
    with pytest.raises(ModelError, match=r"\(n, d\)"):
        MCDropout().fit(*pictures, n_classes=3)
    with pytest.raises(ModelError, match="made for"):
        MCDropout(cnn).fit(*pictures, n_classes=3).predict(pictures[0][:, :, :4])
