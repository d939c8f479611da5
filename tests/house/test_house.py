"""What keeps the house readable: measured, not asked for."""

from __future__ import annotations

import ast
import importlib.util
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "spin_nb"


def _load_names() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_names", Path(__file__).with_name("names.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


names = _load_names()


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple(names.trees(PACKAGE))


def test_few_names_say_how_a_value_came():
    every = [name for _, tree in trees() for name, _ in names.assigned_names(tree)]
    share = sum(map(names.is_bare_participle, every)) / len(every)
    assert share <= 0.005, (
        f"{share:.2%} of names are bare participles: python tests/house/names.py lists them"
    )


def test_few_annotations_say_nothing():
    every = [annotation for _, tree in trees() for annotation in names.annotations(tree)]
    share = sum(map(names.is_bare_any, every)) / len(every)
    assert share <= 0.03, f"{share:.2%} of annotations are Any: python tests/house/names.py lists them"


@cache
def summaries() -> tuple[tuple[str, str], ...]:
    """Place and first line of every docstring."""
    return tuple(
        (f"{path.relative_to(ROOT)}:{line}", summary)
        for path, tree in trees()
        for summary, line in names.summaries(tree)
    )


def test_most_summaries_are_nine_words_or_fewer():
    assert statistics.median(names.words(summary) for _, summary in summaries()) <= 9


def test_no_summary_opens_with_a_question_word():
    assert [place for place, summary in summaries() if names.opens_with_a_question(summary)] == []


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Modules of the package that a file imports when it is loaded, or for the type checker."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        match waiting.pop():
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases if alias.name in known)
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                for alias in aliases:
                    inner = f"{module}.{alias.name}"
                    if inner in known:
                        yield inner
                    elif module in known:
                        yield module
            case ast.If(body=body, orelse=orelse):
                waiting += [*body, *orelse]
            case ast.Try(body=body, orelse=orelse, finalbody=finalbody, handlers=handlers):
                waiting += [*body, *orelse, *finalbody, *(s for handler in handlers for s in handler.body)]


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which leads to every other (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in arrows[module]:
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            at = stack.index(module)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for module in arrows:
        if module not in order:
            visit(module)
    return found


def test_no_modules_import_each_other_in_a_circle():
    known = {module_name(path) for path, _ in trees()}
    arrows = {
        module_name(path): set(imported_modules(path, tree, known)) - {module_name(path)}
        for path, tree in trees()
    }
    assert circles(arrows) == []


def test_circles_are_found():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert circles(arrows) == [["b", "c"]]
