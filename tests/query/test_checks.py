"""Bad input is refused with both shapes and the fix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from spin_nb.errors import QueryError
from spin_nb.query import bald, egl, epig, epsilon_greedy, model_change, variance
from spin_nb.query._checks import (
    check_draws,
    check_features,
    check_k,
    check_labelled,
    check_labels,
    check_probs,
    check_scores,
    check_values,
    unlabelled,
)
from spin_nb.threads import blocks

RNG = np.random.default_rng(0)
DRAWS = RNG.dirichlet(np.ones(4), size=(6, 9)).astype(np.float32)  # S = 6, n = 9, C = 4


def refused(act, *words):
    with pytest.raises(QueryError) as caught:
        act()
    assert caught.value.do
    for word in words:
        assert word in str(caught.value), f"{word!r} not in {caught.value}"


def test_probabilities():
    assert check_probs(DRAWS[0].astype(float)).dtype == np.float32
    refused(lambda: check_probs(DRAWS), "(n, C)", "(6, 9, 4)")
    refused(lambda: check_probs(np.zeros((0, 3))), "(0, 3)")
    refused(lambda: check_probs(np.ones((5, 1))), "single class")
    refused(lambda: check_probs(np.full((2, 2), np.nan)), "no probabilities")
    refused(lambda: check_probs(np.array([[3.0, -2.0]])), "softmax")
    refused(lambda: check_probs(np.array([["a", "b"]])), "numbers")
    refused(lambda: check_probs(DRAWS[0], n=8), "(9, 4)", "(8, 4)")
    refused(lambda: check_probs(DRAWS[0], classes=5), "(9, 4)", "(9, 5)")


def test_draws_with_the_classes_elsewhere_are_recognised():
    assert check_draws(DRAWS) is DRAWS
    for axis in (0, 1):
        refused(lambda axis=axis: bald(np.moveaxis(DRAWS, 2, axis)), "(S, n, C)", f"axis {axis}")
        refused(lambda axis=axis: variance(np.moveaxis(DRAWS, 2, axis)), "(S, n, C)", f"axis {axis}")


def test_draws_with_items_first_are_recognised():
    items_first = np.swapaxes(DRAWS, 0, 1)
    refused(lambda: check_draws(items_first, n=9), "(S, n, C), not (n, S, C)", "(9, 6, 4)")
    many = RNG.dirichlet(np.ones(2), size=(1500, 20)).astype(np.float32)
    refused(lambda: bald(many), "(S, n, C), not (n, S, C)", "(1500, 20, 2)")
    assert bald(many[:1000]).shape == (20,)


def test_draws_that_are_none():
    refused(lambda: check_draws(DRAWS[0]), "(S, n, C)", "(9, 4)")
    refused(lambda: check_draws(DRAWS[:0]), "(0, 9, 4)")
    refused(lambda: check_draws(DRAWS[..., :1] * 0 + 1), "single class")
    refused(lambda: check_draws(DRAWS * 2), "sums to 1")
    refused(lambda: check_draws(DRAWS * np.nan), "NaN")
    refused(lambda: check_draws(DRAWS, n=8), "(6, 9, 4)", "(6, 8, 4)")
    refused(lambda: epig(DRAWS, DRAWS[:5]), "target_draws", "(5, 9, 4)", "(6, 9, 4)")


def test_one_number_an_item():
    refused(lambda: check_scores(np.array([1.0, np.nan])), "1 scores are NaN")
    refused(lambda: check_scores(np.zeros(0)), "nothing to choose from", "(0,)")
    refused(lambda: epsilon_greedy(np.zeros((2, 2)), 1, seed=0), "(2, 2)")
    assert check_scores([np.inf, 0]).tolist() == [np.inf, 0]
    refused(lambda: check_values([1.0, np.inf], "losses"), "losses", "row 1")
    refused(lambda: check_values([1.0], "losses", n=2), "(1,)", "(2,)")
    refused(lambda: check_values([-1.0], "variance", least=0), "variance", "-1")


def test_features():
    bad = np.ones((4, 3))
    bad[2, 1] = np.inf
    refused(lambda: check_features(bad), "row 2")
    refused(lambda: check_features(np.ones(3)), "(n, d)", "(3,)")
    refused(lambda: egl(DRAWS[0], np.ones((8, 3))), "(8, 3)", "(9, 3)")
    refused(lambda: model_change(np.ones((4, 3)), np.eye(2), np.zeros((4, 2))), "(2, 2)", "(3, 2)")


def test_k_and_what_is_left():
    assert check_k(np.int64(3), 3) == 3
    for k in (0, -1, 4):
        refused(lambda k=k: check_k(k, 3), f"cannot ask {k} of 3", "1 to 3")
    for k in (True, 1.0, "1"):
        refused(lambda k=k: check_k(k, 3), "whole number")
    refused(lambda: check_k(1, 0), "nothing is left")
    refused(lambda: unlabelled(2, np.arange(2)), "all 2 rows are labelled")
    assert unlabelled(3, np.array([1])).tolist() == [True, False, True]


def test_labelled_rows():
    assert check_labelled(None, 3).tolist() == []
    assert check_labelled([], 3).dtype == np.int64
    assert check_labelled([2, 0], 3).tolist() == [2, 0]
    refused(lambda: check_labelled([0, 2, 2], 3), "row 2 is labelled twice")
    refused(lambda: check_labelled([3], 3), "row 3", "0..2")
    refused(lambda: check_labelled([-1], 3), "row -1")
    refused(lambda: check_labelled(np.array([True, False]), 2), "mask")
    refused(lambda: check_labels([0], np.array([1, 2])), "(1,)", "(2,)")
    refused(lambda: check_labels([0, 5], np.array([1, 2]), 3), "0..2")
    refused(lambda: check_labels([0.0], np.array([1])), "float64")


@pytest.mark.parametrize(("n", "width"), [(1, 1), (7, 2**20), (5, 2**30), (10**6, 128)])
def test_blocks_cover_every_row_once(n, width):
    found = list(blocks(n, width))
    assert found[0].start == 0
    assert found[-1].stop == n
    assert all(a.stop == b.start for a, b in pairwise(found))
    assert all((b.stop - b.start) * width <= max(2**21, width) for b in found)
