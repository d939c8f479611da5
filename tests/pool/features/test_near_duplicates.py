"""Near duplicates: far nearer than items usually are to their nearest; on real digits the copies, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.pool.encoders.pixels import PixelsPCA
from spin_nb.pool.features.near_duplicates import MAX_RATIO, near_duplicates
from spin_nb.pool.features.neighbours import neighbours
from spin_nb.pool.sources import samples


def by_hand(x, max_ratio=MAX_RATIO):
    """All pairs, compared; groups by spreading numbers until nothing changes."""
    distance = np.linalg.norm(x[:, None] - x[None], axis=-1)
    np.fill_diagonal(distance, np.inf)
    nearest = distance.min(axis=1)
    typical = np.median(nearest[nearest > 0]) if (nearest > 0).any() else 0
    is_near = distance <= max_ratio * typical
    group = np.arange(len(x))
    for _ in range(len(x)):
        group = np.array([min([group[row], *group[is_near[row]]]) for row in range(len(x))])
    return {frozenset(np.flatnonzero(group == number).tolist()) for number in set(group)}


def groups(index):
    return {
        frozenset(np.flatnonzero(index == number).tolist()) for number in range(index.max(initial=-1) + 1)
    }


@given(st.integers(2, 30), st.integers(0, 6), st.integers(0, 1000))
def test_groups_are_those_of_all_pairs(n, n_copies, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    x = np.concatenate([x, x[rng.integers(0, n, n_copies)] + rng.choice([0, 1e-3], (n_copies, 1))])
    index, _ = near_duplicates(*neighbours(x.astype(np.float32), len(x) - 1))
    assert groups(index) == {group for group in by_hand(x.astype(np.float64)) if len(group) > 1}


def test_what_is_equal_is_together_whatever_its_distance():
    x = np.arange(6, dtype=np.float32)[:, None]
    index, ratio = near_duplicates(*neighbours(x, 2), np.array([-1, 7, -1, 0, 0, 7]))
    assert groups(index) == {frozenset({1, 5}), frozenset({3, 4})}
    assert ratio.tolist() == [1.0] * 6


def test_of_all_the_same_and_of_hardly_any():
    assert near_duplicates(*neighbours(np.ones((5, 2), np.float32), 3))[0].tolist() == [0] * 5
    index, ratio = near_duplicates(np.empty((1, 0), np.int32), np.empty((1, 0), np.float32))
    assert index.tolist() == [-1]
    assert np.isnan(ratio).all()


def test_digits_have_no_duplicates_but_those_that_were_made(digits_with_copies):
    features, n = digits_with_copies
    index, _ = near_duplicates(*neighbours(features, 15))
    pairs = groups(index)
    assert pairs == {frozenset({row, n + row}) for row in range(100)}, "no more than these, and all of them"


@pytest.fixture(scope="module")
def digits_with_copies():
    """Features of all digits, and of a hundred again with a little noise."""
    pictures = np.asarray(samples.digits().items, np.float32)
    noise = np.random.default_rng(0).normal(0, 2 / 255 * pictures.max(), pictures[:100].shape)
    encoder = PixelsPCA().fit(list(pictures.astype(np.uint8)))
    copies = np.clip(pictures[:100] + noise, 0, pictures.max()).round()
    return encoder.encode(list(np.concatenate([pictures, copies]).astype(np.uint8))), len(pictures)
