"""Waiting for facts.  Nothing here says how fast a fact must come true: only a failure waits this long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 240.0
"""Far beyond what any fact takes, on a slow machine with other work on it too."""

Fact = TypeVar("Fact")


def until(fact: Callable[[], Fact], *, page=None, what: str = "") -> Fact:
    """Ask until the answer is true, and return it.

    Parameters
    ----------
    fact : callable
        Without arguments.
    page : playwright page, optional
        Its messages are taken in between two questions.
    what : str
        Said where it never comes true.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    while not (answer := fact()):
        assert time.monotonic() < end, f"not true after {PATIENCE_SECONDS:.0f} s: {what or fact}; {answer!r}"
        if page is None:
            time.sleep(0.02)
        else:
            page.wait_for_timeout(20)
    return answer


def rest(page, milliseconds: int) -> None:
    """Let the page's own timers of up to so long run.  They run in order of when they are due, however slow it is."""
    page.evaluate("ms => new Promise((done) => setTimeout(done, ms))", milliseconds)
