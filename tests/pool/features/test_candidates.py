"""Features of several encoders side by side are made of the features of each: nothing is encoded twice."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from spin_nb import registry
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.reduced import MAX_WIDTH, Reduced
from spin_nb.pool.features.candidates import candidate_features, parts_of
from spin_nb.pool.pool import Pool
from spin_nb.pool.sources.read import read_pool
from spin_nb.types import Broken


class Letters:
    """Counts of letters, as wide as one likes."""

    name = "letters"
    settings: ClassVar[dict[str, object]] = {}
    width = 8
    n_encoded = 0

    def fit(self, items):
        return self

    def encode(self, items):
        Letters.n_encoded += len(items)
        shifted = np.arange(Letters.width)
        return np.array([np.cos(shifted * (len(text) + text.count("a"))) for text in items], np.float32)

    def to_arrays(self):
        return {"nothing": np.zeros(1, np.float32)}

    @classmethod
    def from_arrays(cls, arrays, unfitted=None):
        return cls()


WORDS = ["tfidf-svd", "letters"]


@pytest.fixture
def pool(tmp_path, monkeypatch):
    monkeypatch.setitem(registry._registered, ("encoder", "letters"), Letters)
    rng = np.random.default_rng(0)
    texts = [
        " ".join(rng.choice(["ant", "bee", "cat", "dog", "emu", "fox"], 9)) + "a" * (i % 7) for i in range(60)
    ]
    Letters.n_encoded = 0
    return Pool.save(tmp_path, read_pool(texts))


def test_each_by_itself_is_what_the_encoder_gives(pool, tmp_path):
    encoder, features = candidate_features(pool, ["letters"], tmp_path)
    np.testing.assert_array_equal(features, encoder.encode(pool.load(range(60))))


def test_side_by_side_each_has_mean_0_and_mean_square_norm_1(pool, tmp_path):
    encoder, features = candidate_features(pool, WORDS, tmp_path)
    width = features.shape[1] - Letters.width
    assert encoder.name == "tfidf-svd + letters"
    for part in (features[:, :width], features[:, width:]):
        assert np.allclose(part.mean(0), 0, atol=1e-6)
        assert np.square(part).sum(1).mean() == pytest.approx(1, rel=1e-5)


def test_nothing_is_encoded_twice(pool, tmp_path):
    candidate_features(pool, ["letters"], tmp_path)
    n_encoded = Letters.n_encoded
    candidate_features(pool, WORDS, tmp_path)
    assert Letters.n_encoded == n_encoded


@pytest.mark.parametrize("width", [8, MAX_WIDTH])
def test_new_items_are_encoded_as_those_of_the_pool(pool, tmp_path, monkeypatch, width):
    monkeypatch.setattr(Letters, "width", width)
    encoder, features = candidate_features(pool, WORDS, tmp_path)
    assert isinstance(encoder, Reduced) == (width == MAX_WIDTH)
    np.testing.assert_allclose(encoder.encode(pool.load([3, 50])), features[[3, 50]], atol=1e-5)


def test_where_axes_are_learnt_some_rows_are_not_learnt_from(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(Letters, "width", MAX_WIDTH)
    encoder, _ = candidate_features(pool, [*WORDS], tmp_path)
    assert len(encoder.held_out) == 12


def test_a_name_stands_for_the_words_it_is_made_of():
    assert parts_of("tfidf-svd + letters", WORDS) == WORDS
    assert parts_of("letters", WORDS) == ["letters"]
    assert parts_of("minilm + letters", WORDS) == []
    assert parts_of("", WORDS) == []


def test_a_settled_pool_does_not_move_its_rows(pool):
    settled = pool.settled()
    with pytest.raises(PoolError, match="item-000003"):
        settled.exclude([Broken("item-000003", "gone")])
    assert len(pool) == len(settled) == 60
    pool.exclude([Broken("item-000003", "gone")])
    assert (len(pool), len(settled)) == (59, 60)
