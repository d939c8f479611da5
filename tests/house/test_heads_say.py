"""Heads say how they are judged and asked: nothing in models and session asks for their class."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import spin_nb
from spin_nb import registry

ROOT = Path(spin_nb.__file__).parent
FILES = sorted(path for room in ("models", "session") for path in (ROOT / room).rglob("*.py"))
HEADS = {
    target.partition(":")[2] for kind in ("posterior", "model") for target in registry.WORDS[kind].values()
}


@pytest.mark.parametrize("word", sorted(registry.WORDS["posterior"]))
def test_every_posterior_says_how_it_is_judged_and_asked(word):
    posterior = registry.resolve("posterior", word)
    assert posterior.validation in ("loo", "folds", "holdout")
    assert posterior.asks_by in ("variance", "margin")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_isinstance_asks_for_a_head(path):
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance"
    ]
    names = {name.id for call in calls for name in ast.walk(call.args[1]) if isinstance(name, ast.Name)}
    assert not names & {*HEADS, "Committee"}
