"""Measures of predicted numbers, against numerical integration and hand-computed answers."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from spin_nb.errors import ModelError
from spin_nb.monitor import crps, interval_coverage


@pytest.mark.parametrize(("y", "mean", "sd"), [(0.0, 0.0, 1.0), (2.5, -1.0, 0.7), (-30.0, 0.0, 2.0)])
def test_crps_is_the_integral_that_defines_it(y, mean, sd):
    left = quad(lambda x: norm.cdf(x, mean, sd) ** 2, min(y, mean - 12 * sd), y)[0]
    right = quad(lambda x: norm.sf(x, mean, sd) ** 2, y, max(y, mean + 12 * sd))[0]
    assert crps([y], [mean], [sd])[0] == pytest.approx(left + right, rel=1e-5)


def test_crps_of_a_sure_prediction_is_its_absolute_error():
    assert crps([3.0], [1.0], [1e-9])[0] == pytest.approx(2.0)


def test_crps_has_the_unit_of_its_numbers_and_the_true_spread_is_best():
    y = np.random.default_rng(0).normal(size=4000)
    zero = np.zeros(4000)
    scores = [crps(y, zero, np.full(4000, sd)).mean() for sd in (0.5, 1.0, 2.0)]
    assert scores[1] == min(scores)
    assert np.allclose(crps(10 * y, zero, zero + 10), 10 * crps(y, zero, zero + 1))


def test_coverage_counts_both_ends_and_comes_with_its_interval():
    y = np.arange(40.0)
    found, width = interval_coverage(y, y - np.where(y < 10, -1, 0), y + 2)
    assert found.value == pytest.approx(30 / 40)
    assert found.low < 0.75 < found.high
    assert width == pytest.approx((30 * 2 + 10 * 1) / 40)
    assert interval_coverage([1.0], [1.0], [1.0])[0].value is None


@pytest.mark.parametrize(
    ("low", "high"), [([1.0, 2.0], [2.0, 1.0]), ([0.0], [1.0]), ([0.0, np.nan], [1.0, 1.0])]
)
def test_intervals_that_are_none_are_refused(low, high):
    with pytest.raises(ModelError):
        interval_coverage([0.5, 0.5], low, high)


@pytest.mark.parametrize("sd", [0.0, -1.0, np.inf])
def test_a_spread_that_is_none_is_refused(sd):
    with pytest.raises(ModelError):
        crps([0.0], [0.0], [sd])
