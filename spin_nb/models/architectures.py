"""The networks that come with spin_nb: small, and quick to train on a few hundred labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spin_nb.errors import ModelError

if TYPE_CHECKING:
    import torch

N_HIDDEN = 64


def mlp(shape: tuple[int, ...], n_classes: int) -> torch.nn.Module:
    """Two hidden layers with dropout, for any items.

    Parameters
    ----------
    shape : tuple of int
        Of one item.
    n_classes : int

    Examples
    --------
    >>> mlp((8,), 3)[-1].out_features
    3
    """
    from math import prod

    from torch import nn

    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(prod(shape), N_HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(N_HIDDEN, N_HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(N_HIDDEN, n_classes),
    )


def cnn(shape: tuple[int, ...], n_classes: int) -> torch.nn.Module:
    """Two convolutions and a hidden layer on pictures (channels, height, width), with dropout.

    Parameters
    ----------
    shape : tuple of int
        Of one picture.
    n_classes : int

    Raises
    ------
    ModelError
        Items that are no pictures of 4 x 4 pixels or more, channels first.

    Examples
    --------
    >>> cnn((1, 8, 8), 3)[-1].out_features
    3
    """
    from torch import nn

    if len(shape) != 3 or min(shape[1:]) < 4:
        raise ModelError(
            f"items of shape {shape} are no pictures (channels, height, width) of 4 x 4 or more.",
            "Use model='mlp', or add the axis of channels: pictures[:, None].",
        )
    return nn.Sequential(
        nn.Conv2d(shape[0], 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(32 * 16, N_HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(N_HIDDEN, n_classes),
    )
