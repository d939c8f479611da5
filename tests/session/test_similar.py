"""``s.similar``: what is most like an item of the pool, or like a new one."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import LabelError, PoolError, QueryError, SpinError


def test_digits_are_most_like_digits_of_their_class(project, digits):
    s = project()
    same = []
    for id in s.pool.ids[:40]:
        near = s.similar(id, 8)
        assert len(near) == len(near.ids) == 8
        assert id not in near.ids
        assert near.table["item"].to_list() == list(near.ids)
        assert near.table["distance"].is_sorted()
        same += [digits.truth(s, other) == digits.truth(s, id) for other in near]
    assert np.mean(same) > 0.9


def test_a_new_picture_finds_itself_first(project, digits):
    s = project()
    near = s.similar(digits.images[9], 3)
    assert near.ids[0] == s.pool.ids[9]
    assert near.scores[0] == pytest.approx(0, abs=1e-4)


def test_a_text_is_an_item_where_it_is_no_id(tmp_path):
    texts = [
        "the cat sat on the mat",
        "a cat on a mat",
        "stocks fell sharply",
        "shares fell",
        "mats and cats",
    ]
    pool = [f"{text} {at}" for at in range(4) for text in texts]
    with spin.open(tmp_path / "p.spin", pool=pool, classes=["a", "b"]) as s:
        near = s.similar("stocks and shares fell", 4)
        assert all("fell" in pool[s.pool.row(id)] for id in near)


def test_all_that_is_there_where_more_is_asked(project):
    s = project()
    assert len(s.similar(s.pool.ids[0], 10_000, "euclidean")) == len(s) - 1


def test_the_ids_go_where_ids_go(project):
    s = project()
    near = s.similar(s.pool.ids[0], 3)
    assert s.tag(near, "like the first") == 3


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", None, True])
def test_no_number_of_items(project, k):
    with pytest.raises(QueryError):
        project().similar("x", k)


def test_what_is_no_item_is_refused(project):
    s = project()
    with pytest.raises(LabelError):
        s.similar("no such item")
    with pytest.raises(QueryError, match="metric"):
        s.similar(s.pool.ids[0], 3, "hamming")
    for item in ("x" * 5000, "\0", None, 7, object(), np.full((8, 8), np.nan)):
        with pytest.raises(SpinError):
            s.similar(item)
    assert issubclass(PoolError, SpinError)
