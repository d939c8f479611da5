"""The closed-form last-layer Laplace against laplace-torch, sklearn and its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.bayes import LastLayerLaplace
from spin_nb.bayes._full_covariance import Full
from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.bayes.predictive import entropy, softmax
from spin_nb.errors import ModelError, NotTrainedError


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 4
    x = rng.standard_normal((90, 6)) + np.eye(4, 6)[y] * 1.5
    return x.astype(np.float32), y


STRUCTURES = ["kron", "full", "diag"]


def laplace_torch(head, x, y):
    """laplace-torch's probabilities (n, C) about the head's own weights, under its prior, in double precision."""
    import torch

    layer = torch.nn.Linear(head.weight.shape[1], len(head.bias)).double()
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight.astype(np.float64)))
        layer.bias.copy_(torch.from_numpy(head.bias.astype(np.float64)))
    inputs = torch.from_numpy(x.astype(np.float64))
    pairs = torch.utils.data.TensorDataset(inputs, torch.from_numpy(y))
    prior = torch.tensor([head.prior_precision, head.bias_precision], dtype=torch.float64)
    if head.structure != "kron":
        prior = prior.repeat_interleave(torch.tensor([head.weight.size, len(head.bias)]))
    theirs = import_laplace().Laplace(
        torch.nn.Sequential(torch.nn.Identity(), layer),
        "classification",
        subset_of_weights="last_layer",
        hessian_structure=head.structure,
        prior_precision=prior,
    )
    theirs.fit(torch.utils.data.DataLoader(pairs, batch_size=len(y)))
    return theirs(inputs, link_approx="probit").detach().numpy()


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.filterwarnings("ignore")
def test_probabilities_equal_laplace_torch(blobs, structure):
    x, y = blobs
    ours = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    assert np.abs(ours.predict(x, link="probit").mean - laplace_torch(ours, x, y)).max() <= 1e-5


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("precision", [None, 0.3])
@pytest.mark.filterwarnings("ignore")
def test_about_given_weights_probabilities_equal_laplace_torch(blobs, structure, precision):
    x, y = blobs
    rng = np.random.default_rng(1)
    weight, bias = rng.standard_normal((4, 6)) + 3, rng.standard_normal(4)
    ours = LastLayerLaplace.around(weight, bias, structure).fit(x, y, n_classes=4, precision=precision)
    assert np.array_equal(ours.weight, weight.astype(np.float32))
    assert np.array_equal(ours.bias, bias.astype(np.float32))
    assert precision is None or ours.bias_precision == precision
    assert np.abs(ours.predict(x, link="probit").mean - laplace_torch(ours, x, y)).max() <= 1e-5


@pytest.mark.parametrize("n", [3, 90])
def test_the_prior_about_given_weights_has_the_highest_evidence(blobs, n):
    """Among 60 precisions, with the Kronecker curvature's determinant written out and the hyperprior added."""
    x, y = blobs
    weight, bias = np.random.default_rng(1).standard_normal((4, 6)) * 2, np.zeros(4)
    length = np.sqrt(np.mean(np.sum(x[:n].astype(float) ** 2, axis=1)))
    inputs = np.hstack([x[:n] / length, np.ones((n, 1))])
    probs = softmax(x[:n] @ weight.T)
    curvature = np.linalg.eigvalsh(np.diag(probs.mean(axis=0)) - probs.T @ probs / n)
    moments = np.append(np.linalg.eigvalsh(inputs[:, :-1].T @ inputs[:, :-1]), n)
    centred = (weight - weight.mean(axis=0)) * length

    def evidence(precision):
        determinant = np.log1p(np.outer(moments.clip(0), curvature.clip(0)) / precision).sum()
        return -(determinant + precision * (centred**2).sum() + np.log(precision / 0.02) ** 2) / 2

    grid = np.geomspace(1e-4, 10, 60)
    best = grid[np.argmax([evidence(precision) for precision in grid])]
    found = LastLayerLaplace.around(weight, bias).fit(x[:n], y[:n], n_classes=4).bias_precision
    assert best / 1.3 < found < best * 1.3


def test_what_all_classes_of_a_given_layer_share_changes_nothing(blobs):
    x, y = blobs
    weight, shared = np.random.default_rng(1).standard_normal((2, 4, 6))
    plain, moved = (
        LastLayerLaplace.around(w).fit(x, y, n_classes=4).predict(x) for w in (weight, weight + shared[0])
    )
    assert np.allclose(plain.mean, moved.mean, atol=1e-4)
    assert np.allclose(plain.epistemic, moved.epistemic, atol=1e-4)


