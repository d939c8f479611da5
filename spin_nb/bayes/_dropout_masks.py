"""Dropout by masks of our own: seeded apart from torch's random numbers, and the same for all items if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def dropout_layers(net: torch.nn.Module) -> list[Any]:
    """List the dropout layers whose masks we can draw: Dropout, 1d, 2d, 3d."""
    from torch import nn

    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
    return [module for module in net.modules() if isinstance(module, kinds)]


@contextmanager
def dropout_masks(net: torch.nn.Module, generator: torch.Generator, *, is_shared: bool) -> Iterator[None]:
    """Drop units although the layers are in eval mode.

    Parameters
    ----------
    generator : torch.Generator
        Masks are drawn from it in the order in which the layers are called.
    is_shared : bool
        One mask for all items of a batch: the network is one function while the generator's state is the same.
    """
    handles = [
        layer.register_forward_hook(_mask_hook(generator, is_shared=is_shared))
        for layer in dropout_layers(net)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _mask_hook(generator: torch.Generator, *, is_shared: bool) -> Callable[..., torch.Tensor]:
    import torch

    def hook(layer: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        keep_probability = 1.0 - float(layer.p)
        if keep_probability == 1.0:
            return output
        shape = list(output.shape)
        if not isinstance(layer, torch.nn.Dropout):  # whole channels
            shape[2:] = [1] * len(shape[2:])
        if is_shared:
            shape[0] = 1
        mask = torch.empty(shape).bernoulli_(keep_probability, generator=generator) / max(
            keep_probability, 1e-12
        )
        return output * mask.to(output)

    return hook
