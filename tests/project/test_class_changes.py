"""Classes that are added, renamed, merged, split and retired: what was said stays, what it means now follows."""

from __future__ import annotations

import pytest

from spin_nb.errors import LabelError
from spin_nb.project import NewEvent, NewItem, Store
from spin_nb.project.repair import repair
from spin_nb.tasks import Boxes, Classes, FreeText, MultiLabel

IDS = [f"img_{i}" for i in range(6)]


def opened(folder, task=None):
    task = Classes(["a", "b", "c"]) if task is None else task
    store = Store.create(folder, {"task": task.to_json(), "seed": 0})
    store.add_items(NewItem(id, id, "image") for id in IDS)
    return store


@pytest.fixture
def store(folder):
    store = opened(folder)
    yield store
    store.close()


def label(store, item, value, who="ada"):
    return store.append([NewEvent("label", item, value, annotator=who)])[0]


def change(store, who="ada", **content):
    return store.append([NewEvent("classes", value=content, annotator=who)])[0]


def undo(store, who="ada", kind="undo"):
    return store.append([NewEvent(kind, annotator=who)])


def names(store):
    return list(store.state().classes.now.names)


def values(store):
    return {label.item: label.value for label in store.state().labels}


def test_a_class_is_added_renamed_merged_and_retired(store):
    change(store, add=["d"])
    change(store, rename={"old": "a", "new": "A"})
    change(store, merge={"into": "b", "names": ["c"]})
    assert names(store) == ["A", "b", "d"]
    change(store, retire=["A"])
    assert names(store) == ["b", "d"]


def test_events_keep_what_they_were_given_and_say_what_they_mean_now(store):
    for item, value in zip(IDS, "abca", strict=False):
        label(store, item, value)
    change(store, rename={"old": "a", "new": "A"})
    change(store, merge={"into": "b", "names": ["c"]})
    assert values(store) == {IDS[0]: "A", IDS[1]: "b", IDS[2]: "b", IDS[3]: "A"}
    assert [event.value for event in store.events()[:4]] == ["a", "b", "c", "a"]
    assert store.labels()["value"].to_list() == ["A", "b", "b", "A"]
    assert store.history()["value"].to_list()[:4] == ["a", "b", "c", "a"]
    assert store.history()["item"].to_list()[4:] == [None, None]


def test_it_is_so_after_a_restart_and_for_who_looks_from_elsewhere(store, folder):
    label(store, IDS[0], "a")
    with Store.open(folder) as other:
        change(other, "bo", rename={"old": "a", "new": "A"})
    assert (names(store), values(store)) == (["A", "b", "c"], {IDS[0]: "A"})
    store.close()
    with Store.open(folder) as again:
        assert (names(again), values(again)) == (["A", "b", "c"], {IDS[0]: "A"})


def test_undo_brings_the_classes_and_labels_back_and_redo_the_change(store):
    label(store, IDS[0], "c")
    change(store, merge={"into": "b", "names": ["c"]})
    label(store, IDS[1], "b", "bo")
    undo(store)
    assert names(store) == ["a", "b", "c"]
    assert values(store) == {IDS[0]: "c", IDS[1]: "b"}
    undo(store, kind="redo")
    assert values(store) == {IDS[0]: "b", IDS[1]: "b"}
    undo(store), undo(store)
    assert values(store) == {IDS[1]: "b"}
    assert undo(store) == []


def test_what_was_labelled_with_a_new_name_keeps_its_class_when_the_name_is_taken_back(store):
    change(store, rename={"old": "a", "new": "A"})
    label(store, IDS[0], "A", "bo")
    undo(store)
    assert values(store) == {IDS[0]: "a"}


def test_a_label_with_the_name_of_a_class_that_was_merged_means_that_class(store):
    change(store, merge={"into": "b", "names": ["c"]})
    label(store, IDS[0], "c", "bo")
    assert values(store) == {IDS[0]: "b"}
    assert store.events()[-1].value == "c"


def test_labels_of_a_class_that_was_added_are_gone_with_it_and_come_back(store):
    change(store, add=["d"])
    label(store, IDS[0], "d", "bo")
    undo(store)
    assert values(store) == {}
    assert store.state().decision(IDS[0]) is None
    undo(store, kind="redo")
    assert values(store) == {IDS[0]: "d"}


def test_a_retired_class_leaves_no_decision_but_a_flag_stays(store):
    for item in IDS[:2]:
        label(store, item, "c")
    store.append([NewEvent("flag", IDS[1], annotator="ada")])
    change(store, retire=["c"])
    state = store.state()
    assert state.n_labels == 0
    assert state.decision(IDS[0]) is None
    assert (state.decision(IDS[1]).kind, state.decision(IDS[1]).flagged) == ("flag", True)
    assert set(state.current) == {IDS[1]}


