"""Masked entries are missing: the numbers under a mask never become data."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import PoolError
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

NUMBERS = np.arange(24, dtype=np.float32).reshape(6, 4)
MASKED = np.ma.masked_equal(NUMBERS, 13)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_a_table_with_masked_entries_is_refused_with_its_rows(dtype):
    with pytest.raises(PoolError, match=r"1 of 24 values are masked in rows \[3\]: they are missing"):
        read_pool(MASKED.astype(dtype))


def test_pictures_with_masked_pixels_are_refused():
    with pytest.raises(PoolError, match="masked"):
        read_pool(np.ma.masked_less(np.arange(32, dtype=np.uint8).reshape(2, 4, 4), 3))


def test_series_with_masked_points_are_refused():
    for values in (MASKED, [NUMBERS[0], MASKED[3]]):
        with pytest.raises(PoolError, match="masked"):
            spin.TimeSeries(values)


def test_a_mask_that_masks_nothing_is_no_mask():
    whole = np.ma.masked_equal(NUMBERS, 99)
    assert read_pool(whole).fingerprint == read_pool(NUMBERS).fingerprint
    assert type(read_pool(whole).items) is np.ndarray


@pytest.mark.parametrize("items", [MASKED, list(MASKED)])
def test_new_items_with_masked_entries_are_refused(tmp_path, items):
    pool = Pool.save(tmp_path, read_pool(NUMBERS))
    with pytest.raises(PoolError, match="masked"):
        pool.read(items)
    assert len(pool.read(np.ma.masked_equal(NUMBERS, 99))) == 6
