"""What every widget of ours shares."""

from __future__ import annotations

import pytest

from spin_nb.errors import StorageError
from spin_nb.views.base.modules import VIEWS, link
from spin_nb.views.base.widget import View, in_words


class Bell(View, entry="workbench/progress.js"):
    """A view with two verbs."""

    def __init__(self):
        super().__init__()
        self.verbs = {"ring": lambda message: ({"rung": message["times"]}, [b"ding"]), "fall": self._fall}
        self.sent = []

    def send(self, content, buffers=None):
        self.sent.append((content, buffers))

    def _fall(self, message):
        raise StorageError("the disk is full.", "Free some space.")


@pytest.fixture
def bell():
    return Bell()


SVG = "http://www.w3.org/2000/svg"  # a name that nothing is loaded from


def test_scripts_and_styles_are_text():
    assert Bell._esm == link(VIEWS / "workbench" / "progress.js")
    assert Bell._css.index(".spin-view") < Bell._css.index(".spin-progress")


def test_nothing_is_loaded_from_elsewhere():
    files = [file for file in VIEWS.rglob("*") if file.suffix in (".js", ".css")]
    assert len(files) >= 60
    for file in files:
        text = file.read_text("utf-8")
        assert "http://" not in text.replace(SVG, ""), file
        assert "https://" not in text, file
        assert "innerHTML" not in text, file
        assert "insertAdjacentHTML" not in text, file


def test_every_call_gets_its_reply(bell):
    bell._receive(bell, {"call": 7, "verb": "ring", "times": 2}, [])
    assert bell.sent == [({"reply": 7, "rung": 2}, [b"ding"])]


def test_an_error_is_a_reply_that_says_what_to_do(bell):
    bell._receive(bell, {"call": 8, "verb": "fall"}, [])
    problem = {"what": "the disk is full.", "do": "Free some space."}
    assert bell.sent == [({"reply": 8, "problem": problem}, [])]


def test_an_unknown_verb_is_answered(bell):
    bell._receive(bell, {"call": 9, "verb": "__init__"}, [])
    assert bell.sent[0][0]["problem"]["what"] == "no verb '__init__'."


@pytest.mark.parametrize("message", [None, "ring", 3, {}, {"call": 1}, []])
def test_what_is_no_call_is_ignored(bell, message):
    bell._receive(bell, message, [])
    assert bell.sent == []


def test_a_push_is_no_reply(bell):
    bell.push("news", {"n": 1})
    assert bell.sent == [({"push": "news", "n": 1}, None)]


def test_any_error_can_be_put_in_words():
    assert in_words(ValueError("x"))["what"] == "ValueError: x"


def test_the_repr_of_every_view_is_one_short_line(drawn):
    from spin_nb.views.charts.curves import CurvesView
    from spin_nb.views.map.view import MapView
    from spin_nb.views.uncertainty.view import UncertaintyView

    drawn.label(0, 1, 2, 3)
    for view in (MapView(drawn), UncertaintyView(drawn), CurvesView(drawn)):
        assert type(view).__name__ in repr(view)
        assert len(repr(view)) < 100
        assert "\n" not in repr(view)
