"""Audited accuracy: the interval is Wilson's, and no point estimate is shown on fewer than 20 audits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from spin_nb.errors import ModelError
from spin_nb.monitor import audited_accuracy, wilson


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_scipys(case):
    correct, n = case
    ours = wilson(correct, n)
    theirs = binomtest(correct, n).proportion_ci(confidence_level=0.95, method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= ours.low <= correct / n <= ours.high <= 1


def test_value_appears_with_the_twentieth_audit():
    assert wilson(19, 19).value is None
    assert wilson(20, 20).value == 1.0


def test_no_audits_means_anything_is_possible():
    nothing = audited_accuracy([], [])
    assert (nothing.value, nothing.low, nothing.high, nothing.n) == (None, 0.0, 1.0, 0)


def test_accuracy_counts_agreements_and_names_its_sample():
    truth = np.arange(30) % 3
    predicted = truth.copy()
    predicted[:3] = (predicted[:3] + 1) % 3
    estimate = audited_accuracy(predicted, truth)
    assert estimate.value == pytest.approx(0.9)
    assert "audit sample" in estimate.method


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    intervals = [wilson(int(rng.binomial(40, 0.9)), 40) for _ in range(2000)]
    covered = np.mean([e.low <= 0.9 <= e.high for e in intervals])
    assert 0.93 <= covered <= 0.98


@pytest.mark.parametrize("bad", [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_are_refused(bad):
    with pytest.raises(ModelError, match="no share"):
        wilson(*bad)


def test_bad_level_is_refused():
    with pytest.raises(ModelError, match="level 95"):
        wilson(1, 2, level=95)


def test_lengths_must_match():
    with pytest.raises(ModelError, match="do not match"):
        audited_accuracy([0, 1], [0])
