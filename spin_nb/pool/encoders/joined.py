"""Several encoders of the same items, their features side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError, PoolError
from spin_nb.pool.encoders.scaled import (
    FIT_ITEMS,
    Scaled,
    fit_scaled,
    items_to_fit,
    scaled_by,
    scaled_from_arrays,
)
from spin_nb.types import Float

if TYPE_CHECKING:
    import torch

SEPARATOR = " + "
_EXPORTS = ("prepare", "describe", "module")


def join(encoders: Sequence[Any]) -> Joined:
    """One encoder made of several.

    Raises
    ------
    PoolError
        When there is none, or one twice.

    Examples
    --------
    >>> from spin_nb.pool.encoders.photo import Photo
    >>> from spin_nb.pool.encoders.pixels import PixelsPCA
    >>> photos = list(np.random.default_rng(0).integers(0, 256, (6, 30, 20, 3), dtype=np.uint8))
    >>> both = join([Photo(), PixelsPCA()]).fit(photos)
    >>> both.name, both.encode(photos).shape
    ('photo + pixels-pca', (6, 10))
    """
    names = [encoder.name for encoder in encoders]
    if not names:
        raise PoolError("encoder=[] holds no encoder.", 'Pass one or more: encoder=["photo", ...].')
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PoolError(f"the encoder {twice!r} is passed twice.", "Pass each once.")
    exportable = all(hasattr(encoder, name) for encoder in encoders for name in _EXPORTS)
    return (ExportableJoined if exportable else Joined)(encoders)


def join_fitted(unfitted: Joined, encoders: Sequence[Any], features: Sequence[Float]) -> tuple[Joined, Float]:
    """Join encoders that have learnt, and features (n, d) that each gave of the same items.

    Nothing is encoded again.  ``unfitted`` is what :func:`join` makes of the same encoders, and stays as it is.

    Examples
    --------
    >>> from spin_nb.pool.encoders.photo import Photo
    >>> from spin_nb.pool.encoders.pixels import PixelsPCA
    >>> photos = list(np.random.default_rng(0).integers(0, 256, (6, 30, 20, 3), dtype=np.uint8))
    >>> encoders = [Photo().fit(photos), PixelsPCA().fit(photos)]
    >>> both, rows = join_fitted(join([Photo(), PixelsPCA()]), encoders, [e.encode(photos) for e in encoders])
    >>> np.allclose(both.encode(photos), rows, atol=1e-6)
    True
    """
    encoder = copy(unfitted)
    encoder._parts, encoder._encoders = tuple(map(scaled_by, encoders, features)), tuple(encoders)
    return encoder, encoder.scale_features(features)


class Joined:
    """Features of several encoders, side by side (``encoder=[..., ...]``).

    Those of each have mean 0 and mean square norm 1 over the pool, so that none outweighs another.

    Parameters
    ----------
    encoders : sequence of Encoder
        Unfitted, of different names.

    Notes
    -----
    Measured on nine sets of pictures and texts, 160 random labels, graph posterior: accuracy .715 with the built-in
    encoder, .791 with a pretrained one, .812 joined; at 20 labels .488, .546, .561.  On 77 banking intents the sentence
    encoder alone was six points better.
    """

    def __init__(self, encoders: Sequence[Any]) -> None:
        self._encoders = tuple(encoders)
        self._parts: tuple[Scaled, ...] = ()
        self.name = SEPARATOR.join(encoder.name for encoder in encoders)
        self.settings: dict[str, Any] = {
            "encoders": [[encoder.name, getattr(encoder, "settings", {})] for encoder in encoders]
        }
        self.fit_items = max(getattr(encoder, "fit_items", FIT_ITEMS) for encoder in encoders)
        self.own_code = any(getattr(encoder, "own_code", False) for encoder in encoders)
        self.pretrained = tuple(
            weights for encoder in encoders for weights in getattr(encoder, "pretrained", ())
        )

    def look_at(self, items: Sequence[Any], tell: Callable[[int], object]) -> None:
        """Let encoders that are networks look at what they will be fitted on, ahead of :meth:`fit`.

        ``tell`` is called with the number of every few items that are through a network, and may raise to end it.
        """
        for encoder in self._encoders:
            if hasattr(encoder, "look_at"):
                encoder.look_at(items_to_fit(encoder, items), tell)

    def fit(self, items: Sequence[Any]) -> Self:
        """Learn what each encoder needs, and the scale of its features."""
        self._parts = tuple(fit_scaled(encoder, items) for encoder in self._encoders)
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d): those of the encoders in order."""
        return np.concatenate([part.encode(items) for part in self._require_parts()], axis=1)

    def scale_features(self, features: Sequence[Float]) -> Float:
        """Put features (n, d) that each encoder gave side by side, float32 (n, d)."""
        parts = zip(self._require_parts(), features, strict=True)
        return np.concatenate([part.scale_features(rows) for part, rows in parts], axis=1)

    def remarks(self) -> list[str]:
        """Lines for a person about the items encoded so far, those of all encoders."""
        encoders = [encoder for encoder in self._encoders if hasattr(encoder, "remarks")]
        return [line for encoder in encoders for line in encoder.remarks()]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt, under the number of each encoder."""
        parts = enumerate(self._require_parts())
        return {name: array for number, part in parts for name, array in part.to_arrays(number).items()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the encoders, and stays as it is.
        """
        encoder = copy(unfitted)
        encoder._parts = tuple(
            scaled_from_arrays(arrays, number, part) for number, part in enumerate(unfitted._encoders)
        )
        encoder._encoders = tuple(part.encoder for part in encoder._parts)
        return encoder

    def _require_parts(self) -> tuple[Scaled, ...]:
        if not self._parts:
            raise ModelError(f"the encoder {self.name!r} has learnt nothing yet.", "Call fit(items) first.")
        return self._parts


class ExportableJoined(Joined):
    """Joined encoders that can all go into an ONNX graph.

    The graph has one input: what each encoder prepares, flattened, one after the other.
    """

    def prepare(self, items: Sequence[Any]) -> Float:
        """Input tensor of the graph, float32 (n, D)."""
        inputs = [part.encoder.prepare(items).reshape(len(items), -1) for part in self._require_parts()]
        return np.concatenate(inputs, axis=1)

    def describe(self) -> dict[str, Any]:
        """Steps on a device before the graph."""
        facts = [part.encoder.describe() for part in self._require_parts()]
        shapes = [tuple(fact["input"][1:]) for fact in facts]
        ends = np.cumsum([0, *map(prod, shapes)]).tolist()
        return {
            "input": ["batch", ends[-1]],
            "dtype": "float32",
            "join": "prepare the input of each encoder, flatten it row by row, put one after the other",
            "encoders": [
                {"name": part.encoder.name, "columns": list(columns), **fact}
                for part, columns, fact in zip(self._parts, pairwise(ends), facts, strict=True)
            ],
        }

    def module(self) -> torch.nn.Module:
        """torch.nn.Module from the input tensor to features."""
        import torch

        from spin_nb.pool.encoders.torch_modules import ColumnsGraph, SideBySideGraph

        parts = self._require_parts()
        graphs = [
            torch.nn.Sequential(part.encoder.module(), ColumnsGraph(part.mean, part.scale)) for part in parts
        ]
        shapes = [tuple(part.encoder.describe()["input"][1:]) for part in parts]
        return SideBySideGraph(graphs, shapes).eval()
