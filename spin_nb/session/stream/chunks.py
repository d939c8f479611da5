"""A stream cut into runs of items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from spin_nb.errors import Cancelled

CHUNK_ITEMS = 16  # arrivals scored together: few enough that the view moves while a stream runs


def chunks(
    stream: Iterable[Any], given_up: Callable[[], bool]
) -> Iterator[tuple[list[Any], Exception | None]]:
    """Cut a stream into runs of items.

    What came before the stream failed is not lost with it.

    Raises :class:`Cancelled` rather than take one more item once ``given_up()``: a stream may be slow, or not end.
    """
    chunk: list[Any] = []
    error: Exception | None = None
    items = iter(stream)
    while error is None:
        if given_up():
            raise Cancelled
        try:
            chunk.append(next(items))
        except StopIteration:
            break
        except Exception as problem:
            error = problem
        if len(chunk) == CHUNK_ITEMS:
            yield chunk, error
            chunk = []
    if chunk or error is not None:
        yield chunk, error
