"""Files of torch with weights by name: read without running code, each array checked before it is used.

This file imports torch: encoders import it only where the network runs.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import torch

from spin_nb.errors import PoolError, SpinError
from spin_nb.io import open_regular
from spin_nb.pool.encoders.weights_file import OBJECTS, content_in_words, reading_weights

Net = TypeVar("Net")


def read_checkpoint(file: Path) -> Mapping[str, Any]:
    """Read what a file holds by name; no code in it is run.

    Raises
    ------
    ValueError
        When it is no such file, with what it is instead.
    PoolError
        When the system does not let it be read.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "small.pth")
    >>> torch.save({"weight": torch.ones(2)}, file)
    >>> read_checkpoint(file)
    {'weight': tensor([1., 1.])}
    """
    with reading_weights(file):
        open_regular(file).close()
    try:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # of a file that is something else, torch raises anything, in words about itself
        there = _archive_in_words(file) or content_in_words(file)
        raise ValueError(f"a file of torch.save with arrays by name is expected, and {there}") from None
    if not isinstance(tensors, Mapping):
        raise ValueError(
            f"a file of torch.save with arrays by name is expected, and it holds a {type(tensors).__name__}"
        )
    return tensors


def load_network(file: Path, build: Callable[[Mapping[str, Any]], Net], model: str, origin: str) -> Net:
    """Network built from what a file holds by name.

    Parameters
    ----------
    file : Path
    build : callable
        Mapping of name -> tensor -> network; raises ValueError with what is wrong with the tensors.
    model, origin : str
        What it should be, and where it comes from, for messages.

    Raises
    ------
    PoolError
    """
    try:
        return build(read_checkpoint(file))
    except SpinError:
        raise
    except ValueError as problem:
        raise PoolError(
            f"{file.name!r} does not hold the weights of {model}: {problem}.", f"Pass {origin}."
        ) from None


def _archive_in_words(file: Path) -> str:
    """Clause on an archive of torch.save that cannot be loaded; "" where it is none."""
    with suppress(Exception), zipfile.ZipFile(file) as archive:  # a damaged one raises anything
        if any(name.endswith("data.pkl") for name in archive.namelist()):
            return OBJECTS if archive.testzip() is None else "it is damaged"
    return ""


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
            When there is none, or it is of another shape or kind, or not finite.
        """
        tensor = self._tensors.get(name)
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"it has no {name!r}")
        _check_kind(name, tensor)
        lengths = tuple(tensor.shape)
        sides_fit = (side in (None, length) for side, length in zip(shape, lengths, strict=False))
        if len(lengths) != len(shape) or not all(sides_fit):
            sides = ", ".join("n" if side is None else str(side) for side in shape)
            raise ValueError(f"{name!r} is of shape {lengths}, not ({sides})")
        if tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size() or not tensor.numel():
            raise ValueError(f"{name!r} is of shape {lengths}, and not all of its numbers are stored")
        return _check_finite(name, tensor.detach().float())

    def norm(self, name: str, channels: int, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Factor and summand, (channels,) each, that a batch norm comes to when it no longer learns.

        Raises
        ------
        ValueError
            See :meth:`take`; also a variance below zero.
        """
        weight, bias, mean, variance = (
            self.take(f"{name}.{part}", (channels,))
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        if (variance < 0).any():
            raise ValueError(f"'{name}.running_var', which is a variance, is below zero")
        scale = weight / torch.sqrt(variance + epsilon)
        return _check_finite(name, scale), _check_finite(name, bias - mean * scale)

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
        return _check_finite(f"{name}.weight", weight * scale[:, None, None, None]), shift


def _check_kind(name: str, tensor: torch.Tensor) -> None:
    """Refuse whatever is no plain array of real numbers in memory.

    Raises
    ------
    ValueError
    """
    if tensor.layout != torch.strided or tensor.is_nested:
        raise ValueError(f"{name!r} is a sparse array, not a plain one")
    if tensor.is_quantized or tensor.is_meta or not tensor.is_floating_point():
        kind = "an array without numbers" if tensor.is_meta else str(tensor.dtype).removeprefix("torch.")
        raise ValueError(f"{name!r} is {kind}, not floating-point numbers")


def _check_finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself, where all of it is finite.

    Raises
    ------
    ValueError
    """
    if not torch.isfinite(tensor).all():
        raise ValueError(f"{name!r} holds NaN or infinity")
    return tensor
