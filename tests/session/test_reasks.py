"""What people cannot tell or disagree on: asked once more at most, and not circled for ever."""

from __future__ import annotations

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.errors import QueryError
from spin_nb.session.asks import proposer
from spin_nb.types import Picked


@pytest.fixture
def open_(tmp_path):
    """Open (again) a project on six far-apart points, without audits unless set."""
    opened = []

    def open_(pool=None, annotator="ada", at="points"):
        at = tmp_path / at
        first = {} if at.exists() else {"pool": np.eye(6, dtype=np.float32) if pool is None else pool}
        opened.append(spin.open(at, classes=["a", "b"], annotator=annotator, **first))
        if first:
            opened[-1].audit.share = 0
        return opened[-1]

    yield open_
    for s in opened:
        s.close()


def label_all_but(s, *ids: str) -> None:
    s.label({id: "ab"[row % 2] for row, id in enumerate(s.pool.ids) if id not in ids})


@pytest.mark.parametrize("kind", ["skip", "unsure"])
def test_what_is_put_aside_comes_back_once_and_no_more(open_, kind):
    s = open_()
    item = s.pool.ids[2]
    getattr(s, kind)(item)
    label_all_but(s, item)
    assert s.ask(1).ids == (item,)
    getattr(s, kind)(item)
    with pytest.raises(QueryError, match="put aside for good"):
        s.ask(1)
    assert s._channel.queue_cards(4)[0] == []


def test_a_restart_does_not_forget_how_often_an_item_was_put_aside(open_):
    s = open_()
    once, twice = s.pool.ids[:2]
    label_all_but(s, once, twice)
    s.skip(once)
    s.skip(twice)
    s.unsure(twice)
    s.close()
    assert open_().ask(6).ids == (once,)


def test_what_two_people_cannot_tell_does_not_come_back(open_):
    ada, bob = open_(), open_(annotator="bob")
    item = ada.pool.ids[0]
    label_all_but(ada, item)
    ada.unsure(item)
    bob.unsure(item)
    with pytest.raises(QueryError):
        ada.ask(1)


def test_what_was_undone_does_not_count(open_):
    s = open_()
    item = s.pool.ids[0]
    label_all_but(s, item)
    s.unsure(item)
    s.unsure(item)
    s.undo()
    assert s.ask(1).ids == (item,)


def test_a_flagged_item_never_comes_back_by_itself(open_):
    s = open_()
    bad, both = s.pool.ids[:2]
    label_all_but(s, bad, both)
    s.flag(bad)
    s.skip(both)
    s.flag(both)
    with pytest.raises(QueryError) as caught:
        s.ask(1)
    assert "s.label" not in str(caught.value)  # a label would not train while the flag stands


def test_the_error_says_what_can_still_be_labelled_and_then_it_can(open_):
    s = open_()
    item = s.pool.ids[3]
    label_all_but(s, item)
    s.unsure(item)
    s.unsure(item)
    with pytest.raises(QueryError) as caught:
        s.ask(1)
    assert f"put aside (1) by its id: s.label({item!r}, value)" in str(caught.value)
    s.label(item, "a")
    assert s._view_data.label_index[3] == 0


def test_reserved_items_come_back_as_audits_once(open_):
    s = open_(np.eye(40, dtype=np.float32))
    s.audit.share = 0.5
    item = str(s.pool.ids[int(np.flatnonzero(s._live.label_log.plan.reserved_mask)[0])])
    label_all_but(s, item)
    s.unsure(item)
    assert s.ask(1).ids == (item,)
    assert s.asks["audit"].to_list() == [True]
    s.unsure(item)
    with pytest.raises(QueryError):
        s.ask(1)


def answer_by_chance(people, rng) -> dict[str, int]:
    """How often each item was asked until nothing was left."""
    times: dict[str, int] = {}
    for _ in range(100):
        s = people[rng.integers(2)]
        try:
            asked = s.ask(int(rng.integers(1, 4)))
        except QueryError:
            return times
        for id in asked.ids:
            times[id] = times.get(id, 0) + 1
            kind = rng.choice(["label", "skip", "unsure", "flag"])
            s.label(id, "a") if kind == "label" else getattr(s, kind)(id)
    raise AssertionError("asking does not end")


@pytest.mark.parametrize("seed", range(3))
def test_whatever_people_answer_asking_ends_and_nothing_is_asked_more_than_twice(open_, seed):
    people = [open_(np.eye(16, dtype=np.float32)), open_(annotator="bob")]
    people[0].audit.share = 0.2
    times = answer_by_chance(people, np.random.default_rng(seed))
    assert set(times) == set(people[0].pool.ids)
    assert max(times.values()) == 2


