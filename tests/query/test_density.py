"""Density: against the quadratic sum, and what it is for."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import density, entropy

RNG = np.random.default_rng(0)


def test_density_is_entropy_times_mean_cosine_over_the_pool():
    x, probs = RNG.random((40, 6)), RNG.dirichlet(np.ones(3), 40)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    cosine = (unit @ unit.T).mean(axis=1)
    for beta in (0.0, 1.0, 2.5):
        assert np.allclose(density(probs, x, beta=beta), entropy(probs) * cosine**beta, atol=1e-6)


def test_an_outlier_is_not_asked_before_the_crowd():
    x = np.vstack([np.tile([1.0, 0.1], (20, 1)), [[-1.0, 0.3]]])
    probs = np.full((21, 2), 0.5)
    score = density(probs, x)
    assert score.argmax() == 0
    assert score[20] == 0


def test_a_row_of_zeros_is_similar_to_nothing():
    assert density(np.full((3, 2), 0.5), np.array([[0.0, 0], [1, 0], [1, 0]]))[0] == 0


@pytest.mark.parametrize("beta", [-1.0, np.nan, np.inf])
def test_a_beta_that_is_none_is_refused(beta):
    with pytest.raises(QueryError, match="beta"):
        density(np.full((1, 2), 0.5), np.ones((1, 2)), beta=beta)
