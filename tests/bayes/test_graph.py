"""The graph basis and posterior: known answers, one solve against many updates, exact undo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from spin_nb.bayes import GraphPosterior, LastLayerLaplace, LiveGraph, graph, graph_basis
from spin_nb.bayes._regression import (
    LOG_SHARPNESS_SD,
    PRIOR_SHARPNESS,
    _out_by_rows,
    _out_by_weights,
    fit_sharpness,
    held_out,
    leave_one_out,
    solve,
)
from spin_nb.bayes.graph import MAX_LABELS_FOR_SHARPNESS
from spin_nb.errors import ModelError, NotTrainedError
from spin_nb.query import auto


def nearest(x, k=10, of=None):
    gap = np.linalg.norm(x[None] - (x if of is None else of)[:, None], axis=2)
    if of is None:
        np.fill_diagonal(gap, np.inf)
    idx = np.argsort(gap, axis=1)[:, :k]
    return idx, np.take_along_axis(gap, idx, axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def moons():
    """Two half circles that no straight line separates."""
    from sklearn.datasets import make_moons

    x, y = make_moons(300, noise=0.06, random_state=0)
    return x.astype(np.float32), y.astype(np.int64)


@pytest.fixture(scope="module")
def basis(moons):
    return graph_basis(*nearest(moons[0]), moons[0], n_classes=2, seed=0)


def test_ten_labels_find_the_moons_where_a_line_cannot(moons, basis):
    x, y = moons
    live = LiveGraph(basis.phi, n_classes=2)
    for seed in range(10):
        free = np.setdiff1d(np.arange(300), live.rows)
        row = int(auto(live.phi, live.covariance, live.variance, live.scores, free, 1, seed=seed).indices[0])
        live.update(row, y[row])
    line = LastLayerLaplace().fit(x[live.rows], live.y, n_classes=2).predict(x).mean.argmax(axis=1)
    assert (live.predictive().mean.argmax(axis=1) == y).mean() > 0.97
    assert (line == y).mean() < 0.9


def test_the_functions_are_the_smoothest_eigenvectors(moons):
    from scipy.sparse.linalg import eigsh

    from spin_nb.bayes._smooth_functions import normalised_graph, smooth_functions
    from spin_nb.bayes.basis import DAMPED_INTERVAL, _weights, length_scales

    idx, dist = nearest(moons[0])
    scales = length_scales(dist)
    operator = normalised_graph(idx, _weights(idx, dist, scales, scales))
    exact = 1 - np.sort(eigsh(operator.astype(float), k=20, which="LA")[0])[::-1]
    smooth = smooth_functions(operator, 100, DAMPED_INTERVAL, seed=0)
    found, vectors = smooth.values, smooth.rows(slice(0, 300), np.ones(100))
    kept = exact < 0.06  # above, the filter damps and mixes on purpose
    assert kept.sum() >= 10
    assert np.allclose(found[:20][kept], exact[kept], rtol=0.04, atol=1e-4)
    assert np.allclose(vectors.T @ vectors, np.eye(100), atol=1e-4)


def test_rows_of_phi_have_about_unit_length(basis):
    lengths = np.linalg.norm(basis.phi, axis=1)
    assert 0.5 < lengths.min() <= lengths.max() < 2
    assert basis.phi.dtype == np.float32


def test_a_new_item_at_a_pool_item_gets_its_features(moons, basis):
    x, _ = moons
    new = x[:40] + np.float32(1e-6)
    phi = basis.extend(*nearest(x, of=new), new)
    gap = np.linalg.norm(phi - basis.phi[:40], axis=1)
    assert np.median(gap) < 0.1  # where others lie as near, it is theirs as well
    cosine = np.sum(phi * basis.phi[:40], axis=1) / np.linalg.norm(phi, axis=1)
    assert (cosine / np.linalg.norm(basis.phi[:40], axis=1)).min() > 0.9


def test_a_new_item_between_clusters_is_as_uncertain_as_they_are_not_less():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-3, 0.3, (60, 2)), rng.normal(3, 0.3, (60, 2))]).astype(np.float32)
    made = graph_basis(*nearest(x), x, n_classes=2, seed=0)
    new = np.zeros((1, 2), np.float32)
    idx, dist = np.array([[0, 60]]), np.array([[4.2, 4.2]], np.float32)
    graph_part = made.extend(idx, dist, new)[:, : made.phi.shape[1] - made.frame.width]
    theirs = np.linalg.norm(made.phi[[0, 60], : graph_part.shape[1]], axis=1).mean()
    assert np.linalg.norm(graph_part) == pytest.approx(theirs, rel=1e-4)


def test_the_local_part_is_about_a_gaussian_kernel(monkeypatch):
    from spin_nb.bayes import basis as module

    monkeypatch.setattr(module, "N_WAVES", 20_000)
    x = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
    frame = module.Frame.of(x, np.full(30, 0.5, np.float32), seed=0)
    waves = frame.join(np.zeros((30, 0), np.float32), x)[:, 4:]
    gap = np.sum((x[:, None] - x) ** 2, axis=2)
    kernel = module.LOCAL_SHARE * np.exp(-gap / (2 * (module.LOCAL_LENGTH_SCALES * 0.5) ** 2))
    assert np.allclose(waves @ waves.T, kernel, atol=0.01)


@pytest.mark.parametrize("n", [1, 2, 3, 12])
def test_tiny_pools_and_exact_duplicates(n):
    x = np.ones((n, 4), np.float32)
    phi = graph_basis(*nearest(x, k=min(3, n - 1)), x, n_classes=2, seed=0).phi
    assert np.isfinite(phi).all()
    live = LiveGraph(phi, 2)
    live.update(0, 1)
    assert np.isfinite(live.predictive().mean).all()


def test_updates_one_by_one_equal_one_solve(moons, basis):
    _, y = moons
    rows = np.random.default_rng(0).permutation(300)[:60]
    one, all_ = LiveGraph(basis.phi, 2), LiveGraph(basis.phi, 2)
    for row in rows:
        one.update(row, y[row])
    all_.reset(rows, y[rows])
    assert one.rows.tolist() == all_.rows.tolist() == rows.tolist()
    assert np.allclose(one.scores, all_.scores, atol=1e-4)
    assert np.allclose(one.variance, all_.variance, atol=1e-4)
    assert np.allclose(one.covariance, all_.covariance, atol=1e-9)
    fitted = GraphPosterior().fit(basis.phi[rows], y[rows], n_classes=2).predict(basis.phi)
    assert np.allclose(fitted.mean, all_.predictive().mean, atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_undo_restores_the_state_exactly(moons, basis, data):
    _, y = moons
    kept = data.draw(st.lists(st.integers(0, 299), min_size=1, max_size=8, unique=True))
    undone = data.draw(st.lists(st.integers(0, 299), max_size=8, unique=True))
    live, expected = LiveGraph(basis.phi, 2), LiveGraph(basis.phi, 2)
    for row in kept:
        live.update(row, y[row])
        expected.update(row, y[row])
    for row in set(undone) - set(kept):
        live.update(row, 1 - y[row])
    for row in set(undone) - set(kept):
        live.remove(row)
    assert live.rows.tolist() == expected.rows.tolist()
    assert np.allclose(live.scores, expected.scores, atol=1e-4)
    assert np.allclose(live.variance, expected.variance, atol=1e-4)


def test_a_new_label_replaces_the_old_one(basis):
    live, expected = LiveGraph(basis.phi, 2), LiveGraph(basis.phi, 2)
    live.update(5, 0)
    live.update(5, 1)
    expected.update(5, 1)
    assert live.y.tolist() == [1]
    assert np.allclose(live.scores, expected.scores, atol=1e-5)


def test_a_thousand_updates_do_not_drift(moons, basis):
    _, y = moons
    live = LiveGraph(basis.phi, 2)
    rows = np.random.default_rng(1).integers(0, 300, 1000)
    for row in rows:
        live.update(row, y[row])
    exact = LiveGraph(basis.phi, 2)
    exact.reset(live.rows, live.y)
    assert np.abs(live.scores - exact.scores).max() < 1e-3
    assert np.abs(live.variance - exact.variance).max() < 1e-3


def test_left_out_scores_are_those_of_a_refit(moons, basis):
    _, y = moons
    rows = np.arange(0, 300, 12)
    phi, y = basis.phi[rows], y[rows]
    live = LiveGraph(basis.phi, 2)
    live.reset(rows, y)
    scores, variance = leave_one_out(live.scores[rows], live.variance[rows], y, live.noise)
    for i in (0, 7, 20):
        rest = np.arange(len(rows)) != i
        other = LiveGraph(basis.phi, 2)
        other.reset(rows[rest], y[rest])
        assert np.allclose(scores[i], other.scores[rows[i]], atol=1e-3)
        assert np.isclose(variance[i], other.variance[rows[i]], atol=1e-3)
    folds = np.arange(len(rows)) % 5
    assert np.isfinite(held_out(phi, y, 2, folds, 0.2)).all()


def test_a_predictive_does_not_follow_later_labels(basis):
    live = LiveGraph(basis.phi, 2)
    live.update(0, 0)
    before = live.predictive()
    mean, epistemic = before.mean.copy(), before.epistemic.copy()
    live.update(1, 1)
    assert np.array_equal(before.mean, mean)
    assert np.array_equal(before.epistemic, epistemic)


def test_the_mean_orders_classes_as_the_scores_do(moons, basis):
    _, y = moons
    live = LiveGraph(basis.phi, 2)
    live.reset(np.arange(0, 300, 10), y[::10])
    assert np.array_equal(live.predictive().mean.argmax(axis=1), live.scores.argmax(axis=1))


def test_draws_are_joint(moons, basis):
    live = LiveGraph(basis.phi, 2)
    live.update(0, 0)
    predictive = live.predictive()
    everywhere = predictive.draws(np.arange(300), 4, seed=2)
    assert np.allclose(predictive.draws(np.array([250, 9]), 4, seed=2), everywhere[:, [250, 9]], atol=1e-5)
    hood = nearest(moons[0])[0][:, 0]
    together = np.corrcoef(predictive.draws(np.arange(300), 400, seed=0)[:, :, 0].T)
    near = together[np.arange(300), hood].mean()
    assert near > 0.5
    assert near > 2 * np.abs(together).mean()


def test_items_that_arrive_are_predicted_and_can_be_labelled(moons, basis):
    x, y = moons
    live = LiveGraph(basis.phi, 2)
    live.reset(np.arange(0, 300, 10), y[::10])
    phi = basis.extend(*nearest(x, of=x[:7] + 0.01), x[:7] + np.float32(0.01))
    live.extend(phi)
    assert np.allclose(live.predictive().mean[300:], live.predict(phi).mean, atol=1e-5)
    live.update(303, 1)
    assert live.rows[-1] == 303


def test_bad_input_is_refused(moons, basis):
    x, _ = moons
    idx, dist = nearest(x)
    with pytest.raises(ModelError, match="NaN"):
        graph_basis(idx, dist, np.full_like(x, np.nan), 2, 0)
    with pytest.raises(ModelError, match="neighbour"):
        graph_basis(idx + 200, dist, x, 2, 0)
    with pytest.raises(ModelError, match="do not fit"):
        graph_basis(idx[:-1], dist[:-1], x, 2, 0)
    live = LiveGraph(basis.phi, 2)
    with pytest.raises(ModelError, match="row 300"):
        live.update(300, 0)
    with pytest.raises(ModelError, match="class index 2"):
        live.update(0, 2)
    with pytest.raises(ModelError, match="no label"):
        live.remove(0)
    with pytest.raises(NotTrainedError):
        GraphPosterior().predict(x)


def test_the_doubt_of_one_item_is_that_of_the_whole_pool():
    rng = np.random.default_rng(0)
    live = LiveGraph(rng.standard_normal((30, 6)).astype(np.float32), n_classes=3)
    for row in range(5):
        live.update(row, row % 3)
    predictive = live.predictive()
    for row in (0, 11, 29):
        assert np.allclose(
            predictive.uncertainty_of(row), (predictive.epistemic[row], predictive.aleatoric[row]), atol=1e-5
        )


def test_a_frozen_copy_does_not_follow_later_labels():
    live = LiveGraph(np.eye(4, dtype=np.float32), n_classes=2)
    live.update(0, 1)
    still = live.freeze()
    scores, variance = still.scores.copy(), still.variance.copy()
    live.update(1, 0)
    live.remove(0)
    assert (still.scores == scores).all()
    assert (still.variance == variance).all()
    assert still.rows.tolist() == [0]


def test_leaving_folds_out_equals_refitting_without_them_from_either_matrix():
    rng = np.random.default_rng(0)
    for n, width in ((60, 90), (90, 60)):
        phi, y = rng.normal(size=(n, width)), rng.integers(0, 3, n)
        folds, targets = rng.permutation(np.arange(n) % 5), np.eye(3)[y] - 1 / 3
        answers = [route(phi, targets, folds, 0.04) for route in (_out_by_rows, _out_by_weights)]
        for fold in range(5):
            kept, out = folds != fold, folds == fold
            weights, covariance = solve(phi[kept], y[kept], 3, 0.2)
            for scores, variance in answers:
                np.testing.assert_allclose(scores[out], phi[out] @ weights, atol=1e-9)
                expected = np.einsum("nd,de,ne->n", phi[out], covariance, phi[out])
                np.testing.assert_allclose(variance[out], expected, rtol=1e-8)


def test_leaving_folds_of_ten_thousand_out_takes_no_matrix_of_all_pairs():
    import tracemalloc

    rng = np.random.default_rng(0)
    phi, y = rng.normal(size=(10_000, 20)).astype(np.float32), rng.integers(0, 4, 10_000)
    tracemalloc.start()
    held_out(phi, y, 4, np.arange(10_000) % 5, 0.2)
    assert tracemalloc.get_traced_memory()[1] < 60e6  # all pairs would be 800 MB
    tracemalloc.stop()


def test_the_sharpness_of_many_labels_rests_on_some_of_them_spread_over_all(monkeypatch):
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(3 * MAX_LABELS_FOR_SHARPNESS, 4)).astype(np.float32)
    y = (phi[:, 0] + rng.normal(size=len(phi)) > 0).astype(np.int64)
    live = LiveGraph(phi, n_classes=2)
    live.reset(np.arange(len(phi)), y)
    seen = []
    monkeypatch.setattr(graph, "fit_sharpness", lambda *of: seen.append(len(of[2])) or fit_sharpness(*of))
    some = live.sharpness
    monkeypatch.setattr(graph, "MAX_LABELS_FOR_SHARPNESS", len(phi))
    assert seen == [MAX_LABELS_FOR_SHARPNESS]
    assert abs(np.log(some / live.sharpness)) < 0.2


def of_scores(seed, n=24, spread=0.3):
    """Scores (n, 3), variances (n,) and labels that partly agree with them."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, spread, (n, 3))
    return scores, rng.uniform(0.01, 0.3, n), (scores + rng.gumbel(0, 0.2, (n, 3))).argmax(1)


