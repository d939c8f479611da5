"""A task of somebody's own, whose editor this page does not have, from its item to the stored label."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import spin_nb as spin
from spin_nb import registry
from spin_nb.errors import LabelError
from spin_nb.tasks import TaskBase
from spin_nb.types import Extent
from tests.views.shots import shoot

pytestmark = pytest.mark.browser
FIELD = ".spin-labeller textarea"


class Stars(TaskBase):
    """One to five stars for each of some names."""

    kind: ClassVar[str] = "stars"
    editor: ClassVar[str] = "stars"
    metric: ClassVar[str] = "share of names"
    about: ClassVar[str] = "stars"

    __slots__ = ()

    def __init__(self, names: Any = ("shape", "colour")) -> None:
        super().__init__(names=tuple(names))

    def validate(self, value: Any, extent: Extent | None = None) -> dict[str, int]:
        if not isinstance(value, dict) or set(value) != set(self.names):
            raise LabelError(f"{value!r} has not one entry for each name.", 'Pass {"shape": 3, "colour": 5}.')
        if not all(n in (1, 2, 3, 4, 5) for n in value.values()):
            raise LabelError("stars are whole numbers from 1 to 5.", 'Pass {"shape": 3, "colour": 5}.')
        return value

    def describe(self, value: Any) -> str:
        return ", ".join(f"{name} {n}" for name, n in value.items())

    def score(self, answer: Any, truth: Any, extent: Extent | None = None) -> float:
        return sum(answer[name] == truth[name] for name in self.names) / len(self.names)


@pytest.fixture
def stars(tmp_path, monkeypatch):
    """A project of such labels."""
    monkeypatch.setattr(registry, "_registered", {})
    registry.register("task", "stars", Stars)
    pool = np.random.default_rng(0).normal(0, 1, (30, 4)).astype(np.float32)
    session = spin.open(tmp_path / "parts.spin", pool=pool, task=Stars(), annotator="ada", seed=1)
    yield session
    session.close()


@pytest.fixture
def item(bench, stars):
    """The labeller on screen; the id of its first item."""
    bench.start(stars._view_data)
    bench.until("root.querySelector('.spin-name').textContent !== ''")
    return bench.text(".spin-name")


def submit(bench, text: str) -> None:
    bench.page.fill(FIELD, text)
    bench.page.keyboard.press("Control+Enter")


def test_a_value_written_as_json_is_stored(bench, stars, item):
    assert "stars, has no editor of its own here" in bench.text(".spin-json")
    bench.page.fill(FIELD, '{"shape": 3, "colour": 5}')
    shoot(bench.page, "json_editor", ".spin-labeller")
    bench.page.keyboard.press("Control+Enter")
    bench.until(f"root.querySelector('.spin-name').textContent !== {item!r}")
    bench.settled()
    assert stars.values == {item: {"shape": 3, "colour": 5}}
    bench.until("root.querySelector('.spin-past .spin-word').textContent.includes('shape')")


def test_what_is_no_json_is_refused_with_words_and_stays(bench, stars, item):
    submit(bench, '{"shape": 3, "colour": }')
    bench.until("root.querySelector('.spin-hint').textContent.startsWith('This is no JSON: ')")
    shoot(bench.page, "json_refused", ".spin-labeller")
    assert bench.text(".spin-name") == item
    bench.settled()
    assert stars.values == {}
    bench.reload()
    bench.shows(item)
    assert bench.page.input_value(FIELD) == '{"shape": 3, "colour": }'


def test_a_value_that_the_task_refuses_comes_back_with_its_words(bench, stars, item):
    submit(bench, '{"shape": 9, "colour": 5}')
    bench.until("root.querySelector('.spin-status').textContent.includes('whole numbers from 1 to 5')")
    bench.settled()
    assert stars.values == {}
    bench.keys("Space")  # it is asked again after the item that is on screen by now
    bench.shows(item)
    assert '"shape": 9' in bench.page.input_value(FIELD)
    submit(bench, '{"shape": 4, "colour": 5}')
    bench.settled()
    assert stars.values == {item: {"shape": 4, "colour": 5}}
