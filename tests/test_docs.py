"""What the documentation says is there: names, files, sections."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spin_nb
import spin_nb.testing
from spin_nb.registry import WORDS

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """Anchors of a page's headings, as public hosts make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_within_the_repository_is_broken(page):
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_file(), f"{target} leads nowhere"
        assert not anchor or anchor in headings(file), f"{target}: no such heading"


def test_every_public_name_is_in_the_reference():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for name in spin_nb.__all__:
        assert getattr(spin_nb, name) is not None
        assert f"`spin_nb.{name}`" in reference, f"the reference does not name {name}"


def test_no_page_names_what_is_not_public():
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "spin_nb").iterdir()}
    for page in PAGES:
        names = set(re.findall(r"`spin(?:_nb)?\.(\w+)", page.read_text())) - rooms
        assert names <= set(spin_nb.__all__), f"{page.name} names what is not public"


def test_no_message_names_what_is_not_public():
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "spin_nb").iterdir()}
    for file in sorted((ROOT / "spin_nb").rglob("*.py")):
        names = set(re.findall(r"(?<![\w.])spin\.([A-Za-z]\w*)", file.read_text())) - rooms
        assert names <= set(spin_nb.__all__), f"{file.name} names what is not public"


def test_every_session_name_of_the_pages_is_there(tmp_path):
    import numpy as np

    with spin_nb.open(tmp_path / "p.spin", pool=np.eye(6, dtype=np.float32), classes=["a", "b"]) as s:
        for page in PAGES:
            for path in re.findall(r"\bs\.([a-z_]+(?:\.[a-z_]+)*)", "\n".join(code(page))):
                name, *rest = path.split(".")
                assert hasattr(type(s), name), f"{page.name}: s.{path}"
                if name in ("model", "audit", "stream") and rest:
                    assert hasattr(type(getattr(s, name)), rest[0]), f"{page.name}: s.{path}"


def code(page: Path) -> list[str]:
    """Code of a page, in blocks and in lines."""
    text = page.read_text()
    return [*re.findall(r"```python\n(.*?)```", text, re.DOTALL), *re.findall(r"`([^`\n]+)`", text)]


def test_every_kind_of_word_and_every_check_is_in_the_table_of_what_goes_where():
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"word `(\w+)`", contributing)) == set(WORDS) - {"model"}
    checks = {name for name in vars(spin_nb.testing) if name.startswith("check_")}
    assert set(re.findall(r"`(check_\w+)`", contributing)) == checks - {
        "check_predictive"
    }  # a posterior's answer


def test_every_strategy_is_in_the_table_of_strategies():
    page = (ROOT / "docs" / "guide" / "strategies.md").read_text()
    table = page[page.index("| asks") : page.index("## Miners")]
    assert set(WORDS["strategy"]) == set(re.findall(r"`(\w+)`", table)), "each in one row"


def test_the_readme_is_short_and_begins_with_a_picture():
    readme = (ROOT / "README.md").read_text()
    assert len(readme.encode()) <= 5500
    picture = re.search(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", readme)
    assert readme.index("![") < 40
    assert (ROOT / picture[1]).stat().st_size <= 1_500_000


def test_the_glossary_has_each_word_once_in_order():
    words = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)[2:]
    assert len(words) >= 40
    assert words == sorted(set(words))


def test_every_file_and_method_the_pages_name_is_there():
    paths = [*ROOT.glob("*.*"), *ROOT.glob("*/**/*.*")]
    files = {str(path.relative_to(ROOT)) for path in paths if ".venv" not in path.parts}
    source = "\n".join(path.read_text() for path in (ROOT / "spin_nb").rglob("*.py"))
    for page in PAGES:
        for name in re.findall(r"`([\w/.-]+\.(?:py|js|css|ipynb))`", page.read_text()):
            assert any(file.endswith(name) for file in files), f"{page.name}: {name}"
        for owner, member in re.findall(r"`([A-Z]\w*[a-z]\w*)\.(\w+)`", page.read_text()):
            assert re.search(rf"class {owner}\b", source), f"{page.name}: {owner}"
            assert re.search(rf"\b{member}\b", source), f"{page.name}: {owner}.{member}"
