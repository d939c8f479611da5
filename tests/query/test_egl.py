"""Expected gradient length, against autograd label by label."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import egl, egl_regression

RNG = np.random.default_rng(0)


def gradient_norm(loss, parameters):
    import torch

    grads = torch.autograd.grad(loss, parameters)
    return float(torch.sqrt(sum((g**2).sum() for g in grads)))


def test_egl_is_the_expected_gradient_norm_of_the_softmax_layer():
    import torch

    layer = torch.nn.Linear(7, 4).double()
    x = torch.from_numpy(RNG.normal(size=(12, 7)))
    probs = torch.softmax(layer(x), dim=1).detach().numpy()
    wanted = [
        sum(
            probs[i, y]
            * gradient_norm(
                torch.nn.functional.cross_entropy(layer(x[i : i + 1]), torch.tensor([y])),
                [*layer.parameters()],
            )
            for y in range(4)
        )
        for i in range(12)
    ]
    assert np.allclose(egl(probs, x.numpy()), wanted, rtol=1e-5)


def test_a_sure_prediction_teaches_nothing_and_long_features_teach_more():
    probs = np.array([[1.0, 0.0], [0.6, 0.4], [0.6, 0.4]])
    score = egl(probs, np.array([[9.0], [1.0], [2.0]]))
    assert score[0] == 0
    assert score[1] < score[2]
    nearly = egl(np.array([[1 - 1e-6, 1e-6]]), np.zeros((1, 1)))[0]
    assert nearly == pytest.approx(2 * 2**0.5 * 1e-6, rel=0.1)  # not lost in rounding


def test_egl_regression_is_the_expected_squared_gradient_over_the_committees_labels():
    import torch

    K, n, d, drawn = 3, 4, 5, 40_000
    layer = torch.nn.Linear(d, 1).double()
    x = torch.from_numpy(RNG.normal(size=(n, d)))
    f = layer(x)[:, 0]
    means, variances = RNG.normal(size=(K, n)), RNG.random((K, n))
    wanted = np.zeros(n)
    for i in range(n):
        squared = gradient_norm(layer(x[i : i + 1]).sum(), [*layer.parameters()]) ** 2
        y = RNG.normal(means[:, i], np.sqrt(variances[:, i]), size=(drawn, K))
        wanted[i] = squared * ((y - f[i].item()) ** 2).mean()
    found = egl_regression(x.numpy(), f.detach().numpy(), means, variances)
    assert np.allclose(found, wanted, rtol=0.05)


def test_with_features_of_one_length_it_ranks_as_total_variance():
    x = RNG.normal(size=(50, 6))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    means, variances = RNG.normal(size=(5, 50)), RNG.random((5, 50))
    total = variances.mean(axis=0) + means.var(axis=0)
    score = egl_regression(x, means.mean(axis=0), means, variances)
    assert np.array_equal(np.argsort(score), np.argsort(total))


def test_several_outputs_are_summed():
    x, mean = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
    means, variances = RNG.normal(size=(4, 5, 2)), RNG.random((4, 5, 2))
    one_by_one = sum(egl_regression(x, mean[:, j], means[..., j], variances[..., j]) for j in range(2))
    assert np.allclose(egl_regression(x, mean, means, variances), one_by_one, rtol=1e-5)


def test_shapes_that_do_not_fit_are_refused():
    x, mean, means = np.ones((3, 2)), np.zeros(3), np.zeros((4, 3))
    for arrays, words in (
        ((x, np.zeros(2), means, means), r"\(2,\)"),
        ((x, mean, means.T, means.T), r"means of shape \(3, 4\)"),
        ((x, mean, means, means[:3]), r"variances of shape \(3, 3\) must be \(4, 3\)"),
        ((x, mean, means, means - 1), "0 or more"),
        ((x, mean, means * np.nan, means), "NaN"),
        ((x, mean, means[:0], means[:0]), r"\(0, 3\)"),
    ):
        with pytest.raises(QueryError, match=words):
            egl_regression(*arrays)
