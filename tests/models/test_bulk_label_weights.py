"""Labels that came many at a time, by gestures of one class, do not speak for how frequent their class is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.bayes.trees import Trees
from spin_nb.models.bulk_label_weights import bulk_label_weights, thin
from spin_nb.models.fit_heads import fit_heads
from spin_nb.models.learner import Learner
from spin_nb.models.model_spec import parse_model_spec
from spin_nb.pool.features.neighbours import nearest, neighbours

counts = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 5000)), min_size=2, max_size=80)


@given(counts)
def test_a_weight_never_raises_a_label_and_never_drops_all_of_them(pairs):
    alone, together = np.array(pairs).T
    weights = bulk_label_weights(alone, together)
    assert ((weights > 0) & (weights <= 1)).all()
    assert (weights * together >= np.minimum(together, 1) / 2).all()


@given(st.lists(st.integers(0, 200), min_size=3, max_size=80), st.integers(1, 5000), st.data())
def test_one_class_does_not_outnumber_the_class_labelled_most_one_by_one(alone, n, data):
    alone, bulk = np.array(alone), data.draw(st.integers(0, len(alone) - 1))
    together = np.where(np.arange(len(alone)) == bulk, n, 0)
    counted = alone + bulk_label_weights(alone, together) * together
    assert counted[bulk] <= max(alone.max(), alone[bulk] + 1)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=80))
def test_labels_given_one_by_one_count_fully(alone):
    assert (bulk_label_weights(np.array(alone), np.zeros(len(alone), int)) == 1).all()


@given(st.integers(2, 40), st.integers(0, 50), st.integers(2, 3000))
def test_gestures_that_treat_all_classes_alike_count_fully(n_classes, alone, n):
    each = np.ones(n_classes, int)
    assert (bulk_label_weights(alone * each, n * each) == 1).all()


def test_the_next_labels_seldom_change_what_the_others_count():
    together = np.array([3000, 0, 0])
    seen = {bulk_label_weights(np.array([20, 20 + n, 20]), together)[0] for n in range(200)}
    assert len(seen) <= 16


@pytest.mark.parametrize("n", [1, 7, 300])
def test_a_model_that_counts_every_label_as_one_gets_some_of_them(n):
    y = np.array([0, 1, 2, *[1] * n])
    weights = np.array([1, 1, 1, *[4 / max(n, 4)] * n])
    rows = thin(y, weights)
    assert rows[:3].tolist() == [0, 1, 2]
    assert len(rows) == 3 + min(n, 4)
    assert len(set(rows)) == len(rows)


# -- what heads make of it -----------------------------------------------------------------------------------


class Topics:
    """Four classes that overlap, as texts do; 40 labels drawn at random, and 300 items of the first one in one go."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.truth, truth = rng.integers(0, 4, 1600), rng.integers(0, 4, 2000)
        centres = 1.3 * rng.normal(size=(4, 12))
        self.x, x = (
            (centres[y] + 1.7 * rng.normal(size=(len(y), 12))).astype(np.float32) for y in (self.truth, truth)
        )
        self.graph, self.others = neighbours(self.x, 15), truth != 0
        self.test, self.hood, self.test_truth = x, nearest(self.x, x, 15), truth
        self.asked = np.arange(40)
        self.bulk = 40 + np.flatnonzero(self.truth[40:] == 0)[:300]

    def accuracy(self, rows, weights, **how):
        """Of each head on the other three classes."""
        learner = Learner(self.x, *self.graph, 4)
        learner.reset(rows, self.truth[rows], weights)
        fit = fit_heads(learner, rows, self.truth[rows], weights=weights, **how)
        learner.adopt(fit)
        heads = ["graph", "linear", "mean"] if fit.head == "mean" else [fit.head]
        right = {
            head: learner.predict(self.test, *self.hood, head).mean.argmax(1) == self.test_truth
            for head in heads
        }
        return {head: each[self.others].mean() for head, each in right.items()}


@pytest.fixture(scope="module")
def topics():
    return Topics()


def weighed(topics):
    rows = np.concatenate([topics.asked, topics.bulk])
    alone = np.bincount(topics.truth[topics.asked], minlength=4)
    each = bulk_label_weights(alone, np.bincount(topics.truth[topics.bulk], minlength=4))
    return rows, np.concatenate([np.ones(40), each[topics.truth[topics.bulk]]])


@pytest.mark.parametrize("model", [None, "trees"])
def test_the_other_classes_are_told_apart_nearly_as_well_as_without(topics, model):
    how = {} if model is None else {"spec": parse_model_spec(lambda: Trees(30), seed=0)}
    rows, weights = weighed(topics)
    without = topics.accuracy(topics.asked, None, **how)
    fully, less = topics.accuracy(rows, None, **how), topics.accuracy(rows, weights, **how)
    for head, accuracy in without.items():
        assert fully[head] < accuracy - 0.3, "else this would show nothing"
        assert less[head] > accuracy - 0.06


def test_weights_of_one_change_nothing(topics):
    rows = topics.asked
    plain, weighed = (Learner(topics.x, *topics.graph, 4) for _ in range(2))
    plain.reset(rows, topics.truth[rows])
    weighed.reset(rows, topics.truth[rows], np.ones(len(rows)))
    assert np.array_equal(plain.predictive().mean, weighed.predictive().mean)
