"""Photos: a fixed descriptor of oriented gradients and colours, reduced to principal components."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.encoders.pca import principal
from spin_nb.pool.inputs.spec import InputSpec
from spin_nb.threads import map_parts
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

_CHUNK_ITEMS = 32
_SPEC = InputSpec((3, 64, 64))


class Photo:
    """Histograms of oriented gradients, and colours ("photo").

    Gradients lie on a 7 x 7 grid, colours on a 4 x 4 grid.

    The picture becomes 64 x 64 RGB.  Derivatives in eight directions, each less 0.7 of the gradient's length and
    cut at zero, are averaged over overlapping 14 x 14 cells; their square roots have unit length together.  Mean
    colours follow with weight 1/2.  Principal components of all 440 numbers are the features.  ``encode`` runs
    the same graph that is exported.

    Parameters
    ----------
    components : int
        Most components kept.
    keep : float
        Share of the variance kept, at most.

    References
    ----------
    Dalal & Triggs 2005 (oriented gradients); Arandjelovic & Zisserman 2012 (the square root).

    Examples
    --------
    >>> photos = list(np.random.default_rng(0).integers(0, 256, (6, 80, 60, 3), dtype=np.uint8))
    >>> Photo().fit(photos).encode(photos).shape
    (6, 5)
    """

    name = "photo"
    fit_items = 1_000

    def __init__(self, components: int = 96, keep: float = 0.99) -> None:
        self.settings: dict[str, Any] = {"components": components, "keep": keep}
        self._mean: Float | None = None
        self._graph: torch.nn.Module | None = None

    def fit(self, items: Sequence[Any]) -> Photo:
        """Learn the components from pictures."""
        from spin_nb.pool.encoders.torch_modules import Descriptor

        descriptors = _run(Descriptor().eval(), self.prepare(items))
        self._mean, self._components = principal(
            descriptors, self.settings["components"], self.settings["keep"]
        )
        self._graph = None
        return self

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph, values 0..1.

        It is float32 (n, 3, 64, 64).
        """
        return _SPEC(items)

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d)."""
        if self._graph is None:
            self._graph = self.module()
        return _run(self._graph, self.prepare(items))

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        return _SPEC.describe()

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        from spin_nb.pool.encoders.torch_modules import PhotoGraph

        mean, components = self._require_components()
        return PhotoGraph(mean, components).eval()

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        mean, components = self._require_components()
        return {"mean": mean, "components": components}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._mean, encoder._components = arrays["mean"], arrays["components"]
        encoder._graph = None
        return encoder

    def _require_components(self) -> tuple[Float, Float]:
        if self._mean is None:
            raise ModelError("the encoder 'photo' has learnt nothing yet.", "Call fit(items) first.")
        return self._mean, self._components


def _run(graph: torch.nn.Module, tensor: Float) -> Float:
    import torch

    parts = range(0, max(1, len(tensor)), _CHUNK_ITEMS)
    return np.concatenate(
        list(
            map_parts(
                lambda start: graph(torch.from_numpy(tensor[start : start + _CHUNK_ITEMS])).numpy(), parts
            )
        )
    )
