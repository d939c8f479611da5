"""Encoders beside each other, none louder than another: their features brought to one scale, and kept as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spin_nb.pool.encoders.reduced import restore
from spin_nb.types import Float

FIT_ITEMS = 10_000
"""That an encoder learns from at most, where it does not say."""
SCALE_ITEMS = 1_000
"""That mean and scale are taken from at least, if there are so many."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """A fitted encoder whose features have mean 0 and mean square norm 1.

    Attributes
    ----------
    encoder : Encoder
    mean : float32 (d,)
    scale : float32 (1,)
    """

    encoder: Any
    mean: Float
    scale: Float

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, d)."""
        return self.scale_features(self.encoder.encode(items))

    def scale_features(self, features: Float) -> Float:
        """Bring the encoder's own features (n, d) to the scale."""
        return np.asarray((features - self.mean) / self.scale, np.float32)

    def to_arrays(self, place: object) -> dict[str, NDArray[Any]]:
        """Everything learnt, under names that begin with the place among others."""
        arrays = {f"{place}.of.{name}": array for name, array in self.encoder.to_arrays().items()}
        return {f"{place}.mean": self.mean, f"{place}.scale": self.scale, **arrays}


def fit_scaled(encoder: Any, items: Sequence[Any]) -> Scaled:
    """Fit an encoder, and find the mean and the scale of its features.

    Raises
    ------
    PoolError
        When the encoder cannot learn from the items.
    """
    encoder.fit(items_to_fit(encoder, items))
    # A copy: what it remarks on these items is said when the pool is encoded.
    n_scaled_by = max(_fit_items(encoder), SCALE_ITEMS)
    return scaled_by(encoder, copy(encoder).encode(_evenly(items, n_scaled_by)))


def items_to_fit(encoder: Any, items: Sequence[Any]) -> Sequence[Any]:
    """Items that an encoder learns from, evenly spaced among these."""
    return _evenly(items, _fit_items(encoder))


def _fit_items(encoder: Any) -> int:
    n_items: int = getattr(encoder, "fit_items", FIT_ITEMS)
    return n_items


def scaled_by(encoder: Any, features: Float) -> Scaled:
    """Scale a fitted encoder by features (n, d) that it gave."""
    total = float(np.sqrt(features.var(axis=0, dtype=np.float64).sum()))
    return Scaled(encoder, features.mean(axis=0), np.asarray([total or 1.0], np.float32))


def scaled_from_arrays(arrays: dict[str, NDArray[Any]], place: object, unfitted: Any) -> Scaled:
    """Take back what :meth:`Scaled.to_arrays` gave for a place; ``unfitted`` has the settings."""
    start = f"{place}.of."
    own = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
    return Scaled(restore(own, unfitted), arrays[f"{place}.mean"], arrays[f"{place}.scale"])


def _evenly(items: Sequence[Any], most: int) -> Sequence[Any]:
    return items[:: max(1, -(-len(items) // most))]
