"""Information about targets: against sums over every pair of labels, and its relation to BALD."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb import threads
from spin_nb.query import bald, consensus_entropy, epig, expected_error


def made(S, n, C, seed=0):
    return np.random.default_rng(seed).dirichlet(np.full(C, 0.5), size=(S, n)).astype(np.float32)


def joint(a, b):
    """p(y, y*) of two items, draws (S, C) each."""
    return sum(np.outer(p, q) for p, q in zip(a.astype(float), b.astype(float), strict=True)) / len(a)


def information(p):
    independent = np.outer(p.sum(1), p.sum(0))
    return float((p[p > 0] * np.log(p[p > 0] / independent[p > 0])).sum())


def test_epig_is_the_mean_mutual_information_of_the_labels():
    draws, targets = made(6, 15, 4), made(6, 8, 4, seed=1)
    wanted = [np.mean([information(joint(draws[:, i], targets[:, j])) for j in range(8)]) for i in range(15)]
    assert np.allclose(epig(draws, targets), wanted, atol=3e-6)


def test_expected_error_is_what_reweighing_the_draws_says():
    draws, targets = made(6, 15, 3), made(6, 8, 3, seed=1)
    now = np.mean([1 - targets[:, j].mean(0).max() for j in range(8)])
    wanted = []
    for i in range(15):
        then = 0.0
        for y in range(3):
            weight = draws[:, i, y] / draws[:, i, y].sum()
            error = np.mean([1 - (weight @ targets[:, j]).max() for j in range(8)])
            then += draws[:, i, y].mean() * error
        wanted.append(now - then)
    assert np.allclose(expected_error(draws, targets), np.maximum(wanted, 0), atol=3e-6)


@pytest.mark.parametrize("score", [epig, expected_error])
def test_blocks_change_nothing(score, monkeypatch):
    draws, targets = made(4, 30, 3), made(4, 5, 3, seed=1)
    whole = score(draws, targets)
    monkeypatch.setattr(threads, "NUMBERS_PER_BLOCK", 100)
    assert np.allclose(score(draws, targets), whole, atol=1e-6)


@pytest.mark.parametrize("score", [epig, expected_error])
def test_what_the_targets_do_not_depend_on_is_worth_nothing(score):
    # Two independent facts: bit 0 decides items of the first kind, bit 1 of the second; targets are of the first.
    sure = np.array([[0.98, 0.02], [0.02, 0.98]])
    bits = np.array([(a, b) for a in (0, 1) for b in (0, 1)])
    draws = np.stack([sure[bits[:, 0]], sure[bits[:, 1]]], axis=1)
    value = score(draws, draws[:, :1])
    assert np.allclose(bald(draws)[0], bald(draws)[1])
    assert value[0] > 0.4
    assert value[1] == pytest.approx(0, abs=1e-6)


def test_epig_does_not_exceed_what_there_is_to_know():
    draws, targets = made(8, 40, 5), made(8, 10, 5, seed=2)
    assert (epig(draws, targets) <= bald(draws) + 1e-5).all()
    assert (epig(draws, targets) <= consensus_entropy(draws) + 1e-5).all()
    assert epig(draws, targets).dtype == expected_error(draws, targets).dtype == np.float32
