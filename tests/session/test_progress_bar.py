"""What a person sees of long work."""

import io

import IPython.display
import pytest

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
