"""Drawing when something changed: not too often, on the main thread, and the last state always."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable

from spin_nb.words import said_by

logger = logging.getLogger("spin_nb.views")

PAUSE_RATIO = 4  # times what a drawing took, before the next
DELAY_SECONDS = 0.05  # seconds: by then the cell's answer has left


def soon(work: Callable[[], object], after: float = DELAY_SECONDS) -> None:
    """Run ``work`` on this thread a moment later.

    By then what was asked for is on its way to the page; without an event loop it runs now.

    What a view begins with is slow (imports, a model's answers for a whole pool): the person sees that it comes.
    """
    try:
        asyncio.get_running_loop().call_later(after, work)
    except RuntimeError:
        work()


class Redraw:
    """Throttle of a drawing on the thread that made it.

    ``draw`` is called at most every ``every`` seconds; the last request is always drawn.

    A drawing that takes long is followed by a ``pause``, in times of what it took: however fast the requests come,
    drawing takes no more than a fifth of the thread's time, and what a stream or a labeller does there goes on.

    A burst inside one busy cell is drawn as it goes: the first request at once, later ones when ``every`` seconds
    have passed; what remains is drawn by the event loop when the cell ends.  Without an event loop (a plain
    script) each request draws.  ``draw`` never raises into the caller: an error goes to ``failed``.
    """

    def __init__(
        self,
        draw: Callable[[], None],
        every: float = 0.3,
        on_failure: Callable[[str], None] | None = None,
        *,
        pause: float = PAUSE_RATIO,
    ) -> None:
        self._draw, self._every, self._on_failure, self._pause = draw, every, on_failure, pause
        self._thread = threading.get_ident()
        self._next = 0.0
        self._is_scheduled = False
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def __call__(self, *_: object) -> None:
        """Ask for a drawing.

        Any arguments (of a signal) are ignored.
        """
        if threading.get_ident() != self._thread and self._loop is not None:
            self._loop.call_soon_threadsafe(self._request)
        else:
            self._request()

    def hold(self, seconds: float) -> None:
        """Draw nothing for a while: an animation is running."""
        self._next = time.monotonic() + seconds

    def _request(self) -> None:
        wait = self._next - time.monotonic()
        if wait <= 0 or self._loop is None or self._loop.is_closed():
            self._now()
        elif not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        self._is_scheduled = False
        self._request()

    def _now(self) -> None:
        began = time.monotonic()
        self._next = began + self._every  # a drawing may ask for the next one
        try:
            self._draw()
        except Exception as error:
            logger.exception("a view could not be drawn")
            if self._on_failure is not None:
                with contextlib.suppress(Exception):
                    self._on_failure(said_by(error))
        took = time.monotonic() - began
        # A drawing may have held the next one for longer: see `hold`.
        self._next = max(self._next, began + took * (1 + self._pause))