@pytest.mark.parametrize("seed", range(20))
def test_the_sharpness_is_where_likelihood_and_prior_are_highest(seed):
    scores, variance, y = of_scores(seed)

    def misfit(log_beta):
        slope = np.exp(log_beta) / np.sqrt(1 + np.pi / 8 * np.exp(2 * log_beta) * variance)
        likelihood = log_softmax(slope[:, None] * scores, axis=1)[np.arange(len(y)), y].sum()
        return -likelihood + (log_beta - np.log(PRIOR_SHARPNESS)) ** 2 / (2 * LOG_SHARPNESS_SD**2)

    best = minimize_scalar(misfit, bounds=(0, np.log(60)), method="bounded", options={"xatol": 1e-9})
    assert np.log(fit_sharpness(scores, variance, y)) == pytest.approx(best.x, abs=0.002)


@pytest.mark.parametrize("seed", range(5))
def test_the_sharpness_follows_its_scores_without_a_leap(seed):
    """Scores a rounding apart, as a session and its reopening have them, may not look a grid's step apart."""
    scores, variance, y = of_scores(seed)
    fitted = [fit_sharpness(scores * scale, variance, y) for scale in np.geomspace(0.2, 5, 2000)]
    assert np.abs(np.diff(np.log(fitted))).max() < 0.002
    assert np.ptp(np.log(fitted)) > 0.4  # three steps of the grid were passed


