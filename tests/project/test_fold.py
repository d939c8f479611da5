"""State is a fold over events: whatever happened, in whatever order, replaying it gives the same answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spin_nb.project import Event, State, fold, last_redoable, last_undoable
from spin_nb.project.fold import Marks, action_number, changed_items, current, newest_decisions, newest_first

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ITEMS = ["a", "b", "c"]
PEOPLE = ["ada", "bob"]
DOING = ["label", "label", "label", "imported", "skip", "unsure", "flag", "keep", "tag", "tag"]
DOING += ["untag", "note"]
WITH_VALUE = ("label", "imported", "keep", "tag", "untag", "note")


def event(seq, who, kind, item="a", value=None, target=None, gesture=None):
    return Event(seq, NOW, who, kind, item, value, target=target, gesture=gesture)


def label(seq, who, item, value):
    return event(seq, who, "label", item, value)


def play(moves):
    """Turn (who, kind, items, value) moves into events as the store would: undo and redo find their target.

    Several items are one call, or one gesture of a page whose events others' come between.
    """
    events, state = [], State()

    def add(who, kind, item, **more):
        nonlocal state
        events.append(event(len(events) + 1, who, kind, item, **more))
        state = fold(events[-1:], state)

    for who, kind, items, value in moves:
        if kind in ("undo", "redo"):
            target = (last_undoable if kind == "undo" else last_redoable)(state, who)
            if target is not None:
                add(who, kind, target.item, target=action_number(target))
            continue
        gesture = len(events) + 1 if len(items) > 1 else None
        for at, item in enumerate(items):
            if at and value == "y":  # another person labels between two pieces
                add("eve", "label", item, value="z")
            add(who, kind, item, value=value if kind in WITH_VALUE else None, gesture=gesture)
    return events, state


MOVES = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from([*DOING, "undo", "undo", "redo"]),
        st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3),
        st.sampled_from(["x", "y"]),
    ),
    max_size=40,
)


def name(e):
    return e.seq if e.gesture is None else e.gesture


class Plain:
    """The same fold said plainly, with lists and a sort: what :class:`State` must agree with."""

    def __init__(self, events):
        self.standing, self.done, self.undone = [], {}, {}
        for e in events:
            mine, gone = self.done.setdefault(e.annotator, []), self.undone.setdefault(e.annotator, [])
            if e.kind in ("undo", "redo"):
                out, into = (mine, gone) if e.kind == "undo" else (gone, mine)
                for together in [group for group in out if name(group[0]) == e.target]:
                    out.remove(together)
                    into.append(together)
                    for one in together:
                        (self.standing.remove if e.kind == "undo" else self.standing.append)(one)
            else:
                group = next((group for group in mine if name(group[0]) == name(e)), None)
                if group is None:
                    mine.append([e])
                else:
                    group.append(e)
                gone.clear()
                self.standing.append(e)
            self.standing.sort(key=lambda one: one.seq)
            mine.sort(key=lambda group: group[-1].seq)

    @property
    def current(self):
        of = {}
        for e in self.standing:
            of.setdefault(e.item, []).append(e)
        held = [decision for events in of.values() if (decision := current(tuple(events))) is not None]
        return {c.item: c for c in sorted(held, key=lambda c: c.seq)}

    @property
    def marks(self):
        tags, notes = {}, {}
        for e in self.standing:
            of_item = tags.setdefault(e.item, [])
            if e.kind in ("tag", "untag"):
                of_item[:] = [tag for tag in of_item if tag != e.value or e.kind == "tag"]
                of_item += [e.value] * (e.kind == "tag" and e.value not in of_item)
            elif e.kind == "note":
                notes[e.item] = e.value
        marks = {item: Marks(tuple(tags[item]), notes.get(item, "")) for item in tags}
        return {item: of_item for item, of_item in marks.items() if of_item != Marks()}


def view(state):
    """What a person can see of a state."""
    return (
        state.current,
        dict(state.marks),
        {w: s for w, s in state.undo_stack.items() if s},
        {w: s for w, s in state.redo_stack.items() if s},
    )


class TestOneAnnotator:
    def test_a_label_is_the_items_value(self):
        assert fold([label(1, "ada", "a", "x")]).value("a") == "x"

    def test_the_last_label_wins(self):
        assert fold([label(1, "ada", "a", "x"), label(2, "ada", "a", "y")]).value("a") == "y"

    def test_undo_brings_back_what_was_before(self):
        state = fold(
            [label(1, "ada", "a", "x"), label(2, "ada", "a", "y"), event(3, "ada", "undo", target=2)]
        )
        assert state.value("a") == "x"

    def test_a_skip_takes_the_label_back(self):
        state = fold([label(1, "ada", "a", "x"), event(2, "ada", "skip")])
        assert (state.value("a"), state.current["a"].kind, state.labels) == (None, "skip", [])

    def test_a_flag_leaves_the_label(self):
        state = fold([label(1, "ada", "a", "x"), event(2, "ada", "flag")])
        assert (state.value("a"), state.current["a"].flagged) == ("x", True)

    def test_a_flag_alone_is_no_label(self):
        state = fold([event(1, "ada", "flag")])
        assert (state.current["a"].kind, state.current["a"].flagged, state.labels) == ("flag", True, [])

    def test_labels_come_in_the_order_they_were_given(self):
        state = fold([label(1, "ada", "c", "x"), label(2, "ada", "a", "x"), label(3, "ada", "c", "y")])
        assert [c.item for c in state.labels] == ["a", "c"]

    def test_redo_puts_a_label_back_in_its_old_place(self):
        did = [label(1, "ada", "a", "x"), label(2, "ada", "b", "y")]
        undone = [event(3, "ada", "undo", "b", target=2), event(4, "ada", "undo", "a", target=1)]
        redone = [event(5, "ada", "redo", "a", target=1), event(6, "ada", "redo", "b", target=2)]
        assert [c.item for c in fold(did + undone + redone).labels] == ["a", "b"]

    def test_a_new_label_ends_what_redo_could_bring_back(self):
        state = fold(
            [label(1, "ada", "a", "x"), event(2, "ada", "undo", target=1), label(3, "ada", "b", "x")]
        )
        assert last_redoable(state, "ada") is None

    def test_everything_a_person_does_can_be_undone(self):
        for kind in ("label", "imported", "skip", "unsure", "flag"):
            state = fold([event(1, "ada", kind, value="x"), event(2, "ada", "undo", target=1)])
            assert state.current == {}, kind


class TestKept:
    def test_to_keep_a_label_leaves_it_as_it_is(self):
        before = fold([label(1, "ada", "a", "x")])
        after = fold([event(2, "bob", "keep", value="x")], before)
        assert (after.current, after.n_labels) == (before.current, 1)

    def test_to_keep_a_label_is_a_decision_that_can_be_undone(self):
        events = [label(1, "ada", "a", "x"), event(2, "bob", "keep", value="x")]
        assert [[e.seq for e in group] for group in newest_decisions(fold(events), "undo", "bob")] == [[2]]
        state = fold([*events, event(3, "bob", "undo", target=2)])
        assert [e.kind for e in state.active["a"]] == ["label"]


class TestTagsAndNotes:
    def test_they_stand_beside_the_label(self):
        state = fold(
            [
                label(1, "ada", "a", "x"),
                event(2, "ada", "tag", value="night"),
                event(3, "bob", "note", value="?"),
            ]
        )
        assert (state.value("a"), dict(state.marks)) == ("x", {"a": Marks(("night",), "?")})

    def test_they_are_no_decision_on_the_item(self):
        state = fold([event(1, "ada", "tag", value="night")])
        assert (state.current, state.labels, state.value("a")) == ({}, [], None)

    def test_whoever_takes_a_tag_away_it_is_gone(self):
        state = fold([event(1, "ada", "tag", value="night"), event(2, "bob", "untag", value="night")])
        assert dict(state.marks) == {}

    def test_undo_takes_back_the_last_thing_done_of_any_kind_and_a_page_its_last_decision(self):
        state = fold([label(1, "ada", "a", "x"), event(2, "ada", "tag", "b", "night")])
        assert last_undoable(state, "ada").seq == 2
        assert [events[0].seq for events in newest_decisions(state, "undo", "ada")] == [1]


class TestTwoAnnotators:
    def test_undo_passes_over_what_another_did_last(self):
        state = fold([label(1, "ada", "a", "x"), label(2, "bob", "b", "y")])
        assert last_undoable(state, "ada").seq == 1

    def test_undo_cannot_reach_anothers_event(self):
        state = fold([label(1, "ada", "a", "x"), event(2, "bob", "undo", target=1)])
        assert state.value("a") == "x"

    def test_undo_uncovers_the_others_label(self):
        did = [label(1, "bob", "a", "y"), label(2, "ada", "a", "x"), event(3, "ada", "undo", target=2)]
        assert fold(did).value("a") == "y"

    def test_ones_new_label_keeps_what_the_other_could_redo(self):
        did = [label(1, "ada", "a", "x"), event(2, "ada", "undo", target=1), label(3, "bob", "b", "y")]
        assert last_redoable(fold(did), "ada").seq == 1


class TestOneCallThatDidMuch:
    """Events of one call or gesture carry the number of its first one."""

    @pytest.fixture
    def call(self):
        return [event(n, "ada", "label", item, "x", gesture=1) for n, item in enumerate(ITEMS, 1)]

    def test_one_undo_takes_all_of_it_back_and_one_redo_brings_it_back(self, call):
        undo = event(4, "ada", "undo", "c", target=1)
        assert fold([*call, undo]).current == {}
        assert fold([*call, undo, event(5, "ada", "redo", "c", target=1)]).current == fold(call).current

    def test_what_another_said_since_stands(self, call):
        state = fold([*call, label(4, "bob", "b", "y"), event(5, "ada", "undo", "c", target=1)])
        assert {id: held.value for id, held in state.current.items()} == {"b": "y"}

    def test_what_stood_before_it_holds_again(self, call):
        later = [replace(e, seq=e.seq + 1, gesture=2) for e in call]
        state = fold([label(1, "bob", "a", "y"), *later, event(5, "ada", "undo", "c", target=2)])
        assert {id: held.value for id, held in state.current.items()} == {"a": "y"}

    def test_it_is_one_step_for_undo(self, call):
        state = fold([label(7, "ada", "a", "y"), *(replace(e, seq=e.seq + 7, gesture=8) for e in call)])
        assert [len(events) for events in newest_first(state, "undo", "ada")] == [3, 1]


class TestAnySequence:
    @given(MOVES)
    def test_step_by_step_equals_replay(self, moves):
        events, state = play(moves)
        assert view(fold(events)) == view(state)

    @given(MOVES, st.integers(1, 5))
    def test_the_same_as_said_plainly(self, moves, far_apart):
        """Numbers far apart, as in a long project, lie on different pages."""
        events, _ = play(moves)
        events = [
            replace(
                e,
                seq=200 * far_apart * e.seq,
                target=e.target and 200 * far_apart * e.target,
                gesture=e.gesture and 200 * far_apart * e.gesture,
            )
            for e in events
        ]
        events = [replace(e, client="view" if e.item == "a" else None) for e in events]
        for n in range(len(events) + 1):
            state, plain = fold(events[:n]), Plain(events[:n])
            held = list(plain.current.values())
            labels = [c for c in held if c.kind in ("label", "imported")]
            assert list(state.current.values()) == held
            assert (state.labels, state.n_labels) == (labels, len(labels))
            assert dict(state.marks) == plain.marks
            assert list(state.manual.values()) == [c for c in labels if c.item == "a"]
            for kind, stacks in (("undo", plain.done), ("redo", plain.undone)):
                for who in PEOPLE:
                    expected = [tuple(group) for group in stacks.get(who, [])[::-1]]
                    assert list(newest_first(state, kind, who)) == expected

    @given(MOVES, st.integers(0, 40))
    def test_a_fold_can_stop_anywhere_and_go_on(self, moves, cut):
        events, state = play(moves)
        assert view(fold(events[cut:], fold(events[:cut]))) == view(state)

    @given(MOVES, st.integers(0, 60))
    def test_no_other_item_changes_than_it_says(self, moves, cut):
        events, _ = play(moves)
        before, new = fold(events[:cut]), events[cut:]
        after = fold(new, before)
        changed = {id for id in ITEMS if before.current.get(id) != after.current.get(id)}
        assert changed <= set(changed_items(before, new))

    @given(MOVES)
    def test_fold_leaves_the_state_it_starts_from_alone(self, moves):
        events, _ = play(moves)
        start = fold(events[: len(events) // 2])
        before = view(start.copy())
        fold(events[len(events) // 2 :], start)
        assert view(start) == before

    @given(MOVES, st.sampled_from(PEOPLE))
    def test_undo_then_redo_changes_nothing(self, moves, who):
        _, state = play(moves)
        target = last_undoable(state, who)
        if target is not None:
            undo = event(1000, who, "undo", target.item, target=action_number(target))
            redo = event(1001, who, "redo", target.item, target=action_number(target))
            assert view(fold([undo, redo], state)) == view(state)

    @given(MOVES, st.sampled_from(PEOPLE))
    def test_undoing_everything_leaves_only_the_other_persons_work(self, moves, who):
        events, state = play(moves)
        while (target := last_undoable(state, who)) is not None:
            state = fold(
                [event(state.seq + 1, who, "undo", target.item, target=action_number(target))], state
            )
        assert view(state)[0] == view(fold([e for e in events if e.annotator != who]))[0]

    @given(MOVES)
    def test_the_same_as_folding_only_what_was_not_undone(self, moves):
        events, state = play(moves)
        gone = set()
        for e in events:
            if e.kind == "undo":
                gone.add(e.target)
            elif e.kind == "redo":
                gone.discard(e.target)
        kept = [e for e in events if e.kind not in ("undo", "redo") and action_number(e) not in gone]
        assert (fold(kept).current, dict(fold(kept).marks)) == (state.current, dict(state.marks))

    @given(
        st.lists(
            st.builds(
                event,
                st.integers(0, 9),
                st.sampled_from(PEOPLE),
                st.sampled_from(["label", "undo", "redo", "skip"]),
                st.sampled_from(ITEMS),
                st.just("x"),
                st.one_of(st.none(), st.integers(0, 9)),
                st.one_of(st.none(), st.integers(-1, 9)),
            ),
            max_size=30,
        )
    )
    def test_nonsense_in_a_log_never_breaks_a_fold(self, events):
        numbered = [replace(e, seq=i + 1) for i, e in enumerate(events)]
        assert set(fold(numbered).current) <= set(ITEMS)

    def test_ten_thousand_labels_and_as_many_undos(self):
        did = [label(i + 1, "ada", f"i{i}", "x") for i in range(10_000)]
        undone = [event(20_000 - i, "ada", "undo", f"i{i}", target=i + 1) for i in range(10_000)]
        assert fold(did + undone[::-1]).current == {}


@cache
def ten_thousand_labels():
    return fold(label(i + 1, "ada", f"i{i}", "x") for i in range(10_000))


class TestManyLabels:
    """One label more costs what it touches: everything else is shared with the state before."""

    @pytest.fixture
    def state(self):
        return ten_thousand_labels()

    def pages(self, state):
        parts = [
            state.active,
            state.current_by_seq,
            state.manual,
            *state.undo_stack.values(),
            *state.redo_stack.values(),
        ]
        return [page for part in parts for page in part._pages.values()]

    @pytest.mark.parametrize(
        "new",
        [
            label(10_001, "ada", "new", "y"),
            label(10_001, "ada", "i17", "y"),
            event(10_001, "ada", "undo", "i9999", target=10_000),
            event(10_001, "ada", "undo", "i17", target=18),
            event(10_001, "bob", "flag", "i17"),
        ],
        ids=["a label", "another label", "an undo", "an undo of long ago", "a flag"],
    )
    def test_all_but_a_few_pages_are_shared(self, state, new):
        before = {id(page): dict(page) for page in self.pages(state)}
        fresh = [page for page in self.pages(fold([new], state)) if id(page) not in before]
        assert len(fresh) <= 4
        assert sum(map(len, fresh)) <= 2000
        assert all(page == before[id(page)] for page in self.pages(state))


def test_event_records_cannot_be_changed():
    with pytest.raises(AttributeError):
        label(1, "ada", "a", "x").value = "y"
