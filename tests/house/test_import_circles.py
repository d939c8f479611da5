"""No file of the package imports, directly or through others, a file that imports it; types count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import spin_nb

ROOT = Path(spin_nb.__file__).parent


def modules() -> dict[str, Path]:
    paths = {
        ".".join(path.relative_to(ROOT.parent).with_suffix("").parts): path for path in ROOT.rglob("*.py")
    }
    return {name.removesuffix(".__init__"): path for name, path in paths.items()}


def imported(path: Path, names: dict[str, Path]) -> Iterator[str]:
    """The package's modules that a file imports anywhere, in functions and for the type checker as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module in names:
            members = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (member if member in names else node.module for member in members)


def test_there_is_none():
    names = modules()
    graph = {
        name: {other for other in imported(path, names) if other != name} for name, path in names.items()
    }
    assert sum(map(len, graph.values())) > 500, "the walk meets the package"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None
