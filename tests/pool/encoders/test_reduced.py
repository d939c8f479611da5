"""Wide features are reduced to principal components, wherever an encoder is fitted, kept, brought back or exported."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from spin_nb.errors import PoolError
from spin_nb.export.targets.jetson import export
from spin_nb.models.snapshot import Snapshot
from spin_nb.pool.encoders import reduced
from spin_nb.pool.encoders.function import FunctionEncoder
from spin_nb.pool.encoders.reduced import COMPONENTS, FEWEST, Reduced, principal_axes
from spin_nb.pool.encoders.table import Columns
from spin_nb.pool.features import encoding
from spin_nb.pool.features.cache import features
from spin_nb.pool.new_arrivals import extend
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.testing import check_encoder
from spin_nb.types import Broken

WIDTH = 1_280


def embedding(items):
    """Stand in for a network: 20 numbers of each item seen through 1,280 units."""
    weights = np.random.default_rng(0).normal(size=(20, WIDTH))
    return np.stack(items) @ weights / 20 + 3


@pytest.fixture
def vectors():
    return np.random.default_rng(1).normal(size=(300, 20)).astype(np.float32)


@pytest.fixture
def wide_table():
    """500 columns of numbers that ten things stand behind, some missing, and one of words."""
    rng = np.random.default_rng(2)
    numbers = rng.normal(size=(120, 10)) @ rng.normal(size=(10, 500)) + 0.1 * rng.normal(size=(120, 500))
    numbers[rng.random(numbers.shape) < 0.02] = np.nan
    frame = pl.DataFrame({f"column {i}": numbers[:, i] for i in range(500)}).fill_nan(None)
    return frame.with_columns(pl.Series("kind", np.array(["a", "b"])[rng.integers(0, 2, 120)]))


def distances(rows):
    return np.linalg.norm(rows[:, None] - rows[None], axis=2)


def test_a_function_1280_wide_is_reduced_and_items_stay_as_far_apart(tmp_path, vectors):
    pool = Pool.save(tmp_path, read_pool(vectors))
    encoder, narrow = features(pool, embedding)
    assert narrow.shape[0] == 300
    assert narrow.shape[1] <= COMPONENTS
    assert encoder.name == "function embedding"
    far = distances(embedding(list(vectors))[:60])
    np.testing.assert_allclose(distances(np.asarray(narrow[:60])), far, rtol=0.01, atol=1e-2)


def test_it_is_found_again_and_arrivals_are_seen_as_the_pool_is(tmp_path, vectors):
    pool = Pool.save(tmp_path, read_pool(vectors))
    _, before = features(pool, embedding)
    before = np.array(before)
    extend(pool, list(vectors[:3]))
    encoder, after = features(Pool.open(tmp_path), embedding)
    assert isinstance(encoder, Reduced)
    assert np.array_equal(after[:300], before)
    np.testing.assert_allclose(after[300:], before[:3], atol=1e-3)


def test_a_project_made_before_keeps_its_wide_features(tmp_path, vectors, monkeypatch):
    pool = Pool.save(tmp_path, read_pool(vectors))
    monkeypatch.setattr(encoding, "MAX_WIDTH", 10**6)
    _, before = features(pool, embedding)
    monkeypatch.undo()
    encoder, after = features(Pool.open(tmp_path), embedding)
    assert isinstance(encoder, FunctionEncoder)
    assert after.shape == (300, WIDTH)
    assert np.array_equal(after, before)


def test_a_function_that_changed_is_seen_through_axes_of_its_own(tmp_path, vectors):
    pool = Pool.save(tmp_path, read_pool(vectors))
    width = [WIDTH]

    def some_of_it(items):
        return embedding(items)[:, : width[0]]

    _, once = features(pool, some_of_it)
    assert features(pool, some_of_it)[1].shape == once.shape
    width[0] = 600
    encoder, _ = features(pool, some_of_it)
    assert encoder.axes.shape[0] == 600
    with pytest.raises(PoolError, match="600 of each item are asked for"):
        encoder.project(np.zeros((2, 5), np.float32))


@pytest.mark.parametrize("unreadable", [[], [0, 7, 8, 299]])
def test_axes_come_from_some_rows_and_all_rows_keep_their_place(tmp_path, vectors, monkeypatch, unreadable):
    pool = Pool.save(tmp_path, read_pool(vectors))
    monkeypatch.setattr(encoding, "MIN_AXES_ITEMS", 40)
    monkeypatch.setattr(encoding, "MAX_AXES_BYTES", 50 * 4 * WIDTH)  # 50 wide rows
    load, ids = pool.try_load, list(pool.ids)

    def try_load(rows):
        items, broken = load(rows)
        bad = [row for row in rows if pool.ids[row] in {ids[row] for row in unreadable}]
        fine = [item for row, item in zip(rows, items, strict=True) if row not in bad]
        return fine, broken + [Broken(pool.ids[row], "gone") for row in bad]

    monkeypatch.setattr(pool, "try_load", try_load)
    encoder, narrow = features(pool, embedding)
    fine = np.setdiff1d(np.arange(300), unreadable)
    assert len(pool) == len(narrow) == len(fine)
    np.testing.assert_allclose(narrow, encoder.encode(list(vectors[fine])), atol=1e-3)


def test_components_of_chance_are_left_out():
    rng = np.random.default_rng(0)
    chance = rng.normal(size=(400, 1000)).astype(np.float32)
    assert principal_axes(chance)[1].shape == (1000, FEWEST)
    structure = (rng.normal(size=(400, 100)) @ rng.normal(size=(100, 1000)) / 5).astype(np.float32)
    assert principal_axes(structure + chance / 10)[1].shape[1] >= 90


def test_what_arrives_lies_where_rows_lie_that_axes_were_not_learnt_from(tmp_path):
    rng = np.random.default_rng(0)
    chance = rng.normal(size=(500, 900)).astype(np.float32)
    encoder, narrow = features(Pool.save(tmp_path, read_pool(chance[:400])), "columns")
    assert len(encoder.held_out) == 80
    length = np.linalg.norm(narrow, axis=1)
    arrived = np.linalg.norm(encoder.encode(list(chance[400:])), axis=1).mean()
    assert length[encoder.held_out].mean() == pytest.approx(arrived, rel=0.1)
    assert np.delete(length, encoder.held_out).mean() > 1.3 * arrived
    again, _ = features(Pool.open(tmp_path), "columns")
    assert np.array_equal(again.held_out, encoder.held_out)


def test_a_wide_table_goes_to_a_device_with_its_components_in_the_graph(tmp_path, wide_table):
    pool = Pool.save(tmp_path / "pool", read_pool(wide_table))
    encoder, narrow = features(pool, "columns")
    assert isinstance(encoder, Reduced)
    from spin_nb.bayes.laplace import LastLayerLaplace

    y = (narrow[:, 0] > 0).astype(np.int64)
    linear = LastLayerLaplace().fit(narrow[:60], y[:60], n_classes=2)
    model = Snapshot("20260101-000000-abcdef", ("a", "b"), encoder, "linear", linear, n_labels=60)
    report = export(model, list(pool.load(range(16))), tmp_path / "bundle")
    assert report.largest_difference < 1e-4
    model.save(tmp_path / "model")
    again = Snapshot.load(tmp_path / "model").encoder
    assert isinstance(again, Reduced)
    np.testing.assert_allclose(again.encode(pool.load(range(9))), narrow[:9], atol=1e-5)


def test_around_an_encoder_it_keeps_the_contract_of_one(wide_table):
    rows = wide_table.to_dicts()

    def around():
        fitted = Columns().fit(rows)
        return Reduced(fitted, *principal_axes(fitted.encode(rows)))

    check_encoder(around, rows)
    encoder = around()
    assert encoder.fit_items == Columns.fit_items
    assert not hasattr(encoder, "own_code")
    assert encoder.settings == {}
    assert encoder.describe() == encoder.encoder.describe()


def test_what_a_function_cannot_do_it_cannot_do_reduced():
    encoder = Reduced(FunctionEncoder(embedding), np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    assert encoder.own_code
    assert not hasattr(encoder, "prepare")
    assert reduced.restore(encoder.to_arrays(), encoder.encoder).axes.shape == (2, 2)