def exactly(predictive, n, S):
    """Mean (n, C) and mutual information (n,) of ``S`` joint draws."""
    sums, own = 0.0, 0.0
    for seed in range(S // 10_000):
        drawn = predictive.draws(np.arange(n), 10_000, seed)
        sums, own = sums + drawn.sum(axis=0, dtype=float), own + entropy(drawn).sum(axis=0, dtype=float)
    mean = sums / S
    return mean, entropy(mean) - own / S


@pytest.mark.parametrize("structure", STRUCTURES)
def test_two_classes_on_one_feature_near_and_far(structure):
    """200,000 draws: the mean is theirs within .02, the epistemic part within .03, also far from every label."""
    x, y = np.array([[-1.0], [-2.0], [-1.5], [1.0], [2.0], [1.5]], np.float32), np.array([0, 0, 0, 1, 1, 1])
    head = LastLayerLaplace(structure).fit(x, y, n_classes=2)
    away = np.array([[0.0], [0.5], [1.0], [3.0], [10.0], [100.0]], np.float32)
    mean, information = exactly(head.predict(away), 6, 200_000)
    assert np.abs(head.predict(away).mean - mean).max() < 0.02
    assert np.abs(head.predict(away).epistemic - information).max() < 0.03
    if structure == "kron":
        assert np.abs(head.predict(away, link="probit").mean - mean).max() > 0.09


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_mean_and_the_doubt_are_those_of_the_draws(blobs, structure):
    x, y = blobs
    predictive = LastLayerLaplace(structure).fit(x[:40], y[:40], n_classes=4).predict(3 * x[:20])
    mean, information = exactly(predictive, 20, 20_000)
    assert np.abs(predictive.mean - mean).max() < 0.06
    assert np.abs(predictive.epistemic - information).max() < 0.15
    assert np.abs(predictive.epistemic - information).mean() < 0.05


@pytest.mark.parametrize("n", [30, 90, 4000])
def test_the_weights_are_those_of_a_converged_optimiser(n):
    """Few rows, more than parameters, and so many that some of them show the way."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    y = np.arange(n) % 4
    x = (rng.standard_normal((n, 6)) + np.eye(4, 6)[y] * 1.5).astype(np.float32)
    ours = LastLayerLaplace().fit(x, y, n_classes=4)
    theirs = LogisticRegression(C=1 / ours.prior_precision, tol=1e-10, max_iter=10_000, fit_intercept=False)
    scale = np.sqrt(ours.prior_precision / ours.bias_precision)
    theirs.fit(np.hstack([x, np.full((len(x), 1), scale)]), y)
    assert np.allclose(theirs.coef_[:, :-1], ours.weight, atol=2e-4)
    assert np.allclose(theirs.coef_[:, -1] * scale, ours.bias, atol=2e-4)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_the_variances_are_those_of_the_drawn_logits(blobs, structure):
    x, y = blobs
    head = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    logits = head.predict(x[:6]).joint_logits(np.arange(6), 20_000, 3).astype(float)
    covariance = np.einsum("sna,snb->nab", *[logits - logits.mean(axis=0)] * 2) / 20_000
    assert np.allclose(np.einsum("ncc->nc", covariance), head.variance(x[:6]), rtol=0.08)
    pairs = [np.var(logits[:, :, a] - logits[:, :, b], axis=0) for a in range(4) for b in range(a)]
    contrast = head._posterior.contrast(x[:6])
    assert contrast.shape == (6, 1)
    assert np.allclose(contrast[:, 0], np.mean(pairs, axis=0) / 2 * 4 / 3, rtol=0.08)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_draws_have_the_stated_variance(blobs, structure):
    x, y = blobs
    head = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    p = head.predict(x[:5]).draws(np.arange(5), 6000, seed=1)
    centred = np.log(p) - np.log(p).mean(axis=2, keepdims=True)
    means = head.logits(x[:5])
    assert np.allclose(centred.mean(axis=0), means - means.mean(axis=1, keepdims=True), atol=0.08)
    if structure == "diag":  # independent logits: the variance of a centred logit follows from the parts
        v = head.variance(x[:5])
        expected = v * (1 - 2 / 4) + v.sum(axis=1, keepdims=True) / 16
        assert np.allclose(centred.var(axis=0), expected, rtol=0.12)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_same_seed_is_the_same_function_on_any_rows(blobs, structure):
    x, y = blobs
    predictive = LastLayerLaplace(structure).fit(x, y, n_classes=4).predict(x)
    everywhere = predictive.draws(np.arange(90), 8, seed=5)
    assert np.allclose(predictive.draws([70, 3], 8, seed=5), everywhere[:, [70, 3]], atol=1e-6)
    assert not np.allclose(predictive.draws([70, 3], 8, seed=6), everywhere[:, [70, 3]], atol=1e-3)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_restored_from_arrays_it_answers_the_same(blobs, structure):
    x, y = blobs
    head = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    again = LastLayerLaplace.from_arrays(head.to_arrays())
    assert np.array_equal(again.predict(x).mean, head.predict(x).mean)
    assert np.array_equal(again.predict(x).epistemic, head.predict(x).epistemic)


@settings(max_examples=15, deadline=None)
@given(factor=st.floats(1e-3, 1e3))
def test_the_unit_of_the_features_does_not_matter(blobs, factor):
    x, y = blobs
    plain = LastLayerLaplace().fit(x, y, n_classes=4).predict(x)
    scaled = LastLayerLaplace().fit(x * np.float32(factor), y, n_classes=4).predict(x * np.float32(factor))
    assert np.allclose(plain.mean, scaled.mean, atol=1e-3)


def test_a_weight_of_two_is_the_same_row_twice(blobs):
    x, y = blobs
    twice = LastLayerLaplace().fit(np.repeat(x, 2, axis=0), np.repeat(y, 2), n_classes=4)
    weighted = LastLayerLaplace().fit(x, y, n_classes=4, weights=np.full(90, 2.0))
    assert np.allclose(twice.predict(x).mean, weighted.predict(x).mean, atol=1e-4)


def test_one_hot_soft_labels_are_labels(blobs):
    x, y = blobs
    hard = LastLayerLaplace().fit(x, y, n_classes=4)
    soft = LastLayerLaplace().fit(x, np.eye(4)[y], n_classes=4)
    assert np.allclose(hard.weight, soft.weight, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_labels_of_one_class_only(blobs, n):
    x, _ = blobs
    mean = LastLayerLaplace().fit(x[:n], np.full(n, 2), n_classes=4).predict(x).mean
    assert (mean.argmax(axis=1) == 2).all() or mean.max() < 0.9
    assert mean[0].argmax() == 2


def test_duplicates_with_different_labels_leave_doubt(blobs):
    x, _ = blobs
    head = LastLayerLaplace().fit(np.repeat(x[:1], 40, axis=0), np.arange(40) % 2, n_classes=3)
    mean = head.predict(x[:1]).mean[0]
    assert abs(mean[0] - mean[1]) < 1e-4
    assert mean[2] < 0.1


def test_constant_features_are_survived():
    head = LastLayerLaplace().fit(np.zeros((6, 3), np.float32), np.array([0, 0, 0, 0, 1, 1]), n_classes=2)
    assert head.predict(np.zeros((1, 3), np.float32)).mean[0, 0] > 0.5


def test_fewer_observations_leave_more_doubt(blobs):
    x, y = blobs
    head = LastLayerLaplace().fit(x, y, n_classes=4)
    assert (head.with_observations(9).variance(x) > head.variance(x)).all()
    assert np.array_equal(head.with_observations(9).weight, head.weight)


def test_bad_input_is_refused(blobs):
    x, y = blobs
    head = LastLayerLaplace()
    with pytest.raises(NotTrainedError):
        head.predict(x)
    with pytest.raises(ModelError, match="NaN"):
        head.fit(np.full_like(x, np.nan), y, n_classes=4)
    with pytest.raises(ModelError, match="class index 3"):
        head.fit(x, y, n_classes=3)
    with pytest.raises(ModelError, match="nothing to fit"):
        head.fit(x[:0], y[:0], n_classes=4)
    with pytest.raises(ModelError, match="sum to 1"):
        head.fit(x, np.eye(4)[y] * 2, n_classes=4)
    with pytest.raises(ModelError, match="weights"):
        head.fit(x, y, n_classes=4, weights=-np.ones(90))
    with pytest.raises(ModelError, match="structure"):
        LastLayerLaplace("lowrank")
    with pytest.raises(ModelError, match="6"):
        head.fit(x, y, n_classes=4).predict(x[:, :3])
    with pytest.raises(ModelError, match="contrast, probit"):
        head.predict(x, link="bridge")
    with pytest.raises(ModelError, match="does not fit in memory"):
        LastLayerLaplace("full").fit(np.tile(x, 40), np.arange(90), n_classes=90)


def test_a_layer_that_does_not_fit_is_refused(blobs):
    x, y = blobs
    for weight, bias, says in (
        (np.zeros((4, 6)), np.zeros(3), "no last layer"),
        (np.zeros(6), None, "no last layer"),
        (np.zeros((1, 6)), None, "C >= 2"),
        (np.full((4, 6), np.nan), None, "NaN"),
        ([["a", "b"], ["c", "d"]], None, "no last layer"),
    ):
        with pytest.raises(ModelError, match=says):
            LastLayerLaplace.around(weight, bias)
    head = LastLayerLaplace.around(np.ones((4, 5)))
    with pytest.raises(NotTrainedError):
        head.predict(x)
    with pytest.raises(ModelError, match="5"):
        head.fit(x, y, n_classes=4)
    with pytest.raises(ModelError, match="tells 4 classes apart, not 3"):
        head.fit(x[:, :5], y % 3, n_classes=3)
    with pytest.raises(ModelError, match="positive"):
        head.fit(x[:, :5], y, n_classes=4, precision=0.0)


def test_a_full_posterior_of_inputs_of_very_different_sizes_is_that_of_double_precision():
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.standard_normal((5, 5)))[0] for _ in range(2)]
    sizes = np.diag([1e3, 10, 1, 0.1, 1e-2])
    x = (rng.standard_normal((3000, 5)) @ turns[0] @ sizes @ turns[1]).astype(np.float32)
    probs, weight = rng.dirichlet(np.full(3, 0.2), 3000), rng.uniform(0, 2, 3000)
    inputs = np.hstack([x, np.ones((3000, 1))])
    each = np.einsum("na,ab->nab", probs, np.eye(3)) - probs[:, :, None] * probs[:, None]
    hessian = np.einsum("n,nab,nd,ne->adbe", weight, each, inputs, inputs, optimize=True).reshape(18, 18)
    exact = np.linalg.inv(hessian + np.diag(np.tile([1e-3] * 5 + [1e-2], 3))).reshape(3, 6, 3, 6)
    found = Full.build(x, probs, weight, (1e-3, 1e-2))
    for away in (x[:50], np.eye(5, dtype=np.float32), (turns[1]).astype(np.float32)):
        both = np.hstack([away, np.ones((len(away), 1))])
        expected = np.einsum("nd,cdce,ne->nc", both, exact, both)
        assert np.allclose(found.variance(away), expected, rtol=1e-3)


def test_where_the_search_starts_does_not_change_where_it_ends():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 12)).astype(np.float32), rng.integers(0, 5, 400)
    whole = LastLayerLaplace().fit(x, y, n_classes=5)
    part = {"n_classes": 5, "precision": whole.bias_precision}
    cold = LastLayerLaplace("diag").fit(x[:300], y[:300], **part)
    warm = LastLayerLaplace("diag").fit(x[:300], y[:300], start=whole, **part)
    np.testing.assert_allclose(warm.weight, cold.weight, atol=1e-4)
    np.testing.assert_allclose(warm.bias, cold.bias, atol=1e-4)


def test_a_cold_posterior_has_the_same_logits_less_doubt_and_survives_the_disk():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 5)).astype(np.float32), rng.integers(0, 3, 40)
    head = LastLayerLaplace().fit(x, y, n_classes=3, precision=0.01, length=1.5)
    cold = head.cool(0.05)
    assert np.array_equal(cold.logits(x), head.logits(x))
    assert np.allclose(cold.variance(x), 0.05 * head.variance(x), rtol=1e-4)
    assert np.allclose(cold.contrast(x), 0.05 * head.contrast(x), rtol=1e-4)
    again = LastLayerLaplace.from_arrays(cold.to_arrays())
    assert again.temperature == 0.05
    assert np.array_equal(again.predict(x).mean, cold.predict(x).mean)
    with pytest.raises(ModelError, match="positive"):
        head.cool(0)
    with pytest.raises(ModelError, match="kron"):
        LastLayerLaplace("diag").fit(x, y, n_classes=3).cool(0.5)


def test_following_a_label_gives_the_weights_of_a_fit_with_it():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 5)).astype(np.float32), rng.integers(0, 3, 40)
    for rows in (30, 3):
        before = LastLayerLaplace().fit(x[:rows], y[:rows], n_classes=3, precision=0.1, length=1.5).cool(0.1)
        after = before.follow(x, y, n_classes=3)
        whole = LastLayerLaplace().fit(x, y, n_classes=3, precision=0.1, length=1.5)
        assert np.allclose(after.weight, whole.weight, atol=1e-4)
        assert np.allclose(after.logits(x), whole.logits(x), atol=1e-3)
        assert np.array_equal(after.contrast(x), before.contrast(x))
        assert np.allclose(before.follow(x[:rows], y[:rows], n_classes=3).weight, before.weight, atol=1e-4)


def test_outliers_among_the_labels_do_not_starve_a_head_that_is_told_the_usual_norm():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(200, 6)).astype(np.float32), np.arange(200) % 2
    x[:, 0] += 3 * y
    labelled = np.arange(20)
    x[labelled[:4]] *= 40
    by_rows = LastLayerLaplace().fit(x[labelled], y[labelled], n_classes=2, precision=0.01)
    by_pool = LastLayerLaplace().fit(x[labelled], y[labelled], n_classes=2, precision=0.01, length=2.5)
    assert by_pool.prior_precision < by_rows.prior_precision / 50
