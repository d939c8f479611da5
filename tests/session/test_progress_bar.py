"""What a person sees of long work."""

import io
import os
import subprocess
import sys
from types import SimpleNamespace

import IPython.display
import pytest

from spin_nb.session.model import pool_model
from spin_nb.session.runtime import progress_bar


class Outputs(list):
    """What a cell shows: one list of texts an output, the last one on screen."""

    def display(self, data, *, raw, display_id):
        assert raw
        assert display_id
        texts = [data]
        self.append(texts)
        return type("Handle", (), {"update": lambda _, data, raw: texts.append(data)})()


@pytest.fixture
def outputs(monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    outputs = Outputs()
    monkeypatch.setattr(IPython.display, "display", outputs.display)
    return outputs


def test_long_work_in_a_cell_is_one_line_of_text_that_ends_at_100_percent(outputs, monkeypatch):
    monkeypatch.setattr(progress_bar, "DELAY_SECONDS", 0.0)
    show = progress_bar.progress_bar("Features")
    for i in range(5):
        show(i / 4, f"Features: {i} of 4")
    (texts,) = outputs
    assert all(list(data) == ["text/plain"] for data in texts), "no widget, no HTML"
    assert texts[-1]["text/plain"].startswith("Features: 4 of 4: 100%|█")


def test_work_that_is_soon_done_shows_nothing(outputs, monkeypatch):
    monkeypatch.setattr(progress_bar, "DELAY_SECONDS", 3600.0)
    show = progress_bar.progress_bar("Features")
    show(0.5, "half")
    show(1.0, "all")
    assert outputs == []


def test_where_nobody_looks_there_is_no_bar(monkeypatch):
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert progress_bar.progress_bar("Features") is None


SCRIPT = """
import sys
import numpy as np
from spin_nb.session.runtime import progress_bar
from spin_nb.pool.features import encoding
import spin_nb as spin

progress_bar.DELAY_SECONDS = 0.0
encoding.MAX_BATCH_BYTES = 2**21
photos = np.random.default_rng(0).integers(0, 256, (300, 70, 70, 3), dtype=np.uint8)
spin.open(sys.argv[1], pool=photos, classes=["a", "b"], encoder=["photo", "pixels-pca"]).close()
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
def test_a_script_in_a_terminal_says_how_many_items_are_encoded_and_how_long_the_rest_takes(tmp_path):
    import fcntl
    import pty
    import struct
    import termios

    ours, scripts = pty.openpty()
    fcntl.ioctl(scripts, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "p.spin")]
    environment = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
    child = subprocess.Popen(command, stderr=scripts, env=environment)
    os.close(scripts)
    text = ""
    try:
        while data := os.read(ours, 65536):
            text += data.decode(errors="replace")
    except OSError:  # the terminal's other end was closed
        pass
    os.close(ours)
    assert child.wait() == 0, text
    lines = text.split("\r")
    assert any(" of 300 items, " in line and " s left" in line for line in lines), lines
    assert any("photo + pixels-pca: " in line and "%|" in line for line in lines), lines


def test_whoever_waits_for_a_large_pool_sees_how_far_it_is(monkeypatch):
    lines = []
    job = SimpleNamespace(progress=0.0, message="started", result=lambda: None)
    large = pool_model.PoolModel(None, lambda progress: None, classes=None, seed=0, folder=None)
    large.begin(job)

    def show(fraction, words):
        lines.append((fraction, words))
        job.progress, job.message = 0.35, "photo: 3,000 of 6,000 items, 9 s left"
        if fraction == job.progress:
            large._learner = "the learner"
            large._preparation_over.set()

    monkeypatch.setattr(pool_model, "progress_bar", lambda what: show)
    assert large.wait() == "the learner"
    assert lines[:2] == [(0.0, "started"), (0.35, "photo: 3,000 of 6,000 items, 9 s left")]
    assert lines[-1][0] == 1.0
