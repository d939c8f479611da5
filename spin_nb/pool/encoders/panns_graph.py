"""PANNs CNN14 up to its embedding, as a torch module of convolutions whose norms are folded in.

This file imports torch: encoders import it only where the network runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from spin_nb.pool.encoders.checkpoint import NamedTensors

RATE, WINDOW, HOP, BANDS = 32_000, 1024, 320, 64
"""Samples a second, samples a window, samples between windows, mel bands."""
BLOCKS = 6
_BINS = WINDOW // 2 + 1
_LEAST_POWER = 1e-10
_EPSILON = 1e-5


class Block(nn.Module):
    """Two convolutions of 3 x 3, each with its norm and a rectifier.

    Parameters
    ----------
    tensors : NamedTensors
    name : str
        Of the block.
    inputs : int
        Maps that come in.

    Attributes
    ----------
    channels : int
        Maps that go out, as many as the first convolution has.
    """

    def __init__(self, tensors: NamedTensors, name: str, inputs: int) -> None:
        super().__init__()
        self.first = _convolution(tensors, f"{name}.conv1", f"{name}.bn1", (None, inputs, 3, 3))
        self.channels = self.first.out_channels
        both = (self.channels, self.channels, 3, 3)
        self.second = _convolution(tensors, f"{name}.conv2", f"{name}.bn2", both)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Maps (b, inputs, t, m) -> (b, channels, t, m)."""
        return functional.relu(self.second(functional.relu(self.first(x))))


class PANNsGraph(nn.Module):
    """Sounds (b, n) at 32 kHz, n of 32,000 at least -> embedding (b, d), no less than zero.

    Log-mel spectrogram in decibels, its bands normed; six blocks of convolutions, the maps halved by their mean after
    each but the last; mean over bands, largest plus mean over time, a layer.

    Parameters
    ----------
    tensors : mapping of str -> torch.Tensor
        Named as qiuqiangkong/audioset_tagging_cnn does; those of the classifier are not needed.  How many maps each
        block has is as they say.

    Raises
    ------
    ValueError
        When one is missing, or has another shape.

    References
    ----------
    Kong et al. 2020, PANNs: Large-Scale Pretrained Audio Neural Networks for Audio Pattern Recognition; Jacob et al.
    2018, section 3.2 (batch norm folded).
    """

    fourier: torch.Tensor
    mel: torch.Tensor
    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        super().__init__()
        weights, blocks, channels = NamedTensors(tensors), nn.ModuleList(), 1
        waves = [
            weights.take(f"spectrogram_extractor.stft.conv_{part}.weight", (_BINS, 1, WINDOW))
            for part in ("real", "imag")
        ]
        self.register_buffer("fourier", torch.cat(waves)[:, 0].T.contiguous())
        self.register_buffer("mel", weights.take("logmel_extractor.melW", (_BINS, BANDS)))
        scale, shift = weights.norm("bn0", BANDS, _EPSILON)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)
        for number in range(1, BLOCKS + 1):
            block = Block(weights, f"conv_block{number}", channels)
            blocks.append(block)
            channels = block.channels
        self.blocks = blocks
        weight = weights.take("fc1.weight", (None, channels))
        self.embed = nn.Linear(channels, len(weight), device="meta")
        self.embed.weight = nn.Parameter(weight)
        self.embed.bias = nn.Parameter(weights.take("fc1.bias", (len(weight),)))
        self.eval().requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return embeddings (b, d)."""
        x = self._log_mel(x)[:, None]
        for block in self.blocks[:-1]:
            x = functional.avg_pool2d(block(x), 2)
        x = self.blocks[-1](x).mean(dim=3)
        return functional.relu(self.embed(x.amax(dim=2) + x.mean(dim=2)))

    def _log_mel(self, x: torch.Tensor) -> torch.Tensor:
        """Bands in decibels, normed, (b, t, BANDS).

        Windows times waves are a product of matrices: unlike a convolution's, a GPU does not round its factors, and
        bands far below the loudest keep their level.
        """
        samples = functional.pad(x[:, None], (WINDOW // 2, WINDOW // 2), mode="reflect")[:, 0]
        real, imaginary = (samples.unfold(1, WINDOW, HOP) @ self.fourier).chunk(2, dim=2)
        power = (real**2 + imaginary**2) @ self.mel
        return 10 * torch.log10(power.clamp(min=_LEAST_POWER)) * self.scale + self.shift


def _convolution(
    tensors: NamedTensors, name: str, norm: str, shape: tuple[int | None, int, int, int]
) -> nn.Conv2d:
    """Convolution with its norm folded in, as large as what it is given; "meta" draws no weights to begin with."""
    weight, bias = tensors.fold(name, norm, shape, _EPSILON)
    layer = nn.Conv2d(weight.shape[1], len(weight), 3, padding=1, device="meta")
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer
