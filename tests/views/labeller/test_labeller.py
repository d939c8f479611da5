"""The labeller's Python half: cards out, entries in, news pushed."""

from __future__ import annotations

import pytest

from spin_nb.errors import SettingError
from spin_nb.views.labeller.view import Labeller


@pytest.fixture
def widget(session):
    widget = Labeller(session)
    widget.sent = []
    widget.send = lambda content, buffers=None: widget.sent.append((content, buffers))
    return widget


def ask(widget, **message):
    widget._receive(widget, {"call": 1, **message}, [])
    return widget.sent.pop()


def entry(seq, id, value="ok", kind="label"):
    return {"seq": seq, "kind": kind, "token": None, "id": id, "value": value}


def test_it_says_what_it_is_about(widget):
    assert widget.spec["editor"] == "classes"
    assert widget.spec["names"] == ["ok", "crack", "dent"]
    assert (widget.n_items, widget.read_only) == (60, False)


def test_the_outbox_is_named_after_the_folder_without_telling_its_path(session, new_session):
    from pathlib import Path

    other = new_session()
    other.folder = Path("elsewhere") / "parts.spin"
    one, two = Labeller(session).project, Labeller(other).project
    assert one != two
    assert one.startswith("parts.spin-")
    assert "elsewhere" not in two


def test_what_waits_for_one_annotator_is_never_stored_for_another(new_session):
    ada, bob = new_session(), new_session()
    bob.annotator = "bob"
    assert Labeller(ada).project != Labeller(bob).project
    assert Labeller(ada).project == Labeller(new_session()).project


def test_cards_come_with_their_pictures(widget):
    answer, buffers = ask(widget, verb="cards", n=3, have=[])
    assert [card["id"] for card in answer["cards"]] == ["img_0", "img_1", "img_2"]
    assert [buffers[card["buffers"][0]][:4] for card in answer["cards"]] == [b"\x89PNG"] * 3
    assert answer["reply"] == 1


def test_what_was_decided_is_applied_before_new_cards_are_drawn(widget, disk):
    message = {"verb": "cards", "n": 2, "have": [], "client": "c", "entries": [entry(1, "img_0")]}
    answer, _ = ask(widget, **message)
    assert disk.labels == {"img_0": "ok"}
    assert (answer["ack"], answer["client"]) == (1, "c")
    assert [card["id"] for card in answer["cards"]] == ["img_1", "img_2"]


def test_no_cards_are_drawn_while_nothing_can_be_stored(widget, session):
    session.full = True
    answer, _ = ask(widget, verb="cards", n=2, have=[], client="c", entries=[entry(1, "img_0")])
    assert answer["cards"] is None
    assert "the disk is full" in answer["error"]


def test_suggestions_are_told_again_for_the_cards_that_are_held(widget, session):
    session.suggestion = {"value": "dent", "p": 0.5}
    answer, _ = ask(widget, verb="suggestions", tokens=["img_0|1"])
    assert answer["suggestions"] == {"img_0|1": {"value": "dent", "p": 0.5}}


def test_entries_are_applied_once_and_acknowledged(widget, disk):
    entries = [entry(1, "img_0"), entry(2, "img_1", "dent")]
    for _ in range(2):
        answer, _ = ask(widget, verb="apply", client="c", entries=entries)
        assert (answer["ack"], answer["n_labels"], answer["error"]) == (2, 2, None)
    assert disk.labels == {"img_0": "ok", "img_1": "dent"}


def test_an_exception_is_an_answer(widget, session):
    session.queue_cards = lambda n, have: 1 / 0
    answer, _ = ask(widget, verb="cards", n=2, have=[])
    assert "ZeroDivisionError" in answer["problem"]["what"]
    session.apply = lambda client, entries: 1 / 0
    answer, _ = ask(widget, verb="apply", client="c", entries=[])
    assert (answer["client"], answer["ack"]) == ("c", 0)
    assert "ZeroDivisionError" in answer["error"]


def test_hello_tells_the_last_decisions_and_nothing_of_the_model(widget):
    ask(widget, verb="apply", client="c", entries=[entry(i, f"img_{i}") for i in range(1, 12)])
    answer, buffers = ask(widget, verb="hello")
    assert [past["card"]["id"] for past in answer["recent"]] == [f"img_{i}" for i in range(4, 12)]
    assert [past["card"]["buffers"] for past in answer["recent"]] == [[at] for at in range(8)]
    assert len(buffers) == 8
    assert answer["n_labels"] == 11
    assert not {"probs", "audit", "epistemic"} & set(answer["recent"][0]["card"])


def test_hello_tells_what_undo_would_take_back(widget):
    kinds = ["label", "skip", "flag", "undo", "undo", "redo"]
    entries = [entry(i + 1, f"img_{i}", kind=kind) for i, kind in enumerate(kinds)]
    ask(widget, verb="apply", client="c", entries=entries)
    answer, _ = ask(widget, verb="hello")
    assert [(past["card"]["id"], past["kind"]) for past in answer["recent"]] == [
        ("img_0", "label"),
        ("img_1", "skip"),
    ]


def test_labels_made_elsewhere_are_pushed(widget, session, disk):
    disk.log.append({"kind": "label", "id": "img_3", "value": "dent"})
    session.events.labelled.emit(("img_3", "img_4"))
    content, _ = widget.sent.pop()
    assert content["labels"] == {"img_3": "dent", "img_4": None}
    assert content["n_labels"] == 1


def test_very_many_labels_are_not_told_one_by_one(widget, session):
    session.events.labelled.emit(tuple(session.pool.ids) * 10)
    assert widget.sent.pop()[0]["labels"] is None


def test_news_of_the_session_reach_the_page(widget, session):
    session.events.trained.emit(None)
    session.events.problem.emit("umap failed")
    assert [content["push"] for content, _ in widget.sent] == ["trained", "problem"]
    session.pool.ids.append("arrival-000001")
    session.events.watched.emit(1)
    assert widget.n_items == 61


def test_own_keys_are_checked_and_kept_in_the_project(widget, session):
    widget.bindings = {"skip": "S", "class:crack": "k"}
    assert session.key_bindings.keys == {"skip": "s", "class:crack": "k"}
    for wrong in ({"jump": "j"}, {"skip": "ss"}, {"skip": "a", "flag": "a"}, {"class:nobody": "n"}):
        with pytest.raises(SettingError):
            widget.bindings = wrong
    assert session.key_bindings.keys == {"skip": "s", "class:crack": "k"}


def test_its_double_keeps_the_sessions_contract(session):
    from tests.views.test_session_like import assert_is_like_a_session

    assert_is_like_a_session(session)
