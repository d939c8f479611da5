"""Tags and notes: beside the label, undone like it, on disk like it, and never an answer to an ask."""

from __future__ import annotations

import pytest

from spin_nb.errors import LabelError, ReadOnlyError
from spin_nb.project.fold import Marks

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def s(project, digits):
    s = project()
    digits.label(s, s.pool.ids[:10])
    return s


def marks(s):
    return dict(s._live.label_log.state.marks)


def test_a_call_tags_many_and_one_undo_takes_all_of_it_back(s):
    a, b, c = s.pool.ids[20:23]
    assert s.tag([a, b], "night", HOSTILE) == 4
    assert s.tag([b, c], "night") == 1, "b has it"
    assert s.tags.rows() == [("night", 3), (HOSTILE, 2)]
    s.undo()
    assert marks(s) == {a: Marks(("night", HOSTILE)), b: Marks(("night", HOSTILE))}
    s.undo()
    assert (marks(s), s.tags.rows()) == ({}, [])
    s.redo()
    assert s.untag([a, b, c], HOSTILE) == 2
    assert s.tags.rows() == [("night", 2)]


def test_what_changes_nothing_is_not_stored(s):
    id = s.pool.ids[20]
    s.tag(id, "night")
    n_events = len(s.history)
    assert (s.tag(id, "night"), s.untag(id, "day")) == (0, 0)
    s.note(id, "")
    assert len(s.history) == n_events


def test_they_are_there_after_opening_again_and_so_is_undo(s, project):
    id = s.pool.ids[20]
    s.tag(id, "night")
    s.note(id, "two digits?\nask Bo")
    s.close()
    again = project()
    assert marks(again) == {id: Marks(("night",), "two digits?\nask Bo")}
    assert again.undo() == id
    assert marks(again) == {id: Marks(("night",))}


def test_another_session_sees_them(s, project):
    other = project(annotator="bob")
    s.tag(s.pool.ids[3], "night")
    other.note(s.pool.ids[3], "no")
    s.skip(s.pool.ids[30])
    assert marks(s) == {s.pool.ids[3]: Marks(("night",), "no")}
    with pytest.raises(LabelError, match="nothing to redo"):
        other.redo()


def test_they_label_nothing_and_answer_no_ask(s, digits):
    s.audit.share = 0.5
    asked = s.ask(6).ids
    before = (s.values, s.accuracy.n, len(s.labels))
    s.tag(asked, "asked")
    assert (s.values, s.accuracy.n, len(s.labels)) == before
    assert s.history["ask"].to_list()[-6:] == [None] * 6
    digits.label(s, asked)
    assert s.accuracy.n > before[1], "the audits among them can still be answered"


def test_views_hear_of_tags_and_of_their_undo_but_of_no_label(s):
    tagged, labelled = [], []
    s.events.tagged.connect(tagged.append)
    s.events.labelled.connect(labelled.append)
    ids = s.pool.ids[20:22]
    s.tag(ids, "night")
    s.undo()
    assert (tagged, labelled) == ([tuple(ids), tuple(ids[::-1])], [])


def test_undo_in_a_page_takes_back_its_label_and_leaves_the_tags(s, digits):
    (card,), _ = s._channel.queue_cards(1)
    truth = digits.truth(s, card["id"])
    s._channel.apply(
        "page", [{"seq": 1, "kind": "label", "token": card["token"], "id": card["id"], "value": truth}]
    )
    s.tag(s.pool.ids[20], "night")
    answer = s._channel.apply("page", [{"seq": 2, "kind": "undo"}])
    assert [undo["id"] for undo in answer["undone"]] == [card["id"]]
    assert card["id"] not in s.values
    assert s.tags.rows() == [("night", 1)]
    assert s._channel.past("redo", 1)[0]["id"] == card["id"]


def test_undo_in_a_page_where_only_tags_were_given_says_that_there_is_nothing(project):
    s = project()
    s.tag(s.pool.ids[20], "night")
    answer = s._channel.apply("page", [{"seq": 1, "kind": "undo"}])
    assert "nothing to undo" in answer["refused"][0]["what"]
    assert s.tags.rows() == [("night", 1)]


@pytest.mark.parametrize("tag", ["", "  ", "a\nb", "x" * 101, "\ud800", 7, None, ["night"]])
def test_what_is_no_tag_is_refused_and_nothing_of_the_call_is_stored(s, tag):
    n_events = len(s.history)
    with pytest.raises(LabelError):
        s.tag(s.pool.ids[20], "night", tag)
    assert len(s.history) == n_events


@pytest.mark.parametrize("items", [7, {"a": 1}, ["no such item"], [7], None])
def test_items_that_are_none_are_refused(s, items):
    for mark in (s.tag, s.untag):
        with pytest.raises(LabelError):
            mark(items, "night")
    assert marks(s) == {}


def test_a_call_without_a_tag_says_how_it_is_meant(s):
    with pytest.raises(LabelError, match="no tag") as caught:
        s.tag(s.pool.ids[:3])
    assert "night" in caught.value.do


@pytest.mark.parametrize("note", [7, None, "x" * 10_001])
def test_no_note(s, note):
    with pytest.raises(LabelError):
        s.note(s.pool.ids[20], note)


def test_a_project_that_may_only_be_read_takes_none(s, project):
    s.close()
    reader = project(read_only=True)
    with pytest.raises(ReadOnlyError):
        reader.tag(reader.pool.ids[0], "night")
