"""The exported model as a torch module: operations of ONNX opset 16 that TensorRT 8.5 reads.

This file imports torch: import it only inside functions.
"""

from __future__ import annotations

from math import pi
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from spin_nb.export.head_terms import HeadTerms

MIN_PROBABILITY = 1e-30
"""Probabilities below it add nothing to an entropy; the notebook cuts there too."""


class BundleModule(torch.nn.Module):
    """Encoder and linear head with its uncertainty.

    It maps prepared input (b, ...) to probs (b, C), epistemic (b,) in nats, logits (b, C).

    Parameters
    ----------
    encoder : torch.nn.Module
        Prepared input -> features (b, d).
    terms : HeadTerms
        The linear head's posterior.
    """

    weight: torch.Tensor
    bias: torch.Tensor
    rotation: torch.Tensor
    spread: torch.Tensor
    bias_spread: torch.Tensor
    classes: torch.Tensor
    contrasts: torch.Tensor
    noise: torch.Tensor
    tiny: torch.Tensor

    def __init__(self, encoder: torch.nn.Module, terms: HeadTerms) -> None:
        super().__init__()
        self.encoder = encoder
        constants = {
            "weight": terms.weight.T,
            "bias": terms.bias,
            "rotation": terms.rotation,
            "spread": terms.spread,
            "bias_spread": terms.bias_spread,
            "classes": terms.classes.T,
            "contrasts": terms.contrasts[:, None],
            "noise": terms.noise,
            "tiny": np.array(MIN_PROBABILITY),
        }
        for name, array in constants.items():
            self.register_buffer(name, torch.from_numpy(np.array(array, dtype=np.float32, order="C")))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return probs, epistemic, logits."""
        features = self.encoder(x)
        logits = torch.matmul(features, self.weight) + self.bias
        projection = torch.matmul(features, self.rotation)
        variance = torch.matmul(projection * projection, self.spread) + self.bias_spread
        scale = torch.sqrt(1 + pi / 8 * torch.matmul(variance, self.contrasts))
        deviation = torch.matmul(torch.sqrt(variance).unsqueeze(1) * self.noise, self.classes)
        draws = torch.softmax(logits.unsqueeze(1) + deviation, dim=2)
        information = self._entropy(draws.mean(dim=1)) - self._entropy(draws).mean(dim=1)
        return torch.softmax(logits / scale, dim=1), torch.relu(information), logits

    def _entropy(self, p: torch.Tensor) -> torch.Tensor:
        return -torch.sum(p * torch.log(torch.maximum(p, self.tiny)), dim=-1)
