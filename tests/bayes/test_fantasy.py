"""What a label would change: Bayes' rule on draws, against posteriors that really were given the label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from spin_nb.bayes import LastLayerLaplace, LiveGraph, decompose, entropy
from spin_nb.bayes.fantasy import expected_gain, given_labels, given_labels_on_graph, standard_error, support
from spin_nb.bayes.predictive import probit_softmax
from spin_nb.errors import ModelError


def draws(S=40, n=5, C=3, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(C), size=(S, n)).astype(np.float32)


def all_labels(n, C):
    return np.tile(np.arange(C), (n, 1))


def test_bayes_rule_over_a_finite_set_of_hypotheses():
    # Three coins of known bias, equally likely; two throws of the same coin.
    heads = np.array([0.2, 0.5, 0.9])
    coins = np.stack([heads, 1 - heads], axis=1)[:, None].astype(np.float32)
    told = given_labels(coins, np.array([[0, 1]]), coins)[0, :, 0, 0]
    assert told[0] == pytest.approx((0.04 + 0.25 + 0.81) / 1.6, abs=1e-6)
    assert told[1] == pytest.approx((0.16 + 0.25 + 0.09) / 1.4, abs=1e-6)


@settings(max_examples=50, deadline=None)
@for_all(st.integers(2, 30), st.integers(2, 5), st.integers(0, 10_000))
def test_what_is_expected_to_be_believed_is_what_is_believed(S, C, seed):
    drawn = draws(S, 4, C, seed)
    after = given_labels(drawn, all_labels(4, C), drawn)
    chance = drawn.mean(axis=0)
    assert np.allclose(np.einsum("jk,jkmc->jmc", chance, after), drawn.mean(axis=0), atol=1e-5)
    assert np.allclose(after.sum(axis=-1), 1, atol=1e-5)


@settings(max_examples=50, deadline=None)
@for_all(st.integers(2, 30), st.integers(2, 5), st.integers(0, 10_000))
def test_the_gain_is_mutual_information(S, C, seed):
    drawn = draws(S, 4, C, seed)
    now = drawn.mean(axis=0)
    gain = expected_gain(now, now, given_labels(drawn, all_labels(4, C), drawn))
    joint = np.einsum("sjc,smd->jmcd", drawn, drawn) / S
    apart = np.einsum("jc,md->jmcd", now, now)
    assert np.allclose(gain, np.sum(joint * np.log(joint / apart), axis=(2, 3)), atol=1e-5)
    assert np.allclose(gain, gain.T, atol=1e-5)
    assert (gain > -1e-5).all()
    assert (gain <= decompose(drawn)[2] + 1e-5).all(), "no label says more of an item than its functions know"


def test_an_item_its_functions_know_nothing_of_learns_nothing():
    drawn = draws(2000, 2)
    drawn[:, 1] = [0.7, 0.2, 0.1]
    after = given_labels(drawn, all_labels(2, 3), drawn)
    assert np.allclose(after[0, :, 1], [0.7, 0.2, 0.1], atol=1e-5)


def test_a_label_that_no_draw_allows_changes_nothing():
    drawn = np.tile(np.float32([1, 0]), (10, 1, 1))
    assert given_labels(drawn, np.array([[1]]), drawn)[0, 0, 0].tolist() == pytest.approx([1, 0])


def test_support_counts_the_draws_that_speak_for_a_label():
    drawn = np.zeros((100, 1, 2), np.float32)
    drawn[:, 0, 1] = 1
    drawn[:8, 0] = [1, 0]
    assert support(drawn, np.array([[0, 1]]))[0] == pytest.approx([8, 92], rel=1e-3)


def test_the_standard_error_is_the_spread_over_repetitions():
    found, errors = [], []
    for seed in range(300):
        drawn = draws(200, 2, 3, seed)
        drawn[:, 1] = 0.5 * drawn[:, 0] + 0.5 * drawn[:, 1]
        labels = np.array([[0]])
        found.append(given_labels(drawn[:, :1], labels, drawn[:, 1:])[0, 0, 0, 0])
        errors.append(standard_error(drawn[:, :1], labels, drawn[:, 1:, :1])[0, 0])
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.15)


def test_on_the_graph_it_is_what_the_posterior_says_once_it_has_the_label():
    rng = np.random.default_rng(0)
    live = LiveGraph(rng.normal(size=(60, 8)).astype(np.float32) / 3, n_classes=3)
    for row in range(6):
        live.update(row, row % 3)
    given, of = np.array([10, 20]), np.arange(30, 60)
    known = {
        "weights": live.weights,
        "covariance": live.covariance,
        "noise": live.noise,
        "sharpness": live.sharpness,
    }
    after = given_labels_on_graph(live.phi[given], all_labels(2, 3), live.phi[of], **known)
    for j, row in enumerate(given):
        for label in range(3):
            told = live.freeze()
            told.update(int(row), label)
            beta = live.sharpness  # as it was: one label does not fit it anew
            said = probit_softmax(beta * told.scores[of], beta**2 * told.variance[of, None])
            assert np.allclose(after[j, label], said, atol=2e-5)


def test_on_laplace_draws_it_is_what_a_refit_says_in_sign_and_about_in_size():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    x = (rng.normal(size=(400, 4)) + 0.8 * y[:, None]).astype(np.float32)
    seen, looked_at = np.arange(60), np.arange(300, 330)
    head = LastLayerLaplace("full").fit(x[seen], y[seen], n_classes=2)
    drawn = head.predict(x).draws(np.arange(400), 4000, 0)
    now = drawn[:, looked_at, 1].mean(axis=0)
    guessed, real = [], []
    for row, label in [(row, label) for row in range(100, 130) for label in (0, 1)]:
        if drawn[:, row, label].mean() < 0.1:
            continue  # a surprise moves the posterior to where its Gaussian no longer fits
        told, said = np.append(seen, row), np.append(y[seen], label)
        again = LastLayerLaplace("full").fit(x[told], said, n_classes=2, precision=head.bias_precision)
        guessed.append(
            given_labels(drawn[:, [row]], np.array([[label]]), drawn[:, looked_at])[0, 0, :, 1] - now
        )
        real.append(again.predict(x).draws(looked_at, 4000, 0)[:, :, 1].mean(axis=0) - now)
    guessed, real = np.concatenate(guessed), np.concatenate(real)
    clear = np.abs(real) > 0.01
    assert clear.sum() > 200
    assert (np.sign(guessed[clear]) == np.sign(real[clear])).mean() > 0.95
    assert np.corrcoef(guessed, real)[0, 1] > 0.9
    assert np.polyfit(guessed, real, 1)[0] == pytest.approx(1, abs=0.3)


def test_knowing_the_label_of_a_twin_takes_all_the_doubt_that_labels_can_take():
    sure = np.eye(3, dtype=np.float32)[np.random.default_rng(0).integers(0, 3, 300)][:, None]
    now = sure.mean(axis=0)
    gain = expected_gain(now, now, given_labels(sure, all_labels(1, 3), sure))
    assert gain[0, 0] == pytest.approx(float(entropy(now)[0]), abs=1e-5)


@pytest.mark.parametrize(
    ("given", "labels", "of"),
    [
        (draws()[0], all_labels(5, 3), draws()),
        (draws(), all_labels(4, 3), draws()),
        (draws(), all_labels(5, 3).astype(float), draws()),
        (draws(), all_labels(5, 3) + 1, draws()),
        (draws(), all_labels(5, 3), draws(S=41)),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(given, labels, of):
    with pytest.raises(ModelError):
        given_labels(given, labels, of)
