"""A core for the person: torch's threads while a network trains."""

from __future__ import annotations

from contextlib import AbstractContextManager

from spin_nb.threads import torch_threads


def leaving_a_core() -> AbstractContextManager[None]:
    """Let torch use all cores but one in this thread: a person labels while a network trains."""
    import torch

    return torch_threads(torch.get_num_threads() - 1)
