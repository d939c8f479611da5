"""What a posterior is made of as plain arrays: numbers, and words as JSON; never code, never pickle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError

if TYPE_CHECKING:
    import torch

Arrays = dict[str, NDArray[Any]]
NET = "net."


def packed(**words: Any) -> Arrays:
    """Settings as one array of bytes.

    Examples
    --------
    >>> unpacked(packed(hidden=8, p=0.5))
    {'hidden': 8, 'p': 0.5}
    """
    return {"words": np.frombuffer(json.dumps(words).encode(), np.uint8)}


def unpacked(arrays: Arrays) -> dict[str, Any]:
    """What :func:`packed` holds."""
    found: dict[str, Any] = json.loads(arrays["words"].tobytes())
    return found


def of_network(net: torch.nn.Module) -> Arrays:
    """Weights and buffers of a network under ``net.``."""
    return {NET + name: np.array(value.detach().cpu()) for name, value in net.state_dict().items()}


def one_layer(arrays: Arrays, *, dropout: float = 0.0) -> torch.nn.Sequential:
    """The network with one hidden layer that :func:`of_network` was given, its sizes among the words.

    Raises
    ------
    ModelError
        It was a person's own: code, which arrays do not hold.
    """
    import torch

    from spin_nb.bayes._train import mlp

    words = unpacked(arrays)
    if words["net"] is not None:
        raise ModelError(
            f"its network ({words['net']}) is code of your own, which arrays do not hold.",
            "Fit it again with that network.",
        )
    held = {
        name.removeprefix(NET): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(NET)
    }
    net = mlp(words["shape"][0], words["n_classes"], hidden=words["hidden"], dropout=dropout)
    net.load_state_dict(held)
    return net.eval()
