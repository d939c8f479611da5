"""Numbers that are wrong, found by regressions on the others."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.errors import ModelError
from spin_nb.models.number_errors import find_number_errors

N = 200


@pytest.fixture
def phi():
    return np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)


def noisy_targets(phi, n_wrong):
    """Targets that follow from the features but for noise of 0.02, the first ``n_wrong`` of them off by 0.3 or more."""
    rng = np.random.default_rng(1)
    y = np.clip(0.5 + 0.1 * phi[:, :1] + rng.normal(scale=0.02, size=(N, 1)), 0, 1)
    y[:n_wrong] = np.where(y[:n_wrong] > 0.5, y[:n_wrong] - 0.3, y[:n_wrong] + 0.3)
    return y.astype(np.float32)


@pytest.mark.parametrize("n_wrong", [0, 10, 20])
def test_planted_errors_are_doubted_and_few_others(phi, n_wrong):
    errors = find_number_errors(phi, noisy_targets(phi, n_wrong))
    assert (errors.wrong[:n_wrong] > 0.5).all()
    assert (errors.wrong[n_wrong:] > 0.5).sum() <= 2


def test_the_number_that_is_doubted_most_is_named(phi):
    y = noisy_targets(phi, 0)
    places = np.concatenate([y, y, y], axis=1)
    places[5, 2] = 1 - places[5, 2] if abs(1 - 2 * places[5, 2]) > 0.3 else places[5, 2] + 0.4
    errors = find_number_errors(phi, places)
    assert (int(errors.wrong.argmax()), int(errors.worst[5])) == (5, 2)


def test_what_is_not_known_is_not_doubted(phi):
    y = noisy_targets(phi, 0)
    places = np.concatenate([y, np.full_like(y, np.nan)], axis=1)
    errors = find_number_errors(phi, places)
    assert np.isfinite(errors.wrong).all()
    assert np.isnan(errors.mean[:, 1]).all()


def test_too_few_labels_are_said_to_be(phi):
    with pytest.raises(ModelError, match="too few"):
        find_number_errors(phi[:9], noisy_targets(phi, 0)[:9])
