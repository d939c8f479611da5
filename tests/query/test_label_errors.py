"""Wrong labels: confident learning as cleanlab has it, and the probability that a label is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.filter import find_label_issues
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spin_nb.errors import QueryError
from spin_nb.query.label_errors import (
    confident_errors,
    wrong_label_probabilities,
    wrong_number_probabilities,
)


def noisy(n, n_classes, rate, seed, distance=3.0):
    """Labels of which a share is wrong, and the probabilities of classes that are Gaussian clouds, by Bayes' rule."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=n)
    logits = distance * (rng.normal(size=(n, n_classes)) + distance * np.eye(n_classes)[truth])
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    is_wrong = rng.random(n) < rate
    y = np.where(is_wrong, (truth + rng.integers(1, n_classes, n)) % n_classes, truth)
    return probs, y, is_wrong


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("distance", [0.5, 1.0, 3.0])
def test_confident_errors_are_those_of_cleanlab(n_classes, rate, distance):
    probs, y, _ = noisy(400, n_classes, rate, seed=n_classes, distance=distance)
    reference = find_label_issues(
        y, probs, filter_by="confident_learning", min_examples_per_class=0, n_jobs=1
    )
    assert confident_errors(probs, y).tolist() == reference.tolist()


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.1, 0.3])
def test_the_share_of_wrong_labels_is_found_and_each_of_them(rate):
    probs, y, is_wrong = noisy(2000, 4, rate, seed=1)
    wrong, share = wrong_label_probabilities(probs, y)
    assert share == pytest.approx(is_wrong.mean(), abs=0.02)
    assert np.mean((wrong > 0.5) == is_wrong) > 0.97


def test_the_probabilities_hold_what_they_say():
    """Of labels said to be wrong with probability p, a share p is wrong."""
    probs, y, is_wrong = noisy(40_000, 3, 0.2, seed=2, distance=1.5)
    wrong, _ = wrong_label_probabilities(probs, y)
    for low in np.arange(0, 1, 0.25):
        inside = (wrong >= low) & (wrong < low + 0.25)
        assert wrong[inside].mean() == pytest.approx(is_wrong[inside].mean(), abs=0.02)


def test_a_class_without_labels_is_confident_of_nothing():
    probs = np.array([[0.2, 0.1, 0.7], [0.9, 0.05, 0.05]])
    assert confident_errors(probs, [0, 0]).tolist() == [False, False]


@settings(max_examples=50, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(2, 4)), elements=st.floats(0.01, 1)),
    st.data(),
)
def test_order_of_items_and_classes_does_not_matter(weights, data):
    probs = weights / weights.sum(axis=1, keepdims=True)
    n, n_classes = probs.shape
    y = np.array(data.draw(st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n)))
    items = np.array(data.draw(st.permutations(range(n))))
    columns = np.array(data.draw(st.permutations(range(n_classes))))
    wrong, share = wrong_label_probabilities(probs, y)
    there, share_there = wrong_label_probabilities(probs[items][:, columns], np.argsort(columns)[y[items]])
    np.testing.assert_allclose(there, wrong[items], atol=1e-5)
    assert share_there == pytest.approx(share, abs=1e-6)
    assert ((wrong >= 0) & (wrong <= 1)).all()


@pytest.mark.parametrize("y", [[0], [0, 2], [0, -1], [0.0, 1.0], [[0, 1]], ["a", "b"], None])
def test_labels_that_are_no_classes_are_refused(y):
    for function in (confident_errors, wrong_label_probabilities):
        with pytest.raises(QueryError):
            function([[0.5, 0.5], [0.1, 0.9]], y)


@pytest.mark.parametrize("probs", [np.empty((0, 2)), [[0.5, np.nan]], [[1.0]], [[0.2, 0.2]]])
def test_probabilities_that_are_none_are_refused(probs):
    for function in (confident_errors, wrong_label_probabilities):
        with pytest.raises(QueryError):
            function(probs, np.zeros(len(probs), int))


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
def test_numbers_far_from_what_is_predicted_are_wrong(rate):
    rng = np.random.default_rng(0)
    mean, sd = rng.uniform(size=2000), np.full(2000, 0.02)
    is_wrong = rng.random(2000) < rate
    y = np.where(is_wrong, rng.uniform(size=2000), np.clip(rng.normal(mean, sd), 0, 1))
    wrong, share = wrong_number_probabilities(y, mean, sd)
    assert share == pytest.approx(rate, abs=0.02)
    far = np.abs(y - mean) > 0.1
    assert (wrong > 0.5)[is_wrong & far].all()
    assert (wrong > 0.5)[~is_wrong].mean() < 0.005


def test_predictions_that_are_too_sure_of_numbers_are_not_believed():
    rng = np.random.default_rng(1)
    mean = rng.uniform(0.3, 0.7, 500)
    wrong, _ = wrong_number_probabilities(rng.normal(mean, 0.05), mean, np.full(500, 0.005))
    assert (wrong > 0.5).mean() < 0.02


@pytest.mark.parametrize(
    ("y", "mean", "sd"),
    [
        ([0.5], [0.5, 0.4], [0.1]),
        ([np.nan], [0.5], [0.1]),
        ([0.5], [0.5], [0.0]),
        ([[0.5]], [[0.5]], [[0.1]]),
    ],
)
def test_what_predicts_no_numbers_is_refused(y, mean, sd):
    with pytest.raises(QueryError, match="no predictions of numbers"):
        wrong_number_probabilities(y, mean, sd)


def test_no_number_is_wrong_where_there_is_none():
    wrong, _ = wrong_number_probabilities([], [], [])
    assert len(wrong) == 0
