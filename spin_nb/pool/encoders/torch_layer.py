"""What a layer of a person's torch network gives, as features."""

from __future__ import annotations

import copy
import difflib
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spin_nb.bayes._device import pick
from spin_nb.errors import PoolError
from spin_nb.pool.encoders.from_model import FromModel
from spin_nb.pool.encoders.onnx_export import export_features
from spin_nb.pool.inputs.spec import InputSpec, Prepare, Size, infer_input_spec, sides
from spin_nb.pool.onnx.graph import OnnxGraph
from spin_nb.types import Float
from spin_nb.words import shown

if TYPE_CHECKING:
    import torch

_ROWS = 32
_MAX_NAMES_LISTED = 10


class TorchLayer(FromModel):
    """Features from a named layer of a torch network.

    The network is copied as it is now and runs in evaluation mode, no further than the layer; the person's own stays
    untouched.  Output with more than three axes (b, c, h, w) is averaged over positions, any other flattened; features
    are what is left when their mean over the pool is taken off.

    Parameters
    ----------
    net : torch.nn.Module
        Takes pictures (b, c, h, w) in [0, 1], vectors (b, d), or what ``prepare`` makes.
    layer : str
        As ``net.named_modules()`` calls it.
    size : int, (h, w) or (c, h, w), optional
        Of the pictures; by default the pool's commonest, at most 64 a side, with the channels of the first
        convolution.
    prepare : callable, optional
        Function of a list of loaded items that returns the network's input (n, ...): for a normalisation of its own.
    device : str
        "auto": a CUDA device where there is one, else the CPU.

    Raises
    ------
    PoolError
        When the network has no such layer, with the closest names.
    ModelError
        When there is no such device.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.Flatten())
    >>> pictures = list(np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8))
    >>> TorchLayer(net, "1").fit(pictures).encode(pictures).shape
    (6, 4)
    """

    own_code = True

    def __init__(
        self,
        net: torch.nn.Module,
        layer: str,
        *,
        size: Size = None,
        prepare: Prepare | None = None,
        device: str | torch.device = "auto",
    ) -> None:
        from spin_nb.pool.encoders.torch_modules import LayerGraph

        _check(net, layer)
        self.name = f"layer {layer} of {type(net).__name__}"
        c, h, w = sides(size)
        self._size = c or _channels(net), h, w
        self._device = pick(device)
        try:
            digest = _digest(net)
            self._graph = LayerGraph(copy.deepcopy(net), layer).eval().to(self._device)
        except Exception as problem:  # a person's own network raises anything
            reason = (str(problem).splitlines() or [""])[0]
            raise PoolError(
                f"{type(net).__name__} cannot be used: {reason:.200}.",
                "Pass a network that copy.deepcopy can copy, after its first forward().",
            ) from problem
        super().__init__(prepare, {"layer": layer, "size": list(self._size), "network": digest})

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the network, float32 (n, ...)."""
        return self._require_spec()(items)

    def _learn(self, items: Sequence[Any]) -> InputSpec:
        return infer_input_spec(items, size=self._size, prepare=self._prepare)

    def _run(self, inputs: Float) -> Float:
        import torch

        # An empty call too learns the width, from an item of zeros.
        tensor = torch.from_numpy(inputs if len(inputs) else np.zeros((1, *inputs.shape[1:]), np.float32))
        tensor, kind = tensor.to(self._device), self._kind()
        parts = [self._through(tensor[at : at + _ROWS].to(kind)) for at in range(0, len(tensor), _ROWS)]
        return np.concatenate(parts)[: len(inputs)]

    def _kind(self) -> torch.dtype:
        """Type of the numbers the network takes."""
        import torch

        parts = self._graph.modules()
        first = next((part for part in parts if next(part.parameters(recurse=False), None) is not None), None)
        if isinstance(first, torch.nn.Embedding):
            return torch.long
        return next((p.dtype for p in self._graph.parameters() if p.is_floating_point()), torch.float32)

    def _through(self, tensor: torch.Tensor) -> Float:
        import torch

        try:
            with torch.inference_mode():
                output: Float = self._graph(tensor).float().cpu().numpy()
        except PoolError as problem:
            raise PoolError(f"{self.name}: {problem.what}", problem.do) from None
        except Exception as problem:  # a person's own network raises anything
            reason = (str(problem).splitlines() or [""])[0]
            raise PoolError(
                f"{self.name} failed on input {tuple(tensor.shape)}: {type(problem).__name__}: {reason:.300}.",
                "Pass size=(c, h, w) as the network was trained on, or prepare=, a function items -> its input.",
            ) from problem
        return output

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        return self._require_spec().describe()

    def module(self) -> torch.nn.Module:
        """torch.nn.Module, on the CPU, from input to features."""
        import torch

        from spin_nb.pool.encoders.torch_modules import ColumnsGraph

        self._require_spec()
        centre = ColumnsGraph(self._mean, np.ones_like(self._mean))
        return torch.nn.Sequential(copy.deepcopy(self._graph).float().cpu(), centre).eval()

    def to_onnx(self) -> tuple[bytes, str] | None:
        """An ONNX model of the layer, and the name of its output; None where there is none that gives the same numbers.

        It stands in for the network when the project is opened by its path alone.
        """
        import torch

        form = self._require_spec()
        if self._prepare is not None:
            return None
        example = torch.rand(3, *form.shape, generator=torch.Generator().manual_seed(0))
        try:
            content = export_features(copy.deepcopy(self._graph).float().cpu(), example)
            again = OnnxGraph(content, "network").run(["features"], example.numpy())[0]
        except Exception:  # what torch cannot trace it refuses with errors of many kinds
            return None
        same = np.allclose(self._run(example.numpy()), again, rtol=1e-3, atol=1e-4)
        return (content, "features") if same else None


def _check(net: object, layer: object) -> None:
    import torch

    if not isinstance(net, torch.nn.Module):
        raise PoolError(f"a {type(net).__name__} is no torch network.", "Pass a torch.nn.Module.")
    names = [name for name, _ in net.named_modules() if name]
    if layer in names:
        return
    close = difflib.get_close_matches(str(layer), names, n=4, cutoff=0.3)
    candidates = list(dict.fromkeys([*close, *(name for name, _ in net.named_children()), *reversed(names)]))
    raise PoolError(
        f"{type(net).__name__} has no layer {shown(layer)}.",
        f"Use one of {', '.join(map(repr, candidates[:_MAX_NAMES_LISTED]))}; "
        f"net.named_modules() lists all {len(names)}.",
    )


def _channels(net: torch.nn.Module) -> int | None:
    """Channels of pictures that the first convolution takes, where it is one of grey or RGB."""
    import torch

    first = next((part for part in net.modules() if isinstance(part, torch.nn.Conv2d)), None)
    return first.in_channels if first is not None and first.in_channels in (1, 3) else None


def _digest(net: Any) -> str:
    """sha256 of structure and weights.

    Another network, or the same one trained further, is another encoder.
    """
    import torch

    digest = hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", repr(net)).encode())
    for name, tensor in [*net.named_parameters(), *net.named_buffers()]:
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
