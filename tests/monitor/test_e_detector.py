"""A change is noticed within the delay that a stated number of false alarms allows, and dated."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import ModelError
from spin_nb.monitor import EDetector, EveryHundred, evaluate_drift, items_to_alarm, reference_of
from spin_nb.monitor.e_detector import RISES


def coins(seed: int, *parts: tuple[int, float]) -> list[float]:
    """Errors of a model, (items, error rate) after (items, error rate)."""
    rng = np.random.default_rng(seed)
    return [float(x) for n, share in parts for x in rng.random(n) < share]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 0.9))
def test_the_statistic_is_the_evidence_of_every_beginning(signal: list[float], reference: float) -> None:
    detector = EDetector(reference, items_per_false_alarm=1e300)
    for x in signal:
        detector.update(x)
    ratios = 1 + np.array(RISES)[:, None] * (np.array(signal) - reference) / reference
    expected = [sum(np.prod(row[since:]) for since in range(len(row))) for row in ratios]
    assert detector.to_json()["evidence"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("mean", "most"), [(0.3, 190), (0.4, 62), (0.6, 25)])
def test_a_rise_is_noticed_in_time_with_the_error_known_before(mean: float, most: float) -> None:
    scores = [
        evaluate_drift(lambda: EDetector(0.2), coins(seed, (1000, 0.2), (1000, mean)), [1000])
        for seed in range(60)
    ]
    assert np.mean([score.delay for score in scores if score.delays]) <= most
    assert sum(score.n_missed for score in scores) <= 1


def test_a_rise_is_noticed_in_time_with_the_error_estimated_from_audits() -> None:
    delays = []
    for seed in range(60):
        reference = reference_of(coins(10_000 + seed, (500, 0.2)))
        detector = partial(EDetector, reference)
        scores = evaluate_drift(detector, coins(seed, (1000, 0.2), (1000, 0.4)), [1000])
        delays.extend(scores.delays)
    assert len(delays) == 60
    assert np.mean(delays) <= 80


STREAMS = {
    "coins": lambda rng: (rng.random(10_000) < 0.3).astype(float),
    "uniform": lambda rng: 0.6 * rng.random(10_000),
    "two levels": lambda rng: np.where(rng.random(10_000) < 0.5, 0.1, 0.5),
}
"""Signals of mean .3."""


@pytest.mark.parametrize("kind", STREAMS)
def test_false_alarms_stay_within_the_budget(kind: str) -> None:
    n_false = 0
    for seed in range(20):
        stream = STREAMS[kind](np.random.default_rng(seed))
        n_false += evaluate_drift(lambda: EDetector(0.3, items_per_false_alarm=500), stream).n_false
    assert n_false <= 20 * 10_000 / 500


def test_an_alarm_says_since_when() -> None:
    is_inside, distances = [], []
    for seed in range(40):
        detector = EDetector(0.1)
        for x in coins(seed, (600, 0.1), (400, 0.5)):
            detector.update(x)
            if detector.alarm and detector.alarm.at >= 600:
                break
        assert detector.alarm is not None
        is_inside.append(detector.alarm.earliest <= 600 <= detector.alarm.latest)
        distances.append(abs(detector.alarm.since - 600))
    assert np.mean(is_inside) >= 0.8
    assert np.median(distances) <= 10


@pytest.mark.parametrize(("reference", "mean"), [(0.2, 0.3), (0.2, 0.4), (0.2, 0.6), (0.05, 0.2), (0.5, 0.8)])
def test_the_delay_can_be_told_beforehand(reference: float, mean: float) -> None:
    delays = [
        evaluate_drift(lambda: EDetector(reference), coins(seed, (300, reference), (1500, mean)), [300]).delay
        for seed in range(40)
    ]
    assert np.nanmean(delays) == pytest.approx(items_to_alarm(reference, mean), rel=0.35)


def test_without_a_rise_nothing_is_ever_due() -> None:
    assert items_to_alarm(0.4, 0.4) == items_to_alarm(0.4, 0.2) == float("inf")


def test_a_detector_goes_on_where_it_left_off() -> None:
    stream = coins(5, (700, 0.2), (300, 0.6))
    whole, first = EDetector(0.2), EDetector(0.2)
    for x in stream[:650]:
        first.update(x)
    again = EDetector.from_json(json.loads(json.dumps(first.to_json())))
    for x in stream[:650]:
        whole.update(x)
    for x in stream[650:]:
        whole.update(x)
        again.update(x)
    assert again.alarm == whole.alarm
    assert again.alarm is not None
    assert again.to_json() == whole.to_json()


def test_it_starts_again_after_an_alarm() -> None:
    detector = EDetector(0.1)
    n_alarms = 0
    for x in coins(1, (200, 0.1), (1000, 0.9)):
        detector.update(x)
        n_alarms += detector.drift_detected
        assert detector.share_of_alarm <= 1
    assert n_alarms > 10


@pytest.mark.parametrize("x", [float("nan"), -0.1, 1.1])
def test_what_is_no_signal_is_refused_and_not_seen(x: float) -> None:
    detector = EDetector(0.2)
    detector.update(0.5)
    before = detector.to_json()
    with pytest.raises(ModelError, match="item 1 of the signal"):
        detector.update(x)
    assert detector.to_json() == before


def test_a_reference_or_a_budget_that_cannot_be_is_refused() -> None:
    with pytest.raises(ModelError, match="no room for a rise"):
        EDetector(1.0)
    with pytest.raises(ModelError, match="cannot be kept"):
        EDetector(0.2, items_per_false_alarm=0)
    with pytest.raises(ModelError, match="signal goes from"):
        reference_of([0.5, 2.0])
    with pytest.raises(ModelError, match="no state of a detector"):
        EDetector.from_json({"reference": 0.1})


def test_one_class_of_error_only_is_a_reference_too() -> None:
    assert 0 < reference_of(np.zeros(50)) < 0.1
    assert 0.9 < reference_of(np.ones(50)) < 1


def test_alarms_are_scored_by_the_change_they_follow() -> None:
    scores = evaluate_drift(EveryHundred, [0.0] * 1000, [150, 520])
    assert (scores.delays, scores.n_missed, scores.n_false) == ((49, 79), 0, 8)
    with pytest.raises(ModelError, match="not ascending items"):
        evaluate_drift(EveryHundred, [0.0] * 10, [5, 2])
