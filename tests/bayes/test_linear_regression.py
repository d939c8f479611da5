"""The regression head: the textbook formula, the evidence, units, joint draws, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.bayes import LastLayerRegression
from spin_nb.errors import ModelError, NotTrainedError


def line(n, noise=0.3, d=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)).astype(np.float32)
    return x, x @ np.arange(1, d + 1) + 5 + noise * rng.standard_normal(n)


def test_the_variance_is_the_textbook_formula():
    x, y = line(40)
    head = LastLayerRegression().fit(x, y)
    predictive = head.predict(x)
    phi = np.hstack([x / np.sqrt(np.mean(np.sum(x**2.0, axis=1))), np.ones((40, 1))])
    size = y.std()
    precision = phi.T @ phi / (head.noise[0] / size) ** 2 + head.prior_precision[0] * np.eye(4)
    covariance = np.linalg.inv(precision)
    assert np.allclose(
        predictive.epistemic[:, 0], size**2 * np.einsum("nd,de,ne->n", phi, covariance, phi), rtol=1e-3
    )
    mean = y.mean() + covariance @ phi.T @ (y - y.mean()) / (head.noise[0] / size) ** 2 @ np.eye(4) @ phi.T
    assert np.allclose(predictive.mean[:, 0], mean, atol=1e-3)
    assert np.allclose(predictive.variance, predictive.epistemic + head.noise**2, rtol=1e-5)


def test_noise_and_weights_are_found():
    x, y = line(4000)
    head = LastLayerRegression().fit(x, y)
    assert np.allclose(head.weight, [[1, 2, 3]], atol=0.03)
    assert np.allclose(head.bias, 5, atol=0.03)
    assert np.allclose(head.noise, 0.3, rtol=0.05)


def test_the_evidence_agrees_with_scikit_learn():
    from sklearn.linear_model import BayesianRidge

    x, y = line(300)
    ours = LastLayerRegression().fit(x, y)
    theirs = BayesianRidge(tol=1e-8, max_iter=2000).fit(x, y)
    assert np.allclose(ours.weight[0], theirs.coef_, atol=0.02)
    assert np.allclose(ours.noise[0], theirs.alpha_**-0.5, rtol=0.03)
    _, deviation = theirs.predict(x, return_std=True)
    assert np.allclose(np.sqrt(ours.predict(x).variance[:, 0]), deviation, rtol=0.03)


def test_intervals_cover_what_they_say():
    inside = []
    for seed in range(40):
        x, y = line(230, seed=seed)
        predictive = LastLayerRegression().fit(x[:30], y[:30]).predict(x[30:])
        inside.append(np.abs(y[30:] - predictive.mean[:, 0]) <= 1.96 * np.sqrt(predictive.variance[:, 0]))
    assert 0.92 < np.mean(inside) < 0.98


@settings(max_examples=15, deadline=None)
@given(
    unit=st.floats(1e-3, 1e3),
    scale=st.floats(1e-2, 1e2),
    offset=st.floats(-100, 100),
    n=st.integers(2, 40),
)
def test_units_do_not_matter(unit, scale, offset, n):
    x, y = line(n)
    plain = LastLayerRegression().fit(x, y).predict(x)
    other = LastLayerRegression().fit(np.float32(unit) * x, scale * y + offset).predict(np.float32(unit) * x)
    assert np.allclose(other.mean, scale * plain.mean + offset, rtol=1e-3, atol=0.02 * scale + 1e-3)
    assert np.allclose(other.variance, scale**2 * plain.variance, rtol=0.02)


def test_draws_are_joint_functions_with_the_stated_variance():
    x, y = line(30)
    predictive = LastLayerRegression().fit(x, np.stack([y, -2 * y], axis=1)).predict(x)
    drawn = predictive.draws(np.arange(30), 4000, 1)
    assert drawn.shape == (4000, 30, 2)
    assert np.allclose(drawn.var(axis=0), predictive.epistemic, rtol=0.12)
    assert np.allclose(drawn.mean(axis=0), predictive.mean, atol=0.05)
    assert np.allclose(
        predictive.draws([20, 3], 6, 4), predictive.draws(np.arange(30), 6, 4)[:, [20, 3]], atol=1e-5
    )


def test_more_labels_leave_less_doubt_and_far_away_leaves_more():
    x, y = line(200)
    few, many = (LastLayerRegression().fit(x[:n], y[:n]).predict(x) for n in (5, 200))
    assert many.epistemic.mean() < few.epistemic.mean() / 5
    head = LastLayerRegression().fit(x, y)
    assert head.predict(10 * x).epistemic.mean() > 20 * head.predict(x).epistemic.mean()


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_labels_or_a_constant_are_survived(n):
    x, _ = line(30)
    for y in (np.full(n, 7.0), np.zeros(n)):
        predictive = LastLayerRegression().fit(x[:n], y).predict(x)
        assert np.isfinite(predictive.mean).all()
        assert (predictive.epistemic > 0).all()
        assert np.allclose(predictive.mean[:n, 0], y, atol=1.0)


def test_bad_input_is_refused():
    x, y = line(10)
    with pytest.raises(NotTrainedError):
        LastLayerRegression().predict(x)
    for bad, says in (
        (np.append(y[:-1], np.nan), "NaN"),
        (y[:4], "10 numbers"),
        (np.array(["a"] * 10), "numbers"),
        (np.zeros((10, 0)), "nothing"),
    ):
        with pytest.raises(ModelError, match=says):
            LastLayerRegression().fit(x, bad)
    with pytest.raises(ModelError, match="nothing to fit"):
        LastLayerRegression().fit(x[:0], y[:0])
    predictive = LastLayerRegression().fit(x, y).predict(x)
    for rows, S in (([0], 0), ([10], 1), ([-1], 1)):
        with pytest.raises(ModelError):
            predictive.draws(rows, S, 0)
    with pytest.raises(ModelError, match="3"):
        LastLayerRegression().fit(x, y).predict(x[:, :2])
