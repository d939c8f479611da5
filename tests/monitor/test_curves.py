"""The pace of labelling, against hand-computed answers."""

from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spin_nb.monitor import CurvePoint, labels_per_minute, wilson


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


@example([0.0, 1.1125369292536007e-308], Random(0))
@given(st.lists(st.floats(0, 1e6), max_size=50), st.randoms())
def test_order_of_times_does_not_matter(times, random):
    shuffled = times.copy()
    random.shuffle(shuffled)
    assert labels_per_minute(times) == labels_per_minute(shuffled)


def test_a_curve_point_is_frozen():
    point = CurvePoint(0.0, 10, 1, wilson(1, 1), None, None, 12.0)
    with pytest.raises(AttributeError):
        point.n_labels = 11
