"""A core for the person: torch's threads while a network trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
