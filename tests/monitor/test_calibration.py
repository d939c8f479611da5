"""Calibration measures, against hand-computed answers, plain loops, scikit-learn and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from spin_nb.errors import ModelError
from spin_nb.monitor import (
    adaptive_ece,
    apply_temperature,
    brier,
    classwise_ece,
    ece,
    headline,
    inverse_temperature,
    nll,
    reliability,
    temperature,
)
from spin_nb.monitor.calibration import equal_bins
from spin_nb.monitor.temperature import PRIOR_LABELS


def some(n=200, C=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(C), n).astype(np.float32), rng.integers(0, C, n)


def honest(n, C=4, seed=0, power=1.0):
    """Probabilities raised to ``power``, and classes drawn from them as they were before."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(C), n)
    y = (p.cumsum(1) > rng.random((n, 1))).argmax(1)
    said = p**power
    return said / said.sum(1, keepdims=True), y


def test_nll_is_sklearns_log_loss():
    p, y = some()
    assert nll(p, y) == pytest.approx(log_loss(y, p, labels=range(4)), rel=1e-5)


def test_nll_of_an_impossible_truth_is_large_but_finite():
    assert 80 < nll([[1.0, 0.0]], [1]) < 90


def test_brier_matches_a_plain_loop_and_its_ends():
    p, y = some()
    expected = np.mean([sum((p[i, k] - (k == y[i])) ** 2 for k in range(4)) for i in range(len(y))])
    assert brier(p, y) == pytest.approx(expected, rel=1e-5)
    assert brier([[1.0, 0.0]], [0]) == 0.0
    assert brier([[1.0, 0.0]], [1]) == 2.0


def test_ece_by_hand():
    # Bin (.8, .867] holds the two at .85 (one right), bin (.6, .667] the one at .65 (right).
    p = [[0.85, 0.15], [0.85, 0.15], [0.35, 0.65]]
    assert ece(p, [0, 1, 1]) == pytest.approx((2 * abs(0.5 - 0.85) + abs(1 - 0.65)) / 3)


@pytest.mark.parametrize("measure", [ece, adaptive_ece, classwise_ece])
def test_certain_and_right_is_zero(measure):
    p = np.eye(3)[[0, 1, 2, 0]]
    assert measure(p, [0, 1, 2, 0]) == 0.0


def test_certain_and_wrong_is_one():
    p = np.eye(3)[[0, 1, 2, 0]]
    assert ece(p, [1, 2, 0, 1]) == 1.0
    assert adaptive_ece(p, [1, 2, 0, 1]) == 1.0


def test_ece_matches_a_plain_loop():
    p, y = some(500, 5, 3)
    confidence, right = p.max(1).astype(float), p.argmax(1) == y
    expected = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert ece(p, y) == pytest.approx(expected, abs=1e-9)


def test_adaptive_ece_without_ties_is_over_bins_of_one_size():
    p, y = some(150, 5, 3)
    order = np.argsort(p.max(1))
    gap = ((p.argmax(1) == y) - p.max(1).astype(float))[order]
    assert adaptive_ece(p, y) == pytest.approx(np.abs(gap.reshape(15, 10).sum(1)).sum() / 150, abs=1e-9)


@given(st.lists(st.sampled_from([0.5, 0.6, 0.7, 0.9, 1.0]), min_size=1, max_size=60), st.integers(1, 20))
def test_equal_bins_keep_ties_together_and_stay_in_range(values, bins):
    values = np.array(values)
    bin_of = equal_bins(values, bins)
    assert ((bin_of >= 0) & (bin_of < bins)).all()
    assert all(len(set(bin_of[values == v])) == 1 for v in values)
    assert (np.diff(bin_of[np.argsort(values, kind="stable")]) >= 0).all()


def test_classwise_ece_sees_a_second_choice_that_is_given_too_much():
    p = np.tile([0.6, 0.4, 0.0], (100, 1))
    y = np.array([0] * 60 + [2] * 40)
    assert ece(p, y) == pytest.approx(0.0, abs=1e-12)
    assert classwise_ece(p, y) == pytest.approx(0.8 / 3)


