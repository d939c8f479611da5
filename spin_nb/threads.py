"""Threads of BLAS and torch: how many, and work spread over them.

A label is milliseconds of matrix work.  With BLAS's own threads, the training thread and the person's cell beside
it, those threads wait for each other: 308 ms against 7 ms for one query at 60,000 items, measured on two busy cores.
Torch's threads do so too: a head of one hidden layer on 60 labels took 20 s of both cores, and .6 s of one.

Their own threads meet at a barrier after every operation, and beside a training thread, or on a busy machine, they
wait there far longer than they work: 97 s against 5 s for torch's graph of 60,000 items, 6 s against 1 s for one batch
of BLAS's products, measured on two cores.  Whole blocks, each on one thread, never wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock, local
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

NUMBERS_PER_BLOCK = 2**21
"""float32 numbers a temporary array may hold: 8 MB stay in the cache and far below any memory limit."""
MAX_BLOCK_THREADS = 8
"""Of :func:`each_block`: every one holds a block or two of 8 MB."""

Part = TypeVar("Part")
Result = TypeVar("Result")


class _Blas:
    """Holders of BLAS to one thread, and the numbers before."""

    lock = Lock()
    holders = 0
    before: tuple[int, ...] = ()


@cache
def _libraries() -> ThreadpoolController:
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
    with _Blas.lock:
        if not _Blas.holders:
            libraries = _libraries().lib_controllers
            _Blas.before = tuple(library.num_threads for library in libraries)
            _set((1,) * len(libraries))
        _Blas.holders += 1
    try:
        yield
    finally:
        with _Blas.lock:
            _Blas.holders -= 1
            if not _Blas.holders:
                _set(_Blas.before)


def _set(threads: tuple[int, ...]) -> None:
    for library, number in zip(_libraries().lib_controllers, threads, strict=True):
        library.set_num_threads(number)
        # newer threadpoolctl (3.8) lets only the thread that set a number set the next: here the last holder does.
        release = getattr(library, "clear_controlling_thread", None)
        if release is not None:
            release()


class _Torch:
    """Holders of torch to fewer threads, and its number before."""

    lock = Lock()
    holders = 0
    before = 1
    here = local()


@contextmanager
def torch_threads(most: int) -> Iterator[None]:
    """Hold what this thread computes with torch to ``most`` threads.

    The number belongs to a thread, but a thread that is new to torch takes over the last one set anywhere: what
    comes back is the number before the first of several that overlap.

    Examples
    --------
    >>> with torch_threads(1):
    ...     pass
    """
    import torch

    outside = getattr(_Torch.here, "most", None)
    with _Torch.lock:
        if not _Torch.holders:
            _Torch.before = torch.get_num_threads()
        _Torch.holders += outside is None
        before = _Torch.before
    _Torch.here.most = max(1, min(most, before if outside is None else outside))
    torch.set_num_threads(_Torch.here.most)
    try:
        yield
    finally:
        with _Torch.lock:
            _Torch.holders -= outside is None
        _Torch.here.most = outside
        torch.set_num_threads(outside or before)


def map_parts(work: Callable[[Part], Result], parts: Iterable[Part]) -> Iterator[Result]:
    """Yield ``work(part)`` in order, on as many threads as torch has.

    Each part is computed on one thread.

    An exception, from ``work`` or from who reads the results, drops the parts not yet begun.

    Examples
    --------
    >>> list(map_parts(lambda part: part * 2, [1, 2, 3]))
    [2, 4, 6]
    """
    import torch

    def alone(part: Part) -> Result:
        with torch.inference_mode():
            return work(part)

    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield from pool.map(alone, parts)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def each_block(work: Callable[[slice], None], blocks: Iterable[slice]) -> None:
    """Call ``work`` with blocks of rows, each on one BLAS thread."""
    slices = list(blocks)
    if len(slices) < 2:
        for rows in slices:
            work(rows)
        return
    with one_thread(), ThreadPoolExecutor(min(os.cpu_count() or 1, MAX_BLOCK_THREADS)) as pool:
        for _ in pool.map(work, slices):
            pass


def blocks(n: int, width: int, numbers: int | None = None) -> Iterator[slice]:
    """Slices of ``n`` rows within so many ``numbers``, at ``width`` of them a row."""
    step = max(1, (numbers or NUMBERS_PER_BLOCK) // max(width, 1))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))
