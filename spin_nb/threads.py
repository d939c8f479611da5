"""One thread for small matrices; and steps that no interrupt may part.

A label is milliseconds of matrix work.  With BLAS's own threads, the training thread and the person's cell beside
it, those threads wait for each other: 308 ms against 7 ms for one query at 60,000 items, measured on two busy cores.
Torch's threads do so too: a head of one hidden layer on 60 labels took 20 s of both cores, and .6 s of one.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, current_thread, local, main_thread
from typing import Any


class _Held:
    """How many hold BLAS to one thread, and the numbers before."""

    lock = Lock()
    holders = 0
    before: tuple[int, ...] = ()


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
            libraries = _libraries().lib_controllers
            _Held.before = tuple(library.num_threads for library in libraries)
            _set((1,) * len(libraries))
        _Held.holders += 1
    try:
        yield
    finally:
        with _Held.lock:
            _Held.holders -= 1
            if not _Held.holders:
                _set(_Held.before)


def _set(threads: tuple[int, ...]) -> None:
    for library, number in zip(_libraries().lib_controllers, threads, strict=True):
        library.set_num_threads(number)
        # newer threadpoolctl (3.8) lets only the thread that set a number set the next: here the last holder does.
        release = getattr(library, "clear_controlling_thread", None)
        if release is not None:
            release()


class _Torch:
    """How many threads hold torch to fewer, its number before, and how deep this thread is in it."""

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


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and the notebook's stop button until the block has ended.

    For what is on disk already and must now be done in memory, too.  Python interrupts its main thread only.

    Examples
    --------
    >>> with undisturbed():
    ...     pass
    """
    before = signal.getsignal(signal.SIGINT) if current_thread() is main_thread() else None
    if not callable(before):  # another thread, ignored, or not Python's to handle
        yield
        return
    caught: list[Any] = []
    signal.signal(signal.SIGINT, lambda number, frame: caught.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if caught:
            before(*caught[0])
