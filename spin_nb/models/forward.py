"""Forward passes of a network, a chunk at a time: items in, what its last layer is given out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.bayes._checks import check_inputs
from spin_nb.bayes._device import beside
from spin_nb.bayes._train import checked_logits
from spin_nb.errors import ModelError
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

ITEMS_PER_BATCH = 256  # that go through the network at once


def read_inputs(
    inputs: Any, start: int = 0, stop: int | None = None, *, shape: tuple[int, ...] | None = None
) -> Float:
    """Read a run of items of an array or a torch Dataset, as float32 (n, ...).

    Raises
    ------
    ModelError
        Items that are no numbers, of different shapes, or not finite.
    """
    if isinstance(inputs, np.ndarray):
        return check_inputs(inputs[start:stop], shape=shape)
    import torch

    if isinstance(inputs, torch.Tensor):
        return check_inputs(inputs[start:stop].detach().cpu().numpy(), shape=shape)
    if not (hasattr(inputs, "__getitem__") and hasattr(inputs, "__len__")):
        raise ModelError(
            f"{type(inputs).__name__} holds no items that can be looked up.",
            "Pass an array, or a torch Dataset with a length.",
        )
    rows = range(start, min(len(inputs), len(inputs) if stop is None else stop))
    items = [inputs[row] for row in rows]
    arrays = [np.asarray(item[0] if isinstance(item, (tuple, list)) else item) for item in items]
    if len({array.shape for array in arrays}) > 1:
        raise ModelError(
            f"items of the data set have different shapes: {sorted({a.shape for a in arrays})[:3]}.",
            "Resize them in the data set's transform.",
        )
    empty = np.empty((0, *(shape or (0,))), np.float32)
    return check_inputs(np.stack(arrays) if arrays else empty, shape=shape)


def last_layer_inputs(net: torch.nn.Module, inputs: Float, n_classes: int) -> Float:
    """Compute what the last linear layer is given (n, width), chunk by chunk.

    Raises
    ------
    ModelError
        The network does not end in a linear layer.
    """
    import torch

    linear = [module for module in net.modules() if isinstance(module, torch.nn.Linear)]
    calls: list[tuple[torch.Tensor, torch.Tensor]] = []
    handles = [
        layer.register_forward_hook(lambda _, arguments, out: calls.append((arguments[0], out)))
        for layer in linear
    ]
    parts, before = [], net.training
    try:
        net.eval()
        with torch.no_grad():
            for start in range(0, max(len(inputs), 1), ITEMS_PER_BATCH):
                calls.clear()
                out = checked_logits(net, beside(net, inputs[start : start + ITEMS_PER_BATCH]), n_classes)
                if not calls or calls[-1][1].shape != out.shape or not _same(calls[-1][1], out):
                    raise ModelError(
                        f"the last layer of {type(net).__name__} is not linear.",
                        "Let it end in torch.nn.Linear; leave out what comes after it.",
                    )
                parts.append(calls[-1][0].float().cpu().numpy())
    finally:
        net.train(before)
        for handle in handles:
            handle.remove()
    return np.concatenate(parts)


def weights(net: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """Copy weights and buffers, by their names."""
    tensors = {
        name: value.detach().cpu() for name, value in net.state_dict().items() if hasattr(value, "detach")
    }
    # numpy knows no bfloat16
    return {
        name: np.array((v.float() if str(v.dtype) == "torch.bfloat16" else v).numpy())
        for name, v in tensors.items()
    }


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal, NaN included: whether they are finite is told where the loss is taken."""
    return bool(((a == b) | (a.isnan() & b.isnan())).all())
