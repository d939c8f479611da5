"""A class is added at the labeller, and none of the classes may be the answer: keyboard alone, in a real browser."""

from __future__ import annotations

import pytest

from spin_nb.tasks import Boxes, FreeText, Keypoints
from spin_nb.views.labeller.view import Labeller

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=window.stolen=1>"


def classes(bench):
    return bench.page.locator(".spin-class .spin-word").all_inner_texts()


def test_a_class_is_added_by_keyboard_and_labels_the_item_at_hand(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F2")
    bench.page.keyboard.type("scratch 1")
    bench.page.keyboard.press("Enter")
    bench.until("root.querySelectorAll('.spin-class').length === 4")
    assert classes(bench) == ["ok", "crack", "dent", "scratch 1"]
    assert "Added scratch 1: press 4 to label with it." in bench.text(".spin-sr")
    assert bench.text(".spin-name") == "img_0"
    assert disk.labels == {}
    bench.page.keyboard.press("4")
    bench.shows("img_1")
    bench.settled()
    assert disk.labels == {"img_0": "scratch 1"}


def test_it_is_added_by_its_button_too_and_escape_leaves_the_field(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.page.get_by_role("button", name="+ New class").click()
    field = bench.page.get_by_role("textbox", name="name of the new class")
    field.fill("x")
    field.press("Escape")
    assert not field.is_visible()
    assert "spin-labeller" in bench.page.evaluate("document.activeElement.className").split()
    assert classes(bench) == ["ok", "crack", "dent"]


def test_what_cannot_be_added_is_said_and_the_name_stays(bench, session):
    def refuse(name):
        from spin_nb.errors import LabelError

        raise LabelError("class names 'a' and 'b' look the same.", "Remove it.")

    session.add_class = refuse
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F2")
    bench.page.keyboard.type("oops")
    bench.page.keyboard.press("Enter")
    bench.until("root.querySelector('.spin-why')?.textContent.includes('look the same')")
    assert bench.page.get_by_role("textbox", name="name of the new class").input_value() == "oops"


def test_a_name_that_is_there_says_its_key(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F2")
    bench.page.keyboard.type("dent")
    bench.page.keyboard.press("Enter")
    bench.until("root.querySelector('.spin-sr').textContent.includes('dent is a class already: press 3')")
    assert session.classes == ["ok", "crack", "dent"]


def test_a_name_is_text(bench, session):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F2")
    bench.page.keyboard.type(HOSTILE)
    bench.page.keyboard.press("Enter")
    bench.until("root.querySelectorAll('.spin-class').length === 4")
    assert classes(bench)[-1] == HOSTILE
    assert bench.page.evaluate("window.stolen") is None


def test_a_draft_outlives_a_new_name_of_boxes(bench, new_session):
    bench.start(new_session(task=Boxes(["car"])))
    bench.shows("img_0")
    bench.picture()
    bench.keys("n")
    bench.until("root.querySelectorAll('.spin-shape, svg [data-index], svg rect').length > 0")
    bench.keys("F2")
    bench.page.keyboard.type("bike")
    bench.page.keyboard.press("Enter")
    bench.until("root.querySelector('.spin-sr').textContent.includes('Added bike')")
    bench.keys("Enter")
    bench.settled()
    assert [box["label"] for box in bench.disk.labels["img_0"]] == ["car"]


@pytest.mark.parametrize("task", [FreeText(), Keypoints(["nose"])])
def test_names_that_are_fixed_have_no_button(bench, new_session, task):
    bench.start(new_session(task=task))
    bench.until("root.querySelector('.spin-name')")
    assert not bench.page.get_by_role("button", name="+ New class").is_visible()
    assert not bench.page.get_by_role("button", name="None fits").is_visible()
    bench.keys("F2", "F4")
    assert bench.disk.decisions == []


def test_none_of_these_is_one_key_and_undone_by_another(bench, session, disk):
    bench.start(session)
    bench.shows("img_0")
    bench.keys("F4")
    bench.shows("img_1")
    bench.settled()
    assert [(entry["id"], entry["kind"], entry["value"]) for entry in disk.decisions] == [
        ("img_0", "none", None)
    ]
    assert "none of these" in bench.text(".spin-strip")
    bench.keys("u")
    bench.shows("img_0")
    bench.settled()
    assert disk.decisions == []


def test_a_class_that_a_cell_adds_is_on_the_page_and_keys_stay_with_their_classes(session):
    session.key_bindings.set({"class:crack": "c", "skip": "s"})
    widget = Labeller(session)
    session.add_class("scratch")
    session.events.classes.emit(tuple(session.classes))
    assert widget.spec["names"] == ["ok", "crack", "dent", "scratch"]
    assert widget.bindings == {"class:crack": "c", "skip": "s"}
