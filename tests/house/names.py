"""Counts what the names, annotations and docstrings of the package are like; run it to see the offenders.

python tests/house/names.py [spin_nb/pool ...]
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_PARTICIPLES = """
been begun bought bred brought built burnt caught chosen done dealt drawn driven eaten fallen fed felt
forgotten fought found given gone got gotten grown heard held hidden hung kept known laid learnt lent lost
made meant met paid said seen sent shown shut sold spent spoken stood stolen struck sung sunk taken taught
thought told thrown torn understood won worn written
"""
PARTICIPLES = frozenset(_PARTICIPLES.split())
"""Irregular past participles, which say how a value came and not what it is."""
_NOUNS_IN_ED = "bed breed deed embed feed led need red seed shed speed weed"
NOUNS_IN_ED = frozenset(_NOUNS_IN_ED.split())
_QUESTION_WORDS = "how what when where whether which who whom whose why"
QUESTION_WORDS = frozenset(_QUESTION_WORDS.split())


def is_bare_participle(name: str) -> bool:
    """Say whether a name is one word and a past participle (``found``, ``wanted``): how it came, not what it is."""
    word = name.strip("_").lower()
    if not word.isalpha():
        return False
    return word in PARTICIPLES or (len(word) > 3 and word.endswith("ed") and word not in NOUNS_IN_ED)


def assigned_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every name that gets a value (variables, arguments, fields, functions, classes) with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno


def annotations(tree: ast.Module) -> Iterator[ast.expr]:
    """Yield every annotation of an argument, a result or a variable."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield annotation
            case (
                ast.FunctionDef(returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
            ):
                yield annotation


def is_bare_any(annotation: ast.expr) -> bool:
    """Say whether an annotation says nothing at all: ``Any``."""
    return isinstance(annotation, ast.Name) and annotation.id == "Any"


def summaries(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the first sentence of every docstring of a function or a class, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            text = ast.get_docstring(node)
            if text:
                yield text.strip().splitlines()[0], node.lineno


def words(summary: str) -> int:
    """Count the words of a summary."""
    return len(re.findall(r"[\w'`.=()-]+", summary))


def opens_with_a_question(summary: str) -> bool:
    """Say whether a summary opens with a question word."""
    return summary.split()[0].strip("`:,").lower() in QUESTION_WORDS


def trees(*folders: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every Python file below the folders, parsed."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> None:
    """Print the figures, and every bare participle with its place."""
    total, participles, lengths, questions = 0, [], [], []
    every_annotation = bare = 0
    for path, tree in trees(*(Path(name) for name in arguments or ["spin_nb"])):
        for name, line in assigned_names(tree):
            total += 1
            if is_bare_participle(name):
                participles.append((name, f"{path}:{line}"))
        for annotation in annotations(tree):
            every_annotation += 1
            if is_bare_any(annotation):
                bare += 1
                print(f"Any  {path}:{annotation.lineno}")
        for summary, line in summaries(tree):
            lengths.append(words(summary))
            if opens_with_a_question(summary):
                questions.append(f"{path}:{line} {summary}")
    for name, place in participles:
        print(f"name {place} {name}")
    for place in questions:
        print(f"doc  {place}")
    print(Counter(name for name, _ in participles).most_common(20))
    print(f"bare participles {len(participles)} of {total} names: {len(participles) / total:.2%}")
    print(f"bare Any {bare} of {every_annotation} annotations: {bare / every_annotation:.2%}")
    median = statistics.median(lengths)
    print(f"summaries: median {median} words, {len(questions)} of {len(lengths)} open with a question word")


if __name__ == "__main__":
    main(sys.argv[1:])
