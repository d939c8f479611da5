"""Scripts without a page: ``tests/views/js`` in Node, whose own test runner says what fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
MIN_NODE = 20


def node_version(path: str) -> int:
    """The major version of a Node, 0 where it does not run."""
    try:
        words = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
        return int(words.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


@pytest.fixture(scope="module")
def node() -> str:
    """A Node that is new enough: the system's, else the one that playwright brings."""
    candidates = [shutil.which("node")]
    try:
        import playwright

        candidates.append(str(Path(playwright.__file__).parent / "driver" / "node"))
    except ImportError:
        pass
    for path in candidates:
        if path and node_version(path) >= MIN_NODE:
            return path
    pytest.skip(f"there is no Node {MIN_NODE} or newer here, neither the system's nor playwright's")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.split(".")[0])
def test_scripts_do_in_node_what_their_tests_say(node, file):
    run = subprocess.run([node, "--test", str(file)], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "fail 0" in run.stdout


def test_there_are_tests_of_all_that_needs_no_page():
    subjects = {"channel", "drafts", "geometry", "grid", "json", "keys", "outbox", "queue", "status"}
    assert {file.name.split(".")[0] for file in FILES} == subjects
