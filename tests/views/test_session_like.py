"""What views are given: the session's own side and the doubles of these tests keep one contract."""

import inspect

import numpy as np
import pytest

import spin_nb as spin
from spin_nb.views.session_like import ChannelLike, KeyBindingsLike, ReviewLike, SessionLike
from tests.views.blank_session import BlankSession


@pytest.fixture
def view_data(tmp_path):
    with spin.open(tmp_path / "p.spin", pool=np.eye(6, dtype=np.float32), classes=["a", "b"]) as s:
        yield s._view_data


def methods(contract) -> dict[str, list[str]]:
    """Name -> parameters of every method of a contract."""
    return {
        name: list(inspect.signature(member).parameters)[1:]
        for name, member in vars(contract).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def assert_keeps(thing, contract) -> None:
    assert isinstance(thing, contract)
    for name, parameters in methods(contract).items():
        assert list(inspect.signature(getattr(thing, name)).parameters) == parameters, name


def assert_is_like_a_session(thing) -> None:
    assert_keeps(thing, SessionLike)
    assert_keeps(thing.channel, ChannelLike)
    assert_keeps(thing.review_channel, ChannelLike)
    assert_keeps(thing.review, ReviewLike)
    assert_keeps(thing.key_bindings, KeyBindingsLike)


def test_the_sessions_own_side_keeps_the_contract(view_data):
    assert_is_like_a_session(view_data)


def test_the_doubles_of_map_and_plots_keep_it(drawn):
    assert_is_like_a_session(drawn)


def test_a_session_about_nothing_keeps_it():
    assert_is_like_a_session(BlankSession(["a", "b"]))


def test_a_session_without_a_verb_does_not(drawn):
    class Mute:
        def __getattr__(self, word):
            if word == "explain":
                raise AttributeError(word)
            return getattr(drawn, word)

    assert not isinstance(Mute(), SessionLike)
    assert len(methods(SessionLike)) == 16
    assert len(methods(ChannelLike)) == 9
