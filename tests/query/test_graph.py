"""VOpt, Sigma-opt and model change: each is what labelling the item in the live posterior really does."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import threads
from spin_nb.bayes.graph import LiveGraph
from spin_nb.errors import QueryError
from spin_nb.query import model_change, sigma_opt, vopt

RNG = np.random.default_rng(0)


@pytest.fixture
def live():
    phi = (RNG.standard_normal((25, 6)) / 2).astype(np.float32)
    graph = LiveGraph(phi, n_classes=3)
    for row, y in ((0, 0), (5, 2), (9, 2)):
        graph.update(row, y)
    return graph


def after(live, row, y):
    other = live.freeze()
    other.update(row, y)
    return other


def test_vopt_is_the_fall_of_the_mean_variance(live):
    wanted = [np.mean(live.variance - after(live, i, 0).variance) for i in range(1, 5)]
    assert np.allclose(vopt(live.phi, live.covariance, noise=live.noise)[1:5], wanted, rtol=1e-4, atol=1e-7)


def test_sigma_opt_is_the_fall_of_the_variance_of_the_mean(live):
    middle = live.phi.mean(axis=0).astype(float)
    wanted = [middle @ (live.covariance - after(live, i, 1).covariance) @ middle for i in range(1, 5)]
    assert np.allclose(
        sigma_opt(live.phi, live.covariance, noise=live.noise)[1:5], wanted, rtol=1e-3, atol=1e-9
    )


def test_model_change_is_the_least_any_label_would_move_the_scores(live):
    moved = [
        min(np.sqrt(((after(live, i, y).scores - live.scores) ** 2).sum(axis=1).mean()) for y in range(3))
        for i in range(10, 20)
    ]
    found = model_change(live.phi, live.covariance, live.scores, noise=live.noise)[10:20]
    assert np.allclose(found, moved, rtol=1e-3)


def test_blocks_change_nothing(live, monkeypatch):
    def all_three():
        return [
            vopt(live.phi, live.covariance),
            sigma_opt(live.phi, live.covariance),
            model_change(live.phi, live.covariance, live.scores),
        ]

    whole = all_three()
    monkeypatch.setattr(threads, "NUMBERS_PER_BLOCK", 20)
    assert np.allclose(all_three(), whole, rtol=1e-5)


@pytest.mark.parametrize("noise", [0.0, -1.0, np.nan])
def test_noise_that_is_none_is_refused(noise):
    with pytest.raises(QueryError, match="noise"):
        vopt(np.eye(2), np.eye(2), noise=noise)


def test_large_groups_first_and_sigma_opt_insists():
    phi = np.repeat(np.eye(3, dtype=np.float32), [40, 20, 10], axis=0)
    v, s = vopt(phi, np.eye(3)), sigma_opt(phi, np.eye(3))
    assert v[0] > v[45] > v[65]
    assert s[0] / s[65] > v[0] / v[65]
