"""What holds for every task alike, and what the contract finds out."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from spin_nb.errors import LabelError
from spin_nb.tasks import (
    Boxes,
    Classes,
    FreeText,
    Keypoints,
    MultiLabel,
    Number,
    Pairs,
    Polygons,
    Spans,
    from_json,
)
from spin_nb.testing import check_task

TASKS = [
    Classes(["ok", "crack"]),
    MultiLabel(["car", "rain"]),
    Number(0, 10, step=0.5, unit="mm"),
    Boxes(["car"]),
    Keypoints(["nose", "tail"], skeleton=[("nose", "tail")]),
    Polygons(["leaf"]),
    Spans(["person"]),
    FreeText(),
    Pairs(),
    Pairs(grades=["no", "yes"]),
]
IDS = [repr(task) for task in TASKS]


class Rude:
    """Cannot even be shown."""

    def __repr__(self):
        raise RuntimeError("no")


HOSTILE = [
    None, True, object(), Rude(), [Rude()], b"x", 1j, float("nan"), float("-inf"), "\ud800", "x" * 1_000_000,
    [[[[[[]]]]]], [None] * 20_000, np.zeros(20_000), np.zeros((3, 0)), np.array(None), {"a": {"b": Rude()}},
    {"__proto__": 1}, 10**5000, [10**5000], np.datetime64("NaT"), iter([]), lambda: None, ValueError,
]  # fmt: skip


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_whatever_comes_in_is_taken_or_refused_in_few_words(task):
    for value in HOSTILE:
        try:
            stored = task.validate(value)
        except LabelError as error:
            assert error.do, value
            assert len(str(error)) < 1000
            str(error).encode("utf-8")
        else:
            assert task.validate(stored) == stored


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_it_comes_back_from_json_by_its_kind(task):
    again = from_json(task.to_json())
    assert (again, hash(again), repr(again)) == (task, hash(task), repr(task))
    assert sum(again == other for other in TASKS) == 1


@pytest.mark.parametrize("task", TASKS, ids=IDS)
def test_it_can_be_copied_but_not_changed(task):
    assert copy.deepcopy(task) == copy.copy(task) == task
    for name in ("kind", "names", "low", "_settings", "other"):
        with pytest.raises(AttributeError):
            setattr(task, name, "changed")


def test_its_repr_is_how_it_was_made():
    assert [repr(TASKS[i]) for i in (0, 2, 4, 7)] == [
        "Classes(['ok', 'crack'])",
        "Number(0.0, 10.0, step=0.5, unit='mm')",
        "Keypoints(['nose', 'tail'], skeleton=[('nose', 'tail')])",
        "FreeText()",
    ]


def test_what_an_older_version_stored_is_read():
    assert from_json('{"kind": "classes", "names": ["a", "b"]}') == Classes(["a", "b"])


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "\x00", "[" * 100_000, '{"kind": "tasks"}', '{"kind": []}', '{"kind": "boxes"}',
        '{"kind": "boxes", "names": ["a"], "colour": "red"}', '{"kind": "number", "low": NaN, "high": 1}',
        '{"kind": "keypoints", "names": ["a"], "skeleton": {"a": "a"}}', '{"kind": "freetext", "max_length": "9"}',
        None, 7, b"\xff",
    ],
)  # fmt: skip
def test_what_describes_no_task_is_refused(text):
    with pytest.raises(LabelError) as caught:
        from_json(text)
    assert caught.value.do
    assert len(str(caught.value)) < 1000


def test_a_task_of_another_kind_is_refused_by_the_class():
    with pytest.raises(LabelError, match="does not describe labelled boxes"):
        Boxes.from_json(Spans(["a"]).to_json())


class Words(Classes):
    """Classes by the contract, to be broken in one place at a time."""

    __slots__ = ()


BROKEN = {
    "scores above 1": {"score": lambda self, said, truth, extent=None: 2.0},
    "scores all alike": {"score": lambda self, said, truth, extent=None: 1.0},
    "stores None": {"validate": lambda self, value, extent=None: None},
    "stores what is not final": {"validate": lambda self, value, extent=None: f"{value}!"},
    "takes anything": {"validate": lambda self, value, extent=None: value},
    "says nothing": {"describe": lambda self, value: ""},
    "says too much": {"describe": lambda self, value: "x" * 61},
    "tells its editor another kind": {"spec": lambda self: {**Classes.spec(self), "kind": "boxes"}},
    "tells what is no JSON": {"spec": lambda self: {**Classes.spec(self), "names": self.names}},
    "counts from one": {"index": lambda self, value: self.names.index(value) + 1},
    "comes back as another": {"from_json": classmethod(lambda cls, text: cls(["x", "y"]))},
    "has no metric": {"metric": ""},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
def test_a_task_that_breaks_the_contract_is_found_out(broken):
    whole = Words(["ok", "crack"])
    check_task(whole, ["ok", "crack"], ["other", 3])
    part = type("Broken", (Words,), {"__slots__": (), **broken})(["ok", "crack"])
    with pytest.raises(AssertionError):
        check_task(part, ["ok", "crack"], ["other", 3])


def test_a_suggestion_that_forgets_what_was_taught_is_found_out():
    class Forgetful(MultiLabel):
        __slots__ = ()

        def suggestion(self, mean, sd, extent=None):
            return [], super().suggestion(mean, sd, extent)[1]

    with pytest.raises(AssertionError, match="suggested back"):
        check_task(Forgetful(["a", "b"]), [["a"], []], ["a"])


def test_what_lacks_a_member_is_no_task():
    with pytest.raises(AssertionError, match="every member"):
        check_task(object(), [], [])
