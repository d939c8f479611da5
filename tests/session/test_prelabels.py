"""``s.prelabel()``: machine labels, the most uncertain first, which nobody but a person stores."""

from __future__ import annotations

import json

import pytest

from spin_nb.errors import LabelError
from tests.session.test_review import Page


@pytest.fixture
def s(project):
    return project()


@pytest.fixture
def machine(s, digits):
    digits.label(s, s.pool.ids[:60])
    return s.prelabel()


def test_what_nobody_has_labelled_has_one_the_most_uncertain_first(s, machine):
    table = machine.table
    assert table.columns == ["item", "label", "probability"]
    assert table["probability"].is_sorted()
    assert not set(table["item"]) & set(s.values)
    assert machine.ids == table["item"].to_list()
    assert s.model.suggestion(machine.ids[0]) == (table["label"][0], table["probability"][0])
    assert f"{len(machine)} machine labels" in repr(machine)


def test_none_is_stored_before_somebody_accepts_it(s, machine):
    assert len(s.labels) == 60
    assert len(s.history) == 60


def test_accepted_together_they_say_what_was_suggested_and_one_undo_takes_them_back(s, machine):
    ids, suggestions = machine.ids[:20], {id: s.model.suggestion(id) for id in machine.ids[:20]}
    assert machine.accept(ids).ids == tuple(ids)
    assert {id: s.values[id] for id in ids} == {id: value for id, (value, _) in suggestions.items()}
    events = s.history.tail(20)
    assert events["accepted"].to_list() == [True] * 20
    assert list(zip(events["suggested"], events["suggested_p"], strict=True)) == [
        suggestions[id] for id in ids
    ]
    assert json.loads(events["source"][0]) == {"by": "prelabel"}
    assert not set(ids) & set(machine.ids)
    s.undo()
    assert machine.ids[:20] == ids


def test_what_was_labelled_meanwhile_keeps_its_label(s, machine, digits):
    first, second = machine.ids[:2]
    digits.label(s, [first])
    report = machine.accept([first, second])
    assert (report.ids, report.left_out) == ((second,), (first,))
    assert s.values[first] == digits.truth(s, first)
    with pytest.raises(LabelError, match="none of these"):
        machine.accept([first])


def test_one_by_one_a_review_shows_them_by_how_uncertain_they_are(s, machine):
    page = Page(s)
    cards = [card for card in page.cards if "kind" not in card]
    doubts = [card["review"]["doubt"] for card in page.cards]
    assert doubts == sorted(doubts, reverse=True)
    assert [card["id"] for card in cards] == machine.ids[: len(cards)]
    card = cards[0]
    suggestion = card["suggestion"]
    answer = page.say("label", card["id"], suggestion["value"])
    assert answer["refused"] == []
    event = s.history.tail(1).to_dicts()[0]
    assert (event["kind"], event["value"]) == ("label", suggestion["value"])
    assert json.loads(event["source"]) == {"by": "prelabel"}


def test_accepted_in_a_page_a_label_says_so(s, machine):
    page = Page(s)
    card = next(card for card in page.cards if "kind" not in card)
    value, p = card["suggestion"]["value"], card["suggestion"]["p"]
    entry = {"seq": 1, "kind": "label", "id": card["id"], "value": value, "suggested": [value, p]}
    s._view_data.review_channel.apply("page-9", [entry])
    event = s.history.tail(1).to_dicts()[0]
    assert event["accepted"] is True
    assert (event["suggested"], event["suggested_p"]) == (value, p)


def test_what_is_asked_audits_or_is_reserved_for_audits_has_none(project, digits):
    s = project()
    s.audit.share = 0.5
    digits.label(s, s.pool.ids[:40])
    asked = s.ask(10).ids
    machine = s.prelabel(dict.fromkeys(s.pool.ids, "3"))
    assert not set(asked) & set(machine.ids)
    asks_of_audits = set(s.asks.filter(s.asks["audit"])["item"])
    assert not asks_of_audits & set(machine.ids)
    assert 0.35 < len(machine) / (len(s.pool) - 50) < 0.65
    machine.accept(machine.ids)
    s.ask(20)  # of what was reserved, all the rest
    assert s.asks["audit"].sum() >= len(asks_of_audits) + 10


def test_a_mapping_or_a_function_goes_before_the_model(s, machine):
    first, second = machine.ids[:2]
    assert s.prelabel({first: ("7", 0.99)}).table.filter(item=first)["label"].item() == "7"
    own = s.prelabel(lambda id: ("5", 0.51) if id == second else None)
    assert own.ids[0] in (second, own.ids[0])
    assert own.table.filter(item=second).select("label", "probability").row(0) == ("5", 0.51)


def test_after_a_restart_they_are_made_anew(s, machine, project):
    ids = machine.ids
    s.close()
    assert len(set(project().prelabel().ids) ^ set(ids)) <= len(ids) / 10


def test_without_a_model_there_is_none(s):
    assert "No machine label waits" in repr(s.prelabel())
    assert s.prelabel().ids == []


@pytest.mark.parametrize("items", ["nobody", [], ["nobody"], 3, [None]])
def test_what_has_no_machine_label_is_not_accepted(s, machine, items):
    with pytest.raises(LabelError):
        machine.accept(items)
    assert len(s.history) == 60


def test_a_value_that_is_none_is_refused(s, machine):
    with pytest.raises(LabelError):
        s.prelabel({s.pool.ids[70]: "eleven"})
