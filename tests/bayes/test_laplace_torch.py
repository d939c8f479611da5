"""laplace-torch is importable beside a torchvision that is installed but cannot load."""

from __future__ import annotations

import os
import subprocess
import sys

BROKEN = 'raise RuntimeError("operator torchvision::nms does not exist")\n'
METADATA = "Metadata-Version: 2.1\nName: torchvision\nVersion: 0.28.0\n"


def run(code, tmp_path):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(BROKEN)
    (tmp_path / "torchvision-0.28.0.dist-info").mkdir()
    (tmp_path / "torchvision-0.28.0.dist-info" / "METADATA").write_text(METADATA)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()])}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=600)


def test_a_broken_torchvision_does_not_stop_laplace_torch(tmp_path):
    code = "from spin_nb.bayes._laplace_torch import import_laplace as i; print(i().Laplace.__name__)"
    result = run(code, tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "Laplace"


def test_without_the_shim_it_would_fail(tmp_path):
    result = run("import laplace", tmp_path)
    assert "torchvision::nms" in result.stderr
