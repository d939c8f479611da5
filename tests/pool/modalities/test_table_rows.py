"""Rows of a frame as loaded items: the same as row by row, and as whole columns."""

from __future__ import annotations

from datetime import date, datetime, time

import numpy as np
import polars as pl
import pytest

from spin_nb.pool.encoders.table import Columns
from spin_nb.pool.modalities import table_rows
from spin_nb.pool.modalities.table import TableModality
from spin_nb.pool.modalities.table_rows import TableRows
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool

N = 30


@pytest.fixture
def frame():
    """A column of each kind a table may have, with missing values and without."""
    rng = np.random.default_rng(0)
    missing = rng.random(N) < 0.2
    return pl.DataFrame(
        {
            "size": [None if gone else float(x) for gone, x in zip(missing, rng.normal(size=N), strict=True)],
            "count": rng.integers(0, 9, N).tolist(),
            "row": list(range(N)),
            "good": [None if i % 7 == 0 else i % 2 == 0 for i in range(N)],
            "kind": [None if i % 5 == 0 else "abc"[i % 3] for i in range(N)],
            "day": [date(2020, 1, 1 + i % 28) for i in range(N)],
            "moment": [datetime(2020, 1, 1, i % 24) for i in range(N)],
            "hour": [time(i % 4) for i in range(N)],
            "same": [1.0] * N,
            "nothing": [None] * N,
        },
        schema_overrides={"kind": pl.Categorical},
    )


def test_a_row_is_what_it_is_loaded_by_itself(frame, monkeypatch):
    monkeypatch.setattr(table_rows, "SLICE_CELLS", 3 * frame.width)  # a few rows at a time
    modality = TableModality()
    rows, dicts = modality.load_frame(frame), [modality.load(row) for row in frame.to_dicts()]
    assert len(rows) == N
    assert list(rows) == dicts
    assert [rows[i] for i in range(-N, N)] == dicts * 2
    assert list(rows[2:9:3]) == dicts[2:9:3]
    for place in (N, -N - 1):
        with pytest.raises(IndexError):
            rows[place]


def test_columns_learn_and_see_the_same_in_rows_and_in_dicts(frame):
    rows, dicts = TableRows(frame, dict), frame.to_dicts()
    by_rows, by_dicts = Columns().fit(rows), Columns().fit(dicts)
    np.testing.assert_equal(by_rows.to_arrays(), by_dicts.to_arrays())
    np.testing.assert_array_equal(by_rows.encode(rows), by_dicts.encode(dicts))
    np.testing.assert_array_equal(by_rows.encode(rows[4:6]), by_rows.encode(dicts)[4:6])


def test_a_pool_loads_its_rows_as_a_frame_and_arrivals_one_by_one(tmp_path, frame):
    pool = Pool.save(tmp_path, read_pool(frame))
    items = pool.load(range(N))
    assert isinstance(items, TableRows)
    extend(pool, frame[:2])
    mixed = pool.load([1, N])
    assert [row["count"] for row in mixed] == [frame["count"][1], frame["count"][0]]
