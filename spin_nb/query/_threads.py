"""Blocks of work side by side, each on one BLAS thread.

BLAS's own threads meet after every product; beside a training thread, or on a busy machine, they wait for each
other far longer than they work: 6 s against 1 s for one batch, measured on two cores with three other processes.  Whole
blocks in threads of their own never wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from spin_nb.query._checks import blocks

MOST = 8  # threads: every one holds a block or two of 8 MB


class _Held:
    """Who holds BLAS to one thread, and how to let go."""

    lock = Lock()
    holders = 0
    limit: Any = None


@cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS to one thread; as a decorator, for a whole function.

    The number before comes back when the last of several that overlap leaves.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    with _Held.lock:
        if not _Held.holders:
            _Held.limit = _libraries().limit(limits=1)
        _Held.holders += 1
    try:
        yield
    finally:
        with _Held.lock:
            _Held.holders -= 1
            if not _Held.holders and _Held.limit is not None:
                _Held.limit.restore_original_limits()


def each_block(work: Callable[[slice], None], n: int, width: int) -> None:
    """Call ``work`` with consecutive slices of ``n`` rows, ``width`` numbers a row at a time, side by side."""
    parts = list(blocks(n, width))
    if len(parts) < 2:
        for part in parts:
            work(part)
        return
    with one_thread(), ThreadPoolExecutor(min(os.cpu_count() or 1, MOST)) as pool:
        for _ in pool.map(work, parts):
            pass
