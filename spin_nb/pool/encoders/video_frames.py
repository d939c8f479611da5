"""Videos: mean and spread, over the frames, of what the encoder of pictures says."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from spin_nb.errors import ModelError
from spin_nb.pool.modalities.image import ImageModality
from spin_nb.registry import resolve
from spin_nb.types import Float

if TYPE_CHECKING:
    from spin_nb.protocols import Encoder


class Frames:
    """Mean and spread of frames' features ("frames").

    Frames go through "photo", or "pixels-pca" where none has more than 64 pixels a side.

    References
    ----------
    Karpathy et al. 2014 (late fusion of frames); the spread says how much moves.

    Examples
    --------
    >>> clips = list(np.random.default_rng(0).integers(0, 256, (5, 4, 16, 16, 3), dtype=np.uint8))
    >>> Frames().fit(clips).encode(clips).shape
    (5, 38)
    """

    name = "frames"
    fit_items = 500

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self._word = ""
        self._pictures: Encoder | None = None

    def fit(self, items: Sequence[Any]) -> Frames:
        """Learn the pictures' encoder from the frames.

        Videos are uint8 (k, h, w, 3).
        """
        self._word = ImageModality.default_encoder(max(max(item.shape[1:3]) for item in items))
        pictures = resolve("encoder", self._word)()
        frames = [frame for item in items for frame in item]
        self._pictures = pictures.fit(frames[:: max(1, -(-len(frames) // pictures.fit_items))])
        return self

    def encode(self, items: Sequence[Any]) -> Float:
        """Features, float32 (n, 2 d): means, then standard deviations."""
        pictures = self._require_pictures()
        frame_features = [pictures.encode(list(item)) for item in items]
        return np.stack([np.concatenate([part.mean(axis=0), part.std(axis=0)]) for part in frame_features])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything learnt."""
        arrays = self._require_pictures().to_arrays()
        return {
            "word": np.frombuffer(self._word.encode(), np.uint8),
            **{f"of.{name}": array for name, array in arrays.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], unfitted: Self | None = None) -> Self:
        """Rebuild from :meth:`to_arrays`.

        ``unfitted`` has the settings, and stays as it is.
        """
        encoder = copy(unfitted or cls())
        encoder._word = arrays["word"].tobytes().decode()
        picture_arrays = {
            name.removeprefix("of."): array for name, array in arrays.items() if name.startswith("of.")
        }
        pictures = resolve("encoder", encoder._word)()
        encoder._pictures = type(pictures).from_arrays(picture_arrays, pictures)
        return encoder

    def _require_pictures(self) -> Encoder:
        if self._pictures is None:
            raise ModelError("the encoder 'frames' has learnt nothing yet.", "Call fit(items) first.")
        return self._pictures
