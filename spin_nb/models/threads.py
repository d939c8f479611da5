"""One BLAS thread for our small matrices.

A label is milliseconds of matrix work.  With BLAS's own threads, the training thread and the person's cell beside
it, those threads wait for each other: 308 ms against 7 ms for one query at 60,000 items, measured on two busy cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401  brings a BLAS of its own, which must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS to one thread; the number before comes back when the last of several threads leaves.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    with _libraries().limit(limits=1):
        yield


@contextmanager
def leaving_a_core() -> Iterator[None]:
    """Let torch use all cores but one in this thread: a person labels while a network trains."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(max(1, before - 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)
