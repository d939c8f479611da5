"""``import spin_nb`` is light and loads nothing third-party; names are locked; layers hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import spin_nb

ROOT = Path(__file__).parent.parent
PROBE = """
import json, sys
before = set(sys.modules)
import spin_nb
new = set(sys.modules) - before
third_party = {name.partition(".")[0] for name in new} - set(sys.stdlib_module_names) - {"spin_nb"}
print(json.dumps([sorted(new), sorted(third_party)]))
"""


def test_importing_loads_nothing_third_party_and_next_to_nothing_else():
    """A few modules of one subject each cannot be slow; a clock in a test would say how busy the machine is."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    modules, third_party = json.loads(done.stdout)
    assert third_party == []
    assert [name for name in modules if name.startswith("spin_nb")] == ["spin_nb"]
    assert len(modules) <= 40, modules


def test_an_unknown_name_says_what_there_is():
    try:
        spin_nb.opne  # noqa: B018
    except AttributeError as error:
        assert "open" in str(error)
    else:
        raise AssertionError("spin_nb.opne must not exist")


def test_data_flows_one_way():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_rooms_import_heavy_libraries_only_where_they_use_them():
    code = (
        "import sys, spin_nb.session.session, spin_nb.session.open\n"
        "heavy = set('torch sklearn umap numba plotly river onnx onnxruntime pandas jscatter laplace'.split())\n"
        "print(sorted(heavy & {m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
