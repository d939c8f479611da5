"""``s.train(posterior=...)`` through the public door."""

from __future__ import annotations

import pytest

from spin_nb.errors import ModelError, UnknownWordError


def test_the_posterior_asked_for_is_shown_until_another_training(project, digits, tmp_path):
    s = project()
    digits.label(s, s.ask(30).ids)
    report = s.train(show=True, wait=True, posterior="ensemble")
    assert report.head == s.model.head == "ensemble"
    assert s.predict(digits.images[:5]).mean.shape == (5, 10)
    assert s.model.predictive.draws([0, 1], 4, 0).shape == (4, 2, 10)
    exported = s.export(tmp_path / "bundle")
    assert exported.largest_difference <= 1e-4
    assert s.train(wait=True).head in ("graph", "linear", "mean")


def test_a_posterior_that_does_not_exist_or_fails_leaves_the_last_good_model(project, digits):
    from sklearn.linear_model import LogisticRegression

    s = project()
    digits.label(s, s.ask(20).ids)
    s.train(show=True, wait=True, posterior="dropout")
    with pytest.raises(UnknownWordError, match="dropout"):
        s.train(posterior="dropuot")
    with pytest.raises(ModelError, match="could not be fitted"):
        s.train(show=True, wait=True, posterior=LogisticRegression(C=-1.0))
    assert s.model.head == "dropout"
