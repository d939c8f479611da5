"""Every example in a docstring, and the first lines of the README, do what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import spin_nb

NOT_IMPORTED = ("spin_nb.demo", "spin_nb.export.runner.run")  # programs: they run when imported
README = Path(__file__).parents[1] / "README.md"
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules():
    names = (module.name for module in pkgutil.walk_packages(spin_nb.__path__, "spin_nb."))
    return [name for name in names if name not in NOT_IMPORTED]


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_true(name, capsys):
    found = doctest.testmod(importlib.import_module(name), optionflags=FLAGS)
    assert found.failed == 0, capsys.readouterr().out


def test_the_first_lines_of_the_readme_run(tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 80 * (1 + i % 3), (32, 32, 3), np.uint8)).save(f"photos/img_{i}.png")
    lines = README.read_text("utf-8").split("```python\n")[1].split("```")[0]
    before, after = lines.split("s.train()")
    place: dict = {}
    exec(before, place)
    s = place["s"]
    s.label({f"img_{i}.png": ["ok", "crack", "dent"][i % 3] for i in range(30)})
    s.train(wait=True)
    exec(after, place)
    assert (tmp_path / "bundle" / "manifest.json").exists()
    assert s.label("img_7.png", "crack") is None
    assert s.values["img_7.png"] == "crack"
    s.close()


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    some = finder.find(importlib.import_module("spin_nb.tasks.number"))
    assert sum(len(test.examples) for test in some) > 5
