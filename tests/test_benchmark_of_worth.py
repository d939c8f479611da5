"""The benchmark of lassos and bulks counts seconds and wrong labels as it says."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from benchmarks import worth
from benchmarks._sets import split
from benchmarks.clusters import purity

SECONDS = worth.Seconds(answer=2, look=1, mark=10, open=100, key=1000)


def groups(n_other=0):
    """Two groups of 40, and of the first ``n_other`` items that are of the other class."""
    truth = np.repeat([0, 1], 40)
    x = np.random.default_rng(0).normal(size=(80, 4)) + 9 * truth[:, None]
    y = truth.copy()
    y[:n_other] = 1
    return split(x, y, x[:4], y[:4]), truth


def test_a_pure_cluster_is_labelled_for_what_it_costs():
    data, index = groups()
    person = worth.Person(data, SECONDS, seed=0)
    first, last = person.label_clusters(index, trusts=False)
    assert (first.n_labels, first.n_wrong, first.seconds) == (40, 0, 100 + 40 + 1000)
    assert (last.n_labels, last.right, last.seconds) == (80, 1.0, 2 * (100 + 40 + 1000))


def test_who_trusts_looks_at_a_screenful_alone():
    data, index = groups()
    *_, last = worth.Person(data, SECONDS, seed=0).label_clusters(index, trusts=True)
    assert last.seconds == 2 * (100 + worth.SCREENFUL + 1000)
    assert last.n_labels == 80


def test_a_cluster_that_mixes_classes_is_left_alone():
    data, index = groups(n_other=20)
    moments = list(worth.Person(data, SECONDS, seed=0).label_clusters(index, trusts=False))
    assert [each.n_labels for each in moments] == [40]


def test_what_goes_unseen_gets_the_wrong_label_and_what_is_marked_none(monkeypatch):
    monkeypatch.setattr(worth, "MIN_ALIKE", 0.5)
    data, index = groups(n_other=8)
    for missed_share, n_labels, n_wrong in ((0.0, 72, 0), (1.0, 80, 8)):
        monkeypatch.setattr(worth, "MISSED_SHARE", missed_share)
        *_, last = worth.Person(data, SECONDS, seed=0).label_clusters(index, trusts=False)
        assert (last.n_labels, last.n_wrong) == (n_labels, n_wrong)
        assert last.seconds == 2 * (100 + 40 + 1000) + 10 * (80 - n_labels)


def test_the_labeller_pays_for_each_answer():
    data, _ = groups()
    first = next(worth.curve(data, "labeller", SECONDS, seed=0))
    assert (first.n_labels, first.n_wrong, first.seconds) == (20, 0, 40)
    assert first.right == 1.0


def test_minutes_until_a_target_are_those_of_the_first_moment_that_reaches_it():
    moments = [worth.Moment(60, 0.5, 9, 0), worth.Moment(120, 0.93, 20, 1), worth.Moment(180, 0.91, 30, 1)]
    assert worth.minutes_to(moments, 0.9) == 2
    assert worth.minutes_to(moments, 0.95) == np.inf


def test_seconds_are_set_by_name():
    assert worth.seconds_of("look=3,mark=1") == {"look": 3.0, "mark": 1.0}
    with pytest.raises(argparse.ArgumentTypeError, match="no action is called jump"):
        worth.seconds_of("jump=1")


def test_purity_leaves_out_what_is_in_no_cluster():
    assert purity(np.array([0, 0, 0, 1, -1]), np.array([4, 4, 2, 1, 1])) == 0.75
