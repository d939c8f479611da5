"""The benchmark of miners plants what it says, and hides it from what is known."""

from __future__ import annotations

import numpy as np

from benchmarks import miners


def test_one_item_in_twenty_is_planted_and_none_of_them_is_known():
    case = miners.Case("digits", "digits", (8, 9))
    pool, known, y = miners.features_of(case, seed=0)
    assert len(pool) == len(y)
    assert len(known) <= miners.MAX_KNOWN
    assert y.sum() == round(miners.PLANTED_SHARE * (y == 0).sum())
    rows = {row.tobytes() for row in known}
    assert np.mean([row.tobytes() in rows for row in pool]) < 0.01, "known items are apart from the pool"
    again = miners.features_of(case, seed=0)
    assert np.array_equal(again[0], pool)
    assert not np.array_equal(miners.features_of(case, seed=1)[0], pool)


def test_ours_and_scikit_learns_local_outlier_factors_are_the_same_columns():
    pool, known, _ = miners.features_of(miners.Case("tumours", "breast_cancer", (0,)), seed=0)
    for ours, theirs in (("novelty", "sk. novelty"), ("outlier", "sk. outlier")):
        columns = miners.COLUMNS
        assert np.allclose(columns[ours](pool, known), columns[theirs](pool, known), rtol=1e-3)
