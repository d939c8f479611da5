"""Ensembles and committees: members as joint draws, doubt far from the labels, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb import testing
from spin_nb.bayes import Committee, Ensemble
from spin_nb.bayes.functions import FunctionsPredictive, member_order
from spin_nb.bayes.predictive import decompose, entropy
from spin_nb.errors import ModelError, NotTrainedError


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = rng.standard_normal((60, 5)) + np.eye(3, 5)[y] * 1.5
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def forest():
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(12, min_samples_leaf=2)


@pytest.mark.parametrize("options", [{"n_hidden": 0}, {"bagging": True}, {"n_hidden": 0, "bagging": True}])
def test_every_kind_of_ensemble_keeps_the_contract(options):
    testing.check_posterior(lambda: Ensemble(5, **options))


def classifiers():
    from sklearn.ensemble import BaggingClassifier, ExtraTreesClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    bagged = BaggingClassifier(LogisticRegression(), 10, max_features=0.8)
    return [
        LogisticRegression(),
        RandomForestClassifier(20),
        ExtraTreesClassifier(20, bootstrap=True),
        bagged,
    ]


@pytest.mark.parametrize("number", range(4))
def test_any_classifier_with_probabilities_is_a_committee(number):
    testing.check_posterior(lambda: Committee(classifiers()[number], 8))


def test_a_forests_trees_are_the_committee(blobs, forest):
    from sklearn.base import clone

    x, y = blobs
    predictive = Committee(forest, seed=3).fit(x, y, n_classes=3).predict(x)
    trees = clone(forest).set_params(random_state=3).fit(x, y)
    each = np.stack([tree.predict_proba(x) for tree in trees.estimators_])
    expected = (60 * each + 1 / 3) / 61
    assert np.allclose(predictive.mean, expected.mean(axis=0), atol=1e-5)
    assert np.allclose(predictive.epistemic, decompose(expected.astype(np.float32))[2], atol=1e-5)
    drawn = predictive.draws(np.arange(60), 12, seed=1)
    assert np.allclose(np.sort(drawn, axis=0), np.sort(expected, axis=0), atol=1e-5)


def test_members_may_have_missed_classes(blobs):
    from sklearn.tree import DecisionTreeClassifier

    x, _ = blobs
    committee = Committee(DecisionTreeClassifier(), 8).fit(x[:4], np.array([0, 3, 3, 5]), n_classes=7)
    mean = committee.predict(x).mean
    assert mean.shape == (60, 7)
    assert np.allclose(mean[:, [1, 2, 4, 6]], 1 / 7 / 5, atol=1e-5)


@pytest.mark.parametrize("make", [lambda: Ensemble(6), lambda: Ensemble(6, n_hidden=0)])
def test_far_from_the_labels_members_disagree(blobs, make):
    x, y = blobs
    posterior = make().fit(x, y, n_classes=3)
    away = 12 * np.random.default_rng(1).standard_normal((40, 5)).astype(np.float32)
    away[:, :3] = 0  # where the labels say nothing
    assert posterior.predict(away).epistemic.mean() > 2 * posterior.predict(x).epistemic.mean()


@settings(max_examples=20, deadline=None)
@given(
    n_members=st.integers(2, 9),
    n=st.integers(1, 12),
    S=st.integers(1, 30),
    seed=st.integers(0, 99),
    C=st.integers(2, 4),
)
def test_draws_are_joint_and_bald_stays_below_the_entropy(n_members, n, S, seed, C):
    logits = np.random.default_rng(seed).normal(0, 3, (n_members, n, C)).astype(np.float32)
    rows = np.arange(n, dtype=np.float32)[:, None]

    def of(members):
        return lambda x: logits[members][:, x[:, 0].astype(int)]

    p = FunctionsPredictive(rows, of(np.arange(n_members)), lambda S, s: of(member_order(n_members, S, s)))
    assert (p.epistemic <= entropy(p.mean) + 1e-5).all()
    assert np.allclose(p.draws(np.arange(n), 3 * n_members, seed).mean(axis=0), p.mean, atol=1e-5)
    everywhere, some = p.draws(np.arange(n), S, seed), np.arange(n)[::-2]
    assert np.allclose(p.draws(some, S, seed), everywhere[:, some], atol=1e-6)
    epistemic, aleatoric = p.uncertainty_of(n - 1)
    assert np.allclose([epistemic, aleatoric], [p.epistemic[-1], p.aleatoric[-1]], atol=1e-4)


def test_a_pool_longer_than_a_chunk_is_answered_in_full(blobs):
    x, y = blobs
    posterior = Ensemble(3, n_hidden=8).fit(x, y, n_classes=3)
    pool = np.tile(x, (80, 1))
    predictive = posterior.predict(pool)
    assert np.allclose(predictive.mean.reshape(80, 60, 3), posterior.predict(x).mean, atol=1e-5)
    drawn = predictive.draws(np.arange(len(pool)), 2, 5)
    assert np.allclose(drawn[:, :60], drawn[:, -60:], atol=1e-5)
    assert len(posterior.predict(x[:0]).mean) == 0


def test_the_unit_of_the_features_does_not_matter(blobs):
    x, y = blobs
    plain, scaled = (Ensemble(4).fit(k * x, y, n_classes=3).predict(k * x).mean for k in (1, 1000))
    assert np.allclose(plain, scaled, atol=1e-3)


def test_one_class_only_is_survived(blobs, forest):
    x, _ = blobs
    for make in (lambda: Ensemble(4), lambda: Committee(forest)):
        mean = make().fit(x[:5], np.full(5, 2), n_classes=3).predict(x[:5]).mean
        assert (mean.argmax(axis=1) == 2).all()


def test_bad_input_is_refused(blobs, forest):
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import LinearSVC

    class Logits(LogisticRegression):
        def predict_proba(self, x):
            return self.decision_function(x)

    class Failing(GaussianNB):
        def predict_proba(self, x):
            return np.full((len(x), 3), np.nan)

    x, y = blobs
    for make in (Ensemble, lambda: Committee(forest)):
        with pytest.raises(NotTrainedError):
            make().predict(x)
        with pytest.raises(ModelError, match="nothing to fit"):
            make().fit(x[:0], y[:0], n_classes=3)
        with pytest.raises(ModelError, match="numbers to regress"):
            make().fit(x, y.astype(float), n_classes=3)
    for estimator, says in (
        (LinearSVC(), "predict_proba"),
        (KMeans(), "predict_proba"),
        (LinearSVC, "instance"),
    ):
        with pytest.raises(ModelError, match=says):
            Committee(estimator)
    with pytest.raises(ModelError, match="not logits"):
        _ = Committee(Logits()).fit(x, y, n_classes=3).predict(x).mean
    with pytest.raises(ModelError, match="NaN"):
        _ = Committee(Failing()).fit(x, y, n_classes=3).predict(x).mean
    with pytest.raises(ModelError, match="could not be fitted"):
        Committee(LogisticRegression(C=-1.0)).fit(x, y, n_classes=3)
    for broken in (lambda: Ensemble(1), lambda: Ensemble(n_hidden=-1), lambda: Committee(forest, 1)):
        with pytest.raises(ModelError):
            broken()