def test_a_name_that_is_given_again_is_another_class(store):
    label(store, IDS[0], "c")
    change(store, retire=["c"])
    change(store, add=["c"])
    label(store, IDS[1], "c")
    assert values(store) == {IDS[1]: "c"}


def test_a_split_moves_the_items_that_are_listed_and_no_others(store):
    for item in IDS[:4]:
        label(store, item, "c")
    change(store, split={"name": "c", "into": {"c1": IDS[:1], "c2": IDS[1:3]}})
    assert names(store) == ["a", "b", "c1", "c2"]
    assert values(store) == {IDS[0]: "c1", IDS[1]: "c2", IDS[2]: "c2"}
    label(store, IDS[3], "c1", "bo")
    undo(store)
    assert values(store) == dict.fromkeys(IDS[:4], "c")


def test_a_change_of_who_undoes_it_below_another_is_passed_over(store):
    change(store, "ada", rename={"old": "a", "new": "A"})
    change(store, "bo", rename={"old": "A", "new": "alpha"})
    label(store, IDS[0], "alpha")
    label(store, IDS[1], "b")
    store.append([NewEvent("undo", annotator="ada", target=1)])
    assert names(store) == ["a", "b", "c"]
    assert values(store) == {IDS[0]: "a", IDS[1]: "b"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"add": ["b"]}, "'b' is a class of this project already"),
        ({"rename": {"old": "a", "new": "b"}}, r"s.classes.merge\(\['a'\], into='b'\)"),
        ({"rename": {"old": "aa", "new": "d"}}, "'aa' is not a class of this project; did you mean 'a'"),
        ({"merge": {"into": "x", "names": ["b"]}}, "'x' is not a class"),
        ({"merge": {"into": "a", "names": ["a"]}}, "nothing is merged into 'a'"),
        ({"retire": ["a", "b"]}, "leaves nothing to tell apart"),
        ({"retire": "a"}, "no list of classes"),
        ({"add": ["\u200b"]}, "is empty"),
        ({"split": {"name": "a", "into": {"a1": []}}}, "two parts or more"),
        ({"split": {"name": "a", "into": {"a1": ["x"], "a2": ["x"]}}}, "'x' is in two parts"),
        ({"split": {"name": "a", "into": {"a1": [], "b": []}}}, "'b' is a class of this project already"),
        ({"split": {"name": "a", "into": 7}}, "is no"),
        ({"melt": ["a"]}, "is no change of classes"),
        ({"rename": {}}, "is no change of classes"),
    ],
)
def test_what_is_no_change_is_refused_and_nothing_is_stored(store, content, words):
    with pytest.raises(LabelError, match=words):
        change(store, **content)
    assert store.events() == []


def test_names_in_lists_and_of_boxes_follow(tmp_path):
    with opened(tmp_path / "lists.spin", MultiLabel(["a", "b", "c"])) as store:
        label(store, IDS[0], ["a", "c"])
        label(store, IDS[1], ["a"])
        change(store, merge={"into": "b", "names": ["c"]})
        change(store, retire=["a"])
        assert values(store) == {IDS[0]: ["b"], IDS[1]: []}
    box = {"label": "c", "x": 1.0, "y": 1.0, "width": 2.0, "height": 2.0}
    with opened(tmp_path / "boxes.spin", Boxes(["a", "c"])) as store:
        label(store, IDS[0], [box, box | {"label": "a"}])
        change(store, rename={"old": "c", "new": "car"})
        assert values(store) == {IDS[0]: [box | {"label": "car"}, box | {"label": "a"}]}


def test_names_of_other_tasks_are_fixed(tmp_path):
    with (
        opened(tmp_path / "text.spin", FreeText()) as store,
        pytest.raises(LabelError, match="no names that may change"),
    ):
        change(store, add=["d"])


def test_none_of_these_is_a_decision_without_a_value(store):
    label(store, IDS[0], "a")
    store.append([NewEvent("none", IDS[0], annotator="ada")])
    assert store.state().decision(IDS[0]).kind == "none"
    assert values(store) == {}


def test_a_project_that_is_repaired_keeps_its_classes(store, folder):
    label(store, IDS[0], "a")
    change(store, rename={"old": "a", "new": "A"})
    store.close()
    (folder / "project.db.seal").unlink()
    pages = bytearray((folder / "project.db").read_bytes())
    at = pages.index(b'"a"')
    pages[at + 1] ^= 1
    (folder / "project.db").write_bytes(pages)
    repair(folder)
    with Store.open(folder) as again:
        assert (names(again), values(again)) == (["A", "b", "c"], {IDS[0]: "A"})
