"""Pace and calibration, against hand-computed answers and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from spin_nb.errors import ModelError
from spin_nb.monitor import CurvePoint, ece, labels_per_minute, nll, wilson


def some(n=200, C=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(C), n).astype(np.float32), rng.integers(0, C, n)


def test_one_label_every_two_seconds_is_thirty_a_minute():
    assert labels_per_minute(np.arange(10) * 2.0) == 30.0


def test_a_lunch_break_does_not_slow_the_pace():
    morning = np.arange(10) * 3.0
    assert labels_per_minute(np.concatenate([morning, morning + 3600])) == 20.0


def test_only_recent_labels_count():
    slow, fast = np.arange(50) * 30.0, 50 * 30.0 + np.arange(40) * 1.0
    assert labels_per_minute(np.concatenate([slow, fast])) == pytest.approx(60.0)


@pytest.mark.parametrize("times", [[], [5.0], [5.0, 5.0, 5.0]])
def test_no_pace_without_two_moments(times):
    assert labels_per_minute(times) == 0.0


@given(st.lists(st.floats(0, 1e6), max_size=50), st.randoms())
def test_order_of_times_does_not_matter(times, random):
    shuffled = times.copy()
    random.shuffle(shuffled)
    assert labels_per_minute(times) == labels_per_minute(shuffled)


def test_nll_is_sklearns_log_loss():
    p, y = some()
    assert nll(p, y) == pytest.approx(log_loss(y, p, labels=range(4)), rel=1e-5)


def test_nll_of_an_impossible_truth_is_large_but_finite():
    assert 80 < nll([[1.0, 0.0]], [1]) < 90


def test_ece_by_hand():
    # Bin (.8, .867] holds the two at .85 (one right), bin (.6, .667] the one at .65 (right).
    p = [[0.85, 0.15], [0.85, 0.15], [0.35, 0.65]]
    assert ece(p, [0, 1, 1]) == pytest.approx((2 * abs(0.5 - 0.85) + abs(1 - 0.65)) / 3)


def test_ece_of_certain_and_right_is_zero_and_of_certain_and_wrong_is_one():
    p = np.eye(3)[[0, 1, 2, 0]]
    assert ece(p, [0, 1, 2, 0]) == 0.0
    assert ece(p, [1, 2, 0, 1]) == 1.0


def test_ece_matches_a_plain_loop():
    p, y = some(500, 5, 3)
    confidence, right = p.max(1).astype(float), p.argmax(1) == y
    expected = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert ece(p, y) == pytest.approx(expected, abs=1e-9)


def test_logits_are_refused_with_a_hint():
    with pytest.raises(ModelError, match="softmax first"):
        ece([[2.0, -1.0]], [0])


@pytest.mark.parametrize(
    ("p", "y"),
    [([[0.5, 0.5]], [2]), ([[0.5, 0.5]], [-1]), ([[0.5, 0.5]], [0, 1]), (np.zeros((0, 2)), []), ([0.5], [0])],
)
def test_what_does_not_fit_is_refused(p, y):
    with pytest.raises(ModelError):
        nll(p, np.asarray(y, dtype=np.int64))


def test_nan_probabilities_are_refused():
    with pytest.raises(ModelError):
        ece([[np.nan, 1.0]], [0])


def test_a_curve_point_is_frozen():
    point = CurvePoint(0.0, 10, 1, wilson(1, 1), None, None, 12.0)
    with pytest.raises(AttributeError):
        point.n_labels = 11
