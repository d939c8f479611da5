"""Drift: quiet while nothing changes, loud soon after something does, whatever the scale of the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import ModelError
from spin_nb.monitor import DriftMonitor, adwin


def reference(n=500, seed=0):
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, size=n), rng.gamma(3.0, size=n)


def run(monitor, uncertainty, distance):
    return [monitor.update(u, d) for u, d in zip(uncertainty, distance, strict=True)]


def test_the_detector_is_rivers_own():
    from river.drift import ADWIN

    assert isinstance(adwin(0.01), ADWIN)
    assert adwin(0.01).delta == 0.01


def test_the_detector_satisfies_the_contract():
    from spin_nb.protocols import DriftDetector

    assert isinstance(adwin(), DriftDetector)


def test_no_alarm_while_arrivals_look_like_the_pool():
    alarms = 0
    for seed in range(5):
        points = run(DriftMonitor(*reference(seed=seed)), *reference(600, seed=seed + 100))
        alarms += sum(p.drift_uncertainty or p.drift_distance for p in points)
    assert alarms == 0


def test_a_stream_that_is_different_from_its_first_item_on_is_noticed():
    uncertainty, distance = reference(60, seed=1)
    points = run(DriftMonitor(*reference()), uncertainty, distance * 5)
    assert any(p.drift_distance for p in points)
    assert not any(p.drift_uncertainty for p in points)


def test_a_change_on_the_way_is_noticed_after_it_and_within_60_items():
    uncertainty, distance = reference(400, seed=2)
    uncertainty[200:] += 4
    found = [p.index for p in run(DriftMonitor(*reference()), uncertainty, distance) if p.drift_uncertainty]
    assert found
    assert 200 <= found[0] < 260


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-6, 1e6))
def test_scale_does_not_matter(scale):
    u, d = reference(200)
    arriving_u, arriving_d = reference(80, seed=3)
    plain = run(DriftMonitor(u, d), arriving_u, arriving_d + 2)
    scaled = run(DriftMonitor(u * scale, d * scale), arriving_u * scale, (arriving_d + 2) * scale)
    assert [p.drift_distance for p in plain] == [p.drift_distance for p in scaled]


def test_a_pool_sorted_by_difficulty_is_no_drift():
    u, d = reference(800)
    monitor = DriftMonitor(np.sort(u), np.sort(d))
    assert not any(p.drift_distance or p.drift_uncertainty for p in run(monitor, *reference(200, seed=4)))


def test_points_keep_what_was_given_and_count_from_zero():
    monitor = DriftMonitor([0.0, 1.0, 2.0, 3.0], [0.0, 1.0])
    first, second = monitor.update(1.5, 9.0), monitor.update(-1.0, 0.5)
    assert (first.index, second.index) == (0, 1)
    assert (first.uncertainty, first.distance) == (1.5, 9.0)
    assert (first.uncertainty_rank, first.distance_rank) == (0.5, 1.0)
    assert (second.uncertainty_rank, second.distance_rank) == (0.0, 0.5)


def test_a_constant_reference_ranks_itself_in_the_middle():
    assert DriftMonitor([0.0] * 50, [1.0] * 50).update(0.0, 1.0).uncertainty_rank == 0.5


def test_training_is_no_drift():
    monitor = DriftMonitor(*reference())
    uncertainty, distance = reference(100, seed=5)
    run(monitor, uncertainty, distance)
    monitor.new_model(reference()[0] * 0.1)
    points = run(monitor, uncertainty * 0.1, distance)
    assert not any(p.drift_uncertainty for p in points)
    assert points[0].index == 100


def test_any_river_like_detector_fits():
    class Twice:
        """Fires once its input has been 1 two times."""

        def __init__(self):
            self.drift_detected, self.count = False, 0

        def update(self, x):
            self.count += x == 1.0
            self.drift_detected = self.count >= 2

    monitor = DriftMonitor(*reference(), detectors=(Twice(), Twice()))
    points = run(monitor, [0.0] * 3, [1e9] * 3)
    assert [p.drift_distance for p in points] == [False, True, True]


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [np.inf]])
def test_a_useless_reference_is_refused(bad):
    with pytest.raises(ModelError, match="reference for distance"):
        DriftMonitor([0.0, 1.0], bad)


def test_a_nan_arrival_is_refused_and_leaves_no_trace():
    monitor = DriftMonitor(*reference())
    with pytest.raises(ModelError, match="arrival 0 is nan"):
        monitor.update(0.1, float("nan"))
    assert monitor.update(0.1, 0.1).index == 0
