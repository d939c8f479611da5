"""``s.duplicates``: what is there twice, whether its labels agree, and a group labelled by one call."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import ProjectError, QueryError


@pytest.fixture
def doubled(tmp_path, digits):
    """Open (again) 120 digits: three of them twice, one of these a third time with a pixel changed."""
    images = np.asarray(digits.images[:120]).copy()
    images[100:103] = images[:3]
    images[103] = images[0]
    images[103, 4, 4] ^= 1
    opened = []

    def open_(**options):
        first = (
            {} if (tmp_path / "d.spin").exists() else {"pool": images, "classes": [str(n) for n in range(10)]}
        )
        opened.append(spin.open(tmp_path / "d.spin", **{"annotator": "ada", **first, **options}))
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def test_equal_and_nearly_equal_items_are_in_groups(doubled):
    s = doubled()
    ids = s.pool.ids
    groups = {group.ids: group.is_exact for group in s.duplicates}
    assert groups == {
        (ids[0], ids[100], ids[103]): False,
        (ids[1], ids[101]): True,
        (ids[2], ids[102]): True,
    }
    assert len(s.duplicates[0]) == 3, "the largest first"
    assert s.duplicates.ids == [id for group in s.duplicates for id in group]
    assert s.tag(s.duplicates, "twice") == 7
    table = s.duplicates.table
    assert table["item"].to_list() == s.duplicates.ids
    assert (table["ratio"] < 0.13).all()
    assert "3 groups of duplicates: 2 of equal, 1 of nearly equal items; 4 items more" in repr(s.duplicates)


def test_a_group_is_labelled_by_one_call(doubled):
    s = doubled()
    s.label(s.duplicates[0], "3")
    group = s.duplicates[0]
    assert (group.values, group.unlabelled, group.disagrees) == (("3",), (), False)
    s.undo()
    assert s.duplicates[0].unlabelled == group.ids


def test_groups_whose_labels_disagree_come_first_and_say_so(doubled):
    s = doubled()
    ids = s.pool.ids
    s.label({ids[2]: "1", ids[102]: "7"})
    assert s.duplicates.disagreeing[0].ids == (ids[2], ids[102])
    assert s.duplicates[0].values == ("1", "7")
    assert "LABELS DISAGREE: '1' and '7'" in repr(s.duplicates[0])
    assert "1 groups whose labels disagree" in repr(s.duplicates)
    assert s.duplicates.table["labels"].to_list()[:3] == [2, 2, 0]


def test_what_arrives_is_compared_with_the_pool(doubled, digits):
    s = doubled()
    digits.label(s, s.pool.ids[3:20])
    assert len(s.duplicates) == 3
    s.watch([np.asarray(digits.images[9]), np.asarray(digits.images[300])], wait=True)
    new = s.pool.ids[120]
    assert (s.pool.ids[9], new) in [group.ids for group in s.duplicates]
    assert len(s.duplicates) == 4


def test_labels_of_any_task_are_compared(tmp_path):
    pool = np.random.default_rng(0).integers(0, 255, (12, 30, 30), np.uint8)
    pool[7] = pool[3]
    with spin.open(tmp_path / "b.spin", pool=pool, task=spin.Boxes(["a", "b"]), annotator="ada") as s:
        box = {"label": "a", "x": 1.0, "y": 2.0, "width": 4.0, "height": 5.0}
        one, other = s.pool.ids[3], s.pool.ids[7]
        s.label({one: [box], other: [dict(reversed(box.items()))]})
        assert not s.duplicates[0].disagrees
        s.label(other, [box | {"x": 3.0}])
        assert s.duplicates[0].disagrees


def test_texts_with_other_punctuation_are_nearly_equal(tmp_path):
    texts = [f"the {a} {b} over the {c}" for a in ("red", "blue") for b in ("fox", "cat") for c in "xyzuvw"]
    texts += ["My card has not arrived yet", "my card has not arrived yet!"]
    with spin.open(tmp_path / "t.spin", pool=texts, classes=["a", "b"]) as s:
        group = next(group for group in s.duplicates if s.pool.ids[-1] in group.ids)
        assert s.pool.ids[-2] in group.ids
        assert not group.is_exact


def test_nothing_is_there_twice(project):
    s = project()
    assert len(s.duplicates) == 0
    assert s.duplicates.ids == s.duplicates.disagreeing == []
    assert s.duplicates.table.height == 0
    assert repr(s.duplicates) == "No two items are equal, or nearly"
    with pytest.raises(QueryError, match="no group 0"):
        s.duplicates[0]


@pytest.mark.parametrize("number", [-1, 99, 1.5, "0", None, True])
def test_no_such_group(doubled, number):
    with pytest.raises(QueryError):
        doubled().duplicates[number]


def test_a_closed_session_says_so(doubled):
    s = doubled()
    s._live.pool_model.wait()
    s.close()
    with pytest.raises(ProjectError, match="closed"):
        s.duplicates  # noqa: B018
