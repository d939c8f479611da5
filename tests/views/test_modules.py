"""Scripts are real modules: joined in the order of their imports, each in a scope of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spin_nb.errors import SpinError
from spin_nb.views.base.modules import VIEWS, link, ordered_modules, style

SCRIPTS = [
    "base/theme.js",
    "charts/plot.js",
    "grid/page.js",
    "labeller/page.js",
    "map/panel.js",
    "map/scatter.js",
    "uncertainty/item.js",
    "workbench/bar.js",
    "workbench/progress.js",
]
RUN = """async (text) =>
  (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default"""


@pytest.fixture
def folder(tmp_path):
    """Write files, given as name and text; returns the path of the last one."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            path = tmp_path / f"{name}.js"
            path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def run(browser):
    """Evaluate a script in a page; returns its default export."""
    context = browser.new_context()
    page = context.new_page()
    yield lambda entry: page.evaluate(RUN, link(entry))
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("export const x = 3;", 3),
        ("export function x() {}\nx.y = 1;", None),
        ("export async function x() {}", None),
        ("export class x {}", None),
        ("const x = 5;\nexport const y = `a ${x} b ${`c ${x}`}`; // `", "a 5 b c 5"),
    ],
)
def test_what_is_exported_is_what_is_imported(folder, run, declaration, value):
    name = "y" if "export const y" in declaration else "x"
    entry = folder(
        part=declaration,
        page=f'import {{ {name} as one }} from "./part.js";\nexport default one ?? "nothing";',
    )
    result: Any = run(entry)
    assert value is None or result == value


@pytest.mark.browser
def test_files_have_scopes_of_their_own_and_run_once_in_the_order_of_their_imports(folder, run):
    log, own = 'import { lines } from "./log.js";\n', "const own ="
    entry = folder(
        log=f'{own} "log";\nexport const lines = [own];',
        one=f'{log}{own} "one";\nlines.push(own);\nexport const last = own;',
        two=f'import {{\n  last,\n}} from "./one.js";\n{log}{own} "two";\nlines.push(own + last);',
        page=f'import "./two.js";\nimport "./one.js";\n{log}{own} lines;\nexport default own;',
    )
    assert run(entry) == ["log", "one", "twoone"]


@pytest.mark.browser
def test_statements_in_strings_comments_and_patterns_are_none(folder, run):
    text = """
// export const a = 1;
/*
import { nothing } from "./nowhere.js";
*/
/** export default */
const words = `
import { nothing } from "./nowhere.js";
export const b = "${`
export default 1`}";
/* stays */ // stays
`;
const sign = /["'`/*]/.test("'") ? "a // b" : 'c /* d */';
const list = ["x"].map((part) => /export `/.test(part));
const url = "http://spin.test/"; // import
export default [words, sign, list, url];
"""
    words, sign, matches, url = run(folder(page=text))
    assert words.startswith("\nimport { nothing } from")
    assert words.endswith("/* stays */ // stays\n")
    assert (sign, matches, url) == ("a // b", [False], "http://spin.test/")


def test_comments_stay_behind_and_lines_keep_their_numbers(folder):
    text = "// one\n/*\n two\n*/\nconst here = 5; // five\nexport default here;\n"
    lines = link(folder(page=text)).splitlines()
    assert "five" not in link(folder(page=text))
    assert lines[4].startswith("const here = 5;")


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (
            {
                "one": 'import { b } from "./two.js";',
                "two": '\nimport { a } from "./one.js";',
                "page": 'import "./one.js";',
            },
            "two.js, line 2: imports one.js in a circle",
        ),
        ({"page": 'import "./page.js";'}, "page.js, line 1: imports page.js in a circle"),
        ({"page": '// head\n\nimport { a } from "./gone.js";'}, "page.js, line 3: there is no file"),
        (
            {"part": "const a = 1;", "page": '\nimport { a } from "./part.js";'},
            "page.js, line 2: part.js does not export a",
        ),
        ({"page": '/*\n*/\nimport all from "./page.js";'}, "page.js, line 3: 'import all from"),
        ({"page": "const a = 1;\nexport { a };"}, "page.js, line 2: 'export { a };' is not understood"),
        ({"page": "export let a = 1;"}, "page.js, line 1: 'export let a = 1;' is not understood"),
    ],
)
def test_what_cannot_be_joined_names_its_file_and_line(folder, files, what):
    with pytest.raises(SpinError) as refusal:
        link(folder(**files))
    assert refusal.value.what.startswith(what)


@pytest.mark.parametrize("entry", SCRIPTS)
def test_a_view_carries_each_file_once_and_only_what_it_uses(entry):
    paths = [module.path for module in ordered_modules(VIEWS / entry)]
    assert len(paths) == len(set(paths))
    assert paths[-1] == VIEWS / entry
    assert ("labeller" in {path.parent.name for path in paths}) == (entry == "labeller/page.js")


def test_every_script_of_the_views_is_part_of_a_view():
    linked = {module.path for entry in SCRIPTS for module in ordered_modules(VIEWS / entry)}
    behind_a_library = {VIEWS / "map" / "scatter_patch.js"}
    assert linked | behind_a_library == set(VIEWS.rglob("*.js"))


def test_folders_import_one_way():
    below = {
        "base": set(),
        "media": {"base"},
        "editors": {"base", "media"},
        "labeller": {"base", "media", "editors"},
        "map": {"base", "media"},
        "grid": {"base", "media"},
        "uncertainty": {"base", "media"},
        "charts": {"base"},
        "workbench": {"base"},
    }
    for entry in SCRIPTS:
        for module in ordered_modules(VIEWS / entry):
            room = module.path.parent.name
            assert {wish.path.parent.name for wish in module.imports} <= {room, *below[room]}, module.path


def test_sheets_come_in_the_order_of_the_scripts():
    entry = VIEWS / "labeller" / "page.js"
    sheets = [module.path.with_suffix(".css") for module in ordered_modules(entry)]
    sheets = [VIEWS / "base" / "base.css", *(sheet for sheet in sheets if sheet.exists())]
    assert [sheet.stem for sheet in sheets] == ["base", "viewport", "drawing", "forms", "shapes", "page"]
    assert style(entry) == "\n".join(sheet.read_text("utf-8") for sheet in sheets)
