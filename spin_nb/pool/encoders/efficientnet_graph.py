"""EfficientNet-Lite0 up to its pooled features, as a torch module of convolutions whose norms are folded in.

This file imports torch: encoders import it only where the network runs.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from spin_nb.pool.encoders.checkpoint import NamedTensors

SIDE, WIDTH = 224, 1280
"""Of the picture, in pixels, and of the features."""
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
"""Kernel, stride of the first block, widening, channels, blocks."""
_STEM = 32
_EPSILON = 1e-3
_CENTRE, _SPAN = 127.0, 128.0


class Weights(NamedTensors):
    """Convolutions made of named arrays.

    Parameters
    ----------
    tensors : mapping of str -> torch.Tensor
    """

    def convolution(
        self, name: str, norm: str, shape: tuple[int, int, int], *, stride: int = 1, groups: int = 1
    ) -> nn.Conv2d:
        """Convolution with its batch norm folded in; ``shape`` is (out, in of a group, kernel).

        A stride of two pads one more behind than before, as TensorFlow does.  A kernel with a row and a column of
        zeros in front says the same with equal padding, which every runtime takes without a node of its own.
        """
        channels, inputs, kernel = shape
        weight, bias = self.fold(name, norm, (channels, inputs, kernel, kernel), _EPSILON)
        if stride > 1:
            weight = functional.pad(weight, (1, 0, 1, 0))
        layer = nn.Conv2d(
            inputs * groups, channels, weight.shape[-1], stride, padding=kernel // 2, groups=groups
        )
        layer.weight.data, layer.bias.data = weight, bias  # type: ignore[union-attr]
        return layer


class Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow; added to what came in where the shapes agree."""

    def __init__(
        self, weights: Weights, at: int, inputs: int, channels: int, kernel: int, stride: int, widening: int
    ) -> None:
        super().__init__()
        start, wide = f"_blocks.{at}", inputs * widening
        self.widen = (
            weights.convolution(f"{start}._expand_conv", f"{start}._bn0", (wide, inputs, 1))
            if widening > 1
            else None
        )
        self.filter = weights.convolution(
            f"{start}._depthwise_conv", f"{start}._bn1", (wide, 1, kernel), stride=stride, groups=wide
        )
        self.narrow = weights.convolution(f"{start}._project_conv", f"{start}._bn2", (channels, wide, 1))
        self.adds = stride == 1 and inputs == channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (b, inputs, h, w) -> (b, channels, h', w')."""
        wide = x if self.widen is None else functional.relu6(self.widen(x))
        narrow: torch.Tensor = self.narrow(functional.relu6(self.filter(wide)))
        return x + narrow if self.adds else narrow


class EfficientNetLiteGraph(nn.Module):
    """Pictures (b, 3, 224, 224) in 0..1 -> features (b, 1280), no less than zero.

    Parameters
    ----------
    tensors : mapping of str -> torch.Tensor
        Named as lukemelas/EfficientNet-PyTorch does; those of the classifier are not needed.

    Raises
    ------
    ValueError
        When one is missing, or has another shape.

    References
    ----------
    Tan & Le 2019, EfficientNet; Liu 2020, EfficientNet-Lite (no squeeze-and-excitation, ReLU6 for swish); Sandler et
    al. 2018, MobileNetV2 (inverted residuals); Jacob et al. 2018, section 3.2 (batch norm folded).
    """

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        weights, blocks, inputs = Weights(tensors), nn.ModuleList(), _STEM
        self.stem = weights.convolution("_conv_stem", "_bn0", (_STEM, 3, 3), stride=2)
        for kernel, stride, widening, channels, count in STAGES:
            for number in range(count):
                step = stride if number == 0 else 1
                blocks.append(Block(weights, len(blocks), inputs, channels, kernel, step, widening))
                inputs = channels
        self.blocks = blocks
        self.head = weights.convolution("_conv_head", "_bn1", (WIDTH, inputs, 1))
        self.eval().requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (b, 1280)."""
        x = functional.relu6(self.stem(x * (255 / _SPAN) - _CENTRE / _SPAN))
        for block in self.blocks:
            x = block(x)
        return functional.relu6(self.head(x)).mean(dim=(2, 3))
