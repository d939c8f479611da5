"""A linker of ES modules: one script of an entry and all that it imports, joined when a view is loaded.

A file is an ordinary ES module: an editor, a linter and Node read it as it is.  A widget's script is loaded from a
blob URL and can import nothing relative, so the files are joined: each becomes a function, called once, that returns
what the file exports; imported ones come first.  Comments stay behind, lines keep their numbers.

Understood are statements at the beginning of a line: ``import { a, b as c } from "./file.js"``, ``import "./file.js"``,
and ``export`` before ``const``, ``class``, ``function``, ``async function`` and ``default``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spin_nb.errors import SpinError

VIEWS = Path(__file__).parents[1]
BASE_SHEET = VIEWS / "base" / "base.css"
_OPAQUE = re.compile(
    r"""(?P<comment>[ \t]*//[^\n]*|/\*.*?\*/)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    | `(?:\\.|\$\{(?:[^`{}]|\{[^`{}]*\}|`(?:\\.|[^`\\])*`)*\}|[^`\\])*`        # a template, one within another
    | (?:(?<=[(,=:\[!&|?{};>]\ )|(?<=[(,=:\[!&|?{};>])|(?<=return\ ))          # what stands before a regular expression
      /(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/""",
    re.DOTALL | re.VERBOSE,
)
_IMPORT = re.compile(r'^import\s*(?:\{([^}]*)\}\s*from\s*)?"( *)";?', re.MULTILINE)
_EXPORT = re.compile(
    r"^export\s+(default\b|(?=(?:async\s+)?(?:const|class|function)\s+([\w$]+)))", re.MULTILINE
)
_OTHER = re.compile(r"^(?:import\b(?!\s*[(.])|export\b)[^\n]*", re.MULTILINE)


class ModuleError(SpinError):
    """A script that cannot be joined.

    It names the file, the line, and what is wrong there.
    """


@dataclass(frozen=True)
class Import:
    """One import.

    It has the file, what it is called there and here, and the line of the statement.
    """

    path: Path
    names: tuple[tuple[str, str], ...]
    line: int


@dataclass(frozen=True)
class Module:
    """One file.

    It has its code without statements of modules, its imports, and the names it exports.
    """

    path: Path
    code: str
    imports: tuple[Import, ...]
    exports: tuple[str, ...]


def link(entry: Path) -> str:
    """Join a file and all that it imports.

    They become one ES module with the default export of the entry, if it has one.

    Raises
    ------
    ModuleError
        A circle, a missing file, a name that is not exported, a statement that is not understood.

    Examples
    --------
    >>> "import " in link(VIEWS / "workbench" / "progress.js")
    False
    """
    modules = ordered_modules(entry)
    variables = {module.path: f"${i}_{module.path.stem}" for i, module in enumerate(modules)}
    functions = [_function(module, variables) for module in modules]
    ending = (
        f"export default {variables[modules[-1].path]}.default;\n" if "default" in modules[-1].exports else ""
    )
    return "".join(functions) + ending


def style(entry: Path) -> str:
    """Join the style sheets of an entry.

    They are ``base.css``, then those that lie beside its modules under the same name.
    """
    sheets = [module.path.with_suffix(".css") for module in ordered_modules(entry)]
    return "\n".join(sheet.read_text("utf-8") for sheet in (BASE_SHEET, *sheets) if sheet.exists())


def ordered_modules(entry: Path) -> list[Module]:
    """Modules of an entry, imported ones first.

    The entry is the last.
    """
    modules: dict[Path, Module] = {}
    _visit(entry.resolve(), (), modules)
    return list(modules.values())


def _visit(path: Path, importers: tuple[Path, ...], modules: dict[Path, Module]) -> None:
    if path in modules:
        return
    module = read_module(path)
    for wish in module.imports:
        if wish.path in (*importers, path):
            raise _error(path, wish.line, f"imports {wish.path.name} in a circle")
        if not wish.path.is_file():
            raise _error(path, wish.line, f"there is no file {wish.path}")
        _visit(wish.path, (*importers, path), modules)
        for name, _ in wish.names:
            if name not in modules[wish.path].exports:
                raise _error(path, wish.line, f"{wish.path.name} does not export {name}")
    modules[path] = module


@cache
def read_module(path: Path) -> Module:
    """Read one file.

    It raises ModuleError at a statement that is not understood.
    """
    code = _OPAQUE.sub(_without_comment, path.read_text("utf-8"))
    mask = _OPAQUE.sub(_blank, code)  # of the same length, nothing in its strings
    imports, exports, cuts = [], [], []
    for match in _IMPORT.finditer(mask):
        names = tuple(_names(part) for part in (match[1] or "").split(",") if part.strip())
        target = (path.parent / code[slice(*match.span(2))]).resolve()
        imports.append(Import(target, names, mask.count("\n", 0, match.start()) + 1))
        cuts.append((*match.span(), "\n" * match[0].count("\n")))
    for match in _EXPORT.finditer(mask):
        exports.append(match[2] or match[1])
        cuts.append((*match.span(), "" if match[2] else "const $default ="))
    for start, end, text in sorted(cuts, reverse=True):
        code, mask = code[:start] + text + code[end:], mask[:start] + text + mask[end:]
    if other := _OTHER.search(mask):
        raise _error(path, mask.count("\n", 0, other.start()) + 1, f"{other[0]!r} is not understood")
    return Module(path, code, tuple(imports), tuple(exports))


def _function(module: Module, variables: dict[Path, str]) -> str:
    imports = [
        f"const {{ {', '.join(a if a == b else f'{a}: {b}' for a, b in wish.names)} }} = {variables[wish.path]};"
        for wish in module.imports
        if wish.names
    ]
    exports = ", ".join("default: $default" if name == "default" else name for name in module.exports)
    head = f"const {variables[module.path]} = (() => {{ {' '.join(imports)}"
    return f"{head}{module.code.rstrip()}\nreturn {{ {exports} }};\n}})();\n"


def _names(part: str) -> tuple[str, str]:
    """Name there and name here of an import."""
    words = part.split()
    return words[0], words[-1]


def _without_comment(match: re.Match[str]) -> str:
    comment = match["comment"]
    return match[0] if comment is None else "\n" * comment.count("\n") or " " * comment.startswith("/*")


def _blank(match: re.Match[str]) -> str:
    return match[0][0] + re.sub(r"[^\n]", " ", match[0][1:-1]) + match[0][-1]


def _error(path: Path, line: int, what: str) -> ModuleError:
    return ModuleError(f"{path.name}, line {line}: {what}.", f"Look at {path}.")
