"""The calibration view: the audits as they are, no more said than they hold, text that stays text."""

import numpy as np
import pytest

from spin_nb.models.calibration import Calibration
from spin_nb.monitor import headline, reliability, risk_coverage, wilson
from spin_nb.session.model.audit_predictions import AuditPredictions
from spin_nb.views.charts.calibration import CalibrationView, numbers, reading, temperature_in_words

CURVE = 8


def audits(n, sure=0.9, right=0.9, C=3, seed=0):
    rng = np.random.default_rng(seed)
    said = rng.integers(0, C, n)
    probs = np.full((n, C), 0.0, np.float32)
    top = np.clip(sure + 0.08 * rng.standard_normal(n), 0.5, 0.99)
    probs[:] = ((1 - top) / (C - 1))[:, None]
    probs[np.arange(n), said] = top
    truth = np.where(rng.random(n) < right, said, (said + 1) % C)
    return AuditPredictions(probs / probs.sum(1, keepdims=True), truth)


def texts(view):
    return " ".join(str(note.text) for note in view.figure.layout.annotations)


@pytest.fixture
def judged(drawn):
    drawn.audit_predictions = audits(0)
    return drawn


def show(session, sample):
    session.audit_predictions = sample
    session.label(0, 1, 2, 3, 4, 5)


def test_before_the_first_label_and_before_the_first_audit_the_view_says_what_to_do(judged):
    view = CalibrationView(judged)
    assert "s.labeller" in texts(view)
    assert not any(trace.visible for trace in view.figure.data)
    judged.label(0, 1, 2)
    assert "No audit label yet" in texts(view)
    assert "s.audit.share" in texts(view)


def test_dots_are_groups_of_audits_with_their_wilson_interval(judged):
    view, sample = CalibrationView(judged), audits(80)
    show(judged, sample)
    dots = view.figure.data[2]
    found = reliability(sample.probs, sample.truth, bins=6, equal_size=True)
    assert np.allclose(dots.x, found.confidence)
    assert np.allclose(dots.y, found.accuracy)
    assert np.allclose(np.array(dots.y) + dots.error_y.array, found.high)
    assert np.allclose(np.array(dots.y) - dots.error_y.arrayminus, found.low)
    assert f"{found.count[0]} audits" in dots.customdata[0]


def test_every_audit_is_a_tick_right_ones_on_top(judged):
    view, sample = CalibrationView(judged), audits(50)
    show(judged, sample)
    right, wrong = view.figure.data[3:5]
    hit = sample.probs.argmax(1) == sample.truth
    assert (len(right.x), len(wrong.x)) == (hit.sum(), (~hit).sum())
    assert min(right.y) > 1
    assert max(wrong.y) < 0
    assert all("and so it was" in words for words in right.customdata)


def test_the_curve_is_the_risk_coverage_curve_and_ends_at_the_error_rate(judged):
    view, sample = CalibrationView(judged), audits(50)
    show(judged, sample)
    upper, lower, overall, curve = view.figure.data[5:]
    coverage, risk = risk_coverage(sample.probs, sample.truth)
    assert (lower.y <= risk).all()
    assert (risk <= upper.y).all()
    assert (upper.y[0], lower.y[0]) == pytest.approx((wilson(0, 1).high, 0.0))
    assert np.allclose(curve.x, coverage)
    assert np.allclose(curve.y, risk)
    assert overall.y[0] == pytest.approx(1 - (sample.probs.argmax(1) == sample.truth).mean())


def calibrated(n, power=1.3):
    """Audits before a temperature, and after it."""
    sample = audits(n, sure=0.7)
    sharp = sample.probs**power
    calibration = Calibration(power, np.arange(n), np.full(n, power))
    sharp /= sharp.sum(1, keepdims=True)
    return AuditPredictions(sharp, sample.truth, sample.probs, calibration)


def test_before_and_after_a_temperature_stand_side_by_side_in_dots_and_numbers(judged):
    view, sample = CalibrationView(judged), calibrated(80)
    show(judged, sample)
    rings, dots = view.figure.data[1:3]
    for trace, probs in ((rings, sample.uncalibrated_probs), (dots, sample.probs)):
        groups = reliability(probs, sample.truth, bins=6, equal_size=True)
        assert np.allclose(trace.x, groups.confidence)
        assert np.allclose(trace.y, groups.accuracy)
    assert "before its temperature" in rings.customdata[0]
    words = texts(view)
    assert "probabilities sharpened by 1.30 from 80 audits" in words
    assert f"after: {numbers(sample)}" in words
    before = AuditPredictions(sample.uncalibrated_probs, sample.truth)
    assert f"before (rings): {numbers(before)}" in words
    show(judged, audits(80))  # released, or of another head
    assert len(view.figure.data[1].x) == 0
    assert "before" not in texts(view)


def test_where_there_is_no_temperature_the_view_says_why():
    assert "from 20 on" in temperature_in_words(audits(19), "mean")
    assert "the mean, shown after s.train()" in temperature_in_words(audits(40), "graph")
    assert "<b>" not in temperature_in_words(audits(40), "<b>mine</b>")


@pytest.mark.parametrize("n", [1, 2, 7, 19])
def test_few_audits_are_called_few_and_no_single_number_is_shown(judged, n):
    view = CalibrationView(judged)
    show(judged, audits(n))
    assert "too few to judge" in texts(view)
    assert f"only {n} audit" in texts(view)
    assert "(" not in numbers(audits(n)), "an interval alone, not a number with its interval in brackets"
    assert len(view.figure.data[2].x) >= 1


def test_the_sentence_says_which_way_it_errs():
    assert "too sure" in reading(audits(200, sure=0.95, right=0.7))
    assert "too modest" in reading(audits(200, sure=0.6, right=0.95))
    assert "keeps its word" in reading(audits(200, sure=0.8, right=0.8))


def test_the_numbers_carry_interval_unit_and_sample_size():
    sample = audits(40)
    found = headline(sample.probs, sample.truth)
    line = numbers(sample)
    assert f"NLL {found.nll.value:.2f} nats ({found.nll.low:.2f} to {found.nll.high:.2f})" in line
    assert "n = 40" in line
    assert f"by chance alone up to {found.chance:.2f}" in line


def test_class_names_are_text_never_markup(judged):
    judged.classes = ["<a href='javascript:x'>ok</a>", "$x$", "<b>dent</b>"]
    view = CalibrationView(judged)
    show(judged, audits(60))
    shown = [words for trace in view.figure.data[3:5] for words in trace.customdata]
    assert any("&lt;" in words for words in shown)
    assert not any("<" in words or "$" in words for words in shown)


def test_text_follows_the_page_from_light_to_dark_and_a_reload_begins_with_the_present(judged):
    view = CalibrationView(judged)
    show(judged, audits(60))
    light = view.figure.layout.font.color
    view.theme.dark = True
    assert view.figure.layout.font.color != light
    kept = view.get_state()
    assert "No audit label yet" not in str(kept["figure_layout"]["annotations"])
    assert kept[f"trace_{CURVE}"]["x"]["shape"] == [60]