@given(st.integers(0, 1000))
def test_order_of_items_and_names_of_classes_do_not_matter(seed):
    p, y = some(40, 4, seed)
    p = p.round(1).clip(0.01)
    p /= p.sum(1, keepdims=True)
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(40), rng.permutation(4)
    renamed = np.argsort(names)
    for measure in (nll, brier, classwise_ece):
        assert measure(p[order][:, names], renamed[y[order]]) == pytest.approx(measure(p, y), abs=1e-6)
    for measure in (ece, adaptive_ece):
        assert measure(p[order], y[order]) == pytest.approx(measure(p, y), abs=1e-6)


def test_reliability_is_sklearns_calibration_curve():
    p, y = some(400, 2, 1)
    confidence, right = p.max(1), p.argmax(1) == y
    share, mean = calibration_curve(right, confidence, n_bins=15)
    found = reliability(p, y)
    assert np.allclose(found.accuracy, share)
    assert np.allclose(found.confidence, mean)
    assert found.count.sum() == 400
    assert ((found.low <= found.accuracy) & (found.accuracy <= found.high)).all()


def test_reliability_explains_ece():
    p, y = some(300)
    for equal_size, measure in ((False, ece), (True, adaptive_ece)):
        found = reliability(p, y, equal_size=equal_size)
        gaps = found.count / 300 * np.abs(found.accuracy - found.confidence)
        assert gaps.sum() == pytest.approx(measure(p, y))


@pytest.mark.parametrize("power", [0.5, 1.0, 2.5])
def test_temperature_is_the_minimum_of_the_nll_and_finds_what_was_done(power):
    p, y = honest(4000, power=power)
    T, scaled = temperature(p, y)
    by_scipy = minimize_scalar(lambda t: nll(apply_temperature(p, t), y), bounds=(0.05, 20), method="bounded")
    assert pytest.approx(by_scipy.x, rel=1e-3) == T
    assert pytest.approx(power, rel=0.08) == T
    assert nll(scaled, y) <= nll(p, y) + 1e-6
    assert (scaled.argmax(1) == p.argmax(1)).all()


def test_temperature_stays_finite_where_all_is_right_or_a_probability_is_zero():
    assert 0.05 <= temperature([[0.9, 0.1]] * 5, [0] * 5)[0] < 0.06
    T, scaled = temperature([[1.0, 0.0]] * 4, [0, 0, 0, 1])
    assert T > 1
    assert np.isfinite(scaled).all()


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ModelError, match="not positive"):
        apply_temperature([[0.5, 0.5]], 0.0)
    with pytest.raises(ModelError, match="not positive"):
        apply_temperature([[0.5, 0.5]] * 2, np.array([1.0, np.nan]))


def test_under_twenty_audits_the_headline_has_intervals_only():
    p, y = honest(19)
    found = headline(p, y)
    assert (found.nll.value, found.brier.value, found.ece.value) == (None, None, None)
    assert found.nll.low < nll(p, y) < found.nll.high


def test_the_headline_holds_the_measures_themselves():
    p, y = honest(60)
    found = headline(p, y)
    for measure, value in ((found.nll, nll(p, y)), (found.brier, brier(p, y)), (found.ece, ece(p, y))):
        assert measure.value == pytest.approx(value)
        assert measure.low <= value <= measure.high
        assert measure.n == 60
    assert repr(found) == repr(headline(p, y))


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    true = {}
    for power in (1.0, 2.5):
        p, y = honest(200_000, power=power)
        true[power] = nll(p, y), brier(p, y), ece(p, y)
    held = np.zeros(3)
    for seed in range(60):
        for power, truth in true.items():
            found = headline(*honest(80, seed=seed + 1, power=power))
            held += [
                m.low - 0.002 <= t <= m.high
                for m, t in zip((found.nll, found.brier, found.ece), truth, strict=True)
            ]
    assert (held / 120 > 0.83).all()


def test_chance_is_what_honest_probabilities_stay_below():
    below = [h.ece.value <= h.chance for h in (headline(*honest(50, seed=s)) for s in range(100))]
    assert 0.87 <= np.mean(below) <= 1.0


