"""The encoders as torch modules, for the exported graph: operations of ONNX opset 16 that TensorRT 8.5 reads.

This file imports torch: encoders import it only inside ``module()``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from spin_nb.errors import PoolError
from spin_nb.pool.encoders.outliers import LARGEST, LINEAR_RANGE


def constant(array: NDArray[Any]) -> torch.Tensor:
    """Copy an array into a float32 tensor."""
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


class PixelsGraph(torch.nn.Module):
    """Flatten, centre and project pictures.

    It takes (b, c, h, w) in 0..1 and gives (b, d).
    """

    mean: torch.Tensor
    components: torch.Tensor

    def __init__(self, mean: NDArray[Any], components: NDArray[Any]) -> None:
        super().__init__()
        self.register_buffer("mean", constant(mean))
        self.register_buffer("components", constant(components))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, d)."""
        return torch.matmul(torch.flatten(x, 1) - self.mean, self.components)


class ProjectedGraph(torch.nn.Module):
    """Centre and project what another module gives.

    It takes the input of that, whose features are (b, D), and gives (b, d).

    Parameters
    ----------
    features : torch.nn.Module
    mean : float32 (D,)
    axes : float32 (D, d)
    """

    def __init__(self, features: torch.nn.Module, mean: NDArray[Any], axes: NDArray[Any]) -> None:
        super().__init__()
        self.features = features
        self.project = PixelsGraph(mean, axes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, d)."""
        return self.project(self.features(x))


class Descriptor(torch.nn.Module):
    """Describe pictures by gradients and colours.

    It takes (b, 3, 64, 64) in 0..1 and gives (b, 440): oriented gradients on a 7 x 7 grid, colours on a 4 x 4 grid.

    Convolutions take no padding and cells fit the picture exactly, so no Pad node enters the graph.
    """

    directions = 8
    narrowing = 0.7
    kernels: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        angles = torch.arange(self.directions) * (2 * torch.pi / self.directions)
        kernels = torch.cos(angles)[:, None, None] * sobel + torch.sin(angles)[:, None, None] * sobel.T
        self.register_buffer("kernels", (kernels / 3)[:, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return descriptors (b, 440)."""
        slopes = functional.conv2d(torch.sum(x, dim=1, keepdim=True), self.kernels)
        energy = torch.sum(slopes * slopes, dim=1, keepdim=True) * (2 / self.directions)
        slopes_by_direction = functional.relu(slopes - self.narrowing * torch.sqrt(energy + 1e-8))
        cells = torch.sqrt(torch.flatten(functional.avg_pool2d(slopes_by_direction, 14, 8), 1) + 1e-6)
        length = torch.sqrt(torch.sum(cells * cells, dim=1, keepdim=True))
        colours = torch.flatten(functional.avg_pool2d(x, 16), 1) * (0.5 / 48**0.5)
        return torch.cat([cells / length, colours], dim=1)


class PhotoGraph(torch.nn.Module):
    """Describe, centre and project pictures.

    It takes (b, 3, 64, 64) in 0..1 and gives (b, d).
    """

    def __init__(self, mean: NDArray[Any], components: NDArray[Any]) -> None:
        super().__init__()
        self.descriptor = Descriptor()
        self.project = PixelsGraph(mean, components)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, d)."""
        return self.project(self.descriptor(x))


class ColumnsGraph(torch.nn.Module):
    """Draw in what is far out, centre and scale columns.

    It takes and gives (b, p).

    Parameters
    ----------
    mean, scale : float32 (p,)
    centre, spread : float32 (p,), optional
        Median and robust standard deviation; without them nothing is drawn in.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    centre: torch.Tensor
    spread: torch.Tensor

    def __init__(
        self,
        mean: NDArray[Any],
        scale: NDArray[Any],
        centre: NDArray[Any] | None = None,
        spread: NDArray[Any] | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", constant(mean))
        self.register_buffer("scale", constant(scale))
        self.draws_in = centre is not None and spread is not None
        if centre is not None and spread is not None:
            self.register_buffer("centre", constant(centre))
            self.register_buffer("spread", constant(spread))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, p)."""
        if self.draws_in:
            x = torch.clamp((x - self.centre) / self.spread, -LARGEST, LARGEST)
            above = torch.log(1 + functional.relu(x / LINEAR_RANGE - 1))
            below = torch.log(1 + functional.relu(-x / LINEAR_RANGE - 1))
            x = torch.clamp(x, -LINEAR_RANGE, LINEAR_RANGE) + LINEAR_RANGE * (above - below)
        return (x - self.mean) / self.scale


class WordsGraph(torch.nn.Module):
    """Weigh and project counts of words.

    It takes (b, V) and gives (b, d): square root, idf weights, project, unit length.
    """

    idf: torch.Tensor
    components: torch.Tensor

    def __init__(self, idf: NDArray[Any], components: NDArray[Any]) -> None:
        super().__init__()
        self.register_buffer("idf", constant(idf))
        self.register_buffer("components", constant(components))

    def forward(self, counts: torch.Tensor) -> torch.Tensor:
        """Return features (b, d).

        A text without a known word is the zero vector.
        """
        components = torch.matmul(torch.sqrt(counts) * self.idf, self.components)
        return components / torch.sqrt(torch.sum(components * components, dim=1, keepdim=True) + 1e-12)


class SideBySideGraph(torch.nn.Module):
    """Give each of several graphs its columns of the input.

    It takes (b, D) and gives (b, d), what the graphs give, side by side.

    Parameters
    ----------
    graphs : sequence of torch.nn.Module
    shapes : sequence of tuple of int
        Of one item, as each graph takes it.
    """

    def __init__(self, graphs: Sequence[torch.nn.Module], shapes: Sequence[tuple[int, ...]]) -> None:
        super().__init__()
        self.graphs = torch.nn.ModuleList(graphs)
        self.shapes = [tuple(shape) for shape in shapes]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, d)."""
        columns = torch.split(x, [prod(shape) for shape in self.shapes], dim=1)
        features = [
            graph(torch.reshape(part, (-1, *shape)))
            for graph, part, shape in zip(self.graphs, columns, self.shapes, strict=True)
        ]
        return torch.cat(features, dim=1)


class LayerGraph(torch.nn.Module):
    """Input of a network -> what one of its layers gives, (b, d): flattened, or averaged over positions.

    The network runs no further than the layer.

    Parameters
    ----------
    net : torch.nn.Module
        Kept, and set to evaluation.
    layer : str
        As ``net.named_modules()`` calls it.
    """

    def __init__(self, net: torch.nn.Module, layer: str) -> None:
        super().__init__()
        self.net = net.eval()
        # The value travels with the exception, so that calls on several threads cannot mix theirs up.
        net.get_submodule(layer).register_forward_hook(_leave)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, d).

        Raises
        ------
        PoolError
            When the network does not call the layer, or it gives no tensor (b, ...).
        """
        try:
            self.net(x)
        except _LayerOutput as reached:
            output = reached.value
        else:
            raise PoolError("the network does not call this layer.", "Name one that its forward() calls.")
        if not isinstance(output, torch.Tensor) or output.ndim < 2:
            raise PoolError("the layer gives no tensor with one row an item.", "Name another layer.")
        return output.mean(dim=tuple(range(2, output.ndim))) if output.ndim > 3 else torch.flatten(output, 1)


class _LayerOutput(BaseException):  # no Exception: the network's own code may catch those
    def __init__(self, value: object) -> None:
        self.value = value


def _leave(module: torch.nn.Module, inputs: object, out: object) -> None:
    raise _LayerOutput(out[0] if isinstance(out, (tuple, list)) else out)