class Spy:
    """A strategy that remembers the places it was told are known, and asks the first item."""

    def __call__(self, features, k, *, labelled_rows, seed):
        self.known = {int(np.argmax(features[row])) for row in labelled_rows}
        first = np.setdiff1d(np.arange(len(features)), labelled_rows)[:k]
        return Picked(first, np.zeros(k, np.float32), np.full(k, 0.5))


def known(s) -> set[int]:
    spy = Spy()
    s.ask(1, strategy=spy)
    return spy.known


def side_by_side(*pairs):
    """Eight points of which some lie closer together than the others."""
    points = np.eye(8, dtype=np.float32)
    for one, other in pairs:
        points[other, one] = 0.8
    return points


def test_strategies_take_a_place_where_nobody_can_tell_as_known(open_):
    s = open_(side_by_side((1, 2), (0, 3)))
    s.label(s.pool.ids[0], "a")
    for row in (1, 2, 3, 4):
        s.unsure(s.pool.ids[row])
    # 3 lies beside a label, so its place can be told; 4 is as far from all, the undecided first.
    assert known(s) == {0, 1, 2, 4}
    s.label(s.pool.ids[1], "b")
    s.label(s.pool.ids[2], "b")
    assert known(s) >= {0, 1, 2}


def test_one_undecided_item_a_skip_and_a_bad_item_say_nothing_of_their_place(open_):
    s = open_(side_by_side((1, 2), (3, 4), (5, 6)))
    s.label(s.pool.ids[0], "a")
    s.unsure(s.pool.ids[1])
    for row in (3, 4):
        s.skip(s.pool.ids[row])
    for row in (5, 6):
        s.unsure(s.pool.ids[row])
        s.flag(s.pool.ids[row])
    assert known(s) == {0}
    s.unsure(s.pool.ids[2])
    assert known(s) == {0, 1, 2}


def test_what_comes_back_is_a_candidate_and_what_does_not_stays_known(open_):
    s = open_(side_by_side((1, 2)))
    once, *twice = s.pool.ids[:3]
    label_all_but(s, once, *twice)
    s.unsure(once)
    for item in (*twice, *twice):
        s.unsure(item)
    assert known(s) == {1, 2, 3, 4, 5, 6, 7}
    assert s.asks["item"].to_list() == [once]


def test_strategies_hear_of_the_latest_only(open_, monkeypatch):
    monkeypatch.setattr(proposer, "MAX_UNDECIDED_ITEMS", 2)
    s = open_(side_by_side((1, 2), (2, 3)))
    s.label(s.pool.ids[0], "a")
    for row in (3, 1, 2):
        s.unsure(s.pool.ids[row])
    assert known(s) == {0, 1, 2}


def asked_there(s, kind: str) -> int:
    """How many of 30 asks "auto" spends on rows 0-79, of which nobody can tell anything."""
    there = 0
    for _ in range(30):
        item = s.ask(1).ids[0]
        row = s.pool.row(item)
        there += row < 80
        if row < 80:
            getattr(s, kind)(item)
        else:
            s.label(item, "ab"[row >= 160])
    return there


def test_auto_does_not_circle_a_place_where_nobody_can_tell(open_):
    centres = np.repeat(np.eye(3) * 8, 80, axis=0)
    pool = (centres + np.random.default_rng(0).normal(size=centres.shape)).astype(np.float32)
    # A skip says nothing of a place, so there "auto" goes on: nothing it is told changes what it would ask.
    assert asked_there(open_(pool, at="skips"), "skip") >= 28
    assert asked_there(open_(pool, at="unsure"), "unsure") <= 25


def test_where_two_people_disagree_the_last_label_holds_and_neither_asks_again(open_):
    ada, bob = open_(), open_(annotator="bob")
    item = ada.pool.ids[0]
    ada.label(item, "a")
    bob.label(item, "b")
    asked = {id for _ in range(20) for id in ada.ask(1).ids}  # nothing is answered
    assert item not in asked
    assert ada._view_data.label_index[0] == 1
    bob.undo()
    ada.ask(1)
    assert ada._view_data.label_index[0] == 0
    bob.redo()
    label_all_but(ada, item)
    for s in (ada, bob, open_()):
        assert s._view_data.label_index[0] == 1
        with pytest.raises(QueryError):
            s.ask(1)


def test_a_label_and_an_unsure_that_alternate_bring_an_item_back_once(open_):
    ada, bob = open_(), open_(annotator="bob")
    item = ada.pool.ids[0]
    label_all_but(ada)
    bob.unsure(item)
    assert bob._view_data.label_index[0] == -1
    assert ada.ask(1).ids == (item,)
    ada.label(item, "a")
    bob.unsure(item)
    with pytest.raises(QueryError):
        ada.ask(1)
