"""Arrays that rows are appended to, few at a time and without end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SPARE = 0.5  # share of room beyond what is needed: each row is copied twice on average, however many come
FEWEST_SPARE = 64  # rows


class Growing:
    """Room behind an array, so that appending to it copies what is there now and then only.

    What :meth:`after` returns shares memory with what it returned before: earlier rows never move while there is
    room, and nobody who holds a shorter array sees the rows behind it.

    Examples
    --------
    >>> growing = Growing()
    >>> first = growing.after(np.zeros((0, 2), np.float32), np.ones((3, 2), np.float32))
    >>> second = growing.after(first, np.full((1, 2), 2, np.float32))
    >>> len(first), second[-1].tolist(), np.shares_memory(first, second)
    (3, [2.0, 2.0], True)
    """

    def __init__(self) -> None:
        self._room: NDArray[Any] | None = None
        self._filled = 0

    def after(self, array: NDArray[Any], more: NDArray[Any]) -> NDArray[Any]:
        """``array`` (n, ...) with ``more`` (m, ...) behind it, (n + m, ...); neither is changed."""
        n = len(array) + len(more)
        room = self._room
        # Another array than the last, or rows behind it that came to nothing: they may be somebody's.
        if room is None or array.base is not room or len(array) != self._filled or n > len(room):
            spare = max(FEWEST_SPARE, int(n * SPARE))
            room = self._room = np.empty((n + spare, *array.shape[1:]), array.dtype)
            room[: len(array)] = array
        room[len(array) : n] = more
        self._filled = n
        return room[:n]
