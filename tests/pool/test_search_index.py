"""Words of a pool: in ids, texts and columns; what a person types is words and nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.pool.pool import Pool
from spin_nb.pool.search_index import SearchIndex
from spin_nb.pool.sources.read import read_pool

TEXTS = [
    "A red car drives by",
    "Ein rotes Auto fährt",
    "two cars, both red",
    "<b>blue</b> train",
    "red red red wine",
]


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return SearchIndex(Pool.save(tmp_path_factory.mktemp("texts"), read_pool(TEXTS)))


def rows(index, query, k=10):
    return index.search(query, k)[0].tolist()


def test_every_word_must_be_there_and_the_last_may_go_on(index):
    assert sorted(rows(index, "red car")) == [0, 2]
    assert rows(index, "cars red") == [2]
    assert rows(index, "green") == []


def test_the_best_comes_first_and_no_more_than_asked(index):
    found, relevance = index.search("red", 2)
    assert found[0] == 4
    assert len(found) == 2
    assert (relevance[:-1] >= relevance[1:]).all()


def test_case_and_accents_do_not_count(index):
    assert rows(index, "FAHRT") == rows(index, "fährt") == [1]


def test_ids_are_searched_too(index):
    assert rows(index, "item-000003") == [3]


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(['"', "red AND", "NEAR(", "id:red", "^red", "red OR blue", "*", "-red", "a" * 5000]),
    )
)
def test_whatever_is_typed_is_words(index, query):
    found, relevance = index.search(query, 3)
    assert len(found) == len(relevance) <= 3
    assert all(0 <= row < len(TEXTS) for row in found)


def test_operators_are_words(index):
    assert rows(index, "red OR blue") == []
    assert rows(index, "id:red") == []


def test_columns_are_searched_and_numbers_with_a_point_are_not(tmp_path):
    frame = pl.DataFrame(
        {
            "text": ["one", "two", "three"],
            "camera": ["north gate", None, "South Gate"],
            "year": [2024, 2025, 2024],
            "x": [0.5, 1.5, 2.5],
        }
    )
    index = SearchIndex(Pool.save(tmp_path, read_pool(frame)))
    assert sorted(rows(index, "gate")) == [0, 2]
    assert rows(index, "north 2024") == [0]
    assert rows(index, "5") == []


def test_many_items_are_read_in_blocks_and_say_how_far(tmp_path):
    steps = []
    index = SearchIndex(
        Pool.save(tmp_path, read_pool([f"text number {n}" for n in range(4500)])),
        lambda f, words: steps.append(f),
    )
    assert rows(index, "4321") == [4321]
    assert steps == [2000 / 4500, 4000 / 4500, 1.0]
