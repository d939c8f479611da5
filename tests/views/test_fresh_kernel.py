"""Views that start work on other threads, in a process that has imported nothing yet."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

OPEN = """
import spin_nb as spin
s = spin.open("p.spin", pool="photos", classes=["a", "b"])
"""


@pytest.mark.parametrize(
    "shown", ["ask(1) labeller map uncertainty", "map uncertainty", "labeller map curves"]
)
def test_views_in_any_order_do_not_wait_for_each_others_imports(tmp_path, shown):
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(tmp_path / "photos" / f"{i}.png")
    code = OPEN + "".join(f"s.{view}\n" for view in shown.split())
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "deadlock" not in done.stderr
