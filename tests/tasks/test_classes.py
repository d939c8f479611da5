"""One class per item: what may be said, and what a mistake is answered with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spin_nb.errors import LabelError
from spin_nb.tasks import Classes
from spin_nb.testing import check_task

NAMES = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda t: t.strip()), min_size=2, max_size=20
)


def test_names_keep_their_order():
    task = Classes(["ok", "crack", "dent"])
    assert (task.names, len(task)) == (("ok", "crack", "dent"), 3)
    assert [task.index(name) for name in task.names] == [0, 1, 2]


def test_the_metric_and_the_editor_are_known_by_word():
    assert (Classes.metric, Classes.editor) == ("accuracy", "classes")


def test_a_value_that_looks_the_same_is_the_same_class():
    task = Classes(["Café", "bar"])
    assert task.validate("Cafe\u0301 ") == "Café"


def test_a_numpy_string_becomes_a_plain_one():
    assert type(Classes(["a", "b"]).validate(np.array(["a"])[0])) is str


@pytest.mark.parametrize("value", [0, None, 1.5, ["ok"], b"ok", "", "\ud800", {"ok": 1}])
def test_anything_else_is_refused(value):
    with pytest.raises(LabelError, match="is not a class of this project"):
        Classes(["ok", "crack"]).validate(value)


def test_a_near_miss_names_the_closest_class():
    with pytest.raises(LabelError, match="did you mean 'crack'") as caught:
        Classes(["ok", "crack"]).index("crak")
    assert caught.value.do == "Use one of: ok, crack."


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["ok", "ok"], "'ok' is listed twice"),
        (["é", "e\u0301"], "listed twice"),
        (["ok", " ok"], "listed twice"),
        (["ok", "  "], "is empty"),
        (["ok", ""], "is empty"),
        (["ok", 3.0], "3.0 is float"),
        (["ok", True], "True is bool"),
        (["ok", np.bool_(True)], "is bool"),
        ([1, "1"], "'1' is listed twice"),
        (["ok", None], "NoneType"),
        (["ok", "\ud800"], "not valid Unicode"),
        (["ok", "\u200b"], "is empty: nobody sees U\\+200B"),
        (["ok", "\u3164 \u2060"], "is empty: nobody sees U\\+3164, U\\+0020, U\\+2060"),
        (["ok", "o\u200bk"], "'ok' and 'o\\\\u200bk' look the same: they differ in U\\+200B"),
        (["ok"], "nothing to tell apart"),
        ([], "nothing to tell apart"),
        ("ok", "not a list of names"),
        (7, "not a list of names"),
        ((1 / n for n in (1, 0)), "cannot be listed: ZeroDivisionError"),
    ],
)
def test_a_bad_list_says_what_is_wrong_with_it(names, says):
    with pytest.raises(LabelError, match=says) as caught:
        Classes(names)
    assert caught.value.do


@pytest.mark.parametrize("names", [["ok", "\u202ekcarc"], ["ok", "b\0"], ["a\nb", "\u2066c\u2069"]])
def test_names_that_would_turn_or_break_a_line_are_taken_and_shown_as_text(names):
    assert Classes(names).names == tuple(names)


@pytest.mark.parametrize("names", [["b", "b\0"], ["ab", "a\u202eb"], ["ok", "\0"]])
def test_names_that_differ_in_what_nobody_sees_are_refused(names):
    with pytest.raises(LabelError, match="nobody sees"):
        Classes(names)


def test_joined_emoji_flags_and_persian_words_are_names():
    england, scotland = "\U0001f3f4\U000e0067\U000e007f", "\U0001f3f4\U000e0073\U000e007f"
    names = ("👩‍👩‍👧", "👨‍🚀", england, scotland, "می‌خواهم", "❤️", "co\u00adop")
    assert Classes(names).names == names


@pytest.mark.parametrize(
    ("said", "name", "why"),
    [
        ("ОК", "OK", "this one has U+041E, U+041A"),
        ("OK", "ОК", "that one has U+041E, U+041A"),
        ("o\u200bk", "ok", "this one has U+200B"),
        ("ｏｋ", "ok", "this one has U+FF4F, U+FF4B"),
        ("ok", "OK", None),
    ],
)
def test_a_label_that_only_looks_like_a_class_says_which_characters_differ(said, name, why):
    with pytest.raises(LabelError) as caught:
        Classes([name, "something else"]).validate(said)
    assert f"did you mean {name!r}?" in caught.value.what
    assert ("look alike" in caught.value.what) == bool(why)
    assert (why or "") in caught.value.what


@settings(deadline=None)
@given(NAMES)
def test_every_list_that_is_accepted_comes_back_from_json_and_knows_its_names(names):
    try:
        task = Classes(names)
    except LabelError:
        return
    again = Classes.from_json(task.to_json())
    assert (again, hash(again)) == (task, hash(task))
    assert [task.index(name) for name in task.names] == list(range(len(task)))
    assert [task.validate(name) for name in names] == list(task.names)


def test_whole_numbers_are_the_classes_they_name():
    task = Classes([0, np.int64(1), -2])
    assert task.names == ("0", "1", "-2")
    assert task == Classes(["0", "1", "-2"])
    assert [task.validate(value) for value in (0, np.uint8(1), "-2")] == ["0", "1", "-2"]
    assert task.index(1) == 1
    for value in (0.0, False, np.bool_(False), np.float32(0), 7, 10**5000):
        with pytest.raises(LabelError, match="is not a class"):
            task.validate(value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"kind": "boxes", "names": ["a", "b"]}', "\x00"])
def test_other_json_is_refused(text):
    with pytest.raises(LabelError, match="does not describe a list of classes"):
        Classes.from_json(text)


def test_hostile_names_in_json_are_checked_like_any():
    with pytest.raises(LabelError):
        Classes.from_json('{"kind": "classes", "names": ["a", 1.0]}')


def test_order_matters_for_equality():
    assert Classes(["a", "b"]) != Classes(["b", "a"])
    assert Classes(["a", "b"]) != ("a", "b")


def test_it_keeps_the_contract_of_a_task():
    task = Classes(["ok", "crack", "dent"])
    check_task(task, ["ok", " crack", "dent"], ["other", 0, None, ["ok"], "", "\ud800"])


def test_the_score_is_exact_and_the_editor_is_told_the_names():
    task = Classes(["ok", "crack"])
    assert (task.score("ok", " ok"), task.score("ok", "crack")) == (1, 0)
    assert task.spec() == {"kind": "classes", "editor": "classes", "names": ["ok", "crack"], "empty": None}
    assert task.describe("crack") == "crack"


def test_a_mistake_in_a_long_list_is_answered_in_few_words():
    task = Classes([f"class {i:04}" for i in range(5000)])
    with pytest.raises(LabelError, match="and 4,980 more") as caught:
        task.validate("x" * 1_000_000)
    assert len(str(caught.value)) < 1000


def test_a_name_of_a_megabyte_is_a_name():
    long = "x" * 1_000_000
    assert Classes(["ok", long]).validate(long) == long
