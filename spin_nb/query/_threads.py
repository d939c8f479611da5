"""Blocks of work side by side, each on one BLAS thread.

BLAS's own threads meet after every product; beside a training thread, or on a busy machine, they wait for each
other far longer than they work: 6 s against 1 s for one batch, measured on two cores with three other processes.  Whole
blocks in threads of their own never wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from spin_nb.query._checks import blocks
from spin_nb.threads import one_thread

MOST = 8  # threads: every one holds a block or two of 8 MB


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
