"""Raw items as arrays for a network: one form for all, found once."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from spin_nb.errors import PoolError
from spin_nb.pool.inputs.inputs import Inputs
from spin_nb.pool.inputs.spec import InputSpec, infer_input_spec
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources import samples
from spin_nb.pool.sources.read import read_pool


@pytest.fixture
def pool(tmp_path):
    return lambda items: Pool.save(tmp_path, read_pool(items))


def test_pictures_keep_their_pixels_in_unit_range(pool):
    digits = samples.digits()
    inputs = Inputs(pool(digits))
    assert inputs.shape == (1, 8, 8)
    found = inputs.rows([5, 3])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0] * 255, digits.items[[5, 3]], atol=1e-4)


def test_channels_last_is_the_same_picture(pool):
    stored = pool(samples.digits())
    first, last = Inputs(stored), Inputs(stored, last=True)
    assert last.shape == (8, 8, 1)
    np.testing.assert_array_equal(np.moveaxis(first.rows([7]), 1, 3), last.rows([7]))


def test_photos_of_many_sizes_become_one(folder):
    stored = Pool.save(folder.parent / "x.spin", read_pool(folder))
    inputs = Inputs(stored, size=(3, 20, 30))
    assert inputs.rows(range(len(stored))).shape == (len(stored), 3, 20, 30)
    loaded = stored.load([2, 4])
    np.testing.assert_array_equal(inputs.items(loaded), inputs.rows([2, 4]))


@pytest.mark.parametrize(
    ("size", "shape"),
    [(None, (1, 8, 8)), (5, (1, 5, 5)), ((4, 6), (1, 4, 6)), ((3, None, 6), (3, 8, 6))],
)
def test_sizes(size, shape):
    assert infer_input_spec(list(samples.digits().items[:9]), size=size).shape == shape


@pytest.mark.parametrize("size", [0, (2, 8, 8), (8,), (1, 2, 3, 4), (8, -1)])
def test_sizes_that_are_none(size):
    with pytest.raises(PoolError, match="no size"):
        infer_input_spec(list(samples.digits().items[:9]), size=size)


def test_rows_of_numbers_keep_the_order_of_the_columns(pool):
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [True, False], "c": [3, 4]})
    found = Inputs(pool(frame)).rows([1, 0])
    np.testing.assert_array_equal(found, [[2, 0, 4], [1, 1, 3]])


def test_vectors_stay_as_they_are(pool):
    vectors = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    np.testing.assert_array_equal(Inputs(pool(vectors)).rows(range(6)), vectors)


def test_no_item_is_an_empty_array(pool):
    assert Inputs(pool(samples.digits())).items([]).shape == (0, 1, 8, 8)


@pytest.mark.parametrize(
    ("items", "word"),
    [
        (["a text", "another"], "texts"),
        (pl.DataFrame({"a": [1.0, 2.0], "kind": ["x", "y"]}), "'kind'"),
        (pl.DataFrame({"a": [1.0, None, 3.0]}), "None"),
    ],
    ids=["texts", "a category", "a missing number"],
)
def test_what_is_no_number_is_refused_with_a_way_on(pool, items, word):
    with pytest.raises(PoolError, match=word) as caught:
        Inputs(pool(items))
    assert "prepare=" in caught.value.do


def test_prepare_does_it_instead(pool):
    stored = pool(["ab", "abcd"])
    inputs = Inputs(stored, prepare=lambda items: [[len(item), 1] for item in items])
    assert inputs.shape == (2,)
    np.testing.assert_array_equal(inputs.rows([0, 1]), [[2, 1], [4, 1]])


@pytest.mark.parametrize(
    "prepare",
    [
        lambda items: 1 / 0,
        lambda items: [[1.0]] * (len(items) + 1),
        lambda items: [["x"] for _ in items],
        lambda items: [[np.nan] for _ in items],
        lambda items: [1.0 for _ in items],
        lambda items: None,
    ],
    ids=["raises", "a row too many", "no numbers", "NaN", "one axis", "nothing"],
)
def test_a_prepare_that_fails_is_refused(pool, prepare):
    with pytest.raises(PoolError) as caught:
        Inputs(pool(["ab", "abcd"]), prepare=prepare)
    assert caught.value.do


def test_items_of_another_form_are_refused(pool):
    inputs = Inputs(pool(np.ones((3, 4), np.float32)))
    with pytest.raises(PoolError, match=r"\(1, 3\)"):
        inputs.items([np.ones(3, np.float32)])


def test_a_form_comes_back_from_its_arrays():
    form = infer_input_spec([{"a": 1.0, "b": 2}])
    assert InputSpec.from_arrays(form.to_arrays()) == form
