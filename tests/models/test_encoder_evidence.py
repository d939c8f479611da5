"""What labels say of an encoder: the graph's own leave-one-out likelihood, and a threshold before anything moves."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.bayes.graph import LiveGraph
from spin_nb.models.encoder_evidence import ADVANTAGE, MAX_LABELS, Evidence, evidence, likeliest
from spin_nb.models.learner import Learner
from spin_nb.pool.features.neighbours import neighbours


def learner_over(features, n_classes=2):
    features = np.ascontiguousarray(features, np.float32)
    return Learner(features, *neighbours(features, 10), n_classes)


@pytest.fixture(scope="module")
def two_views():
    """Rows of two classes: features in which they lie apart, and features that know nothing."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    apart = rng.normal(size=(200, 4)) + 3 * y[:, None]
    return learner_over(apart), learner_over(rng.normal(size=(200, 4))), y


def test_features_in_which_classes_lie_apart_have_the_higher_likelihood(two_views):
    apart, nothing, y = two_views
    rows = np.random.default_rng(1).choice(200, 30, replace=False)
    good, bad = evidence(apart, rows, y[rows]), evidence(nothing, rows, y[rows])
    assert good.accuracy > 0.9 > bad.accuracy
    assert good.log_likelihood > bad.log_likelihood + ADVANTAGE
    assert good.n_labels == bad.n_labels == 30


def test_it_is_what_the_graph_says_of_each_label_without_it(two_views):
    learner, _, y = two_views
    rows = np.array([0, 1, 2, 3, 4, 5, 6, 7])
    says = []
    for out in rows:
        live = LiveGraph(learner.graph.phi, 2)
        live.reset(np.setdiff1d(rows, [out]), y[np.setdiff1d(rows, [out])])
        says.append(live.scores[out].argmax() == y[out])
    assert evidence(learner, rows, y[rows]).accuracy == np.mean(says)


def test_the_learners_own_labels_do_not_matter(two_views):
    learner, _, y = two_views
    rows = np.arange(20)
    before = evidence(learner, rows, y[rows])
    learner.label(150, 1 - int(y[150]))
    assert evidence(learner, rows, y[rows]) == before


def test_four_labels_say_nothing(two_views):
    learner, _, y = two_views
    assert evidence(learner, np.arange(4), y[:4]) is None


def test_of_many_labels_some_are_enough():
    y = np.arange(MAX_LABELS + 500) % 2
    features = np.random.default_rng(0).normal(size=(len(y), 2)) + 4 * y[:, None]
    assert evidence(learner_over(features), np.arange(len(y)), y).n_labels == MAX_LABELS


def test_labels_of_one_gesture_count_as_some_of_them(two_views):
    learner, _, y = two_views
    rows = np.r_[np.arange(0, 100, 2), [1, 3, 5, 7]]
    weights = np.r_[np.full(50, 0.1), np.ones(4)]
    assert evidence(learner, rows, y[rows], weights).n_labels < 54


@pytest.mark.parametrize(("gain", "expected"), [(0.0, "a"), (ADVANTAGE - 0.1, "a"), (ADVANTAGE + 0.1, "b")])
def test_nothing_moves_without_clear_evidence(gain, expected):
    assert likeliest({"a": Evidence(-30, 0.5, 20), "b": Evidence(-30 + gain, 0.5, 20)}, "a") == expected


def test_of_encoders_none_of_which_is_shown_the_likeliest_is_taken():
    assert likeliest({"a": Evidence(-30, 0.5, 20), "b": Evidence(-29, 0.5, 20)}, "c") == "b"
