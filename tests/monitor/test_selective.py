"""Whether uncertainty finds errors and strangers: against scikit-learn and hand-computed answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from spin_nb.errors import ModelError
from spin_nb.monitor import aurc, misclassification, risk_coverage, separation

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9]), min_size=1, max_size=40)


def test_risk_coverage_by_hand():
    p = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]]
    coverage, risk = risk_coverage(p, [0, 1, 1, 1])
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0.0, 0.5, 1 / 3, 0.5]
    assert aurc(p, [0, 1, 1, 1]) == pytest.approx((0 + 0.5 + 1 / 3 + 0.5) / 4)


def test_equal_confidence_shares_its_errors_whatever_the_order():
    p = np.tile([0.7, 0.3], (10, 1))
    for y in ([1, 1] + [0] * 8, [0] * 8 + [1, 1]):
        assert np.allclose(risk_coverage(p, y)[1], 0.2)


@given(st.integers(0, 500))
def test_risk_at_full_coverage_is_the_error_rate_and_knowing_ones_errors_is_best(seed):
    rng = np.random.default_rng(seed)
    right = rng.random(30) < 0.7
    confidence = rng.uniform(0.5, 1, 30)
    p, y = np.column_stack([confidence, 1 - confidence]), (~right).astype(int)
    assert risk_coverage(p, y)[1][-1] == pytest.approx(1 - right.mean())
    best = np.where(right, 0.9, 0.6)
    assert aurc(np.column_stack([best, 1 - best]), y) <= aurc(p, y) + 1e-12


@given(SCORES, SCORES)
def test_separation_is_sklearns_roc(ordinary, found):
    truth = np.r_[np.zeros(len(ordinary)), np.ones(len(found))]
    scores = np.r_[ordinary, found]
    got = separation(ordinary, found)
    assert got.auroc == pytest.approx(roc_auc_score(truth, scores))
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert got.fpr95 == pytest.approx(false[np.argmax(true >= 0.95)])


def test_groups_apart_and_alike():
    assert separation([1, 2, 3], [4, 5]).auroc == 1.0
    assert separation([1, 2, 3], [4, 5]).fpr95 == 0.0
    assert separation([1, 1], [1, 1]).auroc == 0.5
    assert separation([1, 1], [1, 1]).fpr95 == 1.0


def test_misclassification_takes_confidence_or_another_uncertainty():
    p, y = [[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]], [0, 0, 1]
    assert misclassification(p, y).auroc == 1.0
    assert misclassification(p, y, [0.5, 0.1, 0.3]).auroc == 0.5


@pytest.mark.parametrize("y", [[0, 0], [1, 1]])
def test_without_both_right_and_wrong_there_is_nothing_to_tell_apart(y):
    with pytest.raises(ModelError, match="nothing to tell apart"):
        misclassification([[0.9, 0.1], [0.8, 0.2]], y)


@pytest.mark.parametrize(
    ("ordinary", "found"), [([], [1.0]), ([1.0], []), ([np.nan], [1.0]), ([[1.0]], [1.0])]
)
def test_empty_or_broken_scores_are_refused(ordinary, found):
    with pytest.raises(ModelError):
        separation(ordinary, found)


def test_uncertainties_of_other_items_are_refused():
    with pytest.raises(ModelError, match="do not match"):
        misclassification([[0.9, 0.1], [0.8, 0.2]], [0, 1], [0.1])
