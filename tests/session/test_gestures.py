"""A call that labelled many is one thing that was done: one undo, one redo, told once."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spin_nb as spin
from spin_nb.errors import LabelError
from spin_nb.models.learner import Learner


@pytest.fixture
def s(project, digits):
    s = project()
    digits.label(s, s.pool.ids[:10])
    return s


def many(s, n=200):
    return dict.fromkeys(s.pool.ids[100 : 100 + n], "7")


def test_one_undo_takes_back_all_that_one_call_labelled_and_one_redo_brings_it_back(s):
    before = s.values
    s.label(many(s))
    assert s.undo() == s.pool.ids[299]
    assert s.values == before
    assert s.redo() == s.pool.ids[299]
    assert s.values == {**before, **many(s)}
    assert len(s.history) == 10 + 200 + 2, "each of them is one event"


@pytest.mark.parametrize(
    ("task", "label"),
    [(spin.Number(0, 9), 3.0), (spin.MultiLabel(["a"]), ["a"]), (spin.FreeText(), "words")],
    ids=repr,
)
def test_labels_that_are_no_classes_are_given_and_taken_back_like_any_other(tmp_path, task, label):
    s = spin.open(tmp_path / "p.spin", pool=[f"text {n}" for n in range(20)], task=task)
    s._live.pool_model.wait()
    one, *others = s.pool.ids
    s.label(one, label)
    s.label(dict.fromkeys(others, label))
    s.undo()
    assert s.values == {one: label}
    s.flag(one)
    s.undo()
    s.redo()
    assert s.history["kind"].to_list()[-3:] == ["flag", "undo", "redo"]
    s.close()


def test_views_are_told_once_and_the_graph_is_solved_once(s, monkeypatch):
    s._live.pool_model.wait()
    told, solved, stepped = [], [], []
    s.events.labelled.connect(lambda ids: told.append(set(ids)))
    reset, unlabel = Learner.reset, Learner.unlabel
    monkeypatch.setattr(Learner, "reset", lambda self, *a: (solved.append(1), reset(self, *a))[1])
    monkeypatch.setattr(Learner, "unlabel", lambda self, *a: (stepped.append(1), unlabel(self, *a))[1])
    s.label(many(s))
    s.undo()
    s.redo()
    assert told == [set(many(s))] * 3
    assert (len(solved), stepped) == (3, [])


def test_a_restart_changes_nothing(s, project):
    before = s.values
    s.label(many(s))
    s.close()
    again = project()
    again.undo()
    assert again.values == before
    again.close()
    once_more = project()
    once_more.redo()
    assert once_more.values == {**before, **many(s)}


def test_what_another_person_labelled_since_stands(s, tmp_path):
    with_bob = spin.open(tmp_path / "digits.spin", annotator="bob")
    s.label(many(s))
    ids = list(many(s))[:3]
    with_bob.label(dict.fromkeys(ids, "3"))
    s.undo()
    assert {id: s.values[id] for id in s.values if id in many(s)} == dict.fromkeys(ids, "3")
    with_bob.undo()
    assert not set(s.values) & set(many(s))
    s.redo()
    assert many(s).items() <= s.values.items()
    with_bob.close()


def test_the_history_says_which_events_were_one_call(s):
    s.label(many(s, 3))
    s.label(s.pool.ids[50], "1")
    s.undo()
    s.undo()
    history = s.history[10:]
    first = history["seq"][0]
    assert history["gesture"].to_list() == [first, first, first, None, None, None]
    assert history["target"].to_list() == [None, None, None, None, first + 3, first]


def test_the_labeller_is_told_of_one_step(s):
    s.label(many(s, 5))
    assert s._channel.past("undo", 2)[-1] == {
        "id": s.pool.ids[104],
        "kind": "label",
        "value": "7",
        "previous": None,
        "n": 5,
    }
    answer = s._channel.apply("c", [{"seq": 1, "kind": "undo"}])
    assert answer["undone"] == [{"seq": 1, "id": s.pool.ids[104], "n": 5}]
    assert answer["n_labels"] == 10
    assert s._channel.past("redo", 1)[0]["n"] == 5


def test_two_kernels_of_one_person_may_undo_at_once(s, tmp_path):
    other = spin.open(tmp_path / "digits.spin", annotator="ada")
    for id in s.pool.ids[50:90]:
        s.label(id, "1")
    undone = []

    def undo_all(session):
        while True:
            try:
                undone.append(session.undo())
            except LabelError as error:
                undone.append(error.what)
                return

    threads = [threading.Thread(target=undo_all, args=(session,)) for session in (s, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refusals = ["'ada' has nothing to undo."] * 2
    assert sorted(undone) == sorted([*s.pool.ids[:10], *s.pool.ids[50:90], *refusals])
    assert s.values == {}
    other.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("label"), st.lists(st.integers(0, 5), min_size=1, max_size=4), st.sampled_from("12")
        ),
        st.sampled_from([("undo",), ("redo",), ("restart",)]),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["ada", "bob"]), STEPS), max_size=3))
def test_any_sequence_of_calls_undos_and_restarts_is_what_a_list_of_calls_says(tmp_path_factory, turns):
    path = tmp_path_factory.mktemp("any") / "p.spin"
    items = ["one", "two", "three", "four", "five", "six"]
    sessions = {}

    def session(who):
        if who not in sessions:
            sessions[who] = spin.open(path, pool=items, classes=["1", "2"], annotator=who)
        return sessions[who]

    calls, undone, number = [], {"ada": [], "bob": []}, 0  # a call: (number, who, {item: value})
    for who, steps in turns:
        for step in steps:
            if step[0] == "restart":
                session(who).close()
                del sessions[who]
                continue
            if step[0] == "label":
                number += 1
                values = {session(who).pool.ids[n]: step[2] for n in step[1]}
                calls.append((number, who, values))
                undone[who] = []
                session(who).label(values)
                continue
            own = [call for call in calls if call[1] == who] if step[0] == "undo" else undone[who]
            if not own:
                with pytest.raises(LabelError):
                    getattr(session(who), step[0])()
                continue
            getattr(session(who), step[0])()
            call = own[-1]
            if step[0] == "undo":
                calls.remove(call)
                undone[who].append(call)
            else:
                undone[who].remove(call)
                calls.append(call)
            calls.sort(key=lambda call: call[0])
        expected = {}
        for _, _, values in calls:
            expected |= values
        assert session(who).values == expected
    for one in sessions.values():
        one.close()
