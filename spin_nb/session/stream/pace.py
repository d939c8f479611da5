"""How often views hear of arrivals."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SECONDS_BETWEEN_SIGNALS = 0.1  # seconds between two words to the views, at least
DRAWING_SHARE = 0.2  # of the time that views may take to draw while a stream runs


class Pace:
    """Limits how often views hear of arrivals.

    They hear ten times a second, less often where they take long to draw.

    Parameters
    ----------
    clock : callable
        Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = 0.0
        self._waiting = 0

    def tell(self, n: int, emit: Callable[[int], Any]) -> None:
        """Announce ``n`` more arrivals, now or later."""
        self._waiting += n
        if self._waiting and self._clock() >= self._next:
            self.rest(emit)

    def rest(self, emit: Callable[[int], Any]) -> None:
        """Announce the arrivals nobody has heard of."""
        waiting, self._waiting = self._waiting, 0
        if waiting:
            start = self._clock()
            emit(waiting)
            end = self._clock()
            self._next = end + max(SECONDS_BETWEEN_SIGNALS, (end - start) * (1 / DRAWING_SHARE - 1))
