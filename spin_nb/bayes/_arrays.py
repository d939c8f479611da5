"""A posterior as plain arrays: numbers, and words as JSON; never code, never pickle."""

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


def pack_words(**words: object) -> Arrays:
    """Pack settings into one array of bytes.

    Examples
    --------
    >>> unpack_words(pack_words(hidden=8, p=0.5))
    {'hidden': 8, 'p': 0.5}
    """
    return {"words": np.frombuffer(json.dumps(words).encode(), np.uint8)}


def unpack_words(arrays: Arrays) -> dict[str, Any]:
    """Unpack the settings of :func:`pack_words`."""
    words: dict[str, Any] = json.loads(arrays["words"].tobytes())
    return words


def of_network(net: torch.nn.Module) -> Arrays:
    """Pack weights and buffers of a network, under ``net.``."""
    return {NET + name: np.array(value.detach().cpu().numpy()) for name, value in net.state_dict().items()}


def one_layer(arrays: Arrays, *, dropout: float = 0.0) -> torch.nn.Sequential:
    """Rebuild the network of :func:`of_network`.

    Its sizes are among the words.

    Raises
    ------
    ModelError
        It was a person's own: code, which arrays do not hold.
    """
    import torch

    from spin_nb.bayes._train import mlp

    words = unpack_words(arrays)
    if words["net"] is not None:
        raise ModelError(
            f"its network ({words['net']}) is code of your own, which arrays do not hold.",
            "Fit it again with that network.",
        )
    state = {
        name.removeprefix(NET): torch.from_numpy(np.array(array))
        for name, array in arrays.items()
        if name.startswith(NET)
    }
    net = mlp(words["shape"][0], words["n_classes"], n_hidden=words["hidden"], dropout=dropout)
    net.load_state_dict(state)
    return net.eval()
