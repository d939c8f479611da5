"""The session's house rules: two files know `Session`, nobody reaches into another file's privates."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import spin_nb
from spin_nb.session.session import Session

PACKAGE = Path(spin_nb.__file__).parent
KNOW_THE_SESSION = {"__init__.py", "session/open.py", "session/session.py"}
MAX_PUBLIC_NAMES = 60


def names_in_code(tree: ast.Module) -> Iterator[str]:
    """Every name that code uses, imports or quotes in an annotation; docstrings are no code."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.alias(name=name):
                yield name.rpartition(".")[2]
            case (
                ast.arg(annotation=ast.Constant(value=str(text)))
                | ast.AnnAssign(annotation=ast.Constant(value=str(text)))
            ):
                yield from names_in_code(ast.parse(text))


def own_names(tree: ast.Module) -> set[str]:
    """Functions, attributes and fields that a file makes itself."""
    return {
        name
        for node in ast.walk(tree)
        for name in (
            [node.attr]
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
            else [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [node.target.id]
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            else []
        )
    }


def reaches_into_others(tree: ast.Module) -> Iterator[str]:
    """``x._y`` where x is neither self nor cls and ``_y`` is not of this file, and imports of ``_names``."""
    own = own_names(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                continue
            case ast.Attribute(attr=name) if _is_private(name) and name not in own:
                yield f"line {node.lineno}: {ast.unparse(node)}"
            case ast.ImportFrom(module=module, names=aliases) if (module or "").startswith("spin_nb.session"):
                yield from (
                    f"line {node.lineno}: {alias.name}" for alias in aliases if _is_private(alias.name)
                )


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_only_two_files_name_the_session():
    naming = {
        path.relative_to(PACKAGE).as_posix()
        for path in sources(PACKAGE)
        if "Session" in names_in_code(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert naming <= KNOW_THE_SESSION


@pytest.mark.parametrize(
    "path", sources(PACKAGE / "session"), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_no_file_reaches_into_the_privates_of_another(path):
    assert list(reaches_into_others(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_reach_into_privates_would_be_seen():
    tree = ast.parse("from spin_nb.session.open import _folder\ndef f(log):\n    return log._events\n")
    assert list(reaches_into_others(tree)) == ["line 1: _folder", "line 3: log._events"]


def test_a_quoted_annotation_would_be_seen():
    assert "Session" in names_in_code(ast.parse("def f(s: 'spin.Session'): ..."))


def test_the_session_has_few_public_names():
    names = {name for name in (*dir(Session), *Session.__annotations__) if not name.startswith("_")}
    assert len(names) <= MAX_PUBLIC_NAMES, sorted(names)