def test_the_sharpness_stays_where_it_is_tried():
    y = np.arange(6000) % 3
    one, variance = 0.05 * np.eye(3)[y], np.full(len(y), 1e-6)
    assert fit_sharpness(one, variance, y) == pytest.approx(60)
    assert fit_sharpness(-one, variance, y) == pytest.approx(1)


# -- labels that count as more or less than one -------------------------------------------------------------


def test_a_label_that_counts_twice_is_the_same_label_given_twice(moons):
    x, y = moons
    phi, rows, twice = graph_basis(*nearest(x), x, 2).phi, np.arange(0, 60, 3), np.arange(0, 60, 3).repeat(2)
    once = solve(phi[rows], y[rows], 2, 0.2, np.full(len(rows), 2.0))
    for a, b in zip(once, solve(phi[twice], y[twice], 2, 0.2), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)


def test_weighed_labels_come_and_go_exactly(moons):
    x, y = moons
    phi, weights = graph_basis(*nearest(x), x, 2).phi, np.array([1, 0.25, 1, 0.5])
    rows = np.array([0, 40, 90, 200])
    live, whole = LiveGraph(phi, 2), LiveGraph(phi, 2)
    for row, weight in zip(rows, weights, strict=True):
        live.update(row, y[row], weight)
    live.update(10, 1, 0.125)
    live.remove(10)
    whole.reset(rows, y[rows], weights)
    np.testing.assert_allclose(live.scores, whole.scores, atol=1e-4)
    np.testing.assert_allclose(live.variance, whole.variance, atol=1e-4)
    assert live.weights_of_labels.tolist() == weights.tolist()
    live.remove(40)
    live.remove(200)
    assert live.weights_of_labels is None


def test_leaving_weighed_labels_out_is_fitting_without_them(moons):
    x, y = moons
    phi, rows = graph_basis(*nearest(x), x, 2).phi, np.arange(0, 300, 9)
    weights, folds = np.where(np.arange(len(rows)) % 3, 0.3, 1.0), np.arange(len(rows)) % 4
    targets = np.eye(2)[y[rows]] - 1 / 2
    for way in (_out_by_rows, _out_by_weights):
        scores, variance = way(phi[rows].astype(float), targets, folds, 0.04, weights)
        for fold in range(4):
            out = folds == fold
            mean, covariance = solve(phi[rows[~out]], y[rows[~out]], 2, 0.2, weights[~out])
            np.testing.assert_allclose(scores[out], phi[rows[out]] @ mean, atol=1e-5)
            expected = np.einsum("nd,de,ne->n", phi[rows[out]], covariance, phi[rows[out]])
            np.testing.assert_allclose(variance[out], expected, atol=1e-5)
