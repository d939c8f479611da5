"""``s.search``: items by words, by what they show where the encoder can read."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError

TEXTS = ["the cat sat", "stocks fell", "a cat and a dog", "shares rose", "dogs bark"] * 4


@pytest.fixture
def texts(tmp_path):
    pool = [f"{text} {at}" for at, text in enumerate(TEXTS)]
    with spin.open(tmp_path / "t.spin", pool=pool, classes=["a", "b"]) as s:
        yield s


def test_texts_that_hold_every_word_come_the_best_first(texts):
    hits = texts.search("cat dog")
    assert {texts.pool.row(id) % 5 for id in hits} == {2}
    assert len(hits) == 4
    assert hits.table.columns == ["item", "relevance"]
    assert hits.table["relevance"].is_sorted(descending=True)
    assert texts.tag(hits, "pets") == 4


def test_arrivals_are_searched_as_well(texts):
    assert len(texts.search("zebra")) == 0
    assert repr(texts.search("zebra")) == "Nothing fits"
    texts.label({texts.pool.ids[0]: "a", texts.pool.ids[1]: "b"})
    texts.watch(["a zebra crossing"], wait=True)
    assert list(texts.search("zebra")) == [texts.pool.ids[-1]]


def test_pictures_are_found_by_their_names(tmp_path):
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for name in ("red_car.png", "blue car.png", "tree.png"):
        Image.fromarray(np.full((8, 8, 3), len(name), np.uint8)).save(tmp_path / "pictures" / name)
    with spin.open(tmp_path / "p.spin", pool=tmp_path / "pictures", classes=["a", "b"]) as s:
        assert sorted(s.search("car")) == ["blue car.png", "red_car.png"]
        assert list(s.search("red_car")) == ["red_car.png"]
        assert list(s.search("tree")) == ["tree.png"]


def test_an_encoder_with_a_text_side_finds_what_items_show(tmp_path, digits):
    """The encoder of this test writes its pictures' mean where the words' length goes."""

    class Reads:
        name, settings = "reads", {}

        def fit(self, items):
            return self

        def encode(self, items):
            means = np.array([np.mean(item) for item in items])
            return np.stack([np.cos(means), np.sin(means)], axis=1).astype(np.float32)

        def encode_texts(self, texts):
            lengths = np.array([float(text) for text in texts])
            return np.stack([np.cos(lengths), np.sin(lengths)], axis=1).astype(np.float32)

        def to_arrays(self):
            return {}

        @classmethod
        def from_arrays(cls, arrays):
            return cls()

    with spin.open(tmp_path / "p.spin", pool=digits.images[:30], classes=["a", "b"], encoder=Reads()) as s:
        means = np.array([np.mean(image) for image in digits.images[:30]])
        hits = s.search(str(float(means[7])), 1)
        assert means[s.pool.row(hits.ids[0])] == pytest.approx(means[7])
        assert hits.measure == "similarity"
        assert hits.scores[0] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("query", ["", "  ", "...", 7, None, ["cat"]])
def test_no_words_are_refused(texts, query):
    with pytest.raises(QueryError, match="words"):
        texts.search(query)


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", None, True])
def test_no_number_of_items(texts, k):
    with pytest.raises(QueryError):
        texts.search("cat", k)
