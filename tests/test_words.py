"""What a message shows of a value: short, on one line, whatever the value is."""

from __future__ import annotations

import numpy as np
import pytest

from spin_nb.words import said_by, shown


class Broken(Exception):
    def __repr__(self):
        raise RuntimeError("a broken repr")

    __str__ = __repr__


@pytest.mark.parametrize(
    "value",
    [
        Broken(),
        [Broken()],
        {"a": Broken()},
        10**5000,
        "x" * 10_000_000,
        "\ud800",
        np.zeros((500, 500)),
        [[[[]]]],
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_value_is_shown_on_one_short_line(value):
    text = shown(value)
    assert 0 < len(text) <= 200
    assert "\n" not in text
    assert "a broken repr" not in text
    text.encode("utf-8")


def test_short_values_are_shown_as_python_writes_them():
    for value in ("crack", 3, 2.5, None, ["a", 1], {"a": 1}, (1,)):
        assert shown(value) == repr(value)


def test_an_error_without_words_is_told_by_its_kind():
    assert said_by(Broken()) == "Broken"
    assert said_by(ValueError("a\n  b")) == "ValueError: a b"
    assert len(said_by(ValueError("x" * 10_000_000))) < 300
