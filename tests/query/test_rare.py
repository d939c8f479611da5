"""The long tail's turn: which class is rare, and when it is looked for."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.query.rare import ASKS_PER_TURN, Rare, rarest


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ([19, 1], 1),
        ([0, 20], None),  # a class without a label may not exist
        ([20, 0, 3], None),
        ([30, 30, 2], 2),
        ([30, 2, 2], 1),  # ties: the first
        ([12, 8], None),
        ([66, 34], None),  # a third of two is two thirds of an equal share
        ([68, 32], 1),
        ([2, 1, 1, 1, 3, 1, 2, 2, 1, 1], None),  # that few labels are chance
        ([5] * 76 + [1], None),
        ([50] * 76 + [1], 76),
    ],
)
def test_a_class_is_rare_where_so_few_labels_are_no_chance(counts, found):
    assert rarest(np.repeat(np.arange(len(counts)), counts), len(counts)) == found


def test_equally_frequent_classes_are_hardly_ever_taken_for_rare():
    rng = np.random.default_rng(0)
    for n_classes in (2, 10, 77):
        found = [rarest(rng.integers(0, n_classes, 200), n_classes) is not None for _ in range(400)]
        assert np.mean(found) <= 0.02


def test_every_fourth_turn_goes_on_from_call_to_call():
    p = np.zeros(1, np.float32)
    at_once = [turn for rare in [Rare(p, 3)] for turn in [rare.turn() for _ in range(9)]]
    one_by_one = [Rare(p, 3 + n).turn() for n in range(9)]
    assert at_once == one_by_one
    assert sum(at_once[:8]) == 8 / ASKS_PER_TURN


def test_the_likeliest_of_those_left_and_ties_to_the_lowest_row():
    rare = Rare(np.array([0.9, 0.4, 0.4, 0.1], np.float32), 0)
    assert rare.likeliest(np.array([True, True, True, True])) == 0
    assert rare.likeliest(np.array([False, True, True, True])) == 1
