"""The regression figure: its bands are the predictive's, and hold what they say."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.bayes import GraphPosterior, LastLayerRegression
from spin_nb.errors import ModelError
from spin_nb.views.charts.regression import NINE_OF_TEN, regression_figure


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (30, 1)).astype(np.float32)
    y = 2 * x[:, 0] - 1 + 0.3 * rng.standard_normal(30)
    return LastLayerRegression().fit(x, y), x, y


def band(trace):
    upper, lower = np.split(np.array(trace.y), 2)
    return lower[::-1], upper


def test_the_bands_are_noise_and_noise_with_what_is_not_known(fitted):
    head, _, _ = fitted
    x = np.linspace(-4, 4, 41, dtype=np.float32)[:, None]
    said = head.predict(x)
    outer, inner, mean = regression_figure(x, said).data
    for trace, variance in ((inner, said.aleatoric), (outer, said.variance)):
        low, high = band(trace)
        half = NINE_OF_TEN * np.sqrt(variance[:, 0])
        assert np.allclose(low, said.mean[:, 0] - half, atol=1e-5)
        assert np.allclose(high, said.mean[:, 0] + half, atol=1e-5)
    assert np.allclose(mean.y, said.mean[:, 0])


def test_nine_in_ten_observations_lie_in_the_outer_band(fitted):
    head, _, _ = fitted
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(-1, 1, 2000)).astype(np.float32)[:, None]
    low, high = band(regression_figure(x, head.predict(x)).data[0])
    y = 2 * x[:, 0] - 1 + 0.3 * rng.standard_normal(2000)
    assert ((low < y) & (y < high)).mean() == pytest.approx(0.9, abs=0.04)


def test_inputs_are_drawn_in_rising_order_and_labels_as_points(fitted):
    head, x, y = fitted
    figure = regression_figure(x[:, 0], head.predict(x), training_data=(x, y))
    assert np.array_equal(figure.data[2].x, np.sort(x[:, 0].astype(float)))
    assert np.array_equal(figure.data[3].y, y)


def test_one_of_several_targets(fitted):
    _, x, y = fitted
    said = LastLayerRegression().fit(x, np.column_stack([y, -y])).predict(x)
    one, other = (np.array(regression_figure(x, said, target=t).data[2].y) for t in (0, 1))
    assert np.allclose(one, -other, atol=1e-4)


def test_what_does_not_fit_is_refused(fitted):
    head, x, y = fitted
    said = head.predict(x)
    with pytest.raises(ModelError, match="29 inputs do not fit 30 predictions"):
        regression_figure(x[1:], said)
    with pytest.raises(ModelError, match="no target 1"):
        regression_figure(x, said, target=1)
    with pytest.raises(ModelError, match="30 inputs and 29 targets"):
        regression_figure(x, said, training_data=(x, y[1:]))
    classes = GraphPosterior().fit(x, (y > 0).astype(int), n_classes=2).predict(x)
    with pytest.raises(ModelError, match="no prediction of numbers"):
        regression_figure(x, classes)
