"""Files of torch with weights by name: read without running code, each array checked before it is used.

This file imports torch: encoders import it only where the network runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from spin_nb.words import said_by


def read_checkpoint(file: Path) -> Mapping[str, Any]:
    """Read what a file holds by name; no code in it is run.

    Raises
    ------
    ValueError
        When it is no such file.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "small.pth")
    >>> torch.save({"weight": torch.ones(2)}, file)
    >>> read_checkpoint(file)
    {'weight': tensor([1., 1.])}
    """
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as problem:  # of a file that is something else, torch raises anything
        raise ValueError(said_by(problem, 100)) from None
    if not isinstance(tensors, Mapping):
        raise ValueError(f"it holds a {type(tensors).__name__}, no arrays by name")
    return tensors


class NamedTensors:
    """Arrays of a checkpoint by name.

    Parameters
    ----------
    tensors : mapping of str -> torch.Tensor

    Examples
    --------
    >>> NamedTensors({"weight": torch.ones(2, 3)}).take("weight", (None, 3)).shape
    torch.Size([2, 3])
    """

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        self._tensors = tensors

    def take(self, name: str, shape: tuple[int | None, ...]) -> torch.Tensor:
        """Array of a name and a shape, float32; None in a shape is any length.

        Raises
        ------
        ValueError
            When there is none, or it is of another shape, or not finite.
        """
        tensor = self._tensors.get(name)
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"it has no {name!r}")
        lengths = tuple(tensor.shape)
        sides_fit = (side in (None, length) for side, length in zip(shape, lengths, strict=False))
        if len(lengths) != len(shape) or not all(sides_fit):
            sides = ", ".join("n" if side is None else str(side) for side in shape)
            raise ValueError(f"{name!r} is of shape {lengths}, not ({sides})")
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{name!r} holds NaN or infinity")
        return tensor.float()

    def norm(self, name: str, channels: int, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Factor and summand, (channels,) each, that a batch norm comes to when it no longer learns.

        Raises
        ------
        ValueError
            See :meth:`take`.
        """
        weight, bias, mean, variance = (
            self.take(f"{name}.{part}", (channels,))
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / torch.sqrt(variance + epsilon)
        return scale, bias - mean * scale

    def fold(
        self, name: str, norm: str, shape: tuple[int | None, int, int, int], epsilon: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Weight and bias of a convolution with its batch norm folded in; it has no bias of its own.

        Raises
        ------
        ValueError
            See :meth:`take`.

        References
        ----------
        Jacob et al. 2018, section 3.2.
        """
        weight = self.take(f"{name}.weight", shape)
        scale, shift = self.norm(norm, len(weight), epsilon)
        return weight * scale[:, None, None, None], shift
