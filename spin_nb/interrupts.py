"""Steps that no interrupt may part: what is on disk already must be done in memory, too."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C, and the notebook's stop button, meanwhile.

    Python interrupts its main thread only.

    Examples
    --------
    >>> with defer_interrupts():
    ...     pass
    """
    before = signal.getsignal(signal.SIGINT) if current_thread() is main_thread() else None
    if not callable(before):  # another thread, ignored, or not Python's to handle
        yield
        return
    signals: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: signals.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if signals:
            before(*signals[0])
