"""A task is one file: the class below, registered, runs from opening a project to opening it again."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import registry
from spin_nb.errors import LabelError, ProjectError
from spin_nb.tasks import TaskBase
from spin_nb.testing import check_task
from spin_nb.types import Extent

GRADES = ("poor", "fair", "good")


class Grade(TaskBase):
    """How good an item is, in steps; a step beside the right one is half right."""

    kind: ClassVar[str] = "grade"
    editor: ClassVar[str] = "classes"
    metric: ClassVar[str] = "steps"
    about: ClassVar[str] = "grades"

    __slots__ = ()

    def __init__(self, question: str = "How good is it?") -> None:
        super().__init__(question=question)

    @property
    def names(self) -> tuple[str, ...]:
        return GRADES

    @property
    def learns(self) -> str:
        return "classes"

    def validate(self, value: Any, extent: Extent | None = None) -> str:
        if value not in GRADES:
            raise LabelError(f"{value!r} is no grade.", f"Use one of: {', '.join(GRADES)}.")
        return str(value)

    def index(self, value: Any) -> int:
        return GRADES.index(self.validate(value))

    def describe(self, value: Any) -> str:
        return str(value)

    def score(self, answer: Any, truth: Any, extent: Extent | None = None) -> float:
        return 1 - abs(self.index(answer) - self.index(truth)) / (len(GRADES) - 1)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    registry.register("task", "grade", Grade)


def test_it_keeps_the_contract_of_a_task():
    check_task(Grade(), GRADES, ["none", None, 3])


def test_open_label_ask_train_close_reopen(tmp_path):
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 20)
    pool = rng.normal(0, 0.3, (60, 4)).astype(np.float32) + 3 * np.eye(3, 4, dtype=np.float32)[truth]
    s = spin.open(tmp_path / "parts.spin", pool=pool, task=Grade("How straight?"), annotator="ada", seed=1)
    assert list(s.classes) == list(GRADES)
    with pytest.raises(LabelError, match="no grade"):
        s.label(s.pool.ids[0], "perfect")
    for _ in range(6):
        s.label({id: GRADES[truth[s.pool.row(id)]] for id in s.ask(4).ids})
    report = s.train(wait=True)
    assert report.n_labels >= 20
    mean = np.array(s.model.predictive.mean)
    assert (mean.argmax(axis=1) == truth).mean() > 0.9
    assert s.predict(pool[:2]).labels == [GRADES[0]] * 2
    assert s.labeller.spec["names"] == list(GRADES)
    labels, head = s.values, s.model.head
    s.close()

    again = spin.open(tmp_path / "parts.spin", annotator="ada")
    assert again.task == Grade("How straight?")
    assert (again.values, again.model.head) == (labels, head)
    np.testing.assert_allclose(again.model.predictive.mean, mean, atol=1e-5)
    again.close()


def test_without_its_file_the_project_says_what_to_do(tmp_path):
    spin.open(tmp_path / "parts.spin", pool=np.eye(9, dtype=np.float32), task=Grade()).close()
    registry._registered.clear()
    with pytest.raises(ProjectError, match="its task cannot be read"):
        spin.open(tmp_path / "parts.spin")
