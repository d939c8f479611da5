"""Conformal sets and intervals: known answers, numpy's own quantile, and the promise kept in simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import ModelError
from spin_nb.monitor import (
    audits_needed,
    class_scores,
    conformal_intervals,
    conformal_sets,
    conformal_threshold,
)


def drawn(n, rng, C=4):
    """Probabilities that are far from the ones the truth was drawn with, and the truth."""
    p = rng.dirichlet(np.ones(C), n)
    y = (p.cumsum(1) > rng.random((n, 1))).argmax(1)
    said = p[:, ::-1] * 0.3 + 0.7 * p**2
    return said / said.sum(1, keepdims=True), y


@pytest.mark.parametrize(
    ("alpha", "needed"), [(0.1, 9), (0.05, 19), (0.01, 99), (0.2, 4), (0.3, 3), (0.5, 1), (0.9, 1)]
)
def test_how_many_audits_a_promise_takes(alpha, needed):
    assert audits_needed(alpha) == needed
    conformal_threshold(np.arange(needed), alpha)
    if needed > 1:
        with pytest.raises(ModelError, match=f"at least {needed} audit labels; there (is|are) {needed - 1}"):
            conformal_threshold(np.arange(needed - 1), alpha)


@given(st.lists(st.floats(-10, 10), min_size=30, max_size=80), st.sampled_from([0.05, 0.1, 0.25, 0.5]))
def test_the_threshold_is_numpys_quantile_at_the_corrected_level(scores, alpha):
    n = len(scores)
    level = (
        np.ceil((n + 1) * (1 - alpha) - 1e-9) / n - 1e-6
    )  # numpy's rounding may go one too far at the step
    assert conformal_threshold(scores, alpha) == np.quantile(scores, level, method="inverted_cdf")


def test_actively_chosen_labels_are_refused_with_the_reason():
    p, y = drawn(200, np.random.default_rng(0))
    for call in (
        lambda: conformal_threshold(np.arange(100), 0.1, actively_chosen=True),
        lambda: conformal_sets(p, p, y, actively_chosen=True),
        lambda: conformal_intervals(p[:, 0], p[:, 0], p[:, 1], actively_chosen=True),
    ):
        with pytest.raises(ModelError, match="not exchangeable"):
            call()


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, np.nan, "a", None, True, [0.1]])
def test_an_alpha_that_is_no_share_is_refused(alpha):
    with pytest.raises(ModelError, match="between 0 and 1"):
        audits_needed(alpha)
    with pytest.raises(ModelError, match="between 0 and 1") as caught:
        conformal_sets([[0.5, 0.5]], np.full((9, 2), 0.5), np.zeros(9, np.int64), alpha=alpha)
    assert caught.value.do


def test_too_few_audits_are_refused_even_when_there_are_none():
    for n in (0, 3):
        with pytest.raises(ModelError, match=f"at least 9 audit labels; there are {n}"):
            conformal_sets([[0.5, 0.5]], np.full((n, 2), 0.5), np.zeros(n, np.int64))
        with pytest.raises(ModelError, match=f"at least 9 audit labels; there are {n}"):
            conformal_intervals([0.5], np.zeros(n), np.zeros(n))


def test_scores_by_hand():
    p = [[0.5, 0.2, 0.3]]
    assert np.allclose(class_scores(p, "lac"), [[0.5, 0.8, 0.7]])
    assert np.allclose(class_scores(p, "aps"), [[0.5, 1.0, 0.8]])
    with pytest.raises(ModelError, match="lac, aps"):
        class_scores(p, "raps")


@pytest.mark.parametrize("score", ["lac", "aps"])
@pytest.mark.parametrize(("n", "alpha"), [(9, 0.1), (30, 0.1), (99, 0.2)])
def test_the_promise_is_kept_on_average_however_wrong_the_model(score, n, alpha):
    rng = np.random.default_rng(n)
    by_score, by_set = [], []
    for _ in range(400):
        audits, y = drawn(n, rng)
        p, truth = drawn(50, rng)
        at = conformal_threshold(class_scores(audits, score)[np.arange(n), y], alpha)
        by_score.append((class_scores(p, score)[np.arange(50), truth] <= at).mean())
        by_set.append(conformal_sets(p, audits, y, alpha=alpha, score=score)[np.arange(50), truth].mean())
    slack = 3 * np.std(by_score) / np.sqrt(400)
    assert np.mean(by_score) >= 1 - alpha - slack
    assert (np.array(by_set) >= by_score).all()
    if score == "lac":  # without ties it is exact
        assert np.mean(by_score) <= 1 - alpha + 1 / (n + 1) + slack


@given(st.integers(0, 300), st.sampled_from(["lac", "aps"]))
def test_a_smaller_alpha_never_shrinks_a_set_and_class_order_does_not_matter(seed, score):
    rng = np.random.default_rng(seed)
    (audits, y), (p, _) = drawn(40, rng), drawn(20, rng)
    wide, narrow = (conformal_sets(p, audits, y, alpha=a, score=score) for a in (0.05, 0.3))
    assert (wide >= narrow).all()
    names = rng.permutation(4)
    renamed = conformal_sets(p[:, names], audits[:, names], np.argsort(names)[y], alpha=0.3, score=score)
    assert (renamed == narrow[:, names]).all()


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_every_set_holds_the_likeliest_class_however_unlikely(score):
    audits, y = np.tile([0.98, 0.02], (50, 1)), np.zeros(50, np.int64)
    p = [[0.999, 0.001], [0.5, 0.5], [0.4, 0.6]]
    assert conformal_sets(p, audits, y, score=score).tolist() == [[True, False], [True, False], [False, True]]


def test_models_of_other_classes_are_refused():
    with pytest.raises(ModelError, match="2 classes, the items 3"):
        conformal_sets(np.full((1, 3), 1 / 3), np.full((20, 2), 0.5), np.zeros(20, np.int64))


@pytest.mark.parametrize("scaled", [False, True])
def test_intervals_keep_their_promise(scaled):
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        x = rng.uniform(0.5, 3, (2, 40))
        y = x * 2 + rng.standard_t(3, x.shape) * x
        sd = {"sd": x[1], "audit_sd": x[0]} if scaled else {}
        low, high = conformal_intervals(x[1], x[0], y[0], alpha=0.1, **sd)
        covered.append(((low <= y[1]) & (y[1] <= high)).mean())
    assert 0.885 <= np.mean(covered) <= 0.9 + 1 / 41 + 0.015


def test_intervals_follow_the_models_own_doubt_where_it_is_given():
    audit_y = np.linspace(-2, 2, 41)
    low, high = conformal_intervals([0.0, 10.0], np.zeros(41), audit_y, sd=[1.0, 3.0], audit_sd=np.ones(41))
    assert (high - low)[1] == pytest.approx(3 * (high - low)[0])
    with pytest.raises(ModelError, match="only one of"):
        conformal_intervals([0.0], np.zeros(41), audit_y, sd=[1.0])


BEYOND = 1e-9  # crepes keeps a class whose p-value is alpha; Vovk et al. (2005), and we, those above it


@settings(deadline=None)
@given(
    n=st.integers(20, 120),
    alpha=st.sampled_from([0.05, 0.1, 0.17, 0.3]),
    score=st.sampled_from(["lac", "aps"]),
    seed=st.integers(0, 999),
)
def test_sets_are_those_of_crepes(n, alpha, score, seed):
    crepes = pytest.importorskip("crepes")
    rng = np.random.default_rng(seed)
    (audits, y), (p, _) = drawn(n, rng), drawn(50, rng)
    own = class_scores(audits, score)[np.arange(n), y]
    if score == "lac":
        assert np.allclose(own, crepes.extras.hinge(audits, np.arange(4), y))
    fitted = crepes.ConformalClassifier().fit(own.round(9))  # sums that tie but for rounding are one score
    strange = class_scores(p, score).round(9)
    theirs = fitted.predict_set(strange, confidence=1 - alpha - BEYOND, smoothing=False)
    expected = theirs.astype(bool)
    expected[np.arange(50), p.argmax(axis=1)] = True  # ours are never empty
    assert (conformal_sets(p, audits, y, alpha=alpha, score=score) == expected).all()


@settings(deadline=None)
@given(
    n=st.integers(20, 120),
    alpha=st.sampled_from([0.05, 0.1, 0.17, 0.3]),
    scaled=st.booleans(),
    seed=st.integers(0, 999),
)
def test_intervals_and_thresholds_are_those_of_crepes(n, alpha, scaled, seed):
    crepes = pytest.importorskip("crepes")
    rng = np.random.default_rng(seed)
    mean, audit_mean, audit_y = rng.normal(size=30), rng.normal(size=n), rng.standard_t(3, n)
    sd, audit_sd = rng.uniform(0.5, 2, 30), rng.uniform(0.5, 2, n)
    ours = {"sd": sd, "audit_sd": audit_sd} if scaled else {}
    fitted = crepes.ConformalRegressor().fit(audit_y - audit_mean, sigmas=audit_sd if scaled else None)
    expected = fitted.predict_int(mean, sigmas=sd if scaled else None, confidence=1 - alpha - BEYOND)
    low, high = conformal_intervals(mean, audit_mean, audit_y, alpha=alpha, **ours)
    assert np.allclose(np.stack([low, high], axis=1), expected, atol=1e-12)
    width = (expected[:, 1] - expected[:, 0]) / 2 / (sd if scaled else 1)
    strange = np.abs(audit_y - audit_mean) / (audit_sd if scaled else 1)
    assert np.allclose(width, conformal_threshold(strange, alpha))
