"""Killed at a durable step or at any moment, a project is whole: nothing lost, doubled, refused or computed wrongly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = os.environ.get("SPIN_ATTACK") == "full"
KILLS = 300 if FULL else 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.timeout(4 * 3600 if FULL else 600)
@pytest.mark.parametrize("mode", ["steps", "moments"])
def test_whatever_is_killed_the_project_goes_on_with_all_that_was_acknowledged(tmp_path, mode):
    script = Path(__file__).with_name("kills.py")
    seed = os.environ.get("SPIN_SEED", "0")
    run = subprocess.run(
        [sys.executable, str(script), mode, str(KILLS), seed, str(tmp_path)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    print(json.dumps(found, indent=1))
    assert not found["wrong"], found["first"]
    assert found["kills"] >= (KILLS // 2 if mode == "steps" else 0)  # a moment may come after the end
