"""``s.train(model)`` never puts a worse model in front: labels held out decide, and the report says so."""

from __future__ import annotations

import numpy as np
import pytest


class Said:
    def __init__(self, mean):
        self.mean = mean.astype(np.float32)
        self.epistemic = self.aleatoric = np.zeros(len(mean), np.float32)

    def draws(self, rows, S, seed):
        return np.stack([self.mean[rows]] * S)


class Guess:
    """Says the same of everything."""

    inputs = "features"

    def fit(self, inputs, y, *, n_classes, progress=None, is_cancelled=None):
        self.n_classes = n_classes
        return self

    def predict(self, inputs):
        return Said(np.eye(self.n_classes)[np.zeros(len(inputs), int)])


class Nearest(Guess):
    """The class of the nearest labelled item."""

    fits = 0

    def fit(self, inputs, y, *, n_classes, progress=None, is_cancelled=None):
        Nearest.fits += 1
        self.known = inputs, y, n_classes
        return self

    def predict(self, inputs):
        x, y, n_classes = self.known
        gaps = ((inputs[:, None] - x) ** 2).sum(2)
        return Said(np.eye(n_classes)[y[gaps.argmin(1)]])


@pytest.fixture
def labelled(project, digits):
    def open_(n: int):
        s = project()
        s.label({id: digits.truth(s, id) for id in s.pool.ids[:n]})
        return s

    return open_


def test_a_worse_model_stays_behind_and_can_be_asked(labelled):
    s = labelled(60)
    report = s.train(Guess(), wait=True)
    assert report.head == s.model.head == "mean"
    assert report.compared["Guess"] < 0.4 < 0.7 < report.compared["mean"]
    words = (
        f"kept mean {100 * report.compared['mean']:.1f} %; Guess {100 * report.compared['Guess']:.1f} % "
        "on the same 12 held-out labels; s.train(Guess, show=True) shows it"
    )
    assert report.note == words
    assert words in repr(report)
    assert s.model.heads == ["mean", "graph", "linear", "Guess"]
    assert set(s.predict(s.pool.ids, head="Guess").labels) == {s.classes[0]}
    assert len(set(s.predict(s.pool.ids).labels)) > 5


def test_a_model_that_does_as_well_is_shown(labelled):
    s = labelled(60)
    report = s.train(Nearest(), wait=True)
    assert report.head == s.model.head == "Nearest"
    assert "kept" not in report.note
    assert "on the same 12 held-out labels" in report.note


def test_who_insists_sees_it_and_nothing_is_trained_again(labelled):
    s = labelled(12)
    model = Nearest()
    assert s.train(model, wait=True).head == "mean"
    fits = Nearest.fits
    report = s.train(model, show=True, wait=True)
    assert Nearest.fits == fits
    assert report.head == s.model.head == "Nearest"
    assert "because you said show=True" in report.note
    s.label(s.ask(1).ids[0], s.classes[0])
    s.undo()
    s.label(s.ask(1).ids[0], s.classes[0])
    s.train(model, show=True, wait=True)
    assert Nearest.fits > fits, "other labels: what was made of the old ones is not shown for them"


def test_too_few_labels_to_compare_change_nothing_in_front(labelled):
    s = labelled(12)
    report = s.train(Guess(), wait=True)
    assert report.head == "mean"
    assert report.compared == {}
    assert report.note == (
        "kept mean: 12 labels are too few to compare Guess with mean; s.train(Guess, show=True) shows it"
    )


def test_an_own_model_in_front_is_not_replaced_by_a_worse_one(labelled, project):
    s = labelled(60)
    s.train(posterior="trees", show=True, wait=True)
    shown = s.model.predictive.mean.copy()
    report = s.train(Guess(), wait=True)
    assert report.head == s.model.head == "trees"
    assert set(report.compared) == {"Guess", "trees", "graph", "linear", "mean"}
    assert report.note.startswith("kept trees")
    assert np.array_equal(s.model.predictive.mean, shown)
    assert s.model.heads == ["trees", "graph", "linear", "mean", "Guess"]
    s.close()
    again = project()
    assert again.model.head == "trees"
    assert np.array_equal(again.model.predictive.mean, shown)
    assert again.problem is None


def test_a_reopened_project_shows_the_head_it_was_closed_with(labelled, project):
    s = labelled(60)
    report = s.train(posterior="ensemble", wait=True)
    mean, aside = s.model.predictive.mean.copy(), s.predict(s.pool.ids, head="ensemble").mean
    s.close()
    again = project()
    assert again.model.head == report.head
    assert np.allclose(again.model.predictive.mean, mean, atol=1e-6)
    assert np.allclose(again.predict(again.pool.ids, head="ensemble").mean, aside, atol=1e-6)
