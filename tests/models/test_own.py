"""A posterior of the person's choice is shown in place of the head cross-validation chooses."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import testing
from spin_nb.bayes import MCDropout
from spin_nb.errors import ModelError, UnknownWordError
from spin_nb.models.learner import Learner
from spin_nb.models.network import Network
from spin_nb.models.own import check
from spin_nb.models.snapshot import Snapshot
from spin_nb.pool.neighbours import nearest, neighbours

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = (rng.standard_normal((120, 5)) * 0.6 + np.eye(3, 5)[y] * 2).astype(np.float32)
    return x, y, neighbours(x[:100], 10), nearest(x[:100], x[100:], 10)


def learner(blobs, n=30):
    x, y, graph, _ = blobs
    made = Learner(x[:100], *graph, 3)
    made.reset(np.arange(n), y[:n])
    return made


def forest():
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(10)


@pytest.mark.parametrize(
    ("spec", "head"),
    [
        ("laplace", "linear"),
        ("graph", "graph"),
        ("dropout", "dropout"),
        ("ensemble", "ensemble"),
        ("laplace-all", "laplace-all"),
        (MCDropout, "MCDropout"),
        (MCDropout(hidden=16), "MCDropout"),
        (forest(), "RandomForestClassifier"),
        (forest, "forest"),
        (Network("mlp", steps=50), "Network"),
    ],
)
def test_what_was_asked_for_is_shown(blobs, spec, head):
    x, y, _, hood = blobs
    made = learner(blobs)
    made.adopt(made.fit(np.arange(30), y[:30], posterior=spec))
    assert made.head == head
    testing.check_predictive(made.predictive(), 100, 3)
    new = made.predict(x[100:], *hood)
    testing.check_predictive(new, 20, 3)
    assert (new.mean.argmax(axis=1) == y[100:]).mean() > 0.8
    assert np.array_equal(made.predictive("linear").mean, made.predictive("linear").mean)
    picked = made.ask(3, np.arange(30, 100), strategy="bald")
    assert len(picked.indices) == 3


def test_arrivals_are_answered_too(blobs):
    x, y, _, hood = blobs
    made = learner(blobs)
    made.adopt(made.fit(np.arange(30), y[:30], posterior="ensemble"))
    before = made.predictive().mean
    made.extend(x[100:], *hood)
    assert np.allclose(made.predictive().mean[:100], before, atol=1e-5)
    assert len(made.predictive().mean) == 120


def test_without_a_posterior_nothing_changes(blobs):
    _, y, _, _ = blobs
    made = learner(blobs)
    fit = made.fit(np.arange(30), y[:30])
    assert fit.posterior is None
    assert fit.head in ("graph", "linear", "mean")
    own = made.fit(np.arange(30), y[:30], posterior="dropout")
    assert own.validation == fit.validation


def test_on_disk_it_is_a_name_and_comes_back_as_the_graph_head(blobs, tmp_path):
    _, y, _, _ = blobs
    made = learner(blobs)
    fit = made.fit(np.arange(30), y[:30], posterior="dropout")
    Snapshot.of("m", ["a", "b", "c"], None, fit, 30).save(tmp_path / "m")
    kept = Snapshot.load(tmp_path / "m")
    assert kept.head == "dropout"
    made.adopt(kept.fit)
    assert made.head == "graph"
    testing.check_predictive(made.predictive(), 100, 3)


def test_a_failed_fit_leaves_the_last_good_model(blobs):
    from sklearn.linear_model import LogisticRegression

    _, y, _, _ = blobs
    made = learner(blobs)
    made.adopt(made.fit(np.arange(30), y[:30], posterior="ensemble"))
    before = made.predictive().mean
    with pytest.raises(ModelError, match="could not be fitted"):
        made.fit(np.arange(30), y[:30], posterior=LogisticRegression(C=-1.0))
    assert np.array_equal(made.predictive().mean, before)


def test_what_is_no_posterior_is_refused_at_once():
    from sklearn.svm import LinearSVC

    with pytest.raises(UnknownWordError, match="did you mean 'ensemble'"):
        check("ensembl")
    with pytest.raises(ModelError, match="no posterior"):
        check(3)
    with pytest.raises(ModelError, match="predict_proba"):
        check(LinearSVC())
    with pytest.raises(ModelError, match="no posterior by itself"):
        check(torch.nn.Linear(5, 3))
    assert check(None) is None


def test_what_a_function_makes_must_be_a_posterior(blobs):
    _, y, _, _ = blobs
    with pytest.raises(ModelError, match="3 is no posterior"):
        learner(blobs).fit(np.arange(30), y[:30], posterior=lambda: 3)
