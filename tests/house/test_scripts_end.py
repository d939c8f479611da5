"""A script that opens a project and ends without closing it leaves nothing on its standard error."""

from __future__ import annotations

import subprocess
import sys

import pytest

OPEN = """
import sys
import spin_nb as spin
digits = spin.samples.digits()
s = spin.open(sys.argv[1] + "/p.spin", pool=digits.items[:200], classes=list(digits.classes))
"""
LABEL = """
for id in s.ask(24).ids:
    s.label(id, str(digits.labels[s.pool.row(id)]))
"""
ENDS = {
    "at once": OPEN,
    "after a training": OPEN + LABEL + "s.train(wait=True)",
    "while a network trains": OPEN + LABEL + "s.train('mlp')",
    "after a network and its export": OPEN
    + LABEL
    + "s.train('mlp', show=True, wait=True)\ns.export(sys.argv[1] + '/b')",
}


@pytest.mark.slow
@pytest.mark.parametrize("script", ENDS.values(), ids=ENDS.keys())
def test_a_script_that_ends_says_nothing(script, tmp_path):
    command = [sys.executable, "-c", script, str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert process.stderr == ""
    assert process.returncode == 0
