"""Small pictures: principal components of the pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.inputs.spec import InputSpec, infer_input_spec
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

_FIT_VALUES = 16_000_000
"""Pixels that components are learnt from: 64 MB, whatever the size of the pictures."""


class PixelsPCA:
    """Principal components of the pixels ("pixels-pca").

    Pixels are 0..1, less their mean.

    Parameters
    ----------
    components : int
        Most components kept.
    keep : float
        Share of the variance kept, at most.

    References
    ----------
    Turk & Pentland 1991, Eigenfaces for Recognition.

    Examples
    --------
    >>> from spin_nb.pool.sources.samples import digits
    >>> images = list(digits().items)
    >>> PixelsPCA().fit(images).encode(images).shape
    (1797, 41)
    """

    name = "pixels-pca"
    fit_items = 10_000

    def __init__(self, components: int = 64, keep: float = 0.99) -> None:
        self.settings: dict[str, Any] = {"components": components, "keep": keep}
        self._spec: InputSpec | None = None

    def fit(self, items: Sequence[Any]) -> PixelsPCA:
        """Learn common size, mean and components from pictures."""
        self._spec = infer_input_spec(items)
        enough = max(1_000, _FIT_VALUES // math.prod(self._spec.shape))
        items = items[:: max(1, len(items) // enough)]
        flat = self.prepare(items).reshape(len(items), -1)
        self._mean, self._components = principal(flat, self.settings["components"], self.settings["keep"])
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph, values 0..1.

        It is float32 (n, c, h, w).
        """
        return self._require_spec()(items)

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d)."""
        flat = self.prepare(items).reshape(len(items), len(self._mean))
        return np.asarray((flat - self._mean) @ self._components, np.float32)

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        return self._require_spec().describe()

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        from spin_nb.pool.encoders.torch_modules import PixelsGraph

        self._require_spec()
        return PixelsGraph(self._mean, self._components).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        shape = np.asarray(self._require_spec().shape, np.int64)
        return {"shape": shape, "mean": self._mean, "components": self._components}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._spec = InputSpec(tuple(int(side) for side in arrays["shape"]))
        encoder._mean, encoder._components = arrays["mean"], arrays["components"]
        return encoder

    def _require_spec(self) -> InputSpec:
        if self._spec is None:
            raise ModelError("the encoder 'pixels-pca' has learnt nothing yet.", "Call fit(items) first.")
        return self._spec
