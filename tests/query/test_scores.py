"""Scores of one prediction: as the definitions read, for few classes and many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb import threads
from spin_nb.query import entropy, least_confident, margin

NAIVE = {
    entropy: lambda p: -sum(x * np.log(x) for x in p if x > 0),
    margin: lambda p: 1 - (sorted(p)[-1] - sorted(p)[-2]),
    least_confident: lambda p: 1 - max(p),
}


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 20), C=st.sampled_from([2, 3, 10, 32, 33, 80]), seed=st.integers(0, 10**6))
def test_as_the_definition_reads(n, C, seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(C, 0.3), n).astype(np.float32)
    order = rng.permutation(n)
    for score, naive in NAIVE.items():
        found = score(probs)
        assert found.dtype == np.float32
        assert np.allclose(found, [naive(p.astype(float)) for p in probs], atol=1e-5)
        assert np.array_equal(score(probs[order]), found[order])
        assert np.allclose(score(probs[:, ::-1]), found, atol=1e-6)


@pytest.mark.parametrize("score", NAIVE)
def test_blocks_change_nothing(score, monkeypatch):
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 50)
    whole = score(probs)
    monkeypatch.setattr(threads, "NUMBERS_PER_BLOCK", 10)
    assert np.array_equal(score(probs), whole)


@pytest.mark.parametrize("C", [2, 10, 100])
def test_the_bounds_are_reached(C):
    sure, tie = np.eye(C)[:1], np.full((1, C), 1 / C)
    for score, most in ((entropy, np.log(C)), (margin, 1), (least_confident, 1 - 1 / C)):
        assert score(sure)[0] == 0
        assert score(tie)[0] == pytest.approx(most, abs=1e-5)
