"""The closed-form last-layer Laplace against laplace-torch, sklearn and its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.bayes import LastLayerLaplace
from spin_nb.bayes._laplace_torch import import_laplace
from spin_nb.errors import ModelError, NotTrainedError


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 4
    x = rng.standard_normal((90, 6)) + np.eye(4, 6)[y] * 1.5
    return x.astype(np.float32), y


@pytest.mark.parametrize("structure", ["kron", "full", "diag"])
@pytest.mark.filterwarnings("ignore")
def test_probabilities_equal_laplace_torch(blobs, structure):
    import torch

    x, y = blobs
    ours = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    net = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Linear(6, 4)).double()
    with torch.no_grad():
        net[1].weight.copy_(torch.from_numpy(ours.weight.astype(np.float64)))
        net[1].bias.copy_(torch.from_numpy(ours.bias.astype(np.float64)))
    inputs = torch.from_numpy(x.astype(np.float64))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(inputs, torch.from_numpy(y)), batch_size=len(y)
    )
    n_weights = ours.weight.size
    if structure == "kron":
        prior = torch.tensor([ours.prior_precision, ours.bias_precision], dtype=torch.float64)
    else:
        prior = torch.tensor(
            [ours.prior_precision] * n_weights + [ours.bias_precision] * 4, dtype=torch.float64
        )
    theirs = import_laplace().Laplace(
        net,
        "classification",
        subset_of_weights="last_layer",
        hessian_structure=structure,
        prior_precision=prior,
    )
    theirs.fit(loader)
    reference = theirs(inputs, link_approx="probit").detach().numpy()
    assert np.abs(ours.predict(x).mean - reference).max() <= 1e-5


def test_the_weights_are_those_of_a_converged_optimiser(blobs):
    from sklearn.linear_model import LogisticRegression

    x, y = blobs
    ours = LastLayerLaplace().fit(x, y, n_classes=4)
    theirs = LogisticRegression(C=1 / ours.prior_precision, tol=1e-10, max_iter=10_000, fit_intercept=False)
    scale = np.sqrt(ours.prior_precision / ours.bias_precision)
    theirs.fit(np.hstack([x, np.full((len(x), 1), scale)]), y)
    assert np.allclose(theirs.coef_[:, :-1], ours.weight, atol=2e-4)
    assert np.allclose(theirs.coef_[:, -1] * scale, ours.bias, atol=2e-4)


def test_the_exported_terms_give_the_same_variance(blobs):
    x, y = blobs
    for structure in ("kron", "diag"):
        head = LastLayerLaplace(structure).fit(x, y, n_classes=4)
        rotation, spread, bias = head.variance_terms()
        assert np.allclose((x @ rotation) ** 2 @ spread + bias, head.variance(x), rtol=1e-4)


@pytest.mark.parametrize("structure", ["kron", "full", "diag"])
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


@pytest.mark.parametrize("structure", ["kron", "full", "diag"])
def test_same_seed_is_the_same_function_on_any_rows(blobs, structure):
    x, y = blobs
    predictive = LastLayerLaplace(structure).fit(x, y, n_classes=4).predict(x)
    everywhere = predictive.draws(np.arange(90), 8, seed=5)
    assert np.allclose(predictive.draws([70, 3], 8, seed=5), everywhere[:, [70, 3]], atol=1e-6)
    assert not np.allclose(predictive.draws([70, 3], 8, seed=6), everywhere[:, [70, 3]], atol=1e-3)


@pytest.mark.parametrize("structure", ["kron", "full", "diag"])
def test_restored_from_arrays_it_answers_the_same(blobs, structure):
    x, y = blobs
    head = LastLayerLaplace(structure).fit(x, y, n_classes=4)
    again = LastLayerLaplace.restore(head.arrays())
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
    with pytest.raises(ModelError, match="full"):
        LastLayerLaplace("full").fit(x, y, n_classes=4).variance_terms()


def test_where_the_search_starts_does_not_change_where_it_ends():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 12)).astype(np.float32), rng.integers(0, 5, 400)
    whole = LastLayerLaplace().fit(x, y, n_classes=5)
    part = {"n_classes": 5, "precision": whole.bias_precision}
    cold = LastLayerLaplace("diag").fit(x[:300], y[:300], **part)
    warm = LastLayerLaplace("diag").fit(x[:300], y[:300], start=whole, **part)
    np.testing.assert_allclose(warm.weight, cold.weight, atol=1e-4)
    np.testing.assert_allclose(warm.bias, cold.bias, atol=1e-4)