def test_many_audits_are_resampled_in_blocks():
    p, y = honest(5000)
    found = headline(p, y)
    assert found.nll.high - found.nll.low == pytest.approx(
        2 * 1.96 * np.std(-np.log(p[np.arange(5000), y])) / 5000**0.5, rel=0.1
    )


@pytest.mark.parametrize(
    "measure", [nll, brier, ece, adaptive_ece, classwise_ece, temperature, inverse_temperature, headline]
)
def test_logits_are_refused_with_a_hint(measure):
    with pytest.raises(ModelError, match="softmax first"):
        measure([[2.0, -1.5]], [0])


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


def shrunk_loss(p, y, power):
    """What an inverse temperature minimises, written down once more."""
    scaled = apply_temperature(p, 1 / power).astype(np.float64)
    return -np.log(scaled[np.arange(len(y)), y]).sum() + PRIOR_LABELS * (power - 1 - np.log(power))


@pytest.mark.parametrize("power", [0.4, 1.0, 2.5])
@pytest.mark.parametrize(("n", "C"), [(1, 3), (20, 2), (60, 10)])
def test_the_inverse_temperature_is_the_minimum_that_scipy_finds(n, C, power):
    p, y = honest(n, C, power=power)
    b, _ = inverse_temperature(p, y)
    by_scipy = minimize_scalar(lambda log: shrunk_loss(p, y, np.exp(log)), bounds=(-3, 3), method="bounded")
    assert b == pytest.approx(np.exp(by_scipy.x), rel=1e-3)


def test_one_label_hardly_moves_it_and_many_find_what_was_done():
    p, y = honest(5000, power=0.5)
    assert inverse_temperature(p, y)[0] == pytest.approx(2, rel=0.08)
    assert inverse_temperature(p[:1], y[:1])[0] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("n", "C"), [(20, 2), (40, 5), (120, 30)])
def test_the_power_without_a_label_is_that_of_the_other_labels(n, C):
    p, y = honest(n, C, power=0.6)
    b, without = inverse_temperature(p, y)
    exact = np.array([inverse_temperature(np.delete(p, i, 0), np.delete(y, i))[0] for i in range(n)])
    assert np.abs(without - exact).max() < 0.15 * np.abs(exact - b).max()


def test_probabilities_at_the_powers_without_their_own_label_do_not_flatter():
    # Means over 300 samples: at the power itself the audits look better than new items, at those without they do not.
    fresh, fresh_y = honest(4000, 5, seed=10_000, power=1.3)
    flattering, honest_ones, truly = [], [], []
    for seed in range(300):
        p, y = honest(20, 5, seed=seed, power=1.3)
        b, without = inverse_temperature(p, y)
        plain = nll(p, y)
        flattering.append(nll(apply_temperature(p, 1 / b), y) - plain)
        honest_ones.append(nll(apply_temperature(p, 1 / without), y) - plain)
        truly.append(nll(apply_temperature(fresh, 1 / b), fresh_y) - nll(fresh, fresh_y))
    gain = -np.mean(truly)
    assert -np.mean(flattering) > 1.2 * gain
    assert -np.mean(honest_ones) == pytest.approx(gain, abs=0.004)


def test_it_stays_finite_where_all_is_right_or_wrong_or_a_probability_is_zero():
    assert 1 < inverse_temperature([[0.9, 0.1]] * 500, [0] * 500)[0] < 20
    assert 0.05 <= inverse_temperature([[1.0, 0.0]] * 500, [1] * 500)[0] < 0.1
    b, without = inverse_temperature([[1.0, 0.0]] * 20, [0] * 20)
    assert np.allclose([b, *without], 1)
    assert inverse_temperature([[0.5, 0.5]] * 20, [0] * 20)[0] == pytest.approx(1)


@given(st.floats(0.05, 20), st.integers(0, 1000))
def test_no_temperature_changes_an_answer_and_each_item_may_have_its_own(T, seed):
    p, _ = honest(30, 6, seed=seed)
    assert (apply_temperature(p, T).argmax(1) == p.argmax(1)).all()
    each = np.linspace(0.5, 2, 30)
    one_by_one = [apply_temperature(p[i : i + 1], t)[0] for i, t in enumerate(each)]
    assert np.allclose(apply_temperature(p, each), one_by_one)
